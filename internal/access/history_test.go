// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/access"
)

// history is a site with one window, to which things happen. What it believes is in
// moment, and it makes facts of that.
type history struct {
	moment
	// real is the time as it is; now is what the clock says.
	real      int
	approvals []access.Approval
	trailed   []access.Record
	phase     access.Phase
	n         int
}

var midnight = on("2026-11-23T00:00")

func minutes(n int) time.Time { return midnight.Add(time.Duration(n) * time.Minute) }

func at(n int) string { return minutes(n).Format("2006-01-02T15:04Z07:00") }

func dayKey(p plan, day int) string {
	if p.days == 0 {
		return ""
	}
	return minutes(day*dayLong + p.start).Format("2006-01-02T15:04")
}

// one of several, each as likely as the others: rapid's own choice prefers the first, and
// histories would be about little else.
func one[T any](t *rapid.T, of ...T) T {
	n := 0
	for range 8 {
		n *= 2
		if rapid.Bool().Draw(t, "") {
			n++
		}
	}
	return of[n*len(of)/256]
}

// seldom is true one time in n.
func seldom(t *rapid.T, n int) bool { return oneOf(t, n) == n-1 }

func oneOf(t *rapid.T, n int) int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return one(t, numbers...)
}

func drawHistory(t *rapid.T) *history {
	h := &history{}
	h.start = one(t, 60, 300, 480)
	h.end = h.start + one(t, 30, 120, 120, 240, 240, 240, 600, 900)
	h.latest = h.end + one(t, 0, 60, 300)
	h.armed, h.glass = one(t, false, false, true), seldom(t, 5)
	h.safety, h.idle = !h.glass && seldom(t, 4) || seldom(t, 20), one(t, 0, 0, 20, 90)
	if !h.glass && seldom(t, 2) {
		h.days, h.latest = 3, h.end
	} else if seldom(t, 4) { // over midnight, and perhaps over the contract's end
		h.start, h.end, h.latest = h.start+dayLong/2, h.end+dayLong/2, h.latest+dayLong/2
	}
	h.needs, h.longest = one(t, 1, 1, 2), one(t, 720, 720, 720, 720, 300)
	h.contract = one(t, 30, 30, 1, 0, 0, 2)*dayLong + dayLong
	h.ended, h.open, h.ever, h.openedAt = map[int]bool{}, map[int]bool{}, map[int]bool{}, map[int]int{}
	h.standing = map[int]bool{}
	h.mayGrant, h.mayExpire, h.trail, h.vendor, h.heard = true, true, true, true, never
	if !seldom(t, 4) { // most begin well
		h.put(said{what: access.Approve, by: "owner-a", until: never}, nil)
		h.put(said{what: access.Approve, by: "owner-b", until: never}, nil)
		h.real, h.now = h.start, h.start
	}
	return h
}

func (h *history) facts() access.Facts {
	f := approved("00:00", nobodyApproved)
	w := &f.Window
	w.Created = minutes(0)
	w.Start, w.End, w.LatestEnd = at(h.start), at(h.end), ""
	if h.latest > h.end {
		w.LatestEnd = at(h.latest)
	}
	if h.days > 0 {
		w.Start, w.End = "", ""
		w.Recurring = &access.Recurring{
			Schedule: minutes(h.start).Format("4 15") + " * * *", Duration: time.Duration(h.end-h.start) * time.Minute,
			LastDay: minutes((h.days - 1) * dayLong).Format(time.DateOnly),
		}
	}
	if h.armed {
		w.Activation = access.WhenArmed
	}
	w.BreakGlass, w.IdleTimeout, w.Deleted = h.glass, time.Duration(h.idle)*time.Minute, h.deleted
	if h.safety {
		w.Reach = append(w.Reach, access.Reach{Zone: "safety", Workloads: true, Flows: 1})
	}
	f.Approvals = h.approvals
	f.Vendor.ContractEnd = minutes(h.contract - 1).Format(time.DateOnly)
	if !h.vendor {
		f.Vendor = nil
	}
	f.Site.Approvals, f.Site.Longest = h.needs, time.Duration(h.longest)*time.Minute
	if h.locked {
		f.Locks = []access.Lock{{Name: "l", Vendor: "acme"}}
	}
	f.Trail = access.Trail{Known: h.trail}
	if h.trail {
		f.Trail.Records = h.trailed
	}
	for _, day := range slices.Sorted(maps.Keys(h.standing)) {
		f.Standing = append(f.Standing, dayKey(h.plan, day))
	}
	f.Sessions = access.Sessions{Counted: true}
	if h.heard != never {
		f.Sessions.LastPacket = minutes(h.heard)
	}
	f.Clock = access.Clock{MayGrant: h.mayGrant, MayExpire: h.mayExpire, Now: minutes(h.now)}
	return f
}

// happen is one thing that happens.
func (h *history) happen(t *rapid.T) {
	if seldom(t, 30) {
		h.happenFatal(t)
		return
	}
	switch one(t, "approve", "approve", "approve", "arm", "arm", "time", "time", "time", "time", "clock", "packet", "packet",
		"lock", "forget", "lose approval", "vendor", "site", "trail") {
	case "approve":
		h.say(t, access.Approve)
	case "arm":
		h.say(t, access.Arm)
	case "time":
		h.pass(t)
	case "clock":
		h.mayGrant, h.mayExpire = !seldom(t, 3), !seldom(t, 3)
		h.setClock(t)
	case "packet":
		h.heard = h.now + one(t, 0, 0, -5, 500)
	case "lock":
		h.locked = seldom(t, 2)
	case "forget":
		clear(h.standing)
	case "lose approval":
		if n := len(h.said); n > 0 {
			i := oneOf(t, n)
			h.said, h.approvals = slices.Delete(h.said, i, i+1), slices.Delete(slices.Clone(h.approvals), i, i+1)
		}
	case "vendor":
		h.vendor = !seldom(t, 3)
	case "site":
		h.needs, h.longest = one(t, 1, 1, 2), one(t, 720, 720, 720, 720, 720, 300, 100)
	case "trail":
		h.trail = !seldom(t, 3)
	}
}

// happenFatal is what may end the window for good.
func (h *history) happenFatal(t *rapid.T) {
	switch one(t, "deny", "revoke", "delete", "forge", "lose trail", "lose trail") {
	case "deny":
		h.say(t, access.Deny)
	case "revoke":
		h.say(t, access.Revoke)
	case "delete":
		h.deleted = true
	case "forge":
		h.standing[oneOf(t, max(1, h.days))] = true
	case "lose trail":
		if len(h.standing) > 0 && !h.over {
			h.trailed = nil
			h.past = past{ended: map[int]bool{}, open: map[int]bool{}, ever: map[int]bool{}, openedAt: map[int]int{}}
		}
	}
}

// pass lets time pass, often to where something changes.
func (h *history) pass(t *rapid.T) {
	day := h.real / dayLong * dayLong
	edges := []int{h.real + 1, h.real + 10, h.real + 10, h.real + 20, h.real + 30, h.real + 60, h.real + 300, day + h.start, day + h.end, day + h.latest, day + dayLong + h.start}
	for _, s := range h.said {
		edges = append(edges, s.until)
	}
	if to := one(t, edges...) + one(t, 0, 0, 1, -1); to > h.real {
		h.real = to
	}
	h.setClock(t)
}

// setClock has it right whenever it may expire anything or let anybody in, and perhaps
// wrong otherwise: stopped, set back, or in another year.
func (h *history) setClock(t *rapid.T) {
	h.now = h.real
	if !h.mayGrant && !h.mayExpire {
		h.now += one(t, 0, 0, -60, -h.real, 300, 20*365*dayLong)
	}
}

func (h *history) say(t *rapid.T, what access.Verdict) {
	s := said{what: what, at: h.now, until: never, by: one(t, "owner-a", "owner-b", "owner-c")}
	if seldom(t, 2) {
		s.until = one(t, h.now, h.now+30, h.now+200, h.end, h.end+60, h.end+dayLong, h.end+dayLong)
	}
	wrong := []func(*access.Approval){
		func(a *access.Approval) { a.Of.UID = "w0" }, func(a *access.Approval) { a.Of.Generation = 2 }, func(a *access.Approval) { a.Of.UID = "" },
		func(a *access.Approval) { a.Approver = "shift-1" }, func(a *access.Approval) { a.Approver = "Tech-1" },
		func(a *access.Approval) { a.Requester = "owner-c" }, func(a *access.Approval) { a.Deleted = true },
	}
	if seldom(t, 5) && what != access.Deny && what != access.Revoke {
		s.wrong = true
		h.put(s, one(t, wrong...))
		return
	}
	h.put(s, nil)
}

// put has it said, and an object that says so.
func (h *history) put(s said, wrong func(*access.Approval)) {
	h.n++
	a := approval(fmt.Sprintf("n%d", h.n), s.by, s.what, "00:00")
	a.Created = minutes(s.at)
	if s.until != never {
		a.Until = at(s.until)
	}
	if wrong != nil {
		wrong(&a)
	}
	h.said, h.approvals = append(h.said, s), append(slices.Clip(h.approvals), a)
}

// operate lets the operator run, and perhaps die at some point of it.
func (h *history) operate(t *rapid.T) {
	d := access.Decide(h.facts())
	h.compare(t, d)
	dies := len(d.Records) + 2
	if seldom(t, 4) {
		dies = oneOf(t, dies)
	}
	h.carryOut(t, d, dies)
}

// carryOut does the first so many things of what a decision says: it takes away, writes
// one record after the other, and grants. Without a trail it takes away only.
func (h *history) carryOut(t rapid.TB, d access.Decision, steps int) {
	t.Helper()
	if steps == 0 {
		return
	}
	for day := range h.standing {
		if d.Grant == nil || dayKey(h.plan, day) != d.Grant.Occurrence {
			delete(h.standing, day)
		}
	}
	if !h.trail {
		return
	}
	for _, r := range d.Records[:min(steps-1, len(d.Records))] {
		h.write(t, r)
	}
	if steps-1 <= len(d.Records) {
		return
	}
	if d.Grant != nil {
		h.standing[h.dayOf(t, d.Grant.Occurrence)] = true
	}
	again := access.Decide(h.facts())
	if diff := cmp.Diff(d.Grant, again.Grant); diff != "" || again.Phase != d.Phase || len(again.Records) > 0 {
		t.Fatalf("carried out, %s became %s, and owes %v: %s", d.Phase, again.Phase, again.Records, diff)
	}
}

func (h *history) dayOf(t rapid.TB, key string) int {
	t.Helper()
	for day := range max(1, h.days) {
		if dayKey(h.plan, day) == key {
			return day
		}
	}
	t.Fatalf("there is no occurrence %q", key)
	return 0
}

func (h *history) write(t rapid.TB, r access.Record) {
	t.Helper()
	h.trailed = append(slices.Clip(h.trailed), r)
	switch r.Kind {
	case access.RecordOpened:
		day := h.dayOf(t, r.Occurrence)
		h.open[day], h.ever[day], h.openedAt[day] = true, true, h.now
	case access.RecordClosed:
		delete(h.open, h.dayOf(t, r.Occurrence))
	case access.RecordEnded:
		if r.Occurrence == "" {
			h.over, h.phase = true, r.Phase
			return
		}
		h.ended[h.dayOf(t, r.Occurrence)] = true
		delete(h.open, h.dayOf(t, r.Occurrence))
	default:
	}
}

// compare the decision with the specification.
func (h *history) compare(t rapid.TB, d access.Decision) {
	t.Helper()
	may, got := h.mayPass(), 0
	if d.Grant != nil {
		got = int(d.Grant.Until.Sub(minutes(0)) / time.Minute)
	}
	if got != may {
		t.Fatalf("minute %d: %s, %s (%s): granted until %d, specified %d\n%+v", h.now, d.Phase, d.Reason, d.Message, got, may, h.moment)
	}
	if h.over && h.trail && d.Phase != h.phase {
		t.Fatalf("%s became %s, %s", h.phase, d.Phase, d.Message)
	}
	if !h.trail {
		return
	}
	whole, some := h.ends()
	wantEnds, gotEnds := []string{}, []string{}
	if whole {
		wantEnds = append(wantEnds, "")
	}
	for day := range some {
		wantEnds = append(wantEnds, dayKey(h.plan, day))
	}
	for _, r := range kinds(d, access.RecordEnded) {
		gotEnds = append(gotEnds, r.Occurrence)
	}
	slices.Sort(wantEnds)
	slices.Sort(gotEnds)
	if diff := cmp.Diff(wantEnds, gotEnds); diff != "" {
		t.Fatalf("minute %d: %s, %s: ends (specified, got) %s\n%+v", h.now, d.Phase, d.Reason, diff, h.moment)
	}
}

// TestHistories: whatever happens, and wherever the operator dies, access may pass when
// the specification says so, and what ends is what it says.
func TestHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		for range one(t, 10, 20, 40) {
			h.happen(t)
			if !seldom(t, 4) {
				h.operate(t)
			}
			h.compare(t, access.Decide(h.facts()))
		}
	})
}
