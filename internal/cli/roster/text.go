// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
)

// Text prints the view for people, by the site's clock.
func (r Roster) Text(out io.Writer, zone *time.Location) {
	p := printer{now: r.At, zone: zone}
	fmt.Fprintln(out, Printable(p.header(r)))
	p.section(out, "WHO IS IN NOW", "nobody", inColumns, r.In, p.in)
	p.section(out, "WAITING, ARMABLE", "nothing", waitingColumns, r.Waiting, p.waiting)
	p.section(out, "ENDED, LAST 24 H", "nothing", endedColumns, r.Ended, p.ended)
	p.section(out, "REVIEW OWED", "none", reviewColumns, r.ReviewOwed, p.review)
	for _, n := range r.Notes {
		fmt.Fprintln(out, "NOT SEEN:", Printable(n))
	}
}

const (
	inColumns      = "WINDOW\tPERSON\tCOMPANY\tREACHES\tTHROUGH\tSINCE\tENDS\tLEFT\tLIVE\tLAST PACKET\tAPPROVED BY\tENDS WITHOUT US"
	waitingColumns = "WINDOW\tPERSON\tCOMPANY\tREACHES\tTHROUGH\tSTARTS\tENDS\tPHASE\tWAITS FOR"
	endedColumns   = "WINDOW\tPERSON\tCOMPANY\tREACHES\tTHROUGH\tENDED\tHOW\tNOTHING PASSES"
	reviewColumns  = "WINDOW\tPERSON\tCOMPANY\tOPENED BY\tSINCE\tREVIEW BY"
)

// printer knows what the clock on the wall shows.
type printer struct {
	now  time.Time
	zone *time.Location
}

func (p printer) header(r Roster) string {
	site := r.Site.ID
	if site == "" {
		site = "no Site"
	}
	parts := []string{site, p.now.In(p.zone).Format("Mon 2006-01-02 15:04:05 MST"), clockWords(r.Clock), auditWords(r.Audit), lockWords(r.Locks)}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "   ")
}

func clockWords(c Clock) string {
	switch c.Trusted {
	case True:
		return "clock ok"
	case False:
		return "CLOCK NOT TRUSTED (" + c.Reason + ")"
	case Unknown:
	}
	return "clock not known"
}

func auditWords(a Audit) string {
	if a.Intact == False {
		return "AUDIT TRAIL NOT INTACT (" + a.Reason + ")"
	}
	return ""
}

func lockWords(locks []Lock) string {
	switch {
	case locks == nil:
		return "lock not known"
	case len(locks) == 0:
		return "lock: none"
	}
	var what []string
	for _, l := range locks {
		what = append(what, l.What+" by "+l.By)
	}
	return "LOCKED: " + strings.Join(what, ", ")
}

func (p printer) section(out io.Writer, title, none, columns string, windows []Window, row func(Window) []string) {
	fmt.Fprintln(out)
	if len(windows) == 0 {
		fmt.Fprintf(out, "%s: %s\n", title, none)
		return
	}
	fmt.Fprintf(out, "%s: %d\n", title, len(windows))
	rows := [][]string{strings.Split(columns, "\t")}
	for _, w := range windows {
		rows = append(rows, row(w))
	}
	Table(out, rows)
}

// Table prints rows in columns, with no blanks at the ends of lines.
func Table(out io.Writer, rows [][]string) {
	var text strings.Builder
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, cells := range rows {
		for i, c := range cells {
			cells[i] = cmp.Or(Printable(c), "-")
		}
		fmt.Fprintln(t, " "+strings.Join(cells, "\t"))
	}
	_ = t.Flush() // to a builder, which takes everything
	for line := range strings.Lines(text.String()) {
		fmt.Fprintln(out, strings.TrimRight(line, " \n"))
	}
}

// Printable replaces what could move the cursor or turn text round: others than the reader
// wrote it, and they are not to draw lines of their own into this view.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// who leaves out what is the same for all of a company, to keep the line short.
func (p printer) who(w Window) []string {
	users := make([]string, len(w.People))
	for i, person := range w.People {
		users[i], _, _ = strings.Cut(person.User, "@")
	}
	return []string{w.Name, strings.Join(users, ", "), cmp.Or(w.Company, w.Vendor), strings.Join(w.Reaches, ", "), w.Through}
}

func (p printer) in(w Window) []string {
	left := p.left(w)
	if w.Phase != string(v1alpha1.WindowActive) {
		left = w.Phase + ", NOT PROVED OVER"
	}
	live := ""
	if w.Live != nil {
		live = strconv.Itoa(int(*w.Live))
	}
	packet := ""
	if w.LastPacket != nil {
		packet = Span(p.now.Sub(*w.LastPacket)) + " ago"
	}
	return append(p.who(w), p.time(w.Since), p.time(w.End), left, live, packet, approved(w), withoutUs(w))
}

func (p printer) left(w Window) string {
	if w.End == nil {
		return "NOT KNOWN"
	}
	if left := w.End.Sub(p.now); left > 0 {
		return Span(left)
	}
	return "OVER"
}

func approved(w Window) string {
	by := strings.Join(w.ApprovedBy, ", ")
	if w.BreakGlass {
		by = strings.TrimSuffix("break-glass, "+by, ", ")
	}
	if w.ArmedBy != "" {
		by += " (armed by " + w.ArmedBy + ")"
	}
	return strings.TrimSpace(by)
}

// withoutUs says what has to live so that access ends.
func withoutUs(w Window) string {
	switch {
	case w.EndsWithoutOperator == True && w.EndsWithoutAPIServer == True:
		return "yes"
	case w.EndsWithoutOperator == True && w.EndsWithoutAPIServer == False:
		return "needs the API server"
	case w.EndsWithoutOperator == False:
		return "NO"
	}
	return "not known"
}

func (p printer) waiting(w Window) []string {
	waits := w.Message
	if w.Armable {
		waits += ": access arm " + w.Name + " --for 2h"
	}
	return append(p.who(w), p.time(w.Start), p.time(w.End), cmp.Or(w.Phase, "new"), waits)
}

func (p printer) ended(w Window) []string {
	_, at := endedAt(w)
	how := w.Phase + " (" + w.Reason + ")"
	if !terminal(w.Phase) {
		how = "one occurrence"
	}
	return append(p.who(w), p.time(&at), how, passes(w))
}

// passes says how it is known that nothing passes any more.
func passes(w Window) string {
	switch {
	case w.Ending == nil && (w.Phase == string(v1alpha1.WindowDenied) || w.Reason == string(access.ReasonMissed)):
		return "was never open"
	case w.Ending == nil:
		return "not known"
	case w.Ending.Proved == nil || w.Ending.Lateness == "":
		return "proved"
	}
	return "proved, " + w.Ending.Lateness + " late"
}

func (p printer) review(w Window) []string {
	return []string{w.Name, p.who(w)[1], cmp.Or(w.Company, w.Vendor), w.Requester, p.time(w.Since), "access approve " + w.Name}
}

// time is that of the day; with the date where it is another.
func (p printer) time(t *time.Time) string {
	if t == nil {
		return ""
	}
	at, now := t.In(p.zone), p.now.In(p.zone)
	if at.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return at.Format("15:04")
	}
	return at.Format("2006-01-02 15:04")
}

// Span writes how long, as short as is of use.
func Span(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Minute:
		return strconv.Itoa(int(d/time.Second)) + "s"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02d", d/time.Hour, d%time.Hour/time.Minute)
	}
	return strconv.Itoa(int(d/(24*time.Hour))) + "d"
}
