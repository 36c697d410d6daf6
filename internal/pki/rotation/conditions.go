// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"slices"
	"strings"
)

// say puts into words where a certificate stands.
func (m *matter) say(c *cert) {
	w := c.waits
	if w == nil {
		w = &wait{reason: m.stands(c)}
	}
	c.d.Reason, c.d.Field, c.d.Until = w.reason, w.field, w.until
	c.d.Message = w.sentence()
	m.at(w.until)
	c.d.Conditions = []Condition{m.valid(c), deferred(c), m.served(c), m.peersTrust(c), m.expiring(c)}
}

func (w *wait) sentence() string {
	if w.message == "" {
		return w.reason.Sentence()
	}
	return w.reason.Sentence() + ": " + w.message
}

// stands is the reason of one that nothing holds back.
func (m *matter) stands(c *cert) Reason {
	switch {
	case c.d.Swap != nil:
		return ReasonSwapping
	case c.d.Issue != nil:
		return ReasonIssuing
	case c.d.Step == Restarting:
		return ReasonRestarting
	case c.other:
		c.d.Step = Verifying
		return ReasonServesOther
	}
	return ReasonIdle
}

func condition(kind string, status Status, reason Reason, detail string) Condition {
	return Condition{Type: kind, Status: status, Reason: reason, Message: (&wait{reason: reason, message: detail}).sentence()}
}

// valid says that there is a certificate that can be used. That another is on its way
// makes it no worse.
func (m *matter) valid(c *cert) Condition {
	leaf := c.Secret.Leaf
	switch {
	case leaf == nil:
		if c.waits != nil {
			return condition(ConditionReady, False, c.waits.reason, c.waits.message)
		}
		return condition(ConditionReady, False, ReasonNoLeaf, "")
	case c.refused != nil:
		return condition(ConditionReady, False, c.refused.reason, c.refused.message)
	case c.Zone == "":
		return condition(ConditionReady, False, ReasonZoneUnknown, c.WhyNoZone)
	case !m.f.Clock.Trusted:
		return condition(ConditionReady, Unknown, ReasonClockUntrusted, m.f.Clock.Reason)
	case m.now.Before(leaf.NotBefore):
		return condition(ConditionReady, False, ReasonNotYetValid, "")
	case !m.now.Before(c.ends):
		return condition(ConditionReady, False, ReasonRunOut, "")
	case leaf.Digest != c.Digest:
		return condition(ConditionReady, False, ReasonSpecChanged, "")
	}
	return condition(ConditionReady, True, ReasonValid, "")
}

// progress are the reasons of what goes on by itself in a short time.
var progress = []Reason{ReasonRestarting, ReasonFilesSettling, ReasonVerifying, ReasonRollingOut}

// deferred says that something is to be done and waits.
func deferred(c *cert) Condition {
	if c.waits == nil || slices.Contains(progress, c.waits.reason) {
		return condition(ConditionDeferred, False, ReasonNothingDeferred, "")
	}
	return condition(ConditionDeferred, True, c.waits.reason, c.waits.message)
}

func (m *matter) served(c *cert) Condition {
	if c.Secret.Leaf == nil {
		return condition(ConditionServed, Unknown, ReasonNoLeaf, "")
	}
	switch seen, is := m.seen(c); {
	case !seen:
		return condition(ConditionServed, Unknown, ReasonNotSeen, "")
	case is:
		return condition(ConditionServed, True, ReasonServesThis, "")
	}
	return condition(ConditionServed, False, ReasonServesOther, c.Probe.Serial)
}

// peersTrust says whether the peers outside trust what they have to by now: what is in
// use, what is staged, and the authority that comes.
func (m *matter) peersTrust(c *cert) Condition {
	if len(c.Peers) == 0 {
		return condition(ConditionPeersTrust, True, ReasonNothingToTrust, "")
	}
	var who []string
	for _, p := range c.Peers {
		var want []string
		for _, l := range []*Leaf{c.Secret.Leaf, c.Next} {
			if l != nil {
				want = append(want, p.wants(l))
			}
		}
		if p.Lists == ListsAuthority && c.zone != nil && c.zone.newest != nil {
			want = append(want, c.zone.newest.ID)
		}
		if slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(p.Acknowledged, w) }) {
			who = append(who, p.Name)
		}
	}
	if len(who) > 0 {
		return condition(ConditionPeersTrust, False, ReasonOutsidePeers, strings.Join(who, ", "))
	}
	return condition(ConditionPeersTrust, True, ReasonAllTrust, "")
}

func (m *matter) expiring(c *cert) Condition {
	switch {
	case c.ends.IsZero():
		return condition(ConditionExpiring, Unknown, ReasonNoLeaf, "")
	case !m.f.Clock.Trusted && m.now.IsZero():
		return condition(ConditionExpiring, Unknown, ReasonClockUntrusted, m.f.Clock.Reason)
	case !m.now.Before(c.ends):
		return condition(ConditionExpiring, True, ReasonRunOut, "")
	case !m.now.Before(c.ends.Add(-m.rules.warn)):
		return condition(ConditionExpiring, True, ReasonRunsOutSoon, "")
	}
	return condition(ConditionExpiring, False, ReasonLongEnough, "")
}
