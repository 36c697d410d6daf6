// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation

import "time"

// restart is what is known of the restart that a workload needs.
type restart struct {
	known bool
	// pending says that something that runs has not read what it should, and that a
	// restart by the operator, or the time that an application takes, changes that.
	pending bool
	// mark is from when a process that starts has read all.
	mark  time.Time
	cause Cause
	// asked says that the pods are being replaced.
	asked bool
}

// needs finds out once whether something that runs has to read again.
func (m *matter) needs(c *cert) {
	if c.restart.known {
		return
	}
	r := restart{known: true, mark: m.unread(c)}
	if !r.mark.IsZero() {
		r.cause = CauseTrust
	}
	if c.Secret.Leaf != nil && !c.settled && !c.other {
		r.mark, r.cause = later(r.mark, c.leafMark), CauseLeaf
	}
	w := c.Workload
	switch {
	case r.mark.IsZero():
	case c.Policy == Signal:
		r.pending = true
	case c.Policy == Restart && w != nil && (!w.Known || w.Pods > 0):
		r.pending = true
		r.asked = w.Known && !w.Restarted.Before(r.mark)
	}
	c.restart = r
}

// restarts replaces the pods of the workloads that have to read again.
func (m *matter) restarts() {
	done := map[string]bool{}
	for _, c := range m.certs {
		m.needs(c)
		if c.d.Swap != nil && c.Workload != nil {
			done[c.Namespace+"/"+c.Workload.Key] = true // it will need one
		}
	}
	for _, c := range m.certs {
		r := c.restart
		if _, may := m.may(); r.mark.IsZero() || c.d.Swap != nil || c.refused != nil || !may {
			continue
		}
		if c.Policy != Restart || c.Workload == nil {
			m.awaitReading(c)
			continue
		}
		if w, step, missing := m.restartMissing(c); missing {
			if c.d.Step == Idle {
				c.d.Step = step
			}
			c.hold(w)
			continue
		}
		key := c.Namespace + "/" + c.Workload.Key
		if !done[key] {
			c.d.Restart = &RestartNow{Workload: c.Workload.Key, Cause: r.cause}
		}
		done[key] = true
		c.d.Step = Restarting
	}
}

// awaitReading: the application reads by itself, or somebody restarts it.
func (m *matter) awaitReading(c *cert) {
	w := wait{reason: ReasonFilesSettling, until: c.restart.mark}
	if c.Policy != Signal && !m.now.Before(c.restart.mark) {
		w = wait{reason: ReasonAwaitsRestart, message: "of before " + c.restart.mark.UTC().Format(time.RFC3339)}
	}
	if c.d.Step == Idle {
		c.d.Step = Verifying
	}
	c.hold(w)
}

// restartMissing says why a workload is not restarted now.
func (m *matter) restartMissing(c *cert) (wait, Step, bool) {
	w, r := c.Workload, c.restart
	ended := !c.ends.IsZero() && !m.now.Before(c.ends)
	switch {
	case !w.Known:
		return wait{reason: ReasonWorkloadUnknown, field: "spec.workloadRef"}, Verifying, true
	case r.asked:
		return wait{reason: ReasonRestarting}, Restarting, true
	case m.now.Before(r.mark):
		return wait{reason: ReasonFilesSettling, until: r.mark}, Verifying, true
	case w.Pods == 0 || w.Oldest.IsZero() || !w.Oldest.Before(r.mark):
		return wait{reason: ReasonVerifying}, Verifying, true
	}
	if h, held := m.held(c, c.ends); held {
		return h, AwaitingWindow, true
	}
	switch {
	case w.RollingOut:
		return wait{reason: ReasonRollingOut}, Verifying, true
	case !w.Ready && !ended:
		return wait{reason: ReasonPodsNotReady}, AwaitingWindow, true
	case !w.MayDisrupt && !ended:
		return wait{reason: ReasonBudget}, AwaitingWindow, true
	}
	if lower, waits := m.restartWave(c); waits {
		return lower, AwaitingWindow, true
	}
	s, shut := m.shut(c, c.ends)
	return s, AwaitingWindow, shut
}

// restartWave: peers of a lower wave restart first. That one of them is due does not
// count, it may be waiting for this one to read.
func (m *matter) restartWave(c *cert) (wait, bool) {
	if m.near(c.ends) {
		return wait{}, false
	}
	for _, d := range m.certs {
		if d.Wave < c.Wave && c.meets(d) && d.restart.pending {
			return wait{reason: ReasonWave, message: d.object}, true
		}
	}
	return wait{}, false
}
