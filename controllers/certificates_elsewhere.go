// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/pki/authority"
	"github.com/zonewarden/zonewarden/internal/pki/files"
	"github.com/zonewarden/zonewarden/internal/pki/permit"
	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// Where the key of an authority is elsewhere, with people or an issuer of cert-manager, a
// request waits in the Secret beside until somebody has signed it. What comes is judged before
// it counts.

// requestFile holds the request, in the Secret beside.
const requestFile = "tls.csr"

// requestsAgain is how long a request that failed stands before another one is made.
const requestsAgain = time.Hour

// signerOf says who signs for a zone, and by which issuer.
func (p *certificatePass) signerOf(zone string, target int32) (rotation.Signer, *v1alpha1.IssuerReference) {
	own := p.declared(zone).Spec.Certificates
	switch {
	case own != nil && own.IssuerRef != nil:
		return issuerName(own.IssuerRef), own.IssuerRef
	case own != nil && own.AuthorityKey == v1alpha1.AuthorityKeyOffline:
		return rotation.People, nil
	case own != nil && own.AuthorityKey == v1alpha1.AuthorityKeyOnline, p.site == nil, p.site.Spec.Certificates == nil:
		return rotation.Here, nil
	case p.site.Spec.Certificates.IssuerRef != nil:
		return issuerName(p.site.Spec.Certificates.IssuerRef), p.site.Spec.Certificates.IssuerRef
	case target >= authorityRules(p.site).OfflineFrom:
		return rotation.People, nil
	}
	return rotation.Here, nil
}

// issuerName is Kind.group/name, as kubectl would have it.
func issuerName(r *v1alpha1.IssuerReference) rotation.Signer {
	return rotation.Signer(r.Kind + "." + r.Group + "/" + r.Name)
}

// adopt takes on what people handed in for a zone, where they are to sign.
func (p *certificatePass) adopt(z *zoneAuthority, zone string) []string {
	own := p.declared(zone).Spec.Certificates
	if own == nil || z.wants != rotation.People {
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

// add puts another generation beside the others. It is written with the pass.
func (z *zoneAuthority) add(g generation) {
	g.number = z.following()
	z.generations, z.grown = append(z.generations, g), true
}

// following is the number of the next generation.
func (z *zoneAuthority) following() int64 {
	var n int64 = 1
	for _, g := range z.generations {
		n = max(n, g.number+1)
	}
	return n
}

// signs is who has the key of the generation that signs now.
func (z *zoneAuthority) signs() rotation.Signer {
	if g := z.byID(z.current); g != nil {
		return g.signer
	}
	return rotation.Here
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

// answer is what somebody signed for a request.
type answer struct {
	leaf  *x509.Certificate
	chain []*x509.Certificate
	// by is the ID of the authority.
	by string
}

// requested is what the certificate has to say that somebody else signs.
func (one *certificate) requested(now time.Time) authority.Request {
	w := one.object
	return authority.Request{
		Profile: w.Spec.Profile, CommonName: commonName(w), DNSNames: w.Spec.DNSNames, IPAddresses: w.Spec.IPAddresses,
		URIs: w.Spec.URIs, Public: one.publicKey(), NotAfter: now.Add(lifetimeOf(one.lifetime())),
	}
}

func (one *certificate) lifetime() v1alpha1.Lifetime { return cmp.Or(one.object.Spec.Lifetime, "400d") }

// publicKey is the application's, or that of the key that waits with the request.
func (one *certificate) publicKey() crypto.PublicKey {
	if one.public != nil {
		return one.public
	}
	return one.next.key.Public()
}

// waits says that a request stands for what the certificate has to say now, by who is to sign it.
func (one *certificate) waits() bool {
	return one.next != nil && len(one.next.request) > 0 &&
		one.next.notes.Digest == digestOf(one.object) && one.next.notes.Asks == one.asks
}

func (one *certificate) signingRequest(ref *v1alpha1.IssuerReference) apply.SigningRequest {
	return apply.SigningRequest{
		Of: one.object, PEM: one.next.request, Issuer: *ref, Lifetime: lifetimeOf(one.lifetime()), Usages: authority.Usages(one.object.Spec.Profile),
	}
}

// lookAtAnswer reads what became of a request that stands.
func (c *Certificates) lookAtAnswer(ctx context.Context, p *certificatePass, one *certificate) error {
	z := p.authorities[one.authority]
	if z == nil {
		return nil
	}
	one.asks, one.issuer = z.wants, z.issuer
	if z.wants == rotation.Here && z.signs() == rotation.People {
		one.asks = rotation.People // until the authority that is made here is read by all
	}
	switch {
	case !one.waits():
		return nil
	case one.asks == rotation.People:
		one.judge(p, z, []byte(one.object.Spec.Issued), nil)
		return nil
	case one.issuer == nil:
		one.signing = "it signs for the zone no more, and the next authority is not there yet"
		return nil
	}
	signed, err := c.material.Signed(ctx, one.signingRequest(z.issuer))
	if err != nil {
		return err
	}
	one.signing = strings.Trim(signed.Reason+": "+signed.Message, ": ")
	if len(signed.Certificate) > 0 {
		one.signing = ""
		one.judge(p, z, signed.Certificate, signed.CA)
	}
	useless := signed.Failed || len(signed.Certificate) > 0 && one.answer == nil
	one.askAgain = useless && p.now.Sub(signed.Asked) > requestsAgain
	return nil
}

// judge takes an answer for what it is. One that is not what was asked for is none, and it is
// said why.
func (one *certificate) judge(p *certificatePass, z *zoneAuthority, raw, ca []byte) {
	all, err := files.Certificates(raw)
	if err != nil {
		one.signing = err.Error()
		return
	}
	if len(all) == 0 || one.secret.leaf != nil && one.secret.leaf.Equal(all[0]) {
		return // nothing, or the one before
	}
	leaf, chain := all[0], all[1:]
	by := z.signer(leaf, chain...)
	if by == "" && ca != nil {
		if by, err = z.learn(ca, leaf, chain); err != nil {
			one.signing = err.Error()
			return
		}
	}
	g := z.byID(by)
	if g == nil {
		one.signing = "no authority of the zone signed it"
		return
	}
	if err := g.Accept(leaf, one.requested(p.now), p.now, chain...); err != nil {
		one.signing = err.Error()
		return
	}
	one.answer = &answer{leaf: leaf, chain: chain, by: by}
}

// learn takes on an issuer's authority with the first certificate that it signed.
func (z *zoneAuthority) learn(ca []byte, leaf *x509.Certificate, chain []*x509.Certificate) (id string, err error) {
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
	if !one.SignedBy(leaf, chain...) {
		return "", errors.New("the issuer's authority did not sign what the issuer gave")
	}
	z.add(generation{Authority: one, signer: z.wants})
	return one.ID(), nil
}

// askIssuer asks for all certificates of a zone whose authority is to come with them.
func (c *Certificates) askIssuer(ctx context.Context, p *certificatePass, z *zoneAuthority) {
	for _, one := range p.certificates {
		if one.authority == z.zone && one.failed == nil && len(one.findings) == 0 && one.answer == nil {
			one.fail(c.request(ctx, one))
		}
	}
}

// ask has somebody else sign what comes next, or takes what they signed.
func (c *Certificates) ask(ctx context.Context, p *certificatePass, one *certificate, d *rotation.Issue) error {
	a, h := one.answer, one.next
	if a == nil || a.by != d.Authority {
		if a != nil {
			one.signing = "it is signed by another authority than signs for the zone now"
		}
		return c.request(ctx, one)
	}
	answered := one.signingRequest(&v1alpha1.IssuerReference{})
	h.notes = notes{Fingerprint: authority.Fingerprint(a.leaf), Digest: d.Digest, Since: upToSecond(p.now)}
	if err := h.put(ctx, c.material, files.Own{Leaf: a.leaf, Chain: a.chain, Key: h.key}); err != nil {
		return err
	}
	if one.issuer == nil {
		return nil
	}
	return c.material.Forget(ctx, answered)
}

// forget takes back a request for which there is no reason any more, from whichever issuer: its
// name is of the request alone.
func (c *Certificates) forget(ctx context.Context, p *certificatePass, one *certificate) error {
	if !p.unneeded(one) || !one.next.asksIssuer() {
		return nil
	}
	return c.material.Forget(ctx, one.signingRequest(&v1alpha1.IssuerReference{}))
}

// request puts a key and a request for it into the Secret beside, unless they are there, and
// asks the issuer where there is one.
func (c *Certificates) request(ctx context.Context, one *certificate) error {
	if !one.waits() || one.askAgain {
		if one.next.asksIssuer() {
			if err := c.material.Forget(ctx, one.signingRequest(&v1alpha1.IssuerReference{})); err != nil {
				return err
			}
		}
		if err := c.makeRequest(ctx, one); err != nil {
			return err
		}
	}
	if one.issuer == nil {
		return nil
	}
	return c.material.Sign(ctx, one.signingRequest(one.issuer))
}

func (c *Certificates) makeRequest(ctx context.Context, one *certificate) (err error) {
	w, h := one.object, one.next
	data := map[string][]byte{requestFile: []byte(w.Spec.Request)}
	key := authority.Key{}
	if w.Spec.Key.From != v1alpha1.KeyFromApplication {
		if key, err = authority.NewKey(keyKind(w)); err != nil {
			return err
		}
		if data[files.KeyPEM], err = key.PEM(); err != nil {
			return err
		}
		h.key = key
		if data[requestFile], err = one.requested(c.clock.Now()).PEM(key); err != nil {
			return err
		}
	}
	h.secret.OwnerReferences = []metav1.OwnerReference{apply.OwnedBy(w)}
	h.secret.Data, h.notes = data, notes{Digest: digestOf(w), Asks: one.asks}
	if err := h.annotate(); err != nil {
		return err
	}
	h.leaf, h.chain, h.key, h.anchors, h.request = nil, nil, key, nil, data[requestFile]
	return c.material.Put(ctx, h.secret)
}

// asksIssuer says that a request stands that an issuer was asked to sign.
func (h *held) asksIssuer() bool {
	return len(h.request) > 0 && h.notes.Asks != rotation.Here && h.notes.Asks != rotation.People
}

// unneeded says that a request stands for which there is no reason any more.
func (p *certificatePass) unneeded(one *certificate) bool {
	d := one.decision
	if one.next == nil || len(one.next.request) == 0 || one.answer != nil || d.Step != rotation.Idle || d.Cause != "" || d.Reason != rotation.ReasonIdle {
		return false
	}
	return !slices.ContainsFunc(p.decision.Zones, func(z rotation.ZoneDecision) bool { return z.Zone == one.authority && z.Make != nil })
}
