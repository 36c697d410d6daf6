// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

const (
	// endings is how many windows end in each way.
	endings = 18
	// atOnce is how many are open at one time.
	atOnce = 9
	// lateAtMost is the promise: the last packet, with the operator alive.
	lateAtMost = time.Second
	// exchanges with the API server are as long as a window may wait that is revoked while the
	// operator closes another: where everything is slow that is more than the promise.
	exchanges = 60
)

// A window lets in while it is open and at no other time, and what it let in ends: at its
// end, when somebody revokes it, and under a lock.
func TestAWindowEndsAtItsEndByRevocationAndByLock(t *testing.T) {
	a := withAccess(t)
	for _, way := range []struct {
		name  string
		lasts time.Duration
		end   func([]*v1alpha1.VendorAccessWindow) (requests int)
		as    v1alpha1.WindowPhase
	}{
		{"its end", 45 * time.Second, nil, v1alpha1.WindowExpired},
		{"a revocation", time.Hour, func(windows []*v1alpha1.VendorAccessWindow) int {
			for _, w := range windows {
				a.decide(shift, w, v1alpha1.DecisionRevoke)
			}
			return len(windows)
		}, v1alpha1.WindowRevoked},
		{"a lock", time.Hour, func([]*v1alpha1.VendorAccessWindow) int {
			lock := &v1alpha1.AccessLock{ObjectMeta: metav1.ObjectMeta{Name: "everything"}, Spec: v1alpha1.AccessLockSpec{Everything: true, Reason: "alarm", By: shift}}
			must(t, a.people[shift].Create(a.ctx(), lock))
			return 1
		}, v1alpha1.WindowRevoked},
	} {
		t.Run(way.name, func(t *testing.T) {
			a := *a
			a.t = t
			var late, proved, requests figures
			for batch := range endings / atOnce {
				l, p, r := a.endTogether(fmt.Sprintf("%c%d", way.name[len(way.name)-1], batch), way.lasts, way.end, way.as)
				late, proved, requests = append(late, l...), append(proved, p...), append(requests, r)
				a.removeWindows()
			}
			record(t, "late after "+way.name+", the last packet of TCP and UDP", "%s", late)
			record(t, "late after "+way.name+", proved", "%s", proved)
			if way.end != nil {
				record(t, "one request for "+way.name, "%s", requests)
			}
			most := max(lateAtMost, exchanges*requests.at(1))
			if worst := late.at(0.99); worst > most {
				t.Errorf("the last packet passed %s late, want at most %s", worst, most)
			}
		})
	}
}

// endTogether opens windows, watches streams through each, ends them, and returns how late
// the last packet was, how late it was proved, and how long a request took to end them.
func (a *accessPlant) endTogether(name string, lasts time.Duration, end func([]*v1alpha1.VendorAccessWindow) int, as v1alpha1.WindowPhase) (late, proved figures, request time.Duration) {
	a.t.Helper()
	var windows []*v1alpha1.VendorAccessWindow
	for i := range atOnce {
		w := a.request(fmt.Sprintf("w-%s-%d", name, i), lasts)
		if got := a.now(w).Status.Phase; got == v1alpha1.WindowActive {
			a.t.Fatalf("window %s is open before anybody approved it", w.Name)
		}
		a.decide(owner, w, v1alpha1.DecisionApprove)
		windows = append(windows, w)
	}
	streams := map[string][]*stage.Stream{}
	pods := map[string]*corev1.Pod{}
	for _, w := range windows {
		pods[w.Name] = a.opened(w)
		streams[w.Name] = a.streams(pods[w.Name])
	}
	var due time.Time
	if end != nil {
		asked := time.Now()
		requests := end(windows)
		due = time.Now()
		request = due.Sub(asked) / time.Duration(requests)
	}
	for _, w := range windows {
		at := due
		if end == nil {
			at = a.now(w).Status.End.Time
		}
		last := a.quietAfter(streams[w.Name], time.Until(at)+settles)
		late = append(late, max(0, last.Sub(at)))
	}
	for _, w := range windows {
		live := a.becomes(w, as)
		stage.Until(a.t, settles, "the ending of "+w.Name+" is proved", func() bool {
			live = a.now(w)
			return meta.IsStatusConditionTrue(live.Status.Conditions, v1alpha1.ConditionTerminated)
		}, func() string { return fmt.Sprintf("%+v", live.Status) })
		lateness, err := time.ParseDuration(live.Status.Ending.Lateness)
		must(a.t, err)
		proved = append(proved, lateness)
		a.shutFor(pods[w.Name])
	}
	return late, proved, request
}

// shutFor tries to come in once more.
func (a *accessPlant) shutFor(pod *corev1.Pod) {
	a.t.Helper()
	at := netip.AddrPortFrom(netip.MustParseAddr(pod.Status.PodIP), firstRelayPort)
	if got := stage.DialAddress(a.jump, at, stage.TCP(502), quick); got.Passed {
		a.t.Errorf("the relay of %s still lets in", pod.Name)
	}
}
