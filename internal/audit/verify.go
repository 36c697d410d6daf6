// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import "fmt"

// Expect is what is known of a chain from elsewhere.
type Expect struct {
	// Site is whose chain it is. "" takes the one of the first entry.
	Site string
	// Head is one that the chain had: the last that went out. Sequence 0 for none.
	Head Head
	// First is the entry after which it begins: where an earlier export ended.
	// Sequence 0 lets it begin at 1, or after a prefix that a checkpoint says was removed.
	First Head
}

// Verify finds what is wrong with a chain. Keys are those that may sign its beginning, and
// those that replaced one that was lost. It answers for any entries at all.
func Verify(entries []Entry, keys []PublicKey, expect Expect) []Fault {
	v := verifier{
		expect: expect, site: expect.Site,
		keys: map[PublicKey]bool{}, retired: map[PublicKey]bool{},
		seen: map[uint64]Hash{}, ahead: map[uint64]int{},
	}
	for _, k := range keys {
		v.keys[k] = true
	}
	if expect.First.Key != (PublicKey{}) {
		v.current = expect.First.Key
	}
	for _, e := range entries {
		v.ahead[e.Sequence]++
	}
	for i, e := range entries {
		v.index = i
		v.ahead[e.Sequence]--
		v.look(e)
	}
	v.index = len(entries)
	v.lookAtBeginning()
	v.lookAtEnd()
	return v.faults
}

type verifier struct {
	expect  Expect
	site    string
	keys    map[PublicKey]bool
	retired map[PublicKey]bool
	// current signs, zero before the first entry.
	current PublicKey
	// at is the last entry in order, unsure that its hash is not known for certain.
	at     Head
	unsure bool
	// lowest is the earliest entry.
	lowest *Entry
	seen   map[uint64]Hash
	// ahead counts the entries to come, by sequence.
	ahead       map[uint64]int
	checkpoints []Checkpoint
	index       int
	faults      []Fault
}

func (v *verifier) fault(kind FaultKind, sequence uint64, format string, args ...any) {
	v.faults = append(v.faults, Fault{Kind: kind, Index: v.index, Sequence: sequence, Message: fmt.Sprintf(format, args...)})
}

func (v *verifier) look(e Entry) {
	if v.site == "" {
		v.site = e.Site
	}
	if err := e.check(); err != nil {
		v.fault(Malformed, e.Sequence, "%s", err)
		return
	}
	if e.Site != v.site {
		v.fault(OtherSite, e.Sequence, "it is of site %q, and not of %q", e.Site, v.site)
		return
	}
	genuine := e.verifies()
	if !genuine {
		v.fault(Edited, e.Sequence, "it is not what its key signed")
	}
	if v.place(e, genuine) && v.lookAtKey(e) {
		v.follow(e)
	}
}

// place says whether an entry may be followed: it is genuine, and stands where it belongs.
// What was edited may have been anything: it takes the place that awaits it, and no other.
func (v *verifier) place(e Entry, genuine bool) bool {
	hash := e.Hash()
	next := v.at.Sequence == 0 || e.Sequence == v.at.Sequence+1
	if !genuine {
		if next && v.at.Sequence != 0 {
			v.at.Sequence, v.unsure = e.Sequence, true
		}
		return false
	}
	if v.again(e.Sequence, hash) {
		return false
	}
	if v.lowest == nil || e.Sequence < v.lowest.Sequence {
		v.lowest = &e
	}
	if v.at.Sequence != 0 && e.Sequence <= v.at.Sequence {
		v.fault(Reordered, e.Sequence, "it stands after entry %d", v.at.Sequence)
		return false
	}
	if next {
		v.link(e)
	} else {
		v.gap(e)
	}
	v.at, v.unsure = Head{Site: e.Site, Sequence: e.Sequence, Hash: hash}, false
	return true
}

// again says whether there was one of that sequence before, and notes that there is now.
func (v *verifier) again(sequence uint64, hash Hash) bool {
	was, ok := v.seen[sequence]
	switch {
	case !ok:
		v.seen[sequence] = hash
	case was == hash:
		v.fault(Duplicated, sequence, "it was there already")
	default:
		v.fault(Rewritten, sequence, "another entry has its sequence")
	}
	return ok
}

func (v *verifier) link(e Entry) {
	if v.at.Sequence != 0 && !v.unsure && e.Previous != v.at.Hash {
		v.fault(Rewritten, e.Sequence, "it does not follow entry %d as it is here", v.at.Sequence)
	}
}

func (v *verifier) gap(e Entry) {
	if v.ahead[v.at.Sequence+1] > 0 {
		v.fault(Reordered, e.Sequence, "it stands after entry %d", v.at.Sequence)
		return
	}
	v.fault(Removed, v.at.Sequence+1, "entries %d to %d are missing", v.at.Sequence+1, e.Sequence-1)
}

// lookAtKey says whether the key of a genuine entry may sign it.
func (v *verifier) lookAtKey(e Entry) bool {
	switch {
	case e.Key == v.current:
		return true
	case v.retired[e.Key]:
		v.fault(RetiredKey, e.Sequence, "%s has been replaced", e.Key)
		return false
	case !v.keys[e.Key]:
		v.fault(UnknownKey, e.Sequence, "nothing vouches for %s", e.Key)
		return false
	case v.current == (PublicKey{}), names(e, e.Key):
		return true
	}
	v.fault(UnknownKey, e.Sequence, "no change to %s is before it", e.Key)
	return false
}

func names(e Entry, key PublicKey) bool {
	return e.Record.What == KeyChanged && e.Record.Decision[DecisionKey] == key.String()
}

// follow does what the chain itself says of keys and of its beginning.
func (v *verifier) follow(e Entry) {
	next := e.Key
	switch e.Record.What {
	case KeyChanged:
		key, err := ParsePublicKey(e.Record.Decision[DecisionKey])
		if err != nil {
			v.fault(Malformed, e.Sequence, "decision[%q]: %s", DecisionKey, err)
			return
		}
		next = key
	case CheckpointMade:
		c, err := ParseCheckpoint(e.Record)
		if err != nil {
			v.fault(Malformed, e.Sequence, "%s", err)
			return
		}
		v.checkpoints = append(v.checkpoints, c)
	}
	for _, past := range []PublicKey{v.current, e.Key} {
		if past != next && past != (PublicKey{}) {
			v.retired[past] = true
		}
	}
	v.current = next
}

// lookAtBeginning judges what the chain begins with.
func (v *verifier) lookAtBeginning() {
	attested := v.lookAtCheckpoints()
	if v.lowest == nil {
		return
	}
	before := Head{Sequence: v.lowest.Sequence - 1, Hash: v.lowest.Previous}
	if first := v.expect.First; first.Sequence > 0 {
		v.lookAtFirst(before, first)
		return
	}
	switch {
	case before.Sequence == 0:
		if before.Hash != (Hash{}) {
			v.fault(Rewritten, 1, "something was before it")
		}
	case attested.Through < before.Sequence:
		v.fault(Removed, 1, "entries 1 to %d are missing, and no checkpoint says so", before.Sequence)
	case attested.Through == before.Sequence && attested.Hash != before.Hash:
		v.fault(Rewritten, before.Sequence, "a checkpoint says that its hash is %s", attested.Hash)
	}
}

// lookAtCheckpoints gives the one that went furthest, zero for none.
func (v *verifier) lookAtCheckpoints() Checkpoint {
	var furthest Checkpoint
	for _, c := range v.checkpoints {
		if hash, ok := v.seen[c.Through]; ok && hash != c.Hash {
			v.fault(Rewritten, c.Through, "a checkpoint says that its hash is %s", c.Hash)
		}
		if c.Through > furthest.Through {
			furthest = c
		}
	}
	return furthest
}

func (v *verifier) lookAtFirst(before, first Head) {
	hash, ok := v.seen[first.Sequence]
	if before.Sequence == first.Sequence {
		hash, ok = before.Hash, true
	}
	switch {
	case ok && hash != first.Hash:
		v.fault(Rewritten, first.Sequence, "its hash was to be %s", first.Hash)
	case !ok && before.Sequence > first.Sequence:
		v.fault(Removed, first.Sequence+1, "entries %d to %d are missing", first.Sequence+1, before.Sequence)
	}
}

// lookAtEnd compares with the head that is known from elsewhere.
func (v *verifier) lookAtEnd() {
	head := v.expect.Head
	if head.Sequence == 0 {
		return
	}
	hash, ok := v.seen[head.Sequence]
	if !ok && v.lowest != nil && v.lowest.Sequence == head.Sequence+1 {
		hash, ok = v.lowest.Previous, true
	}
	switch {
	case ok && hash != head.Hash:
		v.fault(Rewritten, head.Sequence, "its hash was to be %s", head.Hash)
	case !ok && v.at.Sequence < head.Sequence:
		v.fault(Truncated, v.at.Sequence+1, "entries %d to %d are missing", v.at.Sequence+1, head.Sequence)
	}
}
