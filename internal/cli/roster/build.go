// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"cmp"
	"slices"
	"time"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// lately is how long ago something is still shown as ended.
const lately = 24 * time.Hour

// Facts are what a roster is made of.
type Facts struct {
	Now time.Time
	// Site is nil where there is none.
	Site    *v1alpha1.Site
	Windows []v1alpha1.VendorAccessWindow
	Vendors []v1alpha1.Vendor
	Assets  []v1alpha1.Asset
	Locks   []v1alpha1.AccessLock
	// LocksUnknown says that they could not be read.
	LocksUnknown bool
	Notes        []string
}

// Build makes the view.
func Build(f Facts) Roster {
	r := Roster{
		APIVersion: APIVersion, Kind: "AccessList", At: f.Now.UTC(), Notes: f.Notes,
		Clock: Clock{Trusted: Unknown}, Audit: Audit{Intact: Unknown},
		In: []Window{}, Waiting: []Window{}, Ended: []Window{}, ReviewOwed: []Window{},
	}
	if f.Site != nil {
		r.Site = Site{ID: f.Site.Spec.ID, Title: f.Site.Spec.Title, TimeZone: f.Site.Spec.TimeZone}
		if c := find(f.Site.Status.Conditions, v1alpha1.ConditionClockTrusted); c != nil {
			r.Clock = Clock{Trusted: Truth(c.Status), Reason: c.Reason, Message: c.Message}
		}
		if c := find(f.Site.Status.Conditions, v1alpha1.ConditionAuditIntact); c != nil {
			r.Audit = Audit{Intact: Truth(c.Status), Reason: c.Reason, Message: c.Message}
		}
	}
	if !f.LocksUnknown {
		r.Locks = Locks(f.Locks)
	}
	n := Names(f.Vendors, f.Assets)
	for i := range f.Windows {
		w := &f.Windows[i]
		line := Line(w, n, f.Now)
		switch {
		case isIn(line):
			r.In = append(r.In, line)
		case !terminal(line.Phase):
			r.Waiting = append(r.Waiting, line)
		}
		if ended, at := endedAt(line); ended && f.Now.Sub(at) < lately {
			r.Ended = append(r.Ended, line)
		}
		if truth(w.Status.Conditions, "ReviewOwed") == True {
			r.ReviewOwed = append(r.ReviewOwed, line)
		}
	}
	r.sort()
	return r
}

// isIn says that somebody is let in, or may still be.
func isIn(w Window) bool {
	unproved := w.Ending != nil && w.Ending.Proved == nil && w.Terminated != True
	return w.Phase == string(v1alpha1.WindowActive) || w.Terminated == False || unproved
}

func terminal(phase string) bool {
	switch v1alpha1.WindowPhase(phase) {
	case v1alpha1.WindowDenied, v1alpha1.WindowExpired, v1alpha1.WindowRevoked:
		return true
	default:
		return false
	}
}

// endedAt says when a window, or the last occurrence of one, ended.
func endedAt(w Window) (bool, time.Time) {
	var at time.Time
	if isIn(w) {
		return false, at
	}
	if w.Ending != nil {
		at = w.Ending.Due
	}
	if terminal(w.Phase) && w.Since != nil && w.Since.After(at) {
		at = *w.Since
	}
	return !at.IsZero(), at
}

// Locks are written for people, the oldest first.
func Locks(locks []v1alpha1.AccessLock) []Lock {
	out := []Lock{}
	for i := range locks {
		l := &locks[i]
		line := Lock{
			Name: l.Name, What: What(l.Spec), By: string(l.Spec.By),
			Since: l.CreationTimestamp.UTC(), Reason: l.Spec.Reason,
		}
		if l.Status.ObservedGeneration > 0 {
			line.Windows = &l.Status.Windows
		}
		out = append(out, line)
	}
	slices.SortFunc(out, func(a, b Lock) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// What is locked.
func What(l v1alpha1.AccessLockSpec) string {
	switch {
	case l.Vendor != "":
		return "vendor " + l.Vendor
	case l.Person != "":
		return "person " + string(l.Person)
	case l.Zone != "":
		return "zone " + l.Zone
	}
	return "everything"
}

// sort puts what is most urgent first: who has to be out next, what opens next, what ended
// last.
func (r *Roster) sort() {
	by := func(of func(Window) *time.Time, forward bool) func(a, b Window) int {
		return func(a, b Window) int {
			x, y := of(a), of(b)
			c := 0
			switch {
			case x != nil && y != nil:
				c = x.Compare(*y)
			case x != nil:
				return -1
			case y != nil:
				return 1
			}
			if !forward {
				c = -c
			}
			return cmp.Or(c, cmp.Compare(a.Name, b.Name))
		}
	}
	slices.SortFunc(r.In, by(func(w Window) *time.Time { return w.End }, true))
	slices.SortFunc(r.Waiting, by(func(w Window) *time.Time { return w.Start }, true))
	slices.SortFunc(r.Ended, by(func(w Window) *time.Time {
		_, at := endedAt(w)
		return &at
	}, false))
	slices.SortFunc(r.ReviewOwed, by(func(w Window) *time.Time { return w.Since }, true))
}
