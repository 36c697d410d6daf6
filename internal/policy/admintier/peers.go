// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package admintier

import (
	"net/netip"
	"reflect"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterpolicy "sigs.k8s.io/network-policy-api/apis/v1alpha2"

	"github.com/zonewarden/zonewarden/internal/policy/identity"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// nameLabel is the label that the API server keeps equal to a namespace's name.
const nameLabel = "kubernetes.io/metadata.name"

type (
	egressPeer = clusterpolicy.ClusterNetworkPolicyEgressPeer
	portMatch  = clusterpolicy.ClusterNetworkPolicyProtocol
)

func namespacePart(w topology.Workloads) metav1.LabelSelector {
	if w.NamespaceSelector != nil && slices.ContainsFunc(topology.SelectorKeys(w.NamespaceSelector), identity.LeavesOutOfNamespace) {
		// Cilium would select none by it, or all. The existing namespaces are named.
		return oneOf(w.Matching)
	}
	switch {
	case w.NamespaceSelector != nil:
		return *w.NamespaceSelector.DeepCopy()
	case len(w.Namespaces) == 0:
		panic("workloads entry without a namespace part: it would select every pod of the cluster")
	default:
		return oneOf(w.Namespaces)
	}
}

// oneOf selects namespaces by name, and none where there are no names.
func oneOf(names []string) metav1.LabelSelector {
	switch len(names) {
	case 0:
		return metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: nameLabel, Operator: metav1.LabelSelectorOpDoesNotExist},
		}}
	case 1:
		return metav1.LabelSelector{MatchLabels: map[string]string{nameLabel: names[0]}}
	default:
		return metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: nameLabel, Operator: metav1.LabelSelectorOpIn, Values: slices.Clone(names)},
		}}
	}
}

// podsOf selects exactly the pods of an entry.
func podsOf(w topology.Workloads) *clusterpolicy.NamespacedPod {
	return &clusterpolicy.NamespacedPod{NamespaceSelector: namespacePart(w), PodSelector: *topology.And(w.PodSelectors...)}
}

// peersOf selects the pods of entries to be passed in as few peers as name them. What
// Cilium hides from policy it would match no pod by: without it more is passed.
func peersOf(entries []topology.Workloads) []egressPeer {
	var merged []topology.Workloads
	for _, w := range entries {
		w = topology.Workloads{
			Namespaces: w.Namespaces, NamespaceSelector: w.NamespaceSelector, Matching: w.Matching,
			PodSelectors: []*metav1.LabelSelector{visible(topology.And(w.PodSelectors...))},
		}
		i := slices.IndexFunc(merged, func(m topology.Workloads) bool {
			return reflect.DeepEqual(m.PodSelectors, w.PodSelectors) && reflect.DeepEqual(m.NamespaceSelector, w.NamespaceSelector)
		})
		if i < 0 {
			merged = append(merged, w)
			continue
		}
		names := slices.Sorted(slices.Values(slices.Concat(merged[i].Namespaces, w.Namespaces)))
		merged[i].Namespaces = slices.Compact(names)
	}
	var out []egressPeer
	for _, w := range merged {
		out = append(out, egressPeer{Pods: podsOf(w)})
	}
	return out
}

// visible returns what of a selector Cilium can judge.
func visible(s *metav1.LabelSelector) *metav1.LabelSelector {
	for key := range s.MatchLabels {
		if identity.LeavesOut(key) {
			delete(s.MatchLabels, key)
		}
	}
	s.MatchExpressions = slices.DeleteFunc(s.MatchExpressions, func(e metav1.LabelSelectorRequirement) bool {
		return identity.LeavesOut(e.Key)
	})
	return s
}

// misread says that an entry asks for a label of its pods that Cilium hides: there it
// could select pods that the declaration leaves out.
func misread(w topology.Workloads) bool {
	return slices.ContainsFunc(topology.SelectorKeys(topology.And(w.PodSelectors...)), identity.LeavesOut)
}

// networkPeers puts networks into as few peers as hold them.
func networkPeers(networks []netip.Prefix) []egressPeer {
	var out []egressPeer
	for chunk := range slices.Chunk(networks, most) {
		var peer egressPeer
		for _, n := range chunk {
			peer.Networks = append(peer.Networks, clusterpolicy.CIDR(n.String()))
		}
		out = append(out, peer)
	}
	return out
}

// hostNetworks returns /32 or /128 of each address.
func hostNetworks(addresses []netip.Addr) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(addresses))
	for _, a := range addresses {
		out = append(out, netip.PrefixFrom(a, a.BitLen()))
	}
	return out
}

func protocolsOf(ports []protocol.PortRange) []portMatch {
	out := make([]portMatch, 0, len(ports))
	for _, p := range ports {
		port := &clusterpolicy.Port{Number: int32(p.First)}
		if p.Last > p.First {
			port = &clusterpolicy.Port{Range: &clusterpolicy.PortRange{Start: int32(p.First), End: int32(p.Last)}}
		}
		switch p.Transport {
		case protocol.TCP:
			out = append(out, portMatch{TCP: &clusterpolicy.ClusterNetworkPolicyProtocolTCP{DestinationPort: port}})
		case protocol.UDP:
			out = append(out, portMatch{UDP: &clusterpolicy.ClusterNetworkPolicyProtocolUDP{DestinationPort: port}})
		case protocol.SCTP:
			out = append(out, portMatch{SCTP: &clusterpolicy.ClusterNetworkPolicyProtocolSCTP{DestinationPort: port}})
		}
	}
	return out
}
