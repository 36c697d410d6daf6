// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"
)

// Schema is the version of Record that this package writes. A change that an older
// version would misread raises it.
const Schema = 1

const (
	// MaxLine bounds the line of one entry: many times what a record of ours takes.
	MaxLine = 16 << 10
	// maxInteger is the largest that every reader of JSON takes for what it is.
	maxInteger = 1<<53 - 1
)

// Whats that this package gives a meaning to. The others are their writers' own.
const (
	// KeyChanged names the key that signs from the next entry on, in DecisionKey.
	KeyChanged = "KeyChanged"
	// CheckpointMade says which beginning of the chain was removed.
	CheckpointMade = "Checkpoint"
)

// DecisionKey is the decision field of a KeyChanged record that holds the next key.
const DecisionKey = "key"

// Record is what happened.
type Record struct {
	// Schema is its version. 0 is written as Schema.
	Schema int
	// Who did it: a user name as the API server gave it, or the operator's own.
	Who string
	// What was done, in one word, e.g. Opened.
	What   string
	Object Object
	// At is what the wall clock read.
	At    time.Time
	Clock Clock
	// SpecHash is of the object's spec, PolicyHash of the rules that it was judged by.
	SpecHash, PolicyHash string
	// Decision is all else that was decided or decided upon. Equal maps make equal
	// records, and a field that is "" differs from one that is not there.
	Decision map[string]string
	// Carried is the sequence of the entry that this is a copy of, 0 for an original.
	Carried uint64
}

// Object names one object as it was at one time.
type Object struct {
	Kind, Namespace, Name, UID string
	Generation                 int64
}

// Clock is what was known of the clock that At was read from.
type Clock struct {
	Trusted bool
	// Reason says why, or why not.
	Reason    string
	BootID    string
	SinceBoot time.Duration
}

// FormatTime writes an instant for a field of a decision, to the nanosecond. The zero
// time is "".
func FormatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// ParseTime reads what FormatTime wrote.
func ParseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("parsing an instant: %w", err)
	}
	return t.UTC(), nil
}

// check says what keeps a record from being written so that it is read back as it was.
func (r Record) check() error {
	if r.Schema != Schema {
		return fmt.Errorf("schema: %d is not %d", r.Schema, Schema)
	}
	if r.What == "" {
		return errors.New("what: is empty")
	}
	if y := r.At.UTC().Year(); y < 0 || y > 9999 {
		return fmt.Errorf("at: RFC 3339 cannot write the year %d", y)
	}
	if r.Clock.SinceBoot < 0 {
		return fmt.Errorf("clock.sinceBoot: %s is negative", r.Clock.SinceBoot)
	}
	if g := r.Object.Generation; g < 0 || g > maxInteger {
		return fmt.Errorf("object.generation: %d is not between 0 and 2^53-1", g)
	}
	if r.Carried > maxInteger {
		return fmt.Errorf("carried: %d is beyond 2^53-1", r.Carried)
	}
	return r.checkText()
}

func (r Record) checkText() error {
	for _, f := range [][2]string{
		{"who", r.Who},
		{"what", r.What},
		{"object.kind", r.Object.Kind},
		{"object.namespace", r.Object.Namespace},
		{"object.name", r.Object.Name},
		{"object.uid", r.Object.UID},
		{"clock.reason", r.Clock.Reason},
		{"clock.bootID", r.Clock.BootID},
		{"specHash", r.SpecHash},
		{"policyHash", r.PolicyHash},
	} {
		if err := checkText(f[0], f[1]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Decision)) {
		if err := checkText(fmt.Sprintf("decision[%q]", name), name+r.Decision[name]); err != nil {
			return err
		}
	}
	return nil
}

func checkText(field, text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s: is not UTF-8", field)
	}
	return nil
}

// InOrder are the records of a chain in the order in which they were made: a copy that was
// carried forward stands where its original stood, and only once.
func InOrder(entries []Entry) []Record {
	origin := func(e Entry) uint64 {
		if e.Record.Carried != 0 {
			return e.Record.Carried
		}
		return e.Sequence
	}
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, func(a, b Entry) int {
		return cmp.Compare(origin(a), origin(b))
	})
	sorted = slices.CompactFunc(sorted, func(a, b Entry) bool { return origin(a) == origin(b) })
	out := make([]Record, len(sorted))
	for i, e := range sorted {
		out[i] = e.Record
	}
	return out
}
