// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"fmt"
	"time"

	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// signingIssuer signs what it is asked, by an authority of its own that it replaces when it likes.
type signingIssuer struct {
	authority string
	ends      time.Time
	// answers are signed, and wait until their authority may be used.
	answers map[int]*rotation.Leaf
}

// sign makes what people, or issuers, are asked to.
func (w *world) sign() {
	for _, z := range w.zones {
		a, asked := w.unsigned[z.Name]
		if !asked {
			continue
		}
		delete(w.unsigned, z.Name)
		if a.Signer != rotation.People {
			w.learn(z, a.Signer)
			continue
		}
		a.Until = w.now.Add(40 * days)
		w.makeAuthority(z, a)
	}
	for i, p := range w.plants {
		is, asked := w.unsignedLeaf[i]
		if !asked {
			continue
		}
		delete(w.unsignedLeaf, i)
		if is.Signer == rotation.People {
			w.signByHand(p, is)
			continue
		}
		w.learn(w.zone(p.Zone), is.Signer)
		is.Authority = w.issuer.authority
		// It gives less than it is asked for now and then.
		if is.Until = w.now.Add(time.Duration(w.draw("days", 2, 8)) * days); is.Until.After(w.issuer.ends) {
			is.Until = w.issuer.ends
		}
		if w.issuer.answers == nil {
			w.issuer.answers = map[int]*rotation.Leaf{}
		}
		w.issuer.answers[i] = w.newLeaf(is)
	}
}

func (w *world) signByHand(p *plant, is rotation.Issue) {
	for _, a := range w.zone(p.Zone).Authorities {
		if a.ID == is.Authority && w.now.Before(a.NotAfter) {
			if is.Until = w.now.Add(8 * days); is.Until.After(a.NotAfter) {
				is.Until = a.NotAfter
			}
			p.Next = w.newLeaf(is)
		}
	}
}

// learn is what is known of an issuer's authority from what it signed. It counts as long as
// the zone is to be signed for by it.
func (w *world) learn(z *rotation.Zone, signer rotation.Signer) {
	if !w.now.Add(9 * days).Before(w.issuer.ends) {
		w.serial++
		w.issuer.authority, w.issuer.ends = fmt.Sprintf("i-%d", w.serial), w.now.Add(40*days)
	}
	if z.Signer != signer {
		return
	}
	var n int64 = 1
	for _, a := range z.Authorities {
		if a.ID == w.issuer.authority {
			return
		}
		n = max(n, a.Generation+1)
	}
	w.log = append(w.log, w.now.Format(time.DateTime)+" learned "+w.issuer.authority)
	z.Authorities = append(z.Authorities, rotation.Authority{
		ID: w.issuer.authority, Generation: n, Signer: signer, NotBefore: w.now.Add(-time.Hour), NotAfter: w.issuer.ends,
	})
}

// take puts an issuer's answer beside what stands.
func (w *world) take(i int, p *plant) {
	leaf := w.issuer.answers[i]
	delete(w.issuer.answers, i)
	leaf.Since = w.now
	p.Next = leaf
}
