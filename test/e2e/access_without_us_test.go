// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// What a window let in ends with the operator dead, with the API server dead as well, and
// with the kubelet dead or started again on top: a TCP and a UDP stream through a relay,
// what somebody runs in a session pod, and an administrator's port-forward to that.
func TestAWindowEndsWithoutUs(t *testing.T) {
	endOurs(t, stage.Get(t))
	a := withAccess(t)
	for _, c := range []struct {
		dead string
		kill func() error
		mend func() error
	}{
		{"the operator", a.KillOperator, a.StartOperator},
		{
			"operator and API server", func() error { return errors.Join(a.KillOperator(), a.StopAPIServer()) },
			func() error { return errors.Join(a.StartAPIServer(), a.StartOperator()) },
		},
		{
			"operator, API server and kubelet", func() error { return errors.Join(a.KillOperator(), a.StopAPIServer(), a.KillKubelet()) },
			func() error { return errors.Join(a.StartAPIServer(), a.StartKubelet(), a.StartOperator()) },
		},
		{
			"operator and API server, the kubelet started again",
			func() error { return errors.Join(a.KillOperator(), a.StopAPIServer(), a.RestartKubelet()) },
			func() error { return errors.Join(a.StartAPIServer(), a.StartKubelet(), a.StartOperator()) },
		},
	} {
		t.Run(c.dead, func(t *testing.T) {
			a := *a
			a.t = t
			a.warmUp()
			const lasts = 40 * time.Second
			relay := a.request("relay", lasts)
			session := a.request("session", lasts, func(w *v1alpha1.VendorAccessWindow) { w.Spec.Grant = v1alpha1.GrantSessionPod })
			a.decide(owner, relay, v1alpha1.DecisionApprove)
			a.decide(owner, session, v1alpha1.DecisionApprove)
			passage := a.opened(relay)
			streams := a.streams(passage)
			pod := a.opened(session)
			a.executes(pod)
			a.notForwarded(passage)
			forwarded := a.forwarded(pod)
			due := a.now(relay).Status.End.Time
			must(t, c.kill())
			mend := once(func() { must(t, c.mend()) })
			t.Cleanup(mend)
			if left := time.Until(due); left < 3*time.Second {
				t.Fatalf("%s before the end: too late to see anything", left)
			}
			gone := a.emptyAfter(pod, time.Until(due)+settles)
			a.inTime("without "+c.dead+", last process of a session pod", gone, due)
			a.inTime("without "+c.dead+", last packet through a relay", a.quietAfter(streams, settles), due)
			if c.dead == "the operator" {
				// Where the API server is dead, so is what goes through it.
				a.inTime("without "+c.dead+", last byte through a port-forward", forwarded.Last(), due)
				a.nothingStands(due)
			}
			mend()
			a.becomes(relay, v1alpha1.WindowExpired)
			a.becomes(session, v1alpha1.WindowExpired)
			a.removeWindows()
		})
	}
}

// once does something the first time that it is called, be it in a test that ends by it.
func once(do func()) func() {
	done := false
	return func() {
		if !done {
			done = true
			do()
		}
	}
}

// inTime holds the last of something against when it was due.
func (a *accessPlant) inTime(what string, last, due time.Time) {
	a.t.Helper()
	late := last.Sub(due)
	record(a.t, what, "%s late", ms(late))
	if late > lateAtMost || late < -2*time.Second {
		a.t.Errorf("%s: %s late", what, late)
	}
}

// policies is an empty list of Cilium's.
func policies(kind string) *unstructured.UnstructuredList {
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion("cilium.io/v2")
	list.SetKind(kind)
	return list
}

// warmUp returns when scheduler and kubelet run pods: after an outage of the API server they
// may learn of new ones a minute late, and the API server itself of the Site, by which it
// judges windows, half a minute late.
func (a *accessPlant) warmUp() {
	a.t.Helper()
	var err error
	stage.Until(a.t, settles, "the API server takes windows", func() bool {
		err = a.people[planner].Create(a.ctx(), newWindow("warm-up", time.Hour), client.DryRunAll)
		return err == nil
	}, func() string { return fmt.Sprint(err) })
	w := a.request("warm-up", time.Hour)
	a.decide(owner, w, v1alpha1.DecisionApprove)
	a.opened(w)
	a.removeWindows()
}

func ms(d time.Duration) string { return d.Round(time.Millisecond).String() }

// executes begins a command in a session pod as the technician, and returns when it has
// printed a line. It prints one each second unless it is told.
func (a *accessPlant) executes(pod *corev1.Pod, words ...string) {
	a.t.Helper()
	kubeconfig, err := a.ControlPlane.UserKubeconfig(technician)
	must(a.t, err)
	if len(words) == 0 {
		words = []string{"tick"}
	}
	cmd := exec.CommandContext(context.WithoutCancel(a.t.Context()), stage.Kubectl(), append([]string{
		"--kubeconfig", kubeconfig, "exec", "--namespace", pod.Namespace, pod.Name, "--", "/pod",
	}, words...)...)
	out, err := cmd.StdoutPipe()
	must(a.t, err)
	must(a.t, cmd.Start())
	a.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if !bufio.NewScanner(out).Scan() {
		a.t.Fatal("nothing runs in the session pod")
	}
}

// emptyAfter waits until no process of a pod is left, and returns when that was.
func (a *accessPlant) emptyAfter(pod *corev1.Pod, patience time.Duration) time.Time {
	a.t.Helper()
	if runs := a.Processes(a.t, pod); len(runs) < 2 {
		a.t.Fatalf("in a session pod run %v: want its first process and what somebody runs in it", runs)
	}
	stage.Until(a.t, patience, "no process of the session pod is left", func() bool { return len(a.Processes(a.t, pod)) == 0 })
	return time.Now()
}

// nothingStands waits until every object of every grant is gone, with only etcd, API server
// and controller manager running.
func (a *accessPlant) nothingStands(due time.Time) {
	a.t.Helper()
	ours := client.MatchingLabels{v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue, v1alpha1.LabelKind: "VendorAccessWindow"}
	for _, kind := range []client.ObjectList{&corev1.ServiceList{}, &rbacv1.RoleBindingList{}, &rbacv1.RoleList{}, policies("CiliumNetworkPolicyList")} {
		stage.Until(a.t, settles, fmt.Sprintf("no %T of a window is left", kind), func() bool {
			must(a.t, a.List(a.ctx(), kind, ours))
			return meta.LenList(kind) == 0
		})
	}
	record(a.t, "without the operator, policies and RoleBindings of every grant gone", "%s late", ms(time.Since(due)))
}
