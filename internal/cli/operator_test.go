// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
)

// operator decides on windows as the operator does, by package access, and writes what it
// decides into their statuses. It grants nothing: what it says of endpoints, sessions and
// ends is made up.
type operator struct {
	p *plant
	// seen is when an approval was given by the test's clock: the API server has its own.
	mu    sync.Mutex
	seen  map[string]time.Time
	trail map[types.UID][]access.Record
}

// operate runs until the test is over.
func operate(t *testing.T, p *plant) {
	t.Helper()
	o := &operator{p: p, seen: map[string]time.Time{}, trail: map[types.UID][]access.Record{}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	must(t, o.settle(ctx)) // what stands already is said before anybody decides
	go func() {
		defer close(done)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			if err := o.settle(ctx); err != nil && ctx.Err() == nil && !strings.Contains(err.Error(), "not found") {
				t.Errorf("the operator: %v", err)
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}()
	p.operator = o
	t.Cleanup(func() {
		cancel()
		<-done
		p.operator = nil
	})
}

// settle looks at everything once. One goroutine of it at a time.
func (o *operator) settle(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var windows v1alpha1.VendorAccessWindowList
	var approvals v1alpha1.ApprovalList
	var locks v1alpha1.AccessLockList
	var vendors v1alpha1.VendorList
	var assets v1alpha1.AssetList
	c := o.p.admin
	// Windows after approvals: one that is decided on is there.
	for _, list := range []client.ObjectList{&approvals, &windows, &locks, &vendors, &assets} {
		if err := c.List(ctx, list); err != nil {
			return err
		}
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return err
	}
	for i := range windows.Items {
		if err := o.decide(ctx, &windows.Items[i], approvals.Items, locks.Items, vendors.Items, assets.Items, zone); err != nil {
			return err
		}
	}
	return o.settleOpenings(ctx, approvals.Items)
}

func (o *operator) decide(ctx context.Context, w *v1alpha1.VendorAccessWindow, approvals []v1alpha1.Approval, locks []v1alpha1.AccessLock,
	vendors []v1alpha1.Vendor, assets []v1alpha1.Asset, zone *time.Location,
) error {
	now := o.p.clock()
	f := access.Facts{
		Window: window(w, now), Zones: map[string]access.Zone{},
		Trail: access.Trail{Known: true, Records: o.trail[w.UID]},
		Clock: access.Clock{MayGrant: true, MayExpire: true, Now: now},
		Site: &access.Site{
			Location: zone, JumpHosts: []string{"jumphost-1", "jumphost-dmz"}, Approvals: 1, SafetyApprovals: 2,
			Longest: 12 * time.Hour, BreakGlassLongest: 4 * time.Hour,
		},
	}
	for _, a := range assets {
		z := f.Zones[a.Status.Zone]
		z.Assets = append(z.Assets, a.Name)
		f.Zones[a.Status.Zone] = z
	}
	for _, v := range vendors {
		if v.Name == w.Spec.Vendor {
			f.Vendor = &access.Vendor{Name: v.Name, ContractEnd: string(v.Spec.ContractEnd), Zones: v.Spec.Zones}
			for _, p := range v.Spec.People {
				f.Vendor.People = append(f.Vendor.People, access.Person{User: string(p.User)})
			}
		}
	}
	for _, l := range locks {
		f.Locks = append(f.Locks, access.Lock{Name: l.Name, Vendor: l.Spec.Vendor, Person: string(l.Spec.Person), Zone: l.Spec.Zone, Everything: l.Spec.Everything})
	}
	var about []*v1alpha1.Approval
	for i := range approvals {
		if a := &approvals[i]; a.Spec.Of.Kind == v1alpha1.ApprovedWindow && a.Spec.Of.Name == w.Name {
			if _, ok := o.seen[a.Name]; !ok {
				o.seen[a.Name] = now
			}
			about = append(about, a)
			f.Approvals = append(f.Approvals, approval(a, o.seen[a.Name]))
		}
	}
	was := w.Status.Phase
	if was == v1alpha1.WindowActive {
		f.Standing = []string{w.Status.Occurrence}
	}
	d := access.Decide(f)
	for len(d.Records) > 0 { // until nothing more is owed, so that each look says the same
		o.trail[w.UID] = append(o.trail[w.UID], d.Records...)
		f.Trail.Records = o.trail[w.UID]
		d = access.Decide(f)
	}
	if err := o.count(ctx, about, d); err != nil {
		return err
	}
	return o.write(ctx, w, d, now, zone)
}

// count says of each approval whether it counts.
func (o *operator) count(ctx context.Context, about []*v1alpha1.Approval, d access.Decision) error {
	for _, a := range about {
		if len(a.Status.Conditions) > 0 {
			continue
		}
		c := metav1.Condition{
			Type: v1alpha1.ConditionAccepted, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonAccepted, Message: "it counts",
			ObservedGeneration: a.Generation, LastTransitionTime: metav1.Now(),
		}
		for _, ignored := range d.Ignored {
			if ignored.Approval == a.Name {
				c.Status, c.Reason, c.Message = metav1.ConditionFalse, string(ignored.Reason), ignored.Field+": "+ignored.Message
			}
		}
		a.Status.ObservedGeneration, a.Status.Conditions = a.Generation, []metav1.Condition{c}
		if err := o.p.admin.Status().Update(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

func (o *operator) write(ctx context.Context, w *v1alpha1.VendorAccessWindow, d access.Decision, now time.Time, zone *time.Location) error {
	before := w.Status.DeepCopy()
	s := &w.Status
	at := metav1.NewTime(now)
	if string(s.Phase) != string(d.Phase) {
		s.Since = &at
	}
	s.Phase, s.Reason, s.Occurrence, s.ArmedBy = v1alpha1.WindowPhase(d.Phase), string(d.Reason), d.Occurrence, v1alpha1.Username(d.ArmedBy)
	s.ObservedGeneration = w.Generation
	if !d.End.IsZero() {
		start, end := metav1.NewTime(d.Start), metav1.NewTime(d.End)
		s.Start, s.End, s.LocalEnd = &start, &end, d.End.In(zone).Format("2006-01-02 15:04 MST")
	}
	s.DecidedBy = nil
	var by []string
	for _, say := range d.DecidedBy {
		line := v1alpha1.WindowDecision{Approval: say.Approval, Approver: v1alpha1.Username(say.Approver), Decision: v1alpha1.ApprovalDecision(say.Verdict), At: metav1.NewTime(say.At)}
		if !say.Until.IsZero() {
			until := metav1.NewTime(say.Until)
			line.Until = &until
		}
		s.DecidedBy, by = append(s.DecidedBy, line), append(by, say.Approver)
	}
	s.ApprovedBy = strings.Join(by, ", ")
	s.Conditions = nil
	for _, c := range d.Conditions {
		s.Conditions = append(s.Conditions, condition(c.Type, c.True, string(c.Reason), c.Message))
	}
	switch {
	case d.Grant != nil:
		packet := metav1.NewTime(now.Add(-time.Second))
		end := metav1.NewTime(d.Grant.Until)
		s.End = &end
		s.Sessions = &v1alpha1.WindowSessions{Live: 2, LastPacket: &packet}
		s.Endpoints = []v1alpha1.WindowEndpoint{{At: "10.43.7.1:502/TCP", To: "=A04+K01-DRV_01 10.20.4.21:502"}}
		s.Pod = v1alpha1.NamespaceAccess + "/window-" + w.Name
		s.Conditions = append(s.Conditions,
			condition(v1alpha1.ConditionEndsWithoutOperator, true, v1alpha1.ReasonByItself, ""), condition(v1alpha1.ConditionEndsWithoutAPIServer, true, v1alpha1.ReasonByItself, ""))
	case before.Phase == v1alpha1.WindowActive:
		proved := metav1.NewTime(now.Add(200 * time.Millisecond))
		s.Sessions, s.Endpoints, s.Pod = nil, nil, ""
		s.Ending = &v1alpha1.WindowEnding{Due: at, Proved: &proved, Lateness: "0.2s"}
	}
	if s.Ending != nil && d.Grant == nil {
		s.Conditions = append(s.Conditions, condition(v1alpha1.ConditionTerminated, true, "SeenByPackets", ""))
	}
	return o.p.admin.Status().Update(ctx, w)
}

func condition(kind string, holds bool, reason, message string) metav1.Condition {
	c := metav1.Condition{Type: kind, Status: metav1.ConditionFalse, Reason: reason, Message: message, LastTransitionTime: metav1.Unix(1795000000, 0)}
	if holds {
		c.Status = metav1.ConditionTrue
	}
	return c
}

func window(w *v1alpha1.VendorAccessWindow, now time.Time) access.Window {
	out := access.Window{
		Name: w.Name, UID: string(w.UID), Generation: w.Generation, Created: now,
		Requester: string(w.Spec.Requester), Vendor: w.Spec.Vendor, WorkReason: w.Spec.Work.Reason,
		Through: w.Spec.Through, Grant: access.GrantKind(w.Spec.Grant), Activation: access.Activation(w.Spec.Activation),
		Attended: w.Spec.Attended == v1alpha1.AttendanceRequired, BreakGlass: w.Spec.BreakGlass, MaxSessions: int(w.Spec.MaxSessions),
	}
	for _, p := range w.Spec.People {
		out.People = append(out.People, string(p))
	}
	for _, m := range []struct {
		from *v1alpha1.Moment
		to   *string
	}{{w.Spec.Start, &out.Start}, {w.Spec.End, &out.End}, {w.Spec.LatestEnd, &out.LatestEnd}} {
		if m.from != nil {
			*m.to = string(*m.from)
		}
	}
	if r := w.Spec.Recurring; r != nil {
		duration, _ := time.ParseDuration(string(r.Duration))
		out.Recurring = &access.Recurring{Schedule: r.Schedule, Duration: duration, LastDay: string(r.LastDay)}
	}
	for _, r := range w.Spec.Reach {
		out.Reach = append(out.Reach, access.Reach{Zone: r.Zone, Assets: r.Assets, Workloads: r.Workloads != nil, WholeZone: r.WholeZone, Flows: len(r.Flows)})
	}
	return out
}

func approval(a *v1alpha1.Approval, seen time.Time) access.Approval {
	out := access.Approval{
		Name: a.Name, UID: string(a.UID), Created: seen,
		Of:        access.Reference{Kind: string(a.Spec.Of.Kind), Name: a.Spec.Of.Name, UID: a.Spec.Of.UID, Generation: a.Spec.Of.Generation},
		Requester: string(a.Spec.Requester), Approver: string(a.Spec.Approver), Decision: access.Verdict(a.Spec.Decision),
	}
	if a.Spec.Until != nil {
		out.Until = string(*a.Spec.Until)
	}
	return out
}
