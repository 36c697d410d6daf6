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
	if !r.mark.IsZero() {
		r.pending = c.Policy == Signal || c.restarts()
		r.asked = c.restarts() && c.Workload.Known && !c.Workload.Restarted.Before(r.mark)
	}
	c.restart = r
}

// restarts says that the operator restarts a workload, and that there is something to.
func (c *cert) restarts() bool {
	w := c.Workload
	return c.Policy == Restart && w != nil && (!w.Known || w.Pods > 0)
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
		if _, may := m.may(); c.restart.mark.IsZero() || c.d.Swap != nil || c.refused != nil || !may {
			continue
		}
		if c.Policy != Restart || c.Workload == nil {
			m.awaitReading(c)
			continue
		}
		m.restart(c, done)
	}
}

// restart replaces the pods of one workload, once for all of its certificates.
func (m *matter) restart(c *cert, done map[string]bool) {
	if w, step, missing := m.restartMissing(c); missing {
		if c.d.Step == Idle {
			c.d.Step = step
		}
		c.hold(w)
		return
	}
	key := c.Namespace + "/" + c.Workload.Key
	if !done[key] {
		c.d.Restart = &RestartNow{Workload: c.Workload.Key, Cause: c.restart.cause}
	}
	done[key] = true
	c.d.Step = Restarting
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
	for _, ask := range []func(*cert) (wait, bool){m.heldBack, m.fragile, m.restartWave} {
		if h, waits := ask(c); waits {
			return h, AwaitingWindow, true
		}
	}
	s, shut := m.shut(c, c.ends)
	return s, AwaitingWindow, shut
}

func (m *matter) heldBack(c *cert) (wait, bool) { return m.held(c, c.ends) }

// fragile says that a workload would not bear it. Of one whose certificate has run out
// nothing is left to lose.
func (m *matter) fragile(c *cert) (wait, bool) {
	w, ended := c.Workload, !c.ends.IsZero() && !m.now.Before(c.ends)
	switch {
	case w.RollingOut:
		return wait{reason: ReasonRollingOut}, true
	case !w.Ready && !ended:
		return wait{reason: ReasonPodsNotReady}, true
	case !w.MayDisrupt && !ended:
		return wait{reason: ReasonBudget}, true
	}
	return wait{}, false
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
