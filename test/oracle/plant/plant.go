// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plant has sites for tests: as declared objects, drawn by chance or read from
// files, with the cluster around them and the flows that are worth asking about.
package plant

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle"
)

// Plant is a declared site and what of its cluster the declarations do not say.
type Plant struct {
	topology.Snapshot
	// Ports that containers have names for, by pod.
	Ports map[oracle.Endpoint][]oracle.NamedPort
}

// ThisNode is the node that the pods are on; every other node is a remote one.
const ThisNode = "this-node"

// World is the cluster on Cilium. An address of the Kubernetes API is the entity, on a
// node or outside; one that the Site gives for DNS is on the pods' node where it is
// link-local.
func (p Plant) World() oracle.World {
	w := p.OtherWorld()
	w.Entities, w.HostPasses = map[netip.Addr][]oracle.Entity{}, false
	for _, n := range p.Nodes {
		for _, a := range NodeAddresses(n) {
			w.Entities[a] = append(w.Entities[a], entityOf(n))
		}
	}
	if p.Site == nil {
		return w
	}
	for _, a := range addresses(p.Site.Spec.Platform.APIServer.Addresses) {
		w.Entities[a] = append(w.Entities[a], oracle.EntityAPIServer)
	}
	for _, a := range addresses(p.Site.Spec.Platform.DNS.Addresses) {
		if a.IsLinkLocalUnicast() {
			w.Entities[a] = append(w.Entities[a], oracle.EntityHost)
		}
	}
	return w
}

// OtherWorld is the cluster on another CNI, where an address is an address and the
// pods' own node always gets in.
func (p Plant) OtherWorld() oracle.World {
	w := oracle.World{Namespaces: map[string]map[string]string{}, HostPasses: true}
	for _, ns := range p.Namespaces {
		w.Namespaces[ns.Name] = ns.Labels
	}
	for i, pod := range p.Pods {
		at := oracle.Pod{Namespace: pod.Namespace, Name: pod.Name, Labels: pod.Labels}
		at.Ports = p.Ports[at.Endpoint()]
		at.Addresses = []netip.Addr{
			netip.MustParseAddr(fmt.Sprintf("10.42.%d.%d", i/200, i%200+1)), netip.MustParseAddr(fmt.Sprintf("fd00:42::%x", i+1)),
		}
		w.Pods = append(w.Pods, at)
	}
	return w
}

func entityOf(n topology.Node) oracle.Entity {
	if n.Name == ThisNode {
		return oracle.EntityHost
	}
	return oracle.EntityRemoteNode
}

// NodeAddresses are a node's own addresses among the networks that it states.
func NodeAddresses(n topology.Node) []netip.Addr {
	return addresses(slices.DeleteFunc(slices.Clone(n.Networks), func(s string) bool { return strings.Contains(s, "/") }))
}

// addresses leaves out what is none: the Site says that it does.
func addresses(list []string) []netip.Addr {
	var out []netip.Addr
	for _, s := range list {
		if a, err := netip.ParseAddr(s); err == nil {
			out = append(out, a.Unmap())
		}
	}
	return out
}
