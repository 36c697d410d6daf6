// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/internal/cli/plant"
	"github.com/zonewarden/zonewarden/internal/reach"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Rule is one rule of a firewall outside the cluster.
type Rule struct {
	// Change is what is to be done: add, remove, or keep.
	Change string `json:"change"`
	// Device is the firewall that the conduit names, "" where it names none.
	Device  string `json:"device"`
	Conduit string `json:"conduit"`
	// From and To are addresses and networks, sorted.
	From  []string `json:"from"`
	To    []string `json:"to"`
	Ports string   `json:"ports"`
	// Nodes says at which end pods are: they are seen there with the addresses of their
	// nodes. "" for devices at both ends.
	Nodes string `json:"nodes,omitempty"`
}

func (r Rule) key() string {
	return strings.Join([]string{r.Device, r.Conduit, strings.Join(r.From, ","), strings.Join(r.To, ","), r.Ports, r.Nodes}, "|")
}

// nobody stands for nodes whose addresses are not known.
const theNodes = "(the cluster's nodes)"

// firewall is the table of rules that others need, with what becomes of each.
func firewall(before, after *plant.Plant) []Rule {
	was, is := rulesOf(before), rulesOf(after)
	out := []Rule{}
	has := func(list []Rule, r Rule) bool {
		return slices.ContainsFunc(list, func(o Rule) bool { return o.key() == r.key() })
	}
	for _, r := range is {
		r.Change = "keep"
		if !has(was, r) {
			r.Change = "add"
		}
		out = append(out, r)
	}
	for _, r := range was {
		if !has(is, r) {
			r.Change = "remove"
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(a.Change, b.Change), cmp.Compare(a.Device, b.Device), cmp.Compare(a.Conduit, b.Conduit), cmp.Compare(a.key(), b.key()))
	})
	return out
}

// rulesOf are the rules that a site's conduits need outside the cluster: between devices,
// and between devices and the nodes whose addresses pods have there.
func rulesOf(p *plant.Plant) []Rule {
	var out []Rule
	for _, c := range p.Model().Conduits {
		if c.Suspended || len(c.Ports) == 0 {
			continue
		}
		for _, r := range c.Responders {
			out = append(out, rulesBetween(p, c, c.Initiator, r, reach.Some(c.Ports...))...)
			if len(c.BothWays) > 0 {
				out = append(out, rulesBetween(p, c, r, c.Initiator, reach.Some(c.BothWays...))...)
			}
		}
	}
	return out
}

func rulesBetween(p *plant.Plant, c *topology.Conduit, from, to topology.End, ports reach.Ports) []Rule {
	var out []Rule
	add := func(from, to []string, nodes string) {
		if len(from) > 0 && len(to) > 0 {
			out = append(out, Rule{Device: c.External, Conduit: c.Name, From: from, To: to, Ports: ports.String(), Nodes: nodes})
		}
	}
	add(texts(from.Networks), texts(to.Networks), "")
	if len(from.Workloads) > 0 {
		add(nodes(p), texts(to.Networks), "from")
	}
	if len(to.Workloads) > 0 {
		add(texts(from.Networks), nodes(p), "to")
	}
	return out
}

func texts(networks []netip.Prefix) []string {
	out := make([]string, 0, len(networks))
	for _, n := range networks {
		if n.IsSingleIP() {
			out = append(out, n.Addr().String())
		} else {
			out = append(out, n.String())
		}
	}
	return out
}

// nodes are the addresses of the cluster's nodes.
func nodes(p *plant.Plant) []string {
	var out []string
	for _, n := range p.Nodes {
		for _, text := range n.Networks {
			if a, err := netip.ParseAddr(text); err == nil {
				out = append(out, a.String())
			}
		}
	}
	if len(out) == 0 {
		return []string{theNodes}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
