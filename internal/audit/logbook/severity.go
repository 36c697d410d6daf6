// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package logbook

import (
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/audit"
)

// Severity is how urgent a record is for who watches the site:
//
//   - Alert: somebody was let in whom nobody approved (break-glass), and access stood that no
//     record tells of.
//   - Warning: somebody was let in; a person revoked or denied; an approval was tried that
//     does not count; a lock was made or lifted; somebody approved or denied what a Zone,
//     Conduit or Asset opens; the key changed; records were removed that had not been
//     exported.
//   - Notice: everything else, requests, approvals and ends by time among them.
//   - Informational: the beginning of the trail was removed, after it had been exported.
func Severity(r audit.Record) audit.Severity {
	switch {
	case OfWindow(r):
		return windowSeverity(r)
	case r.Object.Kind == KindLock, r.What == audit.KeyChanged, IsOpening(r):
		return audit.Warning
	case r.What == audit.CheckpointMade:
		if c, err := audit.ParseCheckpoint(r); err != nil || c.Lost > 0 {
			return audit.Warning
		}
		return audit.Informational
	}
	return audit.Notice
}

func windowSeverity(r audit.Record) audit.Severity {
	reason, phase := access.Reason(r.Decision[fieldReason]), access.Phase(r.Decision[fieldPhase])
	switch kind := access.RecordKind(r.What); {
	case reason == access.ReasonNoAuditRecord, kind == access.RecordOpened && r.Decision[fieldBreakGlass] == yes:
		return audit.Alert
	case kind == access.RecordOpened, phase == access.Revoked, phase == access.Denied:
		return audit.Warning
	case kind == access.RecordDecided:
		return decidedSeverity(r, reason)
	}
	return audit.Notice
}

// decidedSeverity: a decision has a reason where it does not count.
func decidedSeverity(r audit.Record, reason access.Reason) audit.Severity {
	switch access.Verdict(r.Decision[fieldVerdict]) {
	case access.Revoke, access.Deny:
		return audit.Warning
	case access.Approve, access.Arm:
	}
	if reason != "" {
		return audit.Warning
	}
	return audit.Notice
}
