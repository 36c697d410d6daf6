// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/admintier"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/policy/networkpolicy"
)

// oldestForNetworkPolicy is the Kubernetes minor version from which namespace
// deletion removes pods before policies (ordered namespace deletion, CVE-2024-7598).
const oldestForNetworkPolicy = 33

// choice is the backend of one pass.
type choice struct {
	// asked for by the Site.
	asked v1alpha1.Backend
	// chosen is empty when what was asked for is not served.
	chosen v1alpha1.Backend
	// adminTier says that ClusterNetworkPolicy is served, as the guard writes it.
	adminTier bool
	// minor version of Kubernetes, 0 when unknown.
	minor int
	// settings of Cilium's agents.
	settings cilium.Settings
	// unsettled says that definitions and what is served do not agree yet.
	unsettled bool
}

func (c choice) usable() bool { return c.chosen != "" }

// tooOld says that plain NetworkPolicies may go before their pods do.
func (c choice) tooOld() bool {
	return c.chosen == v1alpha1.BackendNetwork && c.minor > 0 && c.minor < oldestForNetworkPolicy
}

// choose is the decision itself.
func choose(asked v1alpha1.Backend, ciliumServed bool, settings cilium.Settings, minor int) choice {
	c := choice{asked: asked, settings: settings, minor: minor}
	switch {
	case asked == v1alpha1.BackendNetwork:
		c.chosen = v1alpha1.BackendNetwork
	case ciliumServed && settings.Refused != "":
	case ciliumServed:
		c.chosen = v1alpha1.BackendCilium
	case asked == v1alpha1.BackendAuto || asked == "":
		c.chosen = v1alpha1.BackendNetwork
	}
	return c
}

// backendChoice remembers what the cluster serves until its definitions change.
type backendChoice struct {
	mu      sync.Mutex
	fresh   bool
	kinds   watchedKinds
	minor   int
	inForce compiles
}

// compiles is what a compiler makes objects for.
type compiles struct {
	backend   v1alpha1.Backend
	adminTier bool
}

// outdate makes the next pass look again.
func (b *backendChoice) outdate() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fresh = false
}

func (b *backendChoice) served(d discovery.DiscoveryInterface) (watchedKinds, int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fresh {
		return b.kinds, b.minor, nil
	}
	served, err := servedKinds(d)
	if err != nil {
		return nil, 0, err
	}
	version, err := d.ServerVersion()
	if err != nil {
		return nil, 0, fmt.Errorf("asking for the server's version: %w", err)
	}
	// Distributions append to the number ("33+"); an unreadable one stays 0.
	minor, err := strconv.Atoi(strings.TrimRight(version.Minor, "+"))
	if err != nil {
		minor = 0
	}
	b.kinds, b.minor, b.fresh = served, minor, true
	return served, minor, nil
}

// chooseBackend decides for this pass, and sees to it that what it writes is watched.
func (s *Segmentation) chooseBackend(ctx context.Context, site *v1alpha1.Site) (choice, error) {
	served, minor, err := s.backend.served(s.discovery)
	if err != nil {
		return choice{}, err
	}
	if err := s.watchPolicies(ctx, served); err != nil {
		return choice{}, err
	}
	settings, err := s.fetchSettings(ctx)
	if err != nil {
		return choice{}, err
	}
	unsettled := s.unsettled(ctx, served)
	if unsettled {
		// A definition is served a moment after it is established, and no event
		// tells when: ask again.
		s.backend.outdate()
	}
	if site == nil {
		return choice{unsettled: unsettled}, nil
	}
	// The Cilium backend needs both kinds that it writes.
	ciliumServed := served[apply.GVKClusterwidePolicy] && served[apply.GVKCIDRGroup]
	c := choose(site.Spec.Backend, ciliumServed, settings, minor)
	c.unsettled, c.adminTier = unsettled, served[apply.GVKAdminTierPolicy]
	if with := (compiles{c.chosen, c.adminTier}); c.usable() && with != s.backend.inForce {
		s.compiler, s.backend.inForce = compilerOf(with), with
	}
	return c, nil
}

func compilerOf(with compiles) *policy.Compiler {
	c := policy.NewCompiler(backendOf(with.backend))
	if with.adminTier {
		c.WithAdminTier(admintier.Guard{})
	}
	return c
}

// unsettled says that for some kind of policy its definition and what is served do not
// agree: it is there and stays, and is not served yet, or the reverse.
func (s *Segmentation) unsettled(ctx context.Context, served watchedKinds) bool {
	return slices.ContainsFunc(policyKinds, func(k policyKind) bool {
		if k.plural == "" || k.GroupVersionKind == apply.GVKAdminTierPolicy {
			return false // always served, or in whatever version
		}
		crd := metadata(definitions)
		err := s.cache.Get(ctx, client.ObjectKey{Name: k.plural + "." + k.Group}, crd)
		return (err == nil && crd.GetDeletionTimestamp() == nil) != served.serves(k)
	})
}

func backendOf(b v1alpha1.Backend) policy.Backend {
	if b == v1alpha1.BackendCilium {
		return cilium.Backend{}
	}
	return networkpolicy.Backend{}
}

// definition looks, past the cache, at the definition of one of our kinds.
func (s *Segmentation) definition(ctx context.Context, plural string) (apply.CRDState, error) {
	var crd apiextensionsv1.CustomResourceDefinition
	err := s.live.Get(ctx, client.ObjectKey{Name: plural + "." + v1alpha1.GroupVersion.Group}, &crd)
	if apierrors.IsNotFound(err) {
		return apply.CRDState{}, nil
	}
	if err != nil {
		return apply.CRDState{}, err
	}
	state := apply.CRDState{UID: crd.UID, Created: crd.CreationTimestamp.Time}
	for _, c := range crd.Status.Conditions {
		if c.Type == apiextensionsv1.Established && c.Status == apiextensionsv1.ConditionTrue {
			state.Serving = crd.DeletionTimestamp == nil
		}
	}
	return state, nil
}
