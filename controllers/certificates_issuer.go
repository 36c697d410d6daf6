// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/pki/authority"
	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// Issuers of cert-manager: what they are asked, and what their authority is, which comes with
// what they sign.

// issuerName is Kind.group/name, as kubectl would have it.
func issuerName(r *v1alpha1.IssuerReference) rotation.Signer {
	return rotation.Signer(r.Kind + "." + r.Group + "/" + r.Name)
}

func (one *certificate) signingRequest(ref *v1alpha1.IssuerReference) apply.SigningRequest {
	return apply.SigningRequest{
		Of: one.object, PEM: one.next.request, Issuer: *ref, Lifetime: lifetimeOf(one.lifetime()), Usages: authority.Usages(one.object.Spec.Profile),
	}
}

// standing is the request that stands, by whomever: its name is of the request alone.
func (one *certificate) standing() apply.SigningRequest {
	return apply.SigningRequest{Of: one.object, PEM: one.next.request}
}

// lookAtIssuer reads an issuer's answer.
func (c *Certificates) lookAtIssuer(ctx context.Context, p *certificatePass, one *certificate, z *zoneAuthority) error {
	signed, err := c.material.Signed(ctx, one.signingRequest(z.issuer))
	if err != nil {
		return err
	}
	one.signing = strings.Trim(signed.Reason+": "+signed.Message, ": ")
	if len(signed.Certificate) > 0 {
		one.signing = ""
		one.judge(p, z, signed.Certificate, func(leaf *x509.Certificate, chain []*x509.Certificate) (string, error) {
			return z.learn(signed.CA, func(a authority.Authority) error { return a.Accept(leaf, one.requested(p.now), p.now, chain...) })
		})
	}
	useless := signed.Failed || len(signed.Certificate) > 0 && one.answer == nil
	one.askAgain = useless && p.now.Sub(signed.Asked) > requestsAgain
	return nil
}

// learn takes on an issuer's authority with the first certificate that it signed, if that is what
// was asked for.
func (z *zoneAuthority) learn(ca []byte, accept func(authority.Authority) error) (id string, err error) {
	if len(ca) == 0 {
		return "", errors.New("the issuer does not say what its authority is (status.ca)")
	}
	certificate, err := oneCertificate(ca)
	if err != nil {
		return "", fmt.Errorf("reading the issuer's authority: %w", err)
	}
	one, err := authority.Adopt(certificate)
	if err != nil {
		return "", fmt.Errorf("the issuer's authority: %w", err)
	}
	if _, opcua := forOPCUA(z.zone); opcua && !one.ForOPCUA() {
		return "", errors.New("the issuer's authority: OPC UA asks for one with an RSA key and without name constraints")
	}
	if err := accept(one); err != nil {
		return "", err
	}
	z.add(generation{Authority: one, signer: z.wants})
	return one.ID(), nil
}

// askIssuer asks for the certificates of a zone whose authority is to come with them. One that
// waits in the Secret beside for its turn keeps its place.
func (c *Certificates) askIssuer(ctx context.Context, p *certificatePass, z *zoneAuthority) {
	for _, one := range p.certificates {
		if one.authority != z.zone || one.failed != nil || len(one.findings) > 0 || one.answer != nil || one.next == nil || one.next.leaf != nil {
			continue
		}
		if d := one.decision; d != nil && d.Issue == nil {
			one.fail(c.request(ctx, one))
		}
	}
}

// forget takes back a request for which there is no reason any more, from whichever issuer.
func (c *Certificates) forget(ctx context.Context, p *certificatePass, one *certificate) error {
	if !p.unneeded(one) || !one.next.asksIssuer() {
		return nil
	}
	return c.material.Forget(ctx, one.standing())
}

// asksIssuer says that a request stands that an issuer was asked to sign.
func (h *held) asksIssuer() bool {
	return len(h.request) > 0 && h.notes.Asks != rotation.Here && h.notes.Asks != rotation.People
}
