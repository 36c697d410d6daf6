// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Annotations by which a pod asks Multus for interfaces beside its first, or for
// another first one than the network plugin's.
const (
	AnnotationNetworks       = "k8s.v1.cni.cncf.io/networks"
	AnnotationDefaultNetwork = "v1.multus-cni.io/default-network"
)

// PodOf is what a snapshot has of a pod.
func PodOf(p *corev1.Pod) Pod {
	out := Pod{Namespace: p.Namespace, Name: p.Name, Labels: p.Labels}
	if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
		return out // it has no network any more
	}
	out.HostNetwork = p.Spec.HostNetwork
	out.FurtherInterfaces = asksForInterfaces(p.Annotations)
	for _, containers := range [][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
		for i := range containers {
			for _, port := range containers[i].Ports {
				if port.HostPort > 0 {
					out.HostPorts = append(out.HostPorts, fmt.Sprintf("%d/%s", port.HostPort, port.Protocol))
				}
			}
		}
	}
	out.Addresses = p.Status.PodIPs
	return out
}

// asksForInterfaces says whether the annotations name a network. An empty list names
// none.
func asksForInterfaces(annotations map[string]string) bool {
	networks := strings.TrimSpace(annotations[AnnotationNetworks])
	return networks != "" && networks != "[]" || strings.TrimSpace(annotations[AnnotationDefaultNetwork]) != ""
}

// NodeOf is what a snapshot has of a node.
func NodeOf(n *corev1.Node) Node {
	out := Node{Name: n.Name, Networks: slices.Clip(n.Spec.PodCIDRs)}
	for _, a := range n.Status.Addresses {
		if a.Type == corev1.NodeInternalIP || a.Type == corev1.NodeExternalIP {
			out.Networks = append(out.Networks, a.Address)
		}
	}
	return out
}

// ServiceOf is what a snapshot has of a Service, false for one that is not reachable from
// outside the cluster.
func ServiceOf(svc *corev1.Service) (Service, bool) {
	return Service{
		Namespace: svc.Namespace, Name: svc.Name, Type: string(svc.Spec.Type), Selector: svc.Spec.Selector,
		KeepsSource: svc.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal,
	}, svc.Spec.Type == corev1.ServiceTypeNodePort || svc.Spec.Type == corev1.ServiceTypeLoadBalancer
}
