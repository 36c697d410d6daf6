// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zonewarden/zonewarden/internal/wall"
)

// matter is everything that is known of one window, worked out.
type matter struct {
	f    Facts
	now  time.Time
	site Site

	past  history
	times times
	votes votes
	// occ is the occurrence in question, left says that there is one.
	occ  wall.Occurrence
	left bool
	// armed is until when it is armed, zero for not. turns are the ends of all arms.
	armed   time.Time
	armedBy string
	turns   []time.Time
	// backlog are occurrences that are over and have no record of it, more says that
	// there are still more.
	backlog []wall.Occurrence
	more    bool

	refused, unresolved []Refusal
}

// verdict is what is found to hold.
type verdict struct {
	phase          Phase
	reason         Reason
	field, message string
	occ            wall.Occurrence
	grant          *Grant
	// ends are the occurrences that end for good, as endsAs.
	ends   []string
	endsAs Phase
}

// whole is what ends when the window does: also that of one without occurrences.
var whole = []string{""}

// Decide says where a window stands, what may be granted, what is owed to the audit
// trail, and when to ask again.
func Decide(f Facts) Decision {
	m := consider(f)
	return m.decision(m.verdict())
}

func consider(f Facts) *matter {
	m := &matter{f: f, now: f.Clock.Now}
	if f.Site != nil {
		m.site = *f.Site
	}
	m.past = read(f.Trail, f.Window)
	m.times = m.readTimes()
	m.count()
	m.choose()
	m.arm()
	m.judge()
	if m.times.recurs != nil && f.Clock.MayExpire && m.past.final == nil {
		m.backlog, m.more = m.times.recurs.over(m.past.last, m.now)
	}
	return m
}

// verdict asks one question after the other; the first that has an answer decides. The
// order is the contract: what ends for good comes before what holds for now, and every
// reason against before the grant.
func (m *matter) verdict() verdict {
	for _, ask := range []func() (verdict, bool){
		m.settled, m.closed, m.over, m.locked, m.wrong, m.unapproved,
		m.waiting, m.unarmed, m.untrusted, m.idle,
	} {
		if v, decides := ask(); decides {
			v.occ = m.occ
			if v.message == "" {
				v.message = v.reason.Sentence()
			}
			return v
		}
	}
	return m.open()
}

// settled: the trail tells of the end.
func (m *matter) settled() (verdict, bool) {
	final := m.past.final
	if final == nil {
		return verdict{}, false
	}
	v := verdict{phase: final.Phase, reason: final.Reason}
	if !v.phase.Terminal() || v.reason.Sentence() == "" {
		v = verdict{phase: Revoked, reason: ReasonUnknownRecordedAs}
	}
	return v, true
}

// closed: something ends the window whatever else holds.
func (m *matter) closed() (verdict, bool) {
	v := verdict{phase: Revoked, ends: whole}
	switch {
	case m.unrecorded():
		v.reason = ReasonNoAuditRecord
	case m.f.Window.Deleted:
		v.reason, v.field = ReasonDeleted, "metadata.deletionTimestamp"
	case m.votes.revoke != nil:
		v.reason = ReasonRevoked
		v.message = fmt.Sprintf("revoked by %s, Approval %s", m.votes.revoke.Approver, m.votes.revoke.Name)
	case m.votes.deny != nil:
		v.reason = ReasonDenied
		v.message = fmt.Sprintf("denied by %s, Approval %s", m.votes.deny.Approver, m.votes.deny.Name)
		if len(m.past.opened) == 0 {
			v.phase = Denied
		}
	case m.f.ReplacedBy != "":
		v.reason = ReasonReplaced
		v.message = fmt.Sprintf("window %s took its place", m.f.ReplacedBy)
	default:
		return verdict{}, false
	}
	return v, true
}

// unrecorded says that something stands whose opening the trail does not tell of.
func (m *matter) unrecorded() bool {
	return m.f.Trail.Known && slices.ContainsFunc(m.f.Standing, func(key string) bool { return !m.past.opened[key] })
}

// over: its time has passed, whether or not it was ever open.
func (m *matter) over() (verdict, bool) {
	if len(m.times.refused) > 0 || m.left || !m.f.Clock.MayExpire {
		return verdict{}, false
	}
	v := verdict{phase: Expired, reason: ReasonMissed}
	if len(m.past.opened) > 0 {
		v.reason = ReasonEndReached
	}
	if !m.more { // the window ends when all of it is told
		v.ends = whole
	}
	return v, true
}

// locked: a lock holds it. One that is open under a lock ends by it; one that is not
// goes on when the lock is lifted.
func (m *matter) locked() (verdict, bool) {
	l, what := m.lock()
	if what == "" {
		return verdict{}, false
	}
	v := verdict{phase: Locked, reason: ReasonLocked, message: fmt.Sprintf("AccessLock %s holds %s", l.Name, what)}
	for _, key := range slices.Sorted(maps.Keys(m.past.opened)) {
		if !m.past.ended[key] && (m.isOpen(key) || slices.Contains(m.f.Standing, key)) {
			v.ends, v.endsAs = append(v.ends, key), Revoked
		}
	}
	if slices.Contains(v.ends, "") {
		v.phase = Revoked
	}
	return v, true
}

func (m *matter) isOpen(key string) bool {
	_, open := m.past.open[key]
	return open
}

// wrong: something is wrong with the window, or with what it names.
func (m *matter) wrong() (verdict, bool) {
	for _, r := range [][]Refusal{m.refused, m.unresolved} {
		if len(r) > 0 {
			return verdict{phase: Requested, reason: r[0].Reason, field: r[0].Field, message: r[0].Message}, true
		}
	}
	return verdict{}, false
}

func (m *matter) unapproved() (verdict, bool) {
	if m.votes.approved {
		return verdict{}, false
	}
	var who []string
	for _, s := range m.votes.says {
		if s.Verdict == Approve && !slices.Contains(who, s.Approver) {
			who = append(who, s.Approver)
		}
	}
	v := verdict{phase: Requested, reason: ReasonNeedsApproval}
	if len(who) >= m.votes.needs {
		v.reason = ReasonApprovalLapsed
		return v, true
	}
	v.message = fmt.Sprintf("%d of %d persons approved", len(who), m.votes.needs)
	if len(who) > 0 {
		v.message += ": " + strings.Join(who, ", ")
	}
	return v, true
}

// waiting: no occurrence is on, or the one that is was ended.
func (m *matter) waiting() (verdict, bool) {
	switch {
	case !m.left:
		return verdict{phase: Approved, reason: ReasonClockUntrusted, message: m.clockMessage()}, true
	case !m.occ.Holds(m.now):
		return verdict{phase: Approved, reason: ReasonNotYet}, true
	case m.past.ended[m.occ.Key]:
		return verdict{phase: Approved, reason: ReasonOccurrenceOver}, true
	}
	return verdict{}, false
}

func (m *matter) unarmed() (verdict, bool) {
	if m.f.Window.needsArming() && m.armed.IsZero() {
		return verdict{phase: Approved, reason: ReasonNotArmed}, true
	}
	return verdict{}, false
}

// untrusted: everything is as it should be, but what it rests on.
func (m *matter) untrusted() (verdict, bool) {
	switch {
	case !m.f.Trail.Known:
		return verdict{phase: m.resting(), reason: ReasonTrailUnknown}, true
	case !m.f.Clock.MayGrant:
		return verdict{phase: m.resting(), reason: ReasonClockUntrusted, message: m.clockMessage()}, true
	}
	return verdict{}, false
}

// resting is the phase of what only waits for something that is no person's to give.
func (m *matter) resting() Phase {
	if m.armed.IsZero() {
		return Approved
	}
	return Armed
}

func (m *matter) clockMessage() string {
	if m.f.Clock.Reason == "" {
		return ReasonClockUntrusted.Sentence()
	}
	return ReasonClockUntrusted.Sentence() + ": " + m.f.Clock.Reason
}

// idle: nothing passed for too long. It ends for good, so that the clock has a say.
func (m *matter) idle() (verdict, bool) {
	at, known := m.idleAt()
	if !known || m.now.Before(at) || !m.f.Clock.MayExpire {
		return verdict{}, false
	}
	v := verdict{phase: Approved, reason: ReasonIdle, ends: []string{m.occ.Key}, endsAs: Expired}
	if m.times.recurs == nil {
		v.phase = Expired
	}
	return v, true
}

func (m *matter) open() verdict {
	w := m.f.Window
	return verdict{
		phase: Active, reason: ReasonOpen, message: ReasonOpen.Sentence(), occ: m.occ,
		grant: &Grant{
			Occurrence: m.occ.Key, Kind: w.Grant, Vendor: w.Vendor, People: w.People,
			Through: w.Through, Reach: w.Reach, Until: m.grantedUntil(),
			MaxSessions: w.MaxSessions, IdleTimeout: w.IdleTimeout,
		},
	}
}
