// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// warnings are given so long before an end, each once.
var warnings = []time.Duration{15 * time.Minute, 5 * time.Minute}

// warn tells people of ends that come near. An end that was moved is warned of anew.
func (w *Windows) warn(p *windowPass) {
	for _, m := range p.matters {
		if m.decision.Grant == nil {
			delete(w.warned, m.window.UID)
			continue
		}
		until := m.decision.Grant.Until
		left := until.Sub(p.clock.Now)
		was := w.warned[m.window.UID]
		if !was.until.Equal(until) {
			was = warning{until: until, at: warnings[0] + 1}
		}
		for _, before := range warnings {
			if left <= before && before < was.at {
				was.at = before
				// The action tells the two apart: events that differ in their words alone are one.
				action := fmt.Sprintf("%dMinutes", int(before.Minutes()))
				w.recorder.Eventf(m.window, nil, corev1.EventTypeWarning, "EndsSoon", action, "%s of %s: access ends in %s, at %s",
					strings.Join(m.facts.Window.People, ", "), m.window.Spec.Vendor, minutes(left), local(until))
			}
		}
		w.warned[m.window.UID] = was
	}
}

// warning is the last that was given of an end.
type warning struct {
	until time.Time
	at    time.Duration
}

// nextWarning is the time to the next one.
func (w *Windows) nextWarning(m *matter, now time.Time) (time.Duration, bool) {
	left := m.decision.Grant.Until.Sub(now)
	for _, before := range warnings {
		if left > before {
			return left - before, true
		}
	}
	return 0, false
}

func minutes(d time.Duration) string {
	if d < time.Minute {
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
}
