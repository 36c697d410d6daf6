// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
)

// API groups of policies that come by definitions.
const (
	ciliumGroup = "cilium.io"
	adminGroup  = "policy.networking.k8s.io"
)

const adminTierPlural = "clusternetworkpolicies"

// policyKind is a kind of policy that is watched where it is served, ours and those of
// others.
type policyKind struct {
	schema.GroupVersionKind
	// plural is the resource's name, "" for a kind that is always served.
	plural string
}

// policyKinds are all of them. Of the kinds without a version, the one that the API
// server prefers is watched, unless the version that we write is served: no more than
// the name and the subject is read of them.
var policyKinds = []policyKind{
	{apply.GVKNetworkPolicy, ""},
	{apply.GVKClusterwidePolicy, "ciliumclusterwidenetworkpolicies"},
	{apply.GVKCIDRGroup, "ciliumcidrgroups"},
	{gvkNamespacedPolicy, "ciliumnetworkpolicies"},
	{schema.GroupVersionKind{Group: adminGroup, Kind: "AdminNetworkPolicy"}, "adminnetworkpolicies"},
	{schema.GroupVersionKind{Group: adminGroup, Kind: "BaselineAdminNetworkPolicy"}, "baselineadminnetworkpolicies"},
	{apply.GVKAdminTierPolicy, adminTierPlural},
	{schema.GroupVersionKind{Group: adminGroup, Kind: policy.KindAdminTierPolicy}, adminTierPlural},
}

func isPolicy(kind schema.GroupKind) bool {
	return slices.ContainsFunc(policyKinds, func(k policyKind) bool { return k.GroupKind() == kind })
}

// gvkNamespacedPolicy is the kind of Cilium's in which only windows have policies.
var gvkNamespacedPolicy = schema.GroupVersionKind{Group: ciliumGroup, Version: "v2", Kind: "CiliumNetworkPolicy"}

// trim leaves of a policy what the cache keeps. Ours are only in kinds, and versions of
// them, that we write.
func trim(gvk schema.GroupVersionKind, u *unstructured.Unstructured) (any, error) {
	if gvk == gvkNamespacedPolicy && apply.OfWindow(u.GetLabels()) {
		return apply.Strip(u)
	}
	if apply.GVKOf(gvk.Kind) == gvk {
		return apply.Trim(u)
	}
	return apply.TrimForeign(u)
}

// watchedKinds are policy kinds by what is served.
type watchedKinds map[schema.GroupVersionKind]bool

// serves says whether a kind is among them, in any version where none is asked for.
func (w watchedKinds) serves(k policyKind) bool {
	for gvk := range w {
		if gvk.GroupKind() == k.GroupKind() && (k.Version == "" || k.Version == gvk.Version) {
			return true
		}
	}
	return false
}

// servedKinds asks which of the policy kinds are served, and in which version.
func servedKinds(d discovery.DiscoveryInterface) (watchedKinds, error) {
	groups, err := d.ServerGroups()
	if err != nil {
		return nil, fmt.Errorf("asking for the API groups: %w", err)
	}
	out := watchedKinds{apply.GVKNetworkPolicy: true}
	for _, g := range groups.Groups {
		if g.Name != ciliumGroup && g.Name != adminGroup {
			continue
		}
		for _, version := range writtenFirst(g) {
			if err := out.add(d, version); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// writtenFirst are the versions of a group: the one that we write of the Admin tier, as
// no object is to be watched in two of them, then the one that the API server prefers.
func writtenFirst(g metav1.APIGroup) []string {
	out := []string{g.PreferredVersion.GroupVersion}
	if ours := apply.GVKAdminTierPolicy.GroupVersion(); ours.Group == g.Name {
		out = slices.Insert(out, 0, ours.String())
	}
	for _, v := range g.Versions {
		if !slices.Contains(out, v.GroupVersion) {
			out = append(out, v.GroupVersion)
		}
	}
	return out
}

// add adds the kinds of one version that are not there by a version before it.
func (w watchedKinds) add(d discovery.DiscoveryInterface, version string) error {
	list, err := d.ServerResourcesForGroupVersion(version)
	if apierrors.IsNotFound(err) {
		return nil // it has gone meanwhile
	}
	if err != nil {
		return fmt.Errorf("asking for %s: %w", version, err)
	}
	gv, err := schema.ParseGroupVersion(version)
	if err != nil {
		return fmt.Errorf("asking for %s: %w", version, err)
	}
	for _, k := range policyKinds {
		served := slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Name == k.plural })
		if served && k.Group == gv.Group && (k.Version == gv.Version || k.Version == "" && !w.serves(k)) {
			w[gv.WithKind(k.Kind)] = true
		}
	}
	return nil
}

// watchPolicies watches the policy objects of every kind that is served, also of a
// backend that is not in force, because what it left must be found.
func (s *Segmentation) watchPolicies(ctx context.Context, served watchedKinds) error {
	if s.watched == nil {
		s.watched = watchedKinds{}
	}
	for gvk := range served {
		if s.watched[gvk] {
			continue
		}
		if err := s.controller.Watch(source.Kind[client.Object](s.cache, unstructuredOf(gvk), now(), s.policyChanged())); err != nil {
			return fmt.Errorf("watching %s: %w", gvk.Kind, err)
		}
		s.watched[gvk] = true
	}
	for gvk := range s.watched {
		if served[gvk] {
			continue
		}
		// Left alone, the informer would ask for a kind that is gone for ever.
		if err := s.cache.RemoveInformer(ctx, unstructuredOf(gvk)); err != nil {
			return fmt.Errorf("no longer watching %s: %w", gvk.Kind, err)
		}
		delete(s.watched, gvk)
	}
	return nil
}

// policyChanged drops events of our policy objects that are as the last pass wants
// them: our own writes, and the statuses that Cilium puts on them, unless it refuses
// one or takes it after all. Of others it drops what changes no rule.
func (s *Segmentation) policyChanged() predicate.Predicate {
	differs := func(o client.Object) bool {
		u, ok := o.(*unstructured.Unstructured)
		if !ok || !apply.Stripped(u) {
			return true
		}
		if apply.OfWindow(u.GetLabels()) {
			return false
		}
		seen, err := apply.Observe(u)
		s.mu.Lock()
		defer s.mu.Unlock()
		return err != nil || s.desired[seen.Key] != seen.Digest || seen.Refused != s.refused[seen.Key]
	}
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return differs(e.Object) },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, ok1 := e.ObjectOld.(*unstructured.Unstructured)
			after, ok2 := e.ObjectNew.(*unstructured.Unstructured)
			if ok1 && ok2 && !apply.Stripped(before) && !apply.Stripped(after) {
				return before.GetGeneration() != after.GetGeneration() || before.GetUID() != after.GetUID()
			}
			return differs(e.ObjectNew)
		},
	}
}

// observation is what the cache holds of policies: ours, and the contents of those of
// others.
type observation struct {
	ours    []apply.Observed
	foreign []map[string]any
	// refused is why Cilium does not take those of ours that it does not.
	refused map[apply.Key]string
}

// observe looks at the policy objects of every watched kind.
func (s *Segmentation) observe(ctx context.Context) (observation, error) {
	var out observation
	for gvk := range s.watched {
		items, err := s.stored(ctx, unstructuredOf(gvk))
		if err != nil {
			return observation{}, fmt.Errorf("listing %s: %w", gvk.Kind, err)
		}
		for _, item := range items {
			u, ok := item.(*unstructured.Unstructured)
			if !ok {
				return observation{}, fmt.Errorf("listing %s: a %T among them", gvk.Kind, item)
			}
			if apply.Stripped(u) && apply.OfWindow(u.GetLabels()) {
				continue
			}
			// Only what carries our label was stripped, and only in kinds that we write.
			if !apply.Stripped(u) {
				out.foreign = append(out.foreign, u.Object)
				continue
			}
			o, err := s.observeOne(u)
			if err != nil {
				return observation{}, err
			}
			out.ours = append(out.ours, o)
		}
	}
	s.observed = make(map[types.UID]apply.Observed, len(out.ours))
	out.refused = map[apply.Key]string{}
	for _, o := range out.ours {
		s.observed[o.UID] = o
		if o.Refused != "" {
			out.refused[o.Key] = o.Refused
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = out.refused
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
