// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
)

type policyKind = schema.GroupVersionKind

// policyKinds are those that verdicts are made of.
var policyKinds = []policyKind{
	{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"},
	{Group: "cilium.io", Version: "v2", Kind: "CiliumClusterwideNetworkPolicy"},
	{Group: "cilium.io", Version: "v2", Kind: "CiliumNetworkPolicy"},
	{Group: "cilium.io", Version: "v2", Kind: "CiliumCIDRGroup"},
}

// asksAgain is how often the cluster is asked what it serves.
const asksAgain = time.Minute

var errOtherKinds = errors.New("the cluster serves other kinds of policies than at the start: starting anew")

// served are those of them that the cluster serves.
func served(mapper meta.RESTMapper) ([]policyKind, error) {
	var out []policyKind
	for _, k := range policyKinds {
		_, err := mapper.RESTMapping(k.GroupKind(), k.Version)
		switch {
		case meta.IsNoMatchError(err):
		case err != nil:
			return nil, err
		default:
			out = append(out, k)
		}
	}
	return out, nil
}

// followKinds ends the agent when the cluster begins to serve a kind of policy, so that
// it is started again and watches it. A kind that is served no more has no objects.
func (a *Agent) followKinds(ctx context.Context) error {
	tick := a.clock.NewTicker(asksAgain)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C():
		}
		now, err := served(a.client.RESTMapper())
		if err != nil {
			continue // the API server is away, and so are its new kinds
		}
		for _, k := range now {
			if !slices.Contains(a.kinds, k) {
				return errOtherKinds
			}
		}
	}
}

// CacheOptions keep of each object what verdicts are made of.
func CacheOptions() cache.Options {
	byObject := map[client.Object]cache.ByObject{
		&corev1.Pod{}:  {Transform: stripPod},
		&corev1.Node{}: {Transform: stripNode},
	}
	for _, k := range policyKinds {
		byObject[unstructuredOf(k)] = cache.ByObject{Transform: stripPolicy}
	}
	return cache.Options{DefaultTransform: cache.TransformStripManagedFields(), ByObject: byObject}
}

func stripPod(in any) (any, error) {
	p, ok := in.(*corev1.Pod)
	if !ok {
		return in, nil
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: p.Namespace, Name: p.Name, UID: p.UID, Labels: p.Labels, ResourceVersion: p.ResourceVersion,
		},
		Spec:   corev1.PodSpec{NodeName: p.Spec.NodeName, HostNetwork: p.Spec.HostNetwork},
		Status: corev1.PodStatus{Phase: p.Status.Phase, PodIP: p.Status.PodIP, PodIPs: p.Status.PodIPs},
	}, nil
}

func stripNode(in any) (any, error) {
	n, ok := in.(*corev1.Node)
	if !ok {
		return in, nil
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: n.Name, UID: n.UID, ResourceVersion: n.ResourceVersion},
		Spec:       corev1.NodeSpec{PodCIDRs: n.Spec.PodCIDRs},
		Status:     corev1.NodeStatus{Addresses: n.Status.Addresses},
	}, nil
}

func stripPolicy(in any) (any, error) {
	u, ok := in.(*unstructured.Unstructured)
	if !ok {
		return in, nil
	}
	u.SetManagedFields(nil)
	u.SetAnnotations(nil)
	delete(u.Object, "status")
	return u, nil
}

func unstructuredOf(k policyKind) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(k)
	return u
}

func metadataOf(k schema.GroupVersionKind) *metav1.PartialObjectMetadata {
	m := &metav1.PartialObjectMetadata{}
	m.SetGroupVersionKind(k)
	return m
}

var (
	namespaceKind = corev1.SchemeGroupVersion.WithKind("Namespace")
	zoneKind      = v1alpha1.GroupVersion.WithKind("Zone")
)

// watch tells of every change that makes other rules, and of every wish to probe.
func (a *Agent) watch(ctx context.Context) error {
	objects := []client.Object{&corev1.Pod{}, &corev1.Node{}, metadataOf(namespaceKind)}
	for _, k := range a.kinds {
		objects = append(objects, unstructuredOf(k))
	}
	for _, o := range objects {
		if err := a.watchOne(ctx, o, a.changed, matters); err != nil {
			return err
		}
	}
	return a.watchOne(ctx, metadataOf(zoneKind), a.asked, func(before, after client.Object) bool {
		return before.GetAnnotations()[v1alpha1.AnnotationVerify] != after.GetAnnotations()[v1alpha1.AnnotationVerify]
	})
}

func (a *Agent) watchOne(ctx context.Context, o client.Object, tell chan struct{}, differ func(before, after client.Object) bool) error {
	informer, err := a.cache.GetInformer(ctx, o)
	if err != nil {
		return fmt.Errorf("watching %s: %w", o.GetObjectKind().GroupVersionKind().Kind, err)
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { poke(tell) },
		UpdateFunc: func(before, after any) {
			b, ok := before.(client.Object)
			c, also := after.(client.Object)
			if !ok || !also || differ(b, c) {
				a.replaced.add(before)
				poke(tell)
			}
		},
		DeleteFunc: func(before any) {
			a.replaced.add(before)
			poke(tell)
		},
	})
	return err
}

// matters says that a change can make other rules. Policies count their specs by
// generation; what else is cached is compared.
func matters(before, after client.Object) bool {
	if before.GetUID() != after.GetUID() || before.GetGeneration() != after.GetGeneration() ||
		!reflect.DeepEqual(before.GetLabels(), after.GetLabels()) {
		return true
	}
	switch b := before.(type) {
	case *corev1.Pod:
		c, ok := after.(*corev1.Pod)
		return !ok || !reflect.DeepEqual(b.Spec, c.Spec) || !reflect.DeepEqual(b.Status, c.Status)
	case *corev1.Node:
		c, ok := after.(*corev1.Node)
		return !ok || !reflect.DeepEqual(b.Status, c.Status)
	}
	return false
}

// renewRules makes rules of what the caches hold. It returns what stood before: the
// rules that were in force, and where policies came and went again since those were
// made, the rules with these as well.
func (a *Agent) renewRules(ctx context.Context) (before []*verdict.Rules, err error) {
	gone := a.replaced.take()
	cluster, err := a.cluster(ctx)
	if err != nil {
		return nil, err
	}
	if last := a.rules.Load(); last != nil {
		before = append(before, last)
	}
	if len(gone) > 0 {
		whole := cluster
		whole.Objects = append(slices.Clone(cluster.Objects), gone...)
		before = append(before, a.parser.Rules(whole))
	}
	a.rules.Store(a.parser.Rules(cluster))
	return before, nil
}

// replaced collects policy objects that were changed or deleted.
type replaced struct {
	mu      sync.Mutex
	objects []map[string]any
}

// mostReplaced bounds what is collected: what was deleted in bulk was seen before.
const mostReplaced = 256

func (r *replaced) add(o any) {
	if last, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
		o = last.Obj
	}
	u, ok := o.(*unstructured.Unstructured)
	if !ok {
		return // a pod or a namespace
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.objects) < mostReplaced {
		r.objects = append(r.objects, u.Object)
	}
}

func (r *replaced) take() []map[string]any {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.objects
	r.objects = nil
	return out
}

func (a *Agent) cluster(ctx context.Context) (verdict.Cluster, error) {
	out := verdict.Cluster{Namespaces: map[string]map[string]string{}}
	var namespaces metav1.PartialObjectMetadataList
	namespaces.SetGroupVersionKind(namespaceKind)
	var nodes corev1.NodeList
	if err := errors.Join(a.cache.List(ctx, &namespaces, client.UnsafeDisableDeepCopy), a.cache.List(ctx, &nodes, client.UnsafeDisableDeepCopy)); err != nil {
		return out, fmt.Errorf("reading namespaces and nodes: %w", err)
	}
	for _, n := range namespaces.Items {
		out.Namespaces[n.Name] = n.Labels
	}
	for i := range nodes.Items {
		out.Nodes = append(out.Nodes, addressesOf(&nodes.Items[i])...)
	}
	pods, err := a.pods(ctx)
	for _, p := range pods {
		out.Pods = append(out.Pods, p.Pod)
	}
	for _, k := range a.kinds {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(k.GroupVersion().WithKind(k.Kind + "List"))
		err = errors.Join(err, a.cache.List(ctx, list, client.UnsafeDisableDeepCopy))
		for _, o := range list.Items {
			out.Objects = append(out.Objects, o.Object)
		}
	}
	if err != nil {
		return out, fmt.Errorf("reading pods and policies: %w", err)
	}
	return out, nil
}

// addressesOf are a node's addresses; its names are none.
func addressesOf(n *corev1.Node) []netip.Addr {
	var out []netip.Addr
	for _, a := range n.Status.Addresses {
		if parsed, err := netip.ParseAddr(a.Address); err == nil {
			out = append(out, parsed)
		}
	}
	return out
}

// pod is a pod with the node that it is on.
type pod struct {
	verdict.Pod
	node string
}

// pods are those that have addresses and are not over.
func (a *Agent) pods(ctx context.Context) ([]pod, error) {
	var list corev1.PodList
	if err := a.cache.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	var out []pod
	for i := range list.Items {
		p := &list.Items[i]
		if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			continue
		}
		one := pod{node: p.Spec.NodeName, Pod: verdict.Pod{
			Namespace: p.Namespace, Name: p.Name, Labels: p.Labels, HostNetwork: p.Spec.HostNetwork,
		}}
		for _, ip := range p.Status.PodIPs {
			if parsed, err := netip.ParseAddr(ip.IP); err == nil {
				one.Addresses = append(one.Addresses, parsed)
			}
		}
		if len(one.Addresses) > 0 {
			out = append(out, one)
		}
	}
	return out, nil
}
