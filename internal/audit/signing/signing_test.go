// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package signing_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/signing"
)

// fromOpenSSL is what `openssl genpkey -algorithm ed25519` writes, of a seed of zeros.
const fromOpenSSL = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
-----END PRIVATE KEY-----
`

func key(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed)
}

func public(t *testing.T, k ed25519.PrivateKey) audit.PublicKey {
	t.Helper()
	p, err := audit.KeyOf(k)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestKeysAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]signing.Keys{
		"one":       {Key: key(1)},
		"in change": {Key: key(1), Next: key(2), Retired: []audit.PublicKey{public(t, key(3)), public(t, key(4))}, Begun: true},
		"lost":      {Next: key(2), Retired: []audit.PublicKey{public(t, key(3))}},
	} {
		data, err := want.Data()
		if err != nil {
			t.Fatal(err)
		}
		got, err := signing.Parse(data)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	data, err := signing.Keys{Key: key(0)}.Data()
	if err != nil || string(data[signing.DataKey]) != fromOpenSSL {
		t.Errorf("%v, written %s", err, data[signing.DataKey])
	}
}

func TestWhatIsNoKeyIsNamed(t *testing.T) {
	t.Parallel()
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	good := map[string][]byte{signing.DataKey: []byte(fromOpenSSL)}
	with := func(name, value string) map[string][]byte {
		data := maps.Clone(good)
		data[name] = []byte(value)
		return data
	}
	for says, data := range map[string]map[string][]byte{
		"key.pem: is missing":                nil,
		"key.pem: is not one PEM block":      with(signing.DataKey, ""),
		"next.pem: is not one PEM block":     with(signing.DataNext, "soon"),
		"next.pem: is not PKCS #8":           with(signing.DataNext, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
		"and not Ed25519":                    with(signing.DataNext, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))),
		"key.pem: is not one PEM block of":   with(signing.DataKey, fromOpenSSL+fromOpenSSL),
		"retired: \"abc\" is not an Ed25519": with(signing.DataRetired, public(t, key(1)).String()+"\nabc\n"),
	} {
		if k, err := signing.Parse(data); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %+v, %v", says, k, err)
		}
	}
}

func TestChangingTheKey(t *testing.T) {
	t.Parallel()
	one, two := public(t, key(1)), public(t, key(2))
	for name, test := range map[string]struct{ before, want signing.Keys }{
		"nothing to change": {signing.Keys{Key: key(1)}, signing.Keys{Key: key(1)}},
		"a new one":         {signing.Keys{Key: key(1), Next: key(2), Begun: true}, signing.Keys{Key: key(2), Retired: []audit.PublicKey{one}, Begun: true}},
		"after a loss":      {signing.Keys{Next: key(2), Retired: []audit.PublicKey{one}}, signing.Keys{Key: key(2), Retired: []audit.PublicKey{one}}},
		"the same again":    {signing.Keys{Key: key(1), Next: key(1)}, signing.Keys{Key: key(1)}},
	} {
		if diff := cmp.Diff(test.want, test.before.Changed()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	k := signing.Keys{Key: key(2), Next: key(3), Retired: []audit.PublicKey{one}}
	if want := two.String() + "\n" + public(t, key(3)).String() + "\n" + one.String() + "\n"; k.Published() != want {
		t.Errorf("published:\n%s", k.Published())
	}
	if got := k.Needed([]audit.Entry{{Key: two}}).Retired; len(got) != 0 {
		t.Errorf("needed are %v", got)
	}
	if got := k.Needed([]audit.Entry{{Key: two}, {Key: one}}).Retired; !cmp.Equal(got, []audit.PublicKey{one}) {
		t.Errorf("needed are %v", got)
	}
	if got := len(k.Signers()); got != 2 {
		t.Errorf("%d sign", got)
	}
}
