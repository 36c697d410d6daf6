// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
)

// place is a namespace in which NetworkPolicies change.
type place struct {
	name string
	// standing are its NetworkPolicies by name, those of others as well.
	standing map[string]*unstructured.Unstructured
	// pods that each of them isolates.
	pods map[string]isolated
	// changes, removals and left are what the plan does here: left are the covers
	// that an interrupted run has left.
	changes        []*change
	removals, left []Removal
	// deniedBefore and deniedAfter are the pods that Cilium's floors deny.
	deniedBefore, deniedAfter isolated
	// coming and going are the covers of pods that begin and that cease to be
	// isolated. Those to be kept stand from the first to the last.
	coming, going []*cover
	err           error
}

// survey reads the NetworkPolicies of each namespace in which one changes: what they
// say, and which pods they isolate.
func (r *run) survey(ctx context.Context) {
	r.places = r.placesOf()
	list := slices.Collect(maps.Values(r.places))
	floors, floorsErr := r.standingFloors(ctx)
	inParallel(r.atATime(), list, func(p *place) {
		if p.err = floorsErr; p.err == nil {
			p.err = p.list(ctx, r.Live)
		}
		if p.err == nil && r.plan.Clusterwide {
			p.err = r.denials(ctx, p, floors)
		}
	})
	for _, p := range list {
		r.surveyed(ctx, p)
	}
}

// placesOf says what the plan does in which namespace.
func (r *run) placesOf() map[string]*place {
	places := map[string]*place{}
	at := func(key Key) *place {
		if key.Kind != policy.KindNetworkPolicy {
			return &place{} // of no interest
		}
		if places[key.Namespace] == nil {
			places[key.Namespace] = &place{name: key.Namespace}
		}
		return places[key.Namespace]
	}
	// Floors first: what they select includes what conduits select.
	for _, c := range slices.Concat(r.floors, r.conduits) {
		p := at(KeyOf(c.Object))
		p.changes = append(p.changes, c)
	}
	for _, o := range r.plan.Removals {
		p := at(o.Key)
		p.removals = append(p.removals, o)
	}
	for _, o := range r.plan.Covers {
		p := at(o.Key)
		p.left = append(p.left, o)
	}
	return places
}

func (p *place) list(ctx context.Context, live client.Reader) error {
	list, err := listOfKind(ctx, live, GVKNetworkPolicy, client.InNamespace(p.name))
	if err != nil {
		return err
	}
	p.standing, p.pods = map[string]*unstructured.Unstructured{}, map[string]isolated{}
	for i := range list {
		u := &list[i]
		p.standing[u.GetName()] = u
		if p.pods[u.GetName()], err = isolatedBy(u); err != nil {
			return err
		}
	}
	return nil
}

// read is the object as it stands, nil when it does not.
func (p *place) read(u *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	return p.standing[u.GetName()], p.err
}

func listOfKind(ctx context.Context, live client.Reader, gvk schema.GroupVersionKind, opts ...client.ListOption) ([]unstructured.Unstructured, error) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
	if err := live.List(ctx, list, opts...); err != nil {
		return nil, fmt.Errorf("listing %s: %w", gvk.Kind, err)
	}
	return list.Items, nil
}

// standingFloors are the rules of our policies of Cilium's, by name, where those may
// deny in namespaces in which NetworkPolicies change.
func (r *run) standingFloors(ctx context.Context) (map[string]parts, error) {
	if !r.plan.Clusterwide || len(r.places) == 0 {
		return nil, nil
	}
	list, err := listOfKind(ctx, r.Live, GVKClusterwidePolicy,
		client.MatchingLabels{v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue})
	if err != nil {
		return nil, err
	}
	out := map[string]parts{}
	for i := range list {
		if out[list[i].GetName()], err = partsOf(&list[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// denials says which pods of a namespace Cilium's floors deny before and after.
func (r *run) denials(ctx context.Context, p *place, floors map[string]parts) error {
	namespace := &metav1.PartialObjectMetadata{}
	namespace.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := r.Live.Get(ctx, client.ObjectKey{Name: p.name}, namespace); err != nil {
		return fmt.Errorf("reading namespace %s: %w", p.name, err)
	}
	after := maps.Clone(floors)
	for _, o := range r.plan.Removals {
		if o.Key.Kind == policy.KindClusterwidePolicy {
			delete(after, o.Key.Name)
		}
	}
	for _, c := range clusterwide(r.floors) {
		after[c.Object.Name] = c.wanted()
	}
	denied := func(all map[string]parts) (isolated, error) {
		out := isolated{}
		for _, name := range slices.Sorted(maps.Keys(all)) {
			pods, err := all[name].deniedBy(p.name, namespace.Labels)
			if err != nil {
				return nil, err
			}
			out.add(pods)
		}
		return out, nil
	}
	var err error
	if p.deniedBefore, err = denied(floors); err != nil {
		return err
	}
	p.deniedAfter, err = denied(after)
	return err
}

// surveyed fails what cannot be written because nobody knows what stands, and takes
// along what does.
func (r *run) surveyed(ctx context.Context, p *place) {
	for _, c := range p.changes {
		if p.err == nil {
			c.pods, p.err = podsOfObject(c)
		}
	}
	if p.err == nil {
		r.look(ctx, p.changes)
		r.planCovers(ctx, p)
		return
	}
	err := fmt.Errorf("namespace %s: %w", p.name, p.err)
	for _, c := range p.changes {
		r.failChange(c, err)
	}
	for _, o := range slices.Concat(p.removals, p.left) {
		r.fail(o.Source, err)
	}
}

func podsOfObject(c *change) (isolated, error) {
	u, err := toUnstructured(c.Object)
	if err != nil {
		return nil, err
	}
	return isolatedBy(u)
}
