// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package clock

import (
	"slices"
	"time"
)

// Decide judges a look at the clocks, and returns what to keep for the next. The package's
// documentation has the contract.
func Decide(s State, r Reading, rules Rules) (Verdict, State) {
	switch {
	case s.Version > version:
		return Verdict{Reason: UnknownState, Message: unknownState}, s
	case !r.complete():
		return Verdict{Reason: Unreadable, Message: unreadable}, s
	}
	next := s.clone()
	b := next.look(r, rules.tolerance())
	trust, refusal := b.judge(next.Mark, r, rules)
	person := b.acknowledged(r, rules)
	switch {
	case refusal == "":
		next.Mark = later(next.Mark, trust.at(r.SinceBoot).UTC())
	case person != nil && refusal != NotSet:
		trust = *person
		next.Mark = trust.at(r.SinceBoot).UTC()
	default:
		return Verdict{Reason: refusal, Message: b.refusing(refusal, next.Mark, r, rules)}, next.utc()
	}
	b.Trust = &trust
	return Verdict{
		Reason: trust.By, Message: trust.saying(r), Now: next.Mark.In(r.Wall.Location()),
		Within: SyncError + rules.tolerance() + drift(r.SinceBoot-trust.SinceBoot),
	}, next.utc()
}

// judge returns what time is to be trusted by, or why it is not.
func (b *Boot) judge(mark time.Time, r Reading, rules Rules) (Trust, Reason) {
	if r.Wall.Before(Earliest()) {
		return Trust{}, NotSet
	}
	trust, refusal := b.basis(r, rules)
	if refusal != "" {
		return Trust{}, refusal
	}
	now := trust.at(r.SinceBoot)
	switch {
	case now.Before(mark.Add(-rules.tolerance())):
		return Trust{}, BehindMark
	case !mark.IsZero() && now.After(mark.Add(LongestOff)):
		return Trust{}, FarAhead
	}
	return trust, ""
}

// basis asks what there is in this boot to trust the clock by, without regard to the mark.
func (b *Boot) basis(r Reading, rules Rules) (Trust, Reason) {
	if b.Trust == nil {
		return first(r, rules)
	}
	stray := b.Trust.stray(r)
	if stray.Abs() <= rules.tolerance() {
		return b.following(r, rules)
	}
	switch {
	case r.Synchronised && b.settled(r) && stray <= MostCorrection:
		return synchronised(r), ""
	case stray < 0:
		return Trust{}, JumpedBack
	}
	return Trust{}, JumpedForward
}

// first is for a boot that nothing made trusted yet.
func first(r Reading, rules Rules) (Trust, Reason) {
	switch {
	case r.Synchronised:
		return synchronised(r), ""
	case rules.HardwareClockGood:
		return Trust{Instant: r.instant(), By: HardwareClock}, ""
	}
	return Trust{}, NotSynchronised
}

// following is for a wall clock that reads what boot time says. Only where it is
// synchronised is it the better of the two.
func (b *Boot) following(r Reading, rules Rules) (Trust, Reason) {
	switch {
	case r.Synchronised:
		return synchronised(r), ""
	case b.Trust.By == HardwareClock && !rules.HardwareClockGood:
		return Trust{}, NotSynchronised
	}
	return *b.Trust, ""
}

func synchronised(r Reading) Trust { return Trust{Instant: r.instant(), By: Synchronised} }

// settled says whether the clock ran on long enough after a jump.
func (b *Boot) settled(r Reading) bool { return r.SinceBoot-b.Run.SinceBoot >= Settling }

// acknowledged returns the trust of a person who vouched for the clock as it runs now. All
// that it sees are judged by that: what is not used now is not kept for a jump to come.
func (b *Boot) acknowledged(r Reading, rules Rules) *Trust {
	var trust *Trust
	for _, a := range rules.Acknowledged {
		if a.BootID != b.ID || !writable(a.Saw.Wall) || b.judged(a) || len(b.Judged) >= mostJudged {
			continue
		}
		b.Judged = append(b.Judged, Judged{By: a.By, Saw: a.Saw})
		if a.meant(r, rules.tolerance()) {
			trust = &Trust{Instant: a.Saw, By: Acknowledged, Person: a.By}
		}
	}
	return trust
}

func (b *Boot) judged(a Acknowledgement) bool {
	return slices.ContainsFunc(b.Judged, func(j Judged) bool { return j.By == a.By && j.Saw.same(a.Saw) })
}

// meant says whether the clock still runs as the person saw it.
func (a *Acknowledgement) meant(r Reading, tolerance time.Duration) bool {
	return a.By != "" && a.Saw.SinceBoot >= 0 && a.Saw.SinceBoot <= r.SinceBoot && a.Saw.stray(r).Abs() <= tolerance
}

// utc makes the State independent of where a reading was taken, and takes monotonic readings
// off: times that have them are compared by those, and would hide a jump.
func (s State) utc() State {
	for i := range s.Boots {
		b := &s.Boots[i]
		b.Last.Wall, b.Run.Wall = b.Last.Wall.UTC(), b.Run.Wall.UTC()
		if b.Trust != nil {
			b.Trust.Wall = b.Trust.Wall.UTC()
		}
		for j := range b.Judged {
			b.Judged[j].Saw.Wall = b.Judged[j].Saw.Wall.UTC()
		}
	}
	return s
}
