// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/zonewarden/zonewarden/internal/audit"
)

// ErrDamaged says that the trail is not as we left it.
var ErrDamaged = errors.New("the audit trail is damaged")

// Bounds where Options name none.
const (
	// DefaultSegment keeps an append cheap: the head is written whole each time.
	DefaultSegment = 64 << 10
	// DefaultTotal is several thousand entries.
	DefaultTotal = 4 << 20
	// mostSegment leaves room for the list of segments in an object of 512 KiB.
	mostSegment = 384 << 10
	// mostSegments bounds that list, and so a trail of which all has to be kept.
	mostSegments = 512
	// rounds bounds how often one append is tried: against others, and in parts.
	rounds = 64
)

// Names in the objects' data.
const (
	keyState   = "state"
	keyEntries = "entries"
)

// Options say whose trail it is.
type Options struct {
	Objects Objects
	// Site says whose chain it is, for ever: the UID of kube-system.
	Site string
	// Name is the head's. Segments are called Name-FIRST-LAST-HASH.
	Name string
	// Signers are all keys that we hold. The one that the chain awaits signs.
	Signers []crypto.Signer
	// Keys are believed beside those of Signers: of what was signed before they were ours.
	Keys []audit.PublicKey
	// Segment bounds one object's entries in bytes, Total bounds them all. 0 is the default.
	Segment, Total int
	// Keep says which records are needed for ever, for instance of objects that still exist.
	// Nil keeps none.
	Keep func(audit.Record) bool
}

// Store appends to a trail, and reads it.
type Store struct {
	Options

	keys []audit.PublicKey
	// cached are the segments that were read and verified, by name. They do not change.
	cached map[string][]audit.Entry
	// latest is the last head that was read. The trail does not go back behind it.
	latest audit.Head
}

// Open gives a Store. Nothing is read yet.
func Open(o Options) (*Store, error) {
	if o.Segment == 0 {
		o.Segment = DefaultSegment
	}
	if o.Total == 0 {
		o.Total = DefaultTotal
	}
	s := &Store{Options: o, cached: map[string][]audit.Entry{}}
	if err := s.Hold(o.Signers, o.Keys); err != nil {
		return nil, fmt.Errorf("opening the audit trail: %w", err)
	}
	switch {
	case o.Site == "" || o.Name == "":
		return nil, errors.New("opening the audit trail: it has no site or no name")
	case o.Segment < 0 || o.Segment > mostSegment:
		return nil, fmt.Errorf("opening the audit trail: segments of %d bytes are more than %d", o.Segment, mostSegment)
	case o.Total < 2*o.Segment:
		return nil, fmt.Errorf("opening the audit trail: %d bytes are less than two segments of %d", o.Total, o.Segment)
	}
	return s, nil
}

// Hold replaces Signers and Keys. What is known of the trail stays known.
func (s *Store) Hold(signers []crypto.Signer, believed []audit.PublicKey) error {
	keys := append([]audit.PublicKey{}, believed...)
	for _, signer := range signers {
		key, err := audit.KeyOf(signer)
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	s.Signers, s.Keys, s.keys = signers, believed, keys
	return nil
}

// Trail is all that is kept.
type Trail struct {
	Entries []audit.Entry
	Head    audit.Head
	// Exported is the last entry of which everything up to it was exported.
	Exported uint64
}

// state is what the head knows beside its entries. It is not signed: whatever it says that
// is not so shows in the chain.
type state struct {
	Version  int       `json:"version"`
	Exported uint64    `json:"exported"`
	Segments []segment `json:"segments"`
}

type segment struct {
	Name  string `json:"name"`
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	Hash  string `json:"hash"`
	Bytes int    `json:"bytes"`
}

const stateVersion = 1

// view is the trail as it was at one version of the head.
type view struct {
	state

	// object is the head's, without a version where there is none yet.
	object Object
	// past are the entries of the segments, tail those of the head.
	past, tail []audit.Entry
}

func (v *view) entries() []audit.Entry { return append(append([]audit.Entry{}, v.past...), v.tail...) }

// Read gives the whole trail, verified.
func (s *Store) Read(ctx context.Context) (Trail, error) {
	v, err := s.load(ctx)
	if err != nil {
		return Trail{}, err
	}
	return Trail{Entries: v.entries(), Head: s.headOf(v), Exported: v.Exported}, nil
}

func (s *Store) headOf(v *view) audit.Head {
	if len(v.tail) == 0 {
		return audit.Head{Site: s.Site}
	}
	return audit.HeadOf(v.tail[len(v.tail)-1])
}

// Text is the trail as it is kept, unjudged: to save a damaged one, or to verify it
// elsewhere.
func (s *Store) Text(ctx context.Context) ([]byte, error) {
	head, err := s.Objects.Get(ctx, s.Name)
	if err != nil {
		return nil, fmt.Errorf("reading the audit trail: %w", err)
	}
	st, err := parseState(head)
	if err != nil {
		return nil, err
	}
	var text []byte
	for _, g := range st.Segments {
		o, err := s.Objects.Get(ctx, g.Name)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, fmt.Errorf("reading %s of the audit trail: %w", g.Name, err)
		}
		text = append(text, o.Data[keyEntries]...)
	}
	return append(text, head.Data[keyEntries]...), nil
}

func parseState(head Object) (state, error) {
	var st state
	if err := json.Unmarshal([]byte(head.Data[keyState]), &st); err != nil {
		return st, fmt.Errorf("%w: reading %s of %s: %w", ErrDamaged, keyState, head.Name, err)
	}
	if st.Version != stateVersion {
		return st, fmt.Errorf("%w: %s is of version %d, and not %d", ErrDamaged, head.Name, st.Version, stateVersion)
	}
	return st, nil
}

// load reads the head, and of the segments those that are not known yet. One that is gone
// may have been removed since, and then the head is another.
func (s *Store) load(ctx context.Context) (*view, error) {
	var missing error
	was := ""
	for range rounds {
		v, err := s.loadHead(ctx)
		if err != nil || v.object.Version == "" {
			return v, err
		}
		if missing != nil && v.object.Version == was {
			return nil, missing
		}
		if missing = s.loadPast(ctx, v); !errors.Is(missing, ErrNotFound) {
			return v, missing
		}
		was = v.object.Version
	}
	return nil, ErrBusy
}

func (s *Store) loadHead(ctx context.Context) (*view, error) {
	head, err := s.Objects.Get(ctx, s.Name)
	if errors.Is(err, ErrNotFound) {
		return s.begin(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the audit trail: %w", err)
	}
	v := &view{object: head}
	if v.state, err = parseState(head); err != nil {
		return nil, err
	}
	if v.tail, err = decode(s.Name, head); err != nil {
		return nil, err
	}
	if len(v.tail) == 0 {
		return nil, fmt.Errorf("%w: %s has no entry", ErrDamaged, s.Name)
	}
	return v, nil
}

// begin is the view of a trail that is not there yet.
func (s *Store) begin(ctx context.Context) (*view, error) {
	if s.latest.Sequence > 0 {
		return nil, fmt.Errorf("%w: %s is gone, which had entry %d", ErrDamaged, s.Name, s.latest.Sequence)
	}
	left, err := s.Objects.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the audit trail: %w", err)
	}
	for _, o := range left {
		if _, ok := s.ours(o.Name); ok {
			return nil, fmt.Errorf("%w: %s is gone, and %s is still there", ErrDamaged, s.Name, o.Name)
		}
	}
	return &view{state: state{Version: stateVersion}, object: Object{Name: s.Name}}, nil
}

// loadPast reads the segments and verifies what was not verified: from the first that is
// not known on, and always the head's own entries, which anybody may have changed.
func (s *Store) loadPast(ctx context.Context, v *view) error {
	cached := map[string][]audit.Entry{}
	known := 0
	var expect audit.Expect
	for i, g := range v.Segments {
		entries, ok := s.cached[g.Name]
		if !ok {
			o, err := s.Objects.Get(ctx, g.Name)
			if errors.Is(err, ErrNotFound) {
				return fmt.Errorf("%w: %s: %w", ErrDamaged, g.Name, err)
			}
			if err != nil {
				return fmt.Errorf("reading %s of the audit trail: %w", g.Name, err)
			}
			if entries, err = decode(g.Name, o); err != nil {
				return err
			}
		}
		if err := g.check(entries); err != nil {
			return err
		}
		v.past = append(v.past, entries...)
		if ok && known == i && joins(v.past, len(entries)) {
			known, expect.First = i+1, audit.HeadOf(entries[len(entries)-1])
		}
		cached[g.Name] = entries
	}
	if err := s.verify(v, expect); err != nil {
		return err
	}
	s.cached, s.latest = cached, s.headOf(v)
	return nil
}

// joins says whether the last n entries follow those before them.
func joins(entries []audit.Entry, n int) bool {
	i := len(entries) - n
	return i == 0 || entries[i].Previous == entries[i-1].Hash()
}

func (s *Store) verify(v *view, expect audit.Expect) error {
	expect.Site, expect.Head = s.Site, s.latest
	all := v.entries()
	from := 0
	for from < len(all) && expect.First.Sequence >= all[from].Sequence {
		from++
	}
	// What was verified before may begin later now, with a checkpoint for it.
	faults := audit.Verify(all[from:], s.keys, expect)
	if before := all[0].Sequence - 1; from > 0 && before > audit.LastCheckpoint(all).Through {
		faults = append(faults, audit.Fault{Kind: audit.Removed, Sequence: 1, Message: fmt.Sprintf("entries 1 to %d are missing", before)})
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d faults, the first: %s", ErrDamaged, len(faults), faults[0])
}

func (g segment) check(entries []audit.Entry) error {
	if len(entries) == 0 || entries[0].Sequence != g.First || entries[len(entries)-1].Sequence != g.Last {
		return fmt.Errorf("%w: %s is not %d to %d", ErrDamaged, g.Name, g.First, g.Last)
	}
	return nil
}

func decode(name string, o Object) ([]audit.Entry, error) {
	entries, faults := audit.DecodeLines([]byte(o.Data[keyEntries]))
	if len(faults) > 0 {
		return nil, fmt.Errorf("%w: %s: %d faults, the first: %s", ErrDamaged, name, len(faults), faults[0])
	}
	return entries, nil
}
