// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
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

// CacheOptions scope the caches: policies of ours only and without their specs,
// pods and namespaces by metadata, nothing with managedFields, no Secrets.
func CacheOptions() cache.Options {
	ours := labels.SelectorFromSet(labels.Set{v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue})
	byObject := map[client.Object]cache.ByObject{
		&corev1.Node{}:         {Transform: stripNode},
		&v1alpha1.NodeReport{}: {Transform: stripReport},
	}
	for _, gvk := range []schema.GroupVersionKind{apply.GVKClusterwidePolicy, apply.GVKCIDRGroup, apply.GVKNetworkPolicy} {
		byObject[unstructuredOf(gvk)] = cache.ByObject{Label: ours, Transform: apply.Strip}
	}
	atAdmission := labels.SelectorFromSet(labels.Set{guardLabel: guardAtAdmission})
	for _, gvk := range admissionKinds {
		byObject[unstructuredOf(gvk)] = cache.ByObject{Label: atAdmission}
	}
	return cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject:         byObject,
	}
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

// SetupSegmentation adds the reconciler to a manager.
func SetupSegmentation(mgr ctrl.Manager) error {
	return setupSegmentation(mgr, clock.RealClock{})
}

func setupSegmentation(mgr ctrl.Manager, c clock.PassiveClock) error {
	d, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return fmt.Errorf("making a discovery client: %w", err)
	}
	s := &Segmentation{
		client:    mgr.GetClient(),
		live:      mgr.GetAPIReader(),
		cache:     mgr.GetCache(),
		discovery: d,
		recorder:  mgr.GetEventRecorder(apply.FieldManager),
		clock:     c,
		arrivals:  arrivals{clock: c},
		known:     map[apply.Key]string{},
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
	return nil
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
		watch(metadata(corev1.SchemeGroupVersion.WithKind("Namespace")), predicate.LabelChangedPredicate{}),
		source.Kind[client.Object](c, metadata(corev1.SchemeGroupVersion.WithKind("Pod")), later(podsSettle), predicate.LabelChangedPredicate{}),
		watch(&corev1.Node{}, nodeChanged),
		watch(&corev1.Service{}, serviceChanged),
		source.Kind[client.Object](c, &v1alpha1.NodeReport{}, later(reportsSettle), s.reportChanged()),
		watch(unstructuredOf(admissionKinds[0]), predicate.GenerationChangedPredicate{}),
		watch(unstructuredOf(admissionKinds[1]), predicate.GenerationChangedPredicate{}),
		source.Kind[client.Object](c, metadata(definitions), s.definitionsChanged(), policyDefinition),
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

var serviceChanged = predicate.Funcs{
	CreateFunc: func(e event.CreateEvent) bool { return isOutside(e.Object) },
	DeleteFunc: func(e event.DeleteEvent) bool { return isOutside(e.Object) },
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(*corev1.Service)
		after, ok2 := e.ObjectNew.(*corev1.Service)
		return !ok1 || !ok2 || (isOutside(before) || isOutside(after)) &&
			(before.Spec.Type != after.Spec.Type ||
				before.Spec.ExternalTrafficPolicy != after.Spec.ExternalTrafficPolicy ||
				!maps.Equal(before.Spec.Selector, after.Spec.Selector))
	},
}

func isOutside(o client.Object) bool {
	svc, ok := o.(*corev1.Service)
	return ok && reachableFromOutside(svc)
}

// policyDefinition passes definitions whose coming or going matters here.
var policyDefinition = predicate.NewPredicateFuncs(func(o client.Object) bool {
	return strings.HasSuffix(o.GetName(), "."+apply.GVKClusterwidePolicy.Group) ||
		strings.HasSuffix(o.GetName(), "."+v1alpha1.GroupVersion.Group)
})

// watchedKinds are the policy kinds that are watched now.
type watchedKinds map[schema.GroupVersionKind]bool

// watchPolicies watches our policy objects of every kind that is served, also of
// a backend that is not in force, because what it left must be found.
func (s *Segmentation) watchPolicies(ctx context.Context, ciliumServed bool) error {
	if s.watched == nil {
		s.watched = watchedKinds{}
	}
	served := map[schema.GroupVersionKind]bool{
		apply.GVKNetworkPolicy: true, apply.GVKClusterwidePolicy: ciliumServed, apply.GVKCIDRGroup: ciliumServed,
	}
	for gvk, is := range served {
		switch {
		case is && !s.watched[gvk]:
			if err := s.controller.Watch(source.Kind[client.Object](s.cache, unstructuredOf(gvk), now(), s.notAsDesired())); err != nil {
				return fmt.Errorf("watching %s: %w", gvk.Kind, err)
			}
			s.watched[gvk] = true
		case !is && s.watched[gvk]:
			// Left alone, the informer would ask for a kind that is gone for ever.
			if err := s.cache.RemoveInformer(ctx, unstructuredOf(gvk)); err != nil {
				return fmt.Errorf("no longer watching %s: %w", gvk.Kind, err)
			}
			delete(s.watched, gvk)
		}
	}
	return nil
}

// notAsDesired drops events of policy objects that are as the last pass wants
// them: our own writes, and the statuses that Cilium puts on them.
func (s *Segmentation) notAsDesired() predicate.Predicate {
	differs := func(o client.Object) bool {
		u, ok := o.(*unstructured.Unstructured)
		if !ok {
			return true
		}
		seen, err := apply.Observe(u)
		s.mu.Lock()
		defer s.mu.Unlock()
		return err != nil || s.desired[seen.Key] != seen.Digest
	}
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return differs(e.Object) },
		UpdateFunc: func(e event.UpdateEvent) bool { return differs(e.ObjectNew) },
	}
}

// observe lists our policy objects of every watched kind.
func (s *Segmentation) observe(ctx context.Context) ([]apply.Observed, error) {
	var out []apply.Observed
	for gvk := range s.watched {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
		if err := s.cache.List(ctx, list, shared); err != nil {
			return nil, fmt.Errorf("listing %s: %w", gvk.Kind, err)
		}
		for i := range list.Items {
			o, err := s.observeOne(&list.Items[i])
			if err != nil {
				return nil, err
			}
			out = append(out, o)
		}
	}
	s.observed = make(map[types.UID]apply.Observed, len(out))
	for _, o := range out {
		s.observed[o.UID] = o
	}
	return out, nil
}

// observeOne reads an object that changed since the last pass, and remembers the
// others.
func (s *Segmentation) observeOne(u *unstructured.Unstructured) (apply.Observed, error) {
	if o, ok := s.observed[u.GetUID()]; ok && o.ResourceVersion == u.GetResourceVersion() {
		return o, nil
	}
	return apply.Observe(u)
}

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
func (s *Segmentation) await(ctx context.Context, n int, shown func(ctx context.Context, i int) bool) {
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
		return err != nil
	}
	if err != nil {
		return false
	}
	seen, err := apply.Observe(u)
	return err == nil && (seen.Digest == o.Digest || seen.ResourceVersion == o.Version)
}
