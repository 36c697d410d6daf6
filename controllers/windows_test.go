// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
)

const (
	planner = "planner@plant.example"
	owner   = "owner@plant.example"
	shift   = "shift-1@plant.example"
)

// ofRelay is all that a relay to a device consists of.
func ofRelay(window string) []string {
	return []string{
		"*v1.Job zonewarden-access/window-" + window,
		"*v1.Pod zonewarden-access/window-" + window,
		"*v1.Service zonewarden-access/window-" + window,
		"CiliumNetworkPolicy zonewarden-access/window-" + window,
	}
}

func (a *accessWorld) stands(window string, want []string) {
	a.t.Helper()
	a.eventually("what stands of window "+window, func() error {
		if diff := cmp.Diff(want, a.standing(window)); diff != "" {
			return fmt.Errorf("(-want +got):\n%s", diff)
		}
		return nil
	})
}

// A window is nothing until somebody approves it, stands whole while it is open, and
// leaves nothing when it is revoked.
func TestAWindowOpensAndIsRevoked(t *testing.T) {
	t.Parallel()
	a := newAccessWorld(t)
	o := a.startAll()
	w := a.request("drives", time.Hour)
	a.becomes(w, v1alpha1.WindowRequested)
	if got := a.standing(w.Name); len(got) > 0 {
		t.Errorf("before anybody approved: %v", got)
	}
	yes := a.decide(w, owner, v1alpha1.DecisionApprove)
	live := a.opened(w)
	a.stands(w.Name, ofRelay(w.Name))
	if live.Status.Phase != v1alpha1.WindowActive || live.Status.ApprovedBy != owner {
		t.Errorf("open, it says %+v", live.Status)
	}
	if len(live.Status.Endpoints) != 1 || !strings.HasSuffix(live.Status.Endpoints[0].At, ":502/TCP") || !strings.Contains(live.Status.Endpoints[0].To, "10.20.0.7:502") {
		t.Errorf("it leads to %+v", live.Status.Endpoints)
	}
	a.counts(yes, true)
	pod := a.pod(w.Name)
	if !a.node.lives(string(pod.UID)) {
		t.Fatal("the pod's first process does not run")
	}
	a.quiet(o)

	a.decide(w, shift, v1alpha1.DecisionRevoke)
	a.becomes(w, v1alpha1.WindowRevoked)
	live = a.says(w, v1alpha1.ConditionTerminated, metav1.ConditionTrue)
	a.stands(w.Name, nil)
	if a.node.lives(string(pod.UID)) {
		t.Error("the pod's first process runs on")
	}
	if live.Status.Ending == nil || live.Status.Ending.Proved == nil {
		t.Errorf("the ending is %+v", live.Status.Ending)
	}
	// Nothing brings it back.
	a.decide(w, owner, v1alpha1.DecisionApprove)
	a.quiet(o)
	a.stands(w.Name, nil)
}

// counts waits until an approval says whether it counts.
func (a *accessWorld) counts(d *v1alpha1.Approval, want bool) {
	a.t.Helper()
	a.eventually("approval "+d.Name+" says whether it counts", func() error {
		live := &v1alpha1.Approval{}
		a.must(a.Get(a.ctx(), client.ObjectKeyFromObject(d), live))
		if c := meta.FindStatusCondition(live.Status.Conditions, v1alpha1.ConditionAccepted); c == nil || (c.Status == metav1.ConditionTrue) != want {
			return fmt.Errorf("it says %+v", live.Status)
		}
		return nil
	})
}

func (a *accessWorld) pod(window string) *corev1.Pod {
	a.t.Helper()
	p := &corev1.Pod{}
	a.must(a.Get(a.ctx(), client.ObjectKey{Namespace: v1alpha1.NamespaceAccess, Name: "window-" + window}, p))
	return p
}

// A lock ends what is open for good, and holds what is not open yet for as long as it
// exists.
func TestALockEndsAndHolds(t *testing.T) {
	t.Parallel()
	a, m := newAccessWorld(t), thisBoot()
	a.startAccessOn(m)
	now := m.wall()
	open := a.request("open", time.Hour, ends(now.Add(time.Hour)))
	later := a.request("later", time.Hour, starts(now.Add(time.Minute)), ends(now.Add(time.Hour)))
	a.decide(open, owner, v1alpha1.DecisionApprove)
	a.decide(later, owner, v1alpha1.DecisionApprove)
	a.opened(open)
	lock := &v1alpha1.AccessLock{ObjectMeta: objectMeta("stop"), Spec: v1alpha1.AccessLockSpec{Everything: true, Reason: "alarm", By: shift}}
	a.make(lock)
	if live := a.becomes(open, v1alpha1.WindowRevoked); live.Status.Reason != "Locked" {
		t.Errorf("the open one ended because of %s", live.Status.Reason)
	}
	a.becomes(later, v1alpha1.WindowLocked)
	a.says(open, v1alpha1.ConditionTerminated, metav1.ConditionTrue)
	a.stands(open.Name, nil)
	a.eventually("the lock says what it holds", func() error {
		a.must(a.Get(a.ctx(), client.ObjectKeyFromObject(lock), lock))
		if lock.Status.Windows != 1 {
			return fmt.Errorf("%d windows", lock.Status.Windows)
		}
		return nil
	})
	a.must(a.Delete(a.ctx(), lock))
	m.is(pass(2 * time.Minute))
	a.stir()
	a.opened(later)
	a.stands(later.Name, ofRelay(later.Name))
	a.stands(open.Name, nil)
}

// What ends while the operator is away is closed by its first pass, and what is open
// stays open across a restart, pod and all.
func TestARestartClosesWhatIsOverAndKeepsWhatIsOpen(t *testing.T) {
	t.Parallel()
	a, m := newAccessWorld(t), thisBoot()
	o := a.startAccessOn(m)
	now := m.wall()
	long := a.request("long", time.Hour, ends(now.Add(2*time.Hour)))
	short := a.request("short", time.Hour, ends(now.Add(10*time.Minute)))
	a.decide(long, owner, v1alpha1.DecisionApprove)
	a.decide(short, owner, v1alpha1.DecisionApprove)
	a.opened(long)
	a.opened(short)
	before := a.pod("long")
	o.stop()
	missed := a.request("missed", time.Hour, ends(now.Add(15*time.Minute)))
	a.decide(missed, owner, v1alpha1.DecisionApprove)
	m.is(pass(20 * time.Minute))
	a.startAccessOn(m)
	a.becomes(short, v1alpha1.WindowExpired)
	a.stands("short", nil)
	if got := a.becomes(missed, v1alpha1.WindowExpired); got.Status.Reason != "Missed" || got.Status.Ending != nil {
		t.Errorf("the missed one says %s, and that it ended: %+v", got.Status.Reason, got.Status.Ending)
	}
	a.opened(long)
	if after := a.pod("long"); after.UID != before.UID || !a.node.lives(string(after.UID)) {
		t.Error("the pod of the open window is another after a restart")
	}
}

// What its fuse took away, with the operator dead or only a moment late, is proved to be over
// all the same, and told in the trail once.
func TestWhatItsFuseTookIsProvedOver(t *testing.T) {
	t.Parallel()
	a, m := newAccessWorld(t), thisBoot()
	o := a.startAccessOn(m)
	w := a.request("drives", time.Hour, ends(m.wall().Add(20*time.Second)))
	a.decide(w, owner, v1alpha1.DecisionApprove)
	a.opened(w)
	o.stop()
	a.stands(w.Name, nil)

	m.is(pass(time.Minute))
	a.startAccessOn(m)
	live := a.says(w, v1alpha1.ConditionTerminated, metav1.ConditionTrue)
	if e := live.Status.Ending; e == nil || e.Proved == nil || !e.Due.Equal(live.Status.End) {
		t.Errorf("its ending is %+v", e)
	}
	ended := slices.DeleteFunc(a.told(w), func(k access.RecordKind) bool { return k != access.RecordEnded })
	if len(ended) != 1 {
		t.Errorf("the trail tells of %d ends", len(ended))
	}
}

// An extension moves the end of the pod and the fuse, and cuts nothing.
func TestAnExtensionCutsNothing(t *testing.T) {
	t.Parallel()
	a := newAccessWorld(t)
	a.startAll()
	latest := time.Now().Add(3 * time.Hour)
	w := a.request("longer", time.Hour, func(s *v1alpha1.VendorAccessWindowSpec) { s.LatestEnd = new(instant(latest.UTC())) })
	first := a.decide(w, owner, v1alpha1.DecisionApprove)
	a.opened(w)
	pod := a.pod(w.Name)
	a.eventually("another second", func() error {
		// What one person says twice in one second has no order.
		if time.Since(first.CreationTimestamp.Time) < 2*time.Second {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	end := time.Now().Add(2 * time.Hour).Truncate(time.Second)
	a.decide(w, owner, v1alpha1.DecisionApprove, end)
	a.eventually("the end is moved", func() error {
		live := a.becomes(w, v1alpha1.WindowActive)
		if !live.Status.End.Time.Equal(end) || !meta.IsStatusConditionTrue(live.Status.Conditions, v1alpha1.ConditionEndsWithoutAPIServer) {
			return fmt.Errorf("it ends at %s, want %s", live.Status.End, end)
		}
		return nil
	})
	if after := a.pod(w.Name); after.UID != pod.UID || !a.node.lives(string(pod.UID)) {
		t.Error("the pod is another after the extension")
	}
}

// A window that is deleted closes.
func TestADeletedWindowCloses(t *testing.T) {
	t.Parallel()
	a := newAccessWorld(t)
	a.startAll()
	w := a.request("gone", time.Hour)
	a.decide(w, owner, v1alpha1.DecisionApprove)
	a.opened(w)
	pod := a.pod(w.Name)
	a.must(a.Delete(a.ctx(), w))
	a.stands("gone", nil)
	if a.node.lives(string(pod.UID)) {
		t.Error("the pod's first process runs on")
	}
}

// What is wrong with a window or a decision is said with the field's name, and opens
// nothing.
func TestBadRequestsOpenNothing(t *testing.T) {
	t.Parallel()
	a := newAccessWorld(t)
	o := a.startAll()
	for name, c := range map[string]struct {
		edit  func(*v1alpha1.VendorAccessWindowSpec)
		field string
	}{
		"unknown-zone":   {func(s *v1alpha1.VendorAccessWindowSpec) { s.Reach[0].Zone = "nowhere" }, "spec.reach[0].zone"},
		"foreign-asset":  {func(s *v1alpha1.VendorAccessWindowSpec) { s.Reach[0].Assets = []string{"other"} }, "spec.reach[0].assets[0]"},
		"unknown-vendor": {func(s *v1alpha1.VendorAccessWindowSpec) { s.Vendor = "nobody" }, "spec.vendor"},
		"unknown-person": {func(s *v1alpha1.VendorAccessWindowSpec) { s.People = []v1alpha1.NamedUser{"x@acme.example"} }, "spec.people[0]"},
		"no-jump-host":   {func(s *v1alpha1.VendorAccessWindowSpec) { s.Through = "elsewhere" }, "spec.through"},
		"never-fires": {func(s *v1alpha1.VendorAccessWindowSpec) {
			s.Start, s.End = nil, nil
			s.Recurring = &v1alpha1.Recurrence{Schedule: "0 8 30 2 *", Duration: "1h", LastDay: "2027-12-31"}
		}, "spec.recurring.schedule"},
	} {
		w := a.request(name, time.Hour, c.edit)
		a.decide(w, owner, v1alpha1.DecisionApprove)
		a.eventually(name+" is found", func() error {
			live := a.becomes(w, v1alpha1.WindowRequested)
			for _, f := range live.Status.Findings {
				if f.Path == c.field {
					return nil
				}
			}
			return fmt.Errorf("findings %+v", live.Status.Findings)
		})
	}
	self := a.request("self", time.Hour)
	a.counts(a.decide(self, planner+".", v1alpha1.DecisionDeny), true)
	a.quiet(o)
	for _, name := range []string{"unknown-zone", "foreign-asset", "unknown-vendor", "unknown-person", "no-jump-host", "never-fires", "self"} {
		if got := a.standing(name); len(got) > 0 {
			t.Errorf("%s opened %v", name, got)
		}
	}
}

// What bears a window's labels and is of none goes, whoever made it.
func TestWhatNoWindowOwnsGoes(t *testing.T) {
	t.Parallel()
	a := newAccessWorld(t)
	forged := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: "cell-1", Name: "window-forged", Labels: map[string]string{
			v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue, v1alpha1.LabelKind: "VendorAccessWindow", v1alpha1.LabelName: "forged",
		}},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"},
	}
	a.make(forged)
	a.startAll()
	a.stands("forged", nil)
}

// Rights in the cluster, and a token for who has no name there, are a window's for its
// time and no longer.
func TestATokenEndsWithItsWindow(t *testing.T) {
	t.Parallel()
	a := newAccessWorld(t)
	a.startAll()
	role := &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "looks-at-pods", Labels: map[string]string{v1alpha1.LabelVendorSafe: "true"}},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get", "list"}}},
	}
	a.make(role)
	t.Cleanup(func() { a.must(a.Delete(a.ctx(), role)) })
	w := a.request("rights", time.Hour, func(s *v1alpha1.VendorAccessWindowSpec) {
		s.Kubernetes = &v1alpha1.KubernetesRights{
			Roles: []v1alpha1.WindowRole{{Namespace: "cell-1", Role: role.Name}}, Credential: v1alpha1.CredentialToken,
		}
	})
	a.decide(w, owner, v1alpha1.DecisionApprove)
	a.opened(w)
	secret := &corev1.Secret{}
	a.must(a.Get(a.ctx(), client.ObjectKey{Namespace: v1alpha1.NamespaceAccess, Name: "window-rights"}, secret))
	config := rest.AnonymousClientConfig(a.plane.Config())
	config.BearerToken = string(secret.Data["token"])
	vendor, err := client.New(config, client.Options{Scheme: scheme})
	a.must(err)
	look := func(namespace string) error {
		return vendor.List(a.ctx(), &corev1.PodList{}, client.InNamespace(namespace))
	}
	a.eventually("the token looks at pods", func() error { return look("cell-1") })
	if err := look(v1alpha1.NamespaceAccess); !apierrors.IsForbidden(err) {
		t.Errorf("elsewhere it gets %v", err)
	}
	a.decide(w, shift, v1alpha1.DecisionRevoke)
	a.becomes(w, v1alpha1.WindowRevoked)
	a.eventually("the rights are gone", func() error {
		if err := look("cell-1"); !apierrors.IsForbidden(err) && !apierrors.IsUnauthorized(err) {
			return fmt.Errorf("the token gets this: %w", errors.Join(err, errors.New("and no refusal")))
		}
		return nil
	})
	a.eventually("the token is worth nothing", func() error {
		if err := look("cell-1"); !apierrors.IsUnauthorized(err) {
			return fmt.Errorf("the token gets this: %w", errors.Join(err, errors.New("and no refusal")))
		}
		return nil
	})
	a.stands(w.Name, nil)
}

// People are told 15 and 5 minutes before an end, each once.
func TestPeopleAreToldOfAnEnd(t *testing.T) {
	t.Parallel()
	a := newAccessWorld(t)
	a.startAll()
	w := a.request("soon", 5*time.Minute+4*time.Second)
	a.decide(w, owner, v1alpha1.DecisionApprove)
	a.opened(w)
	a.eventually("both warnings are there", func() error {
		var list eventsv1.EventList
		a.must(a.List(a.ctx(), &list))
		told := map[string]int{}
		for _, e := range list.Items {
			if e.Reason == "EndsSoon" && e.Regarding.UID == w.UID {
				told[e.Action]++
			}
		}
		if diff := cmp.Diff(map[string]int{"15Minutes": 1, "5Minutes": 1}, told); diff != "" {
			return fmt.Errorf("(-want +got):\n%s", diff)
		}
		return nil
	})
}
