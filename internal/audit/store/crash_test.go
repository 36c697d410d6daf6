// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/store"
)

var errCrash = errors.New("crashed")

// grown is a trail whose next appends seal a segment, remove one and carry a record.
func grown(t *testing.T) *trail {
	t.Helper()
	r := newTrail(t)
	s := r.open(nil)
	r.append(s, append([]string{"k001"}, ids("a", 2, 23)...)...)
	return r
}

var more = ids("a", 24, 28)

// work is what a process does: append, delete, export.
func work(ctx context.Context, s *store.Store, take func([]audit.Entry) error) error {
	if _, err := s.Append(ctx, stamp, owes(more...)); err != nil {
		return err
	}
	if err := s.Clean(ctx); err != nil {
		return err
	}
	return s.Export(ctx, take)
}

// whole is true of a trail after all that is to be in it was appended and cleaned: no gap,
// no fork, no double entry, the record that is kept in its place, nothing left over.
func (r *trail) whole(want []string) {
	r.t.Helper()
	got := r.read()
	order := inOrder(got.Entries)
	c := audit.LastCheckpoint(got.Entries)
	if c.Through == 0 || c.Through >= uint64(len(want)) {
		r.t.Fatalf("no segment was removed: %+v", c)
	}
	// Up to there the sequence of a record is the number in its id.
	if diff := cmp.Diff(append([]string{"k001"}, want[c.Through:]...), order); diff != "" {
		r.t.Errorf("the trail (-want +got):\n%s", diff)
	}
	named := map[string]bool{}
	for _, e := range got.Entries {
		named[e.Record.What] = true
	}
	if !named[audit.CheckpointMade] {
		r.t.Error("no checkpoint was made")
	}
	if n := len(r.names()); n > 5 {
		r.t.Errorf("left over: %v", r.names())
	}
}

// A process dies before or after any of its calls, and another goes on.
func TestCrashes(t *testing.T) {
	want := append([]string{"k001"}, append(ids("a", 2, 23), more...)...)
	for _, after := range []bool{false, true} {
		var calls []string
		for at, done := 1, false; !done; at++ {
			r := grown(t)
			taken := map[string]bool{}
			take := func(entries []audit.Entry) error {
				for _, id := range inOrder(entries) {
					taken[id] = true
				}
				return nil
			}
			dead := false
			crash := func(n int, call string) error {
				if n == at {
					calls, dead = append(calls, strings.Fields(call)[0]), true
				}
				if dead {
					return errCrash
				}
				return nil
			}
			s := &script{Objects: r.Objects, before: crash}
			if after {
				s.before = func(int, string) error {
					if dead {
						return errCrash
					}
					return nil
				}
				s.after = crash
			}
			err := work(t.Context(), r.open(s), take)
			if done = !dead; done {
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := work(t.Context(), r.open(nil), take); err != nil {
				t.Fatalf("after a crash at call %d: %v", at, err)
			}
			r.whole(want)
			for _, id := range want[6:] {
				if !taken[id] {
					t.Errorf("crash at call %d: %s was not exported", at, id)
				}
			}
		}
		for _, verb := range []string{"get", "list", "create", "update", "delete"} {
			if !slices.Contains(calls, verb) {
				t.Errorf("no crash at a %s among %v", verb, calls)
			}
		}
		t.Logf("after=%v: %d crashes: %v", after, len(calls), calls)
	}
}

// Two who both believe to lead: before any call of the one, the other does all its work,
// the same and more of its own.
func TestTwoLeaders(t *testing.T) {
	none := func([]audit.Entry) error { return nil }
	ours := ids("b", 1, 12)
	for name, total := range map[string]int{"nothing goes": 1 << 20, "much goes": 16 << 10} {
		conflicts := 0
		for at, met := 1, true; met; at++ {
			r := grown(t)
			r.Total = total
			other := r.open(nil)
			if _, err := other.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			met = false
			s := &script{Objects: r.Objects, before: func(n int, _ string) error {
				if n != at {
					return nil
				}
				met = true
				r.append(other, ours...)
				return work(t.Context(), other, none)
			}}
			if err := work(t.Context(), r.open(s), none); err != nil {
				t.Fatalf("%s, with another before call %d: %v", name, at, err)
			}
			conflicts += s.conflicts
			if err := r.open(nil).Clean(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := inOrder(r.read().Entries)
			if got[0] != "k001" {
				t.Errorf("%s, call %d: the record to be kept is missing in %v", name, at, got)
			}
			if total < 1<<20 {
				continue
			}
			want := append(append([]string{"k001"}, ids("a", 2, 23)...), more...)
			if met {
				want = append(want, ours...)
			}
			slices.Sort(got[1:])
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, call %d: the trail (-want +got):\n%s", name, at, diff)
			}
		}
		if conflicts < 1 {
			t.Errorf("%s: the two never met", name)
		}
		t.Logf("%s: %d conflicts", name, conflicts)
	}
}
