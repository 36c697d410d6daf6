// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"maps"
	"slices"
	"time"

	"github.com/zonewarden/zonewarden/internal/wall"
)

// RecordKind is what a record of the audit trail tells.
type RecordKind string

// Kinds of records.
const (
	// RecordRequested: the window was asked for.
	RecordRequested RecordKind = "Requested"
	// RecordDecided: a person decided, whether or not it counts.
	RecordDecided RecordKind = "Decided"
	// RecordOpened: an occurrence is let in.
	RecordOpened RecordKind = "Opened"
	// RecordClosed: an occurrence is held for now, and may be let in again.
	RecordClosed RecordKind = "Closed"
	// RecordEnded: an occurrence is over for good, or the window as a whole.
	RecordEnded RecordKind = "Ended"
	// RecordReviewed: another person looked at what was opened without approval.
	RecordReviewed RecordKind = "Reviewed"
)

// Due is when a record has to be in the trail.
type Due bool

// When records are due. Taking away never waits for a record.
const (
	AtOnce        Due = false
	BeforeOpening Due = true
)

// Record is an entry of the audit trail that is about one window.
type Record struct {
	Kind       RecordKind
	Window     string
	UID        string
	Generation int64
	// Occurrence is its key. "" is the only one of a window that does not recur, and in
	// a record of an end the window as a whole.
	Occurrence string
	At         time.Time
	Phase      Phase
	Reason     Reason
	// Approval is the UID of the one that is told of, By who gave it.
	Approval, By string
	Verdict      Verdict
	Until        time.Time
	Due          Due
}

// Trail is what the audit trail tells of a window, in its order. Records of other
// windows in it, also of those that had the name before, tell nothing.
type Trail struct {
	// Known says that it could be read, all of it.
	Known   bool
	Records []Record
}

// history is what a trail tells of one window.
type history struct {
	// final is how the window ended.
	final *Record
	// ended are occurrences that are over for good, last the latest of them.
	ended map[string]bool
	last  string
	// open are the occurrences that are let in, opened those that ever were.
	open                map[string]Record
	opened              map[string]bool
	decided             map[string]bool
	requested, reviewed bool
}

func read(t Trail, w Window) history {
	h := history{
		ended: map[string]bool{}, open: map[string]Record{},
		opened: map[string]bool{}, decided: map[string]bool{},
	}
	for _, r := range t.Records {
		if r.UID == w.UID {
			h.note(r)
		}
	}
	return h
}

func (h *history) note(r Record) {
	switch r.Kind {
	case RecordRequested:
		h.requested = true
	case RecordDecided:
		h.decided[r.Approval] = true
	case RecordReviewed:
		h.reviewed = true
	case RecordOpened:
		h.open[r.Occurrence], h.opened[r.Occurrence] = r, true
	case RecordClosed:
		delete(h.open, r.Occurrence)
	case RecordEnded:
		delete(h.open, r.Occurrence)
		h.end(r)
	}
}

// end notes the first end: a second one does not change how it was.
func (h *history) end(r Record) {
	if r.Occurrence != "" {
		h.ended[r.Occurrence] = true
		if _, err := time.Parse(wall.KeyLayout, r.Occurrence); err == nil {
			h.last = max(h.last, r.Occurrence)
		}
		return
	}
	if h.final == nil {
		h.final = &r
	}
}

// owed are the records that a verdict owes to the trail.
func (m *matter) owed(v verdict) []Record {
	var out []Record
	if !m.past.requested {
		out = append(out, m.record(RecordRequested, "", v))
	}
	out = append(out, m.decisions()...)
	out = append(out, m.endings(v)...)
	if v.grant != nil && !m.isOpen(v.occ.Key) {
		r := m.record(RecordOpened, v.occ.Key, v)
		r.Due, r.Until = BeforeOpening, v.grant.Until
		out = append(out, r)
	}
	if m.votes.review != nil && m.reviewable(v) && !m.past.reviewed {
		r := m.record(RecordReviewed, "", v)
		r.Approval, r.By, r.Verdict = m.votes.review.UID, m.votes.review.Approver, Approve
		out = append(out, r)
	}
	return out
}

func (m *matter) record(kind RecordKind, occurrence string, v verdict) Record {
	return Record{
		Kind: kind, Window: m.f.Window.Name, UID: m.f.Window.UID, Generation: m.f.Window.Generation,
		Occurrence: occurrence, At: m.now, Phase: v.phase, Reason: v.reason,
	}
}

// decisions that the trail does not tell of. Attempts that do not count are told as
// well, once they are about this very window.
func (m *matter) decisions() []Record {
	var out []Record
	for _, a := range m.f.Approvals {
		if a.Of.UID != m.f.Window.UID || a.Created.After(m.now) || m.past.decided[a.UID] {
			continue
		}
		r := m.record(RecordDecided, "", verdict{})
		r.Approval, r.By, r.Verdict = a.UID, a.Approver, a.Decision
		for _, i := range m.votes.ignored {
			if i.Approval == a.Name {
				r.Reason = i.Reason
			}
		}
		for _, s := range m.votes.says {
			if s.Approval == a.Name {
				r.Until = s.Until
			}
		}
		out = append(out, r)
	}
	return out
}

// endings are the records of what is over, and of what is held.
func (m *matter) endings(v verdict) []Record {
	out := m.overdue(v)
	tells := func(key string) bool {
		return slices.ContainsFunc(out, func(r Record) bool { return r.Occurrence == key || r.Occurrence == "" })
	}
	for _, key := range v.ends {
		if !tells(key) {
			as := v
			if key != "" {
				as.phase = v.endsAs
			}
			out = append(out, m.record(RecordEnded, key, as))
		}
	}
	if m.past.final != nil {
		return out
	}
	for _, key := range slices.Sorted(maps.Keys(m.past.open)) {
		if granted := v.grant != nil && key == v.occ.Key; !granted && !tells(key) {
			out = append(out, m.record(RecordClosed, key, v))
		}
	}
	return out
}

// overdue are the records of occurrences that passed. A window that ends otherwise has
// none: how it ended tells of them.
func (m *matter) overdue(v verdict) []Record {
	if slices.Contains(v.ends, "") && v.phase != Expired {
		return nil
	}
	var out []Record
	for _, o := range m.backlog {
		reason := ReasonMissed
		if m.past.opened[o.Key] {
			reason = ReasonEndReached
		}
		out = append(out, m.record(RecordEnded, o.Key, verdict{phase: Expired, reason: reason}))
	}
	return out
}
