// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/pki/authority"
	"github.com/zonewarden/zonewarden/internal/pki/files"
	"github.com/zonewarden/zonewarden/internal/pki/permit"
	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// Authorities whose key people keep. What they hand in is judged before it counts.

// adopt takes on what people handed in for a zone, where they are to sign.
func (p *certificatePass) adopt(z *zoneAuthority, zone string) []string {
	own := p.declared(zone).Spec.Certificates
	if own == nil || z.wants != rotation.People || !p.facts.Clock.Trusted {
		return nil
	}
	return z.adopt(own.Authorities, p.now)
}

// adopt takes on the authorities that people made, those of OPC UA or the others. One that was
// there and was of no use any more does not come again.
func (z *zoneAuthority) adopt(declared []string, now time.Time) (wrong []string) {
	_, opcua := forOPCUA(z.zone)
	var fresh []generation
	for i, text := range declared {
		one, list, err := declaredAuthority(text)
		switch {
		case err != nil:
			wrong = append(wrong, fmt.Sprintf("authorities[%d]: %s", i, err))
		case z.byID(one.ID()) != nil:
			z.list(one.ID(), list)
		case one.ForOPCUA() != opcua, slices.Contains(z.retired, one.ID()), !now.Before(one.Anchor.NotAfter):
		default:
			g := generation{Authority: one, signer: rotation.People}
			g.takeList(list)
			fresh = append(fresh, g)
		}
	}
	slices.SortFunc(fresh, func(a, b generation) int { return a.Anchor.NotBefore.Compare(b.Anchor.NotBefore) })
	for _, g := range fresh {
		z.add(g)
	}
	return wrong
}

// list takes on another revocation list of an authority that is there.
func (z *zoneAuthority) list(id string, list *x509.RevocationList) {
	if g := z.byID(id); list != nil && list.ThisUpdate.After(g.since) {
		g.takeList(list)
		z.grown = true
	}
}

func (g *generation) takeList(list *x509.RevocationList) {
	if list != nil {
		g.list, g.since = list.Raw, list.ThisUpdate
	}
}

// declaredAuthority reads what people handed in: a certificate, and its revocation list.
func declaredAuthority(text string) (authority.Authority, *x509.RevocationList, error) {
	certificate, list, err := files.AuthorityOf([]byte(text))
	if err != nil {
		return authority.Authority{}, nil, err
	}
	one, err := authority.Adopt(certificate)
	switch {
	case err != nil:
		return one, nil, err
	case !one.Constrained() && !one.ForOPCUA():
		return one, nil, errors.New("it has no name constraints, and only one for OPC UA, which has an RSA key, may lack them")
	case list == nil:
		return one, nil, nil
	}
	if err := list.CheckSignatureFrom(certificate); err != nil {
		return one, nil, fmt.Errorf("checking its revocation list: %w", err)
	}
	return one, list, nil
}

// warn says what is wrong with the zone's authorities, and holds nothing back.
func (one *certificate) warn(z *zoneAuthority) {
	if z == nil {
		return
	}
	for _, text := range z.wrong {
		one.warnings = append(one.warnings, v1alpha1.Finding{
			Severity: v1alpha1.SeverityWarning, Path: "Zone.spec.certificates.authorities", Reason: v1alpha1.ReasonInvalid, Message: text,
		})
	}
	if g := z.byID(z.current); g != nil && len(g.list) == 0 && one.object.Spec.Profile == v1alpha1.ProfileOPCUA {
		one.warnings = append(one.warnings, v1alpha1.Finding{
			Severity: v1alpha1.SeverityWarning, Path: "Zone.spec.certificates", Reason: v1alpha1.ReasonNoRevocationList,
			Message: "the authority came without a revocation list, and OPC UA stacks refuse one without: hand in both, or have the application not ask for it",
		})
	}
}

// permitAdopted says which of the names that are asked for authorities that people made may
// sign for: by their constraints, which may be wider.
func (p *certificatePass) permitAdopted() {
	for i := range p.facts.Zones {
		zone := &p.facts.Zones[i]
		for j := range zone.Authorities {
			a := &zone.Authorities[j]
			if a.Signer != rotation.People {
				continue
			}
			g := p.authorities[zone.Name].byID(a.ID)
			for _, f := range p.facts.Certificates {
				if f.Zone == zone.Name {
					a.Permits = append(a.Permits, permittedBy(g, f.Names)...)
				}
			}
		}
	}
}

func permittedBy(g *generation, names []string) []string {
	var out []string
	for _, name := range names {
		suffixes, networks := permit.Constraints([]string{name})
		if !slices.ContainsFunc(suffixes, func(s string) bool { return !g.MaySignFor(s) }) &&
			!slices.ContainsFunc(networks, func(n netip.Prefix) bool { return !g.MaySignWithin(n) }) {
			out = append(out, name)
		}
	}
	return out
}
