// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// cert is a certificate, and what was worked out of it.
type cert struct {
	*Certificate
	object string
	// refused is what is wrong with it, nothing is done for it then.
	refused         *wait
	lifetime, renew time.Duration
	// zone is nil where it is not known.
	zone *zone

	// leafMark is from when a process that starts has the leaf, and settled that all that
	// run have it. other says that something else is served although they should.
	leafMark       time.Time
	settled, other bool
	// ends is when the first ends of the leaves that may run, zero for none.
	ends time.Time
	// cause is why it is to be replaced, "" for it is not.
	cause Cause
	// restart is what is known of the restart that it needs.
	restart restart

	waits *wait
	d     CertificateDecision
}

func (m *matter) readCertificates() {
	seen := map[string]*cert{}
	for i := range m.f.Certificates {
		f := &m.f.Certificates[i]
		c := &cert{Certificate: f, object: f.Namespace + "/" + f.Name, d: CertificateDecision{Namespace: f.Namespace, Name: f.Name}}
		m.certs = append(m.certs, c)
		m.readSpans(c)
		if twin := seen[c.object]; twin != nil {
			m.refuse(c, "metadata.name", ReasonTwice, "")
			m.refuse(twin, "metadata.name", ReasonTwice, "")
		}
		seen[c.object] = c
		m.readPolicy(c)
	}
	slices.SortStableFunc(m.certs, func(a, b *cert) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
}

func (m *matter) readSpans(c *cert) {
	var err error
	if c.lifetime, err = ParseSpan(c.Lifetime); err != nil {
		m.refuse(c, "spec.lifetime", ReasonInvalidSpan, err.Error())
	}
	if c.renew, err = ParseSpan(c.RenewBefore); err != nil {
		m.refuse(c, "spec.renewBefore", ReasonInvalidSpan, err.Error())
	}
	if c.refused == nil && c.renew >= c.lifetime {
		m.refuse(c, "spec.renewBefore", ReasonRenewTooEarly, c.RenewBefore+" of "+c.Lifetime)
	}
}

func (m *matter) readPolicy(c *cert) {
	if c.Policy != Restart && c.Policy != Signal && c.Policy != None {
		m.find(c.object, "spec.restart.policy", ReasonUnknownPolicy, fmt.Sprintf("%q", c.Policy))
	}
	if c.Policy != Signal && c.Workload == nil {
		m.find(c.object, "spec.workloadRef", ReasonUnwatched, "")
	}
	if m.rules.refused != "" {
		return
	}
	for i, name := range c.Windows {
		if m.rules.windows[name] == nil {
			m.find(c.object, fmt.Sprintf("spec.restart.windows[%d]", i), ReasonUnknownWindow, name)
		}
	}
}

func (m *matter) refuse(c *cert, field string, reason Reason, detail string) {
	m.find(c.object, field, reason, detail)
	if c.refused == nil {
		c.refused = &wait{reason: ReasonInvalid, field: field, message: detail}
	}
}

// hold notes the first reason for which a certificate does not go on.
func (c *cert) hold(w wait) {
	if c.waits == nil {
		c.waits = &w
	}
}

// until is when a leaf ends that is issued now.
func (m *matter) until(c *cert, by *Authority) time.Time {
	return sooner(m.now.Add(c.lifetime), by.NotAfter)
}

// due finds out why the leaf is to be replaced, if it is.
func (m *matter) due(c *cert) {
	leaf := c.Secret.Leaf
	if c.refused != nil {
		return
	}
	if leaf == nil {
		c.cause = CauseFirst
		return
	}
	c.d.Due = m.dueAt(c, leaf)
	m.at(c.d.Due)
	switch {
	case leaf.Digest != c.Digest:
		c.cause = CauseSpec
	case c.Asked != "" && c.Asked == leaf.Fingerprint:
		c.cause = CauseAsked
	case c.zone == nil || c.zone.current == nil:
		if !m.now.Before(c.d.Due) {
			c.cause = CauseTime
		}
	case leaf.Authority != c.zone.current.ID:
		c.cause = CauseAuthority
	case m.renews(c, leaf):
		c.cause = CauseTime
	}
}

// renews says that it is time to replace a leaf, and that another one would end later.
// One that its authority's end cuts short is not replaced by the same again and again. What
// an issuer gives nobody knows before: it may sign by another authority by now.
func (m *matter) renews(c *cert, leaf *Leaf) bool {
	by := c.zone.current
	return !m.now.Before(m.dueAt(c, leaf)) && (by.Signer.isIssuer() || m.until(c, by).After(leaf.NotAfter))
}

// near says that what may run is about to run out.
func (m *matter) near(ends time.Time) bool {
	return !ends.IsZero() && m.rules.within > 0 && !m.now.Before(ends.Add(-m.rules.within))
}

// held says that a freeze holds a certificate back. Its own is one like the Site's: the
// Site's answer to what is about to run out is about both.
func (m *matter) held(c *cert, ends time.Time) (wait, bool) {
	if m.near(ends) && m.rules.action == IgnoreFreezes {
		return wait{}, false
	}
	if c.Frozen != "" {
		return wait{reason: ReasonFrozen, field: "spec.frozen", message: c.Frozen, until: m.forced(ends, IgnoreFreezes)}, true
	}
	if f, frozen := m.rules.frozen(m.now); frozen {
		w := wait{reason: ReasonFrozen, field: "Site.spec.certificates.freezes", message: f.name + ": " + f.reason}
		w.until, _ = m.rules.opening(c.Certificate, m.now)
		w.until = sooner(w.until, m.forced(ends, IgnoreFreezes))
		return w, true
	}
	return wait{}, false
}

// forced is when the Site lets a certificate go on that is about to run out, if it does.
func (m *matter) forced(ends time.Time, actions ...Action) time.Time {
	if ends.IsZero() || m.rules.within == 0 || !slices.Contains(actions, m.rules.action) {
		return time.Time{}
	}
	return later(m.now, ends.Add(-m.rules.within))
}

// shut says that no maintenance window of a certificate is open.
func (m *matter) shut(c *cert, ends time.Time) (wait, bool) {
	if m.near(ends) && m.rules.action != Wait {
		return wait{}, false
	}
	windows, anyTime := m.rules.mine(c.Certificate)
	if anyTime || open(windows, m.now) {
		return wait{}, false
	}
	w := wait{reason: ReasonOutsideWindow, until: m.forced(ends, IgnoreWindows, IgnoreFreezes)}
	if len(windows) == 0 {
		w.reason, w.field = ReasonNoWindow, "Site.spec.certificates.maintenanceWindows"
		if len(c.Windows) > 0 {
			w.field = "spec.restart.windows"
		}
		return w, true
	}
	opens, _ := m.rules.opening(c.Certificate, m.now)
	w.until = sooner(w.until, opens)
	return w, true
}
