// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package clock

import (
	"fmt"
	"slices"
	"time"
)

const (
	unknownState = "the clock's state was written by a later version: no window is granted until that version runs again, " +
		"or the state is removed"
	unreadable = "the node's clocks cannot be read (boot id, time since boot, wall clock): no window is granted"
)

// saying tells what time is trusted by.
func (t *Trust) saying(r Reading) string {
	since := t.Wall.In(r.Wall.Location()).Format(time.RFC3339)
	switch {
	case t.By == HardwareClock:
		return fmt.Sprintf("the Site declares hardware clocks good; that of node %s is followed by boot time since %s", r.Node, since)
	case t.By == Acknowledged:
		return fmt.Sprintf("%s acknowledged the clock of node %s, which read %s; followed by boot time since", t.Person, r.Node, since)
	case !r.Synchronised:
		return fmt.Sprintf("the clock of node %s was last synchronised at %s and runs free since, followed by boot time", r.Node, since)
	}
	return fmt.Sprintf("the kernel of node %s reports its clock synchronised", r.Node)
}

// refusing tells what is wrong, and what mends it.
func (b *Boot) refusing(why Reason, mark time.Time, r Reading, rules Rules) string {
	said := b.wrong(why, mark, r)
	if why == NotSet {
		return said
	}
	said += fmt.Sprintf("; or a person acknowledges boot %s", b.ID)
	for _, a := range slices.Backward(rules.Acknowledged) {
		if a.BootID == b.ID {
			return said + fmt.Sprintf(" (that of %s, who saw %s, does not count: it was judged before, or the clock has jumped since)",
				a.By, a.Saw.Wall.In(r.Wall.Location()).Format(time.RFC3339))
		}
	}
	return said
}

func (b *Boot) wrong(why Reason, mark time.Time, r Reading) string {
	trusted := mark.In(r.Wall.Location()).Format(time.RFC3339)
	switch why {
	case NotSet:
		return fmt.Sprintf("the clock of node %s reads a year before %d, so it was never set: no window is granted until it is",
			r.Node, Earliest().Year())
	case JumpedBack:
		return b.jumped("back", "", r)
	case JumpedForward:
		return b.jumped("forward", fmt.Sprintf(", at most %s ahead", MostCorrection), r)
	case BehindMark:
		return fmt.Sprintf("the clock of node %s is behind %s, which was trusted already: windows are suspended until it passes that", r.Node, trusted)
	case FarAhead:
		return fmt.Sprintf("the clock of node %s is years ahead of %s, the last trusted time: windows are suspended until it is set right",
			r.Node, trusted)
	default: // NotSynchronised; the others come without a boot
		return fmt.Sprintf("node %s has booted and nothing says yet that its clock is right: no window is granted until the kernel reports it synchronised",
			r.Node)
	}
}

func (b *Boot) jumped(direction, limit string, r Reading) string {
	return fmt.Sprintf("the clock of node %s jumped %s by %s, which boot time does not confirm: windows are suspended until it is set right, "+
		"or runs synchronised for %s%s", r.Node, direction, b.Trust.stray(r).Abs().Round(time.Minute), Settling, limit)
}
