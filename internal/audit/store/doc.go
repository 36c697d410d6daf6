// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package store keeps the audit trail in the cluster.
//
// The contract:
//
//   - The newest entries are in one object, the head, and every append is one write of it
//     on condition that nobody has written it since it was read. So two who both believe
//     to lead cannot both append after the same entry: the second is refused, reads, and
//     asks again what is owed.
//   - What is appended is what a function says that the trail still owes. It is asked on the
//     very trail that the append is conditional upon, so a write whose answer got lost, a
//     crash and another leader make no double entry.
//   - A head that is full is first copied to a segment, an object that the API server lets
//     nobody change, and then written with the next entries and the segment's name. A
//     crash between the two leaves a segment that no head names, which is not part of the
//     trail; Clean deletes it.
//   - The trail is bounded. The oldest segments go in the write of the head in which their
//     checkpoint is signed; Clean deletes them afterwards. Records that Keep asks for are
//     carried forward in that same write. Where more than half of a segment is to be
//     kept, nothing goes: rather a trail past its bound than a window that ended and is not
//     known to have.
//   - Nothing is read that does not verify, and a running process also knows how far the
//     trail had come; of segments that it has read it asks no more. A trail that was edited, or has lost its head,
//     is ErrDamaged, and nothing is appended to it: whoever waits for a record before they
//     open, does not open. A person decides: save Text, see what is missing against the
//     last head that went out, and delete the head and the segments to begin a new one.
//
// The keys are in a Secret beside it; see package audit for what that proves. To change the
// key, the Secret first gets the next one beside the present one (Options.Signers), then
// ChangeKey, then the Secret loses the old one; its public half stays in Options.Keys while
// entries are kept that it signed, and no longer.
//
// A Store is for one goroutine at a time.
package store

import (
	"context"
	"errors"
)

// What Objects answer.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("exists already")
	ErrConflict = errors.New("was changed since it was read")
)

// Object is a ConfigMap, or what else holds text by names.
type Object struct {
	Name, UID, Version string
	// Immutable says that nobody may change it any more.
	Immutable bool
	Data      map[string]string
}

// Objects are those of the trail, in one namespace. They are read from the API server and not
// from a cache, and whatever else goes wrong than what is said here may have been done.
type Objects interface {
	// Get may be ErrNotFound.
	Get(ctx context.Context, name string) (Object, error)
	// List gives those that Create made. Their Data is not asked for.
	List(ctx context.Context) ([]Object, error)
	// Create may be ErrExists.
	Create(ctx context.Context, o Object) error
	// Update is ErrConflict unless the version is the one that was read, and may be
	// ErrNotFound.
	Update(ctx context.Context, o Object) error
	// Delete deletes the one of that UID, and no other. That it is gone is no error.
	Delete(ctx context.Context, o Object) error
}
