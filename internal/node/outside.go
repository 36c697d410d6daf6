// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/flows"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
)

const (
	// looksOutside is how often the live flows are looked through for addresses that
	// nothing declares.
	looksOutside = time.Minute
	// remembersOutside is how long a flow is reported after it was seen last: one that
	// comes every few minutes must not come and go in the report.
	remembersOutside = 15 * time.Minute
	// mostOutside flows that a report lists, and that are remembered.
	mostOutside           = 64
	mostOutsideRemembered = 1024
)

// outsiders are the flows with addresses that nothing declares, by what is reported of
// them: ports that the opener chose do not count.
type outsiders map[v1alpha1.OutsideFlow]sightings

type sightings struct{ first, last time.Time }

// note notes a flow that is there now.
func (o outsiders) note(f v1alpha1.OutsideFlow, at time.Time) {
	seen, known := o[f]
	switch {
	case known:
		seen.last = at
	case len(o) >= mostOutsideRemembered:
		return
	default:
		seen = sightings{at, at}
	}
	o[f] = seen
}

// forget drops what is over, and what is declared by now.
func (o outsiders) forget(at time.Time, declared func(v1alpha1.OutsideFlow) bool) {
	for f, seen := range o {
		if at.Sub(seen.last) >= remembersOutside || declared(f) {
			delete(o, f)
		}
	}
}

// list is what is reported: those known longest, so that a new one takes no other's
// place; and whether there are more.
func (o outsiders) list() (list []v1alpha1.OutsideFlow, more bool) {
	for f := range o {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b v1alpha1.OutsideFlow) int {
		return cmp.Or(o[a].first.Compare(o[b].first), cmp.Compare(a.Pod, b.Pod), cmp.Compare(a.Direction, b.Direction),
			cmp.Compare(a.Address, b.Address), cmp.Compare(a.Port, b.Port))
	})
	return list[:min(len(list), mostOutside)], len(list) > mostOutside
}

// watchOutside looks for flows with addresses that nothing declares, at each interval,
// until the context ends.
func (a *Agent) watchOutside(ctx context.Context) error {
	tick := a.clock.NewTicker(looksOutside)
	defer tick.Stop()
	known := outsiders{}
	for {
		if err := a.lookOutside(ctx, known); err != nil && ctx.Err() == nil {
			a.log.Error(err, "looking for flows with addresses that nothing declares")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C():
		}
	}
}

func (a *Agent) lookOutside(ctx context.Context, known outsiders) error {
	var node corev1.Node
	if err := a.cache.Get(ctx, client.ObjectKey{Name: a.Node}, &node); err != nil {
		return fmt.Errorf("reading node %s: %w", a.Node, err)
	}
	table, err := a.table()
	if err != nil {
		return nil //nolint:nilerr // the report says it, see setTable
	}
	err = known.look(ctx, table, a.rules.Load(), podRanges(&node), a.clock.Now())
	if a.report.setOutside(known.list()) {
		poke(a.due)
	}
	return err
}

// look goes through the live flows of a node.
func (o outsiders) look(ctx context.Context, table flows.Table, rules *verdict.Rules, ranges []netip.Prefix, at time.Time) error {
	err := table.Flows(ctx, func(f flows.Flow) bool {
		if found, is := outsideFlow(f, rules, ranges); is {
			o.note(found, at)
		}
		return true
	})
	o.forget(at, func(f v1alpha1.OutsideFlow) bool {
		address, err := netip.ParseAddr(f.Address)
		return err != nil || rules.Named(address)
	})
	return err
}

// outsideFlow is a flow as it is reported, false for one that is not: no end is a pod
// of a zone, or no end is an address that nothing declares.
func outsideFlow(f flows.Flow, rules *verdict.Rules, ranges []netip.Prefix) (v1alpha1.OutsideFlow, bool) {
	pod, address, direction := f.Source, f.Destination, v1alpha1.FlowOut
	if _, ok := rules.PodAt(pod); !ok {
		pod, address, direction = address, pod, v1alpha1.FlowIn
	}
	p, ok := rules.PodAt(pod)
	if !ok || !rules.Outside(address) || rules.Named(address) || len(rules.Zones(pod)) == 0 ||
		slices.ContainsFunc(ranges, func(n netip.Prefix) bool { return n.Contains(address) }) {
		return v1alpha1.OutsideFlow{}, false
	}
	return v1alpha1.OutsideFlow{
		Pod: p.Namespace + "/" + p.Name, Direction: direction, Address: address.String(), Port: portOf(f),
	}, true
}

// podRanges are the node's: the network plugin itself has addresses there.
func podRanges(n *corev1.Node) []netip.Prefix {
	var out []netip.Prefix
	for _, cidr := range n.Spec.PodCIDRs {
		if p, err := netip.ParsePrefix(cidr); err == nil {
			out = append(out, p)
		}
	}
	return out
}
