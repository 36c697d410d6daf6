// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"crypto"
	"crypto/x509"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/pki/authority"
	"github.com/zonewarden/zonewarden/internal/pki/files"
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
	case !p.facts.Clock.Trusted:
		return nil // what an issuer says is learned, which is a write
	case one.issuer == nil:
		one.signing = "it signs for the zone no more, and the next authority is not there yet"
		return nil
	}
	return c.lookAtIssuer(ctx, p, one, z)
}

// judge takes an answer for what it is. One that is not what was asked for is none, and it is
// said why. learn is asked who signed it where no authority of the zone did.
func (one *certificate) judge(p *certificatePass, z *zoneAuthority, raw []byte, learn func(*x509.Certificate, []*x509.Certificate) (string, error)) {
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
	if by == "" && learn != nil {
		if by, err = learn(leaf, chain); err != nil {
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

// ask has somebody else sign what comes next, or takes what they signed.
func (c *Certificates) ask(ctx context.Context, p *certificatePass, one *certificate, d *rotation.Issue) error {
	a, h := one.answer, one.next
	if a == nil || a.by != d.Authority {
		if a != nil {
			one.signing = "it is signed by another authority than signs for the zone now"
		}
		return c.request(ctx, one)
	}
	answered := one.standing()
	h.notes = notes{Fingerprint: authority.Fingerprint(a.leaf), Digest: d.Digest, Since: upToSecond(p.now)}
	if err := h.put(ctx, c.material, files.Own{Leaf: a.leaf, Chain: a.chain, Key: h.key}); err != nil {
		return err
	}
	if one.issuer == nil {
		return nil
	}
	return c.material.Forget(ctx, answered)
}

// request puts a key and a request for it into the Secret beside, unless they are there, and
// asks the issuer where there is one.
func (c *Certificates) request(ctx context.Context, one *certificate) error {
	if !one.waits() || one.askAgain {
		if one.next.asksIssuer() {
			if err := c.material.Forget(ctx, one.standing()); err != nil {
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

// unneeded says that a request stands for which there is no reason any more.
func (p *certificatePass) unneeded(one *certificate) bool {
	d := one.decision
	if one.next == nil || len(one.next.request) == 0 || one.answer != nil || d.Step != rotation.Idle || d.Cause != "" || d.Reason != rotation.ReasonIdle {
		return false
	}
	return !slices.ContainsFunc(p.decision.Zones, func(z rotation.ZoneDecision) bool { return z.Zone == one.authority && z.Make != nil })
}
