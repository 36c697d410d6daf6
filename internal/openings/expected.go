// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package openings

import (
	"github.com/zonewarden/zonewarden/internal/topology"
)

// expected are pods as the models may come to have them where they differ: of each kind that
// a label which any selector names can make, in each namespace, at the ends of each conduit
// and in each zone that is another in the one than in the other. There are two of each,
// because one by itself has nobody to speak with.
//
// An end that takes in more than before takes in a pod that differs by one label from some
// pod that it took in before: so it is found, unless several conduits with other ends let the
// same pass, and the pods that none of them takes in differ by two labels.
func expected(before, after *topology.Model) []topology.Pod {
	values := topology.LabelValues{}
	var entries []topology.Workloads
	for _, pair := range [][2]*topology.Model{{before, after}, {after, before}} {
		m, other := pair[0], pair[1]
		for _, z := range m.Zones {
			add(values, z.Workloads)
			if o := other.Zone(z.Name); o == nil || o.Fingerprint != z.Fingerprint {
				entries = append(entries, z.Workloads...)
			}
		}
		others := map[string]string{}
		for _, c := range other.Conduits {
			others[c.Name] = c.Fingerprint
		}
		for _, c := range m.Conduits {
			ends := entriesAt(c)
			add(values, ends)
			if others[c.Name] != c.Fingerprint {
				entries = append(entries, ends...)
			}
		}
	}
	var out []topology.Pod
	for _, w := range entries {
		for _, pod := range w.Kinds(values) {
			for _, pod.Name = range []string{"(any pod)", "(another pod)"} {
				out = append(out, pod)
			}
		}
	}
	return out
}

func add(values topology.LabelValues, entries []topology.Workloads) {
	for _, w := range entries {
		values.Add(w)
	}
}

// entriesAt are those of all ends of a conduit.
func entriesAt(c *topology.Conduit) []topology.Workloads {
	out := append([]topology.Workloads{}, c.Initiator.Workloads...)
	for _, r := range c.Responders {
		out = append(out, r.Workloads...)
	}
	return out
}
