// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package declared

import (
	"fmt"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/zonewarden/zonewarden/test/oracle"
)

// place is an end of a flow with what the declarations make of it.
type place struct {
	pod       *oracle.Pod
	namespace map[string]string
	address   netip.Addr
	// isHost says that it is the pods' own node, isNode that it is any node. On
	// another CNI than Cilium only the former is known of an end without an address.
	isHost, isNode bool

	// zone that a pod is in, nil for none.
	zone *zone
	// sure says that every rule of the pod's zone is written as declared.
	sure bool
	// lost says that the zone's rules leave the pod out, which a finding says.
	lost bool
	// taken says that the rules of a zone that the pod is not in take it in, which a
	// finding says.
	taken bool
	// denied says that it is a pod in no zone that is denied all traffic.
	denied bool

	members map[*end]membership
}

type membership struct{ in, sure bool }

func (j *Judge) place(e oracle.Endpoint) (*place, error) {
	if p := j.places[e]; p != nil {
		return p, nil
	}
	p := &place{members: map[*end]membership{}}
	if err := j.locate(p, e); err != nil {
		return nil, err
	}
	if p.pod != nil {
		if err := j.findZone(p); err != nil {
			return nil, err
		}
	}
	j.places[e] = p
	return p, nil
}

func (j *Judge) locate(p *place, e oracle.Endpoint) error {
	if e == oracle.Host {
		p.isHost, p.isNode = true, true
		return nil
	}
	for i := range j.world.Pods {
		pod := &j.world.Pods[i]
		if pod.Endpoint() == e {
			p.pod, p.namespace = pod, j.world.Namespaces[pod.Namespace]
			return nil
		}
	}
	address, err := netip.ParseAddr(string(e))
	if err != nil {
		return fmt.Errorf("the plant has no endpoint %q", e)
	}
	p.address = address
	p.isHost = j.isNode(address, oracle.EntityHost)
	p.isNode = j.isNode(address, oracle.EntityHost, oracle.EntityRemoteNode)
	return nil
}

// findZone works out what the zones make of a pod. Two zones never hold one pod: see
// Check.
func (j *Judge) findZone(p *place) error {
	seen, err := oracle.SeenLabels(*p.pod, p.namespace)
	if err != nil {
		return err
	}
	for _, z := range j.zones {
		for _, e := range z.entries {
			p.enter(z, e, seen)
		}
	}
	if p.sure {
		p.lost = false
	}
	return nil
}

// enter takes in what one entry of a zone makes of a pod with these labels on Cilium.
func (p *place) enter(z *zone, e *entry, seen seenLabels) {
	inNamespace := e.selectsNamespace(p.pod.Namespace, p.namespace)
	declared := e.holds(p.pod, p.namespace)
	carried := declared
	if e.doubtful {
		carried = inNamespace && e.pods.Matches(seen)
	}
	if declared {
		p.zone = z
		p.sure = p.sure || !e.doubtful
		p.lost = p.lost || !carried
	}
	p.taken = p.taken || carried && !declared
	p.denied = p.denied || e.denyRest && inNamespace
}

// Untouched says that no policy is to hold an end: it is a pod of a namespace out of the
// Site's scope, which no zone has either that was accepted under another scope.
func (j *Judge) Untouched(e oracle.Endpoint) (bool, error) {
	p, err := j.place(e)
	if err != nil || p.pod == nil {
		return false, err
	}
	if j.spec == nil {
		return true, nil
	}
	return !j.scope.Matches(labels.Set(p.namespace)) && !slices.ContainsFunc(j.zones, func(z *zone) bool {
		return slices.ContainsFunc(z.entries, func(e *entry) bool { return e.selectsNamespace(p.pod.Namespace, p.namespace) })
	}), nil
}

// memberOf says whether a place is a part of a conduit's end.
func (p *place) memberOf(e *end) membership {
	m, known := p.members[e]
	if !known {
		m = e.holds(p)
		p.members[e] = m
	}
	return m
}

func contains(networks []netip.Prefix, a netip.Addr) bool {
	return a.IsValid() && slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(a) })
}
