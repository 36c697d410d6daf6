// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/exposure"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

// stripService keeps what is read of a Service.
func stripService(in any) (any, error) {
	svc, ok := in.(*corev1.Service)
	if !ok {
		return in, nil
	}
	svc.ManagedFields, svc.Annotations, svc.Labels, svc.OwnerReferences = nil, nil, nil, nil
	svc.Status.Conditions = nil
	return svc, nil
}

// stripIngress keeps to which Services an Ingress leads.
func stripIngress(in any) (any, error) {
	i, ok := in.(*networkingv1.Ingress)
	if !ok {
		return in, nil
	}
	i.ManagedFields, i.Annotations, i.Labels, i.OwnerReferences = nil, nil, nil, nil
	i.Spec.TLS, i.Status = nil, networkingv1.IngressStatus{}
	return i, nil
}

// serviceChanged passes what changes to whom a Service leads, and from where.
var serviceChanged = predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
	before, ok1 := e.ObjectOld.(*corev1.Service)
	after, ok2 := e.ObjectNew.(*corev1.Service)
	return !ok1 || !ok2 || !maps.Equal(before.Spec.Selector, after.Spec.Selector) ||
		!equality.Semantic.DeepEqual(serviceOf(before), serviceOf(after))
}}

var ingressChanged = predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
	before, ok1 := e.ObjectOld.(*networkingv1.Ingress)
	after, ok2 := e.ObjectNew.(*networkingv1.Ingress)
	return !ok1 || !ok2 || !slices.Equal(backendsOf(before), backendsOf(after))
}}

func serviceOf(svc *corev1.Service) exposure.Service {
	out := exposure.Service{
		Namespace: svc.Namespace, Name: svc.Name, Type: string(svc.Spec.Type), Selector: svc.Spec.Selector,
		KeepsSource: svc.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal,
		Addresses:   slices.Clone(svc.Spec.ExternalIPs),
	}
	for _, in := range svc.Status.LoadBalancer.Ingress {
		if in.IP != "" {
			out.Addresses = append(out.Addresses, in.IP)
		}
	}
	for _, p := range svc.Spec.Ports {
		target := protocol.PortRange{Transport: protocol.Transport(p.Protocol)}
		if p.TargetPort.Type == intstr.Int {
			target.First = uint16(p.TargetPort.IntVal) //nolint:gosec // the API server bounds it to 65535
			target.Last = target.First
		}
		out.Targets = append(out.Targets, target)
	}
	return out
}

// backendsOf are the Services that an Ingress leads to, sorted, each once.
func backendsOf(in *networkingv1.Ingress) []string {
	var out []string
	add := func(b *networkingv1.IngressBackend) {
		if b != nil && b.Service != nil {
			out = append(out, b.Service.Name)
		}
	}
	add(in.Spec.DefaultBackend)
	for _, r := range in.Spec.Rules {
		if r.HTTP == nil {
			continue
		}
		for i := range r.HTTP.Paths {
			add(&r.HTTP.Paths[i].Backend)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lookAround finds what of others stands around the zones. It comes after the writes,
// which must not wait for it.
func (s *Segmentation) lookAround(ctx context.Context, o *outcome, observed observation) error {
	start := s.clock.Now()
	defer func() { lookSeconds.Observe(s.clock.Since(start).Seconds()) }()
	in := exposure.Input{Snapshot: o.snapshot, Model: o.model, Objects: o.set.Objects, Foreign: observed.foreign}
	services, err := s.stored(ctx, &corev1.Service{})
	if err != nil {
		return err
	}
	for _, item := range services {
		if svc, ok := item.(*corev1.Service); ok {
			in.Services = append(in.Services, serviceOf(svc))
		}
	}
	ingresses, err := s.stored(ctx, &networkingv1.Ingress{})
	if err != nil {
		return err
	}
	for _, item := range ingresses {
		if i, ok := item.(*networkingv1.Ingress); ok {
			in.Ingresses = append(in.Ingresses, exposure.Ingress{Namespace: i.Namespace, Name: i.Name, Services: backendsOf(i)})
		}
	}
	s.mu.Lock()
	unwanted := o.unwanted(observed.ours, s.desired)
	s.mu.Unlock()
	contents, unread, err := s.readUnwanted(ctx, unwanted)
	if err != nil {
		return err
	}
	in.Flows, in.PartlySeen = o.evidence.Outside()
	in.Foreign, in.Unread = append(slices.Clip(in.Foreign), contents...), unread
	o.exposure = s.watcher.Look(in)
	return nil
}

// mostUnwanted objects that are read past the cache in one pass.
const mostUnwanted = 64

// readUnwanted reads the objects that say that they are ours and that nothing declares:
// what was kept, and what somebody labelled as ours. The cache holds no rules of them,
// and what they open is open all the same. It returns the names of those that there are
// too many of.
func (s *Segmentation) readUnwanted(ctx context.Context, unwanted []apply.Observed) (contents []map[string]any, unread []string, err error) {
	read := make(map[types.UID]*unstructured.Unstructured, len(unwanted))
	for i, seen := range unwanted {
		if i >= mostUnwanted {
			unread = append(unread, seen.Key.String())
			continue
		}
		u := s.unwanted[seen.UID]
		if u == nil || u.GetResourceVersion() != seen.ResourceVersion {
			if u, err = s.readForeign(ctx, seen.Key); err != nil {
				return nil, nil, err
			}
		}
		if u != nil {
			read[seen.UID] = u
			contents = append(contents, u.Object)
		}
	}
	s.unwanted = read
	return contents, unread, nil
}

// unwanted are objects that say that they are ours, that nothing declares and that are
// not about to go, by name.
func (o *outcome) unwanted(observed []apply.Observed, desired map[apply.Key]string) []apply.Observed {
	going := map[apply.Key]bool{}
	for _, r := range o.plan.Removals {
		going[r.Key] = true
	}
	var out []apply.Observed
	for _, seen := range observed {
		if _, wanted := desired[seen.Key]; !wanted && !going[seen.Key] {
			out = append(out, seen)
		}
	}
	slices.SortFunc(out, func(a, b apply.Observed) int { return cmp.Compare(a.Key.String(), b.Key.String()) })
	return out
}

// readForeign reads an object past the cache, nil when it is gone.
func (s *Segmentation) readForeign(ctx context.Context, key apply.Key) (*unstructured.Unstructured, error) {
	u := unstructuredOf(apply.GVKOf(key.Kind))
	err := s.live.Get(ctx, client.ObjectKey{Namespace: key.Namespace, Name: key.Name}, u)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s, which nothing declares: %w", key, err)
	}
	trimmed, err := apply.TrimForeign(u)
	if err != nil {
		return nil, err
	}
	out, _ := trimmed.(*unstructured.Unstructured)
	return out, nil
}
