// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// Authorities whose key is elsewhere: people have it, or an issuer of cert-manager. What they
// are, and what they sign, is judged here before it counts.

// Adopt judges an authority that somebody else made. It has to be signed by itself, because
// there are applications that end a chain in nothing else.
func Adopt(anchor *x509.Certificate) (Authority, error) {
	switch {
	case !anchor.BasicConstraintsValid || !anchor.IsCA:
		return Authority{}, errors.New("it is no authority (basicConstraints)")
	case anchor.KeyUsage&x509.KeyUsageCertSign == 0:
		return Authority{}, errors.New("it may not sign certificates (keyUsage)")
	case !strong(anchor.PublicKey):
		return Authority{}, errors.New("its key is neither RSA of 2048 bits and more nor ECDSA on P-256 or P-384")
	case len(anchor.UnhandledCriticalExtensions) > 0:
		return Authority{}, fmt.Errorf("it has a critical extension that is not known here: %s", anchor.UnhandledCriticalExtensions[0])
	case !bytes.Equal(anchor.RawSubject, anchor.RawIssuer) || anchor.CheckSignatureFrom(anchor) != nil:
		return Authority{}, errors.New("it is not signed by itself")
	}
	return Authority{Anchor: anchor}, nil
}

// ForOPCUA says that an authority is one that OPC UA takes: of RSA, and without constraints (see
// Constraints).
func (a Authority) ForOPCUA() bool {
	_, isRSA := a.Anchor.PublicKey.(*rsa.PublicKey)
	return isRSA && !a.Constrained()
}

// MaySignFor says that constraints allow a whole suffix of names.
func (a Authority) MaySignFor(suffix string) bool {
	under := func(domain string) bool {
		domain = strings.TrimPrefix(domain, ".")
		return suffix == domain || strings.HasSuffix(suffix, "."+domain)
	}
	meets := func(domain string) bool {
		return under(domain) || strings.HasSuffix(strings.TrimPrefix(domain, "."), "."+suffix)
	}
	return slices.ContainsFunc(a.Anchor.PermittedDNSDomains, under) && !slices.ContainsFunc(a.Anchor.ExcludedDNSDomains, meets)
}

// MaySignWithin says that constraints allow a whole network of addresses.
func (a Authority) MaySignWithin(network netip.Prefix) bool {
	whole := asNet(network)
	for _, n := range a.Anchor.PermittedIPRanges {
		ones, bits := n.Mask.Size()
		if bits == network.Addr().BitLen() && ones <= network.Bits() && n.Contains(whole.IP) {
			return true
		}
	}
	return false
}

// Accept judges a certificate that somebody else signed for a request. It has to say what was
// asked for and no more. between are the certificates from it to the authority.
func (a Authority) Accept(leaf *x509.Certificate, r Request, now time.Time, between ...*x509.Certificate) error {
	want, err := r.template(now)
	if err != nil {
		return err
	}
	if err := usable(leaf, want); err != nil {
		return err
	}
	asked, ok := r.Public.(interface{ Equal(crypto.PublicKey) bool })
	switch {
	case !ok || !asked.Equal(leaf.PublicKey):
		return errors.New("it is for another key")
	case leaf.Subject.CommonName != want.Subject.CommonName:
		return fmt.Errorf("its common name is %q and not %q", leaf.Subject.CommonName, want.Subject.CommonName)
	case !slices.Equal(namesOf(leaf), namesOf(want)):
		return fmt.Errorf("its names are %q and not %q", namesOf(leaf), namesOf(want))
	case leaf.NotAfter.After(r.NotAfter.Add(BackDated)):
		return fmt.Errorf("it lives until %s, and %s was asked for", leaf.NotAfter.UTC().Format(time.RFC3339), r.NotAfter.UTC().Format(time.RFC3339))
	case !a.SignedBy(leaf, between...):
		return errors.New("another authority signed it")
	}
	return a.verify(leaf, now, between...)
}

// usable says what is wrong with what a certificate may be used for.
func usable(leaf, want *x509.Certificate) error {
	switch {
	case leaf.IsCA:
		return errors.New("it is an authority")
	case leaf.KeyUsage&want.KeyUsage != want.KeyUsage:
		return errors.New("its key usages lack some of the profile's")
	case len(leaf.UnknownExtKeyUsage) > 0 || !slices.Equal(sorted(leaf.ExtKeyUsage), sorted(want.ExtKeyUsage)):
		return errors.New("its extended key usages are not those of the profile")
	}
	return nil
}

func sorted(in []x509.ExtKeyUsage) []x509.ExtKeyUsage { return slices.Sorted(slices.Values(in)) }

// namesOf are all that a certificate is for, sorted.
func namesOf(c *x509.Certificate) []string {
	out := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		out = append(out, "ip "+ip.String())
	}
	for _, u := range c.URIs {
		out = append(out, "uri "+u.String())
	}
	for _, e := range c.EmailAddresses {
		out = append(out, "email "+e)
	}
	slices.Sort(out)
	return out
}

// The extensions that a request asks for (RFC 5280, 4.2.1.3 and 4.2.1.12).
var (
	keyUsage         = asn1.ObjectIdentifier{2, 5, 29, 15}
	extendedKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
	extendedUsages   = map[x509.ExtKeyUsage]asn1.ObjectIdentifier{
		x509.ExtKeyUsageServerAuth: {1, 3, 6, 1, 5, 5, 7, 3, 1},
		x509.ExtKeyUsageClientAuth: {1, 3, 6, 1, 5, 5, 7, 3, 2},
	}
)

// PEM of a request to sign (PKCS#10), by the key that it is about. It asks for all that the
// certificate has to say, usages too: who signs has only to copy (openssl x509 -copy_extensions).
func (r Request) PEM(key Key) ([]byte, error) {
	template, err := r.template(time.Time{})
	if err != nil {
		return nil, fmt.Errorf("asking for a certificate: %w", err)
	}
	extensions, err := requested(template)
	if err != nil {
		return nil, fmt.Errorf("asking for a certificate: %w", err)
	}
	raw, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{ //nolint:forbidigo // signatures may want chance
		Subject: template.Subject, DNSNames: template.DNSNames, IPAddresses: template.IPAddresses, URIs: template.URIs,
		ExtraExtensions: extensions,
	}, key.signer)
	if err != nil {
		return nil, fmt.Errorf("asking for a certificate: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: raw}), nil
}

func requested(c *x509.Certificate) ([]pkix.Extension, error) {
	bits := asn1.BitString{Bytes: []byte{0}}
	for i := range 8 {
		if c.KeyUsage&(1<<i) != 0 {
			bits.Bytes[0] |= 1 << (7 - i)
			bits.BitLength = i + 1
		}
	}
	usage, err := asn1.Marshal(bits)
	if err != nil {
		return nil, err
	}
	var ids []asn1.ObjectIdentifier
	for _, u := range c.ExtKeyUsage {
		ids = append(ids, extendedUsages[u])
	}
	extended, err := asn1.Marshal(ids)
	if err != nil {
		return nil, err
	}
	// The names of OPC UA are in an order of their own, see uriFirst.
	return append([]pkix.Extension{{Id: keyUsage, Critical: true, Value: usage}, {Id: extendedKeyUsage, Value: extended}}, c.ExtraExtensions...), nil
}

// Usages of a profile in the words of cert-manager's API.
func Usages(p v1alpha1.CertificateProfile) []string {
	out := []string{"digital signature", "key encipherment"}
	if p == v1alpha1.ProfileOPCUA {
		out = append(out, "content commitment", "data encipherment")
	}
	if p != v1alpha1.ProfileTLSClient {
		out = append(out, "server auth")
	}
	if p != v1alpha1.ProfileTLSServer {
		out = append(out, "client auth")
	}
	return out
}
