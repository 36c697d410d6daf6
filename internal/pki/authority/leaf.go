// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// Request is what a certificate is to say.
type Request struct {
	Profile     v1alpha1.CertificateProfile
	CommonName  string
	DNSNames    []string
	IPAddresses []string
	URIs        []string
	Public      crypto.PublicKey
	// NotAfter bounds it. It never outlives its authority.
	NotAfter time.Time
}

// usages of a profile. Those of OPC UA are what OPC 10000-6, 6.2.2 asks of an application
// instance certificate.
func usages(p v1alpha1.CertificateProfile) (x509.KeyUsage, []x509.ExtKeyUsage, error) {
	tls := x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	server, client := x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth
	switch p {
	case v1alpha1.ProfileTLSServer:
		return tls, []x509.ExtKeyUsage{server}, nil
	case v1alpha1.ProfileTLSClient:
		return tls, []x509.ExtKeyUsage{client}, nil
	case v1alpha1.ProfileTLSPeer:
		return tls, []x509.ExtKeyUsage{server, client}, nil
	case v1alpha1.ProfileOPCUA:
		return tls | x509.KeyUsageContentCommitment | x509.KeyUsageDataEncipherment, []x509.ExtKeyUsage{server, client}, nil
	}
	return 0, nil, fmt.Errorf("profile: unknown %q", p)
}

// Usages in the words of cert-manager's API.
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

// template is the certificate without its authority's part.
func (r Request) template(now time.Time) (*x509.Certificate, error) {
	usage, extended, err := usages(r.Profile)
	if err != nil {
		return nil, err
	}
	if !strong(r.Public) {
		return nil, errors.New("key: neither RSA of 2048 bits and more nor ECDSA on P-256 or P-384")
	}
	out := &x509.Certificate{
		Subject: pkix.Name{CommonName: r.CommonName}, DNSNames: r.DNSNames,
		NotBefore: now.Add(-BackDated), NotAfter: r.NotAfter,
		KeyUsage: usage, ExtKeyUsage: extended, BasicConstraintsValid: true,
		SubjectKeyId: keyID(r.Public),
	}
	for i, text := range r.IPAddresses {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("ipAddresses[%d]: %w", i, err)
		}
		out.IPAddresses = append(out.IPAddresses, net.IP(address.Unmap().AsSlice()))
	}
	for i, text := range r.URIs {
		uri, err := url.Parse(text)
		if err != nil || !uri.IsAbs() || uri.String() != text {
			return nil, fmt.Errorf("uris[%d]: %q would not be the same in a certificate", i, text)
		}
		out.URIs = append(out.URIs, uri)
	}
	return out, nil
}

// Issue signs a certificate.
func (a Authority) Issue(r Request, now time.Time) (*x509.Certificate, error) {
	if a.Key.signer == nil {
		return nil, errors.New("issuing: the authority's key is not here")
	}
	template, err := r.template(now)
	if err != nil {
		return nil, fmt.Errorf("issuing: %w", err)
	}
	if (r.Profile == v1alpha1.ProfileOPCUA) == a.constrained() {
		return nil, fmt.Errorf("issuing: profile %s is not this authority's to sign", r.Profile)
	}
	if template.SerialNumber, err = serial(); err != nil {
		return nil, err
	}
	if template.NotAfter.After(a.Anchor.NotAfter) {
		template.NotAfter = a.Anchor.NotAfter
	}
	leaf, err := sign(template, a.Anchor, r.Public, a.Key)
	if err != nil {
		return nil, fmt.Errorf("issuing: %w", err)
	}
	// The last look at what goes out: names beyond the constraints do not verify.
	if err := a.verify(leaf, now); err != nil {
		return nil, fmt.Errorf("issuing: %w", err)
	}
	return leaf, nil
}

// constrained says that it is not one of OPC UA.
func (a Authority) constrained() bool { return len(a.Anchor.PermittedDNSDomains) > 0 }

func (a Authority) verify(leaf *x509.Certificate, now time.Time) error {
	roots := x509.NewCertPool()
	roots.AddCert(a.Anchor)
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err
}

// Accept judges a certificate that somebody else signed for a request: an authority whose key
// is not here, or an issuer of cert-manager. It has to say what was asked for and no more.
func (a Authority) Accept(leaf *x509.Certificate, r Request, now time.Time) error {
	want, err := r.template(now)
	if err != nil {
		return err
	}
	asked, ok := r.Public.(interface{ Equal(crypto.PublicKey) bool })
	switch {
	case !ok || !asked.Equal(leaf.PublicKey):
		return errors.New("it is for another key")
	case leaf.IsCA:
		return errors.New("it is an authority")
	case !sameNames(leaf, want):
		return errors.New("its names are not those that are asked for")
	case leaf.NotAfter.After(r.NotAfter.Add(BackDated)):
		return errors.New("it lives longer than was asked for")
	case !slices.Equal(sorted(leaf.ExtKeyUsage), sorted(want.ExtKeyUsage)):
		return errors.New("its extended key usages are not those of the profile")
	}
	return a.verify(leaf, now)
}

func sorted(in []x509.ExtKeyUsage) []x509.ExtKeyUsage {
	out := slices.Clone(in)
	slices.Sort(out)
	return out
}

func sameNames(a, b *x509.Certificate) bool {
	return slices.Equal(names(a), names(b))
}

// names are all that a certificate is for, sorted.
func names(c *x509.Certificate) []string {
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

// PEM of a request to sign (PKCS#10), by the key that it is about.
func (r Request) PEM(key Key) ([]byte, error) {
	template, err := r.template(time.Time{})
	if err != nil {
		return nil, fmt.Errorf("asking for a certificate: %w", err)
	}
	raw, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{ //nolint:forbidigo // signatures may want chance
		Subject: template.Subject, DNSNames: template.DNSNames, IPAddresses: template.IPAddresses, URIs: template.URIs,
	}, key.signer)
	if err != nil {
		return nil, fmt.Errorf("asking for a certificate: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: raw}), nil
}

// PublicOf is the key of an application's request, whose signature proves that the application
// has the private one. Nothing else of the request counts.
func PublicOf(request []byte) (crypto.PublicKey, error) {
	block, _ := pem.Decode(request)
	if block == nil || block.Type != "CERTIFICATE REQUEST" && block.Type != "NEW CERTIFICATE REQUEST" {
		return nil, errors.New("it is no request in PEM (PKCS#10)")
	}
	parsed, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("parsing the request: %w", err)
	}
	if err := parsed.CheckSignature(); err != nil {
		return nil, fmt.Errorf("checking that the request has the key: %w", err)
	}
	if !strong(parsed.PublicKey) {
		return nil, errors.New("its key is neither RSA of 2048 bits and more nor ECDSA on P-256 or P-384")
	}
	return parsed.PublicKey, nil
}
