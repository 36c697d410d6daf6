// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"fmt"
	"slices"
	"time"

	"github.com/zonewarden/zonewarden/internal/wall"
)

// Defaults of the API, for a field that is not given.
const (
	defaultWarnBefore        = "14d"
	defaultTrustDelay        = "10m"
	defaultAuthorityLifetime = "1825d"
)

// rules are the Site's, understood.
type rules struct {
	// refused says that nothing can be decided by them.
	refused Reason
	field   string
	// declared says that the Site has maintenance windows, understood or not.
	declared bool
	windows  map[string]*times
	freezes  []freeze

	action                               Action
	within, warn, delay, authorityLength time.Duration
}

// freeze holds from its start to its end, each zero for none.
type freeze struct {
	name, reason string
	from, until  time.Time
}

func (f freeze) holds(t time.Time) bool {
	return !t.Before(f.from) && (f.until.IsZero() || t.Before(f.until))
}

// read understands the Site's rules. What cannot be understood opens no window, ends no
// freeze, and is found.
func (m *matter) read() {
	s, r := m.f.Site, &m.rules
	if s == nil {
		r.refused, r.field = ReasonNoSite, "Site.spec.certificates"
		return
	}
	r.declared = len(s.Windows) > 0
	r.delay = m.ruled("trustDelay", s.TrustDelay, defaultTrustDelay, true)
	r.authorityLength = m.ruled("authority.lifetime", s.AuthorityLifetime, defaultAuthorityLifetime, true)
	if r.warn = m.ruled("warnBefore", s.WarnBefore, defaultWarnBefore, false); r.warn == 0 {
		r.warn, _ = ParseSpan(defaultWarnBefore)
	}
	r.action = Wait
	if r.within = m.ruled("nearExpiry.within", s.NearExpiry.Within, "", false); r.within > 0 {
		r.action = s.NearExpiry.Action
	}
	if a := s.NearExpiry.Action; a != Wait && a != IgnoreWindows && a != IgnoreFreezes {
		r.action = Wait
		m.find("", "spec.certificates.nearExpiry.action", ReasonUnknownAction, fmt.Sprintf("%q", a))
	}
	if s.Location == nil {
		r.refused, r.field = ReasonInvalidSite, "Site.spec.timeZone"
		m.find("", "spec.timeZone", ReasonNoTimeZone, "")
		return
	}
	m.readWindows()
	for i, f := range s.Freezes {
		r.freezes = append(r.freezes, m.readFreeze(fmt.Sprintf("spec.certificates.freezes[%d]", i), f))
	}
}

// ruled is a time span of the Site.
func (m *matter) ruled(field, s, otherwise string, needed bool) time.Duration {
	if s == "" {
		s = otherwise
	}
	span, err := ParseSpan(s)
	if err != nil {
		field = "spec.certificates." + field
		m.find("", field, ReasonInvalidSpan, err.Error())
		if needed {
			m.rules.refused, m.rules.field = ReasonInvalidSite, "Site."+field
		}
	}
	return span
}

func (m *matter) readWindows() {
	m.rules.windows = map[string]*times{}
	twice := map[string]bool{}
	for i, w := range m.f.Site.Windows {
		field := fmt.Sprintf("spec.certificates.maintenanceWindows[%d]", i)
		if _, stands := m.rules.windows[w.Name]; stands || twice[w.Name] {
			twice[w.Name] = true
			delete(m.rules.windows, w.Name)
			m.find("", field+".name", ReasonTwice, w.Name)
			continue
		}
		if s := m.readWindow(field, w); s != nil {
			m.rules.windows[w.Name] = &times{schedule: s, from: m.now}
		}
	}
}

func (m *matter) readWindow(field string, w Window) *wall.Schedule {
	cron, err := wall.ParseCron(w.Schedule)
	if err != nil {
		m.find("", field+".schedule", ReasonInvalidSchedule, err.Error())
		return nil
	}
	duration, err := ParseSpan(w.Duration)
	if err != nil || duration > 366*day {
		m.find("", field+".duration", ReasonInvalidSpan, fmt.Sprintf("%q of window %s is not between nothing and a year", w.Duration, w.Name))
		return nil
	}
	s := &wall.Schedule{Cron: cron, Location: m.f.Site.Location, Duration: duration}
	if _, fires := s.Following(m.now); !fires {
		m.find("", field+".schedule", ReasonNeverFires, fmt.Sprintf("window %s: %q", w.Name, w.Schedule))
		return nil
	}
	return s
}

// readFreeze takes of two local times the one that makes it longer: a freeze is never
// shorter than meant. One that cannot be understood holds.
func (m *matter) readFreeze(field string, f Freeze) freeze {
	out := freeze{name: f.Name, reason: f.Reason}
	var from, until time.Time
	var err error
	if f.From != "" {
		if from, err = wall.ParseMoment(f.From, m.f.Site.Location, wall.AsEnd); err != nil {
			m.find("", field+".from", ReasonInvalidMoment, err.Error())
			return out
		}
	}
	if f.Until != "" {
		if until, err = wall.ParseMoment(f.Until, m.f.Site.Location, wall.AsStart); err != nil {
			m.find("", field+".until", ReasonInvalidMoment, err.Error())
			return out
		}
		if !from.Before(until) {
			m.find("", field+".until", ReasonFreezeNeverHolds, f.Name)
			return out
		}
	}
	out.from, out.until = from, until
	return out
}

// frozen is the freeze that holds at an instant, and ends last.
func (r *rules) frozen(t time.Time) (freeze, bool) {
	var out freeze
	var found bool
	for _, f := range r.freezes {
		if f.holds(t) && (!found || !out.until.IsZero() && (f.until.IsZero() || f.until.After(out.until))) {
			out, found = f, true
		}
	}
	return out, found
}

// mine are the windows of a certificate. Any: it needs none.
func (r *rules) mine(c *Certificate) (windows []*times, anyTime bool) {
	if !r.declared && len(c.Windows) == 0 {
		return nil, c.Policy != Restart
	}
	names := slices.Clone(c.Windows)
	if len(names) == 0 {
		for name := range r.windows {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if w := r.windows[name]; w != nil {
			windows = append(windows, w)
		}
	}
	return windows, false
}

// sooner of two instants, of which zero is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// later of two instants.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
