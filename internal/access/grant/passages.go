// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"net/netip"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/policy/networkpolicy"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// policies let pass what the window reaches.
func (in *Input) policies(passages []policy.Passage) []*Object {
	w := policy.Window{Name: Name(in.Window.Name), Home: v1alpha1.NamespaceAccess, Passages: passages}
	var made []policy.Manifest
	if in.Backend == v1alpha1.BackendCilium {
		made = cilium.Backend{}.Window(w)
	} else {
		made = networkpolicy.Backend{}.Window(w)
	}
	out := make([]*Object, 0, len(made))
	for _, m := range made {
		out = append(out, in.seal(m))
	}
	return out
}

// podPassages lead from the jump host to the relay, from the operator to the pod, and from
// the pod to what is reached.
func (in *Input) podPassages(reached []topology.Reached, targets []target) []policy.Passage {
	self := in.self()
	out := []policy.Passage{{
		From:  in.operatorSide(),
		To:    self,
		Ports: []protocol.PortRange{{Transport: protocol.TCP, First: controlPort, Last: controlPort}},
	}}
	if jump := jumpHost(in.Access, in.Grant.Through); in.Grant.Kind == access.Relay && jump != nil {
		out = append(out, policy.Passage{From: in.jumpSide(jump), To: self, Ports: listenPorts(targets)})
	}
	for _, r := range reached {
		out = append(out, policy.Passage{From: self, To: in.targetSide(r), Ports: in.carried(r.Ports)})
	}
	return out
}

// sourcePassages lead from the jump host to what is reached.
func (in *Input) sourcePassages(reached []topology.Reached) []policy.Passage {
	jump := jumpHost(in.Access, in.Grant.Through)
	if jump == nil {
		return nil
	}
	var out []policy.Passage
	for _, r := range reached {
		to := in.targetSide(r)
		to.Networks = nil // nothing of this cluster stands before a device
		out = append(out, policy.Passage{From: in.jumpSide(jump), To: to, Ports: r.Ports})
	}
	return out
}

// carried are the ports that the window's pod can use.
func (in *Input) carried(ports []protocol.PortRange) []protocol.PortRange {
	if in.Grant.Kind != access.Relay {
		return ports
	}
	return slices.DeleteFunc(slices.Clone(ports), func(r protocol.PortRange) bool { return r.Transport == protocol.SCTP })
}

// listenPorts are those of the relay, as ranges: they follow one another.
func listenPorts(targets []target) []protocol.PortRange {
	var out []protocol.PortRange
	for _, transport := range []protocol.Transport{protocol.TCP, protocol.UDP} {
		for _, t := range targets {
			if t.transport != transport {
				continue
			}
			if n := len(out) - 1; n >= 0 && out[n].Transport == transport && out[n].Last+1 == t.listen {
				out[n].Last = t.listen
				continue
			}
			out = append(out, protocol.PortRange{Transport: transport, First: t.listen, Last: t.listen})
		}
	}
	return out
}

func (in *Input) self() policy.Side {
	pods := podsIn(v1alpha1.NamespaceAccess, &metav1.LabelSelector{MatchLabels: podLabels(in.Window.Name)})
	return policy.Side{Workloads: pods, Held: pods}
}

func (in *Input) operatorSide() policy.Side {
	o := in.Operator
	if o.Namespace == "" || len(o.PodLabels) == 0 {
		return policy.Side{}
	}
	return policy.Side{Workloads: podsIn(o.Namespace, &metav1.LabelSelector{MatchLabels: o.PodLabels})}
}

// targetSide is what is reached, held where its zone's floor is there.
func (in *Input) targetSide(r topology.Reached) policy.Side {
	side := policy.Side{Workloads: r.End.Workloads, Networks: r.End.Networks}
	if r.End.Zone != nil && in.holds(r.End.Zone) {
		side.Held = r.End.Workloads
	}
	return side
}

// holds says that an allow at a zone's pods denies them nothing: with NetworkPolicy the
// first allow isolates a pod that nothing held before.
func (in *Input) holds(z *topology.Zone) bool {
	return z.Enforce || in.Backend == v1alpha1.BackendCilium
}

// jumpSide is the jump host. One that is pods of a zone is held by the floor there.
func (in *Input) jumpSide(jump *v1alpha1.JumpHost) policy.Side {
	if jump.Workloads == nil {
		return policy.Side{Networks: prefixesOf(jump)}
	}
	selector := jump.Workloads.Selector
	if len(selector.MatchLabels)+len(selector.MatchExpressions) == 0 || jump.Workloads.Namespace == "" {
		return policy.Side{} // it would be every pod
	}
	side := policy.Side{Workloads: podsIn(jump.Workloads.Namespace, &selector)}
	side.Held = in.heldIn(jump.Workloads.Namespace, &selector)
	return side
}

// heldIn are those of a namespace's pods that a selector selects and a floor holds.
func (in *Input) heldIn(namespace string, s *metav1.LabelSelector) []topology.Workloads {
	var out []topology.Workloads
	for _, z := range in.Model.Zones {
		for _, w := range z.Workloads {
			if !in.holds(z) || !slices.Contains(w.Matching, namespace) {
				continue
			}
			if len(w.PodSelectors) == 0 || w.DenyRest {
				return podsIn(namespace, s)
			}
			out = append(out, podsIn(namespace, append(slices.Clone(w.PodSelectors), s)...)...)
		}
	}
	return out
}

func podsIn(namespace string, selectors ...*metav1.LabelSelector) []topology.Workloads {
	names := []string{namespace}
	return []topology.Workloads{{Namespaces: names, Matching: names, PodSelectors: selectors}}
}

// jumpHost of the Site by its name, or nil.
func jumpHost(rules v1alpha1.SiteAccess, name string) *v1alpha1.JumpHost {
	for i := range rules.JumpHosts {
		if rules.JumpHosts[i].Name == name {
			return &rules.JumpHosts[i]
		}
	}
	return nil
}

// prefixesOf are a jump host's addresses; what is none is left out.
func prefixesOf(jump *v1alpha1.JumpHost) []netip.Prefix {
	var out []netip.Prefix
	for _, a := range jump.Addresses {
		if p, err := topology.ParseNetwork(string(a)); err == nil {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b netip.Prefix) int { return a.Compare(b) })
	return slices.Compact(out)
}
