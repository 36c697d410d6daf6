// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package networkpolicy

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// peersOf returns pods and networks as peers; a peer matches when one does.
func peersOf(workloads []topology.Workloads, networks []netip.Prefix) []networkingv1.NetworkPolicyPeer {
	peers := make([]networkingv1.NetworkPolicyPeer, 0, len(workloads)+len(networks))
	for _, w := range workloads {
		peers = append(peers, podPeer(w))
	}
	for _, n := range networks {
		peers = append(peers, networkPeer(n))
	}
	return peers
}

// podPeer is one peer with both selectors, which must both match. As two peers
// they would mean every pod of the namespaces, and these pods in our namespace.
func podPeer(w topology.Workloads) networkingv1.NetworkPolicyPeer {
	peer := networkingv1.NetworkPolicyPeer{NamespaceSelector: namespacePart(w)}
	if len(w.PodSelectors) > 0 {
		peer.PodSelector = topology.And(w.PodSelectors...)
	}
	return peer
}

// namespacePart selects namespaces by their labels. The API server itself gives
// each namespace its name as a label, and lets nobody change it.
func namespacePart(w topology.Workloads) *metav1.LabelSelector {
	if s := w.NamespaceSelector; s != nil {
		if len(s.MatchLabels)+len(s.MatchExpressions) == 0 {
			panic("workloads entry with an empty namespace selector: it would select every pod of the cluster")
		}
		return topology.And(s)
	}
	switch len(w.Namespaces) {
	case 0:
		panic("workloads entry without a namespace part: it would select every pod of the cluster")
	case 1:
		return &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: w.Namespaces[0]}}
	default:
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
			Key: corev1.LabelMetadataName, Operator: metav1.LabelSelectorOpIn, Values: slices.Clone(w.Namespaces),
		}}}
	}
}

func networkPeer(n netip.Prefix) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: n.String()}}
}

// addressPeers returns /32 or /128 of each address.
func addressPeers(addresses []netip.Addr) []networkingv1.NetworkPolicyPeer {
	peers := make([]networkingv1.NetworkPolicyPeer, 0, len(addresses))
	for _, a := range addresses {
		peers = append(peers, networkPeer(netip.PrefixFrom(a, a.BitLen())))
	}
	return peers
}

// portsOf returns the ports; the caller makes no rule when there are none.
func portsOf(ranges ...protocol.PortRange) []networkingv1.NetworkPolicyPort {
	var ports []networkingv1.NetworkPolicyPort
	for _, r := range ranges {
		if r.First == 0 {
			continue // no port, and not every port
		}
		transport, first := corev1.Protocol(r.Transport), intstr.FromInt32(int32(r.First))
		port := networkingv1.NetworkPolicyPort{Protocol: &transport, Port: &first}
		if last := int32(r.Last); r.Last > r.First {
			port.EndPort = &last
		}
		ports = append(ports, port)
	}
	return ports
}
