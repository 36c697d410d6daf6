// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/pki/authority"
	"github.com/zonewarden/zonewarden/internal/pki/files"
	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// carryCertificates does what was decided of each, one write after the other. What fails of one
// keeps nothing of the others.
func (c *Certificates) carryCertificates(ctx context.Context, p *certificatePass) {
	for _, one := range p.certificates {
		if one.decision != nil && one.secret != nil { // otherwise it could not be read
			one.fail(c.carry(ctx, p, one, one.decision))
		}
		if one.failed != nil {
			p.errs = append(p.errs, fmt.Errorf("certificate %s/%s: %w", one.object.Namespace, one.object.Name, one.failed))
		}
	}
}

// carry does one certificate's. Folders of trust come before the bundle, whose notes say since
// when they are there.
func (c *Certificates) carry(ctx context.Context, p *certificatePass, one *certificate, d *rotation.CertificateDecision) error {
	if err := c.keepFolders(ctx, p, one, d.Bundle); err != nil {
		return err
	}
	steps := []struct {
		due bool
		do  func() error
	}{
		{d.Drop || p.unneeded(one), func() error { return errors.Join(c.forget(ctx, p, one), c.drop(ctx, one)) }},
		{d.Issue != nil, func() error { return c.issue(ctx, p, one, d) }},
		{d.Publish, func() error { return c.publish(ctx, p, one, d.Bundle) }},
		{d.Swap != nil, func() error { return c.swap(ctx, p, one, d) }},
		{d.Restart != nil && one.workload != nil, func() error {
			restarts.Inc()
			return c.material.Restart(ctx, one.workload.Object, upToSecond(p.now))
		}},
	}
	for _, s := range steps {
		if !s.due {
			continue
		}
		if err := s.do(); err != nil {
			return err
		}
	}
	if err := c.keepFiles(ctx, one); err != nil {
		return err
	}
	return c.keepInstall(ctx, p, one)
}

// keepFiles writes the Secret again where it does not hold what belongs to its certificate: a
// format that was added, a file that somebody edited or took out.
func (c *Certificates) keepFiles(ctx context.Context, one *certificate) error {
	h := one.secret
	if h.leaf == nil {
		return nil
	}
	own := files.Own{Leaf: h.leaf, Chain: h.chain, Key: h.key, Anchors: h.anchors}
	if err := c.complete(one, &own); err != nil {
		return err
	}
	if own.Same(h.secret.Data) {
		return nil
	}
	return h.put(ctx, c.material, own)
}

func (c *Certificates) drop(ctx context.Context, one *certificate) error {
	if one.next.secret.ResourceVersion == "" {
		return nil
	}
	err := c.material.Remove(ctx, one.next.secret)
	one.next = &held{secret: secretOf(one.object, nextName(one.object))}
	return err
}

// issue makes a leaf, in place where it is the first, or else beside it.
func (c *Certificates) issue(ctx context.Context, p *certificatePass, one *certificate, d *rotation.CertificateDecision) error {
	z := p.authorities[one.authority]
	if z == nil {
		return nil // it could not be written
	}
	g := z.byID(d.Issue.Authority)
	if g == nil {
		return fmt.Errorf("issuing: the authority %s is not there", d.Issue.Authority)
	}
	if d.Issue.Signer != rotation.Here {
		return c.ask(ctx, p, one, d.Issue)
	}
	w := one.object
	key, public := authority.Key{}, one.public
	if w.Spec.Key.From != v1alpha1.KeyFromApplication {
		var err error
		if key, err = authority.NewKey(keyKind(w)); err != nil {
			return err
		}
		public = key.Public()
	}
	leaf, err := g.Issue(authority.Request{
		Profile: w.Spec.Profile, CommonName: commonName(w), DNSNames: w.Spec.DNSNames,
		IPAddresses: w.Spec.IPAddresses, URIs: w.Spec.URIs, Public: public, NotAfter: d.Issue.Until,
	}, p.now)
	if err != nil {
		return err
	}
	own := files.Own{Leaf: leaf, Key: key}
	own.Chain = append(own.Chain, g.Issued)
	into := one.next
	note := notes{Fingerprint: authority.Fingerprint(leaf), Digest: d.Issue.Digest, Since: upToSecond(p.now)}
	if d.Issue.InPlace {
		into = one.secret
		note.First = d.Issue.First
		rotations.WithLabelValues("leaf").Inc()
	} else {
		into.secret.OwnerReferences = []metav1.OwnerReference{apply.OwnedBy(w)}
	}
	into.notes = note
	if d.Issue.InPlace {
		into.noteBundle(d.Bundle, upToSecond(p.now))
		own.Anchors = p.anchorsOf(d.Bundle, into.anchors)
		if err := c.complete(one, &own); err != nil {
			return err
		}
	}
	return into.put(ctx, c.material, own)
}

// complete adds what the certificate's own Secret has beside PEM.
func (c *Certificates) complete(one *certificate, own *files.Own) error {
	own.Formats, own.Profile = one.object.Spec.Formats, one.object.Spec.Profile
	if own.Password = one.secret.password(); own.Password == "" {
		raw := make([]byte, 16)
		if _, err := rand.Read(raw); err != nil { //nolint:forbidigo // a password is chance
			return fmt.Errorf("making a password: %w", err)
		}
		own.Password = hex.EncodeToString(raw)
	}
	return nil
}

// publish writes the bundle beside the leaf that is there.
func (c *Certificates) publish(ctx context.Context, p *certificatePass, one *certificate, bundle []rotation.Trusted) error {
	h := one.secret
	if h.leaf == nil {
		return errors.New("publishing trust: there is no certificate beside it")
	}
	own := files.Own{Leaf: h.leaf, Chain: h.chain, Key: h.key, Anchors: p.anchorsOf(bundle, h.anchors)}
	if err := c.complete(one, &own); err != nil {
		return err
	}
	h.noteBundle(bundle, upToSecond(p.now))
	return h.put(ctx, c.material, own)
}

// swap puts the leaf that waits into the Secret. What waited is dropped with the next pass: a
// cut between the two leaves it in both places, which swaps nothing again.
func (c *Certificates) swap(ctx context.Context, p *certificatePass, one *certificate, d *rotation.CertificateDecision) error {
	next, h := one.next, one.secret
	if next.leaf == nil || authority.Fingerprint(next.leaf) != d.Swap.Fingerprint {
		return errors.New("swapping: what waits is another certificate than was decided on")
	}
	own := files.Own{Leaf: next.leaf, Chain: next.chain, Key: next.key, Anchors: h.anchors}
	first := h.leaf == nil
	bundle := h.notes.Bundle
	h.notes = notes{
		Fingerprint: d.Swap.Fingerprint, Digest: next.notes.Digest, Since: upToSecond(p.now),
		First: d.Swap.First, Before: d.Swap.Before, Bundle: bundle,
	}
	if first {
		h.noteBundle(d.Bundle, upToSecond(p.now))
		own.Anchors = p.anchorsOf(d.Bundle, h.anchors)
	}
	if err := c.complete(one, &own); err != nil {
		return err
	}
	rotations.WithLabelValues("leaf").Inc()
	return h.put(ctx, c.material, own)
}

// keepFolders writes the folders of an OPC UA application where they differ: trusted and issuer
// certificates, and their revocation lists.
func (c *Certificates) keepFolders(ctx context.Context, p *certificatePass, one *certificate, bundle []rotation.Trusted) error {
	if one.object.Spec.Profile != v1alpha1.ProfileOPCUA {
		return nil
	}
	var trust []files.Trust
	for _, t := range bundle {
		zone, _ := forOPCUA(t.Zone)
		if z := p.authorities[t.Zone]; z != nil {
			if g := z.byID(t.ID); g != nil {
				trust = append(trust, files.Trust{Zone: zone, Certificate: g.Anchor, List: g.list})
			}
		}
	}
	trusted, trustedLists := files.Folders(trust)
	var above []files.Trust
	if p.root != nil {
		above = append(above, files.Trust{Zone: "site", Certificate: p.root.Certificate, List: p.root.list})
	}
	issuer, issuerLists := files.Folders(above)
	for suffix, data := range map[string]map[string][]byte{
		"-trusted": trusted, "-trusted-crl": trustedLists, "-issuer": issuer, "-issuer-crl": issuerLists,
	} {
		if err := c.keepFolder(ctx, one.object, one.object.Spec.SecretName+suffix, data); err != nil {
			return err
		}
	}
	return nil
}

func (c *Certificates) keepFolder(ctx context.Context, w *v1alpha1.WorkloadCertificate, name string, data map[string][]byte) error {
	labels := apply.Labelled(kindCertificate, w.Name)
	m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: name}}
	found, err := c.material.Get(ctx, m, labels)
	if err != nil {
		return err
	}
	if found && len(m.Data) == 0 && sameFiles(m.BinaryData, data) {
		return nil
	}
	m.Labels, m.Data, m.BinaryData = labels, nil, data
	return c.material.Put(ctx, m)
}

func sameFiles(a, b map[string][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for name, raw := range a {
		if other, is := b[name]; !is || string(other) != string(raw) {
			return false
		}
	}
	return true
}
