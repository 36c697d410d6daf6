// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package authority_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/pki/authority"
)

var now = time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)

const (
	day = 24 * time.Hour
	uri = "urn:waterworks:filtration:opcua"
)

var (
	p256    = v1alpha1.KeyKind{Algorithm: v1alpha1.KeyECDSA, Size: 256}
	p384    = v1alpha1.KeyKind{Algorithm: v1alpha1.KeyECDSA, Size: 384}
	rsa2048 = v1alpha1.KeyKind{Algorithm: v1alpha1.KeyRSA, Size: 2048}
	rsa3072 = v1alpha1.KeyKind{Algorithm: v1alpha1.KeyRSA, Size: 3072}
)

func key(t *testing.T, kind v1alpha1.KeyKind) authority.Key {
	t.Helper()
	k, err := authority.NewKey(kind)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func root(t *testing.T) authority.Root {
	t.Helper()
	r, err := authority.NewRoot("ww-17", key(t, p256), now, now.Add(7300*day))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func zone(t *testing.T, r authority.Root, name string, kind v1alpha1.KeyKind, networks ...string) authority.Authority {
	t.Helper()
	allowed := authority.Constraints{Suffixes: []string{name, name + ".svc"}}
	for _, n := range networks {
		allowed.Networks = append(allowed.Networks, netip.MustParsePrefix(n))
	}
	a, err := r.New("ww-17", name, key(t, kind), allowed, now, now.Add(1825*day))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func opcua(t *testing.T, r authority.Root, name string) authority.Authority {
	t.Helper()
	a, err := r.New("ww-17", name, key(t, rsa2048), authority.Constraints{OPCUA: true}, now, now.Add(1825*day))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func request(k authority.Key, profile v1alpha1.CertificateProfile) authority.Request {
	r := authority.Request{
		Profile: profile, CommonName: "historian", DNSNames: []string{"historian.cell-1.svc"},
		Public: k.Public(), NotAfter: now.Add(400 * day),
	}
	if profile == v1alpha1.ProfileOPCUA {
		r.URIs = []string{uri}
	}
	return r
}

var profiles = []v1alpha1.CertificateProfile{
	v1alpha1.ProfileTLSServer, v1alpha1.ProfileTLSClient, v1alpha1.ProfileTLSPeer, v1alpha1.ProfileOPCUA,
}

func pool(certificates ...*x509.Certificate) *x509.CertPool {
	out := x509.NewCertPool()
	for _, c := range certificates {
		out.AddCert(c)
	}
	return out
}

// TestWhoTrustsWhat: the anchor is enough for its own zone and for no other; who has the root
// gets there by the issued form.
func TestWhoTrustsWhat(t *testing.T) {
	t.Parallel()
	r := root(t)
	for _, kind := range []v1alpha1.KeyKind{p256, p384, rsa2048, rsa3072} {
		own, other := zone(t, r, "cell-1", kind), zone(t, r, "cell-2", kind)
		again := zone(t, r, "cell-1", kind)
		leaf, err := own.Issue(request(key(t, p256), v1alpha1.ProfileTLSServer), now)
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			name         string
			roots        *x509.CertPool
			intermediate *x509.CertPool
			good         bool
		}{
			{"its anchor", pool(own.Anchor), nil, true},
			{"its anchor, and the issued form is sent along", pool(own.Anchor), pool(own.Issued), true},
			{"the root, and the issued form is sent along", pool(r.Certificate), pool(own.Issued), true},
			{"the root alone", pool(r.Certificate), nil, false},
			{"another zone's anchor", pool(other.Anchor), pool(own.Issued), false},
			{"another generation's", pool(again.Anchor), pool(own.Issued, again.Issued), false},
		} {
			_, err := leaf.Verify(x509.VerifyOptions{
				Roots: test.roots, Intermediates: test.intermediate, CurrentTime: now, DNSName: "historian.cell-1.svc",
			})
			if (err == nil) != test.good {
				t.Errorf("%v, %s: %v", kind, test.name, err)
			}
		}
		if !own.SignedBy(leaf) || other.SignedBy(leaf) || again.SignedBy(leaf) {
			t.Error("who signed it is not told")
		}
	}
}

// TestWhatIsNotIssued: each is wrong in one thing, which the error names.
func TestWhatIsNotIssued(t *testing.T) {
	t.Parallel()
	a := zone(t, root(t), "cell-1", p256, "10.20.0.0/24")
	k := key(t, p256)
	weak, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // it is to be refused
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(*authority.Request)
		want   string
	}{
		"a name of another zone":         {func(r *authority.Request) { r.DNSNames = []string{"historian.cell-2.svc"} }, "not permitted"},
		"a name that ends alike":         {func(r *authority.Request) { r.DNSNames = []string{"xcell-1.svc"} }, "not permitted"},
		"an address of another zone":     {func(r *authority.Request) { r.IPAddresses = []string{"10.21.0.5"} }, "not permitted"},
		"an address of the other family": {func(r *authority.Request) { r.IPAddresses = []string{"fd00::5"} }, "not permitted"},
		"an address on a link":           {func(r *authority.Request) { r.IPAddresses = []string{"fe80::1%eth0"} }, "ipAddresses[0]"},
		"no address":                     {func(r *authority.Request) { r.IPAddresses = []string{"x"} }, "ipAddresses[0]"},
		"no URI":                         {func(r *authority.Request) { r.URIs = []string{"%zz"} }, "uris[0]"},
		"a weak key":                     {func(r *authority.Request) { r.Public = weak.Public() }, "key"},
		"no key":                         {func(r *authority.Request) { r.Public = nil }, "key"},
		"no profile":                     {func(r *authority.Request) { r.Profile = "Web" }, "profile"},
		"OPC UA":                         {func(r *authority.Request) { r.Profile = v1alpha1.ProfileOPCUA }, "profile"},
	} {
		r := request(k, v1alpha1.ProfileTLSPeer)
		if _, err := a.Issue(r, now); err != nil {
			t.Fatal(err)
		}
		test.change(&r)
		if _, err := a.Issue(r, now); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	if _, err := (authority.Authority{Anchor: a.Anchor}).Issue(request(k, v1alpha1.ProfileTLSPeer), now); err == nil {
		t.Error("issued without a key")
	}
	if _, err := root(t).New("ww-17", "cell-1", k, authority.Constraints{}, now, now.Add(day)); err == nil {
		t.Error("an authority without constraints")
	}
}

// TestHowLong: nothing outlives what signed it, and everything began before now.
func TestHowLong(t *testing.T) {
	t.Parallel()
	r := root(t)
	a, err := r.New("ww-17", "cell-1", key(t, p256), authority.Constraints{Suffixes: []string{"cell-1.svc"}}, now, now.Add(9999*day))
	if err != nil {
		t.Fatal(err)
	}
	req := request(key(t, p256), v1alpha1.ProfileTLSServer)
	req.NotAfter = now.Add(9999 * day)
	leaf, err := a.Issue(req, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*x509.Certificate{r.Certificate, a.Anchor, a.Issued, leaf} {
		if !c.NotBefore.Equal(now.Add(-authority.BackDated)) || c.NotAfter.After(r.Certificate.NotAfter) || c.SerialNumber.BitLen() != 127 {
			t.Errorf("%s: %s to %s, serial of %d bits", c.Subject, c.NotBefore, c.NotAfter, c.SerialNumber.BitLen())
		}
	}
	if a.Anchor.Subject.String() != a.Issued.Subject.String() || !bytes.Equal(a.Anchor.SubjectKeyId, a.Issued.SubjectKeyId) {
		t.Error("the two forms are not of one authority")
	}
	if !a.Anchor.MaxPathLenZero || a.Anchor.MaxPathLen != 0 || r.Certificate.MaxPathLen != 1 {
		t.Error("an authority may sign authorities")
	}
}

// TestApplicationsKey: the request proves that the application has the key.
func TestApplicationsKey(t *testing.T) {
	t.Parallel()
	for _, kind := range []v1alpha1.KeyKind{p256, p384, rsa2048, rsa3072} {
		k := key(t, kind)
		raw, err := request(k, v1alpha1.ProfileOPCUA).PEM(k)
		if err != nil {
			t.Fatal(err)
		}
		public, err := authority.PublicOf(raw)
		if err != nil {
			t.Fatal(err)
		}
		if own, ok := k.Public().(interface{ Equal(x any) bool }); ok && !own.Equal(public) {
			t.Errorf("%v: another key", kind)
		}
		block, _ := pem.Decode(raw)
		block.Bytes[len(block.Bytes)-1] ^= 1
		if _, err := authority.PublicOf(pem.EncodeToMemory(block)); err == nil {
			t.Errorf("%v: a request that was edited", kind)
		}
	}
	for _, raw := range []string{"", "x", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"} {
		if _, err := authority.PublicOf([]byte(raw)); err == nil {
			t.Errorf("%q: taken", raw)
		}
	}
}

// TestKeysAreRedacted, whatever prints them, and come back from PEM.
func TestKeysAreRedacted(t *testing.T) {
	t.Parallel()
	for _, kind := range []v1alpha1.KeyKind{p256, p384, rsa2048} {
		k := key(t, kind)
		raw, err := k.PEM()
		if err != nil {
			t.Fatal(err)
		}
		again, err := authority.ParseKey(raw)
		if err != nil {
			t.Fatal(err)
		}
		second, err := again.PEM()
		if k.Fits(zone(t, root(t), "cell-1", p256).Anchor) || (authority.Key{}).Fits(root(t).Certificate) {
			t.Error("a key fits what is for another")
		}
		if err != nil || !bytes.Equal(raw, second) {
			t.Errorf("%v: another key comes back: %v", kind, err)
		}
		encoded, err := json.Marshal(map[string]any{"key": k, "in": authority.Authority{Key: k}})
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		for _, logger := range []logr.Logger{
			funcr.New(func(prefix, args string) { log.WriteString(prefix + args) }, funcr.Options{}),
			zap.New(zap.WriteTo(&log)), zap.New(zap.WriteTo(&log), zap.UseDevMode(true)),
		} {
			logger.Info("made", "key", k, "authority", authority.Authority{Key: k})
		}
		_, broken := authority.ParseKey(append([]byte("x"), raw[30:]...))
		said := fmt.Sprintf("%s %v %+v %#v %d %x %q %v", k, k, k, k, k, k, k, authority.Authority{Key: k}) + string(encoded) + log.String() + fmt.Sprint(broken)
		block, _ := pem.Decode(raw)
		for _, secret := range []string{
			string(raw[30:60]), fmt.Sprintf("%x", block.Bytes[40:48]), fmt.Sprintf("%d", block.Bytes[40:48]), fmt.Sprint(k.Signer())[10:40],
		} {
			if strings.Contains(said, secret) {
				t.Errorf("%v: something of the key is printed", kind)
			}
		}
		if strings.Count(said, "[redacted]") < 11 {
			t.Errorf("%v: %s", kind, said)
		}
	}
}

// TestEveryNameVerifies: whatever names are drawn, what is issued verifies for each of them
// by its own anchor and by no other zone's.
func TestEveryNameVerifies(t *testing.T) {
	t.Parallel()
	r := root(t)
	own, other := zone(t, r, "cell-1", p256, "10.20.0.0/24", "fd00:17::/64"), zone(t, r, "cell-2", p256, "10.20.0.0/24")
	ua, otherUA := opcua(t, r, "cell-1"), opcua(t, r, "cell-2")
	k := key(t, p256)
	rapid.Check(t, func(t *rapid.T) {
		req := request(k, rapid.SampledFrom(profiles).Draw(t, "profile"))
		own, other := own, other
		if req.Profile == v1alpha1.ProfileOPCUA {
			own, other = ua, otherUA
		}
		req.DNSNames = rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z][a-z0-9]{0,8}\.cell-1(\.svc)?`), 1, 4, rapid.ID[string]).Draw(t, "names")
		for _, n := range rapid.SliceOfN(rapid.IntRange(1, 254), 0, 3).Draw(t, "addresses") {
			req.IPAddresses = append(req.IPAddresses, fmt.Sprintf("10.20.0.%d", n), fmt.Sprintf("fd00:17::%x", n))
		}
		leaf, err := own.Issue(req, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range append(append([]string(nil), req.DNSNames...), req.IPAddresses...) {
			options := x509.VerifyOptions{DNSName: name, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
			options.Roots = pool(own.Anchor)
			if _, err := leaf.Verify(options); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			options.Roots, options.Intermediates = pool(other.Anchor), pool(own.Issued)
			if _, err := leaf.Verify(options); err == nil {
				t.Fatalf("%s: another zone's anchor verifies it", name)
			}
		}
	})
}
