// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

const (
	// looksAtCertificates is how often Secrets and pods are looked at while nothing rotates.
	// They are read one by one and not watched: a right to list Secrets is one to read all.
	looksAtCertificates = time.Minute
	// looksAtRotation is how often while something does.
	looksAtRotation = 5 * time.Second
)

// Certificates carries out what package rotation decides on certificates and authorities.
// Nothing is remembered between two passes but what servers showed.
type Certificates struct {
	client     client.Client
	cache      cache.Cache
	recorder   events.EventRecorder
	clock      clock.Clock
	timekeeper *timekeeper
	inForce    *inForce
	material   apply.Material
	workloads  workloads
	shown      *shown
	// namespace of the operator, where authorities are.
	namespace string
}

// certificatePass is what one pass found, decided and did.
type certificatePass struct {
	site         *v1alpha1.Site
	zones        map[string]*v1alpha1.Zone
	root         *siteRoot
	authorities  map[string]*zoneAuthority
	certificates []*certificate
	facts        rotation.Facts
	decision     rotation.Decision
	now          time.Time
	errs         []error
}

// Reconcile is one pass over all certificates.
func (c *Certificates) Reconcile(ctx context.Context, _ reconcile.Request) (ctrl.Result, error) {
	p, err := c.look(ctx)
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("looking at the certificates: %w", err)
	}
	if p == nil {
		return ctrl.Result{RequeueAfter: grantsAgain}, nil // what is in force is not known yet
	}
	if len(p.certificates) == 0 {
		observeCertificates(p)
		return ctrl.Result{}, nil
	}
	p.decide()
	c.carryZones(ctx, p)
	c.carryCertificates(ctx, p)
	observeCertificates(p)
	again, err := statusWriter{c.client, c.cache, c.recorder}.write(ctx, c.certificateStatuses(p))
	p.errs = append(p.errs, err)
	if err := errors.Join(p.errs...); err != nil {
		log.FromContext(ctx).Error(err, "not all was done for the certificates")
		return ctrl.Result{RequeueAfter: looksAtRotation}, nil
	}
	if again {
		return ctrl.Result{RequeueAfter: looksSoon}, nil
	}
	return ctrl.Result{RequeueAfter: p.untilNext()}, nil
}

// decide asks package rotation, and tells each certificate what was decided on it.
func (p *certificatePass) decide() {
	p.decision = rotation.Decide(p.facts)
	of := map[string]*rotation.CertificateDecision{}
	for i := range p.decision.Certificates {
		d := &p.decision.Certificates[i]
		of[d.Namespace+"/"+d.Name] = d
	}
	for _, one := range p.certificates {
		one.decision = of[one.object.Namespace+"/"+one.object.Name]
	}
}

// untilNext is the time to the next pass when no event brings one.
func (p *certificatePass) untilNext() time.Duration {
	wait := looksAtCertificates
	if p.wrote() {
		return looksSoon // what was just written may let the next step go
	}
	asks := func(one *certificate) bool { return one.next != nil && len(one.next.request) > 0 }
	if slices.ContainsFunc(p.certificates, asks) ||
		slices.ContainsFunc(p.decision.Certificates, func(d rotation.CertificateDecision) bool { return d.Step != rotation.Idle }) {
		wait = looksAtRotation
	}
	if next := p.decision.Next; !next.IsZero() {
		wait = min(wait, next.Sub(p.now))
	}
	return max(wait, looksSoon)
}

// wrote says that something was decided to be written.
func (p *certificatePass) wrote() bool {
	return slices.ContainsFunc(p.decision.Zones, func(z rotation.ZoneDecision) bool {
		return z.Make != nil && z.Make.Signer == rotation.Here || z.MakeCurrent != "" || len(z.Retire) > 0
	}) || slices.ContainsFunc(p.decision.Certificates, func(d rotation.CertificateDecision) bool {
		return d.Issue != nil && d.Issue.Signer == rotation.Here || d.Swap != nil || d.Publish || d.Restart != nil || d.Drop
	})
}
