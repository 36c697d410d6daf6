// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestLifecycle follows docs/install.md: an older chart is installed and a plant declared,
// then upgraded, rolled back, upgraded and rolled back again, uninstalled, the newer one installed
// over what stayed, and removed. From the moment that it is segmented until it is opened on purpose, no policy goes or changes and
// nobody gets past the guard.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	l := &lifecycle{plant: startPlant(t, cilium)}
	l.install(t)
	l.upgrade(t)
	l.rollBack(t)
	l.upgradeAgain(t)
	l.rollBack(t)
	l.uninstall(t)
	l.installAgain(t)
	l.open(t)
	l.remove(t)
}

type lifecycle struct {
	*plant

	operator *operator
	lookout  *lookout
}

func (l *lifecycle) install(t *testing.T) {
	t.Helper()
	l.use(t, previousChart(t))
	l.follow(t, "Install it", 0, 2)
	began := time.Now()
	pod := object("v1", "Pod", "default", "plain")
	pod.Object["spec"] = map[string]any{"containers": []any{map[string]any{"name": "c", "image": "i"}}}
	eventually(t, "a pod out of scope is accepted", func(ctx context.Context) error {
		return client.NewDryRunClient(l.WithWatch).Create(ctx, pod.DeepCopy())
	})
	t.Logf("a pod out of scope is accepted %s after the installation", time.Since(began).Round(time.Millisecond))
	l.operator = l.startOperator(t)
	l.follow(t, "Install it", 2, 3)
	l.settled(t, l.operator)
	l.lookout = l.keepWatch(t)
	l.isGuarded(t, "False", "GuardChanged")
	l.present(t, "after the installation of the older chart", map[string]bool{
		"CustomResourceDefinition/zones.zonewarden.io": true, "ValidatingAdmissionPolicy/zonewarden-clock": false, "ClusterRole/zonewarden-break-glass": false,
	})
	if l.knowsPolicies(t) || l.showsLevels(t) {
		t.Fatal("the older chart's definitions are not older")
	}
	l.releaseFits(t)
	l.lookout.check(t, "install")
}

func (l *lifecycle) upgrade(t *testing.T) {
	t.Helper()
	l.use(t, theChart)
	l.follow(t, "Upgrade it", 0, 1)
	l.present(t, "after the upgrade", map[string]bool{"ValidatingAdmissionPolicy/zonewarden-clock": true, "ClusterRole/zonewarden-break-glass": true})
	if !l.showsLevels(t) {
		t.Error("the definition was not upgraded")
	}
	if _, err := l.run(t, `kubectl patch zone cell-filtration --type=merge --patch '{"spec":{"policies":["OT-7"]}}'`); err != nil {
		t.Fatal(err)
	}
	if !l.knowsPolicies(t) {
		t.Error("the new field is not stored")
	}
	l.lookout.check(t, "upgrade")
}

func (l *lifecycle) rollBack(t *testing.T) {
	t.Helper()
	l.follow(t, "Roll it back", 0, 1)
	l.isGuarded(t, "False", "GuardChanged")
	l.present(t, "after the rollback", map[string]bool{"ValidatingAdmissionPolicy/zonewarden-clock": true, "ClusterRole/zonewarden-break-glass": true})
	if l.knowsPolicies(t) || l.showsLevels(t) {
		t.Error("the definition was not rolled back")
	}
	l.lookout.check(t, "roll back")
}

func (l *lifecycle) upgradeAgain(t *testing.T) {
	t.Helper()
	l.follow(t, "Upgrade it", 0, 1)
	if !l.knowsPolicies(t) {
		t.Error("what only the newer definition knows is lost")
	}
	l.lookout.check(t, "upgrade again")
}

func (l *lifecycle) uninstall(t *testing.T) {
	t.Helper()
	kept := l.memory(t)
	l.follow(t, "Uninstall it", 0, 2)
	// It runs on for as long as its pod takes to end, without rights.
	l.lookout.check(t, "uninstall, the operator still there")
	must(t, l.operator.Stop(patience))
	l.present(t, "after the release", map[string]bool{
		"Deployment/zonewarden": false, "ServiceAccount/zonewarden": false, "ClusterRole/zonewarden": false,
		"ClusterRoleBinding/zonewarden": false, "ClusterRoleBinding/zonewarden-enforcer": false,
		"Role/zonewarden": false, "NetworkPolicy/zonewarden": false,
		"CustomResourceDefinition/zones.zonewarden.io": true, "ValidatingAdmissionPolicy/zonewarden-own-objects": true,
		"ValidatingAdmissionPolicyBinding/zonewarden-own-objects": true,
		"ClusterRole/zonewarden-site-administrator":               true, "ClusterRoleBinding/zonewarden-network-plugin": true,
		"Role/zonewarden-auditor": true,
	})
	if diff := cmp.Diff(kept, l.memory(t)); diff != "" {
		t.Errorf("what the operator remembers (-before +after):\n%s", diff)
	}
	l.lookout.check(t, "uninstall")
}

// memory is what the operator keeps in its namespace: trail, keys, the clock's mark.
func (l *lifecycle) memory(t *testing.T) string {
	t.Helper()
	out, err := l.run(t, "kubectl get configmaps,secrets --namespace zonewarden-system --output name | grep zonewarden- || true")
	must(t, err)
	if !strings.Contains(out, "zonewarden-clock") {
		t.Errorf("it remembers %s", out)
	}
	return out
}

func (l *lifecycle) installAgain(t *testing.T) {
	t.Helper()
	l.follow(t, "Uninstall it", 2, 3)
	l.operator = l.startOperator(t)
	l.follow(t, "Uninstall it", 3, 4)
	l.isGuarded(t, "True", "Guarded")
	l.settled(t, l.operator)
	if !l.knowsPolicies(t) || !l.showsLevels(t) {
		t.Error("the definition that stayed was not upgraded")
	}
	l.alertsAskForWhatIsServed(t)
	l.lookout.check(t, "install again")
}

// open stops denying: floors first, and not one conduit before the last of them.
func (l *lifecycle) open(t *testing.T) {
	t.Helper()
	l.lookout.stop()
	floors, conduits := l.policies(t, "Zone"), l.policies(t, "Conduit")
	if denying(floors) == 0 || len(conduits) == 0 {
		t.Fatalf("%d floors deny and %d conduits stand", denying(floors), len(conduits))
	}
	l.follow(t, "Remove it on purpose", 0, 1)
	if n := denying(l.policies(t, "Zone")); n > 0 {
		t.Errorf("%d floors deny", n)
	}
	if n := len(l.policies(t, "Conduit")); n != len(conduits) {
		t.Errorf("of %d conduits %d are left: something was cut", len(conduits), n)
	}
}

// policies that the operator wrote for a kind.
func (p *plant) policies(t *testing.T, kind string) []unstructured.Unstructured {
	t.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(listOf(p.kinds[0]))
	must(t, p.List(t.Context(), list, ours, client.MatchingLabels{"zonewarden.io/kind": kind}))
	return list.Items
}

// denying is how many of policies deny what they do not admit.
func denying(policies []unstructured.Unstructured) (n int) {
	for _, p := range policies {
		raw, err := json.Marshal(p.Object["specs"])
		if err != nil || strings.Contains(string(raw), `"enableDefaultDeny":{"egress":true`) || strings.Contains(string(raw), `"ingress":true`) {
			n++
		}
	}
	return n
}

func (l *lifecycle) remove(t *testing.T) {
	t.Helper()
	must(t, l.operator.Stop(patience))
	l.follow(t, "Remove it on purpose", 1, 5)
	l.nothingLeft(t)
}

// nothingLeft of Zonewarden in the cluster.
func (p *plant) nothingLeft(t *testing.T) {
	t.Helper()
	out, err := p.run(t, p.words.Replace(`
kubectl wait namespace/zonewarden-system namespace/zonewarden-access --for=delete --timeout=60s
kubectl get namespaces,crds,clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings,ccnp,ciliumcidrgroups \
  --output name`))
	must(t, err)
	for name := range strings.Lines(out) {
		if strings.Contains(name, "zonewarden") || strings.Contains(name, "/zone-") || strings.Contains(name, "/conduit-") {
			t.Errorf("%s is left", strings.TrimSpace(name))
		}
	}
}

// present says of objects by kind and name whether they are there.
func (l *lifecycle) present(t *testing.T, when string, want map[string]bool) {
	t.Helper()
	var names []string
	for name := range want {
		names = append(names, name)
	}
	slices.Sort(names)
	out, err := l.run(t, "kubectl get --namespace zonewarden-system --ignore-not-found --output name "+strings.Join(names, " "))
	must(t, err)
	for _, name := range names {
		kind, object, _ := strings.Cut(name, "/")
		found := slices.ContainsFunc(slices.Collect(strings.Lines(out)), func(line string) bool {
			resource, is, _ := strings.Cut(strings.TrimSpace(line), "/")
			resource, _, _ = strings.Cut(resource, ".")
			return resource == strings.ToLower(kind) && is == object
		})
		if found != want[name] {
			t.Errorf("%s: %s is there: %t, want %t", when, name, found, want[name])
		}
	}
}

// isGuarded waits until the Site says so of its guard.
func (l *lifecycle) isGuarded(t *testing.T, status, reason string) {
	t.Helper()
	eventually(t, "Guarded is "+status, func(context.Context) error {
		if s, r := l.condition(t, "Guarded"); s != status || r != reason {
			return fmt.Errorf("it is %s, %s", s, r)
		}
		return nil
	})
}

// knowsPolicies: a field that only the newer definition has is read as it was written.
func (l *lifecycle) knowsPolicies(t *testing.T) bool {
	t.Helper()
	zone := object("zonewarden.io/v1alpha1", "Zone", "", "cell-filtration")
	must(t, l.Get(t.Context(), client.ObjectKeyFromObject(zone), zone))
	stated, _, err := unstructured.NestedStringSlice(zone.Object, "spec", "policies")
	must(t, err)
	return slices.Equal(stated, []string{"OT-7"})
}

func (l *lifecycle) showsLevels(t *testing.T) bool {
	t.Helper()
	out, err := l.run(t, "kubectl get zones")
	must(t, err)
	return strings.Contains(out, "PURDUE")
}
