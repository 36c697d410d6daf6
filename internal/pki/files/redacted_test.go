// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package files_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/pki/authority"
	"github.com/zonewarden/zonewarden/internal/pki/files"
)

// TestNothingPrintsAKey: whatever prints what holds keys, and whatever error is had from them,
// sixteen bytes of a key in a row are in none of it, in no notation, and no password.
func TestNothingPrintsAKey(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds[:3] {
		s := newSite(t, kind, false)
		own := s.own(t, v1alpha1.ProfileTLSPeer, kind)
		own.Password = "correct-horse-battery"
		said := everything(t, own, &own, s.zone, &s.zone, s.root, own.Key, &own.Key, []any{own}, map[string]any{"own": own, "zone": s.zone})
		said += errorsOf(t, own)
		for _, k := range []authority.Key{own.Key, s.zone.Key, s.root.Key} {
			nothingOf(t, said, k)
		}
		if strings.Contains(said, own.Password) || strings.Contains(said, "horse") {
			t.Error("the password is printed")
		}
		if !strings.Contains(said, "[redacted]") {
			t.Error("nothing is redacted")
		}
	}
}

// everything that is printed of values, by every verb, encoder and logger.
func everything(t *testing.T, values ...any) string {
	t.Helper()
	var out bytes.Buffer
	loggers := []logr.Logger{
		funcr.New(func(prefix, args string) { out.WriteString(prefix + args) }, funcr.Options{}),
		funcr.NewJSON(func(obj string) { out.WriteString(obj) }, funcr.Options{}),
		zap.New(zap.WriteTo(&out)), zap.New(zap.WriteTo(&out), zap.UseDevMode(true)),
		logr.FromSlogHandler(slog.NewTextHandler(&out, nil)), logr.FromSlogHandler(slog.NewJSONHandler(&out, nil)),
	}
	structured := []*slog.Logger{slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))}
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(raw)
		for _, l := range loggers {
			l.Info("made", "value", v)
			l.Error(errors.New("x"), "made", "value", v)
		}
		for _, l := range structured {
			l.Info("made", "value", v)
		}
	}
	return out.String()
}

// errorsOf reading and encoding what is broken.
func errorsOf(t *testing.T, own files.Own) string {
	t.Helper()
	raw, err := own.Key.PEM()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for cut := range raw {
		if cut%7 != 0 {
			continue
		}
		_, broken := authority.ParseKey(append([]byte("-----BEGIN PRIVATE KEY-----\n"), raw[cut:]...))
		_, read := files.Certificates(raw[cut:])
		_, list := files.ListOf(raw[cut:])
		_, public := authority.PublicOf(raw[cut:])
		fmt.Fprintln(&out, broken, read, list, public)
	}
	own.Leaf = nil
	_, err = own.Secret()
	fmt.Fprintln(&out, err)
	return out.String()
}

// nothingOf a key is in what was said, but for what is public of it.
func nothingOf(t *testing.T, said string, k authority.Key) {
	t.Helper()
	raw, err := k.DER()
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	for i := 32; i+12 <= len(raw); i += 5 { // before it is how keys are framed, which is no secret
		part := raw[i : i+8]
		if bytes.Contains(public, part) {
			continue
		}
		numbers := " " + strings.Trim(fmt.Sprintf("%d", part), "[]") + " " // whole ones
		for _, notation := range []string{
			string(part), hex.EncodeToString(part), strings.ToUpper(hex.EncodeToString(part)),
			numbers, strings.ReplaceAll(numbers, " ", ","),
			base64.StdEncoding.EncodeToString(raw[i : i+12]),
		} {
			if strings.Contains(said, notation) {
				t.Fatalf("bytes from %d on of a key are printed", i)
			}
		}
	}
}
