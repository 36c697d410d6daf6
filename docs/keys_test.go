// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// aKey is PEM of a private key with something in it, be it indented as in YAML.
var aKey = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\\n]*[A-Za-z0-9+/=]{40}`)

// aBody is base64 of a private key without the lines around it: how PKCS#8 (RSA, EC, Ed25519),
// PKCS#1 and SEC 1 begin.
var aBody = regexp.MustCompile(`(MII[A-Za-z0-9+/]{3}IBAD(AN|AL)BgkqhkiG9w0BAQEF` +
	`|MI[A-Za-z0-9+/]{1,3}AgEAM[A-Za-z0-9+/]{2,6}yqGSM49AgEG` +
	`|MC4CAQAwBQYDK2VwBCIEI|MI[A-Za-z0-9+/]{4}IBAAKCA|MHcCAQEEI|MIGkAgEBBD|MIHcAgEBBE)[A-Za-z0-9+/=]{20}`)

// encoded is base64 that is long enough for a key: of PEM, as a Secret holds it.
var encoded = regexp.MustCompile(`LS0tLS1CRUdJTi[A-Za-z0-9+/]{20,}`)

// stores are how files of keys are named that are not text.
var stores = []string{".p12", ".pfx", ".jks", ".jceks", ".key"}

// keysIn are the places of a file that are a private key, in whatever of these forms.
func keysIn(raw []byte) [][]byte {
	found := append(aKey.FindAll(raw, -1), aBody.FindAll(raw, -1)...)
	for _, e := range encoded.FindAll(raw, -1) {
		plain, err := base64.StdEncoding.DecodeString(string(e[:len(e)/4*4]))
		if err == nil && bytes.Contains(plain, []byte("PRIVATE KEY-----")) {
			found = append(found, e)
		}
	}
	return slices.DeleteFunc(found, func(f []byte) bool {
		return bytes.Contains(f, bytes.Repeat([]byte("A"), 16)) // a seed of zeros is nobody's key
	})
}

// formsOf a key: all in which it may come to be in a file.
func formsOf(t *testing.T, key any) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	add := func(kind, header string, der []byte, err error) {
		if err != nil {
			t.Fatal(err)
		}
		block := pem.EncodeToMemory(&pem.Block{Type: header, Bytes: der})
		out[kind+" as PEM"] = block
		out[kind+" as PEM in YAML"] = bytes.ReplaceAll(block, []byte("\n"), []byte("\n    "))
		out[kind+" as PEM in JSON"] = bytes.ReplaceAll(block, []byte("\n"), []byte(`\n`))
		out[kind+" in base64"] = []byte(base64.StdEncoding.EncodeToString(der))
		out[kind+" as PEM in a Secret"] = []byte(base64.StdEncoding.EncodeToString(block))
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	add("PKCS#8", "PRIVATE KEY", der, err)
	switch key := key.(type) {
	case *ecdsa.PrivateKey:
		der, err = x509.MarshalECPrivateKey(key)
		add("SEC 1", "EC PRIVATE KEY", der, err)
	case *rsa.PrivateKey:
		add("PKCS#1", "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key), nil)
	}
	return out
}

// TestAKeyWouldBeFound, of each kind that is made here, and what is public of it is none.
func TestAKeyWouldBeFound(t *testing.T) {
	t.Parallel()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := []crypto.Signer{ed}
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	for _, bits := range []int{2048, 3072, 4096} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	for _, key := range keys {
		for form, raw := range formsOf(t, key) {
			if len(keysIn(raw)) == 0 {
				t.Errorf("a %T, %s, would not be found:\n%.60s", key, form, raw)
			}
		}
		der, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		if found := keysIn(append(public, base64.StdEncoding.EncodeToString(public)...)); len(found) > 0 {
			t.Errorf("the public key of a %T is taken for a private one: %s", key, found)
		}
	}
}

// TestNoKeyIsInTheRepository: no golden file, sample, page or test has one.
func TestNoKeyIsInTheRepository(t *testing.T) {
	t.Parallel()
	files := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || path == "../bin" || path == "../dist"):
			return filepath.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		if slices.Contains(stores, filepath.Ext(path)) {
			t.Errorf("%s is a file of keys", path)
		}
		raw, err := os.ReadFile(path) //nolint:gosec // our own files
		if err != nil {
			return err
		}
		files++
		if n := len(keysIn(raw)); n > 0 {
			t.Errorf("%s holds %d private keys", path, n)
		}
		return nil
	})
	if err != nil || files < 100 {
		t.Errorf("%d files looked at: %v", files, err)
	}
}
