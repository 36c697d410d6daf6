// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/logbook"
	"github.com/zonewarden/zonewarden/internal/openings"
)

// readTrail reads what the trail tells of each window. Where it is damaged nothing is known
// of it. Where it just cannot be read now, what was read last goes on to hold: an outage of
// the API server must not cut anybody, and nobody can write there meanwhile.
func (w *Windows) readTrail(ctx context.Context, p *windowPass) error {
	exist := map[types.UID]bool{}
	for _, window := range p.windows {
		exist[window.UID] = true
	}
	for _, lock := range p.allLocks {
		exist[lock.UID] = true
	}
	for _, a := range p.openings {
		exist[types.UID(a.Spec.Of.UID)] = true
	}
	w.trail.keepFor(exist)
	trails, _, err := w.trail.read(ctx)
	switch {
	case err == nil:
		w.trails, p.trails = trails, trails
	case said(err):
		p.unread = err
	case w.trails == nil:
		return fmt.Errorf("reading the audit trail: %w", err)
	default:
		p.trails, p.late = w.trails, err
	}
	return nil
}

// owed is asked with the trail that the records are appended to: what is in it by then is
// not owed any more.
func (w *Windows) owed(p *windowPass) func(map[types.UID]access.Trail, []audit.Entry) []audit.Record {
	return func(trails map[types.UID]access.Trail, entries []audit.Entry) []audit.Record {
		stamp := w.logStamp(p)
		var out []audit.Record
		for _, m := range p.matters {
			told := trails[m.window.UID].Records
			s := stamp
			s.SpecHash, s.BreakGlass = specHash(m.window.Spec), m.window.Spec.BreakGlass
			for _, r := range m.decision.Records {
				if tells(told, r) {
					continue
				}
				by := s
				if r.Kind == access.RecordRequested {
					by.Operator = string(m.window.Spec.Requester)
				}
				out = append(out, logbook.Write(r, by))
			}
		}
		out = append(out, ofDeleted(p, trails, stamp)...)
		out = append(out, logbook.Openings(entries, openingsOf(p), ofOpenings(p, stamp))...)
		return append(out, logbook.Locks(entries, locksOf(p), p.clock.Now, stamp)...)
	}
}

// tells says that a record is in the trail. Its instant tells two of one kind apart.
func tells(told []access.Record, r access.Record) bool {
	r.At = r.At.UTC()
	return slices.ContainsFunc(told, func(t access.Record) bool {
		return t.Kind == r.Kind && t.Occurrence == r.Occurrence && t.Approval == r.Approval && t.At.Equal(r.At)
	})
}

// ofDeleted are the ends of windows that are gone: what the trail tells of them is all
// that is left.
func ofDeleted(p *windowPass, trails map[types.UID]access.Trail, s logbook.Stamp) []audit.Record {
	var out []audit.Record
	for uid, trail := range trails {
		if p.knows(uid) || len(trail.Records) == 0 || trail.Records[0].Kind != access.RecordRequested {
			continue
		}
		ended := slices.ContainsFunc(trail.Records, func(r access.Record) bool { return r.Kind == access.RecordEnded && r.Occurrence == "" })
		if ended {
			continue
		}
		first := trail.Records[0]
		out = append(out, logbook.Write(access.Record{
			Kind: access.RecordEnded, Window: first.Window, UID: first.UID, Generation: first.Generation,
			At: p.clock.Now, Phase: access.Revoked, Reason: access.ReasonDeleted,
		}, s))
	}
	slices.SortFunc(out, func(a, b audit.Record) int { return slices.Compare([]byte(a.Object.UID), []byte(b.Object.UID)) })
	return out
}

func locksOf(p *windowPass) []logbook.Lock {
	var out []logbook.Lock
	for _, l := range p.allLocks {
		out = append(out, logbook.Lock{
			Name: l.Name, UID: string(l.UID), Generation: l.Generation, Created: l.CreationTimestamp.Time,
			Vendor: l.Spec.Vendor, Person: string(l.Spec.Person), Zone: l.Spec.Zone, Everything: l.Spec.Everything,
			Reason: l.Spec.Reason, By: string(l.Spec.By), SpecHash: specHash(l.Spec),
		})
	}
	return out
}

// openingsOf are what people decided on what Zones, Conduits and Assets open.
func openingsOf(p *windowPass) []logbook.Opening {
	var out []logbook.Opening
	for _, a := range p.openings {
		of := a.Spec.Of
		out = append(out, logbook.Opening{
			UID: string(a.UID), Created: a.CreationTimestamp.Time,
			Of:       audit.Object{Kind: string(of.Kind), Name: of.Name, UID: of.UID, Generation: of.Generation},
			SpecHash: strings.TrimPrefix(of.SpecHash, openings.HashPrefix), Denied: a.Spec.Decision == v1alpha1.DecisionDeny,
			By: string(a.Spec.Approver), Author: string(a.Spec.Requester), Reason: a.Spec.Reason,
		})
	}
	return out
}

// ofOpenings is the stamp with the rules for what opens.
func ofOpenings(p *windowPass, s logbook.Stamp) logbook.Stamp {
	s.PolicyHash = ""
	if p.site != nil && p.site.Spec.Openings != nil {
		s.PolicyHash = specHash(p.site.Spec.Openings)
	}
	return s
}

// logStamp is by which clock, and by which rules.
func (w *Windows) logStamp(p *windowPass) logbook.Stamp {
	s := logbook.Stamp{Operator: w.trail.operator(), Clock: w.timekeeper.stamp().Clock}
	if p.site != nil {
		s.PolicyHash = specHash(p.site.Spec.Access)
	}
	return s
}

// specHash is over the canonical JSON of a spec.
func specHash(spec any) string {
	h, err := audit.HashJSON(spec)
	if err != nil {
		return ""
	}
	return h.String()
}
