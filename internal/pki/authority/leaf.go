// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
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
		if address.Zone() != "" {
			return nil, fmt.Errorf("ipAddresses[%d]: %q has a zone, which a certificate cannot say", i, text)
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
	if r.Profile != v1alpha1.ProfileOPCUA {
		return out, nil
	}
	out.SignatureAlgorithm = x509.SHA256WithRSA // what each of its security policies takes
	return out, uriFirst(out)
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
	if (r.Profile == v1alpha1.ProfileOPCUA) == a.Constrained() {
		return nil, fmt.Errorf("issuing: profile %s is not this authority's to sign", r.Profile)
	}
	if err := errors.Join(a.Permits(r)...); err != nil {
		return nil, fmt.Errorf("issuing: %w", err)
	}
	if template.SerialNumber, err = serial(); err != nil {
		return nil, err
	}
	for _, form := range []*x509.Certificate{a.Anchor, a.Issued} {
		if form != nil && template.NotAfter.After(form.NotAfter) {
			template.NotAfter = form.NotAfter
		}
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

// Constrained says that it may sign for some names only, which one of OPC UA does not.
func (a Authority) Constrained() bool { return len(a.Anchor.PermittedDNSDomains) > 0 }

func (a Authority) verify(leaf *x509.Certificate, now time.Time, between ...*x509.Certificate) error {
	roots, others := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(a.Anchor)
	for _, c := range between {
		others.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: others, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err
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
