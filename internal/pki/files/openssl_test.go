// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package files_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/pki/authority"
	"github.com/zonewarden/zonewarden/internal/pki/files"
)

const (
	day = 24 * time.Hour
	uri = "urn:waterworks:filtration:opcua"
)

// now is real: openssl has no other clock.
var now = time.Now().UTC().Truncate(time.Second)

var kinds = []v1alpha1.KeyKind{
	{Algorithm: v1alpha1.KeyECDSA, Size: 256},
	{Algorithm: v1alpha1.KeyECDSA, Size: 384},
	{Algorithm: v1alpha1.KeyRSA, Size: 2048},
	{Algorithm: v1alpha1.KeyRSA, Size: 3072},
}

var profiles = []v1alpha1.CertificateProfile{
	v1alpha1.ProfileTLSServer, v1alpha1.ProfileTLSClient, v1alpha1.ProfileTLSPeer, v1alpha1.ProfileOPCUA,
}

// keys that were made, because RSA takes long: who uses one says which of a kind.
var keys sync.Map

func key(t *testing.T, kind v1alpha1.KeyKind, of string) authority.Key {
	t.Helper()
	once, _ := keys.LoadOrStore(fmt.Sprint(kind, of), sync.OnceValues(func() (authority.Key, error) { return authority.NewKey(kind) }))
	makes, ok := once.(func() (authority.Key, error))
	if !ok {
		t.Fatalf("a key is %T", once)
	}
	k, err := makes()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// site is a root with an authority for a zone.
type site struct {
	root authority.Root
	zone authority.Authority
}

// An authority for OPC UA has an RSA key in any case.
func newSite(t *testing.T, kind v1alpha1.KeyKind, opcua bool) site {
	t.Helper()
	if opcua && kind.Algorithm != v1alpha1.KeyRSA {
		kind = kinds[2]
	}
	root, err := authority.NewRoot("ww-17", key(t, kind, "root"), now, now.Add(7300*day))
	if err != nil {
		t.Fatal(err)
	}
	allowed := authority.Constraints{OPCUA: opcua}
	if !opcua {
		allowed.Suffixes = []string{"cell-1.svc"}
		allowed.Networks = []netip.Prefix{netip.MustParsePrefix("10.20.0.0/24")}
	}
	zone, err := root.New("ww-17", "filtration", key(t, kind, "zone"), allowed, now, now.Add(1825*day))
	if err != nil {
		t.Fatal(err)
	}
	return site{root, zone}
}

// own is a workload's, of this profile and kind of key.
func (s site) own(t *testing.T, profile v1alpha1.CertificateProfile, kind v1alpha1.KeyKind) files.Own {
	t.Helper()
	k := key(t, kind, "leaf")
	r := authority.Request{
		Profile: profile, CommonName: "server", DNSNames: []string{"server.cell-1.svc"}, IPAddresses: []string{"10.20.0.5"},
		Public: k.Public(), NotAfter: now.Add(400 * day),
	}
	if profile == v1alpha1.ProfileOPCUA {
		r.URIs = []string{uri}
	}
	leaf, err := s.zone.Issue(r, now)
	if err != nil {
		t.Fatal(err)
	}
	own := files.Own{
		Leaf: leaf, Key: k, Profile: profile, Password: "a password", Formats: []v1alpha1.CertificateFormat{v1alpha1.FormatDER, v1alpha1.FormatPKCS12},
	}
	own.Chain, own.Anchors = append(own.Chain, s.zone.Issued), append(own.Anchors, s.zone.Anchor)
	return own
}

// written puts files into a folder.
func written(t *testing.T, data map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, raw := range data {
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// openssl runs the program in a folder.
func openssl(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatalf("this test asks openssl 3, which is in the package openssl of Debian: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func mustOpenSSL(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := openssl(t, dir, args...)
	if err != nil {
		t.Errorf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// TestOpenSSLTakesEveryFormat of every profile and kind of key.
func TestOpenSSLTakesEveryFormat(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		for _, profile := range profiles {
			t.Run(fmt.Sprintf("%s %s %d", profile, kind.Algorithm, kind.Size), func(t *testing.T) {
				t.Parallel()
				s := newSite(t, kind, profile == v1alpha1.ProfileOPCUA)
				own := s.own(t, profile, kind)
				data, err := own.Secret()
				if err != nil {
					t.Fatal(err)
				}
				dir := written(t, data)
				verifies(t, dir, s, profile)
				readsAs(t, dir, profile)
				opens(t, dir, own.Password)
				lists(t, dir, s)
				if !own.Same(data) {
					t.Error("the Secret does not hold what was put into it")
				}
			})
		}
	}
}

// verifies by the bundle alone, and by the root with what is sent along.
func verifies(t *testing.T, dir string, s site, profile v1alpha1.CertificateProfile) {
	t.Helper()
	for name, raw := range map[string][]byte{"root.crt": files.PEM(s.root.Certificate), "issued.crt": files.PEM(s.zone.Issued)} {
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	purposes := map[v1alpha1.CertificateProfile][]string{
		v1alpha1.ProfileTLSServer: {"sslserver"}, v1alpha1.ProfileTLSClient: {"sslclient"},
		v1alpha1.ProfileTLSPeer: {"sslserver", "sslclient"}, v1alpha1.ProfileOPCUA: {"sslserver", "sslclient"},
	}
	for _, purpose := range purposes[profile] {
		for _, how := range [][]string{
			{"-CAfile", "ca.crt"},
			{"-CAfile", "ca.crt", "-untrusted", "tls.crt"},
			{"-CAfile", "ca.crt", "-partial_chain", "-untrusted", "tls.crt"},
			{"-CAfile", "root.crt", "-untrusted", "issued.crt"},
		} {
			mustOpenSSL(t, dir, append([]string{"verify", "-no-CApath", "-x509_strict", "-purpose", purpose}, append(how, "tls.crt")...)...)
		}
	}
	for _, other := range map[v1alpha1.CertificateProfile][]string{
		v1alpha1.ProfileTLSServer: {"sslclient"}, v1alpha1.ProfileTLSClient: {"sslserver"},
	}[profile] {
		if out, err := openssl(t, dir, "verify", "-no-CApath", "-CAfile", "ca.crt", "-purpose", other, "tls.crt"); err == nil {
			t.Errorf("good for %s too: %s", other, out)
		}
	}
	if out, err := openssl(t, dir, "verify", "-no-CApath", "-CAfile", "root.crt", "tls.crt"); err == nil {
		t.Errorf("the root alone verifies it: %s", out)
	}
}

// readsAs holds what openssl prints against what was meant.
func readsAs(t *testing.T, dir string, profile v1alpha1.CertificateProfile) {
	t.Helper()
	leaf := mustOpenSSL(t, dir, "x509", "-in", "tls.crt", "-noout", "-text")
	want := []string{"DNS:server.cell-1.svc", "IP Address:10.20.0.5", "CA:FALSE", "Digital Signature, Key Encipherment"}
	if profile == v1alpha1.ProfileOPCUA {
		want = append(want[:3], "Digital Signature, Non Repudiation, Key Encipherment, Data Encipherment", "URI:"+uri)
	}
	if profile != v1alpha1.ProfileTLSClient {
		want = append(want, "TLS Web Server Authentication")
	}
	if profile != v1alpha1.ProfileTLSServer {
		want = append(want, "TLS Web Client Authentication")
	}
	contains(t, leaf, want...)
	anchor := mustOpenSSL(t, dir, "x509", "-in", "ca.crt", "-noout", "-text")
	contains(t, anchor, "CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign")
	if profile != v1alpha1.ProfileOPCUA {
		contains(t, anchor, "X509v3 Name Constraints: critical", "DNS:cell-1.svc", "IP:10.20.0.0/255.255.255.0")
	}
	mustOpenSSL(t, dir, "x509", "-inform", "DER", "-in", "tls.der", "-noout")
	mustOpenSSL(t, dir, "pkey", "-inform", "DER", "-in", "key.der", "-noout", "-check")
	mustOpenSSL(t, dir, "pkey", "-in", "tls.key", "-noout", "-check")
}

func contains(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in\n%s", w, text)
		}
	}
}

// opens both stores by the password, and by no other.
func opens(t *testing.T, dir, password string) {
	t.Helper()
	if out := mustOpenSSL(t, dir, "pkcs12", "-in", "keystore.p12", "-passin", "pass:"+password, "-nodes"); strings.Count(out, "BEGIN CERTIFICATE") != 2 || strings.Count(out, "BEGIN PRIVATE KEY") != 1 {
		t.Error("the keystore does not hold a key and its chain")
	}
	if out := mustOpenSSL(t, dir, "pkcs12", "-in", "truststore.p12", "-passin", "pass:"+password, "-nokeys"); strings.Count(out, "BEGIN CERTIFICATE") != 1 {
		t.Errorf("the truststore holds\n%s", out)
	}
	for _, store := range []string{"keystore.p12", "truststore.p12"} {
		if out, err := openssl(t, dir, "pkcs12", "-in", store, "-passin", "pass:another", "-noout"); err == nil {
			t.Errorf("%s opens by any password: %s", store, out)
		}
	}
}

// lists are good until the authority ends, and verify it with the strictest checks.
func lists(t *testing.T, dir string, s site) {
	t.Helper()
	raw, err := s.zone.RevocationList(1, now)
	if err != nil {
		t.Fatal(err)
	}
	rootList, err := s.root.RevocationList(1, now)
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{"zone.crl": files.ListPEM(raw), "both.crl": append(files.ListPEM(raw), files.ListPEM(rootList)...)} {
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	contains(t, mustOpenSSL(t, dir, "crl", "-in", "zone.crl", "-noout", "-CAfile", "ca.crt"), "verify OK")
	mustOpenSSL(t, dir, "verify", "-no-CApath", "-CAfile", "root.crt", "-untrusted", "issued.crt", "-crl_check_all", "-CRLfile", "both.crl", "tls.crt")
	list, err := files.ListOf(files.ListPEM(raw))
	if err != nil || !list.NextUpdate.Equal(s.zone.Anchor.NotAfter) || list.ThisUpdate.After(now) {
		t.Errorf("the list is for %v to %v: %v", list.ThisUpdate, list.NextUpdate, err)
	}
}

// TestOpenSSLMakesAnAuthority as it is requested: with the constraints that the operator's have.
func TestOpenSSLMakesAnAuthority(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		permits  []string
		domains  []string
		networks []string
		excluded []string
	}{
		"names and networks": {
			[]string{"dns:cell-1.svc", "dns:plant.example", "ip:10.1.0.0/16", "ip:fd00:1::/64"},
			[]string{"cell-1.svc", "plant.example"},
			[]string{"10.1.0.0/16", "fd00:1::/64"},
			nil,
		},
		"names alone": {[]string{"dns:cell-1.svc"}, []string{"cell-1.svc"}, nil, []string{"0.0.0.0/0", "::/0"}},
	} {
		dir := written(t, map[string][]byte{"it.cnf": []byte(files.AuthorityRequest("plant", "cell-1", time.Now(), false, c.permits))})
		mustOpenSSL(t, dir, "req", "-x509", "-new", "-config", "it.cnf", "-newkey", "rsa:3072", "-noenc", "-days", "9", "-keyout", "it.key", "-out", "it.crt")
		raw, err := os.ReadFile(filepath.Join(dir, "it.crt"))
		if err != nil {
			t.Fatal(err)
		}
		made, list, err := files.AuthorityOf(raw)
		if err != nil || list != nil {
			t.Fatal(err)
		}
		one, err := authority.Adopt(made)
		if err != nil || !one.Constrained() || !made.PermittedDNSDomainsCritical || !made.MaxPathLenZero {
			t.Errorf("%s: constrained %t, critical %t, no other authority under it %t, %v", name, one.Constrained(), made.PermittedDNSDomainsCritical, made.MaxPathLenZero, err)
		}
		text := func(in []*net.IPNet) (out []string) {
			for _, n := range in {
				out = append(out, n.String())
			}
			return out
		}
		if diff := cmp.Diff([][]string{c.domains, c.networks, c.excluded}, [][]string{made.PermittedDNSDomains, text(made.PermittedIPRanges), text(made.ExcludedIPRanges)}); diff != "" {
			t.Errorf("%s (-want +have)\n%s", name, diff)
		}
	}
	if _, _, err := files.AuthorityOf([]byte("nothing")); err == nil {
		t.Error("nothing is an authority")
	}
}
