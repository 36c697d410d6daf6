// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// mostEnds of one side of a conduit that its flows are tried with.
const mostEnds = 24

// cuts looks at the conduits that policies of others may refuse something of.
func (j *judging) cuts(m *topology.Model, r *reach) {
	if len(r.refuses) == 0 {
		return
	}
	zones, refusing := map[*topology.Zone][]int{}, map[*topology.Zone]bool{}
	for i := range j.sample.classes {
		z := j.sample.classes[i].zone
		zones[z] = append(zones[z], i)
		refusing[z] = refusing[z] || r.refuses[i]
	}
	for _, c := range m.Conduits {
		concerned := refusing[c.Initiator.Zone] ||
			slices.ContainsFunc(c.Responders, func(e topology.End) bool { return refusing[e.Zone] })
		if !concerned {
			continue
		}
		k := cut{judging: j, conduit: c, zones: zones, refuses: r.refuses, most: min(j.looks+mostLooks, mostLooksAll)}
		k.look()
		switch {
		case k.by != "":
			j.out.blocked[c.Name] = k.by
		case k.left:
			j.out.add(c.Initiator.Zone, v1alpha1.ReasonNotLookedAt, "conduit "+c.Name)
		}
	}
}

// cut looks for a flow of one conduit that is refused.
type cut struct {
	*judging
	conduit *topology.Conduit
	zones   map[*topology.Zone][]int
	refuses map[int]bool
	// most that the looks may come to.
	most int
	// by says what is refused and by whom, "" for nothing.
	by string
	// left says that something was not looked at.
	left bool
}

// end is a part of one end of a conduit: a pod, or a network of devices.
type end struct {
	pod     netip.Addr
	network netip.Prefix
	// refused says that somebody may refuse something at the pod.
	refused bool
}

func (k *cut) look() {
	from := k.ends(k.conduit.Initiator)
	for _, responder := range k.conduit.Responders {
		to := k.ends(responder)
		for _, a := range from {
			for _, b := range to {
				if a.refused || b.refused {
					k.between(a, b)
				}
			}
		}
	}
}

// between tries the flows of two parts, one of which is a pod at least.
func (k *cut) between(a, b end) {
	for _, from := range k.addresses(a, b) {
		for _, to := range k.addresses(b, a) {
			if from.Is4() == to.Is4() && from != to {
				k.pair(from, to, k.conduit.Ports)
				k.pair(to, from, k.conduit.BothWays)
			}
		}
	}
}

// addresses of a part that the rules at the other part tell apart.
func (k *cut) addresses(of, beside end) []netip.Addr {
	if of.pod.IsValid() {
		return []netip.Addr{of.pod}
	}
	out, all := k.all.Addresses(beside.pod, of.network)
	k.left = k.left || !all
	return out
}

// ends are the parts of an end, those first where somebody may refuse something.
func (k *cut) ends(e topology.End) []end {
	var out, others []end
	for _, i := range k.zones[e.Zone] {
		c := &k.sample.classes[i]
		if !slices.ContainsFunc(e.Workloads, func(w topology.Workloads) bool { return w.Selects(*c.pod) }) {
			continue
		}
		for _, a := range c.addresses {
			if k.refuses[i] {
				out = append(out, end{pod: a, refused: true})
			} else {
				others = append(others, end{pod: a})
			}
		}
	}
	k.left = k.left || max(len(out), len(others), len(e.Networks)) > mostEnds
	out = append(out[:min(len(out), mostEnds)], others[:min(len(others), mostEnds)]...)
	for _, n := range e.Networks[:min(len(e.Networks), mostEnds)] {
		out = append(out, end{network: n})
	}
	return out
}

// pair tries one flow for each run of ports.
func (k *cut) pair(from, to netip.Addr, ports []protocol.PortRange) {
	for _, r := range ports {
		f := verdict.Flow{Source: from, Destination: to, Transport: r.Transport}
		for _, port := range k.all.Ports(f, r.First, r.Last) {
			if k.by != "" {
				return
			}
			if k.looks > k.most {
				k.left = true
				return
			}
			f.Port = port
			k.try(f)
		}
	}
}

func (k *cut) try(f verdict.Flow) {
	before := k.ours.Opinion(f)
	k.looks += 1 + before.Looks
	if before.Answer != verdict.Admitted {
		return
	}
	after := k.all.Opinion(f)
	k.looks += after.Looks
	if after.Answer != verdict.Refused {
		return
	}
	var names []string
	for _, name := range k.all.Judge(f).By {
		if slices.ContainsFunc(k.objects, func(o *foreignObject) bool { return o.Name() == name }) {
			names = append(names, name)
		}
	}
	k.by = fmt.Sprintf("%s refuses %s", strings.Join(names, " and "), k.describe(f))
}
