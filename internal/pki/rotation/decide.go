// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"cmp"
	"slices"
	"time"
)

// matter is everything that is known of the site, worked out.
type matter struct {
	f     Facts
	now   time.Time
	rules rules
	zones map[string]*zone
	certs []*cert

	findings []Finding
	next     time.Time
}

// Decide says for the whole site what is to be written now, why the rest waits, and when
// to ask again.
func Decide(f Facts) Decision {
	m := &matter{f: f, now: f.Clock.Now}
	m.read()
	m.readCertificates()
	m.readZones()
	for _, c := range m.certs {
		m.evidence(c)
	}
	for _, z := range m.sorted() {
		m.judgeZone(z)
	}
	for _, c := range m.certs {
		m.due(c)
	}
	for _, c := range m.certs {
		m.leaf(c)
		m.bundle(c)
	}
	m.restarts()
	for _, c := range m.certs {
		m.say(c)
		m.foresee(c)
	}
	return m.decision()
}

// may says that something may be written that time has a part in. Otherwise it says why
// not.
func (m *matter) may() (wait, bool) {
	switch {
	case !m.f.Clock.Trusted:
		return wait{reason: ReasonClockUntrusted, message: m.f.Clock.Reason}, false
	case m.rules.refused != "":
		return wait{reason: m.rules.refused, field: m.rules.field}, false
	}
	return wait{}, true
}

// wait is why something does not go on.
type wait struct {
	reason         Reason
	field, message string
	until          time.Time
}

// at notes an instant at which the answer may change.
func (m *matter) at(t time.Time) {
	if t.After(m.now) {
		m.next = sooner(m.next, t)
	}
}

func (m *matter) find(object, field string, reason Reason, detail string) {
	f := Finding{Object: object, Field: field, Reason: reason, Message: reason.Sentence()}
	if detail != "" {
		f.Message += ": " + detail
	}
	m.findings = append(m.findings, f)
}

func (m *matter) sorted() []*zone {
	out := make([]*zone, 0, len(m.zones))
	for _, z := range m.zones {
		out = append(out, z)
	}
	slices.SortFunc(out, func(a, b *zone) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func (m *matter) decision() Decision {
	d := Decision{Findings: m.findings}
	for _, z := range m.sorted() {
		d.Zones = append(d.Zones, z.d)
	}
	for _, c := range m.certs {
		d.Certificates = append(d.Certificates, c.d)
	}
	m.boundaries()
	d.Next = m.next
	return d
}

// boundaries notes where windows and freezes begin and end.
func (m *matter) boundaries() {
	for _, w := range m.rules.windows {
		if o, found := w.next(m.now); found {
			m.at(o.Start)
			m.at(o.End)
		}
	}
	for _, f := range m.rules.freezes {
		m.at(f.from)
		m.at(f.until)
	}
}
