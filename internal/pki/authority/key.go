// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// redacted is all that a key prints.
const redacted = "[redacted]"

// Key is a private key. It prints as [redacted], whatever prints it.
type Key struct{ signer crypto.Signer }

// NewKey makes a key. What is neither RSA of 2048 or 3072 bits nor ECDSA on P-256 or P-384 is
// refused.
func NewKey(kind v1alpha1.KeyKind) (Key, error) {
	switch {
	case kind.Algorithm == v1alpha1.KeyRSA && (kind.Size == 2048 || kind.Size == 3072):
		key, err := rsa.GenerateKey(rand.Reader, int(kind.Size)) //nolint:forbidigo // a key is chance and nothing else
		if err != nil {
			return Key{}, fmt.Errorf("making a key: %w", err)
		}
		return Key{key}, nil
	case kind.Algorithm == v1alpha1.KeyECDSA && (kind.Size == 256 || kind.Size == 384):
		curve := elliptic.P256()
		if kind.Size == 384 {
			curve = elliptic.P384()
		}
		key, err := ecdsa.GenerateKey(curve, rand.Reader) //nolint:forbidigo // a key is chance and nothing else
		if err != nil {
			return Key{}, fmt.Errorf("making a key: %w", err)
		}
		return Key{key}, nil
	}
	return Key{}, fmt.Errorf("making a key: %s of %d bits is not among what is made", kind.Algorithm, kind.Size)
}

// errNoKey says that there is no private key in what was given. What was given is not told.
var errNoKey = errors.New("it is not one private key in PEM (PKCS#8, PKCS#1 or SEC 1)")

// ParseKey reads a private key in PEM.
func ParseKey(raw []byte) (Key, error) {
	block, _ := pem.Decode(raw)
	if block == nil {
		return Key{}, fmt.Errorf("reading a key: %w", errNoKey)
	}
	// An error of the parsers may quote what they read.
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		if signer, ok := key.(crypto.Signer); ok {
			return Key{signer}, nil
		}
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return Key{key}, nil
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return Key{key}, nil
	}
	return Key{}, fmt.Errorf("reading a key: %w", errNoKey)
}

// DER is the key in PKCS#8.
func (k Key) DER() ([]byte, error) {
	if k.signer == nil {
		return nil, errors.New("encoding a key: there is none")
	}
	raw, err := x509.MarshalPKCS8PrivateKey(k.signer)
	if err != nil {
		return nil, fmt.Errorf("encoding a key: %w", err)
	}
	return raw, nil
}

// PEM is the key in PKCS#8.
func (k Key) PEM() ([]byte, error) {
	raw, err := k.DER()
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), nil
}

// Public is the public key, nil where there is no key.
func (k Key) Public() crypto.PublicKey {
	if k.signer == nil {
		return nil
	}
	return k.signer.Public()
}

// Fits says whether a certificate is for this key.
func (k Key) Fits(c *x509.Certificate) bool {
	public, ok := k.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(c.PublicKey)
}

// Signer is the key for what signs or stores it.
func (k Key) Signer() crypto.Signer { return k.signer }

// String is what a key prints.
func (Key) String() string { return redacted }

// GoString is what %#v prints.
func (Key) GoString() string { return redacted }

// Format is what every verb prints.
func (Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText is what JSON and YAML print.
func (Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalLog is what logr prints.
func (Key) MarshalLog() any { return redacted }

// strong says whether a public key may be certified: RSA of at least 2048 bits, P-256 or P-384.
func strong(public crypto.PublicKey) bool {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= 2048 && key.N.BitLen() <= 4096 && key.E >= 65537
	case *ecdsa.PublicKey:
		return key.Curve == elliptic.P256() || key.Curve == elliptic.P384()
	}
	return false
}
