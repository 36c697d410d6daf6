// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

// resolveFlows turns a conduit's declared flows into ports. A flow with an error is left out.
func resolveFlows(flows []v1alpha1.Flow, rep *report) []ResolvedFlow {
	out := make([]ResolvedFlow, 0, len(flows))
	for i, f := range flows {
		if resolved, ok := resolveFlow(fmt.Sprintf("spec.flows[%d]", i), f, rep); ok {
			out = append(out, resolved)
		}
	}
	return out
}

// resolveFlow turns a declared flow, which is at path, into ports.
func resolveFlow(path string, f v1alpha1.Flow, rep *report) (ResolvedFlow, bool) {
	if !wellFormed(path, f, rep) {
		return ResolvedFlow{}, false
	}
	if f.Protocol == "" {
		return ResolvedFlow{Ports: []protocol.PortRange{portRange(f, protocol.Transport(f.Transport))}, Enforceable: true}, true
	}
	p, ok := protocol.Lookup(f.Protocol)
	if !ok {
		reportUnknown(path+".protocol", f.Protocol, rep)
		return ResolvedFlow{}, false
	}
	ports, ok := protocolPorts(path, f, p, rep)
	return ResolvedFlow{Protocol: p.Key, Ports: ports, Enforceable: p.Enforceable()}, ok
}

// wellFormed says what the CRD says. What comes from a file, by way of the
// plugin, has not been there, and half a port must not become another port.
func wellFormed(path string, f v1alpha1.Flow, rep *report) bool {
	switch {
	case f.Port == nil && f.Protocol == "":
		rep.error(path, v1alpha1.ReasonPortRequired, "name a protocol of the catalogue, or a port with its transport")
	case f.Port == nil && f.EndPort != nil:
		rep.error(path+".endPort", v1alpha1.ReasonPortRequired, "endPort needs port")
	case f.Port != nil && !isPortRange(f):
		rep.error(path+".port", v1alpha1.ReasonPortRequired, "a port is 1 to 65535, and endPort is not lower")
	case f.Protocol == "" && f.Transport == "":
		rep.error(path+".transport", v1alpha1.ReasonPortRequired, "say which transport port %d is: TCP, UDP or SCTP", *f.Port)
	default:
		return true
	}
	return false
}

func isPortRange(f v1alpha1.Flow) bool {
	last := *f.Port
	if f.EndPort != nil {
		last = *f.EndPort
	}
	return *f.Port >= 1 && *f.Port <= last && last <= 65535
}

func reportUnknown(path, key string, rep *report) {
	hint := "see the protocol catalogue in the reference"
	if near := protocol.Closest(key); near != "" {
		hint = fmt.Sprintf("did you mean %q", near)
	}
	rep.error(path, v1alpha1.ReasonUnknownProtocol, "there is no protocol %q in the catalogue; %s", key, hint)
}

// protocolPorts are the protocol's own ports, or those that the flow puts in
// their place on transports that the protocol runs on.
func protocolPorts(path string, f v1alpha1.Flow, p protocol.Protocol, rep *report) ([]protocol.PortRange, bool) {
	if f.Port == nil {
		if p.PortChosenBySite {
			rep.error(path+".port", v1alpha1.ReasonPortRequired,
				"%s has no port of its own; say which one this site uses, with its transport", p.Name)
			return nil, false
		}
		return p.Ports, true
	}
	if p.Layer2 {
		rep.error(path+".port", v1alpha1.ReasonTransportMismatch, "%s runs below IP and has no ports", p.Name)
		return nil, false
	}
	transports := transportsOf(p)
	if f.Transport != "" {
		own := protocol.Transport(f.Transport)
		if len(transports) > 0 && !slices.Contains(transports, own) {
			rep.error(path+".transport", v1alpha1.ReasonTransportMismatch,
				"%s runs on %v, not on %s", p.Name, transports, own)
			return nil, false
		}
		transports = []protocol.Transport{own}
	}
	if len(transports) == 0 {
		rep.error(path+".transport", v1alpha1.ReasonPortRequired, "say which transport port %d is: TCP, UDP or SCTP", *f.Port)
		return nil, false
	}
	var out []protocol.PortRange
	for _, t := range transports {
		out = append(out, portRange(f, t))
	}
	return out, true
}

func transportsOf(p protocol.Protocol) []protocol.Transport {
	var out []protocol.Transport
	for _, r := range p.Ports {
		if !slices.Contains(out, r.Transport) {
			out = append(out, r.Transport)
		}
	}
	return out
}

func portRange(f v1alpha1.Flow, t protocol.Transport) protocol.PortRange {
	first := *f.Port
	last := first
	if f.EndPort != nil {
		last = *f.EndPort
	}
	//nolint:gosec // both are bounded by wellFormed to 1..65535
	return protocol.PortRange{Transport: t, First: uint16(first), Last: uint16(last)}
}

// portsOf gathers the ports of all flows that a policy can carry out, and those
// on which both sides open flows.
func portsOf(flows []ResolvedFlow) (ports, bothWays []protocol.PortRange) {
	for _, f := range flows {
		if !f.Enforceable {
			continue
		}
		ports = append(ports, f.Ports...)
		if p, ok := protocol.Lookup(f.Protocol); ok && p.Initiator == protocol.InitiatorBoth {
			bothWays = append(bothWays, f.Ports...)
		}
	}
	return sortPorts(ports), sortPorts(bothWays)
}

func sortPorts(ports []protocol.PortRange) []protocol.PortRange {
	slices.SortFunc(ports, func(a, b protocol.PortRange) int {
		return cmp.Or(cmp.Compare(a.Transport, b.Transport), cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last))
	})
	return slices.Compact(ports)
}

// String is the flow in short: "modbus-tcp 502/TCP".
func (f ResolvedFlow) String() string {
	var parts []string
	if f.Protocol != "" {
		parts = append(parts, f.Protocol)
	}
	var ports []string
	for _, r := range f.Ports {
		ports = append(ports, FormatPorts(r))
	}
	if len(ports) > 0 {
		parts = append(parts, strings.Join(ports, ","))
	}
	return strings.Join(parts, " ")
}

// FormatPorts writes a range as "502/TCP" or "5000-5010/UDP".
func FormatPorts(r protocol.PortRange) string {
	if r.First == r.Last {
		return fmt.Sprintf("%d/%s", r.First, r.Transport)
	}
	return fmt.Sprintf("%d-%d/%s", r.First, r.Last, r.Transport)
}

// Summary is what passes through the conduit, in short.
func (c *Conduit) Summary() string {
	parts := make([]string, 0, len(c.Flows))
	for _, f := range c.Flows {
		parts = append(parts, f.String())
	}
	return strings.Join(parts, "; ")
}
