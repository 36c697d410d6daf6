// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// pki is the folder of an application (OPC 10000-12, F.1), each part of it a mounted volume. It
// is read anew each time: what is on the disk counts.
type pki string

// identity is what own holds.
type identity struct {
	certificate []byte
	key         *rsa.PrivateKey
}

// own reads the certificate and its key. A kubelet swaps both at once, but they are read one
// after the other: where one is newer, both are read again.
func (p pki) own() (identity, error) {
	var err error
	for range 10 {
		var i identity
		if i, err = p.ownOnce(); err == nil {
			return i, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return identity{}, err
}

func (p pki) ownOnce() (identity, error) {
	raw, err := os.ReadFile(filepath.Join(string(p), "own", "tls.der"))
	if err != nil {
		return identity{}, err
	}
	encoded, err := os.ReadFile(filepath.Join(string(p), "own", "key.der"))
	if err != nil {
		return identity{}, err
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		return identity{}, fmt.Errorf("own certificate: %w", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(encoded)
	if err != nil {
		return identity{}, fmt.Errorf("own key: %w", err)
	}
	private, is := key.(*rsa.PrivateKey)
	if !is || !private.PublicKey.Equal(leaf.PublicKey) {
		return identity{}, errors.New("own key: it is not the certificate's")
	}
	return identity{certificate: raw, key: private}, nil
}

// verify says why a certificate is not trusted for a use. The URI is what it has to be for,
// and the host where one is given.
func (p pki) verify(raw []byte, use x509.ExtKeyUsage, host, uri string) error {
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		return fmt.Errorf("no certificate: %w", err)
	}
	if key, is := leaf.PublicKey.(*rsa.PublicKey); !is || key.N.BitLen() < 2048 {
		return errors.New("its key is not RSA of 2048 bits and more")
	}
	if len(leaf.URIs) != 1 || leaf.URIs[0].String() != uri {
		return fmt.Errorf("it is for %v and not %s", leaf.URIs, uri)
	}
	chains, err := p.chains(leaf, use, host)
	if err != nil {
		return fmt.Errorf("%w (serial number %x)", err, leaf.SerialNumber)
	}
	lists, err := p.lists()
	if err != nil {
		return err
	}
	for _, chain := range chains {
		if err = unrevoked(chain, lists, time.Now()); err == nil {
			return nil
		}
	}
	return err
}

// chains end in what is trusted. What is issuer only completes them.
func (p pki) chains(leaf *x509.Certificate, use x509.ExtKeyUsage, host string) ([][]*x509.Certificate, error) {
	trusted, err := p.certificates("trusted")
	if err != nil {
		return nil, err
	}
	issuers, err := p.certificates("issuer")
	if err != nil {
		return nil, err
	}
	return leaf.Verify(x509.VerifyOptions{
		Roots: trusted, Intermediates: issuers, DNSName: host, KeyUsages: []x509.ExtKeyUsage{use},
	})
}

// unrevoked looks at all but the anchor. No list is no answer, which is a no
// (Bad_CertificateRevocationUnknown).
func unrevoked(chain []*x509.Certificate, lists []*x509.RevocationList, now time.Time) error {
	for i, c := range chain[:len(chain)-1] {
		list := listOf(chain[i+1], lists, now)
		if list == nil {
			return fmt.Errorf("no revocation list of %s is good now", chain[i+1].Subject)
		}
		for _, revoked := range list.RevokedCertificateEntries {
			if revoked.SerialNumber.Cmp(c.SerialNumber) == 0 {
				return fmt.Errorf("serial number %x is revoked", c.SerialNumber)
			}
		}
	}
	return nil
}

func listOf(issuer *x509.Certificate, lists []*x509.RevocationList, now time.Time) *x509.RevocationList {
	for _, l := range lists {
		if l.CheckSignatureFrom(issuer) == nil && !now.Before(l.ThisUpdate) && now.Before(l.NextUpdate) {
			return l
		}
	}
	return nil
}

func (p pki) certificates(folder string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	err := p.each(filepath.Join(folder, "certs"), ".der", func(raw []byte) error {
		c, err := x509.ParseCertificate(raw)
		if err == nil {
			pool.AddCert(c)
		}
		return err
	})
	return pool, err
}

func (p pki) lists() (out []*x509.RevocationList, err error) {
	for _, folder := range []string{"trusted", "issuer"} {
		err = errors.Join(err, p.each(filepath.Join(folder, "crl"), ".crl", func(raw []byte) error {
			l, err := x509.ParseRevocationList(raw)
			out = append(out, l)
			return err
		}))
	}
	return out, err
}

// each reads the files of a folder. One that goes while it is read is not there.
func (p pki) each(folder, suffix string, read func([]byte) error) error {
	entries, err := os.ReadDir(filepath.Join(string(p), folder))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), suffix) {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(string(p), folder, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = read(raw)
		}
		if err != nil {
			return fmt.Errorf("%s/%s: %w", folder, e.Name(), err)
		}
	}
	return nil
}
