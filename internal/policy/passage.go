// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Window is what an open window lets pass, as a backend compiles it. It is like a conduit,
// but its ports belong to each passage, and its objects are namespaced so that the fuse of
// their namespace can own them.
type Window struct {
	// Name of the objects, one in each namespace or one for each set of pods there.
	Name string
	// Home is the namespace of the window's own pod. What is not let pass there is denied,
	// here as well as by the default deny of the namespace; everywhere else nothing is.
	Home     string
	Passages []Passage
}

// Passage is what may be opened from one side to another.
type Passage struct {
	From, To Side
	// Ports at To.
	Ports []protocol.PortRange
}

// Side is one side of a passage.
type Side struct {
	Workloads []topology.Workloads
	Networks  []netip.Prefix
	// Held are those of the workloads that need to be allowed on their own side, because
	// a floor holds them, or those of the window's home.
	Held []topology.Workloads
}

// empty says that nothing is meant; a rule without peers would mean everybody.
func (s Side) empty() bool { return len(s.Workloads) == 0 && len(s.Networks) == 0 }

// Place is pods of one namespace with the passages that they are a side of.
type Place struct {
	Namespace string
	// Pods of the namespace; empty for all.
	Pods *metav1.LabelSelector
	// In are passages that lead to these pods, Out those that lead away.
	In, Out []Passage
}

// Places returns where a window's passages need to be allowed, sorted by namespace and
// pods. Workloads without a namespace are a programming error and panic.
func (w Window) Places() []Place {
	all := places{}
	for _, p := range w.Passages {
		if p.From.empty() || p.To.empty() || len(p.Ports) == 0 {
			continue
		}
		all.at(p.From.Held, func(place *Place) { place.Out = append(place.Out, p) })
		all.at(p.To.Held, func(place *Place) { place.In = append(place.In, p) })
	}
	out := make([]Place, 0, len(all))
	for _, place := range all {
		out = append(out, *place)
	}
	slices.SortFunc(out, func(a, b Place) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(selectorKey(a.Pods), selectorKey(b.Pods)))
	})
	return out
}

// places are those of a window by namespace and pods.
type places map[string]*Place

// at adds something at each place of some pods, once.
func (all places) at(entries []topology.Workloads, add func(*Place)) {
	seen := map[string]bool{}
	for _, entry := range entries {
		if len(entry.Namespaces) == 0 && entry.NamespaceSelector == nil {
			panic("workloads entry without a namespace part: it would select every pod of the cluster")
		}
		pods := topology.And(entry.PodSelectors...)
		for _, namespace := range entry.Matching {
			key := namespace + "/" + selectorKey(pods)
			if seen[key] {
				continue
			}
			seen[key] = true
			if all[key] == nil {
				all[key] = &Place{Namespace: namespace, Pods: pods}
			}
			add(all[key])
		}
	}
}

// selectorKey tells selectors apart.
func selectorKey(s *metav1.LabelSelector) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("encoding a label selector: %v", err)) // strings only
	}
	return string(raw)
}
