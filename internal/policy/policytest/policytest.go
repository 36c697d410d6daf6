// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package policytest answers, for tests, whether compiled policy objects let a
// packet pass.
//
// It is a second opinion: written from the documented meaning of the objects, on
// their JSON form, slow and plain, and without a line in common with the
// compilers. A field that it does not know makes it panic, so that nothing is
// compiled that it silently does not judge.
//
// It knows what the compilers may emit and no more: CiliumClusterwideNetworkPolicy,
// CiliumCIDRGroup, NetworkPolicy and ClusterNetworkPolicy of the Admin tier. Services,
// named ports, protocols without ports, connection tracking and the time that a CNI
// takes are outside it.
package policytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"github.com/zonewarden/zonewarden/internal/policy"
)

// World is the cluster that the objects are judged in.
type World struct {
	// Namespaces and their labels, by name.
	Namespaces map[string]map[string]string
	Pods       []Pod
	// Entities says which addresses are Cilium's entities host or kube-apiserver;
	// every other address is outside the cluster.
	Entities map[netip.Addr]string
	// Outside are those of them that are outside the cluster all the same, such as a
	// Kubernetes API that somebody else runs: networks match them too.
	Outside map[netip.Addr]bool
}

// Pod is a pod on the pod network.
type Pod struct {
	Namespace string
	Name      string
	Labels    map[string]string
}

// Endpoint is one end of a flow: a pod ("namespace/name"), an IP address, or
// Host, the node that the pod is on.
type Endpoint string

// Host is where kubelet probes come from.
const Host Endpoint = "host"

// Evaluator judges flows.
type Evaluator struct {
	world    World
	cilium   []ciliumRule
	groups   map[string][]string
	policies []networkPolicy
	admin    []adminPolicy

	// Ties is the action that wins where policies of the Admin tier of one priority
	// differ about a flow. While it is empty, that they do is a panic.
	Ties string
}

// New reads the objects. It panics on what it does not know.
func New(world World, objects []policy.Manifest) *Evaluator {
	e := &Evaluator{world: world, groups: map[string][]string{}}
	for _, o := range objects {
		raw, err := json.Marshal(o)
		if err != nil {
			panic(fmt.Sprintf("encoding %T: %v", o, err))
		}
		e.add(raw)
	}
	return e
}

func (e *Evaluator) add(raw []byte) {
	var head struct {
		Kind string `json:"kind"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		panic(err)
	}
	switch head.Kind {
	case "CiliumClusterwideNetworkPolicy":
		var p ciliumPolicy
		decode(raw, &p)
		e.cilium = append(e.cilium, p.Specs...)
	case "CiliumCIDRGroup":
		var g cidrGroup
		decode(raw, &g)
		e.groups[g.Metadata.Name] = g.Spec.ExternalCIDRs
	case "NetworkPolicy":
		var p networkPolicy
		decode(raw, &p)
		e.policies = append(e.policies, p)
	case "ClusterNetworkPolicy":
		var p adminPolicy
		decode(raw, &p)
		e.addAdmin(p)
	default:
		panic(fmt.Sprintf("an object of kind %q", head.Kind))
	}
}

// decode is strict: what this package does not judge must not be emitted.
func decode(raw []byte, into any) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		panic(fmt.Sprintf("policytest does not know this object: %v\n%s", err, raw))
	}
}

// Allowed says whether a new flow passes: out of the pod that sends it, and into
// the pod that it is for. Where neither end is a pod nothing here stops it.
func (e *Evaluator) Allowed(from, to Endpoint, transport string, port uint16) bool {
	out, in := e.Directions(from, to, transport, port)
	return out && in
}

// Directions says the same of each end by itself: two nodes may have seen
// different states of the objects.
func (e *Evaluator) Directions(from, to Endpoint, transport string, port uint16) (out, in bool) {
	sender, receiver := e.party(from), e.party(to)
	out = e.passes(flow{subject: sender, peer: receiver, transport: transport, port: port})
	in = e.passes(flow{subject: receiver, peer: sender, transport: transport, port: port, ingress: true})
	return out, in
}

// passes judges one direction at one pod.
func (e *Evaluator) passes(f flow) bool {
	if f.subject.pod == nil {
		return true
	}
	switch e.adminVerdict(f) {
	case Deny:
		return false
	case Accept:
		return true
	}
	says := e.ciliumVerdict(f)
	isolates, admits := e.networkPolicyVerdict(f)
	return !says.denies && (!says.isolates && !isolates || says.allows || admits)
}

// flow is what one pod sends or receives.
type flow struct {
	subject, peer party
	transport     string
	port          uint16
	ingress       bool
}

// party is an endpoint with what is known of it: a pod, the host, or an address.
type party struct {
	pod     *Pod
	addr    netip.Addr
	entity  string
	outside bool
	nsLabel map[string]string
	// cilium are the labels of the pod's identity.
	cilium map[string]string
}

// isHost says that the party is the node itself, not one of its addresses.
func (p party) isHost() bool {
	return p.pod == nil && !p.addr.IsValid() && p.entity == string(Host)
}

func (e *Evaluator) party(at Endpoint) party {
	if at == Host {
		return party{entity: "host"}
	}
	if addr, err := netip.ParseAddr(string(at)); err == nil {
		entity := e.world.Entities[addr]
		if entity == "" {
			entity = "world"
		}
		return party{addr: addr, entity: entity, outside: entity == "world" || e.world.Outside[addr]}
	}
	namespace, name, _ := strings.Cut(string(at), "/")
	for i, p := range e.world.Pods {
		if p.Namespace == namespace && p.Name == name {
			labels, ok := e.world.Namespaces[namespace]
			if !ok {
				panic(fmt.Sprintf("pod %s is in a namespace that the world has not", at))
			}
			return party{pod: &e.world.Pods[i], nsLabel: labels, cilium: ciliumLabels(p, labels)}
		}
	}
	panic(fmt.Sprintf("the world has no endpoint %q", at))
}

// insideOf is inside for a network that must itself lie in an outer one.
func insideOf(addr netip.Addr, cidr, outer string) bool {
	in, out := netip.MustParsePrefix(cidr), netip.MustParsePrefix(outer)
	if in.Bits() < out.Bits() || !out.Contains(in.Addr()) {
		panic(fmt.Sprintf("%s is excepted from %s, in which it is not", cidr, outer))
	}
	return inside(addr, cidr)
}

// inside says whether an address lies in a network.
func inside(addr netip.Addr, cidr string) bool {
	p, err := netip.ParsePrefix(cidr)
	if err != nil {
		panic(fmt.Sprintf("network %q: %v", cidr, err))
	}
	return addr.IsValid() && p.Contains(addr)
}
