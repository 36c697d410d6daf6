// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// facts are what a decision on one window is made of. What is being deleted counts as
// gone where it grants, and as there where it denies.
func (d *declared) facts(w *v1alpha1.VendorAccessWindow) access.Facts {
	f := access.Facts{
		Window:    windowFacts(w),
		Approvals: d.approvals[w.UID],
		Locks:     d.locks,
		Vendor:    d.vendors[w.Spec.Vendor],
		Site:      d.rules,
		Zones:     d.zones,
	}
	// Approvals by another UID are told of as well, as ones that do not count.
	for _, a := range d.approvalsByName[w.Name] {
		if a.Of.UID != string(w.UID) {
			f.Approvals = append(slices.Clip(f.Approvals), a)
		}
	}
	return f
}

func windowFacts(w *v1alpha1.VendorAccessWindow) access.Window {
	s := &w.Spec
	out := access.Window{
		Name: w.Name, UID: string(w.UID), Generation: w.Generation, Created: w.CreationTimestamp.Time,
		Deleted:   w.DeletionTimestamp != nil,
		Requester: string(s.Requester), Vendor: s.Vendor, WorkReason: s.Work.Reason,
		Start: moment(s.Start), End: moment(s.End), LatestEnd: moment(s.LatestEnd),
		Through: s.Through, Grant: access.GrantKind(s.Grant), Activation: access.Activation(s.Activation),
		Attended: s.Attended == v1alpha1.AttendanceRequired, BreakGlass: s.BreakGlass, MaxSessions: int(s.MaxSessions),
	}
	for _, p := range s.People {
		out.People = append(out.People, string(p))
	}
	if r := s.Recurring; r != nil {
		out.Recurring = &access.Recurring{Schedule: r.Schedule, Duration: span(&r.Duration), LastDay: string(r.LastDay)}
	}
	out.IdleTimeout = span(s.IdleTimeout)
	for _, r := range s.Reach {
		out.Reach = append(out.Reach, access.Reach{
			Zone: r.Zone, Assets: r.Assets, Workloads: r.Workloads != nil, WholeZone: r.WholeZone, Flows: len(r.Flows),
		})
	}
	return out
}

func moment(m *v1alpha1.Moment) string {
	if m == nil {
		return ""
	}
	return string(*m)
}

// span is nothing where none is given. One that does not parse is less than nothing,
// which package access refuses.
func span(d *v1alpha1.Duration) time.Duration {
	if d == nil || *d == "" {
		return 0
	}
	out, err := time.ParseDuration(string(*d))
	if err != nil {
		return -1
	}
	return out
}

func approvalFacts(a *v1alpha1.Approval) access.Approval {
	out := access.Approval{
		Name: a.Name, UID: string(a.UID), Created: a.CreationTimestamp.Time, Deleted: a.DeletionTimestamp != nil,
		Of:        access.Reference{Kind: string(a.Spec.Of.Kind), Name: a.Spec.Of.Name, UID: a.Spec.Of.UID, Generation: a.Spec.Of.Generation},
		Requester: string(a.Spec.Requester), Approver: string(a.Spec.Approver),
		Decision: access.Verdict(a.Spec.Decision), Until: moment(a.Spec.Until),
	}
	for _, f := range a.Spec.Factors {
		out.Factors = append(out.Factors, string(f))
	}
	return out
}

func lockFacts(l *v1alpha1.AccessLock) access.Lock {
	return access.Lock{
		Name: l.Name, Vendor: l.Spec.Vendor, Person: string(l.Spec.Person), Zone: l.Spec.Zone, Everything: l.Spec.Everything,
	}
}

// vendorFacts are nil for a vendor that is being deleted.
func vendorFacts(v *v1alpha1.Vendor) *access.Vendor {
	if v.DeletionTimestamp != nil {
		return nil
	}
	out := &access.Vendor{Name: v.Name, ContractEnd: string(v.Spec.ContractEnd), Zones: v.Spec.Zones}
	for _, p := range v.Spec.People {
		out.People = append(out.People, access.Person{User: string(p.User)})
	}
	return out
}

// siteFacts are nil where there is no Site, or none any more.
func siteFacts(site *v1alpha1.Site) *access.Site {
	if site == nil || site.DeletionTimestamp != nil {
		return nil
	}
	a := &site.Spec.Access
	out := &access.Site{
		Approvals: int(a.Approvals.Count), SafetyApprovals: int(a.Approvals.Safety),
		Longest: span(&a.Longest), BreakGlassLongest: span(&a.BreakGlass.Longest),
		SharedIdentities: a.SharedIdentities == v1alpha1.AccessAllow, WholeZone: a.WholeZone == v1alpha1.AccessAllow,
	}
	// A time zone that is not known stays nil, and package access says so.
	if loc, err := time.LoadLocation(site.Spec.TimeZone); err == nil && site.Spec.TimeZone != "" {
		out.Location = loc
	}
	for _, h := range a.JumpHosts {
		out.JumpHosts = append(out.JumpHosts, h.Name)
	}
	for _, f := range a.Factors {
		out.Factors = append(out.Factors, string(f))
	}
	return out
}

// zoneFacts are the zones in force, each with what it is part of.
func zoneFacts(m *topology.Model, declared []*v1alpha1.Zone) map[string]access.Zone {
	parents, leaving := map[string]string{}, map[string]bool{}
	for _, z := range declared {
		parents[z.Name], leaving[z.Name] = z.Spec.Parent, z.DeletionTimestamp != nil
	}
	safety := map[string]bool{}
	for _, z := range m.Zones {
		safety[z.Name] = z.Type == v1alpha1.ZoneTypeSafety
	}
	out := map[string]access.Zone{}
	for _, z := range m.Zones {
		if leaving[z.Name] {
			continue
		}
		zone := access.Zone{Safety: safety[z.Name], Within: ancestors(z.Name, parents)}
		for _, within := range zone.Within {
			zone.Safety = zone.Safety || safety[within]
		}
		for _, a := range z.Assets {
			zone.Assets = append(zone.Assets, a.Name)
		}
		out[z.Name] = zone
	}
	return out
}

// ancestors of a zone, nearest first. Zones in a ring are each other's.
func ancestors(zone string, parents map[string]string) []string {
	var out []string
	for up := parents[zone]; up != "" && up != zone && !slices.Contains(out, up); up = parents[up] {
		out = append(out, up)
	}
	return out
}

// replacedBy says which window has been opened in the place of another, by the other's
// name. That it was opened is what the trail tells.
func replacedBy(windows []*v1alpha1.VendorAccessWindow, trails map[types.UID]access.Trail) map[string]string {
	out := map[string]string{}
	for _, w := range windows {
		if w.Spec.Replaces == "" {
			continue
		}
		opened := slices.ContainsFunc(trails[w.UID].Records, func(r access.Record) bool { return r.Kind == access.RecordOpened })
		if opened {
			out[w.Spec.Replaces] = w.Name
		}
	}
	return out
}

// occurrencesOf are those of which something stands, sorted.
func occurrencesOf(fuses []fuse) []string {
	seen := map[string]bool{}
	for _, f := range fuses {
		seen[f.occurrence] = true
	}
	return slices.Sorted(maps.Keys(seen))
}
