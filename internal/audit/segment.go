// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"fmt"
	"slices"
	"strconv"
)

// Segment is a part of a chain that is kept as one.
type Segment struct {
	// First and Last are its entries' sequences, Hash is the last one's.
	First, Last uint64
	Hash        Hash
	// Bytes of its lines.
	Bytes int
}

// Removal is the beginning of a chain that is to go.
type Removal struct {
	// Segments that go, from the first on.
	Segments int
	// Through is the last entry that goes, Hash is its own.
	Through uint64
	Hash    Hash
	// Lost are the entries among them that were never exported.
	Lost uint64
}

// Retain says which segments go so that the others take no more than limit bytes. Exported
// is the last entry of which everything up to it was exported. One segment stays always.
func Retain(segments []Segment, exported uint64, limit int) Removal {
	total := 0
	for _, s := range segments {
		total += s.Bytes
	}
	n := 0
	for total > limit && n < len(segments)-1 {
		total -= segments[n].Bytes
		n++
	}
	return Remove(segments[:n], exported)
}

// Remove says what goes with these segments.
func Remove(segments []Segment, exported uint64) Removal {
	r := Removal{Segments: len(segments)}
	for _, s := range segments {
		r.Through, r.Hash = s.Last, s.Hash
		r.Lost += s.Last - min(s.Last, max(s.First-1, exported))
	}
	return r
}

// Checkpoint is what is said of a beginning that was removed.
type Checkpoint struct {
	// Through is the last entry that was removed, Hash is its own.
	Through uint64
	Hash    Hash
	// Lost were not exported: of those that this checkpoint removed, and of all that ever
	// were.
	Lost, LostInAll uint64
}

// Fields of a checkpoint's decision.
const (
	decisionThrough   = "through"
	decisionHash      = "hash"
	decisionLost      = "lost"
	decisionLostInAll = "lostInAll"
)

// Checkpoint is what has to be signed before a removal. Before is the checkpoint before it,
// zero for none.
func (r Removal) Checkpoint(before Checkpoint) Checkpoint {
	return Checkpoint{Through: r.Through, Hash: r.Hash, Lost: r.Lost, LostInAll: before.LostInAll + r.Lost}
}

// Record says a checkpoint. Who, At and Clock are taken from r.
func (c Checkpoint) Record(r Record) Record {
	return Record{
		Schema: r.Schema, Who: r.Who, What: CheckpointMade, At: r.At, Clock: r.Clock,
		Decision: map[string]string{
			decisionThrough:   strconv.FormatUint(c.Through, 10),
			decisionHash:      c.Hash.String(),
			decisionLost:      strconv.FormatUint(c.Lost, 10),
			decisionLostInAll: strconv.FormatUint(c.LostInAll, 10),
		},
	}
}

// ParseCheckpoint reads what Record said.
func ParseCheckpoint(r Record) (Checkpoint, error) {
	var c Checkpoint
	var err error
	if r.What != CheckpointMade {
		return c, fmt.Errorf("parsing a checkpoint: it is %q", r.What)
	}
	if c.Hash, err = ParseHash(r.Decision[decisionHash]); err != nil {
		return Checkpoint{}, fmt.Errorf("parsing a checkpoint: %s: %w", decisionHash, err)
	}
	for _, f := range []struct {
		name string
		to   *uint64
	}{{decisionThrough, &c.Through}, {decisionLost, &c.Lost}, {decisionLostInAll, &c.LostInAll}} {
		if *f.to, err = strconv.ParseUint(r.Decision[f.name], 10, 64); err != nil {
			return Checkpoint{}, fmt.Errorf("parsing a checkpoint: %s: %w", f.name, err)
		}
	}
	return c, nil
}

// LastCheckpoint is the newest of a chain, zero for none.
func LastCheckpoint(entries []Entry) Checkpoint {
	for _, e := range slices.Backward(entries) {
		if c, err := ParseCheckpoint(e.Record); err == nil {
			return c
		}
	}
	return Checkpoint{}
}
