// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package verdict says whether the policy objects that stand in a cluster would
// admit a new flow.
//
// The contract:
//
//   - What is not understood is Unknown, never Refused and never Admitted: a flow
//     that is wrongly called refused is cut in a running plant, and one that is
//     wrongly called admitted lives on after it was closed. Questions about single
//     rules have three answers, and only certain ones make a certain verdict.
//   - Understood are CiliumClusterwideNetworkPolicy, CiliumNetworkPolicy,
//     CiliumCIDRGroup and NetworkPolicy. An object of another kind, or one that the
//     agent would refuse to load, makes every flow of the pods that it could select
//     Unknown. A field that is not known does so to its rule.
//   - A flow passes when egress at the source and ingress at the destination pass.
//     An end that is no pod on the pod network passes: these kinds do not select it.
//     A node passes only while no policy has a nodeSelector.
//   - An address is a pod's, a node's or, in neither list, outside the cluster. A pod
//     or node that is missing from the Cluster is judged as a device: callers ask
//     about addresses that they know, after their caches are filled. A link-local
//     address in neither list may be the node's.
//   - Addresses are those at the pods: behind a Service, and not the Service's.
//   - Cilium's options have their defaults as far as they widen what objects mean:
//     the enforcement mode is default, and pods of other clusters are outside. A label
//     that Cilium's default filter hides from policy is not judged by, nor is a CIDR
//     that contains the address of a pod or node, which depends on the option
//     policy-cidr-match-mode and, for NetworkPolicy, on the CNI.
//   - Where the source is a node the answer is never Refused: Cilium and
//     NetworkPolicy let the pod's own node in, and which node that is, is not known.
//
// There is no client, clock or log here: equal input gives equal answers.
package verdict

import (
	"net/netip"
	"sync"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

// Cluster is what verdicts are made of. It must not change afterwards.
type Cluster struct {
	// Namespaces are the labels of namespaces by name. The labels of one that is
	// missing are not known.
	Namespaces map[string]map[string]string
	Pods       []Pod
	// Nodes are all addresses of all nodes.
	Nodes []netip.Addr
	// Objects are policy objects as the API server serves them, with apiVersion and
	// kind.
	Objects []map[string]any
	// Read are objects that were read before, beside those.
	Read []*Object
}

// Pod is a pod with its addresses. One on the host network has those of its node
// and is no pod to any policy.
type Pod struct {
	Namespace, Name string
	Labels          map[string]string
	Addresses       []netip.Addr
	HostNetwork     bool
}

// Flow is the first packet of a flow. Port is the destination's.
type Flow struct {
	Source, Destination netip.Addr
	Transport           protocol.Transport
	Port                uint16
}

// Answer says whether a flow would be let through.
type Answer string

// The answers.
const (
	Admitted Answer = "Admitted"
	Refused  Answer = "Refused"
	// Unknown is neither: nothing may be done on its account.
	Unknown Answer = "Unknown"
)

// Verdict is an answer with its reasons.
type Verdict struct {
	Answer Answer
	// By are objects as Kind/name or Kind/namespace/name, sorted. Admitted: those
	// with an allow for the flow at either end, also where nothing denies. Refused:
	// those that put the refusing end into default deny or that deny the flow.
	// Unknown: those that leave it open, none where only the addresses do.
	By []string
}

// Rules judges flows. It may be used by several goroutines at once.
type Rules struct {
	// places are pods and nodes by address.
	places map[netip.Addr]place
	groups map[string]*networks
	index  index
	// hostPolicies are objects with rules for nodes.
	hostPolicies []*object
	// ours are the objects with our label, and named the networks in them, which are
	// gathered once.
	ours      []*object
	namedOnce sync.Once
	named     networks
}

// New prepares verdicts on a cluster.
func New(c Cluster) *Rules {
	return new(Parser).Rules(c)
}

// PodAt returns the pod with this address on the pod network, false when there is
// none or more than one.
func (r *Rules) PodAt(a netip.Addr) (Pod, bool) {
	p := r.place(a)
	if p.kind != atPod {
		return Pod{}, false
	}
	return p.pod.Pod, true
}

// Floors returns the names of the zones whose floor puts the pod at this address
// into default deny in both directions, sorted. The floor of a zone that denies
// the other pods of its namespaces counts at those as well.
func (r *Rules) Floors(a netip.Addr) []string {
	p := r.place(a)
	if p.kind != atPod {
		return nil
	}
	zones := names{}
	for _, applied := range r.at(p.pod) {
		if applied.zone() != "" && applied.selects == yes &&
			applied.sides[ingress].denies == yes && applied.sides[egress].denies == yes {
			zones.add(applied.zone())
		}
	}
	return zones.sorted()
}

// Judge says whether a new flow would pass.
func (r *Rules) Judge(f Flow) Verdict {
	from, to := r.place(f.Source), r.place(f.Destination)
	transport := transportOf(f.Transport)
	if from.kind == unclear || to.kind == unclear || transport == 0 {
		return Verdict{Answer: Unknown}
	}
	out := r.judge(packet{end: from, peer: to, transport: transport, port: f.Port, side: egress})
	in := r.judge(packet{end: to, peer: from, transport: transport, port: f.Port, side: ingress})
	if from.kind == atPod && from.pod == to.pod {
		// What a pod sends to itself need not leave it.
		out.passes, in.passes = out.passes.or(maybe), in.passes.or(maybe)
	}
	return conclude(out, in)
}

// conclude joins the findings at both ends.
func conclude(out, in finding) Verdict {
	passes, by := out.passes.and(in.passes), names{}
	for _, end := range []finding{out, in} {
		switch {
		case passes == yes:
			by.addObjects(end.allowing)
		case end.passes != passes:
			// The other end decides.
		case passes == no:
			by.addObjects(end.refusing())
		default:
			by.addObjects(end.doubtful)
		}
	}
	return Verdict{Answer: answers[passes], By: by.sorted()}
}

var answers = [...]Answer{no: Refused, maybe: Unknown, yes: Admitted}

// at returns the rules that select a pod, which are looked up once.
func (r *Rules) at(p *podState) []applied {
	p.once.Do(func() { p.applied = r.index.selecting(p) })
	return p.applied
}

// podState is a pod with what is worked out for it.
type podState struct {
	Pod
	namespaceLabels map[string]string
	namespaceSeen   bool
	once            sync.Once
	applied         []applied
	edgesOnce       [sides]sync.Once
	edges           [sides][]netip.Prefix
}
