// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access/grant"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
)

// granted is a control plane to write grants to.
type granted struct {
	*testing.T
	client.WithWatch
	*apply.Grants
	now time.Time
	mu  sync.Mutex
	// asked are requests, as "get *v1.Job".
	asked []string
	// refuses a request.
	refuses func(verb string, o runtime.Object) error
}

func newGranted(t *testing.T, c client.WithWatch) *granted {
	t.Helper()
	g := &granted{T: t, WithWatch: c, now: time.Now()}
	watched := interceptor.NewClient(c, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			return g.ask("get", o, func() error { return c.Get(ctx, key, o, opts...) })
		},
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			return g.ask("create", o, func() error { return c.Create(ctx, o, opts...) })
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			return g.ask("delete", o, func() error { return c.Delete(ctx, o, opts...) })
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			return g.ask("patch", o, func() error { return c.Patch(ctx, o, p, opts...) })
		},
		List: func(ctx context.Context, c client.WithWatch, l client.ObjectList, opts ...client.ListOption) error {
			return g.ask("list", l, func() error { return c.List(ctx, l, opts...) })
		},
	})
	g.Grants = &apply.Grants{Client: watched, Live: watched, Now: func() time.Time { return g.now }}
	t.Cleanup(func() {
		for _, o := range []client.Object{&batchv1.Job{}, &corev1.Pod{}, &networkingv1.NetworkPolicy{}, &rbacv1.RoleBinding{}} {
			for _, namespace := range []string{v1alpha1.NamespaceAccess, "cell"} {
				if err := c.DeleteAllOf(context.Background(), o, client.InNamespace(namespace), client.GracePeriodSeconds(0), client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
					t.Error(err)
				}
			}
		}
		_ = c.Delete(context.Background(), service("w", nil))
	})
	return g
}

// ask notes a request and makes it, unless it is refused.
func (g *granted) ask(verb string, o runtime.Object, do func() error) error {
	if g.refuses != nil {
		if err := g.refuses(verb, o); err != nil {
			return err
		}
	}
	g.mu.Lock()
	g.asked = append(g.asked, fmt.Sprintf("%s %T", verb, o))
	g.mu.Unlock()
	return do()
}

func (g *granted) must(err error) {
	g.Helper()
	if err != nil {
		g.Fatal(err)
	}
}

func (g *granted) open(set *grant.Set, left time.Duration) apply.Stands {
	g.Helper()
	stands, err := g.Open(g.Context(), set, left, true)
	g.must(err)
	return stands
}

func (g *granted) job(namespace string) *batchv1.Job {
	g.Helper()
	j := &batchv1.Job{}
	g.must(g.Get(g.Context(), client.ObjectKey{Namespace: namespace, Name: "window-w"}, j))
	return j
}

// there are the objects of window w, by kind and namespace.
func (g *granted) there() []string {
	g.Helper()
	var out []string
	for _, list := range []client.ObjectList{&batchv1.JobList{}, &corev1.PodList{}, &corev1.ServiceList{}, &networkingv1.NetworkPolicyList{}, &rbacv1.RoleBindingList{}} {
		g.must(g.List(g.Context(), list, client.MatchingLabels{v1alpha1.LabelName: "w"}))
		g.must(meta.EachListItem(list, func(o runtime.Object) error {
			m, err := meta.Accessor(o)
			if err == nil {
				out = append(out, fmt.Sprintf("%s %s", strings.TrimPrefix(fmt.Sprintf("%T", o), "*v1."), m.GetNamespace()))
			}
			return err
		}))
	}
	slices.Sort(out)
	return out
}

func (g *granted) stands(want ...string) {
	g.Helper()
	if diff := cmp.Diff(want, g.there()); diff != "" {
		g.Errorf("what is there (-want +got):\n%s", diff)
	}
}

// all that a set consists of once its pod is made.
var all = []string{"Job cell", "Job zonewarden-access", "NetworkPolicy cell", "Pod zonewarden-access", "RoleBinding cell", "Service zonewarden-access"}

// service of a window's pod.
func service(window string, selector map[string]string) *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.NamespaceAccess, Name: "window-" + window},
		Spec:       corev1.ServiceSpec{Selector: selector, Ports: []corev1.ServicePort{{Port: 502, Protocol: corev1.ProtocolTCP}}},
	}
}

var end = time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC)

// setOf is a grant of window w: a policy and a right in the target's namespace, a pod with a
// service in the windows'. Variant tells two pods apart.
func setOf(uid string, until time.Time, left time.Duration, variant string) *grant.Set {
	s := &grant.Set{}
	for _, namespace := range []string{"cell", v1alpha1.NamespaceAccess} {
		s.Fuses = append(s.Fuses, sealed(&batchv1.Job{
			TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "window-w"},
			Spec: batchv1.JobSpec{
				Parallelism: new(int32(0)), ActiveDeadlineSeconds: new(int64(left.Seconds())),
				Template: corev1.PodTemplateSpec{Spec: podSpec("fuse")},
			},
		}, uid, until, ""))
	}
	pod := sealed(&corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.NamespaceAccess, Name: "window-w"}, Spec: podSpec("relay"),
	}, uid, time.Time{}, variant)
	s.Objects = []*grant.Object{
		sealed(&networkingv1.NetworkPolicy{
			TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
			ObjectMeta: metav1.ObjectMeta{Namespace: "cell", Name: "window-w"},
		}, uid, time.Time{}, ""),
		sealed(&rbacv1.RoleBinding{
			TypeMeta:   metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "RoleBinding"},
			ObjectMeta: metav1.ObjectMeta{Namespace: "cell", Name: "window-w.view"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"},
		}, uid, time.Time{}, ""),
		sealed(service("w", map[string]string{"app": "w"}), uid, time.Time{}, ""), pod,
	}
	s.Pod = pod
	return s
}

func podSpec(name string) corev1.PodSpec {
	return corev1.PodSpec{
		RestartPolicy: corev1.RestartPolicyNever, ServiceAccountName: "default",
		Containers: []corev1.Container{{Name: name, Image: "zonewarden:v1"}},
	}
}

// sealed carries what every object of a window does.
func sealed(m policy.Manifest, uid string, until time.Time, variant string) *grant.Object {
	kind := m.GetObjectKind().GroupVersionKind()
	o := &grant.Object{GVK: kind, Namespace: m.GetNamespace(), Name: m.GetName(), Manifest: m, Digest: kind.Kind + variant}
	m.SetLabels(map[string]string{
		v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue, v1alpha1.LabelKind: "VendorAccessWindow", v1alpha1.LabelName: "w",
	})
	annotations := map[string]string{v1alpha1.AnnotationSourceUID: uid, v1alpha1.AnnotationDigest: o.Digest}
	if !until.IsZero() {
		annotations[v1alpha1.AnnotationUntil] = until.Format(time.RFC3339)
	}
	m.SetAnnotations(annotations)
	return o
}
