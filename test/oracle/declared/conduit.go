// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package declared

import (
	"fmt"
	"net/netip"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle"
	"github.com/zonewarden/zonewarden/test/oracle/plant"
)

// conduit is a conduit in force that is not suspended.
type conduit struct {
	initiator  *end
	responders []*end
	ports      []protocol.PortRange
	bothWays   []protocol.PortRange
}

// end is a part of a zone.
type end struct {
	zone *zone
	// pods and devices say that the end has some; narrow narrows the zone's pods.
	pods, devices bool
	narrow        labels.Selector
	networks      []netip.Prefix
	doubtful      bool
}

func (e *end) holds(p *place) membership {
	if p.pod == nil {
		in := e.devices && !p.isNode && contains(e.networks, p.address)
		return membership{in: in, sure: in}
	}
	m := e.zone.holds(p)
	m.in = m.in && e.pods && e.narrow.Matches(labels.Set(p.pod.Labels))
	m.sure = m.sure && m.in && !e.doubtful
	return m
}

// opens says whether the conduit lets a flow pass between two places: not at all, or
// in the way that is carried out most surely.
func (c *conduit) opens(from, to *place, f oracle.Flow) (out membership, cause Cause) {
	try := func(way membership, ports []protocol.PortRange, because Cause) {
		if way.in && has(ports, f) && (!out.in || way.sure && !out.sure) {
			out, cause = way, because
		}
	}
	for _, r := range c.responders {
		try(both(from.memberOf(c.initiator), to.memberOf(r)), c.ports, Conduit)
		try(both(from.memberOf(r), to.memberOf(c.initiator)), c.bothWays, BothWays)
	}
	return out, cause
}

func both(a, b membership) membership {
	return membership{in: a.in && b.in, sure: a.sure && b.sure}
}

func has(ranges []protocol.PortRange, f oracle.Flow) bool {
	return slices.ContainsFunc(ranges, func(r protocol.PortRange) bool {
		return r.Transport == f.Transport && r.First <= f.Port && f.Port <= r.Last
	})
}

func (j *Judge) readConduits(p plant.Plant, m *topology.Model, set policy.Set) error {
	for _, d := range p.Conduits {
		var good *v1alpha1.ConduitSpec
		if d.Status.LastGood != nil {
			good = &d.Status.LastGood.Spec
		}
		s := spec(m, topology.KindConduit, d.Name, &d.Spec, good)
		// Closing is heeded whatever else is wrong with the edit.
		if s == nil || s.Suspended || d.Spec.Suspended {
			continue
		}
		findings := set.Findings[topology.ObjectRef{Kind: topology.KindConduit, Name: d.Name}]
		c := &conduit{}
		c.ports, c.bothWays = portsOf(s.Flows)
		var err error
		if c.initiator, err = j.readEnd(s.Initiator, cannot(findings, "spec.initiator.workloads")); err != nil {
			return fmt.Errorf("reading conduit %s: %w", d.Name, err)
		}
		for i, r := range s.Responders {
			e, err := j.readEnd(r, cannot(findings, fmt.Sprintf("spec.responders[%d].workloads", i)))
			if err != nil {
				return fmt.Errorf("reading conduit %s: %w", d.Name, err)
			}
			c.responders = append(c.responders, e)
		}
		j.conduits = append(j.conduits, c)
	}
	return nil
}

func (j *Judge) readEnd(d v1alpha1.ConduitEnd, doubtful bool) (*end, error) {
	i := slices.IndexFunc(j.zones, func(z *zone) bool { return z.name == d.Zone })
	if i < 0 {
		return nil, fmt.Errorf("it is in force, and its zone %q is not", d.Zone)
	}
	e := &end{zone: j.zones[i], narrow: labels.Everything(), doubtful: doubtful}
	whole := d.Workloads == nil && d.Assets == nil
	e.pods, e.devices = whole || d.Workloads != nil, whole || d.Assets != nil
	if whole {
		e.networks = e.zone.networks
	}
	if d.Workloads != nil {
		narrow, err := metav1.LabelSelectorAsSelector(d.Workloads)
		if err != nil {
			return nil, err
		}
		e.narrow = narrow
		e.pods = !narrow.Empty() // one that says nothing selects nothing
	}
	if d.Assets == nil {
		return e, nil
	}
	for _, a := range e.zone.assets {
		if selects(d.Assets, a) {
			e.networks = append(e.networks, networksOf(a)...)
		}
	}
	return e, nil
}

func selects(s *v1alpha1.AssetSelection, a *v1alpha1.Asset) bool {
	if s.Selector == nil {
		return slices.Contains(s.Names, a.Name)
	}
	selector, err := metav1.LabelSelectorAsSelector(s.Selector)
	return err == nil && !selector.Empty() && selector.Matches(labels.Set(a.Labels))
}

// portsOf are the ports of flows, and those on which both sides open connections. A
// flow that says too little opens nothing.
func portsOf(flows []v1alpha1.Flow) (ports, bothWays []protocol.PortRange) {
	for _, f := range flows {
		p, known := protocol.Lookup(f.Protocol)
		if f.Protocol != "" && !known || p.Layer2 {
			continue
		}
		own := p.Ports
		if f.Port != nil {
			own = ownPorts(f, p)
		}
		ports = append(ports, own...)
		if p.Initiator == protocol.InitiatorBoth {
			bothWays = append(bothWays, own...)
		}
	}
	return ports, bothWays
}

// ownPorts are the ports that a flow names itself, on the transport that it names or
// on all that its protocol runs on.
func ownPorts(f v1alpha1.Flow, p protocol.Protocol) []protocol.PortRange {
	last := *f.Port
	if f.EndPort != nil {
		last = *f.EndPort
	}
	if *f.Port < 1 || last < *f.Port || last > 65535 {
		return nil
	}
	var out []protocol.PortRange
	for _, t := range transportsOf(f, p) {
		out = append(out, protocol.PortRange{Transport: t, First: uint16(*f.Port), Last: uint16(last)})
	}
	return out
}

func transportsOf(f v1alpha1.Flow, p protocol.Protocol) []protocol.Transport {
	var out []protocol.Transport
	for _, t := range []protocol.Transport{protocol.TCP, protocol.UDP, protocol.SCTP} {
		runs := slices.ContainsFunc(p.Ports, func(r protocol.PortRange) bool { return r.Transport == t })
		named := string(f.Transport) == string(t)
		if f.Transport == "" && runs || named && (runs || len(p.Ports) == 0) {
			out = append(out, t)
		}
	}
	return out
}
