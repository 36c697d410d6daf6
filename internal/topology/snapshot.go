// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// Snapshot is everything that a Model is resolved from: the declared objects, and
// what of the cluster they are checked against. Resolve never changes it.
type Snapshot struct {
	Site       *v1alpha1.Site
	Zones      []*v1alpha1.Zone
	Conduits   []*v1alpha1.Conduit
	Assets     []*v1alpha1.Asset
	Namespaces []Namespace
	Pods       []Pod
	Nodes      []Node
	Services   []Service
	// Held are declarations that must not come into force yet, each with the error that
	// says why: what was last accepted of them stays.
	Held map[ObjectRef]v1alpha1.Finding
	// Now is used for warnings only.
	Now time.Time
}

// Namespace is a namespace of the cluster.
type Namespace struct {
	Name   string
	Labels map[string]string
}

// Pod is a pod of the cluster.
type Pod struct {
	Namespace string
	Name      string
	Labels    map[string]string
	// What follows is for findings about what stands around the zones; no policy is
	// made of it, and nothing of it is there when the pod is over.

	// Addresses as the pod's status has them, none before it has any.
	Addresses []corev1.PodIP
	// HostNetwork says that the pod uses its node's network, and no policy holds it.
	HostNetwork bool
	// HostPorts are ports of the node that lead to the pod: "502/TCP".
	HostPorts []string
	// FurtherInterfaces says that the pod asks for interfaces that no policy sees.
	FurtherInterfaces bool
}

// Node is a node of the cluster.
type Node struct {
	Name string
	// Networks that the node states: its pod ranges and its own addresses.
	Networks []string
}

// Service is a Service that is reachable from outside the cluster.
type Service struct {
	Namespace string
	Name      string
	// Type is NodePort or LoadBalancer.
	Type string
	// Selector over pod labels.
	Selector map[string]string
	// KeepsSource says externalTrafficPolicy: Local.
	KeepsSource bool
}
