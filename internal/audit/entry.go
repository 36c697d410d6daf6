// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

// Hash is that of an entry.
type Hash [sha256.Size]byte

// String is hexadecimal, as sha256sum prints it.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads what String wrote.
func ParseHash(s string) (Hash, error) {
	var h Hash
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) {
		return h, fmt.Errorf("%q is not a SHA-256 in hexadecimal", s)
	}
	copy(h[:], b)
	return h, nil
}

// PublicKey is an Ed25519 key that entries are signed by.
type PublicKey [ed25519.PublicKeySize]byte

// String is base64.
func (k PublicKey) String() string { return base64.StdEncoding.EncodeToString(k[:]) }

// ParsePublicKey reads what String wrote.
func ParsePublicKey(s string) (PublicKey, error) {
	var k PublicKey
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != len(k) {
		return k, fmt.Errorf("%q is not an Ed25519 public key in base64", s)
	}
	copy(k[:], b)
	return k, nil
}

// KeyOf is the public key of a signer, which has to be of Ed25519.
func KeyOf(signer crypto.Signer) (PublicKey, error) {
	var k PublicKey
	pub, ok := signer.Public().(ed25519.PublicKey)
	if !ok || len(pub) != len(k) {
		return k, fmt.Errorf("signing with %T: only Ed25519 is", signer.Public())
	}
	copy(k[:], pub)
	return k, nil
}

// Entry is a record at its place in the chain.
type Entry struct {
	// Site says whose chain it is.
	Site string
	// Sequence counts from 1.
	Sequence uint64
	// Previous is the hash of the entry before it, zero for the first.
	Previous Hash
	// Key is the one that signed it.
	Key       PublicKey
	Record    Record
	Signature [ed25519.SignatureSize]byte
}

// Hash is over what was signed, and so over the hash before it.
func (e Entry) Hash() Hash { return sha256.Sum256(e.Signed()) }

// Head is where a chain ends. With its Site alone it is where one begins.
type Head struct {
	Site     string
	Sequence uint64
	Hash     Hash
	// Key signs the next entry. Zero says that any may.
	Key PublicKey
}

// Append signs a record as the entry after head. The signer is the one of head, except
// that a KeyChanged may be signed by the key that it names.
func Append(head Head, record Record, signer crypto.Signer) (Entry, Head, error) {
	if record.Schema == 0 {
		record.Schema = Schema
	}
	key, err := KeyOf(signer)
	if err != nil {
		return Entry{}, head, err
	}
	next, err := head.keyAfter(record, key)
	if err != nil {
		return Entry{}, head, err
	}
	e := Entry{Site: head.Site, Sequence: head.Sequence + 1, Previous: head.Hash, Key: key, Record: record}
	if err := e.check(); err != nil {
		return Entry{}, head, fmt.Errorf("appending %s: %w", record.What, err)
	}
	signed := e.Signed()
	// Ed25519 signs by the key and the text alone: no chance is asked for.
	signature, err := signer.Sign(nil, signed, crypto.Hash(0))
	if err != nil {
		return Entry{}, head, fmt.Errorf("signing entry %d: %w", e.Sequence, err)
	}
	// A signer in hardware may fail in silence, and the entry would stand for ever.
	if !ed25519.Verify(key[:], signed, signature) {
		return Entry{}, head, fmt.Errorf("signing entry %d: the signature does not verify", e.Sequence)
	}
	copy(e.Signature[:], signature)
	if n := len(e.Encode()); n > MaxLine {
		return Entry{}, head, fmt.Errorf("appending %s: a line of %d bytes is more than %d", record.What, n, MaxLine)
	}
	return e, Head{Site: e.Site, Sequence: e.Sequence, Hash: sha256.Sum256(signed), Key: next}, nil
}

// keyAfter is the key that signs after a record which was signed by key.
func (h Head) keyAfter(r Record, key PublicKey) (PublicKey, error) {
	next := key
	if r.What == KeyChanged {
		var err error
		if next, err = ParsePublicKey(r.Decision[DecisionKey]); err != nil {
			return key, fmt.Errorf("appending %s: decision[%q]: %w", r.What, DecisionKey, err)
		}
		if next == key {
			return next, nil
		}
	}
	if h.Key != (PublicKey{}) && h.Key != key {
		return key, fmt.Errorf("appending %s: the key is %s, and not %s", r.What, h.Key, key)
	}
	return next, nil
}

// HeadOf is where a chain ends that ends with this entry.
func HeadOf(last Entry) Head {
	next := last.Key
	if last.Record.What == KeyChanged {
		if key, err := ParsePublicKey(last.Record.Decision[DecisionKey]); err == nil {
			next = key
		}
	}
	return Head{Site: last.Site, Sequence: last.Sequence, Hash: last.Hash(), Key: next}
}

// ChangeKey is the record that names the next key.
func ChangeKey(r Record, next PublicKey) Record {
	r.What = KeyChanged
	decision := map[string]string{DecisionKey: next.String()}
	for k, v := range r.Decision {
		if k != DecisionKey {
			decision[k] = v
		}
	}
	r.Decision = decision
	return r
}

// check says what keeps an entry from being written so that it is read back as it was.
func (e Entry) check() error {
	if e.Site == "" {
		return errors.New("site: is empty")
	}
	if err := checkText("site", e.Site); err != nil {
		return err
	}
	if e.Sequence == 0 || e.Sequence > maxInteger {
		return fmt.Errorf("sequence: %d is not between 1 and 2^53-1", e.Sequence)
	}
	if e.Record.Carried >= e.Sequence {
		return fmt.Errorf("carried: %d is no earlier entry", e.Record.Carried)
	}
	return e.Record.check()
}

// verifies says whether the signature is the one of the key that is named.
func (e Entry) verifies() bool { return ed25519.Verify(e.Key[:], e.Signed(), e.Signature[:]) }
