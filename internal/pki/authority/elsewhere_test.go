// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package authority_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/pki/authority"
)

// TestAccept judges what others signed.
func TestAccept(t *testing.T) {
	t.Parallel()
	r := root(t)
	a, other := zone(t, r, "cell-1", p256), zone(t, r, "cell-2", p256)
	k := key(t, p256)
	req := request(k, v1alpha1.ProfileTLSPeer)
	good, err := a.Issue(req, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Accept(good, req, now); err != nil {
		t.Errorf("what was asked for: %v", err)
	}
	site := authority.Authority{Anchor: r.Certificate}
	if err := site.Accept(good, req, now); err == nil {
		t.Error("nobody between")
	}
	if err := site.Accept(good, req, now, a.Issued); err != nil {
		t.Errorf("by who is between: %v", err)
	}
	if err := other.Accept(good, req, now, a.Issued); err == nil {
		t.Error("of another authority")
	}
	if err := a.Accept(a.Anchor, req, now); err == nil {
		t.Error("an authority")
	}
	for name, change := range map[string]func(*authority.Request){
		"another key":         func(r *authority.Request) { r.Public = key(t, p256).Public() },
		"another common name": func(r *authority.Request) { r.CommonName = "server" },
		"one more name":       func(r *authority.Request) { r.DNSNames = append(r.DNSNames, "b.cell-1.svc") },
		"another profile":     func(r *authority.Request) { r.Profile = v1alpha1.ProfileTLSClient },
		"lives longer":        func(r *authority.Request) { r.NotAfter = r.NotAfter.Add(30 * day) },
		"a URI":               func(r *authority.Request) { r.URIs = []string{"spiffe://site/cell-1"} },
	} {
		wrong := req
		wrong.DNSNames = slices.Clone(req.DNSNames)
		change(&wrong)
		leaf, err := a.Issue(wrong, now)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Accept(leaf, req, now); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestAdopt judges what others made an authority of.
func TestAdopt(t *testing.T) {
	t.Parallel()
	r := root(t)
	a := zone(t, r, "cell-1", p256)
	if _, err := authority.Adopt(a.Anchor); err != nil {
		t.Errorf("one as we make it: %v", err)
	}
	made := func(change func(*x509.Certificate)) *x509.Certificate {
		k := key(t, p256)
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "cell-1"}, NotBefore: now, NotAfter: now.Add(day),
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}
		change(template)
		raw, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k.Signer())
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(raw)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for name, c := range map[string]*x509.Certificate{
		"it is not signed by itself": a.Issued,
		"it is no authority":         made(func(c *x509.Certificate) { c.IsCA = false }),
		"it may not sign":            made(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }),
		"critical extension": made(func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}),
	} {
		if _, err := authority.Adopt(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if one, err := authority.Adopt(made(func(*x509.Certificate) {})); err != nil || one.ForOPCUA() {
		t.Errorf("of an elliptic key, for OPC UA: %t, %v", one.ForOPCUA(), err)
	}
}

// TestMaySignFor: constraints may be wider than what is asked for, and never narrower.
func TestMaySignFor(t *testing.T) {
	t.Parallel()
	a := authority.Authority{Anchor: &x509.Certificate{
		PermittedDNSDomains: []string{"cell-1.svc", ".plant.example"}, ExcludedDNSDomains: []string{"secret.plant.example"},
		PermittedIPRanges: asNets(t, "10.1.0.0/16", "fd00::/64"),
	}}
	for name, want := range map[string]bool{
		"cell-1.svc": true, "a.cell-1.svc": true, "svc": false, "xcell-1.svc": false,
		"plant.example":   false, // a part of it is excluded
		"b.plant.example": true, "secret.plant.example": false, "x.secret.plant.example": false,
	} {
		if got := a.MaySignFor(name); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
	for network, want := range map[string]bool{
		"10.1.0.0/16": true, "10.1.2.0/24": true, "10.0.0.0/8": false, "10.2.0.0/24": false, "fd00::/64": true, "fd00::1/128": true, "fd00::/48": false,
	} {
		if got := a.MaySignWithin(netip.MustParsePrefix(network)); got != want {
			t.Errorf("%s: %t", network, got)
		}
	}
}

func asNets(t *testing.T, networks ...string) []*net.IPNet {
	t.Helper()
	var out []*net.IPNet
	for _, text := range networks {
		_, n, err := net.ParseCIDR(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

// TestRequestsAskForAll: who signs has only to copy.
func TestRequestsAskForAll(t *testing.T) {
	t.Parallel()
	for _, profile := range profiles {
		a, kind := zone(t, root(t), "cell-1", p256), p256
		if profile == v1alpha1.ProfileOPCUA {
			a, kind = opcua(t, root(t), "cell-1"), rsa2048
		}
		k := key(t, kind)
		req := request(k, profile)
		raw, err := req.PEM(k)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(raw)
		parsed, err := x509.ParseCertificateRequest(block.Bytes)
		if err != nil || parsed.CheckSignature() != nil {
			t.Fatalf("%s: %v, %v", profile, err, parsed.CheckSignature())
		}
		copied := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: parsed.Subject, NotBefore: now, NotAfter: now.Add(day), ExtraExtensions: parsed.Extensions,
		}
		signed, err := x509.CreateCertificate(rand.Reader, copied, a.Anchor, parsed.PublicKey, a.Key.Signer())
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(signed)
		if err != nil {
			t.Fatal(err)
		}
		req.NotAfter = now.Add(day)
		if err := a.Accept(leaf, req, now); err != nil {
			t.Errorf("%s: %v", profile, err)
		}
	}
	want := []string{"digital signature", "key encipherment", "content commitment", "data encipherment", "server auth", "client auth"}
	if diff := cmp.Diff(want, authority.Usages(v1alpha1.ProfileOPCUA)); diff != "" {
		t.Errorf("in cert-manager's words (-want +have)\n%s", diff)
	}
}
