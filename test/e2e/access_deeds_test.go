// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// Deeds are attacks that take more than one request or call.

func inAccess(path string) string {
	return "/api/v1/namespaces/" + v1alpha1.NamespaceAccess + "/" + path
}

const ownPod = `{apiVersion: v1, kind: Pod, metadata: {name: mine, namespace: ` + v1alpha1.NamespaceAccess + `},
  spec: {containers: [{name: mine, image: "` + stage.Image + `"}]}}`

const ownJob = `{apiVersion: batch/v1, kind: Job, metadata: {name: mine, namespace: ` + v1alpha1.NamespaceAccess + `},
  spec: {parallelism: 0, template: {spec: {restartPolicy: Never, containers: [{name: mine, image: "` + stage.Image + `"}]}}}}`

// control is where the pod of a window is told its end.
func (s *siege) control(window string) string {
	return netip.AddrPortFrom(s.address(window), 7702).String()
}

func (s *siege) address(window string) netip.Addr {
	return netip.MustParseAddr(s.pods[window].Status.PodIP)
}

// forges tells the pod of a window, from a session pod, that it may stay another day.
func forges(victim string) func(*siege, *corev1.Pod) error {
	return func(s *siege, pod *corev1.Pod) error {
		return within("forge", s.control(victim), string(s.windows[victim].UID), string(s.pods[victim].UID), "24h")(s, pod)
	}
}

// replays says again what the operator said to the pod of a window.
func replays(told string) func(*siege, *corev1.Pod) error {
	return func(s *siege, pod *corev1.Pod) error {
		messages := s.heard.To(s.address(told))
		if len(messages) == 0 {
			return fmt.Errorf("nothing was heard that was said to %s", told)
		}
		return within("send", "127.0.0.1:7702", hex.EncodeToString(messages[0]))(s, pod)
	}
}

// stays leaves something running in a session pod.
func stays(words ...string) func(*siege, *corev1.Pod) error {
	return func(s *siege, pod *corev1.Pod) error {
		s.executes(pod, words...)
		return nil
	}
}

func keepsALine(s *siege, pod *corev1.Pod) error {
	if err := within("linger", s.line.Addr().String())(s, pod); err != nil {
		return err
	}
	stage.Until(s.t, settles, "the process that was left behind talks", func() bool { return !s.line.Last().IsZero() })
	return nil
}

// forks has to be stopped, and by a limit.
func forks(s *siege, pod *corev1.Pod) error {
	err := within("bomb", fmt.Sprint(2*stage.PodPIDs))(s, pod)
	if err == nil {
		return errors.New("nothing limits how many processes there are")
	}
	if n := len(s.Processes(s.t, pod)); n > stage.PodPIDs {
		return fmt.Errorf("%d processes", n)
	}
	if errors.Is(err, errRefused) {
		return nil
	}
	return err
}

func dials(who string, port uint16) func(*siege, *corev1.Pod) error {
	return func(s *siege, _ *corev1.Pod) error {
		from := s.jump
		if who != from.Name {
			from = s.host(who)
		}
		got := stage.DialAddress(from, netip.AddrPortFrom(s.address(passage), port), stage.TCP(502), quick)
		if got.Passed {
			return nil
		}
		return fmt.Errorf("%w: %w", errRefused, got.Err)
	}
}

// requests has a technician ask for a window that lets in both people of the vendor, from
// now on.
func requests(name, requester, more string, lasts time.Duration) func(*siege, *corev1.Pod) error {
	return func(s *siege, pod *corev1.Pod) error {
		now := time.Now().UTC()
		return asksAs(technician, fmt.Sprintf(`
apiVersion: zonewarden.io/v1alpha1
kind: VendorAccessWindow
metadata: {name: %s}
spec:
  requester: %s
  vendor: acme-drives
  people: [%s, %s]
  work: {reason: more time}
  start: %q
  end: %q
  grant: SessionPod
  through: jumphost-1
  reach: [{zone: cell-pumping, assets: [drive-pump-01a], flows: [{port: 502, transport: TCP}]}]
  %s`, name, requester, technician, insider, instant(now.Add(-time.Minute)), instant(now.Add(lasts)), more), "create", "--filename=-")(s, pod)
	}
}

// approves writes an approval of a window as it is now.
func approves(as, approver, window string) func(*siege, *corev1.Pod) error {
	return func(s *siege, pod *corev1.Pod) error {
		w := &v1alpha1.VendorAccessWindow{}
		must(s.t, s.Get(s.ctx(), client.ObjectKey{Name: window}, w))
		return replaysApproval(as, approver, w)(s, pod)
	}
}

func replaysApproval(as, approver string, w *v1alpha1.VendorAccessWindow) func(*siege, *corev1.Pod) error {
	return asksAs(as, fmt.Sprintf(`
apiVersion: zonewarden.io/v1alpha1
kind: Approval
metadata:
  generateName: %[1]s-
  ownerReferences: [{apiVersion: zonewarden.io/v1alpha1, kind: VendorAccessWindow, name: %[1]s, uid: %[2]s}]
spec:
  of: {kind: VendorAccessWindow, name: %[1]s, uid: %[2]s, generation: %[3]d}
  requester: %[4]s
  approver: %[5]s
  decision: Approve`, w.Name, w.UID, w.Generation, w.Spec.Requester, approver), "create", "--filename=-")
}

// asksForMore has a window approved by one of those whom it lets in, who may approve.
func asksForMore(s *siege, pod *corev1.Pod) error {
	if err := requests(asked, technician, "", 2*time.Hour)(s, pod); err != nil {
		return err
	}
	if err := approves(insider, insider, asked)(s, pod); err != nil {
		return err
	}
	stage.Until(s.t, settles, "the operator judges an approval", func() bool {
		var all v1alpha1.ApprovalList
		must(s.t, s.List(s.ctx(), &all))
		i := slices.IndexFunc(all.Items, func(x v1alpha1.Approval) bool { return x.Spec.Of.Name == asked })
		return i >= 0 && slices.ContainsFunc(all.Items[i].Status.Conditions, func(c metav1.Condition) bool {
			return c.Type == v1alpha1.ConditionAccepted && c.Status == metav1.ConditionFalse
		})
	})
	return nil
}

// again is a window that is approved once and made twice.
const again = "again"

// asksAgain has one approval count for two windows of a name: as it was, and with the UID
// of the second.
func asksAgain(s *siege, pod *corev1.Pod) error {
	if err := requests(again, technician, "", time.Minute)(s, pod); err != nil {
		return err
	}
	first := &v1alpha1.VendorAccessWindow{ObjectMeta: metav1.ObjectMeta{Name: again}}
	first = s.now(first)
	s.decide(owner, first, v1alpha1.DecisionApprove)
	opened := s.opened(first)
	if err := asks("delete", "vendoraccesswindow/"+again)(s, pod); err != nil {
		return err
	}
	stage.Until(s.t, settles, "the pod of a deleted window is gone", func() bool {
		err := s.Get(s.ctx(), client.ObjectKeyFromObject(opened), &corev1.Pod{})
		return apierrors.IsNotFound(err)
	})
	if err := requests(again, technician, "", 2*time.Hour)(s, pod); err != nil {
		return err
	}
	for _, replay := range []func(*siege, *corev1.Pod) error{replaysApproval(insider, owner, first), approves(insider, owner, again)} {
		if err := replay(s, pod); !errors.Is(err, errRefused) {
			return err
		}
	}
	return errRefused
}
