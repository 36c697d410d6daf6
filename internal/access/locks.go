// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"slices"
	"strings"
)

// Holds says that a lock holds the window.
func Holds(l Lock, f Facts) bool {
	m := &matter{f: f}
	return l.ofAll() || m.heldBy(l) != ""
}

// ofAll says that the lock is of the whole site: a lock that names nothing locks
// everything.
func (l Lock) ofAll() bool { return l.Everything || l.Vendor == "" && l.Person == "" && l.Zone == "" }

// lock is the first that holds the window, and what it holds. One of the whole site
// comes before the others.
func (m *matter) lock() (Lock, string) {
	for _, l := range m.f.Locks {
		if l.ofAll() {
			return l, "everything"
		}
	}
	for _, l := range m.f.Locks {
		if what := m.heldBy(l); what != "" {
			return l, what
		}
	}
	return Lock{}, ""
}

// heldBy is what of the window a lock names, "" for nothing.
func (m *matter) heldBy(l Lock) string {
	w := m.f.Window
	switch {
	case l.Vendor != "" && l.Vendor == w.Vendor:
		return "vendor " + l.Vendor
	case l.Person != "" && slices.ContainsFunc(w.People, func(p string) bool { return samePerson(p, l.Person) }):
		return "person " + l.Person
	case l.Zone != "" && m.reaches(l.Zone):
		return "zone " + l.Zone
	default:
		return ""
	}
}

// reaches says that the window reaches a zone, or one that is part of it.
func (m *matter) reaches(zone string) bool {
	for _, r := range m.f.Window.Reach {
		if r.Zone == zone || slices.Contains(m.f.Zones[r.Zone].Within, zone) {
			return true
		}
	}
	return false
}

// samePerson compares users. The API server tells upper case from lower; identity
// providers seldom do, and two spellings of one name are not two persons.
func samePerson(a, b string) bool { return strings.EqualFold(a, b) }
