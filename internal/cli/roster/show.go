// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"cmp"
	"fmt"
	"io"
	"time"
)

// Text prints everything about one window.
func (d Detail) Text(out io.Writer, zone *time.Location, now time.Time) {
	p := printer{zone: zone, now: now}
	d.Asked(out, zone)
	w := d.Window
	rows := [][2]string{{"phase", cmp.Or(w.Phase, "new") + ": " + w.Message}, {"since", p.time(w.Since)}}
	if w.Start != nil && w.End != nil {
		rows = append(rows, [2]string{"in force", p.time(w.Start) + " to " + p.time(w.End) + ", left " + p.left(w)})
	}
	rows = append(rows, [2]string{"approved", approved(w)})
	if isIn(w) {
		rows = append(rows, [2]string{"ends", "without us: " + withoutUs(w)})
	}
	if w.Live != nil {
		rows = append(rows, [2]string{"sessions", p.sessions(w)})
	}
	rows = append(rows, [2]string{"pod", d.Pod})
	if w.Ending != nil {
		rows = append(rows, [2]string{"ended", p.time(&w.Ending.Due) + ", nothing passes: " + passes(w)})
	}
	printRows(out, rows)
	d.lists(out, p)
}

func (p printer) sessions(w Window) string {
	text := fmt.Sprintf("%d live", *w.Live)
	if w.LastPacket != nil {
		text += ", last packet " + Span(p.now.Sub(*w.LastPacket)) + " ago"
	}
	return text
}

func (d Detail) lists(out io.Writer, p printer) {
	if len(d.Endpoints) > 0 {
		rows := [][]string{{"CONNECT TO", "REACHES"}}
		for _, e := range d.Endpoints {
			rows = append(rows, []string{e.At, e.To})
		}
		fmt.Fprintln(out)
		Table(out, rows)
	}
	if len(d.Decisions) > 0 {
		rows := [][]string{{"DECISION", "BY", "AT", "UNTIL", "COUNTS", "WHY", "APPROVAL"}}
		for _, s := range d.Decisions {
			rows = append(rows, []string{s.Decision, s.Approver, p.time(&s.At), s.Until, counts(s), s.Why, s.Approval})
		}
		fmt.Fprintln(out)
		Table(out, rows)
	}
	if len(d.Conditions) > 0 {
		rows := [][]string{{"CONDITION", "STATUS", "REASON", "MESSAGE"}}
		for _, c := range d.Conditions {
			rows = append(rows, []string{c.Type, string(c.Status), c.Reason, c.Message})
		}
		fmt.Fprintln(out)
		Table(out, rows)
	}
	for _, n := range d.Notes {
		fmt.Fprintln(out, "NOT SEEN:", Printable(n))
	}
}

func counts(d Decision) string {
	switch d.Counts {
	case True:
		return "yes"
	case False:
		return "NO"
	case Unknown:
	}
	return "not known"
}
