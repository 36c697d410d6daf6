// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"slices"
	"strings"
)

// leaf issues what comes next, or puts it into place.
func (m *matter) leaf(c *cert) {
	if w, stops := m.stops(c); stops {
		c.hold(w)
		c.d.Step = Idle
		return
	}
	c.d.Cause = c.cause
	switch {
	case c.cause == "":
		c.d.Step = Idle
		c.d.Drop = c.Next != nil
	case m.usable(c):
		m.swap(c)
	case m.answered(c):
		c.d.Step = Requested
		c.hold(wait{reason: ReasonNothingLater, message: string(c.zone.current.Signer), until: c.Next.Since.Add(asksIssuerAgain)})
	default:
		m.issue(c)
	}
}

// stops says why nothing is done for a certificate at all.
func (m *matter) stops(c *cert) (wait, bool) {
	if w, may := m.may(); !may {
		return w, true
	}
	switch {
	case c.refused != nil:
		return *c.refused, true
	case c.Zone == "":
		return wait{reason: ReasonZoneUnknown, message: c.WhyNoZone}, true
	case c.zone == nil || c.zone.current == nil:
		w := wait{reason: ReasonNoAuthority, message: c.Zone}
		if c.zone != nil {
			w.message = words(w.message, c.zone.d.Reason.Sentence(), c.Signing)
		}
		return w, true
	}
	return wait{}, false
}

// usable says that what is staged is what is to come next.
func (m *matter) usable(c *cert) bool {
	n, leaf := c.Next, c.Secret.Leaf
	if n == nil || n.Authority != c.zone.current.ID || n.Digest != c.Digest || n.Fingerprint == c.Asked {
		return false
	}
	m.at(m.dueAt(c, n))
	m.at(n.NotBefore)
	m.at(n.NotAfter)
	switch {
	case m.now.Before(n.NotBefore) || !m.now.Before(n.NotAfter), m.renews(c, n) && !m.answered(c):
		return false
	case leaf == nil:
		return true
	}
	return n.Fingerprint != leaf.Fingerprint && (c.cause != CauseTime || n.NotAfter.After(leaf.NotAfter))
}

// issue asks for a leaf: into place where nothing runs on it yet, otherwise staged.
func (m *matter) issue(c *cert) {
	by := c.zone.current
	c.d.Step = Requested
	if c.Next != nil && c.Secret.Leaf != nil && c.Next.Fingerprint == c.Secret.Leaf.Fingerprint {
		c.d.Drop = true // it was put into place, and something else is due by now
		return
	}
	if w, held := m.heldFirst(c); held {
		c.hold(w)
		return
	}
	switch {
	case m.now.Before(by.NotBefore) || !m.now.Before(by.NotAfter):
		c.hold(wait{reason: ReasonAuthorityEnded, message: by.ID})
		return
	case !c.permitted():
		c.hold(wait{reason: ReasonNamesBeyond, message: c.zone.d.Reason.Sentence()})
		return
	}
	first := c.Secret.Leaf == nil
	c.d.Issue = &Issue{Authority: by.ID, Until: m.until(c, by), Digest: c.Digest, InPlace: first && by.Signer == Here, Signer: by.Signer}
	c.d.Issue.First = c.d.Issue.InPlace && c.settled
	c.awaitSigner(by)
}

// words joins what is said, without what is not.
func words(all ...string) string {
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), ": ")
}

// heldFirst says that a freeze holds back that a leaf is made. Nothing runs on the first
// one, so that only what is said of the certificate itself does.
func (m *matter) heldFirst(c *cert) (wait, bool) {
	if c.cause != CauseFirst {
		return m.held(c, c.ends)
	}
	return wait{reason: ReasonFrozen, field: "spec.frozen", message: c.Frozen}, c.Frozen != ""
}

// swap puts what is staged into place, when everything that has to be ready is.
func (m *matter) swap(c *cert) {
	c.d.Step = Issued
	leaf := c.Secret.Leaf
	if w, held := m.heldFirst(c); held {
		c.hold(w)
		return
	}
	if leaf != nil {
		for _, ask := range []func(*cert) (wait, Step, bool){m.peersMissing, m.waveMissing, m.windowMissing} {
			if w, step, missing := ask(c); missing {
				c.d.Step = step
				c.hold(w)
				return
			}
		}
	}
	c.d.Swap = &Swap{Fingerprint: c.Next.Fingerprint, Before: m.mayRun(c), First: leaf == nil && c.settled}
}

// mayRun is the leaf that ends first of those that may run.
func (m *matter) mayRun(c *cert) *Leaf {
	leaf, before := c.Secret.Leaf, c.Secret.Before
	if leaf != nil && !c.settled && before != nil && before.NotAfter.Before(leaf.NotAfter) {
		return before
	}
	return leaf
}

// peersMissing: peers do not trust what comes. One that has run out is trusted by nobody,
// so that nothing is lost.
func (m *matter) peersMissing(c *cert) (wait, Step, bool) {
	if !m.now.Before(c.Secret.Leaf.NotAfter) {
		return wait{}, "", false
	}
	changes := c.Next.Authority != c.Secret.Leaf.Authority
	if changes {
		if l := m.ready(c.zone, c.Next.Authority); len(l.inside) > 0 {
			return wait{reason: ReasonPeersNotReady, message: strings.Join(l.inside, ", ")}, AwaitingPeers, true
		}
	}
	var who []string
	for _, p := range c.Peers {
		if w := p.wants(c.Next); (p.Lists != ListsAuthority || changes) && !slices.Contains(p.Acknowledged, w) {
			who = append(who, p.Name)
		}
	}
	return wait{reason: ReasonOutsidePeers, message: strings.Join(who, ", ")}, AwaitingPeers, len(who) > 0
}

// wants is the fingerprint of what a peer has to trust for a leaf.
func (p Peer) wants(l *Leaf) string {
	if p.Lists == ListsAuthority {
		return l.Authority
	}
	return l.Fingerprint
}

// waveMissing: peers of a lower wave are not done. An order is a wish: what is about to
// run out does not wait for it.
func (m *matter) waveMissing(c *cert) (wait, Step, bool) {
	if m.near(c.ends) {
		return wait{}, "", false
	}
	for _, d := range m.certs {
		if d.Wave >= c.Wave || !c.meets(d) {
			continue
		}
		if m.needs(d); d.cause != "" && d.cause != CauseFirst || d.restart.pending {
			return wait{reason: ReasonWave, message: d.object}, Issued, true
		}
	}
	return wait{}, "", false
}

// meets says that the conduits of one of two certificates reach the other's zone.
func (c *cert) meets(d *cert) bool {
	return c.zone != nil && slices.Contains(d.Reaches, c.Zone) || d.zone != nil && slices.Contains(c.Reaches, d.Zone)
}

func (m *matter) windowMissing(c *cert) (wait, Step, bool) {
	w, shut := m.shut(c, c.ends)
	return w, AwaitingWindow, shut
}
