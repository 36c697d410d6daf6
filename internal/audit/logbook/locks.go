// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package logbook

import (
	"time"

	"github.com/zonewarden/zonewarden/internal/audit"
)

// KindLock is the kind of the records about locks.
const KindLock = "AccessLock"

// What happens to a lock.
const (
	LockMade   = "LockMade"
	LockLifted = "LockLifted"
)

// Lock is an AccessLock that exists.
type Lock struct {
	Name, UID  string
	Generation int64
	Created    time.Time
	// Vendor, Person or Zone that it locks, or Everything.
	Vendor, Person, Zone string
	Everything           bool
	Reason, By           string
	// SpecHash is audit.HashJSON of its spec.
	SpecHash string
}

// Locks are the records that a chain owes about locks: those that it does not tell of were
// made, and those that it tells of and that exist no more were lifted, at the latest now.
func Locks(entries []audit.Entry, exist []Lock, now time.Time, s Stamp) []audit.Record {
	standing := map[string]audit.Record{}
	var order []string
	told := map[string]bool{}
	for _, r := range audit.InOrder(entries) {
		if r.Object.Kind != KindLock {
			continue
		}
		uid := r.Object.UID
		switch r.What {
		case LockMade:
			if !told[uid] {
				order = append(order, uid)
				standing[uid] = r
			}
			told[uid] = true
		case LockLifted:
			told[uid] = true
			delete(standing, uid)
		}
	}
	exists := map[string]bool{}
	var out []audit.Record
	for _, l := range exist {
		exists[l.UID] = true
		if !told[l.UID] {
			out = append(out, made(l, s))
		}
	}
	for _, uid := range order {
		if r, ok := standing[uid]; ok && !exists[uid] {
			out = append(out, lifted(r, now, s))
		}
	}
	return out
}

func made(l Lock, s Stamp) audit.Record {
	decision := map[string]string{}
	for _, f := range [][2]string{{"vendor", l.Vendor}, {"person", l.Person}, {"zone", l.Zone}, {fieldReason, l.Reason}, {fieldBy, l.By}} {
		if f[1] != "" {
			decision[f[0]] = f[1]
		}
	}
	if l.Everything {
		decision["everything"] = yes
	}
	who := s.Operator
	if l.By != "" {
		who = l.By
	}
	return audit.Record{
		Who: who, What: LockMade, At: l.Created, Clock: s.Clock,
		Object:   audit.Object{Kind: KindLock, Name: l.Name, UID: l.UID, Generation: l.Generation},
		SpecHash: l.SpecHash, PolicyHash: s.PolicyHash, Decision: decision,
	}
}

// lifted says of a lock what was said when it was made: it is gone, and cannot be asked.
func lifted(made audit.Record, now time.Time, s Stamp) audit.Record {
	return audit.Record{
		Who: s.Operator, What: LockLifted, At: now, Clock: s.Clock,
		Object: made.Object, SpecHash: made.SpecHash, PolicyHash: s.PolicyHash, Decision: made.Decision,
	}
}
