// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/audit/signing"
)

// What is wrong with a Secret.
var (
	// ErrNoSecret says that there is none of that name.
	ErrNoSecret = errors.New("there is no such Secret")
	// ErrNoKeys says that what it holds is no keys.
	ErrNoKeys = errors.New("it does not hold keys as it should")
)

// KeySecret is a Secret of the operator's own that holds signing keys.
type KeySecret struct {
	// Live reads past every cache.
	Live client.Reader
	// Client writes.
	Client          client.Client
	Namespace, Name string
}

// HeldKeys are keys as they were at one version of their Secret.
type HeldKeys struct {
	signing.Keys

	version string
}

// Same says whether both are of one version of the Secret.
func (k HeldKeys) Same(other HeldKeys) bool { return k.version == other.version }

// Read gives what is held, or ErrNoSecret.
func (s KeySecret) Read(ctx context.Context) (HeldKeys, error) {
	ctx, cancel := context.WithTimeout(ctx, trailPatience)
	defer cancel()
	var secret corev1.Secret
	err := s.Live.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: s.Name}, &secret)
	if apierrors.IsNotFound(err) {
		return HeldKeys{}, fmt.Errorf("reading Secret %s/%s: %w", s.Namespace, s.Name, ErrNoSecret)
	}
	if err != nil {
		return HeldKeys{}, fmt.Errorf("reading Secret %s/%s: %w", s.Namespace, s.Name, err)
	}
	keys, err := signing.Parse(secret.Data)
	if err != nil {
		return HeldKeys{}, fmt.Errorf("reading Secret %s/%s: %w: %w", s.Namespace, s.Name, ErrNoKeys, err)
	}
	return HeldKeys{Keys: keys, version: secret.ResourceVersion}, nil
}

// Make makes a Secret with a new key, and gives what is held afterwards: another leader may
// have been first.
func (s KeySecret) Make(ctx context.Context) (HeldKeys, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader) //nolint:forbidigo // a key is chance and nothing else
	if err != nil {
		return HeldKeys{}, fmt.Errorf("making a key: %w", err)
	}
	secret, err := s.secret(HeldKeys{Keys: signing.Keys{Key: key}})
	if err != nil {
		return HeldKeys{}, err
	}
	within, cancel := context.WithTimeout(ctx, trailPatience)
	defer cancel()
	err = s.Client.Create(within, secret, client.FieldOwner(FieldManager))
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return HeldKeys{}, fmt.Errorf("making Secret %s/%s: %w", s.Namespace, s.Name, err)
	}
	return s.Read(ctx)
}

// Write writes over the version that was read, and gives what is held afterwards.
func (s KeySecret) Write(ctx context.Context, k HeldKeys) (HeldKeys, error) {
	secret, err := s.secret(k)
	if err != nil {
		return HeldKeys{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, trailPatience)
	defer cancel()
	if err := s.Client.Update(ctx, secret, client.FieldOwner(FieldManager)); err != nil {
		return HeldKeys{}, fmt.Errorf("writing Secret %s/%s: %w", s.Namespace, s.Name, err)
	}
	return HeldKeys{Keys: k.Keys, version: secret.ResourceVersion}, nil
}

func (s KeySecret) secret(k HeldKeys) (*corev1.Secret, error) {
	data, err := k.Data()
	if err != nil {
		return nil, fmt.Errorf("writing Secret %s/%s: %w", s.Namespace, s.Name, err)
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Namespace, Name: s.Name, ResourceVersion: k.version,
			Labels: map[string]string{labelPartOf: "zonewarden"},
		},
		Type: corev1.SecretTypeOpaque,
		Data: data,
	}, nil
}

// Publish writes the public keys to a ConfigMap of the same namespace, where it does not say
// them yet.
func (s KeySecret) Publish(ctx context.Context, name, dataKey string, k HeldKeys) error {
	ctx, cancel := context.WithTimeout(ctx, trailPatience)
	defer cancel()
	want := map[string]string{dataKey: k.Published()}
	m := &corev1.ConfigMap{}
	err := s.Live.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: name}, m)
	switch {
	case apierrors.IsNotFound(err):
		m = &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Namespace, Name: name, Labels: map[string]string{labelPartOf: "zonewarden"},
		}, Data: want}
		err = s.Client.Create(ctx, m, client.FieldOwner(FieldManager))
	case err == nil && m.Data[dataKey] == want[dataKey]:
		return nil
	case err == nil:
		m.Data = want
		err = s.Client.Update(ctx, m, client.FieldOwner(FieldManager))
	}
	if err != nil {
		return fmt.Errorf("publishing the public keys in ConfigMap %s/%s: %w", s.Namespace, name, err)
	}
	return nil
}
