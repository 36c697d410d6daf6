// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// outcome is what becomes of an attack, as docs/access-attacks.md says it.
type outcome string

const (
	// refused by the kernel, the first process, the relay or the API server.
	refused outcome = "refused"
	// nothing comes of what was allowed.
	nothing outcome = "nothing"
	// sooner than its end the session is over.
	sooner outcome = "over at once"
	// onTime the session ends, and what was left behind in it.
	onTime outcome = "over with the window"
	// behind is later than a second, by what package hold says.
	behind outcome = "late"
)

// vendorAttack is one way to stay longer or to reach further. In is the window whose pod is
// attacked, if not the common one.
type vendorAttack struct {
	name    string
	becomes outcome
	in      string
	do      func(*siege, *corev1.Pod) error
}

// siege is the plant with windows open, and a technician who wants more.
type siege struct {
	*accessPlant
	windows map[string]*v1alpha1.VendorAccessWindow
	pods    map[string]*corev1.Pod
	heard   *stage.Overheard
	line    *line
	// logins are kubeconfigs by their user.
	logins map[string]string
	home   string
}

// errRefused is an attack that was told no. Another error is an attack that could not be
// tried.
var errRefused = errors.New("refused")

// refusal tells one from the other by the words of who refused.
func refusal(err error, words ...string) error {
	if err == nil {
		return nil
	}
	for _, w := range words {
		if strings.Contains(err.Error(), w) {
			return fmt.Errorf("%w: %w", errRefused, err)
		}
	}
	return err
}

// within is something that a technician executes in a session pod.
func within(words ...string) func(*siege, *corev1.Pod) error {
	return func(s *siege, pod *corev1.Pod) error {
		args := append([]string{"exec", "--namespace", pod.Namespace, pod.Name, "--", "/pod"}, words...)
		return refusal(s.kubectl(technician, "", args...), "operation not permitted", "permission denied", "read-only file system",
			"no such file or directory", "invalid cross-device link", "file exists", "refused: verdict", "refused: ", "resource temporarily unavailable")
	}
}

// calls is one try of the session pod, by its name in pod/tries.go.
func calls(what string) func(*siege, *corev1.Pod) error { return within("try", what) }

// asks is something that a technician asks of the API server with kubectl.
func asks(args ...string) func(*siege, *corev1.Pod) error { return asksAs(technician, "", args...) }

// creates is an object that a technician wants.
func creates(manifest string) func(*siege, *corev1.Pod) error {
	return asksAs(technician, manifest, "create", "--filename=-")
}

func asksAs(who, manifest string, args ...string) func(*siege, *corev1.Pod) error {
	return func(s *siege, _ *corev1.Pod) error {
		return refusal(s.kubectl(who, manifest, args...), "(Forbidden)", "is forbidden")
	}
}

// patches is a change of an object in the namespace of the windows' pods.
func patches(object, patch string) func(*siege, *corev1.Pod) error {
	return asks("patch", "--namespace", v1alpha1.NamespaceAccess, object, "--type=merge", "--patch", patch)
}

// kubectl runs it as somebody.
func (s *siege) kubectl(who, stdin string, args ...string) error {
	s.t.Helper()
	login := s.logins[who]
	if login == "" {
		var err error
		login, err = s.ControlPlane.UserKubeconfig(who)
		must(s.t, err)
		s.logins[who] = login
	}
	ctx, cancel := context.WithTimeout(s.ctx(), settles)
	defer cancel()
	cmd := exec.CommandContext(ctx, stage.Kubectl(), append([]string{"--kubeconfig", login}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+s.home)
	cmd.Stdin = strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, out.String())
	}
	return nil
}

// carryOut tries one attack and holds what becomes of it against what should. Those that
// end with the window are looked at when it does.
func (s *siege) carryOut(t *testing.T, x *vendorAttack) {
	t.Helper()
	pod := s.pods[common]
	if x.in != "" {
		pod = s.pods[x.in]
	}
	err := x.do(s, pod)
	isRefused := errors.Is(err, errRefused)
	switch x.becomes {
	case refused:
		if !isRefused {
			t.Errorf("%s: not refused: %v", x.name, err)
		}
	case sooner:
		// The command's own end is one with the pod's.
		begun := time.Now()
		stage.Until(t, settles, x.name+" ends the session", func() bool { return len(s.Processes(t, pod)) == 0 })
		t.Logf("%s: over after %s", x.name, since(begun))
	default:
		if err != nil {
			t.Errorf("%s: cannot be tried: %v", x.name, err)
		}
	}
}

// stood is what may not change: all that windows consist of, by kind and name, without
// what the API server counts.
func (s *siege) stood() map[string]string {
	s.t.Helper()
	out := map[string]string{}
	for _, kind := range []schema.GroupVersionKind{
		{Version: "v1", Kind: "Pod"},
		{Version: "v1", Kind: "Service"},
		{Version: "v1", Kind: "Secret"},
		{Group: "batch", Version: "v1", Kind: "Job"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "Role"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "RoleBinding"},
		{Group: "cilium.io", Version: "v2", Kind: "CiliumNetworkPolicy"},
		{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"},
		v1alpha1.GroupVersion.WithKind("VendorAccessWindow"),
		v1alpha1.GroupVersion.WithKind("AccessLock"),
	} {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		must(s.t, s.List(s.ctx(), list))
		for _, o := range list.Items {
			if o.GetNamespace() != "" && o.GetNamespace() != v1alpha1.NamespaceAccess {
				continue
			}
			what := map[string]any{"uid": o.GetUID(), "labels": o.GetLabels(), "owners": o.GetOwnerReferences(), "finalizers": o.GetFinalizers()}
			for _, field := range []string{"spec", "specs", "rules", "subjects", "roleRef", "data"} {
				what[field] = o.Object[field]
			}
			raw, err := json.Marshal(what)
			must(s.t, err)
			out[kind.Kind+" "+o.GetName()] = string(raw)
		}
	}
	return out
}

// unchanged holds what stands against what stood. A session that was over at once has
// another pod by now; whoever may ask for windows may have asked.
func (s *siege) unchanged(before map[string]string) {
	s.t.Helper()
	after := s.stood()
	for name, was := range before {
		is, there := after[name]
		pod, isPod := strings.CutPrefix(name, "Pod window-")
		switch {
		case isPod && s.alone(pod):
		case there && is != was:
			s.t.Errorf("%s has changed:\n was %s\n is %s", name, was, is)
		case !there:
			s.t.Errorf("%s is gone", name)
		}
	}
	for name := range after {
		if _, there := before[name]; !there && !strings.HasPrefix(name, "VendorAccessWindow ") {
			s.t.Errorf("%s is new", name)
		}
	}
}

// alone says whether the pod of a window was attacked by one attack that may end it.
func (s *siege) alone(window string) bool {
	return !slices.Contains([]string{common, neighbour, passage}, window)
}

// lastProcesses waits until no pod has a process any more, and returns when each lost its
// last one.
func (s *siege) lastProcesses(pods map[string]*corev1.Pod, patience time.Duration) map[string]time.Time {
	s.t.Helper()
	gone := map[string]time.Time{}
	stage.Until(s.t, patience, "no process of any pod is left", func() bool {
		for name, lives := range s.Alive(s.t, pods) {
			if _, known := gone[name]; !known && !lives {
				gone[name] = time.Now()
			}
		}
		return len(gone) == len(pods)
	}, func() string { return fmt.Sprint(gone) })
	return gone
}

// besieged is the plant with all that the attacks need.
func besieged(t *testing.T) *siege {
	t.Helper()
	s := &siege{
		accessPlant: withAccess(t), windows: map[string]*v1alpha1.VendorAccessWindow{}, pods: map[string]*corev1.Pod{},
		logins: map[string]string{}, home: t.TempDir(), heard: stage.Overhear(t, 7702),
	}
	s.person(technician, "zonewarden-vendor")
	acme := stage.Parse(t, vendor)[0]
	people, _, _ := unstructured.NestedSlice(acme.Object, "spec", "people")
	must(t, unstructured.SetNestedSlice(acme.Object, append(people, map[string]any{"user": insider, "name": "B. Insider"}), "spec", "people"))
	more := stage.Parse(t, fmt.Sprintf(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: insider}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: zonewarden-access-approver}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %q}]`, insider))[0]
	s.Apply(t, acme, more)
	t.Cleanup(func() { s.Remove(t, more) })
	lock := &v1alpha1.AccessLock{ObjectMeta: metav1.ObjectMeta{Name: "elsewhere"}, Spec: v1alpha1.AccessLockSpec{Zone: "cell-filtration", Reason: "works", By: shift}}
	must(t, s.people[shift].Create(s.ctx(), lock))
	return s
}

// open opens a window for everything that is attacked, all until one end, but that of what
// is late, which is tried when the others are over. It returns both ends.
func (s *siege) open(lasts, longer time.Duration) (due, later time.Time) {
	s.t.Helper()
	now := time.Now().UTC()
	ends := map[bool]v1alpha1.Moment{false: instant(now.Add(lasts)), true: instant(now.Add(longer))}
	names := map[string]bool{common: false, neighbour: false, passage: false}
	for _, x := range vendorAttacks {
		if x.in != "" {
			names[x.in] = x.becomes == behind
		}
	}
	for name, isLate := range names {
		w := s.request(name, lasts, func(w *v1alpha1.VendorAccessWindow) {
			w.Spec.End = new(ends[isLate])
			if name == neighbour {
				w.Spec.People = []v1alpha1.NamedUser{insider}
			}
			if name != passage {
				w.Spec.Grant = v1alpha1.GrantSessionPod
			}
		})
		s.decide(owner, w, v1alpha1.DecisionApprove)
		s.windows[name] = w
	}
	begun := time.Now()
	for name := range names {
		s.pods[name] = s.opened(s.windows[name])
	}
	record(s.t, "windows open", "%d after %s", len(names), since(begun))
	s.line = hearken(s.t, s.pods[common].Status.HostIP)
	return s.now(s.windows[common]).Status.End.Time, s.now(s.windows[starved]).Status.End.Time
}

// sessions are all pods of windows, by the window, with those that took the place of one
// that was over at once.
func (s *siege) sessions() map[string]*corev1.Pod {
	s.t.Helper()
	out := maps.Clone(s.pods)
	var pods corev1.PodList
	must(s.t, s.List(s.ctx(), &pods, client.InNamespace(v1alpha1.NamespaceAccess)))
	for _, pod := range pods.Items {
		name := pod.Labels[v1alpha1.LabelName]
		if old := s.pods[name]; old == nil || old.UID != pod.UID {
			out[name+", the second pod"] = &pod
			s.t.Logf("%s: another pod since %s, %s", name, pod.CreationTimestamp.Format(time.TimeOnly), pod.Status.Phase)
		}
	}
	delete(out, starved)
	return out
}

// endsAt waits for the end, and holds against it when the last process of each pod went.
func (s *siege) endsAt(due time.Time, most time.Duration) {
	s.t.Helper()
	// A pod that takes the place of one that was over starts when it does.
	stage.Until(s.t, time.Until(due), "the end is near", func() bool { return time.Until(due) < time.Second })
	gone := s.lastProcesses(s.sessions(), time.Until(due)+settles)
	var late figures
	for name, at := range gone {
		by := at.Sub(due)
		s.t.Logf("%s: last process %s", name, ms(by))
		if by > most {
			s.t.Errorf("the last process in the pod of %s was %s late", name, ms(by))
		}
		if by > -2*time.Second {
			late = append(late, max(0, by))
		}
	}
	record(s.t, "late, the last process of each pod that lived until the end", "%s", late)
	by := s.line.Last().Sub(due)
	record(s.t, "late, the last byte of an inherited connection", "%s", ms(by))
	if by > most || by < -2*time.Second {
		s.t.Errorf("the last byte of an inherited connection came %s after the end", ms(by))
	}
}

// starves tries what is late, and measures by how much.
func (s *siege) starves(x *vendorAttack, due time.Time) {
	s.t.Helper()
	s.carryOut(s.t, x)
	if left := time.Until(due); left < time.Second {
		s.t.Fatalf("%s before the end: too late to starve anything", left)
	}
	gone := s.lastProcesses(map[string]*corev1.Pod{starved: s.pods[starved]}, time.Until(due)+starvedAtMost)
	record(s.t, fmt.Sprintf("late, first process idle among %d busy threads", spinning), "%s", ms(gone[starved].Sub(due)))
}

// expired waits until every window is, at the end that it had.
func (s *siege) expired(due, later time.Time) {
	s.t.Helper()
	for name, w := range s.windows {
		want := due
		if name == starved {
			want = later
		}
		if live := s.becomes(w, v1alpha1.WindowExpired); !live.Status.End.Time.Equal(want) {
			s.t.Errorf("window %s has ended at %s, not at %s", name, live.Status.End, want)
		}
	}
}

// phase of a window by name, empty for none.
func (s *siege) phase(window string) v1alpha1.WindowPhase {
	s.t.Helper()
	w := &v1alpha1.VendorAccessWindow{}
	must(s.t, client.IgnoreNotFound(s.Get(s.ctx(), client.ObjectKey{Name: window}, w)))
	return w.Status.Phase
}
