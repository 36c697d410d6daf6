// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/pki/authority"
	"github.com/zonewarden/zonewarden/internal/pki/files"
	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// annotationNotes is on a certificate's Secrets: what cannot be told from what they hold.
const annotationNotes = "zonewarden.io/certificate"

// notes say since when what is in a Secret is there, and what it was made for. They count for
// exactly the certificates that they name: what somebody else put there has no history.
type notes struct {
	Fingerprint string `json:"fingerprint,omitempty"`
	Digest      string `json:"digest,omitempty"`
	// Asks is who is asked to sign, where a request waits.
	Asks   rotation.Signer `json:"asks,omitempty"`
	Since  time.Time       `json:"since,omitzero"`
	First  bool            `json:"first,omitempty"`
	Before *rotation.Leaf  `json:"before,omitempty"`
	Bundle []noteTrusted   `json:"bundle,omitempty"`
}

type noteTrusted struct {
	ID    string    `json:"id"`
	Zone  string    `json:"zone"`
	Since time.Time `json:"since,omitzero"`
	First bool      `json:"first,omitempty"`
}

// held is a Secret as it stands. Its Secret has no version where there is none.
type held struct {
	secret *corev1.Secret
	notes  notes
	// leaf is nil where there is none that can be read.
	leaf    *x509.Certificate
	chain   []*x509.Certificate
	key     authority.Key
	anchors []*x509.Certificate
	// request stands where somebody else is to sign. There is no leaf then.
	request []byte
}

// readHeld reads a Secret of a certificate's. What in it cannot be read is not there: it is
// written anew.
func (c *Certificates) readHeld(ctx context.Context, w *v1alpha1.WorkloadCertificate, name string) (*held, error) {
	h := &held{secret: secretOf(w, name)}
	labels := h.secret.Labels
	found, err := c.material.Get(ctx, h.secret, labels)
	if err != nil {
		return nil, err
	}
	if !found {
		h.secret = secretOf(w, name)
		return h, nil
	}
	h.parse()
	if h.leaf != nil && w.Spec.Key.From != v1alpha1.KeyFromApplication && !h.key.Fits(h.leaf) {
		h.leaf, h.chain = nil, nil // nobody can use it
	}
	return h, nil
}

func (h *held) parse() {
	data := h.secret.Data
	if raw := h.secret.Annotations[annotationNotes]; raw != "" {
		if err := json.Unmarshal([]byte(raw), &h.notes); err != nil {
			h.notes = notes{}
		}
	}
	if anchors, err := files.Certificates(data[files.BundlePEM]); err == nil {
		h.anchors = anchors
	}
	all, err := files.Certificates(data[files.CertificatePEM])
	if err == nil && len(all) > 0 {
		h.leaf, h.chain = all[0], all[1:]
	} else if h.request = data[requestFile]; len(h.request) == 0 {
		return
	}
	if key, err := authority.ParseKey(data[files.KeyPEM]); err == nil {
		h.key = key
	}
}

// password of the stores in the Secret, "" for none yet.
func (h *held) password() string { return string(h.secret.Data[files.Password]) }

// facts are what rotation has to know of a Secret.
func (h *held) facts(p *certificatePass, z *zoneAuthority) rotation.Secret {
	out := rotation.Secret{Leaf: h.leafFacts(z)}
	if out.Leaf != nil && h.noted() {
		out.Before = h.notes.Before
	}
	for _, a := range h.anchors {
		out.Bundle = append(out.Bundle, h.trustedFacts(p, authority.Fingerprint(a))...)
	}
	return out
}

// noted says that the notes are about the leaf that is there.
func (h *held) noted() bool {
	return h.leaf != nil && h.notes.Fingerprint == authority.Fingerprint(h.leaf)
}

func (h *held) leafFacts(z *zoneAuthority) *rotation.Leaf {
	if h == nil || h.leaf == nil {
		return nil
	}
	out := &rotation.Leaf{
		Fingerprint: authority.Fingerprint(h.leaf), Serial: authority.Serial(h.leaf),
		NotBefore: h.leaf.NotBefore, NotAfter: h.leaf.NotAfter,
	}
	if z != nil {
		out.Authority = z.signer(h.leaf, h.chain...)
	}
	if h.noted() {
		out.Digest, out.Since, out.First = h.notes.Digest, h.notes.Since, h.notes.First
	}
	return out
}

// trustedFacts are why an authority is in the bundle: for each zone that it was put there for,
// or else the one whose it is.
func (h *held) trustedFacts(p *certificatePass, id string) []rotation.Trusted {
	var out []rotation.Trusted
	for _, n := range h.notes.Bundle {
		if n.ID == id {
			out = append(out, rotation.Trusted{ID: id, Zone: n.Zone, Since: n.Since, First: n.First})
		}
	}
	if len(out) > 0 {
		return out
	}
	for name, z := range p.authorities {
		if z.byID(id) != nil {
			return []rotation.Trusted{{ID: id, Zone: name}}
		}
	}
	return []rotation.Trusted{{ID: id}}
}

// annotate puts the notes on the Secret.
func (h *held) annotate() error {
	raw, err := json.Marshal(h.notes)
	if err != nil {
		return err
	}
	if h.secret.Annotations == nil {
		h.secret.Annotations = map[string]string{}
	}
	h.secret.Annotations[annotationNotes] = string(raw)
	return nil
}

// put writes a Secret with what it is to hold.
func (h *held) put(ctx context.Context, m apply.Material, own files.Own) error {
	data, err := own.Secret()
	if err != nil {
		return err
	}
	h.secret.Data = data
	if err := h.annotate(); err != nil {
		return err
	}
	h.leaf, h.chain, h.key, h.anchors, h.request = own.Leaf, own.Chain, own.Key, own.Anchors, nil
	return m.Put(ctx, h.secret)
}

// noteBundle notes since when each authority is trusted. What is new is since now.
func (h *held) noteBundle(bundle []rotation.Trusted, now time.Time) {
	h.notes.Bundle = nil
	for _, t := range bundle {
		if t.Since.IsZero() {
			t.Since = now
		}
		h.notes.Bundle = append(h.notes.Bundle, noteTrusted{ID: t.ID, Zone: t.Zone, Since: t.Since, First: t.First})
	}
}

// upToSecond is the next whole second: containers say only in which second they started.
func upToSecond(t time.Time) time.Time {
	if whole := t.Truncate(time.Second); !whole.Equal(t) {
		return whole.Add(time.Second)
	}
	return t
}

// anchorsOf finds the certificates of a bundle: among the authorities, or what stands already.
func (p *certificatePass) anchorsOf(bundle []rotation.Trusted, stands []*x509.Certificate) []*x509.Certificate {
	var out []*x509.Certificate
	for _, t := range bundle {
		if z := p.authorities[t.Zone]; z != nil {
			if g := z.byID(t.ID); g != nil {
				out = append(out, g.Anchor)
				continue
			}
		}
		i := slices.IndexFunc(stands, func(c *x509.Certificate) bool { return authority.Fingerprint(c) == t.ID })
		if i >= 0 {
			out = append(out, stands[i])
		}
	}
	return out
}
