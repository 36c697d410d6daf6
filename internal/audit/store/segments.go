// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/zonewarden/zonewarden/internal/audit"
)

// archive copies a full head to a segment, and gives the head that comes after it.
func (s *Store) archive(ctx context.Context, v *view, stamp audit.Record, records []audit.Record) (state, []audit.Entry, error) {
	if len(v.tail) == 0 {
		return state{}, nil, fmt.Errorf("appending %s: it does not fit in a segment of %d bytes", records[0].What, s.Segment)
	}
	g, err := s.seal(ctx, v.tail)
	if err != nil {
		return state{}, nil, err
	}
	next := v.state
	next.Segments = append(append([]segment{}, v.Segments...), g)
	gone, own, err := s.retain(v, next, stamp)
	if err != nil {
		return state{}, nil, err
	}
	next.Segments = next.Segments[gone:]
	if len(next.Segments) > mostSegments {
		return state{}, nil, fmt.Errorf("%w: it has %d segments", ErrFull, len(next.Segments))
	}
	tail, err := s.extend(nil, s.headOf(v), append(own, records...))
	switch {
	case err != nil:
		return state{}, nil, err
	case len(tail) <= len(own):
		return state{}, nil, fmt.Errorf("appending %s: it does not fit in a segment of %d bytes", records[0].What, s.Segment)
	}
	return next, tail, nil
}

// seal makes the segment of a head's entries. One that a crash or another leader left is
// the same: its name says what is in it.
func (s *Store) seal(ctx context.Context, tail []audit.Entry) (segment, error) {
	first, last := tail[0], tail[len(tail)-1]
	text := string(audit.EncodeLines(tail))
	hash := last.Hash().String()
	g := segment{
		Name:  fmt.Sprintf("%s-%d-%d-%s", s.Name, first.Sequence, last.Sequence, hash[:8]),
		First: first.Sequence, Last: last.Sequence, Hash: hash, Bytes: len(text),
	}
	err := s.Objects.Create(ctx, Object{Name: g.Name, Immutable: true, Data: map[string]string{keyEntries: text}})
	if errors.Is(err, ErrExists) {
		there, err := s.Objects.Get(ctx, g.Name)
		switch {
		case errors.Is(err, ErrNotFound):
			return g, ErrConflict
		case err != nil:
			return g, fmt.Errorf("reading %s of the audit trail: %w", g.Name, err)
		case there.Data[keyEntries] != text || !there.Immutable:
			return g, fmt.Errorf("%w: %s is there, and not ours", ErrDamaged, g.Name)
		}
		return g, nil
	}
	if err != nil {
		return g, fmt.Errorf("writing %s of the audit trail: %w", g.Name, err)
	}
	return g, nil
}

// retain says how many segments go so that the trail is within its bound, and which records
// that takes: the checkpoint, and copies of what is to be kept.
func (s *Store) retain(v *view, next state, stamp audit.Record) (int, []audit.Record, error) {
	segments, err := next.list()
	if err != nil {
		return 0, nil, err
	}
	entries := v.entries()
	before := audit.LastCheckpoint(entries)
	// The head that follows may become as large as a segment.
	for n := audit.Retain(segments, next.Exported, s.Total-s.Segment).Segments; n > 0; n-- {
		removal := audit.Remove(segments[:n], next.Exported)
		own := []audit.Record{removal.Checkpoint(before).Record(stamp)}
		own = append(own, s.carried(entries, removal.Through)...)
		fits, err := s.extend(nil, s.headOf(v), own)
		if err != nil {
			return 0, nil, err
		}
		if len(fits) == len(own) && len(audit.EncodeLines(fits)) <= s.Segment/2 {
			return n, own, nil
		}
	}
	return 0, nil, nil
}

// carried are copies of what is to be kept of the entries that go. A copy is written by
// the write that its original goes with, so none is there already.
func (s *Store) carried(entries []audit.Entry, through uint64) []audit.Record {
	if s.Keep == nil {
		return nil
	}
	var out []audit.Record
	for _, e := range entries {
		if e.Sequence > through || !s.Keep(e.Record) {
			continue
		}
		r := e.Record
		if r.Carried == 0 {
			r.Carried = e.Sequence
		}
		out = append(out, r)
	}
	return out
}

func (st state) list() ([]audit.Segment, error) {
	out := make([]audit.Segment, len(st.Segments))
	for i, g := range st.Segments {
		hash, err := audit.ParseHash(g.Hash)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, g.Name, err)
		}
		out[i] = audit.Segment{First: g.First, Last: g.Last, Hash: hash, Bytes: g.Bytes}
	}
	return out, nil
}

// ours says whether a name is that of a segment, and which entry is the last in it.
func (s *Store) ours(name string) (last uint64, ok bool) {
	rest, ok := strings.CutPrefix(name, s.Name+"-")
	words := strings.Split(rest, "-")
	if !ok || len(words) != 3 || len(words[2]) != 8 {
		return 0, false
	}
	_, firstErr := strconv.ParseUint(words[0], 10, 64)
	last, lastErr := strconv.ParseUint(words[1], 10, 64)
	return last, firstErr == nil && lastErr == nil
}

// Clean deletes the segments that are not part of the trail and never will be: those that
// were removed, and those that a crash left behind.
func (s *Store) Clean(ctx context.Context) error {
	v, err := s.load(ctx)
	if err != nil || len(v.tail) == 0 {
		return err
	}
	// After the head: what is listed and not named is older than it, or is to be named next
	// and then not older than its entries.
	objects, err := s.Objects.List(ctx)
	if err != nil {
		return fmt.Errorf("listing the audit trail: %w", err)
	}
	named := map[string]bool{}
	for _, g := range v.Segments {
		named[g.Name] = true
	}
	var errs []error
	for _, o := range objects {
		last, ours := s.ours(o.Name)
		if !ours || named[o.Name] || last >= v.tail[0].Sequence {
			continue
		}
		if err := s.Objects.Delete(ctx, o); err != nil {
			errs = append(errs, fmt.Errorf("deleting %s of the audit trail: %w", o.Name, err))
		}
	}
	return errors.Join(errs...)
}

// Export hands out what was not exported yet, the oldest first, and notes that it was. What
// send took is handed out again where that could not be noted.
func (s *Store) Export(ctx context.Context, send func([]audit.Entry) error) error {
	sent := uint64(0)
	for range rounds {
		v, err := s.load(ctx)
		if err != nil {
			return err
		}
		var pending []audit.Entry
		for _, e := range v.entries() {
			if e.Sequence > max(sent, v.Exported) {
				pending = append(pending, e)
			}
		}
		if len(pending) > 0 {
			if err := send(pending); err != nil {
				return fmt.Errorf("exporting the audit trail: %w", err)
			}
			sent = pending[len(pending)-1].Sequence
		}
		if sent <= v.Exported {
			return nil
		}
		next := v.state
		next.Exported = sent
		if err := s.put(ctx, v, next, v.tail); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return ErrBusy
}
