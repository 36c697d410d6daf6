// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import "fmt"

// FaultKind is what is wrong with a chain.
type FaultKind string

// Faults.
const (
	// Malformed: a line or an entry that Append does not make.
	Malformed FaultKind = "Malformed"
	// Edited: the text is not the one that its key signed.
	Edited FaultKind = "Edited"
	// OtherSite: an entry of another site's chain.
	OtherSite FaultKind = "OtherSite"
	// UnknownKey: signed by a key that nothing vouches for.
	UnknownKey FaultKind = "UnknownKey"
	// RetiredKey: signed by a key that has been replaced.
	RetiredKey FaultKind = "RetiredKey"
	// Removed: entries are missing before others.
	Removed FaultKind = "Removed"
	// Reordered: an entry stands where another belongs.
	Reordered FaultKind = "Reordered"
	// Duplicated: an entry that was there already.
	Duplicated FaultKind = "Duplicated"
	// Rewritten: well signed, and another history than the one before it, than a
	// checkpoint, or than the head that is expected. Who holds the key did it, or two who
	// hold it know nothing of each other.
	Rewritten FaultKind = "Rewritten"
	// Truncated: the chain ends before the head that is expected.
	Truncated FaultKind = "Truncated"
)

// Fault is one thing that is wrong.
type Fault struct {
	Kind FaultKind
	// Index is that of the entry which shows it; of a line where it is Malformed. It is
	// the number of entries for what is missing after the last.
	Index int
	// Sequence is the one that is meant, the first of those that are missing.
	Sequence uint64
	Message  string
}

// String is one line for a reader.
func (f Fault) String() string {
	if f.Sequence == 0 {
		return fmt.Sprintf("%s: at %d: %s", f.Kind, f.Index, f.Message)
	}
	return fmt.Sprintf("%s: entry %d: %s", f.Kind, f.Sequence, f.Message)
}
