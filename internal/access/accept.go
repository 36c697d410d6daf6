// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"fmt"
	"slices"
	"strings"
)

const (
	mostPeople   = 16
	mostReach    = 16
	mostSessions = 64
)

func refusal(field string, reason Reason, detail string) Refusal {
	message := reason.Sentence()
	if detail != "" {
		message += ": " + detail
	}
	return Refusal{Field: field, Reason: reason, Message: field + ": " + message}
}

// refuse notes what is wrong with the window itself.
func (m *matter) refuse(bad bool, field string, reason Reason, detail string) {
	if bad {
		m.refused = append(m.refused, refusal(field, reason, detail))
	}
}

// miss notes what is wrong with what the window names.
func (m *matter) miss(bad bool, field string, reason Reason, detail string) {
	if bad {
		m.unresolved = append(m.unresolved, refusal(field, reason, detail))
	}
}

// judge finds everything that is wrong with the window.
func (m *matter) judge() {
	w := m.f.Window
	m.refuse(m.f.Site == nil, "Site", ReasonNoSite, "")
	m.refuse(w.UID == "", "metadata.uid", ReasonNotIdentified, "")
	m.refuse(w.Requester == "", "spec.requester", ReasonNotIdentified, "")
	m.refuse(strings.TrimSpace(w.WorkReason) == "", "spec.work.reason", ReasonNoWorkReason, "")
	if m.f.Site != nil {
		m.refused = append(m.refused, m.times.refused...)
	}
	if m.times.tooLong != nil {
		m.refused = append(m.refused, *m.times.tooLong)
	}
	m.judgeValues()
	m.judgePeople()
	m.judgeContract()
	m.judgeReach()
	for _, p := range m.f.Problems {
		m.miss(true, p.Field, ReasonNotResolved, p.Message)
	}
}

func (m *matter) judgeValues() {
	w := m.f.Window
	switch w.Grant {
	case Relay, SessionPod, SourceAddress:
	default:
		m.refuse(true, "spec.grant", ReasonUnknownValue, fmt.Sprintf("%q", w.Grant))
	}
	switch w.Activation {
	case Automatic, WhenArmed:
	default:
		m.refuse(true, "spec.activation", ReasonUnknownValue, fmt.Sprintf("%q", w.Activation))
	}
	m.refuse(w.MaxSessions < 1 || w.MaxSessions > mostSessions, "spec.maxSessions", ReasonMaxSessions, fmt.Sprint(w.MaxSessions))
	m.refuse(w.IdleTimeout < 0, "spec.idleTimeout", ReasonInvalidDuration, w.IdleTimeout.String())
	m.refuse(w.BreakGlass && w.Recurring != nil, "spec.breakGlass", ReasonBreakGlassRecurs, "")
	// A session pod is reached through the API server; it may do without a jump host.
	if w.Through != "" || w.Grant != SessionPod {
		m.miss(!slices.Contains(m.site.JumpHosts, w.Through), "spec.through", ReasonUnknownJumpHost, fmt.Sprintf("%q", w.Through))
	}
}

// judgePeople looks at who may come in: named humans of the vendor.
func (m *matter) judgePeople() {
	w, v := m.f.Window, m.f.Vendor
	m.refuse(len(w.People) == 0, "spec.people", ReasonNobodyNamed, "")
	m.refuse(len(w.People) > mostPeople, "spec.people", ReasonUnknownValue, fmt.Sprintf("%d are more than %d", len(w.People), mostPeople))
	m.miss(v == nil, "spec.vendor", ReasonUnknownVendor, fmt.Sprintf("%q", w.Vendor))
	for i, user := range w.People {
		field := fmt.Sprintf("spec.people[%d]", i)
		m.refuse(user == "", field, ReasonNobodyNamed, "")
		// Accounts of the system, and groups by their names, are nobody's alone.
		shared := strings.HasPrefix(strings.ToLower(user), "system:")
		if v != nil {
			n := slices.IndexFunc(v.People, func(p Person) bool { return p.User == user })
			m.miss(n < 0, field, ReasonUnknownPerson, fmt.Sprintf("vendor %s has no %q", v.Name, user))
			shared = shared || n >= 0 && v.People[n].Shared
		}
		m.refuse(shared && !m.site.SharedIdentities, field, ReasonSharedIdentity, user)
	}
}

// judgeContract refuses what begins after the contract. A contract that is made longer
// later lets it begin: only a window that began ends by it.
func (m *matter) judgeContract() {
	t, v := m.times, m.f.Vendor
	if v == nil || len(t.refused) > 0 {
		return
	}
	m.miss(t.contract.IsZero(), "spec.vendor", ReasonUnknownVendor, fmt.Sprintf("contractEnd of vendor %s is no day: %q", v.Name, v.ContractEnd))
	if t.contract.IsZero() {
		return
	}
	late := t.recurs == nil && !t.contract.After(t.only.Start) || t.recurs != nil && !t.contract.After(m.now)
	m.refuse(late, "spec.vendor", ReasonContractEnded, fmt.Sprintf("that of %s ends with %s", v.Name, v.ContractEnd))
}

func (m *matter) judgeReach() {
	reach := m.f.Window.Reach
	m.refuse(len(reach) == 0, "spec.reach", ReasonReachesNothing, "")
	m.refuse(len(reach) > mostReach, "spec.reach", ReasonUnknownValue, fmt.Sprintf("%d are more than %d", len(reach), mostReach))
	for i, r := range reach {
		m.judgePart(fmt.Sprintf("spec.reach[%d]", i), r)
	}
}

func (m *matter) judgePart(field string, r Reach) {
	targets := 0
	for _, named := range []bool{len(r.Assets) > 0, r.Workloads, r.WholeZone} {
		if named {
			targets++
		}
	}
	m.refuse(targets != 1, field, ReasonNotOneTarget, "")
	m.refuse(r.Flows < 1, field+".flows", ReasonReachesNothing, "")
	m.refuse(r.WholeZone && !m.site.WholeZone, field+".wholeZone", ReasonWholeZone, "")
	zone, found := m.f.Zones[r.Zone]
	if !found {
		m.miss(true, field+".zone", ReasonUnknownZone, fmt.Sprintf("%q", r.Zone))
		return
	}
	if v := m.f.Vendor; v != nil {
		m.miss(!slices.Contains(v.Zones, r.Zone), field+".zone", ReasonZoneNotAllowed, fmt.Sprintf("%s may not ask for %s", v.Name, r.Zone))
	}
	m.refuse(zone.Safety && m.f.Window.BreakGlass, field+".zone", ReasonBreakGlassSafety, r.Zone)
	for j, asset := range r.Assets {
		m.miss(!slices.Contains(zone.Assets, asset), fmt.Sprintf("%s.assets[%d]", field, j), ReasonAssetNotInZone, fmt.Sprintf("%q is not in %s", asset, r.Zone))
	}
}
