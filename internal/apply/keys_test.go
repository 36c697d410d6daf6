// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/signing"
)

func (s *served) testKeys(t *testing.T) {
	secret := apply.KeySecret{Live: s, Client: s, Namespace: "default", Name: "zonewarden-audit-key"}
	if _, err := secret.Read(t.Context()); !errors.Is(err, apply.ErrNoSecret) {
		t.Errorf("reading nothing: %v", err)
	}
	// All who make it at once hold the same key afterwards.
	made := make([]apply.HeldKeys, 8)
	var all sync.WaitGroup
	for i := range made {
		all.Go(func() {
			var err error
			if made[i], err = secret.Make(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	first := made[0]
	for _, other := range made {
		if !cmp.Equal(first.Keys, other.Keys) || !first.Same(other) || first.Key == nil {
			t.Fatal("two hold different keys")
		}
	}
	changed := first
	changed.Begun = true
	changed.Retired = []audit.PublicKey{{1}}
	written, err := secret.Write(t.Context(), changed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := secret.Write(t.Context(), changed); !apierrors.IsConflict(err) {
		t.Errorf("writing over an old version: %v", err)
	}
	read, err := secret.Read(t.Context())
	if err != nil || !read.Same(written) || read.Same(first) || !cmp.Equal(changed.Keys, read.Keys) {
		t.Errorf("%v: it reads another than was written", err)
	}
	s.testPublishing(t, secret, read)

	var object corev1.Secret
	key := client.ObjectKey{Namespace: "default", Name: secret.Name}
	if err := s.Get(t.Context(), key, &object); err != nil {
		t.Fatal(err)
	}
	object.Data[signing.DataKey] = []byte("lost")
	if err := s.Update(t.Context(), &object); err != nil {
		t.Fatal(err)
	}
	for what, read := range map[string]func() (apply.HeldKeys, error){
		"reading": func() (apply.HeldKeys, error) { return secret.Read(t.Context()) },
		"making":  func() (apply.HeldKeys, error) { return secret.Make(t.Context()) },
	} {
		if _, err := read(); err == nil || !strings.Contains(err.Error(), "key.pem: is not one PEM block") {
			t.Errorf("%s a Secret without a key: %v", what, err)
		}
	}
}

func (s *served) testPublishing(t *testing.T, secret apply.KeySecret, keys apply.HeldKeys) {
	t.Helper()
	object := &corev1.ConfigMap{}
	key := client.ObjectKey{Namespace: "default", Name: "zonewarden-audit-keys"}
	version := ""
	for i, spoil := range []bool{false, false, true} {
		if spoil {
			object.Data = map[string]string{"keys": "mine", "more": "mine"}
			if err := s.Update(t.Context(), object); err != nil {
				t.Fatal(err)
			}
		}
		if err := secret.Publish(t.Context(), key.Name, "keys", keys); err != nil {
			t.Fatal(err)
		}
		if err := s.Get(t.Context(), key, object); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(keys.Published(), object.Data["keys"]); diff != "" {
			t.Errorf("published (-want +got):\n%s", diff)
		}
		if i == 1 && object.ResourceVersion != version {
			t.Error("it was written again without need")
		}
		version = object.ResourceVersion
	}
}
