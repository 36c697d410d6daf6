// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// What JSON's reader reads an entry into. Its members are all strings of their own form,
// which decoding checks by writing them again.
type (
	lineText struct {
		Entry     entryText `json:"entry"`
		Signature string    `json:"signature"`
	}
	entryText struct {
		Key      string     `json:"key"`
		Previous string     `json:"previous"`
		Record   recordText `json:"record"`
		Sequence uint64     `json:"sequence"`
		Site     string     `json:"site"`
	}
	recordText struct {
		At         string            `json:"at"`
		Carried    uint64            `json:"carried"`
		Clock      clockText         `json:"clock"`
		Decision   map[string]string `json:"decision"`
		Object     Object            `json:"object"`
		PolicyHash string            `json:"policyHash"`
		Schema     int               `json:"schema"`
		SpecHash   string            `json:"specHash"`
		What       string            `json:"what"`
		Who        string            `json:"who"`
	}
	clockText struct {
		BootID    string `json:"bootID"`
		Reason    string `json:"reason"`
		SinceBoot string `json:"sinceBoot"`
		Trusted   bool   `json:"trusted"`
	}
)

var errNotCanonical = errors.New("is not written as we write it")

// Encode is the line of an entry, without an end of line.
func (e Entry) Encode() []byte {
	b := append([]byte(`{"entry":`), e.Signed()...)
	b = append(b, `,"signature":"`...)
	b = base64.StdEncoding.AppendEncode(b, e.Signature[:])
	return append(b, `"}`...)
}

// Decode reads the line of an entry. It reads nothing but what Encode wrote, and judges
// neither signature nor place.
func Decode(line []byte) (Entry, error) {
	if len(line) > MaxLine {
		return Entry{}, fmt.Errorf("decoding an entry: a line of %d bytes is more than %d", len(line), MaxLine)
	}
	var text lineText
	if err := json.Unmarshal(line, &text); err != nil {
		return Entry{}, fmt.Errorf("decoding an entry: %w", err)
	}
	e, err := text.entry()
	if err == nil {
		err = e.check()
	}
	// Members twice or unknown, spaces, other escapes, other letters' cases.
	if err == nil && !bytes.Equal(e.Encode(), line) {
		err = errNotCanonical
	}
	if err != nil {
		return Entry{}, fmt.Errorf("decoding an entry: %w", err)
	}
	return e, nil
}

func (l lineText) entry() (Entry, error) {
	e := Entry{Site: l.Entry.Site, Sequence: l.Entry.Sequence}
	signature, err := base64.StdEncoding.DecodeString(l.Signature)
	if err != nil || len(signature) != len(e.Signature) {
		return Entry{}, errors.New("signature: is none of Ed25519 in base64")
	}
	copy(e.Signature[:], signature)
	if e.Previous, err = ParseHash(l.Entry.Previous); err != nil {
		return Entry{}, fmt.Errorf("previous: %w", err)
	}
	if e.Key, err = ParsePublicKey(l.Entry.Key); err != nil {
		return Entry{}, fmt.Errorf("key: %w", err)
	}
	e.Record, err = l.Entry.Record.record()
	return e, err
}

func (r recordText) record() (Record, error) {
	at, err := ParseTime(r.At)
	if err != nil {
		return Record{}, fmt.Errorf("at: %w", err)
	}
	sinceBoot, err := time.ParseDuration(r.Clock.SinceBoot)
	if err != nil {
		return Record{}, fmt.Errorf("clock.sinceBoot: %w", err)
	}
	decision := r.Decision
	if len(decision) == 0 {
		decision = nil
	}
	return Record{
		Schema: r.Schema, Who: r.Who, What: r.What, Object: r.Object, At: at,
		Clock: Clock{
			Trusted: r.Clock.Trusted, Reason: r.Clock.Reason,
			BootID: r.Clock.BootID, SinceBoot: sinceBoot,
		},
		SpecHash: r.SpecHash, PolicyHash: r.PolicyHash, Decision: decision, Carried: r.Carried,
	}, nil
}

// EncodeLines is a chain as JSON Lines: a line for each entry, each with its end.
func EncodeLines(entries []Entry) []byte {
	var b []byte
	for _, e := range entries {
		b = append(append(b, e.Encode()...), '\n')
	}
	return b
}

// DecodeLines reads JSON Lines, and goes on after what it cannot read: that is a fault
// with the index of its line. An end of line that is missing is one as well.
func DecodeLines(text []byte) ([]Entry, []Fault) {
	var entries []Entry
	var faults []Fault
	for i := 0; len(text) > 0; i++ {
		line, rest, whole := bytes.Cut(text, []byte{'\n'})
		text = rest
		e, err := Decode(line)
		if err == nil && !whole {
			err = errors.New("decoding an entry: its line has no end")
		}
		if err != nil {
			faults = append(faults, Fault{Kind: Malformed, Index: i, Message: err.Error()})
			continue
		}
		entries = append(entries, e)
	}
	return entries, faults
}
