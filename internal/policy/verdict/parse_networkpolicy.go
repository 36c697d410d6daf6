// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"math"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

var (
	policyFields     = fields("podSelector", "policyTypes", "ingress", "egress")
	policyPeerFields = fields("podSelector", "namespaceSelector", "ipBlock")
	ipBlockFields    = fields("cidr", "except")
	policyRuleFields = [sides]map[string]bool{ingress: fields("from", "ports"), egress: fields("to", "ports")}
	policyTypes      = [sides]string{ingress: "Ingress", egress: "Egress"}
)

// parseNetworkPolicy reads a NetworkPolicy.
func parseNetworkPolicy(r *reader, o *object, content map[string]any, namespace string) {
	spec := r.object(content["spec"])
	subject := selector{requirements: append(r.requirements(spec["podSelector"], ofPod), namespaceIs(namespace))}
	if spec == nil || content["specs"] != nil {
		r.refuse()
	}
	if unknown(spec, policyFields) {
		o.rules = []rule{opaque(subject)}
		return
	}
	out := rule{subject: subject}
	isolated := isolates(r, spec)
	for s := range sides {
		n := policyReader{reader: r, namespace: namespace, side: s}
		entries := n.entries(r.list(spec[allowSections[s]]))
		limit := known(isolated[s])
		if len(entries) > 0 {
			// Rules of a direction that the types leave out: to the API they are
			// nothing, to Cilium they count.
			limit = limit.or(maybe)
		}
		for i := range entries {
			entries[i].limit = entries[i].limit.and(limit)
		}
		out.sides[s] = section{denies: limit, allow: entries}
	}
	o.rules = []rule{out}
}

// isolates says in which directions the policy isolates. Where it does not say so
// itself, the API server does, in this way.
func isolates(r *reader, spec map[string]any) [sides]bool {
	types := r.texts(spec["policyTypes"])
	if len(types) == 0 {
		return [sides]bool{ingress: true, egress: len(r.list(spec["egress"])) > 0}
	}
	var out [sides]bool
	for _, t := range types {
		switch t {
		case policyTypes[ingress]:
			out[ingress] = true
		case policyTypes[egress]:
			out[egress] = true
		default:
			r.refuse()
		}
	}
	return out
}

// policyReader reads the rules of one direction.
type policyReader struct {
	*reader
	namespace string
	side      side
}

func (n policyReader) entries(list []any) []entry {
	var out []entry
	for _, v := range list {
		m := n.object(v)
		e := entry{limit: yes, ports: n.ports(n.list(m["ports"]))}
		from := n.list(m[directions[n.side]])
		if len(from) == 0 {
			e.peers.reach = everywhere
		}
		for _, p := range from {
			n.peer(&e.peers, n.object(p))
		}
		if unknown(m, policyRuleFields[n.side]) {
			e = entry{limit: maybe, peers: peers{reach: everywhere}, ports: ports{any: true}}
		}
		out = append(out, e)
	}
	return out
}

func (n policyReader) peer(out *peers, m map[string]any) {
	pods, namespaces, network := m["podSelector"], m["namespaceSelector"], n.object(m["ipBlock"])
	switch {
	case unknown(m, policyPeerFields) || unknown(network, ipBlockFields):
		out.reach = out.reach.or(anywhere)
	case (pods != nil || namespaces != nil) == (network != nil):
		n.refuse() // the API server takes one of them
	case network != nil:
		out.blocks = append(out.blocks, n.block(network))
	default:
		s := selector{requirements: n.requirements(pods, ofPod)}
		if namespaces != nil {
			s.requirements = append(s.requirements, n.requirements(namespaces, ofNamespace)...)
		} else {
			s.requirements = append(s.requirements, namespaceIs(n.namespace))
		}
		out.selectors, out.hosted = append(out.selectors, s), true
	}
}

func (n policyReader) block(m map[string]any) block {
	var ok bool
	var out block
	if out.network, ok = prefixOf(n.text(m["cidr"])); !ok {
		n.refuse()
	}
	for _, e := range n.texts(m["except"]) {
		p, ok := prefixOf(e)
		if !ok {
			n.refuse()
		}
		out.except = append(out.except, p)
	}
	return out
}

func (n policyReader) ports(list []any) ports {
	if len(list) == 0 {
		return ports{any: true}
	}
	var out ports
	for _, v := range list {
		out.ranges = append(out.ranges, n.port(n.object(v)))
	}
	return out
}

func (n policyReader) port(m map[string]any) portRange {
	t := tcp
	if name := n.text(m["protocol"]); name != "" {
		t = transportOf(protocol.Transport(name))
	}
	_, named := m["port"].(string)
	switch {
	case unknown(m, portFields) || t == 0 || m["port"] == nil && m["endPort"] != nil:
		return everyPort(allTransports, maybe)
	case named:
		return everyPort(t, maybe) // a name of a port in the pod's own spec
	case m["port"] == nil:
		return everyPort(t, yes)
	}
	first := n.number(m["port"])
	if first < 1 || first > math.MaxUint16 {
		n.refuse()
	}
	return numbered(t, first, n.number(m["endPort"]), yes)
}
