// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import "github.com/zonewarden/zonewarden/internal/access"

// phases of windows: each has a series, so that none is missing where there is no window.
var phases = []access.Phase{
	access.Requested, access.Approved, access.Armed, access.Active, access.Locked,
	access.Denied, access.Expired, access.Revoked,
}

// observe puts the outcome of a pass into the metrics. What is granted counts as open even
// where a part of it could not be written: the rest may let in.
func (w *Windows) observe(p *windowPass) {
	count := map[access.Phase]int{}
	people := map[string]bool{}
	live, owed := int64(0), 0
	for _, m := range p.matters {
		count[m.decision.Phase]++
		if m.decision.ReviewOwed {
			owed++
		}
		if g := m.decision.Grant; g != nil {
			for _, person := range g.People {
				people[person] = true
			}
			if is := w.sessions.heard(m.window.UID); is.answered {
				live += is.live
			}
		}
	}
	for _, phase := range phases {
		windowsByPhase.WithLabelValues(string(phase)).Set(float64(count[phase]))
	}
	accessOpen.Set(float64(len(people)))
	accessSessions.Set(float64(live))
	accessReviewsOwed.Set(float64(owed))
}
