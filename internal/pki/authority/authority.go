// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"time"
)

// BackDated is how long before now a certificate begins: a device whose clock is behind
// would refuse one that begins now.
const BackDated = time.Hour

// Root is the site's own authority. It signs authorities and nothing else.
type Root struct {
	Certificate *x509.Certificate
	Key         Key
}

// Authority is one generation of a zone's authority.
type Authority struct {
	// Anchor is signed by itself, Issued by the site's root. Issued is nil where somebody else
	// made the authority.
	Anchor, Issued *x509.Certificate
	// Key is empty where somebody else keeps it.
	Key Key
}

// Constraints are the names that an authority may sign for.
type Constraints struct {
	// OPCUA is an authority for OPC UA and nothing else, which has no constraints: under any
	// at all crypto/x509 refuses every certificate with an urn:, which an ApplicationUri is, and
	// a device that knows no constraints refuses an authority that has them (RFC 5280, 4.2).
	OPCUA bool
	// Suffixes of DNS names, each for itself and all that ends in it.
	Suffixes []string
	// Networks of addresses. None: no address.
	Networks []netip.Prefix
}

// Generation is the short name by which two generations of a zone differ. It is of the key, so
// both forms have the same.
func (a Authority) Generation() string { return generation(a.Anchor.PublicKey) }

func generation(public crypto.PublicKey) string {
	id := keyID(public)
	if len(id) < 4 {
		return ""
	}
	return hex.EncodeToString(id[:4])
}

// ID is the fingerprint of the anchor, by which bundles and leaves name an authority.
func (a Authority) ID() string { return Fingerprint(a.Anchor) }

// Fingerprint is SHA-256 over a certificate, in hexadecimal digits.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// Serial is a certificate's serial number in hexadecimal digits.
func Serial(c *x509.Certificate) string { return hex.EncodeToString(c.SerialNumber.Bytes()) }

// NewRoot makes the root of a site.
func NewRoot(site string, key Key, now, until time.Time) (Root, error) {
	template, err := authorityTemplate(pkix.Name{Organization: []string{site}, CommonName: site + " root"}, key, now, until)
	if err != nil {
		return Root{}, fmt.Errorf("making the root: %w", err)
	}
	template.MaxPathLen = 1
	c, err := sign(template, template, key.Public(), key)
	if err != nil {
		return Root{}, fmt.Errorf("making the root: %w", err)
	}
	return Root{Certificate: c, Key: key}, nil
}

// New makes a generation of a zone's authority.
func (r Root) New(site, zone string, key Key, allowed Constraints, now, until time.Time) (Authority, error) {
	if until.After(r.Certificate.NotAfter) {
		until = r.Certificate.NotAfter
	}
	name := pkix.Name{Organization: []string{site}, OrganizationalUnit: []string{zone}, CommonName: zone + " " + generation(key.Public())}
	if allowed.OPCUA {
		name.CommonName = zone + " OPC UA " + generation(key.Public())
	}
	template, err := authorityTemplate(name, key, now, until)
	if err != nil {
		return Authority{}, fmt.Errorf("making the authority of zone %s: %w", zone, err)
	}
	if err := allowed.suits(key); err != nil {
		return Authority{}, fmt.Errorf("making the authority of zone %s: %w", zone, err)
	}
	template.MaxPathLenZero = true
	if !allowed.OPCUA {
		constrain(template, allowed)
	}
	anchor, err := sign(template, template, key.Public(), key)
	if err != nil {
		return Authority{}, fmt.Errorf("making the authority of zone %s: %w", zone, err)
	}
	if template.SerialNumber, err = serial(); err != nil {
		return Authority{}, err
	}
	issued, err := sign(template, r.Certificate, key.Public(), r.Key)
	if err != nil {
		return Authority{}, fmt.Errorf("signing the authority of zone %s: %w", zone, err)
	}
	return Authority{Anchor: anchor, Issued: issued, Key: key}, nil
}

// suits says what is wrong with an authority of these constraints and this key.
func (c Constraints) suits(key Key) error {
	_, isRSA := key.Public().(*rsa.PublicKey)
	switch {
	case c.OPCUA && !isRSA:
		return errors.New("the security policies of OPC UA ask for an RSA key")
	case !c.OPCUA && len(c.Suffixes) == 0:
		return errors.New("it may sign for no name, which a certificate cannot say")
	}
	return nil
}

func authorityTemplate(name pkix.Name, key Key, now, until time.Time) (*x509.Certificate, error) {
	if key.Public() == nil {
		return nil, errors.New("there is no key")
	}
	number, err := serial()
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: number, Subject: name,
		NotBefore: now.Add(-BackDated), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage:     x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		SubjectKeyId: keyID(key.Public()),
	}, nil
}

// noHost never exists (RFC 6761, 6.4).
const noHost = "invalid"

// constrain puts the names into a certificate. A form of name that no constraint is about is
// free, so without a network all addresses are excluded, and mail is permitted to a host that
// never exists: no excluded name means every mailbox. URIs stay free, because of what Constraints
// says about them, and mean nothing to who connects to a server.
func constrain(c *x509.Certificate, allowed Constraints) {
	c.PermittedDNSDomainsCritical = true
	c.PermittedDNSDomains = allowed.Suffixes
	c.PermittedEmailAddresses = []string{noHost}
	for _, n := range allowed.Networks {
		c.PermittedIPRanges = append(c.PermittedIPRanges, asNet(n))
	}
	if len(allowed.Networks) == 0 {
		c.ExcludedIPRanges = []*net.IPNet{asNet(netip.MustParsePrefix("0.0.0.0/0")), asNet(netip.MustParsePrefix("::/0"))}
	}
}

func asNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Masked().Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// keyID is the first 160 bits of SHA-256 over the public key (RFC 7093, 2, method 1).
func keyID(public crypto.PublicKey) []byte {
	raw, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(raw)
	return sum[:20]
}

// serial is a positive number of 127 bits by chance, the highest one set: never shorter, so
// that nobody has to wonder about zeros in front.
func serial() (*big.Int, error) {
	raw := make([]byte, 16)
	if _, err := rand.Read(raw); err != nil { //nolint:forbidigo // a serial number is chance
		return nil, fmt.Errorf("making a serial number: %w", err)
	}
	raw[0] = raw[0]&0x3f | 0x40
	return new(big.Int).SetBytes(raw), nil
}

func sign(template, parent *x509.Certificate, public crypto.PublicKey, key Key) (*x509.Certificate, error) {
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, public, key.signer) //nolint:forbidigo // signatures may want chance
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(raw)
}

// SignedBy says whether this authority signed a certificate, or one of those between.
func (a Authority) SignedBy(c *x509.Certificate, between ...*x509.Certificate) bool {
	for {
		if bytes.Equal(c.RawIssuer, a.Anchor.RawSubject) && c.CheckSignatureFrom(a.Anchor) == nil {
			return true
		}
		i := slices.IndexFunc(between, func(b *x509.Certificate) bool {
			return bytes.Equal(c.RawIssuer, b.RawSubject) && c.CheckSignatureFrom(b) == nil
		})
		if i < 0 {
			return false
		}
		c, between = between[i], slices.Delete(slices.Clone(between), i, i+1)
	}
}

// RevocationList is a list that revokes nothing and is good for as long as the authority is:
// OPC UA refuses an authority without a list, and one whose list ran out.
func (a Authority) RevocationList(number int64, now time.Time) ([]byte, error) {
	if a.Key.signer == nil {
		return nil, errors.New("making a revocation list: the authority's key is not here")
	}
	raw, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{ //nolint:forbidigo // signatures may want chance
		Number: big.NewInt(number), ThisUpdate: now.Add(-BackDated), NextUpdate: a.Anchor.NotAfter,
	}, a.Anchor, a.Key.signer)
	if err != nil {
		return nil, fmt.Errorf("making a revocation list: %w", err)
	}
	return raw, nil
}

// RevocationList of the root, as an authority's.
func (r Root) RevocationList(number int64, now time.Time) ([]byte, error) {
	return Authority{Anchor: r.Certificate, Key: r.Key}.RevocationList(number, now)
}
