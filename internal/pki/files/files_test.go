// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package files_test

import (
	"crypto/x509"
	"encoding/pem"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/pki/authority"
	"github.com/zonewarden/zonewarden/internal/pki/files"
)

// TestSameSeesEveryChange: of a file, of its content, and of the password.
func TestSameSeesEveryChange(t *testing.T) {
	t.Parallel()
	s, other := newSite(t, kinds[0], false), newSite(t, kinds[1], false)
	own := s.own(t, v1alpha1.ProfileTLSPeer, kinds[0])
	data, err := own.Secret()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"ca.crt", "key.der", "keystore-password", "keystore.p12", "tls.crt", "tls.der", "tls.key", "truststore.p12"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(data))); diff != "" {
		t.Fatal(diff)
	}
	if again, err := own.Secret(); err != nil || !own.Same(again) {
		t.Errorf("another encoding of the same is not the same: %v", err)
	}
	for name := range data {
		edited := maps.Clone(data)
		edited[name] = append([]byte("x"), data[name]...)
		if own.Same(edited) {
			t.Errorf("%s was edited", name)
		}
		delete(edited, name)
		if own.Same(edited) {
			t.Errorf("%s is gone", name)
		}
	}
	more := maps.Clone(data)
	more["extra"] = nil
	if own.Same(more) {
		t.Error("a file more is the same")
	}
	for what, change := range map[string]func(*files.Own){
		"key":      func(o *files.Own) { o.Key = key(t, kinds[0], "another") },
		"leaf":     func(o *files.Own) { o.Leaf = s.own(t, v1alpha1.ProfileTLSPeer, kinds[0]).Leaf },
		"chain":    func(o *files.Own) { o.Chain = nil },
		"bundle":   func(o *files.Own) { o.Anchors = append(slices.Clone(o.Anchors), other.zone.Anchor) },
		"password": func(o *files.Own) { o.Password = "another" },
		"formats":  func(o *files.Own) { o.Formats = nil },
	} {
		changed := own
		change(&changed)
		if changed.Same(data) {
			t.Errorf("another %s is the same", what)
		}
	}
}

// TestBundlesAreOrdered: equal bundles are equal files, and nothing is in one twice.
func TestBundlesAreOrdered(t *testing.T) {
	t.Parallel()
	a, b := newSite(t, kinds[0], false), newSite(t, kinds[1], false)
	own := a.own(t, v1alpha1.ProfileTLSServer, kinds[0])
	own.Formats = nil
	own.Anchors = []*x509.Certificate{a.zone.Anchor, b.zone.Anchor, a.zone.Anchor}
	one, err := own.Secret()
	if err != nil {
		t.Fatal(err)
	}
	own.Anchors = []*x509.Certificate{b.zone.Anchor, a.zone.Anchor}
	if !own.Same(one) {
		t.Error("the order of a bundle is told apart")
	}
	read, err := files.Certificates(one[files.BundlePEM])
	if err != nil || len(read) != 2 {
		t.Errorf("%d in the bundle: %v", len(read), err)
	}
}

// TestApplicationsOwnKey: a Secret without a key holds none.
func TestApplicationsOwnKey(t *testing.T) {
	t.Parallel()
	own := newSite(t, kinds[0], true).own(t, v1alpha1.ProfileOPCUA, kinds[2])
	own.Key, own.Formats = authority.Key{}, nil
	data, err := own.Secret()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ca.crt", "tls.crt", "tls.der", "tls.key"}, slices.Sorted(maps.Keys(data))); diff != "" || len(data["tls.key"]) > 0 {
		t.Errorf("%s, key of %d bytes", diff, len(data["tls.key"]))
	}
	if _, err := (files.Own{}).Secret(); err == nil {
		t.Error("a Secret of nothing")
	}
}

// TestOnlyCertificatesAreRead, and nothing beside them.
func TestOnlyCertificatesAreRead(t *testing.T) {
	t.Parallel()
	good := files.PEM(newSite(t, kinds[0], false).zone.Anchor)
	for name, raw := range map[string]string{
		"a key among them": string(good) + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})),
		"no certificate":   string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})),
		"words behind":     string(good) + "and so on",
		"words":            "a certificate",
	} {
		if got, err := files.Certificates([]byte(raw)); err == nil {
			t.Errorf("%s: %d", name, len(got))
		}
	}
	if got, err := files.Certificates(append(good, good...)); err != nil || len(got) != 2 {
		t.Errorf("%d: %v", len(got), err)
	}
	if _, err := files.ListOf(good); err == nil {
		t.Error("a certificate is a revocation list")
	}
}

// TestFolders: one file for each, by the zone and the fingerprint.
func TestFolders(t *testing.T) {
	t.Parallel()
	s := newSite(t, kinds[0], true)
	list, err := s.zone.RevocationList(1, now)
	if err != nil {
		t.Fatal(err)
	}
	certificates, lists := files.Folders([]files.Trust{
		{Zone: "filtration", Certificate: s.zone.Anchor, List: list}, {Zone: "site", Certificate: s.root.Certificate},
	})
	if len(certificates) != 2 || len(lists) != 1 {
		t.Errorf("%d certificates, %d lists", len(certificates), len(lists))
	}
	for _, folder := range []map[string][]byte{certificates, lists} {
		for name := range folder {
			if wrong := validation.IsConfigMapKey(name); len(wrong) > 0 {
				t.Errorf("no ConfigMap takes %s: %v", name, wrong)
			}
		}
	}
	for name := range certificates {
		if !strings.HasSuffix(name, ".der") || len(name) != len("site-01234567.der") && !strings.HasPrefix(name, "filtration-") {
			t.Error(name)
		}
	}
}
