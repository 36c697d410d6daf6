// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// shared lets lists share memory with the cache: nothing in a pass changes what
// it read, and copying a plant for every event would cost more than judging it.
var shared = client.UnsafeDisableDeepCopy

// fetch reads the site from the caches.
func (s *Segmentation) fetch(ctx context.Context) (*topology.Snapshot, error) {
	out := &topology.Snapshot{Now: s.clock.Now()}
	for _, read := range []func(context.Context, *topology.Snapshot) error{
		s.fetchDeclared, s.fetchNamespaces, s.fetchPods, s.fetchNodes, s.fetchServices,
	} {
		if err := read(ctx, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Segmentation) fetchDeclared(ctx context.Context, out *topology.Snapshot) error {
	var sites v1alpha1.SiteList
	var zones v1alpha1.ZoneList
	var conduits v1alpha1.ConduitList
	var assets v1alpha1.AssetList
	for _, list := range []client.ObjectList{&sites, &zones, &conduits, &assets} {
		if err := s.cache.List(ctx, list, shared); err != nil {
			return fmt.Errorf("listing %T: %w", list, err)
		}
	}
	// A deletionTimestamp is left to run out: our kinds carry no finalizers, and
	// somebody else's must not close or open anything before the object is gone.
	for i := range sites.Items {
		out.Site = &sites.Items[i]
	}
	for i := range zones.Items {
		out.Zones = append(out.Zones, &zones.Items[i])
	}
	for i := range conduits.Items {
		out.Conduits = append(out.Conduits, &conduits.Items[i])
	}
	for i := range assets.Items {
		out.Assets = append(out.Assets, &assets.Items[i])
	}
	return nil
}

func (s *Segmentation) fetchNamespaces(ctx context.Context, out *topology.Snapshot) error {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("NamespaceList"))
	if err := s.cache.List(ctx, list, shared); err != nil {
		return fmt.Errorf("listing namespaces: %w", err)
	}
	for i := range list.Items {
		out.Namespaces = append(out.Namespaces, topology.Namespace{
			Name: list.Items[i].Name, Labels: list.Items[i].Labels,
		})
	}
	return nil
}

func (s *Segmentation) fetchNodes(ctx context.Context, out *topology.Snapshot) error {
	var list corev1.NodeList
	if err := s.cache.List(ctx, &list, shared); err != nil {
		return fmt.Errorf("listing nodes: %w", err)
	}
	for i := range list.Items {
		out.Nodes = append(out.Nodes, topology.NodeOf(&list.Items[i]))
	}
	return nil
}

func (s *Segmentation) fetchServices(ctx context.Context, out *topology.Snapshot) error {
	var list corev1.ServiceList
	if err := s.cache.List(ctx, &list, shared); err != nil {
		return fmt.Errorf("listing services: %w", err)
	}
	for i := range list.Items {
		if svc, reachable := topology.ServiceOf(&list.Items[i]); reachable {
			out.Services = append(out.Services, svc)
		}
	}
	return nil
}
