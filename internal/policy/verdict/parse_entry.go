// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

var (
	portRuleFields = fields("ports")
	portFields     = fields("port", "endPort", "protocol")
	cidrFields     = fields("cidr", "cidrGroupRef", "cidrGroupSelector", "except")
)

// entryFields are the fields of an entry: peers with the direction before them.
var entryFields = [sides]map[string]bool{
	ingress: fields("toPorts", "icmps", "authentication", "fromEndpoints", "fromCIDR", "fromCIDRSet",
		"fromEntities", "fromGroups", "fromNodes", "fromRequires"),
	egress: fields("toPorts", "icmps", "authentication", "toEndpoints", "toCIDR", "toCIDRSet",
		"toEntities", "toGroups", "toNodes", "toRequires", "toServices", "toFQDNs"),
}

var directions = [sides]string{ingress: "from", egress: "to"}

// nodes are peers chosen among nodes, of which one may not be in the list.
var nodes = reach{atNode: maybe, outside: maybe, unsure: maybe}

// entities are those that can be told by the kind of place. What is outside may be
// in the cluster for Cilium: the API server, or an address of Cilium's own.
var entities = map[string]reach{
	"all":          everywhere,
	"cluster":      {atPod: yes, atNode: yes, outside: maybe, unsure: maybe},
	"cluster-mesh": {atPod: yes, atNode: yes, outside: maybe, unsure: maybe},
	"world":        {outside: yes, unsure: maybe},
	"host":         {atNode: maybe, unsure: maybe},
	"remote-node":  {atNode: maybe, unsure: maybe},
	"none":         {},
}

func (c ciliumReader) entries(list []any, s side) []entry {
	var out []entry
	for _, e := range list {
		m := c.object(e)
		if unknown(m, entryFields[s]) {
			out = append(out, entry{limit: maybe, peers: peers{reach: everywhere}, ports: ports{any: true}})
			continue
		}
		if e, ok := c.entry(m, s); ok {
			out = append(out, e)
		}
	}
	return out
}

// entry reads one entry, and returns false for one that matches nothing.
func (c ciliumReader) entry(m map[string]any, s side) (entry, bool) {
	out := entry{limit: yes}
	if a := c.object(m["authentication"]); a != nil && a["mode"] != "disabled" {
		out.limit = maybe
	}
	if m[directions[s]+"Requires"] != nil {
		out.limit = maybe // it once narrowed, and now is refused
	}
	peers, given, nobody := c.peers(m, s)
	portRules, icmps := c.list(m["toPorts"]), c.list(m["icmps"])
	switch {
	case len(portRules) > 0 && len(icmps) > 0:
		c.refuse() // the agent takes one of them
	case nobody || len(icmps) > 0 || !given && len(portRules) == 0:
		return entry{}, false // no peer, or no transport with ports
	}
	out.peers, out.ports = peers, c.ports(portRules)
	if !given {
		out.peers.reach = everywhere
	}
	return out, true
}

// peerKind is a kind of peer in an entry.
type peerKind struct {
	name string
	// none means that an empty list stands for nobody; without it, for no list.
	none bool
	read func(ciliumReader, *peers, any)
}

var peerKinds = []peerKind{
	{"Endpoints", true, func(c ciliumReader, p *peers, v any) { p.selectors = append(p.selectors, c.selector(v)) }},
	{"Entities", true, func(c ciliumReader, p *peers, v any) { p.reach = p.reach.or(entityOf(c.text(v))) }},
	{"CIDR", true, func(c ciliumReader, p *peers, v any) { p.blocks = append(p.blocks, c.block(c.text(v))) }},
	{"CIDRSet", true, func(c ciliumReader, p *peers, v any) { p.blocks = append(p.blocks, c.cidrRule(c.object(v))) }},
	{"Nodes", true, func(_ ciliumReader, p *peers, _ any) { p.reach = p.reach.or(nodes) }},
	// These are resolved to addresses or pods, which cannot be told from here.
	{"Groups", false, func(_ ciliumReader, p *peers, _ any) { p.reach = p.reach.or(anywhere) }},
	{"FQDNs", false, func(_ ciliumReader, p *peers, _ any) { p.reach = p.reach.or(anywhere) }},
	{"Services", false, func(_ ciliumReader, p *peers, _ any) { p.reach = p.reach.or(anywhere) }},
}

func entityOf(name string) reach {
	if r, ok := entities[name]; ok {
		return r
	}
	return anywhere
}

// peers reads the peers of an entry, says whether any are given, and whether an
// empty list says that there are none.
func (c ciliumReader) peers(m map[string]any, s side) (out peers, given, nobody bool) {
	for _, k := range peerKinds {
		v := m[directions[s]+k.name]
		list := c.list(v)
		if len(list) == 0 {
			nobody = nobody || k.none && v != nil
			continue
		}
		if given {
			c.refuse() // the agent takes one kind of peer an entry
		}
		given = true
		for _, p := range list {
			k.read(c, &out, p)
		}
	}
	return out, given, nobody
}

func (c ciliumReader) block(cidr string) block {
	p, ok := prefixOf(cidr)
	if !ok {
		c.refuse()
	}
	return block{network: p}
}

func (c ciliumReader) cidrRule(m map[string]any) block {
	cidr, group := c.text(m["cidr"]), c.text(m["cidrGroupRef"])
	switch {
	case unknown(m, cidrFields) || m["cidrGroupSelector"] != nil:
		return block{doubt: true}
	case (cidr == "") == (group == ""):
		c.refuse() // the agent takes one of them
		return block{}
	}
	out := block{group: group}
	if group == "" {
		out = c.block(cidr)
	}
	for _, e := range c.texts(m["except"]) {
		p, ok := prefixOf(e)
		if !ok {
			c.refuse()
		}
		out.except = append(out.except, p)
	}
	return out
}

func (c ciliumReader) ports(rules []any) ports {
	if len(rules) == 0 {
		return ports{any: true}
	}
	var out ports
	for _, v := range rules {
		m := c.object(v)
		limit := yes
		if unknown(m, portRuleFields) {
			limit = maybe // layer 7, TLS or a proxy decides further
		}
		list := c.list(m["ports"])
		if len(list) == 0 {
			out.ranges = append(out.ranges, everyPort(allTransports, maybe))
		}
		for _, p := range list {
			out.ranges = append(out.ranges, c.port(c.object(p), limit))
		}
	}
	return out
}

func (c ciliumReader) port(m map[string]any, limit truth) portRange {
	if unknown(m, portFields) {
		return everyPort(allTransports, maybe)
	}
	t, sure := ciliumTransports(c.text(m["protocol"]))
	return ciliumPort(c.text(m["port"]), c.number(m["endPort"]), t, limit.and(sure))
}
