// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package clock

import "time"

// Reading is one look at the clocks of the node that the operator runs on.
type Reading struct {
	// Wall is what the node's clock reads. Messages write times in its location.
	Wall time.Time
	// SinceBoot is CLOCK_BOOTTIME, which counts while the node is suspended.
	SinceBoot time.Duration
	BootID    string
	// Synchronised is the kernel's word for it.
	Synchronised bool
	Node         string
}

// complete says whether all is there that a judgement needs.
func (r Reading) complete() bool {
	return r.BootID != "" && r.SinceBoot >= 0 && !r.Wall.IsZero() && writable(r.Wall)
}

func (r Reading) instant() Instant { return Instant{Wall: r.Wall, SinceBoot: r.SinceBoot} }

// Rules are what the Site says of its clocks.
type Rules struct {
	// Tolerance is DefaultTolerance where it is not positive.
	Tolerance time.Duration
	// HardwareClockGood declares that nodes keep time while they are off.
	HardwareClockGood bool
	Acknowledged      []Acknowledgement
}

func (r Rules) tolerance() time.Duration {
	if r.Tolerance <= 0 {
		return DefaultTolerance
	}
	return r.Tolerance
}

// Acknowledgement is a person's word that the clock of a boot is right.
type Acknowledgement struct {
	BootID string
	// By is who: without a name it does not count.
	By string
	// Saw is what both clocks of the node read when they looked, or at any other look of the
	// same Run: Boot.Run, as shown to them. Not what another clock said: the clocks of a
	// cluster without synchronisation differ.
	Saw Instant
}

// Reason is why time is trusted or not.
type Reason string

// Why time is trusted: what the boot's Trust rests on.
const (
	Synchronised  Reason = "Synchronised"
	HardwareClock Reason = "HardwareClock"
	Acknowledged  Reason = "Acknowledged"
)

// Why time is not trusted.
const (
	// NotSynchronised is a boot in which nothing established trust yet.
	NotSynchronised Reason = "NotSynchronised"
	// NotSet is a clock that reads a time before Earliest.
	NotSet Reason = "NotSet"
	// JumpedBack and JumpedForward are steps that boot time does not confirm.
	JumpedBack    Reason = "JumpedBack"
	JumpedForward Reason = "JumpedForward"
	// BehindMark is a time before one that was trusted already.
	BehindMark Reason = "BehindMark"
	// FarAhead is a time that only a site switched off for years could see.
	FarAhead Reason = "FarAhead"
	// Unreadable is a reading without boot id, time since boot or wall clock.
	Unreadable Reason = "Unreadable"
	// UnknownState is a State that a later version wrote. It is left as it is.
	UnknownState Reason = "UnknownState"
)

// Verdict says whether time is trusted. The zero value is not.
type Verdict struct {
	Reason Reason
	// Message is a sentence for a person. It holds nothing that changes from look to look.
	Message string
	// Now is trusted time, zero when none is.
	Now time.Time
	// Within is how far Now may be from true time, as far as Trust was true.
	Within time.Duration
}

// Trusted says whether there is a trusted time.
func (v Verdict) Trusted() bool { return !v.Now.IsZero() }

// MayGrant says whether a grant may be opened or kept open at all.
func (v Verdict) MayGrant() bool { return v.Trusted() }

// MayExpire says whether what ended at end may be declared over for good. Not to grant
// is not to expire: while time is not trusted neither is done.
func (v Verdict) MayExpire(end time.Time) bool { return v.Trusted() && !v.Now.Before(end) }

// Left is how long a grant that ends at end may still run from the reading on, 0 while
// nothing may. A process on the node of the reading that ends itself Left later by boot
// time outlives the end by no more than Within and the drift until then.
func (v Verdict) Left(end time.Time) time.Duration {
	if !v.MayGrant() {
		return 0
	}
	return max(0, end.Sub(v.Now))
}
