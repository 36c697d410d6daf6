// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/audit"
)

func TestRetain(t *testing.T) {
	h := func(n byte) audit.Hash { return audit.Hash{n} }
	four := []audit.Segment{
		{First: 11, Last: 20, Hash: h(2), Bytes: 100},
		{First: 21, Last: 30, Hash: h(3), Bytes: 100},
		{First: 31, Last: 40, Hash: h(4), Bytes: 100},
		{First: 41, Last: 50, Hash: h(5), Bytes: 100},
	}
	for name, c := range map[string]struct {
		segments []audit.Segment
		exported uint64
		limit    int
		want     audit.Removal
	}{
		"none":                        {nil, 0, 0, audit.Removal{}},
		"fits":                        {four, 0, 400, audit.Removal{}},
		"one too many, exported":      {four, 20, 399, audit.Removal{Segments: 1, Through: 20, Hash: h(2)}},
		"one too many, half exported": {four, 15, 399, audit.Removal{Segments: 1, Through: 20, Hash: h(2), Lost: 5}},
		"never exported":              {four, 0, 399, audit.Removal{Segments: 1, Through: 20, Hash: h(2), Lost: 10}},
		"two, the first exported":     {four, 20, 299, audit.Removal{Segments: 2, Through: 30, Hash: h(3), Lost: 10}},
		"the last stays":              {four, 50, 0, audit.Removal{Segments: 3, Through: 40, Hash: h(4)}},
	} {
		if diff := cmp.Diff(c.want, audit.Retain(c.segments, c.exported, c.limit)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestCheckpoints(t *testing.T) {
	removal := audit.Removal{Segments: 2, Through: 30, Hash: audit.Hash{3}, Lost: 10}
	c := removal.Checkpoint(audit.Checkpoint{Through: 10, Lost: 2, LostInAll: 7})
	want := audit.Checkpoint{Through: 30, Hash: audit.Hash{3}, Lost: 10, LostInAll: 17}
	back, err := audit.ParseCheckpoint(c.Record(audit.Record{Who: "operator", At: morning}))
	if diff := cmp.Diff(want, back); diff != "" || err != nil {
		t.Errorf("read back (-want +got):\n%s, %v", diff, err)
	}
	for field := range c.Record(audit.Record{}).Decision {
		r := c.Record(audit.Record{})
		delete(r.Decision, field)
		if got, err := audit.ParseCheckpoint(r); err == nil || got != (audit.Checkpoint{}) {
			t.Errorf("without %s: %+v, %v", field, got, err)
		}
	}
	if _, err := audit.ParseCheckpoint(opened("anna")); err == nil {
		t.Error("an opening is a checkpoint")
	}
	grown := newChain(t, site, key(1)).grow(4).checkpoint(2, 1).checkpoint(3, 2).grow(1)
	if got := audit.LastCheckpoint(grown.entries); got.Through != 3 {
		t.Errorf("the last one is %+v", got)
	}
	if got := audit.LastCheckpoint(grown.entries[:4]); got != (audit.Checkpoint{}) {
		t.Errorf("the last of none is %+v", got)
	}
}

func TestInOrder(t *testing.T) {
	carried := func(what string, from uint64) audit.Record {
		r := opened("anna")
		r.What, r.Carried = what, from
		return r
	}
	c := newChain(t, site, key(1))
	for _, what := range []string{"Opened", "Closed", "Reopened"} {
		c.add(carried(what, 0))
	}
	c.add(carried("Opened", 1), carried("Closed", 2), carried("Ended", 0))
	for name, entries := range map[string][]audit.Entry{
		"originals and copies": c.entries,
		"copies alone":         c.entries[2:],
	} {
		var got []string
		for _, r := range audit.InOrder(entries) {
			got = append(got, r.What)
		}
		if diff := cmp.Diff([]string{"Opened", "Closed", "Reopened", "Ended"}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// windowRecord has the fields of a record that the state machine of access owes and reads.
type windowRecord struct {
	Kind, Window, UID     string
	Generation            int64
	Occurrence            string
	At                    time.Time
	Phase, Reason         string
	Approval, By, Verdict string
	Until                 time.Time
	BeforeOpening         bool
}

func (w windowRecord) record() audit.Record {
	r := audit.Record{
		Who: w.By, What: w.Kind,
		Object: audit.Object{Kind: "VendorAccessWindow", Name: w.Window, UID: w.UID, Generation: w.Generation},
		Decision: map[string]string{
			"occurrence": w.Occurrence, "at": audit.FormatTime(w.At), "phase": w.Phase, "reason": w.Reason,
			"approval": w.Approval, "verdict": w.Verdict, "until": audit.FormatTime(w.Until),
		},
	}
	if w.BeforeOpening {
		r.Decision["due"] = "BeforeOpening"
	}
	return r
}

func windowOf(r audit.Record) (windowRecord, error) {
	d := r.Decision
	w := windowRecord{
		Kind: r.What, Window: r.Object.Name, UID: r.Object.UID, Generation: r.Object.Generation, Occurrence: d["occurrence"],
		Phase: d["phase"], Reason: d["reason"], Approval: d["approval"], By: r.Who, Verdict: d["verdict"],
		BeforeOpening: d["due"] == "BeforeOpening",
	}
	var err error
	if w.At, err = audit.ParseTime(d["at"]); err == nil {
		w.Until, err = audit.ParseTime(d["until"])
	}
	return w, err
}

// The state machine reads from the trail what it gave to it, to the nanosecond.
func TestRecordsCarryWindows(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := windowRecord{
			Kind:   rapid.SampledFrom([]string{"Requested", "Decided", "Opened", "Closed", "Ended", "Reviewed"}).Draw(r, "kind"),
			Window: text().Draw(r, "window"), UID: text().Draw(r, "uid"), Generation: rapid.Int64Range(0, 1<<53-1).Draw(r, "generation"),
			Occurrence: text().Draw(r, "occurrence"), At: instants().Draw(r, "at"), Phase: text().Draw(r, "phase"),
			Reason: text().Draw(r, "reason"), Approval: text().Draw(r, "approval"), By: text().Draw(r, "by"),
			Verdict: text().Draw(r, "verdict"), Until: instants().Draw(r, "until"), BeforeOpening: rapid.Bool().Draw(r, "due"),
		}
		c := newChain(t, site, key(1)).add(w.record())
		e, err := audit.Decode(c.entries[0].Encode())
		if err != nil {
			r.Fatal(err)
		}
		back, err := windowOf(audit.InOrder([]audit.Entry{e})[0])
		if diff := cmp.Diff(w, back); diff != "" || err != nil {
			r.Fatalf("read back (-want +got):\n%s, %v", diff, err)
		}
	})
}
