// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access/grant"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

// TestGrants runs each story on one API server, in namespaces of its own.
func TestGrants(t *testing.T) {
	cilium, err := controlplane.CiliumCRDs()
	if err != nil {
		t.Fatal(err)
	}
	plane, err := controlplane.Start(t.Context(), controlplane.Options{CRDPaths: []string{cilium}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	c, err := client.NewWithWatch(plane.Config(), client.Options{Scheme: clientgoscheme.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{v1alpha1.NamespaceAccess, "cell"} {
		if err := c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			t.Fatal(err)
		}
	}
	for name, story := range map[string]func(*granted){
		"a fuse is kept":                 fuseIsKept,
		"a fuse is set to another end":   fuseIsReset,
		"what is another's is refused":   otherFuse,
		"a pod is replaced":              podIsReplaced,
		"close removes everything":       closeRemoves,
		"close goes on after a failure":  closeGoesOn,
		"nothing is asked for again":     nothingAgain,
		"a fuse is laid once":            laidOnce,
		"what hangs on no fuse":          noFuse,
		"what is of no window is swept":  sweeps,
		"a failure leaves a fuse behind": failureLeavesFuse,
	} {
		t.Run(name, func(t *testing.T) { story(newGranted(t, c)) })
	}
}

// fuseIsKept across passes, and by an operator that knows nothing of it.
func fuseIsKept(g *granted) {
	set := setOf("uid-1", end, time.Hour, "")
	first := g.open(set, time.Hour)
	if len(first.Fuses) != 2 || first.Pod != nil || first.Service == nil || first.Service.Spec.ClusterIP == "" {
		g.Errorf("after the first pass there stands %+v", first)
	}
	g.stands(all...)
	before := g.job("cell")
	second := g.open(set, 59*time.Minute)
	g.Forget("w")
	third := g.open(set, 58*time.Minute)
	after := g.job("cell")
	if len(second.Fuses)+len(third.Fuses) > 0 || second.Pod == nil || before.UID != after.UID || before.ResourceVersion != after.ResourceVersion {
		g.Errorf("later passes made fuses %v and %v, and changed %s to %s", second.Fuses, third.Fuses, before.ResourceVersion, after.ResourceVersion)
	}
	for _, o := range []client.Object{&networkingv1.NetworkPolicy{}, &rbacv1.RoleBinding{}} {
		name := map[bool]string{true: "window-w.view", false: "window-w"}[fmt.Sprintf("%T", o) == "*v1.RoleBinding"]
		g.must(g.Get(g.Context(), client.ObjectKey{Namespace: "cell", Name: name}, o))
		if owners := o.GetOwnerReferences(); len(owners) != 1 || owners[0].UID != before.UID || owners[0].BlockOwnerDeletion != nil {
			g.Errorf("%T hangs on %v", o, owners)
		}
	}
}

// fuseIsReset when the end is another: it counts from its own start, and is the same fuse.
func fuseIsReset(g *granted) {
	g.open(setOf("uid-1", end, time.Hour, ""), time.Hour)
	before := g.job("cell")
	started := metav1.NewTime(g.now.Add(-10 * time.Minute).Truncate(time.Second))
	before.Status.StartTime = &started
	g.must(g.Status().Update(g.Context(), before))
	later := end.Add(2 * time.Hour)
	g.open(setOf("uid-1", later, 3*time.Hour, ""), 3*time.Hour)
	after := g.job("cell")
	// 10 minutes and up to a second that have passed, and 3 hours to come.
	if got, want := *after.Spec.ActiveDeadlineSeconds, int64(190*60); got < want || got > want+1 || after.UID != before.UID ||
		after.Annotations[v1alpha1.AnnotationUntil] != later.Format(time.RFC3339) {
		g.Errorf("moved, the fuse ends %d s after its start, want %d: %v", got, want, after.Annotations)
	}
	g.open(setOf("uid-1", end, time.Minute, ""), -time.Hour)
	if got := *g.job("cell").Spec.ActiveDeadlineSeconds; got != 1 {
		g.Errorf("with nothing left it ends %d s after its start", got)
	}
}

// otherFuse is one of another window, another occurrence, or one that goes.
func otherFuse(g *granted) {
	g.open(setOf("uid-1", end, time.Hour, ""), time.Hour)
	g.Forget("w")
	refused := func(what string, set *grant.Set) {
		g.Helper()
		before := g.job("cell").ResourceVersion
		stands, err := g.Open(g.Context(), set, time.Hour, true)
		if !errors.Is(err, apply.ErrOtherFuse) || len(stands.Fuses) > 0 || stands.Pod != nil || g.job("cell").ResourceVersion != before {
			g.Errorf("%s: %v, and there stands %+v", what, err, stands)
		}
	}
	refused("another window's", setOf("uid-2", end, time.Hour, ""))
	occurrence := setOf("uid-1", end, time.Hour, "")
	for _, f := range occurrence.Fuses {
		f.Manifest.GetAnnotations()[v1alpha1.AnnotationOccurrence] = "2026-11-24"
	}
	refused("another occurrence's", occurrence)
	j := g.job("cell")
	j.Finalizers = []string{"zonewarden.io/test"}
	g.must(g.Update(g.Context(), j))
	g.must(g.Delete(g.Context(), j, client.PropagationPolicy(metav1.DeletePropagationBackground)))
	refused("one that goes", setOf("uid-1", end, time.Hour, ""))
	j = g.job("cell")
	j.Finalizers = nil
	g.must(g.Update(g.Context(), j))
}

func (g *granted) pod() *corev1.Pod {
	g.Helper()
	p := &corev1.Pod{}
	g.must(g.Get(g.Context(), client.ObjectKey{Namespace: v1alpha1.NamespaceAccess, Name: "window-w"}, p))
	return p
}

func (g *granted) runs(phase corev1.PodPhase) *corev1.Pod {
	g.Helper()
	p := g.pod()
	p.Status.Phase, p.Status.PodIP, p.Status.PodIPs = phase, "127.0.0.9", []corev1.PodIP{{IP: "127.0.0.9"}}
	g.must(g.Status().Update(g.Context(), p))
	return p
}

// podIsReplaced when it was made of something else, and when it ran to its end.
func podIsReplaced(g *granted) {
	set := setOf("uid-1", end, time.Hour, "")
	g.open(set, time.Hour)
	first := g.runs(corev1.PodRunning)
	if stands := g.open(set, time.Hour); stands.Pod == nil || stands.Pod.UID != first.UID {
		g.Fatalf("it runs, and there stands %+v", stands.Pod)
	}
	last := first
	replaced := func(what string, set *grant.Set) {
		g.Helper()
		for pass, want := range []string{"it goes", "the next is made"} {
			if stands := g.open(set, time.Hour); stands.Pod != nil {
				g.Errorf("%s, %s: pod %s counts", what, want, stands.Pod.UID)
			}
			if pass == 0 { // the node says that it is gone
				g.must(client.IgnoreNotFound(g.Delete(g.Context(), last, client.GracePeriodSeconds(0))))
			}
		}
		next := g.runs(corev1.PodRunning)
		if stands := g.open(set, time.Hour); next.UID == last.UID || stands.Pod == nil || stands.Pod.UID != next.UID {
			g.Errorf("%s: pod %s in place of %s, and %+v stands", what, next.UID, last.UID, stands.Pod)
		}
		last = next
	}
	other := setOf("uid-1", end, time.Hour, "another")
	replaced("made of something else", other)
	for _, phase := range []corev1.PodPhase{corev1.PodSucceeded, corev1.PodFailed} {
		g.runs(phase)
		replaced(string(phase), other)
	}
	if fuse := g.job(v1alpha1.NamespaceAccess); last.OwnerReferences[0].UID != fuse.UID {
		g.Errorf("the last pod hangs on %v", last.OwnerReferences)
	}
}

func fusesOf(g *granted) []apply.Fuse {
	g.Helper()
	var out []apply.Fuse
	for _, namespace := range []string{"cell", v1alpha1.NamespaceAccess} {
		j := g.job(namespace)
		out = append(out, apply.Fuse{Namespace: namespace, Name: j.Name, UID: j.UID})
	}
	return out
}

func (g *granted) isStanding() bool {
	g.Helper()
	standing, err := g.Standing(g.Context(), "w", []string{"cell", v1alpha1.NamespaceAccess})
	g.must(err)
	return standing
}

func closeRemoves(g *granted) {
	g.open(setOf("uid-1", end, time.Hour, ""), time.Hour)
	fuses := fusesOf(g)
	if !g.isStanding() {
		g.Error("open, nothing is said to stand")
	}
	g.asked = nil
	g.must(g.Close(g.Context(), "w", fuses))
	last := slices.Index(g.asked, "delete *v1.Job")
	if n := len(g.asked); last < 0 || slices.ContainsFunc(g.asked[last:], func(s string) bool { return s != "delete *v1.Job" }) || n == 0 {
		g.Errorf("a fuse went before what hangs on it: %v", g.asked)
	}
	g.must(client.IgnoreNotFound(g.Delete(g.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.NamespaceAccess, Name: "window-w"}}, client.GracePeriodSeconds(0))))
	g.stands()
	if g.isStanding() {
		g.Error("closed, something is said to stand")
	}
	g.must(g.Close(g.Context(), "w", fuses)) // again
	// A fuse of the same name that was made since is another one's.
	g.Forget("w")
	g.open(setOf("uid-2", end, time.Hour, ""), time.Hour)
	next := g.job("cell").UID
	g.must(g.Close(g.Context(), "w", fuses))
	if g.job("cell").UID != next {
		g.Error("another fuse of that name is gone")
	}
}

// closeGoesOn asks for everything although one kind cannot be removed, and leaves the
// fuses that would end it.
func closeGoesOn(g *granted) {
	for _, verb := range []string{"list", "delete"} {
		g.open(setOf("uid-1", end, time.Hour, ""), time.Hour)
		g.must(g.Delete(g.Context(), g.pod(), client.GracePeriodSeconds(0)))
		fuses := fusesOf(g)
		refused := errors.New("no")
		g.refuses = func(v string, o runtime.Object) error {
			if v == verb && strings.HasPrefix(o.GetObjectKind().GroupVersionKind().Kind, "NetworkPolicy") {
				return refused
			}
			return nil
		}
		if err := g.Close(g.Context(), "w", fuses); !errors.Is(err, refused) {
			g.Errorf("closing: %v", err)
		}
		g.stands("Job cell", "Job zonewarden-access", "NetworkPolicy cell")
		standing, err := g.Standing(g.Context(), "w", []string{"cell"})
		if !standing || (verb == "list") != errors.Is(err, refused) {
			g.Errorf("standing: %v, %v", standing, err)
		}
		g.refuses = nil
		g.must(g.Close(g.Context(), "w", fuses))
		g.stands()
		g.Forget("w")
	}
}

// nothingAgain is asked for what was written a moment ago, unless a pod changed, something
// differs, or a minute has passed.
func nothingAgain(g *granted) {
	set := setOf("uid-1", end, time.Hour, "")
	g.open(set, time.Hour)
	g.runs(corev1.PodRunning)
	g.open(set, time.Hour)
	asks := func(set *grant.Set, podChanged bool) bool {
		g.Helper()
		g.asked = nil
		stands, err := g.Open(g.Context(), set, time.Hour, podChanged)
		g.must(err)
		if stands.Pod == nil || len(stands.Fuses) > 0 {
			g.Errorf("there stands %+v", stands)
		}
		return len(g.asked) > 0
	}
	if asks(set, false) {
		g.Errorf("it asked %v", g.asked)
	}
	if !asks(set, true) {
		g.Error("a pod changed, and nothing was asked")
	}
	if !asks(setOf("uid-1", end.Add(time.Hour), time.Hour, ""), false) {
		g.Error("the end is another, and nothing was asked")
	}
	g.now = g.now.Add(-2 * time.Minute)
	if !asks(setOf("uid-1", end.Add(time.Hour), time.Hour, ""), false) {
		g.Error("the clock went back, and nothing was asked")
	}
}

// laidOnce: a fuse is said to be made by the pass that made it, and by no other.
func laidOnce(g *granted) {
	set := setOf("uid-1", end, time.Hour, "")
	set.Objects, set.Pod = set.Objects[:3], nil // nothing to wait for
	if first := g.open(set, time.Hour); len(first.Fuses) != 2 {
		g.Errorf("the first pass made %v", first.Fuses)
	}
	g.asked = nil
	again, err := g.Open(g.Context(), set, time.Hour, false)
	if err != nil || len(again.Fuses) > 0 || len(g.asked) > 0 || again.Service == nil {
		g.Errorf("the second pass asked %v: %+v, %v", g.asked, again, err)
	}
}

func noFuse(g *granted) {
	set := setOf("uid-1", end, time.Hour, "")
	set.Fuses = set.Fuses[1:]
	if _, err := g.Open(g.Context(), set, time.Hour, true); err == nil || !strings.Contains(err.Error(), "no fuse") {
		g.Errorf("opening: %v", err)
	}
	g.stands("Job zonewarden-access")
}

// failureLeavesFuse says which fuses were made although the rest was not.
func failureLeavesFuse(g *granted) {
	refused := errors.New("no")
	g.refuses = func(v string, o runtime.Object) error {
		if v == "create" && o.GetObjectKind().GroupVersionKind().Kind == "Pod" {
			return refused
		}
		return nil
	}
	set := setOf("uid-1", end, time.Hour, "")
	stands, err := g.Open(g.Context(), set, time.Hour, true)
	if !errors.Is(err, refused) || len(stands.Fuses) != 2 {
		g.Errorf("%v, and there stands %+v", err, stands)
	}
	g.refuses = nil
	g.open(set, time.Hour) // it was not remembered as written
	g.stands(all...)
}

// sweeps removes what is of no open window, by UID as well as by name.
func sweeps(g *granted) {
	g.open(setOf("uid-1", end, time.Hour, ""), time.Hour)
	removed, err := g.Sweep(g.Context(), map[string]apply.Kept{"w": {UID: "uid-1"}})
	if err != nil || len(removed) > 0 {
		g.Errorf("of an open window it removed %v, %v", removed, err)
	}
	removed, err = g.Sweep(g.Context(), map[string]apply.Kept{"w": {UID: "uid-2"}})
	slices.Sort(removed)
	want := []string{
		"NetworkPolicy cell/window-w", "Pod zonewarden-access/window-w", "RoleBinding cell/window-w.view", "Service zonewarden-access/window-w",
	}
	if diff := cmp.Diff(want, removed); diff != "" || err != nil {
		g.Errorf("of one before of that name it removed (-want +got), %v:\n%s", err, diff)
	}
}
