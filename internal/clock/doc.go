// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package clock decides whether the time may be trusted, and what time it is.
//
// Access ends by time, and the clocks of edge sites lie: a box without a battery
// resumes where it stopped or in the year 2000, a receiver of GPS time errs by 1,024
// weeks, somebody sets the clock back. So a wall clock alone neither opens nor ends
// anything here. It is judged by four witnesses: the boot id, the time since boot, what
// the kernel says of its synchronisation, and the highest time that was ever trusted.
//
// The contract of Decide:
//
//   - In a boot that it has not seen before, nothing is trusted until the kernel reports
//     the clock synchronised, the Site declares its hardware clock good, or a person
//     acknowledges this boot. The first of these is the boot's Trust.
//   - From then on trusted time is the Trust carried forward by the time since boot. The
//     wall clock is only compared. A wall clock that strays by more than the tolerance
//     jumped, in either direction, and suspends: no grant, no expiry, the mark stays. A
//     wall clock within the tolerance moves trusted time only when it is synchronised, so
//     no number of small steps adds up.
//   - A jump heals when the wall clock comes back to what boot time says; or when the
//     kernel reports it synchronised, at a later look, after it ran on without another
//     jump for Settling, at most MostCorrection ahead; or by a person.
//   - Trusted time never runs backwards. A time behind the mark by more than the tolerance
//     is not trusted whatever else says so; within the tolerance it stands at the mark
//     until the clock passes it. A time ahead of the mark by more than LongestOff is
//     not trusted either. Both wait for a better clock or a person.
//   - An acknowledgement vouches for one boot's clock as it ran when the person looked: for
//     what both clocks read then. It counts while the clock still runs so, and is judged
//     once, at the first look that sees it: what is not used then, or named another boot or
//     another run of the clock, is not kept for a jump to come. One that counts becomes the
//     boot's Trust and sets the mark to its time, back if need be: the person says that
//     the mark was wrong. That is the only way back.
//   - A wall clock before Earliest was never set. No acknowledgement helps, only setting it.
//   - Not trusted means both: nothing is granted or kept open, and nothing is declared over
//     for good. What the State shows to be over whatever the wall clock reads is State.Over.
//
// What it promises: where Trust is by a synchronisation that told the truth, trusted time
// is within Verdict.Within of true time. Trust by a hardware clock or a person is as good
// as the declaration, and drifts no faster.
//
// What it cannot see, and no reader of these clocks can: a synchronisation that lies within
// the limits above; a machine paused by its hypervisor so that both clocks stood still, until
// something sets its clock (then it is a jump forward); a jump from before the first look in a
// boot; whoever can set the node's clock and its synchronisation state at will, who has the
// node. A lost State forgets the mark: start again from State{Mark: the newest trusted record}.
//
// Slewing and suspending are no jumps. The kernel applies both to the wall clock and to
// CLOCK_BOOTTIME alike (clock_gettime(2)); a leap second, which it applies to the wall clock
// only, is within any tolerance.
//
// It is pure: the look at the clocks is an argument. Package kernel takes it.
package clock

import "time"

const (
	// DefaultTolerance is used where the Site names none. Daemons step from 0.128 s (ntpd)
	// or 1 s (chrony's usual makestep) on, and moving a virtual machine stops it for
	// seconds; none of these is to suspend access.
	DefaultTolerance = 2 * time.Minute

	// SyncError is how wrong a clock may be that the kernel calls synchronised: it says so
	// while its maximum error is below NTP_PHASE_LIMIT (Linux, include/linux/timex.h).
	SyncError = 16 * time.Second

	// driftParts is one part in how many a free-running clock may drift: 500 ppm, which the
	// kernel assumes as well (MAXFREQ, include/linux/timex.h).
	driftParts = 2000

	// Settling is how long a jumped clock must run on, synchronised, before it is believed:
	// the time for which ntpd 4.2.8 itself takes a step for a spike (CLOCK_MINSTEP, stepout
	// in ntp.conf(5)).
	Settling = 5 * time.Minute

	// MostCorrection bounds how far forward a synchronisation corrects what boot time says.
	// A machine paused overnight is within, as is a hardware clock that was kept in local
	// time (14 h at most). A receiver that errs by years is not.
	MostCorrection = 24 * time.Hour

	// LongestOff bounds how far a boot's first time may be ahead of the mark: half of the
	// 1,024 weeks by which receivers with GPS's week number of ten bits err.
	LongestOff = 512 * 7 * 24 * time.Hour

	// mostBoots and mostJudged bound the State. A boot that was left out counts as new, and
	// an acknowledgement past the limit does not count: both deny.
	mostBoots, mostJudged = 16, 16

	// lastYear keeps what is computed of a reading within the years that RFC 3339, and so
	// the State, can write: 0 to 9999.
	lastYear = 9000
)

// Earliest is before any Zonewarden was released, so no time before it is true.
func Earliest() time.Time { return time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC) }
