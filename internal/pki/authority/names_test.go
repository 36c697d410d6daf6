// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package authority_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/pki/authority"
)

// TestPermitsNamesTheField, and what it permits is issued.
func TestPermitsNamesTheField(t *testing.T) {
	t.Parallel()
	a := zone(t, root(t), "cell-1", p256, "10.20.0.0/24")
	k := key(t, p256)
	type change = func(*authority.Request)
	for name, test := range map[string]struct {
		change change
		want   []string
	}{
		"what is the zone's":         {func(r *authority.Request) { r.DNSNames = []string{"a.cell-1", "*.cell-1.svc", "CELL-1.svc"} }, nil},
		"an address":                 {func(r *authority.Request) { r.IPAddresses = []string{"10.20.0.255", "::ffff:10.20.0.1"} }, nil},
		"a URI with a host":          {func(r *authority.Request) { r.URIs = []string{"spiffe://site/cell-1"} }, nil},
		"the second name":            {func(r *authority.Request) { r.DNSNames = append(r.DNSNames, "a.cell-2.svc") }, []string{"dnsNames[1]"}},
		"what ends alike":            {func(r *authority.Request) { r.DNSNames = []string{"xcell-1.svc"} }, []string{"dnsNames[0]"}},
		"all of what is above":       {func(r *authority.Request) { r.DNSNames = []string{"*.svc"} }, []string{"dnsNames[0]"}},
		"another network":            {func(r *authority.Request) { r.IPAddresses = []string{"10.20.0.1", "10.20.1.0"} }, []string{"ipAddresses[1]"}},
		"another family":             {func(r *authority.Request) { r.IPAddresses = []string{"fd00::1"} }, []string{"ipAddresses[0]"}},
		"an urn":                     {func(r *authority.Request) { r.URIs = []string{uri} }, []string{"uris[0]"}},
		"a URI with an address":      {func(r *authority.Request) { r.URIs = []string{"https://10.20.0.1/"} }, []string{"uris[0]"}},
		"a common name like a host":  {func(r *authority.Request) { r.DNSNames, r.CommonName = nil, "plc.vendor.example" }, []string{"commonName"}},
		"one of the zone":            {func(r *authority.Request) { r.DNSNames, r.CommonName = nil, "plc.cell-1.svc" }, nil},
		"one that nobody looks at":   {func(r *authority.Request) { r.CommonName = "plc.vendor.example" }, nil},
		"one that is no host's name": {func(r *authority.Request) { r.DNSNames, r.CommonName = nil, "Line 3.Server" }, nil},
		"three things": {func(r *authority.Request) {
			r.DNSNames, r.IPAddresses, r.URIs = []string{"a.cell-2"}, []string{"10.21.0.1"}, []string{uri}
		}, []string{"dnsNames[0]", "ipAddresses[0]", "uris[0]"}},
	} {
		r := request(k, v1alpha1.ProfileTLSPeer)
		test.change(&r)
		var fields []string
		for _, err := range a.Permits(r) {
			field, _, _ := strings.Cut(err.Error(), ":")
			fields = append(fields, field)
		}
		if !slices.Equal(fields, test.want) {
			t.Errorf("%s: %v, want %v", name, fields, test.want)
		}
		_, err := a.Issue(r, now)
		if (err == nil) != (len(test.want) == 0) {
			t.Errorf("%s: issuing: %v", name, err)
		}
		for _, field := range test.want {
			if err != nil && !strings.Contains(err.Error(), field+": ") {
				t.Errorf("%s: the error does not name %s: %v", name, field, err)
			}
		}
	}
}

// TestForcedBeyondConstraints signs what Issue refuses. Whoever trusts the anchor refuses it.
// The last one is why OPC UA has an authority of its own: were it accepted, one would do.
func TestForcedBeyondConstraints(t *testing.T) {
	t.Parallel()
	a := zone(t, root(t), "cell-1", p256)
	ua := opcua(t, root(t), "cell-1")
	urn, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*x509.Certificate{
		"a name":  {DNSNames: []string{"a.cell-2.svc"}},
		"v4":      {IPAddresses: []net.IP{{10, 20, 0, 1}}},
		"mail":    {EmailAddresses: []string{"root@plant.example"}},
		"an urn:": {URIs: []*url.URL{urn}},
	} {
		c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(2), now.Add(-day), now.Add(day)
		for by, good := range map[*authority.Authority]bool{&a: false, &ua: true} {
			raw, err := x509.CreateCertificate(rand.Reader, c, by.Anchor, key(t, p256).Public(), by.Key.Signer())
			if err != nil {
				t.Fatal(err)
			}
			leaf, err := x509.ParseCertificate(raw)
			if err != nil {
				t.Fatal(err)
			}
			_, err = leaf.Verify(x509.VerifyOptions{Roots: pool(by.Anchor), CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
			if (err == nil) != good {
				t.Errorf("%s under %s: %v", name, by.Anchor.Subject.CommonName, err)
			}
		}
	}
}

// TestOPCUA: what its applications take for granted.
func TestOPCUA(t *testing.T) {
	t.Parallel()
	r := root(t)
	if _, err := r.New("ww-17", "cell-1", key(t, p256), authority.Constraints{OPCUA: true}, now, now.Add(day)); err == nil {
		t.Error("an authority for OPC UA whose key is not RSA")
	}
	a := opcua(t, r, "cell-1")
	req := request(key(t, rsa2048), v1alpha1.ProfileOPCUA)
	req.IPAddresses = []string{"10.20.0.5", "fd00::5"}
	leaf, err := a.Issue(req, now)
	if err != nil {
		t.Fatal(err)
	}
	onLink := req
	onLink.IPAddresses = []string{"fe80::1%eth0"}
	if _, err := a.Issue(onLink, now); err == nil || !strings.Contains(err.Error(), "ipAddresses[0]") {
		t.Errorf("an address on a link: %v", err)
	}
	if leaf.SignatureAlgorithm != x509.SHA256WithRSA {
		t.Errorf("signed by %s", leaf.SignatureAlgorithm)
	}
	if len(leaf.URIs) != 1 || leaf.URIs[0].String() != uri || !slices.Equal(leaf.DNSNames, req.DNSNames) || len(leaf.IPAddresses) != 2 {
		t.Errorf("it is for %v %v %v", leaf.URIs, leaf.DNSNames, leaf.IPAddresses)
	}
	at := func(what string) int { return bytes.Index(leaf.Raw, []byte(what)) }
	if at(uri) < 0 || at(uri) > at(req.DNSNames[0]) {
		t.Error("its ApplicationUri is not the first of its names")
	}
	for _, e := range leaf.Extensions {
		if e.Id.String() == "2.5.29.17" && e.Critical {
			t.Error("its names are critical although it has a subject")
		}
	}
}

// TestBothFormsBound: nothing outlives either form, and both are of one generation.
func TestBothFormsBound(t *testing.T) {
	t.Parallel()
	r := root(t)
	a, k := zone(t, r, "cell-1", p256), key(t, p256)
	short, err := r.New("ww-17", "cell-1", a.Key, authority.Constraints{Suffixes: []string{"cell-1.svc"}}, now, now.Add(30*day))
	if err != nil {
		t.Fatal(err)
	}
	for _, mixed := range []authority.Authority{
		{Anchor: a.Anchor, Issued: short.Issued, Key: a.Key}, {Anchor: short.Anchor, Issued: a.Issued, Key: a.Key},
	} {
		leaf, err := mixed.Issue(request(k, v1alpha1.ProfileTLSServer), now)
		if err != nil {
			t.Fatal(err)
		}
		if leaf.NotAfter.After(now.Add(30 * day)) {
			t.Errorf("it lives until %s", leaf.NotAfter)
		}
	}
	issued := authority.Authority{Anchor: a.Issued}
	if g := a.Generation(); len(g) != 8 || g != issued.Generation() || !strings.HasSuffix(a.Anchor.Subject.CommonName, " "+g) {
		t.Errorf("generation %q of %s", g, a.Anchor.Subject)
	}
	if again := zone(t, r, "cell-1", p256); again.Generation() == a.Generation() {
		t.Error("two keys are one generation")
	}
}
