// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package logbook says in the words of the audit trail what happened to windows and locks, and
// who approved what a Zone, Conduit or Asset opens; and it reads back of it what package access has to know.
//
// The contract:
//
//   - Write and Read lose nothing: Read(Write(r)) is r, with times in UTC. Fields that a
//     later version adds to a record of the same schema are left aside.
//   - Trails are of windows by UID. Records about anything else tell nothing here. Where one
//     record of a window cannot be read, the trail of that window is not known, and so
//     opens nothing.
//   - A window that a trail does not tell of is known to have no records, if the trail was
//     read: Of says so. The zero Trail says the opposite.
//   - Who is the person who decided, where one did, and the operator for all else. Who lifted
//     a lock is not known here: deleting names nobody to the operator, only to the audit
//     log of the API server.
//
// It is pure.
package logbook

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/audit"
)

// Stamp is what a record of the trail says beside what happened.
type Stamp struct {
	// Operator is who did what no person did.
	Operator string
	Clock    audit.Clock
	// SpecHash is audit.HashJSON of the object's spec, PolicyHash of what it was judged by.
	SpecHash, PolicyHash string
	// BreakGlass says of a window that nobody has to approve it. It is told for those who
	// watch; what is decided does not rest on it.
	BreakGlass bool
}

// Fields of a decision about a window. Those that are empty are left out.
const (
	fieldOccurrence = "occurrence"
	fieldPhase      = "phase"
	fieldReason     = "reason"
	fieldApproval   = "approval"
	fieldBy         = "by"
	fieldVerdict    = "verdict"
	fieldUntil      = "until"
	fieldDue        = "due"
	fieldBreakGlass = "breakGlass"
)

// dueBeforeOpening is the value of fieldDue.
const dueBeforeOpening = "BeforeOpening"

// yes is the value of a field that says that something is so.
const yes = "true"

// kinds are those that a window has.
var kinds = []access.RecordKind{
	access.RecordRequested, access.RecordDecided, access.RecordOpened,
	access.RecordClosed, access.RecordEnded, access.RecordReviewed,
}

// Write says a record in the words of the trail.
func Write(r access.Record, s Stamp) audit.Record {
	decision := map[string]string{}
	for _, f := range [][2]string{
		{fieldOccurrence, r.Occurrence},
		{fieldPhase, string(r.Phase)},
		{fieldReason, string(r.Reason)},
		{fieldApproval, r.Approval},
		{fieldBy, r.By},
		{fieldVerdict, string(r.Verdict)},
		{fieldUntil, audit.FormatTime(r.Until)},
	} {
		if f[1] != "" {
			decision[f[0]] = f[1]
		}
	}
	if r.Due == access.BeforeOpening {
		decision[fieldDue] = dueBeforeOpening
	}
	if s.BreakGlass {
		decision[fieldBreakGlass] = yes
	}
	who := s.Operator
	if r.By != "" {
		who = r.By
	}
	return audit.Record{
		Who: who, What: string(r.Kind), At: r.At, Clock: s.Clock,
		Object:   audit.Object{Kind: access.KindWindow, Name: r.Window, UID: r.UID, Generation: r.Generation},
		SpecHash: s.SpecHash, PolicyHash: s.PolicyHash, Decision: decision,
	}
}

// OfWindow says whether a record is about a window.
func OfWindow(r audit.Record) bool { return r.Object.Kind == access.KindWindow }

// Read gives what Write was given.
func Read(r audit.Record) (access.Record, error) {
	kind := access.RecordKind(r.What)
	if !OfWindow(r) || !slices.Contains(kinds, kind) {
		return access.Record{}, fmt.Errorf("reading a record: %q of a %q is none of a window", r.What, r.Object.Kind)
	}
	until, err := audit.ParseTime(r.Decision[fieldUntil])
	if err != nil {
		return access.Record{}, fmt.Errorf("reading a record: decision[%q]: %w", fieldUntil, err)
	}
	due := access.AtOnce
	switch said := r.Decision[fieldDue]; said {
	case "":
	case dueBeforeOpening:
		due = access.BeforeOpening
	default:
		return access.Record{}, fmt.Errorf("reading a record: decision[%q]: %q is not known", fieldDue, said)
	}
	at := r.At
	if !at.IsZero() {
		at = at.UTC()
	}
	return access.Record{
		Kind: kind, Window: r.Object.Name, UID: r.Object.UID, Generation: r.Object.Generation,
		Occurrence: r.Decision[fieldOccurrence], At: at,
		Phase: access.Phase(r.Decision[fieldPhase]), Reason: access.Reason(r.Decision[fieldReason]),
		Approval: r.Decision[fieldApproval], By: r.Decision[fieldBy], Verdict: access.Verdict(r.Decision[fieldVerdict]),
		Until: until, Due: due,
	}, nil
}

// Trails are what a chain tells of each window, in the order in which it happened. They are
// not nil, because the chain was read.
func Trails(entries []audit.Entry) map[types.UID]access.Trail {
	out := map[types.UID]access.Trail{}
	unread := map[types.UID]bool{}
	for _, r := range audit.InOrder(entries) {
		if !OfWindow(r) {
			continue
		}
		uid := types.UID(r.Object.UID)
		told, err := Read(r)
		if unread[uid] = unread[uid] || err != nil; unread[uid] {
			out[uid] = access.Trail{}
			continue
		}
		out[uid] = access.Trail{Known: true, Records: append(out[uid].Records, told)}
	}
	return out
}

// Of is the trail of one window. Of trails that were not read, nil, it is not known.
func Of(trails map[types.UID]access.Trail, uid types.UID) access.Trail {
	if t, ok := trails[uid]; ok {
		return t
	}
	return access.Trail{Known: trails != nil}
}

// Needed says whether a record is needed as long as these objects exist. Nil keeps all that
// is about an object, because it is not known which exist. What the chain says of itself,
// its keys and its beginning, is never carried forward.
func Needed(r audit.Record, exist map[types.UID]bool) bool {
	if r.What == audit.KeyChanged || r.What == audit.CheckpointMade || r.Object.UID == "" {
		return false
	}
	return exist == nil || exist[types.UID(r.Object.UID)]
}
