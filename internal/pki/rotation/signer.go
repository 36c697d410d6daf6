// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation

import "time"

// Signer says who signs for a zone: the operator, people whose key is not here, or an issuer
// of cert-manager, which is any other value.
//
// What is not signed here is asked for and comes when it comes, with a life that the signer
// chose. An issuer's authority is not made either: it comes with what the issuer signs.
type Signer string

// The signers that are no issuer.
const (
	Here   Signer = ""
	People Signer = "People"
)

func (s Signer) isIssuer() bool { return s != Here && s != People }

// awaitSigner says for whose signature a certificate waits.
func (c *cert) awaitSigner(by *Authority) {
	switch {
	case by.Signer == People:
		c.hold(wait{reason: ReasonAwaitsSignature, message: words(by.ID, c.Signing)})
	case by.Signer.isIssuer():
		c.hold(wait{reason: ReasonAwaitsIssuer, message: words(string(by.Signer), c.Signing)})
	}
}

// asksIssuerAgain is how long an answer of an issuer's that helps nothing stands: what ends
// no later than what there is. An issuer that lives as long is asked no more often.
const asksIssuerAgain = time.Hour

// answered says that an issuer has answered so lately that it would answer the same.
func (m *matter) answered(c *cert) bool {
	n := c.Next
	if n == nil || !c.zone.current.Signer.isIssuer() || n.Authority != c.zone.current.ID ||
		n.Digest != c.Digest || n.Fingerprint == c.Asked || !m.now.Before(n.NotAfter) {
		return false
	}
	m.at(n.Since.Add(asksIssuerAgain))
	return m.now.Before(n.Since.Add(asksIssuerAgain))
}

// dueAt is when a leaf is to be replaced. What somebody else signed may live shorter than
// was asked for: it is not replaced in the first half of its life, or one would follow the
// other without end.
func (m *matter) dueAt(c *cert, leaf *Leaf) time.Time {
	due := leaf.NotAfter.Add(-c.renew)
	if c.zone == nil || c.zone.current == nil || c.zone.current.Signer == Here {
		return due
	}
	return later(leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore)/2), due)
}
