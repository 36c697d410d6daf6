// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/store"
)

func TestAppend(t *testing.T) {
	r := newTrail(t)
	s := r.open(nil)
	if got := r.append(s, "a001"); got.Sequence != 1 {
		t.Errorf("the first head is %+v", got)
	}
	head := r.append(s, ids("a", 1, 17)...)
	again := &script{Objects: r.Objects}
	if got := r.append(r.open(again), ids("a", 1, 17)...); got != head || again.n != 1+2 {
		t.Errorf("nothing is owed: head %+v, want %+v; %d calls", got, head, again.n)
	}
	got := r.read()
	if got.Head != head {
		t.Errorf("the head reads %+v, want %+v", got.Head, head)
	}
	if diff := cmp.Diff(ids("a", 1, 17), inOrder(got.Entries)); diff != "" {
		t.Errorf("the trail (-want +got):\n%s", diff)
	}
	// One append: one look, one write.
	one := &script{Objects: r.Objects}
	s = r.open(one)
	if _, err := s.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	var calls []string
	one.before = func(_ int, call string) error { calls = append(calls, call); return nil }
	r.append(s, "a018")
	if diff := cmp.Diff([]string{"get " + r.Name, "update " + r.Name, "get " + r.Name}, calls); diff != "" {
		t.Errorf("the calls (-want +got):\n%s", diff)
	}
}

func TestSegmentsAreImmutable(t *testing.T) {
	r := newTrail(t)
	r.append(r.open(nil), ids("a", 1, 13)...)
	names := r.names()
	if len(names) < 3 || names[0] != r.Name {
		t.Fatalf("the objects are %v", names)
	}
	for _, name := range names[1:] {
		o, err := r.Objects.Get(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(o.Data["entries"]); n > r.Segment || n < r.Segment/2 {
			t.Errorf("%s has %d bytes", name, n)
		}
		o.Data = map[string]string{"entries": ""}
		if err := r.Objects.Update(t.Context(), o); err == nil || errors.Is(err, store.ErrConflict) {
			t.Errorf("%s could be changed: %v", name, err)
		}
	}
}

func TestRetention(t *testing.T) {
	r := newTrail(t)
	s := r.open(nil)
	r.append(s, "a001", "k002", "a003")
	if err := s.Export(t.Context(), func([]audit.Entry) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for i := 4; i < 60; i += 4 {
		r.append(s, ids("a", i, i+3)...)
	}
	got := r.read()
	if n := len(audit.EncodeLines(got.Entries)); n > r.Total || n < r.Total/2 {
		t.Errorf("%d bytes are kept, at most %d", n, r.Total)
	}
	order := inOrder(got.Entries)
	if order[0] != "k002" || order[1] == "a003" || order[len(order)-1] != "a059" {
		t.Errorf("kept are %v", order)
	}
	first := slices.IndexFunc(got.Entries, func(e audit.Entry) bool { return e.Record.Decision["id"] == "k002" })
	if e := got.Entries[first]; e.Record.Carried != 2 {
		t.Errorf("the record that is kept is %+v", e.Record)
	}
	if got.Entries[first].Sequence < 30 {
		t.Errorf("it was not carried again: entry %d", got.Entries[first].Sequence)
	}
	c := audit.LastCheckpoint(got.Entries)
	if c.Through != got.Entries[0].Sequence-1 || c.LostInAll != c.Through-3 || c.Lost >= c.LostInAll {
		t.Errorf("it begins with %d, 3 were exported, and the checkpoint is %+v", got.Entries[0].Sequence, c)
	}
	// Deleted is what is not named any more, and nothing else.
	before := r.names()
	if err := s.Clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := r.names(); len(after) >= len(before) || len(after) != 4 {
		t.Errorf("%d objects before, left are %v", len(before), after)
	}
	r.read()
}

// What has to be kept is, though the trail grows past its bound.
func TestNothingGoesThatIsToBeKept(t *testing.T) {
	r := newTrail(t)
	r.Total = 2 * r.Segment
	r.append(r.open(nil), ids("k", 1, 40)...)
	if diff := cmp.Diff(ids("k", 1, 40), inOrder(r.read().Entries)); diff != "" {
		t.Errorf("the trail (-want +got):\n%s", diff)
	}
}

func TestExport(t *testing.T) {
	r := newTrail(t)
	s := r.open(nil)
	r.append(s, ids("a", 1, 9)...)
	var got []string
	if err := s.Export(t.Context(), func([]audit.Entry) error { return errors.New("no space") }); err == nil {
		t.Error("a failed export is none")
	}
	// While it is sent another appends: that is sent as well, and nothing twice.
	err := s.Export(t.Context(), func(entries []audit.Entry) error {
		r.append(r.open(nil), ids("a", 1, 10)...)
		got = append(got, inOrder(entries)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Export(t.Context(), func([]audit.Entry) error { return errors.New("again") }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ids("a", 1, 10), got); diff != "" {
		t.Errorf("exported (-want +got):\n%s", diff)
	}
	if n := r.read().Exported; n != 10 {
		t.Errorf("exported up to %d", n)
	}
}

func TestKeysChange(t *testing.T) {
	r := newTrail(t)
	r.append(r.open(nil), ids("a", 1, 3)...)
	next := public(t, key(2))
	both := *r
	both.Signers = []crypto.Signer{key(1), key(2)}
	for range 2 {
		if head, err := both.open(nil).ChangeKey(t.Context(), stamp, next); err != nil || head.Key != next || head.Sequence != 4 {
			t.Fatalf("%+v, %v", head, err)
		}
	}
	both.append(both.open(nil), "a004")
	if _, err := r.open(nil).Append(t.Context(), stamp, owes("a005")); !errors.Is(err, store.ErrNoKey) {
		t.Errorf("the old key appends: %v", err)
	}
	after := *r
	after.Signers, after.Keys = []crypto.Signer{key(2)}, []audit.PublicKey{public(t, key(1))}
	after.append(after.open(nil), "a005")
	// Lost: the one that is there now takes over, and says so.
	lost := *r
	lost.Signers, lost.Keys = []crypto.Signer{key(3)}, []audit.PublicKey{public(t, key(1))}
	if _, err := lost.open(nil).Append(t.Context(), stamp, owes("a006")); !errors.Is(err, store.ErrNoKey) {
		t.Errorf("a key appends that nobody announced: %v", err)
	}
	if _, err := lost.open(nil).ChangeKey(t.Context(), stamp, public(t, key(3))); err != nil {
		t.Fatal(err)
	}
	lost.append(lost.open(nil), "a006")
	if got := inOrder(lost.read().Entries); len(got) != 6 {
		t.Errorf("the trail is %v", got)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, edit := range map[string]func(*store.Options){
		"no site":        func(o *store.Options) { o.Site = "" },
		"no name":        func(o *store.Options) { o.Name = "" },
		"large segments": func(o *store.Options) { o.Segment, o.Total = 400<<10, 4<<20 },
		"small total":    func(o *store.Options) { o.Segment, o.Total = 4096, 8191 },
	} {
		o := newTrail(t).Options
		edit(&o)
		if _, err := store.Open(o); err == nil {
			t.Errorf("%s: opens", name)
		}
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	r := newTrail(t)
	s := r.open(nil)
	long := func([]audit.Entry) ([]audit.Record, error) {
		l := stamp
		l.What, l.Who = "Opened", strings.Repeat("x", 5000)
		return []audit.Record{l}, nil
	}
	for range 2 {
		if _, err := s.Append(t.Context(), stamp, long); err == nil || errors.Is(err, store.ErrBusy) {
			t.Errorf("appending what is longer than a segment: %v", err)
		}
		r.append(s, "a001")
	}
	refuses := errors.New("cannot say")
	if _, err := s.Append(t.Context(), stamp, func([]audit.Entry) ([]audit.Record, error) { return nil, refuses }); !errors.Is(err, refuses) {
		t.Errorf("appending what cannot be said: %v", err)
	}
	always := func([]audit.Entry) ([]audit.Record, error) { return owes("a")(nil) }
	if _, err := s.Append(t.Context(), stamp, always); !errors.Is(err, store.ErrBusy) {
		t.Errorf("appending what is always owed: %v", err)
	}
}

// damaged trails are not read, and nothing is appended to them.
func TestDamage(t *testing.T) {
	set := func(name, entry string, edit func(string) string) func(*trail) {
		return func(r *trail) {
			o, err := r.Objects.Get(r.t.Context(), r.Name+name)
			if err != nil {
				r.t.Fatal(err)
			}
			o.Data[entry] = edit(o.Data[entry])
			if err := r.Objects.Update(r.t.Context(), o); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	remove := func(i int) func(*trail) {
		return func(r *trail) {
			o, err := r.Objects.Get(r.t.Context(), r.names()[i])
			if err == nil {
				err = r.Objects.Delete(r.t.Context(), o)
			}
			if err != nil {
				r.t.Fatal(err)
			}
		}
	}
	replace := func(old, with string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, with, 1) }
	}
	lines := func(from, to int) func(string) string {
		return func(s string) string { return strings.Join(strings.SplitAfter(s, "\n")[from:to], "") }
	}
	for name, c := range map[string]struct {
		damage func(*trail)
		// running: only a process that had read it before knows.
		running bool
	}{
		"edited":                  {set("", "entries", replace("operator", "nobody")), false},
		"no JSON":                 {set("", "entries", replace("{", "")), false},
		"first of the head gone":  {set("", "entries", lines(1, 3)), false},
		"last of the head gone":   {set("", "entries", lines(0, 2)), true},
		"all of the head gone":    {set("", "entries", func(string) string { return "" }), false},
		"state that is no JSON":   {set("", "state", func(string) string { return "" }), false},
		"state of tomorrow":       {set("", "state", replace(`"version":1`, `"version":2`)), false},
		"segment that is another": {set("", "state", replace(`"first":1`, `"first":2`)), false},
		"first segment unnamed": {set("", "state", func(s string) string {
			return s[:strings.Index(s, "{\"name")] + s[strings.Index(s, "},{")+2:]
		}), false},
		"segment gone": {remove(1), false},
		"head gone":    {remove(0), false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTrail(t)
			running := r.open(nil)
			r.append(running, ids("a", 1, 15)...)
			c.damage(r)
			if _, err := r.open(nil).Append(t.Context(), stamp, owes("b001")); !errors.Is(err, store.ErrDamaged) && !c.running {
				t.Errorf("a new process: %v", err)
			}
			if _, err := running.Append(t.Context(), stamp, owes("c001")); !errors.Is(err, store.ErrDamaged) && name != "segment gone" {
				t.Errorf("a running process: %v", err)
			}
		})
	}
}

// A young trail that vanishes leaves nothing to see it by, but for who saw it.
func TestVanished(t *testing.T) {
	r := newTrail(t)
	s := r.open(nil)
	r.append(s, "a001")
	o, err := r.Objects.Get(t.Context(), r.Name)
	if err == nil {
		err = r.Objects.Delete(t.Context(), o)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), stamp, owes("a002")); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("begins again: %v", err)
	}
	if left := r.names(); len(left) > 0 {
		t.Errorf("began again: %v", left)
	}
}

// Who guesses the next segment's name cannot make us take theirs for ours.
func TestPlantedSegment(t *testing.T) {
	r := newTrail(t)
	s := r.open(&script{Objects: r.Objects, before: func(_ int, call string) error {
		if name, ok := strings.CutPrefix(call, "create "+r.Name+"-"); ok {
			o := store.Object{Name: r.Name + "-" + name, Data: map[string]string{"entries": "other"}}
			if err := r.Objects.Create(context.Background(), o); err != nil {
				return fmt.Errorf("planting: %w", err)
			}
		}
		return nil
	}})
	if _, err := s.Append(t.Context(), stamp, owes(ids("a", 1, 9)...)); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("took it: %v", err)
	}
	// The entries are still in the head, and go on without it.
	if got := inOrder(r.read().Entries); len(got) < 3 {
		t.Errorf("left are %v", got)
	}
	for _, name := range r.names()[1:] {
		o, err := r.Objects.Get(t.Context(), name)
		if err == nil {
			err = r.Objects.Delete(t.Context(), o)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r.append(r.open(nil), ids("a", 1, 9)...)
}

// Other keys are held without forgetting how far the trail had come.
func TestHoldingOtherKeysForgetsNothing(t *testing.T) {
	r := newTrail(t)
	s := r.open(nil)
	r.append(s, "a001", "a002")
	if err := s.Hold([]crypto.Signer{key(2), key(1)}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ChangeKey(t.Context(), stamp, public(t, key(2))); err != nil {
		t.Fatal(err)
	}
	if err := s.Hold([]crypto.Signer{key(2)}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(t.Context()); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("a key that is believed no more is: %v", err)
	}
	if err := s.Hold([]crypto.Signer{key(2)}, []audit.PublicKey{public(t, key(1))}); err != nil {
		t.Fatal(err)
	}
	r.append(s, "a003")
	head, err := r.Objects.Get(t.Context(), r.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Objects.Delete(t.Context(), head); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(t.Context()); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("the trail is gone, and that is no damage: %v", err)
	}
}
