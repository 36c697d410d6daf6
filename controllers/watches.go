// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
)

// podsSettle is how long changes of pods gather before a pass. No policy is made
// of pods; only counts and the list of pods in no zone wait for it.
const podsSettle = 2 * time.Second

// definitions is how CRDs are cached: by name, not by their schemas.
var definitions = schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}

// CacheOptions scope the caches: our policies without their specs, those of others
// with little else, namespaces by metadata, of pods what is read of them, nothing with
// managedFields, no Secrets.
func CacheOptions() cache.Options {
	pods := &stripPod{}
	byObject := map[client.Object]cache.ByObject{
		&corev1.Node{}:          {Transform: stripNode},
		&corev1.Pod{}:           {Transform: pods.strip},
		&corev1.Service{}:       {Transform: stripService},
		&networkingv1.Ingress{}: {Transform: stripIngress},
		&v1alpha1.NodeReport{}:  {Transform: stripReport},
		&corev1.ConfigMap{}:     settingsOnly,
	}
	byObject[metadata(batchv1.SchemeGroupVersion.WithKind("Job"))] = cache.ByObject{Label: labels.SelectorFromSet(labels.Set(windowObjects))}
	byObject[&rbacv1.ClusterRole{}] = cache.ByObject{Label: labels.SelectorFromSet(labels.Set{v1alpha1.LabelVendorSafe: "true"})}
	atAdmission := labels.SelectorFromSet(labels.Set{guardLabel: guardAtAdmission})
	for _, gvk := range admissionKinds {
		byObject[unstructuredOf(gvk)] = cache.ByObject{Label: atAdmission}
	}
	return cache.Options{
		DefaultTransform: strip,
		ByObject:         byObject,
	}
}

// strip is the transform of kinds that have none of their own. Those of policies are not
// listed by object: a cache does not start with one that the cluster does not serve.
func strip(in any) (any, error) {
	if u, ok := in.(*unstructured.Unstructured); ok {
		if gvk := u.GroupVersionKind(); isPolicy(gvk.GroupKind()) {
			return trim(gvk, u)
		}
	}
	return cache.TransformStripManagedFields()(in)
}

// stripNode keeps what a snapshot reads of a node; the list of images alone is
// larger than everything else.
func stripNode(in any) (any, error) {
	n, ok := in.(*corev1.Node)
	if !ok {
		return in, nil
	}
	n.ManagedFields = nil
	n.Annotations = nil
	n.Status = corev1.NodeStatus{Addresses: n.Status.Addresses}
	return n, nil
}

func unstructuredOf(gvk schema.GroupVersionKind) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(gvk)
	return u
}

func setupSegmentation(mgr ctrl.Manager, c clock.PassiveClock, k *timekeeper, t *trail, told ...*inForce) error {
	t.stamp = k.stamp
	d, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return fmt.Errorf("making a discovery client: %w", err)
	}
	s := &Segmentation{
		client:     mgr.GetClient(),
		live:       mgr.GetAPIReader(),
		cache:      mgr.GetCache(),
		discovery:  d,
		recorder:   mgr.GetEventRecorder(apply.FieldManager),
		clock:      c,
		arrivals:   arrivals{clock: c},
		timekeeper: k,
		inForce:    told,
		trail:      t,
		known:      map[apply.Key]string{},
	}
	// One for all passes: it waits between kinds also from one pass to the next.
	s.writer = &apply.Writer{Client: s.client, Live: s.live, Wrote: s.wrote, Settle: s.agentsSettle}
	s.controller, err = controller.New("segmentation", mgr, controller.Options{Reconciler: s, MaxConcurrentReconciles: 1})
	if err != nil {
		return fmt.Errorf("making the controller: %w", err)
	}
	for _, src := range s.sources() {
		if err := s.controller.Watch(src); err != nil {
			return fmt.Errorf("watching: %w", err)
		}
	}
	if err := mgr.Add(k); err != nil {
		return fmt.Errorf("adding what keeps the time: %w", err)
	}
	return t.addTo(mgr)
}

// sources are the watches that do not depend on what the cluster serves.
func (s *Segmentation) sources() []source.Source {
	c := s.cache
	watch := func(o client.Object, ps ...predicate.Predicate) source.Source {
		return source.Kind(c, o, now(), ps...)
	}
	return []source.Source{
		watch(&v1alpha1.Site{}, declaredChanged),
		watch(&v1alpha1.Zone{}, declaredChanged),
		watch(&v1alpha1.Conduit{}, declaredChanged),
		watch(&v1alpha1.Asset{}, declaredChanged),
		watch(&v1alpha1.Approval{}, declaredChanged),
		watch(metadata(corev1.SchemeGroupVersion.WithKind("Namespace")), predicate.LabelChangedPredicate{}),
		source.Kind[client.Object](c, &corev1.Pod{}, later(podsSettle), podChanged),
		watch(&corev1.Node{}, nodeChanged),
		watch(&corev1.Service{}, serviceChanged),
		watch(&networkingv1.Ingress{}, ingressChanged),
		watch(&corev1.ConfigMap{}, predicate.ResourceVersionChangedPredicate{}),
		source.Kind[client.Object](c, &v1alpha1.NodeReport{}, later(reportsSettle), s.reportChanged()),
		watch(unstructuredOf(admissionKinds[0]), predicate.GenerationChangedPredicate{}),
		watch(unstructuredOf(admissionKinds[1]), predicate.GenerationChangedPredicate{}),
		source.Kind[client.Object](c, metadata(definitions), s.definitionsChanged(), policyDefinition),
		source.Channel(s.timekeeper.changed, now()),
		source.Channel(s.trail.changed, now()),
	}
}

func metadata(gvk schema.GroupVersionKind) client.Object {
	m := &metav1.PartialObjectMetadata{}
	m.SetGroupVersionKind(gvk)
	return m
}

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// onAny calls f for every event of an object.
func onAny(f func(queue)) handler.EventHandler {
	return handler.Funcs{
		CreateFunc:  func(_ context.Context, _ event.CreateEvent, q queue) { f(q) },
		UpdateFunc:  func(_ context.Context, _ event.UpdateEvent, q queue) { f(q) },
		DeleteFunc:  func(_ context.Context, _ event.DeleteEvent, q queue) { f(q) },
		GenericFunc: func(_ context.Context, _ event.GenericEvent, q queue) { f(q) },
	}
}

func now() handler.EventHandler { return onAny(func(q queue) { q.Add(pass) }) }

func later(d time.Duration) handler.EventHandler {
	return onAny(func(q queue) { q.AddAfter(pass, d) })
}

// definitionsChanged makes the next pass ask again what the cluster serves.
func (s *Segmentation) definitionsChanged() handler.EventHandler {
	return onAny(func(q queue) {
		s.backend.outdate()
		q.Add(pass)
	})
}

// declaredChanged passes what people change: spec, labels, annotations. Our own
// statuses do not come back to us.
var declaredChanged = predicate.Or(
	predicate.GenerationChangedPredicate{},
	predicate.LabelChangedPredicate{},
	predicate.AnnotationChangedPredicate{},
)

var nodeChanged = predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
	before, ok1 := e.ObjectOld.(*corev1.Node)
	after, ok2 := e.ObjectNew.(*corev1.Node)
	return !ok1 || !ok2 || !slices.Equal(before.Spec.PodCIDRs, after.Spec.PodCIDRs) ||
		!slices.Equal(before.Status.Addresses, after.Status.Addresses)
}}

// policyDefinition passes definitions whose coming or going matters here.
var policyDefinition = predicate.NewPredicateFuncs(func(o client.Object) bool {
	return slices.ContainsFunc([]string{ciliumGroup, adminGroup, v1alpha1.GroupVersion.Group}, func(group string) bool {
		return strings.HasSuffix(o.GetName(), "."+group)
	})
})

// cacheCatchesUp bounds the wait for the cache to show our own writes. A pass on a
// cache from before them would write the same again.
const cacheCatchesUp = 2 * time.Second

// agentsCatchUp is how long agents get to see what was written before something of
// another kind is, which they watch on another stream. Nothing tells when they have; an
// event of a watch takes milliseconds.
const agentsCatchUp = time.Second

// agentsSettle waits until agents have seen the last write.
func (s *Segmentation) agentsSettle(ctx context.Context) {
	s.mu.Lock()
	left := agentsCatchUp - s.clock.Since(s.lastWrite)
	s.mu.Unlock()
	if left <= 0 {
		return
	}
	wait := time.NewTimer(min(left, agentsCatchUp))
	defer wait.Stop()
	select {
	case <-ctx.Done():
	case <-wait.C:
	}
}

// await waits until the cache shows each of n writes, for a bounded time.
func await(ctx context.Context, n int, shown func(ctx context.Context, i int) bool) {
	ctx, cancel := context.WithTimeout(ctx, cacheCatchesUp)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for i := range n {
		for !shown(ctx, i) {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}
}

// cacheShows says that the cache shows a write of a policy object.
func (s *Segmentation) cacheShows(ctx context.Context, o apply.Outcome) bool {
	u := unstructuredOf(apply.GVKOf(o.Key.Kind))
	err := s.cache.Get(ctx, client.ObjectKey{Namespace: o.Key.Namespace, Name: o.Key.Name}, u)
	if o.Verb == apply.VerbDelete {
		return err != nil || !apply.Stripped(u) // somebody else's may have come in its place
	}
	if err != nil {
		return false
	}
	if !apply.Stripped(u) {
		return false
	}
	seen, err := apply.Observe(u)
	return err == nil && (seen.Digest == o.Digest || seen.ResourceVersion == o.Version)
}
