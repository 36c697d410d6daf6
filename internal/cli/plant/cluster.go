// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// pageSize of lists, so that a small API server never has to answer with all pods at once.
const pageSize = 500

// FromCluster reads the site of a cluster. Without our own kinds there is nothing to say;
// of everything else it goes without what it may not see.
func FromCluster(ctx context.Context, c client.Reader, name string, now time.Time) (*Plant, error) {
	p := &Plant{Name: name, Live: true}
	p.Now = now
	for _, read := range []func(context.Context, client.Reader) error{p.readDeclared, p.readSurroundings, p.readPolicies, p.readApprovals} {
		if err := read(ctx, c); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *Plant) readDeclared(ctx context.Context, c client.Reader) error {
	var sites v1alpha1.SiteList
	var zones v1alpha1.ZoneList
	var conduits v1alpha1.ConduitList
	var assets v1alpha1.AssetList
	for what, list := range map[string]client.ObjectList{"sites": &sites, "zones": &zones, "conduits": &conduits, "assets": &assets} {
		if err := c.List(ctx, list); err != nil {
			return fmt.Errorf("listing %s: %w", what, err)
		}
	}
	if len(sites.Items) > 0 {
		p.Site = &sites.Items[0]
	}
	p.Zones, p.Conduits, p.Assets = pointers(zones.Items), pointers(conduits.Items), pointers(assets.Items)
	var certificates v1alpha1.WorkloadCertificateList
	var windows v1alpha1.VendorAccessWindowList
	var vendors v1alpha1.VendorList
	if err := p.see("certificates", c.List(ctx, &certificates)); err != nil {
		return err
	}
	if err := p.see("access windows", c.List(ctx, &windows)); err != nil {
		return err
	}
	if err := p.see("vendors", c.List(ctx, &vendors)); err != nil {
		return err
	}
	p.Certificates, p.Windows, p.Vendors = pointers(certificates.Items), pointers(windows.Items), pointers(vendors.Items)
	return nil
}

func pointers[T any](items []T) []*T {
	out := make([]*T, len(items))
	for i := range items {
		out[i] = &items[i]
	}
	return out
}

// see notes what may not be read, and passes on every other error.
func (p *Plant) see(what string, err error) error {
	if apierrors.IsForbidden(err) {
		p.unlisted = append(p.unlisted, what)
		p.Unseen = append(p.Unseen, what+": you may not list them")
		return nil
	}
	if err != nil {
		return fmt.Errorf("listing %s: %w", what, err)
	}
	return nil
}

// Unlisted says that one of these may not be listed, by the names that Unseen has for them.
func (p *Plant) Unlisted(kinds ...string) bool {
	return slices.ContainsFunc(p.unlisted, func(what string) bool { return slices.Contains(kinds, what) })
}

// seeStanding notes as well that what stands is not known without it.
func (p *Plant) seeStanding(what string, err error) error {
	if apierrors.IsForbidden(err) {
		p.Blind = append(p.Blind, what)
	}
	return p.see(what, err)
}

// pages lists a kind a page at a time, each into a list of its own.
func pages[L client.ObjectList](ctx context.Context, c client.Reader, empty func() L, each func(L)) error {
	options := &client.ListOptions{Limit: pageSize}
	for {
		list := empty()
		if err := c.List(ctx, list, options); err != nil {
			return err
		}
		each(list)
		if options.Continue = list.GetContinue(); options.Continue == "" {
			return nil
		}
	}
}

func empty[T any]() *T { return new(T) }

func (p *Plant) readSurroundings(ctx context.Context, c client.Reader) error {
	reads := []struct {
		what string
		see  func(what string, err error) error
		list func() error
	}{
		{"namespaces", p.seeStanding, func() error {
			return pages(ctx, c, empty[corev1.NamespaceList], func(l *corev1.NamespaceList) {
				for i := range l.Items {
					p.Namespaces = append(p.Namespaces, topology.Namespace{Name: l.Items[i].Name, Labels: l.Items[i].Labels})
				}
			})
		}},
		{"pods", p.seeStanding, func() error {
			return pages(ctx, c, empty[corev1.PodList], func(l *corev1.PodList) {
				for i := range l.Items {
					p.Pods = append(p.Pods, topology.PodOf(&l.Items[i]))
				}
			})
		}},
		{"nodes", p.seeStanding, func() error {
			return pages(ctx, c, empty[corev1.NodeList], func(l *corev1.NodeList) {
				for i := range l.Items {
					p.Nodes = append(p.Nodes, topology.NodeOf(&l.Items[i]))
				}
			})
		}},
		{"services", p.see, func() error {
			return pages(ctx, c, empty[corev1.ServiceList], func(l *corev1.ServiceList) {
				for i := range l.Items {
					if svc, reachable := topology.ServiceOf(&l.Items[i]); reachable {
						p.Services = append(p.Services, svc)
					}
				}
			})
		}},
	}
	for _, r := range reads {
		if err := r.see(r.what, r.list()); err != nil {
			return err
		}
	}
	if len(p.Namespaces) == 0 {
		p.assumeNamespaces(p.namedByZones())
	}
	return nil
}

// readPolicies reads the policies of the kinds that we write, and Cilium's options.
func (p *Plant) readPolicies(ctx context.Context, c client.Reader) error {
	served := map[string]bool{}
	for _, gvk := range connect.PolicyKinds() {
		ofKind := func() *unstructured.UnstructuredList {
			list := &unstructured.UnstructuredList{}
			list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
			return list
		}
		err := pages(ctx, c, ofKind, func(l *unstructured.UnstructuredList) { p.Standing = append(p.Standing, pointers(l.Items)...) })
		if apierrors.IsNotFound(err) {
			continue
		}
		served[gvk.Kind] = err == nil
		if err := p.seeStanding("objects of kind "+gvk.Kind, err); err != nil {
			return err
		}
	}
	p.Cilium = served[apply.GVKClusterwidePolicy.Kind] && served[apply.GVKCIDRGroup.Kind]
	if p.Site != nil && p.Site.Status.Backend == v1alpha1.BackendCilium {
		p.Cilium = true // also for those who may not look
	}
	p.AdminTier = served[apply.GVKAdminTierPolicy.Kind]
	if !p.Cilium {
		return nil
	}
	var config corev1.ConfigMap
	err := c.Get(ctx, client.ObjectKey{Namespace: cilium.ConfigNamespace, Name: cilium.ConfigName}, &config)
	switch {
	case apierrors.IsForbidden(err):
		p.Unseen = append(p.Unseen, "the options of Cilium's agents: you may not read them")
	case client.IgnoreNotFound(err) != nil:
		return fmt.Errorf("reading the options of Cilium's agents: %w", err)
	case err == nil:
		p.Settings = cilium.SettingsOf(config.Data)
	}
	return nil
}
