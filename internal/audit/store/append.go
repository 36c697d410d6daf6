// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/zonewarden/zonewarden/internal/audit"
)

// ErrBusy says that others wrote all the time, or that too much is owed for one call.
var ErrBusy = errors.New("the audit trail could not be written in the tries there are")

// ErrFull says that the trail may not grow and nothing of it may go.
var ErrFull = errors.New("the audit trail is full of records that are to be kept")

// ErrNoKey says that we do not hold the key that the chain awaits.
var ErrNoKey = errors.New("the key that signs the audit trail is not at hand")

// Owed says which records a trail still owes. It is asked again after others have written,
// and after a part was: it owes what is not in the trail it is given. It must not change
// the entries.
type Owed func([]audit.Entry) ([]audit.Record, error)

// Append writes what is owed until nothing is, and gives the head that has it all. Stamp
// says who, when, and by which clock, for records of the store itself.
//
// After an error, what was owed is in the trail or not, as a crash would leave it: ask
// again.
func (s *Store) Append(ctx context.Context, stamp audit.Record, owed Owed) (audit.Head, error) {
	for range rounds {
		v, err := s.load(ctx)
		if err != nil {
			return audit.Head{}, err
		}
		records, err := owed(v.entries())
		if err != nil {
			return audit.Head{}, err
		}
		if len(records) == 0 {
			return s.headOf(v), nil
		}
		err = s.write(ctx, v, stamp, records)
		if err != nil && !errors.Is(err, ErrConflict) {
			return audit.Head{}, err
		}
	}
	return audit.Head{}, ErrBusy
}

// ChangeKey makes the chain await another of Signers. The key before signs that, or where
// we do not hold it, the next one itself.
func (s *Store) ChangeKey(ctx context.Context, stamp audit.Record, next audit.PublicKey) (audit.Head, error) {
	return s.Append(ctx, stamp, func(entries []audit.Entry) ([]audit.Record, error) {
		if n := len(entries); n > 0 && audit.HeadOf(entries[n-1]).Key == next {
			return nil, nil
		}
		return []audit.Record{audit.ChangeKey(stamp, next)}, nil
	})
}

// write writes as many of the records as the head has room for, at least one.
func (s *Store) write(ctx context.Context, v *view, stamp audit.Record, records []audit.Record) error {
	tail, err := s.extend(v.tail, s.headOf(v), records)
	if err != nil {
		return err
	}
	next := v.state
	if len(tail) == len(v.tail) {
		if next, tail, err = s.archive(ctx, v, stamp, records); err != nil {
			return err
		}
	}
	return s.put(ctx, v, next, tail)
}

// put writes the head, on condition that it is still the one that was read.
func (s *Store) put(ctx context.Context, v *view, next state, tail []audit.Entry) error {
	text, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("writing the audit trail: %w", err)
	}
	o := v.object
	o.Data = map[string]string{keyState: string(text), keyEntries: string(audit.EncodeLines(tail))}
	if o.Version == "" {
		err = s.Objects.Create(ctx, o)
	} else {
		err = s.Objects.Update(ctx, o)
	}
	// Somebody else made it, or it was deleted: the next look says which.
	if errors.Is(err, ErrExists) || errors.Is(err, ErrNotFound) {
		err = ErrConflict
	}
	if err != nil {
		return fmt.Errorf("writing the audit trail: %w", err)
	}
	return nil
}

// extend adds records to the entries of a head while they fit.
func (s *Store) extend(tail []audit.Entry, head audit.Head, records []audit.Record) ([]audit.Entry, error) {
	tail = slices.Clone(tail)
	bytes := len(audit.EncodeLines(tail))
	for _, r := range records {
		signer, err := s.signer(head, r)
		if err != nil {
			return nil, err
		}
		e, next, err := audit.Append(head, r, signer)
		if err != nil {
			return nil, err
		}
		bytes += len(e.Encode()) + 1
		if bytes > s.Segment {
			return tail, nil
		}
		tail, head = append(tail, e), next
	}
	return tail, nil
}

// signer is the one that the chain awaits, of a first entry the first.
func (s *Store) signer(head audit.Head, r audit.Record) (crypto.Signer, error) {
	for _, signer := range s.Signers {
		key, err := audit.KeyOf(signer)
		if err != nil {
			return nil, err
		}
		if key == head.Key || head.Key == (audit.PublicKey{}) {
			return signer, nil
		}
	}
	for _, signer := range s.Signers {
		key, err := audit.KeyOf(signer)
		if err == nil && r.What == audit.KeyChanged && r.Decision[audit.DecisionKey] == key.String() {
			return signer, nil
		}
	}
	return nil, fmt.Errorf("%w: it is %s", ErrNoKey, head.Key)
}
