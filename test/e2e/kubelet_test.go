// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// startKubelet starts the node with a container runtime, until the test ends.
func startKubelet(t *testing.T, s *stage.Stage) {
	t.Helper()
	t.Cleanup(func() { must(t, s.StopKubelet()) })
	start := time.Now()
	must(t, s.StartKubelet())
	record(t, "kubelet started to its node ready", "%s", since(start))
}

// runPod runs a pod on it, with what else its spec says, and returns when it is ready.
func runPod(t *testing.T, s *stage.Stage, namespace, name, spec string) *corev1.Pod {
	t.Helper()
	pod := stage.Parse(t, fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: %[1]s, namespace: %[2]s, labels: {app: %[1]s}}
spec:
  nodeName: %[3]s
  terminationGracePeriodSeconds: 1
  containers: [{name: main, image: %[4]q, imagePullPolicy: Never, volumeMounts: [{name: given, mountPath: /given}]}]
  volumes: [{name: given, secret: {secretName: given, optional: true}}]
  %[5]s
`, name, namespace, stage.KubeletNode, stage.Image, spec))[0]
	start := time.Now()
	s.Apply(t, pod)
	var live corev1.Pod
	stage.Until(t, settles, fmt.Sprintf("pod %s/%s is ready", namespace, name), func() bool {
		must(t, s.Get(t.Context(), client.ObjectKeyFromObject(pod), &live))
		for _, c := range live.Status.Conditions {
			if c.Type == corev1.PodReady {
				return c.Status == corev1.ConditionTrue
			}
		}
		return false
	}, func() string { return fmt.Sprint(live.Status) })
	record(t, fmt.Sprintf("pod %s/%s created to ready", namespace, name), "%s", since(start))
	return &live
}

func since(start time.Time) time.Duration { return time.Since(start).Round(time.Millisecond) }

// Pods of a real kubelet are what a kubelet makes of them: commands can be executed in
// them, a Secret reaches them and so does its change, and at its deadline a pod's process
// ends although nobody reaches the API server.
func TestAKubeletRunsWhatAPodSays(t *testing.T) {
	s := stage.Get(t)
	startKubelet(t, s)
	namespace := stage.Parse(t, "{apiVersion: v1, kind: Namespace, metadata: {name: kubelet}}")[0]
	t.Cleanup(func() { s.Remove(t, namespace) })
	secret := func(word string) {
		s.Apply(t, stage.Parse(t, "{apiVersion: v1, kind: Secret, metadata: {name: given, namespace: kubelet}, stringData: {word: "+word+"}}")[0])
	}
	s.Apply(t, namespace)
	secret("first")

	reader := runPod(t, s, "kubelet", "reader", "")
	said, err := s.Exec(t, "kubelet/reader", "/pod", "cat", "/given/word")
	must(t, err)
	if said != "first" {
		t.Errorf("the Secret says %q in the pod, want %q", said, "first")
	}
	var times figures
	secret("second")
	changed := time.Now()
	stage.Until(t, settles, "the pod sees the changed Secret", func() bool {
		start := time.Now()
		said, err := s.Exec(t, "kubelet/reader", "/pod", "cat", "/given/word")
		must(t, err)
		times = append(times, time.Since(start))
		return said == "second"
	})
	record(t, "Secret changed to seen in a pod", "%s", since(changed))
	record(t, "executing a command in a pod", "%s", times)

	testPinned(t, s)
	testKubeletRestart(t, s, reader)
	testDeadline(t, s)
}

// testPinned: a pod that names the digest of an imported archive runs without a registry, as
// docs/verify.md has it, and one that names another does not.
func testPinned(t *testing.T, s *stage.Stage) {
	pinned, err := s.PinnedImage(t.Context())
	must(t, err)
	name, digest, found := strings.Cut(pinned, "@sha256:")
	if !found || len(digest) != 64 {
		t.Fatalf("the image's name by digest is %q", pinned)
	}
	pod := func(name, image string) *corev1.Pod {
		object := stage.Parse(t, fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: %s, namespace: kubelet},
  spec: {nodeName: %s, terminationGracePeriodSeconds: 1, containers: [{name: main, image: %q, imagePullPolicy: IfNotPresent}]}}`, name, stage.KubeletNode, image))[0]
		s.Apply(t, object)
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "kubelet"}}
	}
	right, wrong := pod("pinned", pinned), pod("pinned-otherwise", name+"@sha256:"+digest[1:]+digest[:1])
	stage.Until(t, settles, "the pod by digest runs, and the one by another digest has no image", func() bool {
		must(t, s.Get(t.Context(), client.ObjectKeyFromObject(right), right))
		must(t, s.Get(t.Context(), client.ObjectKeyFromObject(wrong), wrong))
		if right.Status.Phase != corev1.PodRunning || len(wrong.Status.ContainerStatuses) == 0 || wrong.Status.ContainerStatuses[0].State.Waiting == nil {
			return false
		}
		reason := wrong.Status.ContainerStatuses[0].State.Waiting.Reason
		return reason == "ErrImagePull" || reason == "ImagePullBackOff"
	}, func() string { return fmt.Sprint(right.Status, wrong.Status) })
}

// testKubeletRestart ends the kubelet and starts it again: the pod's process lives on.
func testKubeletRestart(t *testing.T, s *stage.Stage, pod *corev1.Pod) {
	before := s.Processes(t, pod)
	must(t, s.KillKubelet(), s.StartKubelet())
	if diff := cmp.Diff(before, s.Processes(t, pod)); diff != "" {
		t.Errorf("other processes after a restart of the kubelet (-before +after):\n%s", diff)
	}
	stage.Until(t, settles, "a command can be executed again", func() bool {
		_, err := s.Exec(t, "kubelet/reader", "/pod", "cat", "/given/word")
		return err == nil
	})
}

const deadline = 25 * time.Second

// testDeadline waits for the process itself: what the API server says of it comes later.
func testDeadline(t *testing.T, s *stage.Stage) {
	pod := runPod(t, s, "kubelet", "short", fmt.Sprintf("activeDeadlineSeconds: %d", deadline/time.Second))
	if got := len(s.Processes(t, pod)); got != 1 {
		t.Fatalf("the pod has %d processes, want 1", got)
	}
	withoutAPIServer(t, s, func() {
		stage.Until(t, 2*deadline, "the pod's process is gone", func() bool { return len(s.Processes(t, pod)) == 0 })
		lived := time.Since(pod.Status.StartTime.Time)
		// The pod's start is known to the second.
		record(t, "pod's deadline to its process gone, without an API server", "%s", (lived - deadline).Round(time.Millisecond))
		if lived < deadline || lived > deadline+5*time.Second {
			t.Errorf("the process ended %s after the pod's start, want %s and at most five seconds more", lived, deadline)
		}
	})
	start := time.Now()
	stage.Until(t, 3*time.Minute, "the API server learns of it", func() bool {
		must(t, s.Get(t.Context(), client.ObjectKeyFromObject(pod), pod))
		return pod.Status.Phase == corev1.PodFailed && pod.Status.Reason == "DeadlineExceeded"
	}, func() string { return fmt.Sprint(pod.Status) })
	record(t, "API server back to it knows that the deadline passed", "%s", since(start))
}

// withoutAPIServer stops the API server for as long as something is done.
func withoutAPIServer(t *testing.T, s *stage.Stage, do func()) {
	t.Helper()
	endOurs(t, s)
	must(t, s.StopAPIServer())
	defer func() { must(t, s.StartAPIServer()) }()
	do()
}

// A network plugin that takes policies and enforces none is found out by packets: the
// zone's policies stand, the pods run, and the node says that the zone leaks.
func TestANetworkPluginWithoutPolicyIsFoundOut(t *testing.T) {
	w := plant(t)
	// The node goes last, and with it the doubt that a node without an agent casts on
	// every zone.
	t.Cleanup(func() { w.everyZone(metav1.ConditionTrue, v1alpha1.ReasonSeenByPackets, 2*time.Minute) })
	startKubelet(t, w.Stage)
	zone := trialZone(t, "unguarded", "unguarded")
	inside, outside := trialNamespace(t, "unguarded"), stage.Parse(t, "{apiVersion: v1, kind: Namespace, metadata: {name: elsewhere}}")[0]
	t.Cleanup(func() {
		w.Remove(t, zone)
		w.gone("zone-unguarded")
		w.Remove(t, inside, outside)
	})
	w.Apply(t, inside, outside, zone)
	w.accepted(zone)
	for _, pod := range []string{"unguarded/first", "unguarded/second", "elsewhere/stranger"} {
		namespace, name, _ := strings.Cut(pod, "/")
		runPod(t, w.Stage, namespace, name, "")
	}

	start := time.Now()
	w.StartNodeAgentOn(t, stage.KubeletNode, "--flow-table=Kernel")
	var report v1alpha1.NodeReport
	stage.Until(t, noticedWithin, "the node reports that the zone leaks", func() bool {
		if err := w.Get(w.ctx(), client.ObjectKey{Name: stage.KubeletNode}, &report); !apierrors.IsNotFound(err) {
			must(t, err)
		}
		return reports(&report, "unguarded", v1alpha1.ProbeLeaking)
	}, func() string { return fmt.Sprint(report.Status) })
	reported := since(start)
	var c *metav1.Condition
	stage.Until(t, noticedWithin-reported, "the zone says that it leaks", func() bool {
		c = w.verified("unguarded")
		return c != nil && c.Status == metav1.ConditionFalse && c.Reason == v1alpha1.ReasonLeaking
	}, func() string { return fmt.Sprint(c) })
	record(t, "node agent started to its report says Leaking", "%s", reported)
	record(t, "node agent started to the zone says Leaking", "%s: %s", since(start), c.Message)
	if !strings.Contains(c.Message, stage.KubeletNode) || !strings.Contains(c.Message, "elsewhere/stranger") {
		t.Errorf("the message names neither node nor connection: %s", c.Message)
	}
}

// reports says whether a node says that of a zone.
func reports(r *v1alpha1.NodeReport, zone string, result v1alpha1.ProbeResult) bool {
	for _, z := range r.Status.Zones {
		if z.Name == zone {
			return z.Result == result
		}
	}
	return false
}
