// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"slices"
	"time"
)

// mark is from when a process that starts, or reads by itself, has what was written at an
// instant. A file may be older than its Secret by the trust delay. What a Secret was made
// with has no older file.
func (m *matter) mark(since time.Time, first bool) time.Time {
	if first {
		return since
	}
	return since.Add(m.rules.delay)
}

// has says that everything that runs has read what was written at an instant. Not known
// is no.
func (m *matter) has(c *cert, since time.Time, first bool) bool {
	if since.IsZero() || since.After(m.now) {
		return false
	}
	mark, w := m.mark(since, first), c.Workload
	settles := since.Add(m.rules.delay)
	m.at(mark)
	m.at(settles)
	switch {
	case c.Policy == Signal || w == nil:
		return !m.now.Before(settles)
	case !w.Known:
		return false
	case w.Pods == 0:
		return !m.now.Before(mark)
	}
	return !w.Oldest.IsZero() && !w.Oldest.Before(mark)
}

// evidence finds out what is known to run.
func (m *matter) evidence(c *cert) {
	leaf := c.Secret.Leaf
	if leaf == nil {
		// A Secret that is lost may have been read.
		c.settled = c.Workload == nil || c.Workload.Known && c.Workload.Pods == 0
		return
	}
	c.leafMark = m.mark(leaf.Since, leaf.First)
	c.settled = m.has(c, leaf.Since, leaf.First)
	if seen, is := m.seen(c); seen && !is {
		c.settled, c.other = false, c.settled
	} else if seen && m.alone(c) {
		c.settled = true
	}
	c.ends = leaf.NotAfter
	if before := c.Secret.Before; !c.settled && before != nil {
		c.ends = sooner(before.NotAfter, c.ends)
	}
	for _, t := range []time.Time{leaf.NotBefore, c.ends, c.ends.Add(-m.rules.warn), c.ends.Add(-m.rules.within)} {
		m.at(t)
	}
}

// seen says that somebody looked at what is served since the leaf could be, and whether
// it is the leaf. What was seen before the oldest process started does not count.
func (m *matter) seen(c *cert) (seen, is bool) {
	p, leaf := c.Probe, c.Secret.Leaf
	if p == nil || p.At.IsZero() || p.At.After(m.now) || leaf.Since.IsZero() || p.At.Before(c.leafMark) {
		return false, false
	}
	if w := c.Workload; w != nil && w.Known && p.At.Before(w.Oldest) {
		return false, false
	}
	return true, p.Serial == leaf.Serial
}

// alone says that what was seen is all that there is: behind a Service may be several.
func (m *matter) alone(c *cert) bool {
	return c.Workload != nil && c.Workload.Known && c.Workload.Pods <= 1
}

// trusts says that everything that runs on a certificate has read an authority of a zone.
func (m *matter) trusts(c *cert, zone, id string) bool {
	i := slices.IndexFunc(c.Secret.Bundle, func(t Trusted) bool { return t.Zone == zone && t.ID == id })
	if i >= 0 {
		return m.has(c, c.Secret.Bundle[i].Since, c.Secret.Bundle[i].First)
	}
	// What does not exist yet comes with everything in it. Where pods run it may have
	// been lost, and is made again at once, unless that is what the authority is for.
	return c.Secret.Leaf == nil && len(c.Secret.Bundle) == 0 && (c.settled || !c.permitted())
}

// permitted says that the authority that signs may do so for a certificate.
func (c *cert) permitted() bool {
	return c.zone != nil && c.zone.current != nil && c.zone.current.signsFor(c.Names)
}

// signsFor says that an authority may sign for names. What an issuer signs for nobody knows
// before.
func (a *Authority) signsFor(names []string) bool {
	return a.Signer.isIssuer() || !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(a.Permits, n) })
}

// lacking are the peers that do not trust an authority, by name.
type lacking struct{ inside, outside []string }

func (l lacking) all() []string { return append(slices.Clone(l.inside), l.outside...) }

// ready names the peers of a zone that do not trust an authority of it.
func (m *matter) ready(z *zone, id string) lacking {
	var l lacking
	for _, c := range m.certs {
		if c.peerOf(z) && !m.trusts(c, z.Name, id) {
			l.inside = append(l.inside, c.object)
		}
		if c.zone != z {
			continue
		}
		for _, p := range c.Peers {
			if p.Lists == ListsAuthority && !slices.Contains(p.Acknowledged, id) && c.Secret.Leaf != nil {
				l.outside = append(l.outside, c.object+" for "+p.Name)
			}
		}
	}
	return l
}

// peerOf says that a certificate's conduits reach a zone. Of one whose zone is not known
// they are not known either: then what stands counts.
func (c *cert) peerOf(z *zone) bool {
	if c.Zone == "" {
		return slices.ContainsFunc(c.Secret.Bundle, func(t Trusted) bool { return t.Zone == z.Name })
	}
	return slices.Contains(c.Reaches, z.Name)
}
