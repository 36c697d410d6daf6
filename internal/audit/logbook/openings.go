// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package logbook

import (
	"time"

	"github.com/zonewarden/zonewarden/internal/audit"
)

// What somebody says to what a Zone, Conduit or Asset opens.
const (
	OpeningApproved = "OpeningApproved"
	OpeningDenied   = "OpeningDenied"
)

// fieldAuthor is who wrote what was decided on.
const fieldAuthor = "author"

// Opening is an Approval of a Zone, Conduit or Asset, as the API server took it.
type Opening struct {
	// UID of the Approval.
	UID     string
	Created time.Time
	// Of is what it is about, as it was then, and SpecHash its hash as the Approval says it,
	// without the word in front.
	Of       audit.Object
	SpecHash string
	Denied   bool
	// By is who decided, Author who wrote it, as the Approval says.
	By, Author, Reason string
}

// Openings are the records that a chain owes about approvals of what opens: those that it does
// not tell of. They go with their objects, the records do not. Whether one counted is not told:
// that is said by what is in force.
func Openings(entries []audit.Entry, exist []Opening, s Stamp) []audit.Record {
	told := map[string]bool{}
	for _, e := range entries {
		if IsOpening(e.Record) {
			told[e.Record.Decision[fieldApproval]] = true
		}
	}
	var out []audit.Record
	for _, o := range exist {
		if !told[o.UID] {
			out = append(out, o.record(s))
		}
	}
	return out
}

// IsOpening says that a record is of a decision on what opens.
func IsOpening(r audit.Record) bool { return r.What == OpeningApproved || r.What == OpeningDenied }

func (o Opening) record(s Stamp) audit.Record {
	what := OpeningApproved
	if o.Denied {
		what = OpeningDenied
	}
	decision := map[string]string{fieldApproval: o.UID}
	for _, f := range [][2]string{{fieldAuthor, o.Author}, {fieldReason, o.Reason}} {
		if f[1] != "" {
			decision[f[0]] = f[1]
		}
	}
	return audit.Record{
		Who: o.By, What: what, At: o.Created, Clock: s.Clock, Object: o.Of,
		SpecHash: o.SpecHash, PolicyHash: s.PolicyHash, Decision: decision,
	}
}
