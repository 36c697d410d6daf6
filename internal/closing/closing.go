// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package closing decides which live flows end, because what admitted them was closed.
//
// The contract:
//
//   - A flow ends when the policies that stand now refuse it for sure, and those that
//     stood before did not. A flow that was refused before and lives all the same is not
//     touched: it may be of a policy that the network plugin knows and we do not yet.
//   - Only flows of a pod under a floor of ours end. What others deny is theirs.
//   - An address that changed hands is not judged: the flow of a pod that is gone says
//     nothing about the pod that has its address now.
//   - The network plugin may carry a closing out later than we see it, and a flow can
//     open in between. So flows are judged again, against what stood before, until
//     Patience is over.
//   - After a start nothing is known of before. Flows that are refused then, and still
//     are after Settling, end as well.
//
// It is pure: instants come in as arguments.
package closing

import (
	"maps"
	"net/netip"
	"strings"
	"time"

	"github.com/zonewarden/zonewarden/internal/flows"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
)

const (
	// Patience is how long flows are judged against what stood before a change. Cilium
	// takes up to 34 s by default until a pod's changed label matters.
	Patience = time.Minute
	// Settling is how long flows that are refused at a start are given.
	Settling = 10 * time.Second
	// mostPast bounds what is remembered. The oldest goes: its flows have been judged
	// most often, and those that were to end are known one by one.
	mostPast = 16
)

// Hunt remembers what was closed lately. The zero value knows of nothing.
type Hunt struct {
	past []past
	// ending are flows that were found once, by what closed them.
	ending   map[flows.Flow]closure
	suspects map[flows.Flow]bool
	settled  time.Time
	// changed is when the last change was.
	changed time.Time
}

// closure is why a flow is to end.
type closure struct {
	closed string
	until  time.Time
}

// past is what stood before a change.
type past struct {
	rules *verdict.Rules
	until time.Time
}

// Start notes a flow that is refused at a start.
func (h *Hunt) Start(f flows.Flow, now *verdict.Rules, at time.Time) {
	if !judged(f, now) {
		return
	}
	if h.suspects == nil {
		h.suspects = map[flows.Flow]bool{}
	}
	h.suspects[f] = true
	h.settled, h.changed = at.Add(Settling), at
}

// Changed notes what stood before a change.
func (h *Hunt) Changed(before *verdict.Rules, at time.Time) {
	h.past = append(h.past, past{rules: before, until: at.Add(Patience)})
	if surplus := len(h.past) - mostPast; surplus > 0 {
		h.past = append(h.past[:0], h.past[surplus:]...)
	}
	h.changed = at
}

// Next is the time until flows should be judged again, false for not before the next
// change: soon after a change, when the network plugin is about to carry it out, and
// seldom later.
func (h *Hunt) Next(at time.Time) (time.Duration, bool) {
	h.forget(at)
	if h.over() {
		return 0, false
	}
	switch age := at.Sub(h.changed); {
	case age < 100*time.Millisecond:
		return 10 * time.Millisecond, true
	case age < time.Second:
		return 50 * time.Millisecond, true
	case age < 5*time.Second:
		return 250 * time.Millisecond, true
	default:
		return time.Second, true
	}
}

// over says that there is nothing to look for.
func (h *Hunt) over() bool { return len(h.past) == 0 && len(h.ending) == 0 && len(h.suspects) == 0 }

// forget drops what is over.
func (h *Hunt) forget(at time.Time) {
	keep := h.past[:0]
	for _, p := range h.past {
		if at.Before(p.until) {
			keep = append(keep, p)
		}
	}
	clear(h.past[len(keep):])
	h.past = keep
	maps.DeleteFunc(h.ending, func(_ flows.Flow, c closure) bool { return !at.Before(c.until) })
	if len(h.suspects) > 0 && at.After(h.settled.Add(Settling)) {
		h.suspects = nil
	}
}

// Ends says whether a live flow is to end, and the names of the objects that admitted
// it before, "" where that is not known.
func (h *Hunt) Ends(f flows.Flow, now *verdict.Rules, at time.Time) (closed string, ends bool) {
	if h.over() || !judged(f, now) {
		return "", false
	}
	if c, found := h.ending[f]; found {
		return c.closed, true
	}
	for _, p := range h.past {
		if !sameHands(p.rules, now, f) {
			continue
		}
		if before := p.rules.Judge(asked(f)); before.Answer != verdict.Refused {
			if h.ending == nil {
				h.ending = map[flows.Flow]closure{}
			}
			h.ending[f] = closure{closed: names(before.By), until: p.until}
			return h.ending[f].closed, true
		}
	}
	return "", h.suspects[f] && !at.Before(h.settled)
}

// judged says that the policies refuse a flow of a pod under a floor for sure.
func judged(f flows.Flow, now *verdict.Rules) bool {
	if len(now.Floors(f.Source)) == 0 && len(now.Floors(f.Destination)) == 0 {
		return false
	}
	return now.Judge(asked(f)).Answer == verdict.Refused
}

func asked(f flows.Flow) verdict.Flow {
	return verdict.Flow{Source: f.Source, Destination: f.Destination, Transport: f.Transport, Port: f.Port}
}

// sameHands says that both addresses belong to whom they did.
func sameHands(before, now *verdict.Rules, f flows.Flow) bool {
	for _, a := range []netip.Addr{f.Source, f.Destination} {
		was, had := before.PodAt(a)
		is, has := now.PodAt(a)
		if had != has || was.Namespace != is.Namespace || was.Name != is.Name {
			return false
		}
	}
	return true
}

// names leaves out the kinds: conduits and windows are known by name.
func names(objects []string) string {
	short := make([]string, 0, len(objects))
	for _, o := range objects {
		short = append(short, o[strings.LastIndex(o, "/")+1:])
	}
	return strings.Join(short, ", ")
}
