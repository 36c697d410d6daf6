// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package argocd

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/health"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync/common"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// git is a repository's state: changed by commits, which leave the state before as it is.
type git []*unstructured.Unstructured

// find returns the place of an object, by kind and name.
func (g git) find(name string) int {
	return slices.IndexFunc(g, func(o *unstructured.Unstructured) bool { return o.GetKind()+"/"+o.GetName() == name })
}

// with adds objects, in place of those by the same name.
func (g git) with(objects ...*unstructured.Unstructured) git {
	out := slices.Clone(g)
	for _, o := range objects {
		if i := out.find(o.GetKind() + "/" + o.GetName()); i >= 0 {
			out[i] = o
			continue
		}
		out = append(out, o)
	}
	return out
}

// without takes objects out.
func (g git) without(names ...string) git {
	return slices.DeleteFunc(slices.Clone(g), func(o *unstructured.Unstructured) bool {
		return slices.Contains(names, o.GetKind()+"/"+o.GetName())
	})
}

// change edits a copy of one object.
func (g git) change(name string, edit func(o *unstructured.Unstructured)) git {
	o := g[g.find(name)].DeepCopy()
	edit(o)
	return g.with(o)
}

// only those whose kind and name begin so.
func (g git) only(prefixes ...string) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for _, o := range g {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(o.GetKind()+"/"+o.GetName(), p) }) {
			out = append(out, o)
		}
	}
	return out
}

func set(value any, path ...string) func(*unstructured.Unstructured) {
	return func(o *unstructured.Unstructured) {
		if err := unstructured.SetNestedField(o.Object, value, path...); err != nil {
			panic(err) // a path of this test's own
		}
	}
}

const wave = "argocd.argoproj.io/sync-wave"

// enforced is a zone as an overlay leaves it that does not list it as observing.
func enforced(o *unstructured.Unstructured) {
	set("Enforce", "spec", "enforcement")(o)
	set("3", "metadata", "annotations", wave)(o)
}

// observing is a zone as an overlay leaves it that lists it.
func observing(o *unstructured.Unstructured) {
	set("Observe", "spec", "enforcement")(o)
	set("1", "metadata", "annotations", wave)(o)
}

// zones edits every zone.
func (g git) zones(edit func(*unstructured.Unstructured)) git {
	out := g
	for _, o := range g.only("Zone/") {
		out = out.change("Zone/"+o.GetName(), edit)
	}
	return out
}

// between is a conduit of the sample with another name and other zones.
func (g git) between(name, from, to string) *unstructured.Unstructured {
	o := g[g.find("Conduit/scada-opcua")].DeepCopy()
	o.SetName(name)
	set(from, "spec", "initiator", "zone")(o)
	set([]any{map[string]any{"zone": to}}, "spec", "responders")(o)
	return o
}

// copied is a cell of the sample by another name, with a namespace of its own.
func (g git) copied(as string) []*unstructured.Unstructured {
	z, ns := g[g.find("Zone/cell-pumping")].DeepCopy(), g[g.find("Namespace/ww-pumping")].DeepCopy()
	z.SetName(as)
	ns.SetName("ww-" + as)
	set([]any{map[string]any{"namespaces": []any{"ww-" + as}}}, "spec", "members", "workloads")(z)
	unstructured.RemoveNestedField(z.Object, "spec", "members", "assets")
	return []*unstructured.Unstructured{z, ns}
}

// step is a commit that is synced, and what is to come of it.
type step struct {
	name string
	git  git
	// attempts that it takes.
	attempts int
	// denying are the zones that deny in the end.
	denying string
	but     map[string]health.HealthStatusCode
}

// TestWaves is the story of one site in Git, synced by Argo CD's engine with the operator
// running: at no step does a floor begin to deny before the conduits of its zone are
// written, and no step is stuck.
func TestWaves(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := watchPolicies(t, s)
	a := newApplication(t, s, "ww-17-plant")
	a.watcher = w
	main := git(fleet(t, "ww-17"))
	dosing := git(fleet(t, "ww-19")).only("Namespace/ww-dosing", "Asset/plc-dosing-01", "Zone/cell-dosing", "Conduit/scada-dosing")

	const four, five = "cell-pumping dmz site-historian supervision", "cell-dosing cell-pumping dmz site-historian supervision"
	a.do(step{"a new site in Observe", main.zones(observing), 1, "", nil})
	a.do(step{"it is enforced", main, 1, four, nil})
	a.do(step{"nothing changes", main, 1, four, nil})
	if differ := a.withDefaults(main); len(differ) > 0 {
		t.Errorf("without ServerSideDiff these are out of sync for ever: %v", differ)
	}

	main = main.with(dosing...)
	a.do(step{"a zone in Observe with its conduit", main, 1, four, nil})
	main = main.change("Zone/cell-dosing", enforced).with(main.between("historian-dosing", "site-historian", "cell-dosing"))
	a.do(step{"it is enforced, with one more conduit", main, 1, five, nil})

	main = main.with(main.copied("cell-uv")...).with(
		main.between("a-uv", "supervision", "cell-uv"), main.between("z-uv", "site-historian", "cell-uv"))
	const six = "cell-dosing cell-pumping cell-uv dmz site-historian supervision"
	a.do(step{"a zone in Enforce with its conduits", main, 2, six, nil})

	main = main.with(main.between("typo", "supervision", "cell-uvv"))
	a.do(step{"a conduit to a zone that does not exist", main, 1, six, map[string]health.HealthStatusCode{"Conduit/typo": health.HealthStatusDegraded}})
	main = main.with(main.copied("cell-uvv")...)
	const seven = "cell-dosing cell-pumping cell-uv cell-uvv dmz site-historian supervision"
	a.do(step{"and then the zone", main, 1, seven, nil})

	// The conduit is refused until the zone has changed: it would skip a level.
	main = main.with(main.between("dmz-uv", "dmz", "cell-uv")).change("Zone/cell-uv", set("L3", "spec", "purdue"))
	a.do(step{"a conduit that needs the zone's change", main, 2, seven, nil})
	main = main.change("Site/site", set("Water works 17", "spec", "title"))
	a.do(step{"the Site changes", main, 1, seven, nil})

	a.prune = true
	before := s.policies()
	a.do(step{"nothing generated is pruned", main, 1, seven, nil})
	if diff := cmp.Diff(before, s.policies()); diff != "" {
		t.Errorf("policies before and after a sync that prunes (-want +got):\n%s", diff)
	}
	main = main.without("Conduit/typo")
	a.do(step{"a conduit goes", main, 1, seven, nil})
	a.gone("conduit-typo")
	t.Run("a zone goes", func(t *testing.T) { a.zoneGoes(t, main) })
	if w.began != 7 {
		t.Errorf("%d floors began to deny, not 7", w.began)
	}
}

// TestZonesThatComeTogether is what waves cannot do: two zones that come in Enforce at once
// are there one after the other, and what joins them is in force with the second. The
// first attempt ends with the conduits, and nothing denies by then. Such zones are better
// off in Observe at first.
func TestZonesThatComeTogether(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := watchPolicies(t, s)
	a := newApplication(t, s, "ww-17-plant")
	a.watcher = w
	main := git(fleet(t, "ww-17"))
	w.expect(main)
	if first := a.attempt(main); first.phase != common.OperationFailed || len(w.denyingNow()) > 0 {
		t.Errorf("zones that deny after %s: %v", first, w.denyingNow())
	}
	if n := a.sync(main); n != 1 {
		t.Errorf("it took %d attempts more, not 1", n)
	}
	a.becomes(main, nil)
	t.Logf("denied before they were in force: %v", w.tooEarly())
	if w.began != 4 {
		t.Errorf("%d floors began to deny, not 4", w.began)
	}
	t.Run("the operator keeps its rights over a sync", s.keepsAggregatedRights)
	// The other sites of the sample are taken by the API server too, one with NetworkPolicy.
	for _, other := range []string{"ww-18", "ww-19"} {
		t.Run(other, func(*testing.T) {
			main := git(fleet(t, other))
			a.sync(main)
			a.becomes(main, nil)
		})
	}
}

// keepsAggregatedRights: what the API server aggregated into the role of the operator is left
// there when the role is applied again, as each sync of the operator's Application does.
func (s *site) keepsAggregatedRights(t *testing.T) {
	rules := func(role *unstructured.Unstructured) int {
		found, _ := role.Object["rules"].([]any) // null before the first
		return len(found)
	}
	must(t, s.admin.Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
		"metadata": map[string]any{"name": "reads-logs", "labels": map[string]any{"zonewarden.io/vendor-safe": "true"}},
		"rules":    []any{map[string]any{"apiGroups": []any{""}, "resources": []any{"pods/log"}, "verbs": []any{"get"}}},
	}}))
	eventually(t, "the role is aggregated", func() error {
		role := &unstructured.Unstructured{}
		role.SetAPIVersion("rbac.authorization.k8s.io/v1")
		role.SetKind("ClusterRole")
		must(t, s.admin.Get(t.Context(), client.ObjectKey{Name: "zonewarden-window-granter"}, role))
		if rules(role) == 0 {
			return errors.New("it has no rules")
		}
		return nil
	})
	for _, o := range rendered(t, "../../config/rbac") {
		if o.GetName() != "zonewarden-window-granter" || o.GetKind() != "ClusterRole" {
			continue
		}
		must(t, s.admin.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(o), fieldOwner, client.ForceOwnership))
		if rules(o) == 0 {
			t.Error("the role has no rules when it was applied again")
		}
	}
}

// do syncs a commit.
func (a *application) do(s step) {
	a.t.Helper()
	a.t.Run(s.name, func(t *testing.T) {
		if n := a.sync(s.git); n != s.attempts {
			t.Errorf("it took %d attempts, not %d", n, s.attempts)
		}
		a.becomes(s.git, s.but)
		if diff := cmp.Diff(s.denying, strings.Join(a.watcher.denyingNow(), " ")); diff != "" {
			t.Errorf("zones that deny (-want +got):\n%s", diff)
		}
		for _, conduit := range a.watcher.tooEarly() {
			t.Errorf("a zone of %s denied before it was written", conduit)
		}
	})
}

// gone waits until a policy is.
func (a *application) gone(policy string) {
	a.t.Helper()
	eventually(a.t, policy+" is gone", func() error {
		if slices.Contains(a.site.policies(), policy) {
			return errors.New("it stands")
		}
		return nil
	})
}

// zoneGoes takes a zone in Enforce out of Git: nothing happens until somebody confirms it,
// the API server refuses it until the zone says that it is meant, and then the floor goes
// before the conduit.
func (a *application) zoneGoes(t *testing.T, main git) {
	t.Helper()
	gone := main.without("Zone/cell-uvv", "Namespace/ww-cell-uvv")
	a.watcher.expect(gone)
	waiting := outcome{phase: common.OperationRunning, started: metav1.Now()}
	for range 3 {
		waiting = a.look(gone, waiting)
	}
	if waiting.phase != common.OperationRunning || !strings.Contains(waiting.message, "confirm") {
		t.Errorf("without a confirmation: %s", waiting)
	}
	a.confirmed = true
	if o := a.attempt(gone); o.phase != common.OperationFailed || !strings.Contains(o.String(), "zonewarden.io/allow-release") {
		t.Errorf("confirmed, and not said to be meant: %s", o)
	}
	a.confirmed = false
	a.sync(main.change("Zone/cell-uvv", func(o *unstructured.Unstructured) {
		set("cell UVV is scrapped", "metadata", "annotations", "zonewarden.io/allow-release")(o)
	}))
	a.confirmed = true
	a.sync(gone)
	a.gone("zone-cell-uvv")
	found, _ := a.compare(gone)
	for i, target := range found.Target {
		if target == nil && found.Live[i].GetKind() != "Namespace" {
			t.Errorf("%s is left", name(found.Live[i]))
		}
	}
}
