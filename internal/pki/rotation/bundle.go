// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"cmp"
	"slices"
	"time"
)

// bundle finds what a Secret must hold. Withdrawing trust is a closing, as of a conduit:
// no freeze and no clock holds it back. Publishing waits for both.
func (m *matter) bundle(c *cert) {
	want := slices.DeleteFunc(slices.Clone(c.Secret.Bundle), func(t Trusted) bool { return m.withdrawn(c, t) })
	placed := c.d.Issue != nil && c.d.Issue.InPlace || c.d.Swap != nil && c.Secret.Leaf == nil
	if placed || c.Secret.Leaf != nil {
		for _, zone := range c.Reaches {
			want = append(want, m.widened(c, m.zones[zone], placed)...)
		}
	}
	order := func(a, b Trusted) int { return cmp.Or(cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.ID, b.ID)) }
	same := func(a, b Trusted) bool { return a.Zone == b.Zone && a.ID == b.ID }
	slices.SortStableFunc(want, order)
	c.d.Bundle = slices.CompactFunc(want, same)
	stands := slices.SortedFunc(slices.Values(c.Secret.Bundle), order)
	c.d.Publish = !placed && (!slices.EqualFunc(stands, c.d.Bundle, same) || m.undated(c))
}

// undated says that it is not known since when something stands in a bundle that is to
// stay, so that it would never count as read. Writing it again says it.
func (m *matter) undated(c *cert) bool {
	if _, may := m.may(); !may {
		return false
	}
	return slices.ContainsFunc(c.d.Bundle, func(t Trusted) bool { return t.Since.IsZero() && c.holds(t.Zone, t.ID) })
}

// withdrawn says that an authority goes out of a bundle.
func (m *matter) withdrawn(c *cert, t Trusted) bool {
	if c.Zone == "" {
		return false
	}
	if !slices.Contains(c.Reaches, t.Zone) {
		return true
	}
	z := m.zones[t.Zone]
	if z == nil || z.broken != "" {
		return false
	}
	if _, may := m.may(); !may {
		return false
	}
	// What only is of no use any more takes its time.
	if _, held := m.held(c, c.ends); held {
		return false
	}
	if slices.ContainsFunc(z.Authorities, func(a Authority) bool { return a.ID == t.ID }) {
		return z.out[t.ID]
	}
	// One that nobody knows was lost: what it issued may run.
	return !slices.ContainsFunc(z.members, func(c *cert) bool { return !c.settled || c.issuedBy(t.ID) })
}

// widened are the authorities of a zone that a bundle has to hold and does not. The first
// of all is written whatever the Site freezes: nothing runs on it.
func (m *matter) widened(c *cert, z *zone, first bool) []Trusted {
	if c.Zone == "" || z == nil || z.broken != "" || !first && m.unpublished(c, z) {
		return nil
	}
	var out []Trusted
	for _, a := range z.Authorities {
		if !z.out[a.ID] && m.now.Before(a.NotAfter) && !c.holds(z.Name, a.ID) {
			out = append(out, Trusted{ID: a.ID, Zone: z.Name, First: first && c.settled})
		}
	}
	return out
}

// unpublished says that nothing is published to a certificate now.
func (m *matter) unpublished(c *cert, z *zone) bool {
	_, may := m.may()
	_, held := m.held(c, c.ends)
	return !may || held && !m.overdue(z)
}

// unread is from when a process that starts has read all of the standing bundle that it
// is to hold, zero where everything that runs has.
func (m *matter) unread(c *cert) time.Time {
	var mark time.Time
	for _, t := range c.Secret.Bundle {
		if t.Since.IsZero() || m.has(c, t.Since, t.First) || m.withdrawn(c, t) {
			continue
		}
		mark = later(mark, m.mark(t.Since, t.First))
	}
	return mark
}
