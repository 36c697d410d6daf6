// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// zone is a zone, and what was worked out of its authorities.
type zone struct {
	*Zone
	// broken is why nothing is done with its authorities.
	broken  Reason
	members []*cert
	// current signs, nil for none. newest comes after it, nil for none.
	current, newest *Authority
	// needs are the names that its certificates need.
	needs []string
	// lead is how long before its end an authority is replaced.
	lead time.Duration
	// out are the generations that nothing needs any more.
	out map[string]bool
	d   ZoneDecision
}

func (m *matter) readZones() {
	m.zones = map[string]*zone{}
	for i := range m.f.Zones {
		f := &m.f.Zones[i]
		if twin := m.zones[f.Name]; twin != nil {
			twin.broken = ReasonTwice
			m.find(f.Name, "metadata.name", ReasonTwice, "")
			continue
		}
		m.zones[f.Name] = &zone{Zone: f, out: map[string]bool{}, d: ZoneDecision{Zone: f.Name, Reason: ReasonCurrent}}
	}
	for _, c := range m.certs {
		if c.Zone == "" {
			continue
		}
		if c.zone = m.zones[c.Zone]; c.zone == nil {
			m.find(c.object, "status.zone", ReasonUnknownZone, c.Zone)
			continue
		}
		c.zone.members = append(c.zone.members, c)
		c.zone.needs = append(c.zone.needs, c.Names...)
	}
	for _, z := range m.sorted() {
		slices.Sort(z.needs)
		z.needs = slices.Compact(z.needs)
		m.readAuthorities(z)
	}
}

// readAuthorities finds the current generation and the newest. Where that is not plain
// nothing is made, published, or taken away.
func (m *matter) readAuthorities(z *zone) {
	if z.broken == "" {
		z.broken = z.sort()
	}
	if z.current == nil && len(z.Authorities) > 1 && z.issued() && z.broken == "" {
		z.broken = ReasonNoneCurrent
	}
	if z.broken != "" {
		z.current, z.newest = nil, nil
		m.find(z.Name, "authorities", z.broken, "")
		return
	}
	for _, a := range z.Authorities {
		m.at(a.NotBefore)
		m.at(a.NotAfter)
	}
	if z.newest == z.current {
		z.newest = nil
	}
	m.readLead(z)
}

// sort finds which generation is which, and says what is wrong with them.
func (z *zone) sort() Reason {
	ids, numbers := map[string]bool{}, map[int64]bool{}
	for i := range z.Authorities {
		a := &z.Authorities[i]
		if a.ID == "" || ids[a.ID] || numbers[a.Generation] {
			return ReasonAmbiguous
		}
		ids[a.ID], numbers[a.Generation] = true, true
		if a.Current && z.current != nil {
			return ReasonTwoCurrent
		}
		if a.Current {
			z.current = a
		}
		if z.newest == nil || a.Generation > z.newest.Generation {
			z.newest = a
		}
	}
	return ""
}

// issued says that certificates of the zone stand.
func (z *zone) issued() bool {
	return slices.ContainsFunc(z.members, func(c *cert) bool { return c.Secret.Leaf != nil })
}

// readLead finds how long before its end an authority is replaced: as long as its longest
// certificate lives, and as long as the longest renewal takes.
func (m *matter) readLead(z *zone) {
	var longest, margin time.Duration
	for _, c := range z.members {
		if c.refused == nil {
			longest, margin = max(longest, c.lifetime), max(margin, c.renew)
		}
	}
	z.lead = longest + margin
	if m.rules.refused == "" && z.lead > m.rules.authorityLength/2 {
		m.find(z.Name, "Site.spec.certificates.authority.lifetime", ReasonAuthorityShort,
			fmt.Sprintf("%s, and certificates of %s that are renewed %s before they end", m.rules.authorityLength, longest, margin))
	}
}

// replacedAt is when an authority is to be replaced: not in the first half of its life,
// or one would follow the other without end.
func (z *zone) replacedAt(a *Authority) time.Time {
	half := a.NotBefore.Add(a.NotAfter.Sub(a.NotBefore) / 2)
	return later(half, a.NotAfter.Add(-z.lead))
}

func (m *matter) judgeZone(z *zone) {
	if z.broken != "" {
		z.say(z.broken)
		return
	}
	for _, a := range []*Authority{z.current, z.newest} {
		if a != nil {
			m.at(z.replacedAt(a))
		}
	}
	m.makeNew(z)
	m.promote(z)
	m.retire(z)
}

func (z *zone) say(reason Reason, details ...string) {
	z.d.Reason, z.d.Message = reason, strings.Join(append([]string{reason.Sentence()}, details...), ": ")
}

// lacks says why the newest generation is not good enough, "" for it is.
func (m *matter) lacks(z *zone) Cause {
	last := z.newest
	if last == nil {
		last = z.current
	}
	switch {
	case last == nil:
		return CauseFirst
	case z.current == nil && z.issued(): // what stands was lost: one new one is enough
		return ""
	case last.Signer != z.Signer:
		return CauseSigner
	case z.Signer.isIssuer(): // its next one comes with what it signs
		return ""
	case !last.signsFor(z.needs):
		return CauseNames
	case !m.now.Before(z.replacedAt(last)):
		return CauseTime
	case last.Current && z.Asked == last.ID:
		return CauseAsked
	}
	return ""
}

// makeNew asks for a new generation. One at a time is made, and by this decision
// only while the newest one is not good enough.
func (m *matter) makeNew(z *zone) {
	if len(z.members) == 0 {
		z.say(ReasonUnused)
	}
	cause := m.lacks(z)
	if cause == "" || len(z.members) == 0 {
		return
	}
	if w, may := m.may(); !may {
		z.say(w.reason, w.message)
		return
	}
	if m.frozenZone(z) && cause != CauseFirst {
		z.say(ReasonFrozen)
		return
	}
	z.d.Make = &NewAuthority{Permits: z.needs, Until: m.now.Add(m.rules.authorityLength), Signer: z.Signer, Cause: cause}
	switch z.Signer {
	case Here:
		z.say(ReasonMaking, string(cause))
	case People:
		z.say(ReasonAwaitsSignature, string(cause))
	default:
		z.say(ReasonAwaitsIssuer, string(z.Signer))
	}
}

// frozenZone says that a freeze of the Site holds a zone's authority.
func (m *matter) frozenZone(z *zone) bool {
	_, frozen := m.rules.frozen(m.now)
	return frozen && !m.overdue(z)
}

// overdue says that the Site lets nothing hold back a zone whose authority runs out.
func (m *matter) overdue(z *zone) bool {
	if z.current == nil {
		return false
	}
	m.at(z.current.NotAfter.Add(-m.rules.within))
	return m.rules.action == IgnoreFreezes && m.near(z.current.NotAfter)
}

// promote makes the newest generation sign when all peers trust it.
func (m *matter) promote(z *zone) {
	made := z.d.Make != nil && z.d.Make.Signer == Here
	if _, may := m.may(); z.newest == nil || made || !may {
		return
	}
	if m.frozenZone(z) && z.current != nil {
		z.say(ReasonFrozen)
		return
	}
	if n := z.newest; m.now.Before(n.NotBefore) || !m.now.Before(n.NotAfter) {
		z.say(ReasonNotYetValid, n.ID)
		return
	}
	if waits := m.ready(z, z.newest.ID).all(); len(waits) > 0 && !m.nothingToLose(z) {
		z.say(ReasonPublishing, "it waits for "+strings.Join(waits, ", "))
		return
	}
	z.d.MakeCurrent = z.newest.ID
	z.say(ReasonMakingCurrent)
}

// nothingToLose: nothing was issued yet, or what signed has ended, and all of that with it.
func (m *matter) nothingToLose(z *zone) bool {
	if z.current == nil {
		return !z.issued()
	}
	return !m.now.Before(z.current.NotAfter)
}

// retire finds the generations that nothing needs, whose trust is withdrawn, and takes
// those away that no bundle holds.
func (m *matter) retire(z *zone) {
	if _, may := m.may(); !may || z.current == nil {
		return
	}
	for i := range z.Authorities {
		a := &z.Authorities[i]
		if a == z.current || a == z.newest {
			continue
		}
		ended := !m.now.Before(a.NotAfter)
		if !ended && m.used(z, a) {
			if z.d.Reason == ReasonCurrent {
				z.say(ReasonRetiring, a.ID)
			}
			continue
		}
		z.out[a.ID] = true
		held := slices.ContainsFunc(m.certs, func(c *cert) bool { return c.holds(z.Name, a.ID) })
		if ended || !held {
			z.d.Retire = append(z.d.Retire, a.ID)
		}
	}
}

// used says that something may run that an old generation issued. An issuer may sign for
// several zones by one authority: what counts is whose certificate it is, then.
func (m *matter) used(z *zone, a *Authority) bool {
	return slices.ContainsFunc(m.certs, func(c *cert) bool {
		return c.issuedBy(a.ID) && (c.zone == z || !c.zone.has(a.ID)) || c.zone == z && !c.settled && a.Generation < z.current.Generation
	})
}

// has says that an authority is one of a zone's.
func (z *zone) has(id string) bool {
	return z != nil && slices.ContainsFunc(z.Authorities, func(a Authority) bool { return a.ID == id })
}

func (c *cert) issuedBy(id string) bool {
	is := func(l *Leaf) bool { return l != nil && l.Authority == id }
	return is(c.Secret.Leaf) || is(c.Next) || !c.settled && is(c.Secret.Before)
}

func (c *cert) holds(zone, id string) bool {
	return slices.ContainsFunc(c.Secret.Bundle, func(t Trusted) bool { return t.Zone == zone && t.ID == id })
}
