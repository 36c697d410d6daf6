// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package signing says how the operator's signing keys are kept in a Secret.
//
// The contract:
//
//   - A key is Ed25519 in PKCS #8 and PEM, as `openssl genpkey -algorithm ed25519` writes it.
//   - "key.pem" signs. "next.pem" is there while the key is being changed: it signs from the
//     change on. Without key.pem it is one that replaces a key that was lost.
//   - "retired" are public keys, in base64 and one a line, that signed what is still kept. They
//     lie in the Secret and not beside the trail, because they are believed.
//   - "begun" says that something was signed by them, so that a trail that is not there is
//     known to be gone.
//   - What cannot be understood is an error with the field's name, and never a key less.
//
// It is pure.
package signing

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/internal/audit"
)

// Names of the data of a Secret.
const (
	DataKey     = "key.pem"
	DataNext    = "next.pem"
	DataRetired = "retired"
	DataBegun   = "begun"
)

const (
	pemType  = "PRIVATE KEY"
	begunYes = "true"
)

// Keys are those of one Secret.
type Keys struct {
	// Key signs, and Next from the change on that is asked for. Nil: there is none.
	Key, Next ed25519.PrivateKey
	Retired   []audit.PublicKey
	Begun     bool
}

// Parse reads a Secret's data.
func Parse(data map[string][]byte) (Keys, error) {
	var k Keys
	var err error
	if k.Key, err = parseKey(data, DataKey); err != nil {
		return Keys{}, err
	}
	if k.Next, err = parseKey(data, DataNext); err != nil {
		return Keys{}, err
	}
	if k.Key == nil && k.Next == nil {
		return Keys{}, fmt.Errorf("%s: is missing", DataKey)
	}
	for line := range strings.FieldsSeq(string(data[DataRetired])) {
		key, err := audit.ParsePublicKey(line)
		if err != nil {
			return Keys{}, fmt.Errorf("%s: %w", DataRetired, err)
		}
		k.Retired = append(k.Retired, key)
	}
	k.Begun = string(bytes.TrimSpace(data[DataBegun])) != ""
	return k, nil
}

func parseKey(data map[string][]byte, name string) (ed25519.PrivateKey, error) {
	text, ok := data[name]
	if !ok {
		return nil, nil
	}
	key, err := parsePEM(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return key, nil
}

// parsePEM says nothing of what it read: it may be a key.
func parsePEM(text []byte) (ed25519.PrivateKey, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != pemType || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("is not one PEM block of type %s", pemType)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("is not PKCS #8")
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("is %T, and not Ed25519", parsed)
	}
	return key, nil
}

// Data is what Parse reads.
func (k Keys) Data() (map[string][]byte, error) {
	data := map[string][]byte{}
	for _, f := range []struct {
		name string
		key  ed25519.PrivateKey
	}{{DataKey, k.Key}, {DataNext, k.Next}} {
		if f.key == nil {
			continue
		}
		der, err := x509.MarshalPKCS8PrivateKey(f.key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		data[f.name] = pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der})
	}
	if len(k.Retired) > 0 {
		data[DataRetired] = []byte(lines(k.Retired))
	}
	if k.Begun {
		data[DataBegun] = []byte(begunYes)
	}
	return data, nil
}

// Signers are all that sign.
func (k Keys) Signers() []crypto.Signer {
	var out []crypto.Signer
	for _, key := range []ed25519.PrivateKey{k.Key, k.Next} {
		if key != nil {
			out = append(out, key)
		}
	}
	return out
}

// Published are the public keys, one a line, the one that signs first.
func (k Keys) Published() string {
	var out []audit.PublicKey
	for _, signer := range k.Signers() {
		if key, err := audit.KeyOf(signer); err == nil {
			out = append(out, key)
		}
	}
	return lines(append(out, k.Retired...))
}

// Changed are the keys after the chain took Next.
func (k Keys) Changed() Keys {
	if k.Next == nil {
		return k
	}
	if k.Key != nil {
		if old, err := audit.KeyOf(k.Key); err == nil && !k.Key.Equal(k.Next) && !slices.Contains(k.Retired, old) {
			k.Retired = append(slices.Clone(k.Retired), old)
		}
	}
	k.Key, k.Next = k.Next, nil
	return k
}

// Needed are the keys without those retired ones that signed nothing of what is kept.
func (k Keys) Needed(entries []audit.Entry) Keys {
	signed := map[audit.PublicKey]bool{}
	for _, e := range entries {
		signed[e.Key] = true
	}
	k.Retired = slices.DeleteFunc(slices.Clone(k.Retired), func(key audit.PublicKey) bool { return !signed[key] })
	return k
}

func lines(keys []audit.PublicKey) string {
	var out strings.Builder
	for _, k := range keys {
		out.WriteString(k.String() + "\n")
	}
	return out.String()
}
