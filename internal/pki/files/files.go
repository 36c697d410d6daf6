// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package files says what certificates look like as files: the keys of a Secret and of
// ConfigMaps, which pods mount. It is pure but for the salt of PKCS#12.
//
// A Secret holds the workload's own and its trust in PEM (tls.crt, tls.key, ca.crt), as
// everything in Kubernetes expects. The folders of an OPC UA application (OPC 10000-12, F.1)
// are one object each, because a volume is a folder: own is in the Secret (tls.der), trusted
// and issuer certificates and their revocation lists are ConfigMaps.
package files

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/pki/authority"
)

// Names of files.
const (
	CertificatePEM = "tls.crt"
	KeyPEM         = "tls.key"
	BundlePEM      = "ca.crt"
	CertificateDER = "tls.der"
	KeyDER         = "key.der"
	Keystore       = "keystore.p12"
	Truststore     = "truststore.p12"
	// Password of both stores. It is beside them, and keeps nobody out who reads the Secret.
	Password = "keystore-password"
)

const (
	certificateBlock = "CERTIFICATE"
	listBlock        = "X509 CRL"
)

// Own is what one workload has: its certificate, and whom it trusts.
type Own struct {
	// Leaf, and the certificates between it and the site's root.
	Leaf  *x509.Certificate
	Chain []*x509.Certificate
	// Key is empty where the application has it.
	Key authority.Key
	// Anchors are the bundle.
	Anchors []*x509.Certificate
	Formats []v1alpha1.CertificateFormat
	Profile v1alpha1.CertificateProfile
	// Password of the PKCS#12 stores.
	Password string
}

// redacted is all that an Own prints: there is a key and a password in it.
const redacted = "[redacted]"

// Format is what every verb prints.
func (Own) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText is what JSON, YAML and slog print.
func (Own) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalLog is what logr prints.
func (Own) MarshalLog() any { return redacted }

func (o Own) has(f v1alpha1.CertificateFormat) bool {
	return slices.Contains(o.Formats, f) || f == v1alpha1.FormatDER && o.Profile == v1alpha1.ProfileOPCUA
}

// Secret is the data of the workload's Secret.
func (o Own) Secret() (map[string][]byte, error) {
	if o.Leaf == nil {
		return nil, errors.New("encoding a Secret: there is no certificate")
	}
	out := map[string][]byte{
		CertificatePEM: PEM(append([]*x509.Certificate{o.Leaf}, o.Chain...)...),
		// A Secret of type kubernetes.io/tls has this key, be it empty.
		KeyPEM:    {},
		BundlePEM: PEM(ordered(o.Anchors)...),
	}
	hasKey := o.Key.Public() != nil
	if hasKey {
		raw, err := o.Key.PEM()
		if err != nil {
			return nil, err
		}
		out[KeyPEM] = raw
	}
	if o.has(v1alpha1.FormatDER) {
		out[CertificateDER] = o.Leaf.Raw
		if hasKey {
			raw, err := o.Key.DER()
			if err != nil {
				return nil, err
			}
			out[KeyDER] = raw
		}
	}
	if o.has(v1alpha1.FormatPKCS12) {
		if err := o.stores(out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// stores are Modern2023 and not Modern2026, whose checksum (PBMAC1, RFC 9579) neither OpenSSL
// before 3.4 reads nor Java before 26: what Debian 12 runs could not open its own store.
func (o Own) stores(out map[string][]byte) (err error) {
	out[Password] = []byte(o.Password)
	if o.Key.Public() != nil {
		out[Keystore], err = pkcs12.Modern2023.Encode(o.Key.Signer(), o.Leaf, o.Chain, o.Password)
		if err != nil {
			return fmt.Errorf("encoding %s: %w", Keystore, err)
		}
	}
	if len(o.Anchors) == 0 {
		return nil // Java reads no store without an entry
	}
	out[Truststore], err = pkcs12.Modern2023.EncodeTrustStore(ordered(o.Anchors), o.Password)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", Truststore, err)
	}
	return nil
}

// Same says whether a Secret holds exactly this. Stores are compared by what is in them: no
// two encodings are alike.
func (o Own) Same(have map[string][]byte) bool {
	want, err := o.Secret()
	if err != nil || len(want) != len(have) {
		return false
	}
	for name, raw := range want {
		switch name {
		case Keystore:
			if !o.sameKeystore(have[name]) {
				return false
			}
		case Truststore:
			got, err := pkcs12.DecodeTrustStore(have[name], o.Password)
			if err != nil || !bytes.Equal(PEM(ordered(got)...), want[BundlePEM]) {
				return false
			}
		default:
			if !bytes.Equal(raw, have[name]) {
				return false
			}
		}
	}
	return true
}

func (o Own) sameKeystore(raw []byte) bool {
	key, leaf, chain, err := pkcs12.DecodeChain(raw, o.Password)
	if err != nil || !leaf.Equal(o.Leaf) || !bytes.Equal(PEM(chain...), PEM(o.Chain...)) {
		return false
	}
	own, ok := o.Key.Signer().(interface{ Equal(crypto.PrivateKey) bool })
	return ok && own.Equal(key)
}

// PEM of certificates, one after the other.
func PEM(certificates ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range certificates {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: c.Raw})...)
	}
	return out
}

// Certificates reads all in a PEM file. Anything else in it is an error.
func Certificates(raw []byte) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		raw = rest
		if block.Type != certificateBlock {
			return nil, fmt.Errorf("reading certificates: there is a %s among them", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading certificates: %w", err)
		}
		out = append(out, c)
	}
	if len(bytes.TrimSpace(raw)) > 0 {
		return nil, errors.New("reading certificates: there is something that is not PEM")
	}
	return out, nil
}

// ordered by fingerprint, so that equal bundles are equal files, and each once.
func ordered(in []*x509.Certificate) []*x509.Certificate {
	out := slices.Clone(in)
	slices.SortFunc(out, func(a, b *x509.Certificate) int {
		return strings.Compare(authority.Fingerprint(a), authority.Fingerprint(b))
	})
	return slices.CompactFunc(out, (*x509.Certificate).Equal)
}

// Trust is an authority with its revocation list (DER).
type Trust struct {
	Zone        string
	Certificate *x509.Certificate
	List        []byte
}

// Folders are two folders of an OPC UA application: certificates and revocation lists. A name
// says the zone and begins the fingerprint, and is a key that a ConfigMap takes.
//
// Trusted is to hold anchors: whoever is trusted there ends the chain, and stacks that end one
// only in a certificate signed by itself (OpenSSL without partial chains) would ask for the root. The root in trusted would trust every zone; in issuer,
// with its list, it only completes the chain of who sends the issued form.
func Folders(trust []Trust) (certificates, lists map[string][]byte) {
	certificates, lists = map[string][]byte{}, map[string][]byte{}
	for _, t := range trust {
		name := t.Zone + "-" + authority.Fingerprint(t.Certificate)[:8]
		certificates[name+".der"] = t.Certificate.Raw
		if len(t.List) > 0 {
			lists[name+".crl"] = t.List
		}
	}
	return certificates, lists
}

// ListPEM and ListOf carry a revocation list through PEM.
func ListPEM(raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: listBlock, Bytes: raw})
}

// ListOf reads a revocation list in PEM.
func ListOf(raw []byte) (*x509.RevocationList, error) {
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != listBlock {
		return nil, errors.New("reading a revocation list: it is none in PEM")
	}
	return x509.ParseRevocationList(block.Bytes)
}
