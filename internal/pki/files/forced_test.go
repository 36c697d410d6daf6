// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package files_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zonewarden/zonewarden/internal/pki/files"
)

// TestOpenSSLHoldsTheConstraints: what Issue refuses is signed all the same, as by a stolen key,
// and openssl refuses it for the constraint and for nothing else.
func TestOpenSSLHoldsTheConstraints(t *testing.T) {
	t.Parallel()
	s := newSite(t, kinds[0], false)
	dir := written(t, map[string][]byte{"ca.crt": files.PEM(s.zone.Anchor), "root.crt": files.PEM(s.root.Certificate), "issued.crt": files.PEM(s.zone.Issued)})
	named := func(cn string) pkix.Name { return pkix.Name{CommonName: cn} }
	for name, test := range map[string]struct {
		certificate x509.Certificate
		good        bool
	}{
		"what is permitted":         {x509.Certificate{Subject: named("server"), DNSNames: []string{"a.cell-1.svc"}, IPAddresses: []net.IP{{10, 20, 0, 7}}}, true},
		"a name of another zone":    {x509.Certificate{Subject: named("server"), DNSNames: []string{"a.cell-1.svc", "a.cell-2.svc"}}, false},
		"a name that ends alike":    {x509.Certificate{Subject: named("server"), DNSNames: []string{"xcell-1.svc"}}, false},
		"another network":           {x509.Certificate{Subject: named("server"), IPAddresses: []net.IP{{10, 21, 0, 7}}}, false},
		"another family":            {x509.Certificate{Subject: named("server"), IPAddresses: []net.IP{net.ParseIP("fd00::1")}}, false},
		"mail":                      {x509.Certificate{Subject: named("server"), EmailAddresses: []string{"root@plant.example"}}, false},
		"a common name like a host": {x509.Certificate{Subject: named("plc.vendor.example")}, false},
		"one like an address":       {x509.Certificate{Subject: named("10.21.0.7")}, false},
		"one beside names":          {x509.Certificate{Subject: named("plc.vendor.example"), DNSNames: []string{"a.cell-1.svc"}}, true},
		"one that is no host's":     {x509.Certificate{Subject: named("Line 3.Server")}, true},
		// crypto/x509 does not take this one: see authority's tests.
		"an urn:": {x509.Certificate{Subject: named("server"), URIs: []*url.URL{{Scheme: "urn", Opaque: "a:b"}}}, true},
	} {
		c := &test.certificate
		c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(2), now.Add(-day), now.Add(day)
		raw, err := x509.CreateCertificate(rand.Reader, c, s.zone.Anchor, key(t, kinds[0], "leaf").Public(), s.zone.Key.Signer())
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "forced.crt"), files.PEM(leaf), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, how := range [][]string{{"-CAfile", "ca.crt"}, {"-CAfile", "ca.crt", "-partial_chain"}, {"-CAfile", "root.crt", "-untrusted", "issued.crt"}} {
			out, err := openssl(t, dir, append(append([]string{"verify", "-no-CApath"}, how...), "forced.crt")...)
			if (err == nil) != test.good || err != nil && !strings.Contains(out, "subtree violation") {
				t.Errorf("%s, %v: %v\n%s", name, how, err, out)
			}
		}
	}
}

// TestListIsOfItsAuthority: openssl says by whose key a list is, and an edited one is nobody's.
func TestListIsOfItsAuthority(t *testing.T) {
	t.Parallel()
	s, other := newSite(t, kinds[0], false), newSite(t, kinds[1], false)
	raw, err := s.zone.RevocationList(7, now)
	if err != nil {
		t.Fatal(err)
	}
	edited := bytes.Clone(raw)
	edited[len(edited)-1] ^= 1
	dir := written(t, map[string][]byte{
		"ca.crt": files.PEM(s.zone.Anchor), "other.crt": files.PEM(other.zone.Anchor), "zone.crl": raw, "edited.crl": edited,
	})
	for _, test := range []struct {
		list, by string
		good     bool
	}{{"zone.crl", "ca.crt", true}, {"edited.crl", "ca.crt", false}, {"zone.crl", "other.crt", false}} {
		// Its exit status is 0 for a list that does not verify, before OpenSSL 3.2 at least.
		out, _ := openssl(t, dir, "crl", "-inform", "DER", "-in", test.list, "-noout", "-CAfile", test.by, "-no-CApath")
		if strings.Contains(out, "verify OK") != test.good {
			t.Errorf("%s by %s: %s", test.list, test.by, out)
		}
	}
	text := mustOpenSSL(t, dir, "crl", "-inform", "DER", "-in", "zone.crl", "-noout", "-text")
	contains(t, text, "X509v3 CRL Number", "No Revoked Certificates", "Authority Key Identifier")
}
