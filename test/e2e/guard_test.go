// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// An attack opens everything that it can for the pods of the plant, and for two pods of a
// namespace that a default deny closes: when those two can speak, the agent has taken
// the attack up.
type attack struct {
	name      string
	manifests func() string
}

// attacks are made by somebody whom no admission policy stops. Each opens every zone of
// the water works in a cluster without the guard in the datapath.
var attacks = []attack{
	{"allow-all NetworkPolicies", inEveryNamespace(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: attack, namespace: %s}
spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}`)},
	{"allow-all CiliumNetworkPolicies", inEveryNamespace(`
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: attack, namespace: %s}
spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}], egress: [{toEntities: [all]}]}`)},
	{"a CiliumClusterwideNetworkPolicy from and to all", func() string {
		return `
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: attack}
spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}], egress: [{toEntities: [all]}]}`
	}},
	{"a CiliumClusterwideNetworkPolicy of pods and networks", func() string {
		return `
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: attack}
spec:
  endpointSelector: {}
  ingress: [{fromEndpoints: [{matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: Exists}]}]}, {fromCIDR: [0.0.0.0/0]}]
  egress: [{toEndpoints: [{matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: Exists}]}]}, {toCIDR: [0.0.0.0/0]}]`
	}},
}

func inEveryNamespace(manifest string) func() string {
	return func() string {
		var out []string
		for _, namespace := range []string{
			"trial-control", "ww-supervision", "ww-filtration", "ww-pumping", "ww-historian", "ww-dmz",
		} {
			out = append(out, fmt.Sprintf(manifest, namespace))
		}
		return strings.Join(out, "\n---\n")
	}
}

// guard sets the layers of the Site's guard until the test ends.
func (w *waterWorks) guard(layers ...string) {
	w.t.Helper()
	site := w.object("Site", "site")
	must(w.t, unstructured.SetNestedStringSlice(site.Object, layers, "spec", "guard", "layers"))
	w.t.Cleanup(func() { w.Apply(w.t, w.object("Site", "site")) })
	w.Apply(w.t, site)
	w.settled()
}

func (w *waterWorks) patch(o *unstructured.Unstructured, raw string) {
	w.t.Helper()
	must(w.t, w.Patch(w.ctx(), o.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(raw))))
}

// control is a pair of pods behind a default deny of somebody else.
func (w *waterWorks) control() (a, b *stage.Host) {
	w.t.Helper()
	closed := stage.Parse(w.t, `
apiVersion: v1
kind: Namespace
metadata: {name: trial-control}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: trial-control}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}`)
	w.Apply(w.t, closed...)
	w.t.Cleanup(func() { w.Remove(w.t, closed[1]) })
	hosts := make([]*stage.Host, 0, 2)
	for _, name := range []string{"a", "b"} {
		h := w.Pod(w.t, "trial-control/"+name, map[string]string{"app": "control"})
		w.t.Cleanup(func() { w.RemovePod(w.t, h) })
		must(w.t, h.Serve(stage.TCP(9301)))
		hosts = append(hosts, h)
	}
	return hosts[0], hosts[1]
}

// closed waits until nothing passes any more.
func (w *waterWorks) closed(from, to *stage.Host, port stage.Port) {
	w.t.Helper()
	stage.Until(w.t, settles, fmt.Sprintf("%s does not reach %s on %s", from, to, port), func() bool {
		return !stage.Dial(from, to, port, quick).Passed
	})
}

// Nobody opens a zone, not even an administrator of the cluster: with the guard in the
// datapath what no conduit declares stays shut under every policy that allows it, and
// what is declared goes on passing.
func TestTheGuardHoldsAgainstAnAdministrator(t *testing.T) {
	w := plant(t)
	a, b := w.control()
	hosts := append(w.witnesses(), a)
	w.guard("Admission", "Datapath")
	w.closed(a, b, stage.TCP(9301))
	opened := w.pairs(hosts)
	if n := len(opened); n > 0 {
		t.Fatalf("before any attack %d pairs are wrong:\n%s", n, strings.Join(opened, "\n"))
	}
	for _, x := range attacks {
		objects := stage.Parse(t, strings.TrimSpace(x.manifests()))
		w.Apply(t, objects...)
		w.opened(a, b, stage.TCP(9301))
		wrong := w.pairs(hosts)
		w.Remove(t, objects...)
		w.closed(a, b, stage.TCP(9301))
		record(t, x.name, "%d pairs by port wrong", len(wrong))
		if n := len(wrong); n > 0 {
			t.Errorf("%s: %d pairs are wrong:\n%s", x.name, n, strings.Join(wrong[:min(n, shownMost)], "\n"))
		}
	}

	w.guard()
	objects := stage.Parse(t, strings.TrimSpace(attacks[0].manifests()))
	w.Apply(t, objects...)
	w.opened(a, b, stage.TCP(9301))
	without := w.pairs(hosts)
	w.Remove(t, objects...)
	record(t, "the first of them without the guard", "%d pairs by port open", len(without))
	if len(without) == 0 {
		t.Error("without the guard the attack opens nothing, so nothing was shown")
	}
}

// accept beats everything below the Admin tier, denies of Cilium's policies included.
const accept = `
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: attack}
spec:
  tier: Admin
  priority: 100
  subject: {namespaces: {}}
  ingress: [{action: Accept, from: [{namespaces: {}}]}]
  egress: [{action: Accept, to: [{namespaces: {}}]}, {action: Accept, to: [{networks: [0.0.0.0/0]}]}]`

// Not even an Accept of the Admin tier opens a zone where that tier is guarded as well,
// nor does anything that the datapath is guarded from.
func TestTheAdminTierHoldsAgainstAnAccept(t *testing.T) {
	w := plant(t)
	a, b := w.control()
	hosts := append(w.witnesses(), a)
	opens := func(manifests string) []string {
		objects := stage.Parse(t, strings.TrimSpace(manifests))
		w.Apply(t, objects...)
		w.opened(a, b, stage.TCP(9301))
		wrong := w.pairs(hosts)
		w.Remove(t, objects...)
		w.closed(a, b, stage.TCP(9301))
		return wrong
	}
	w.guard("Datapath")
	without := opens(accept)
	record(t, "an Accept of the Admin tier, guarded in the datapath only", "%d pairs by port open", len(without))
	if len(without) == 0 {
		t.Error("the attack opens nothing, so nothing was shown")
	}

	w.guard("Datapath", "AdminTier")
	if wrong := w.pairs(hosts); len(wrong) > 0 {
		t.Fatalf("before any attack %d pairs are wrong:\n%s", len(wrong), strings.Join(wrong[:min(len(wrong), shownMost)], "\n"))
	}
	for name, manifests := range map[string]string{"an Accept of the Admin tier": accept, attacks[2].name: attacks[2].manifests()} {
		wrong := opens(manifests)
		record(t, name+", guarded in both", "%d pairs by port wrong", len(wrong))
		if len(wrong) > 0 {
			t.Errorf("%s: %d pairs are wrong:\n%s", name, len(wrong), strings.Join(wrong[:min(len(wrong), shownMost)], "\n"))
		}
	}
}

// pairs are the pairs of hosts by port that pass although no conduit joins their zones
// on that port, or do not although they should. The guard is as coarse as zones are.
func (w *waterWorks) pairs(hosts []*stage.Host) []string {
	w.t.Helper()
	e := expect(w.t, w.Stage)
	neighbours := e.model.Neighbours()
	c := e.probe(hosts, func(x try) bool {
		enforced := e.enforced(x.from) || e.enforced(x.to)
		return enforced && (e.passes(x.from, x.to, x.port) || !e.joined(x, neighbours))
	})
	slices.Sort(c.disagreements)
	return c.disagreements
}

// joined says that a conduit joins the zones of two hosts on a port, whichever parts of
// them it is narrowed to, at every end that is enforced.
func (e *expectation) joined(x try, neighbours map[string][]topology.Neighbour) bool {
	holds := func(at, peer *stage.Host, in bool) bool {
		if !e.enforced(at) {
			return true
		}
		z := e.zoneOf(at)
		return slices.ContainsFunc(neighbours[z.Name], func(n topology.Neighbour) bool {
			ports := n.Out
			if in {
				ports = n.In
			}
			return e.among(peer, n.Workloads, n.Networks) && covers(ports, x.port)
		})
	}
	return holds(x.from, x.to, false) && holds(x.to, x.from, true)
}

// Whoever edits or deletes what we wrote is undone, and told of.
func TestWhatOthersDoToOurPoliciesIsUndone(t *testing.T) {
	w := plant(t)
	from, to := w.host("ww-historian/historian-0"), w.host("ww-filtration/modbus-gateway-0")
	w.closed(from, to, stage.TCP(502))
	for _, x := range []struct {
		what string
		do   func()
	}{
		{"a floor deleted", func() { w.Remove(t, policy("zone-cell-filtration")) }},
		{"a floor that denies nothing", func() {
			w.patch(policy("zone-cell-filtration"), `{"specs":[{"endpointSelector":{"matchLabels":{"k8s:io.kubernetes.pod.namespace":"ww-filtration"}},"enableDefaultDeny":{"ingress":false,"egress":false},"ingress":[{}]}]}`)
		}},
	} {
		before := w.live("zone-cell-filtration").GetResourceVersion()
		start := time.Now()
		x.do()
		stage.Until(t, settles, "the floor is back", func() bool {
			floor := w.live("zone-cell-filtration")
			return floor.GetResourceVersion() != before && denies(floor)
		})
		record(t, x.what, "put back after %s", inMS(time.Since(start)))
		w.closed(from, to, stage.TCP(502))
	}
}

// live is a Cilium policy as it stands, empty when there is none.
func (w *waterWorks) live(name string) *unstructured.Unstructured {
	w.t.Helper()
	o := policy(name)
	must(w.t, client.IgnoreNotFound(w.Get(w.ctx(), client.ObjectKeyFromObject(o), o)))
	return o
}

// denies says that a policy puts the pods that it selects into default deny.
func denies(o *unstructured.Unstructured) bool {
	specs, _, _ := unstructured.NestedSlice(o.Object, "specs")
	return slices.ContainsFunc(specs, func(s any) bool {
		rule, _ := s.(map[string]any)
		deny, _, _ := unstructured.NestedBool(rule, "enableDefaultDeny", "ingress")
		return deny
	})
}
