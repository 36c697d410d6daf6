// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/store"
)

// RBAC cannot limit create by name.
// +kubebuilder:rbac:groups="",namespace=zonewarden-system,resources=secrets,verbs=create
// +kubebuilder:rbac:groups="",namespace=zonewarden-system,resources=secrets,resourceNames=zonewarden-audit-key,verbs=get;update
// +kubebuilder:rbac:groups="",namespace=zonewarden-system,resources=secrets,resourceNames=zonewarden-session-key,verbs=get

const (
	// trailKeyName is the Secret of the keys that sign the trail, by package signing.
	trailKeyName = "zonewarden-audit-key"
	// publishedKeys is the ConfigMap that says their public halves, under publishedIn.
	publishedKeys, publishedIn = "zonewarden-audit-keys", "keys"
	// sessionKeyName is the Secret of the key that signs what relays are told.
	sessionKeyName = "zonewarden-session-key"
)

var (
	errNoNamespace = errors.New("the operator knows no namespace of its own, where the audit trail would be kept")
	errNoKey       = errors.New("there is an audit trail, and not the key that signs it")
)

// ready makes sure that there are keys to go by.
func (t *trail) ready(ctx context.Context) error {
	if t.store == nil || t.keyless != nil {
		t.keyless = t.refresh(ctx)
	}
	return t.keyless
}

// refresh reads the keys. Without a Secret there must not be a trail either.
func (t *trail) refresh(ctx context.Context) error {
	if t.namespace == "" {
		return errNoNamespace
	}
	held, err := t.keys.Read(ctx)
	if errors.Is(err, apply.ErrNoSecret) {
		return t.withoutSecret(ctx)
	}
	if err != nil {
		return err
	}
	if t.store != nil {
		if !held.Same(t.held) {
			err = t.store.Hold(held.Signers(), held.Retired)
		}
	} else {
		err = t.open(ctx, held)
	}
	if err != nil {
		return err
	}
	t.held = held
	return nil
}

func (t *trail) open(ctx context.Context, held apply.HeldKeys) error {
	site, err := t.siteUID(ctx)
	if err != nil {
		return err
	}
	t.store, err = store.Open(store.Options{
		Objects: t.objects, Site: site, Name: trailName, Signers: held.Signers(), Keys: held.Retired, Keep: t.needed,
		Segment: t.segment, Total: t.total,
	})
	return err
}

// withoutSecret says whether there is a trail that the key is missing of. A new key would
// make what it signed look like a forgery, and a forgery like a trail.
func (t *trail) withoutSecret(ctx context.Context) error {
	missing := fmt.Errorf("%w: Secret %s/%s is gone", errNoKey, t.namespace, trailKeyName)
	if t.store != nil {
		return missing
	}
	_, err := t.objects.Get(ctx, trailName)
	switch {
	case err == nil:
		return missing
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	left, err := t.objects.List(ctx)
	if err == nil && len(left) > 0 {
		err = missing
	}
	return err
}

// makeKey makes the first key, for a trail that is not there, and publishes it: whoever exports
// what was just recorded finds it.
func (t *trail) makeKey(ctx context.Context) error {
	if _, err := t.keys.Make(ctx); err != nil {
		return err
	}
	if t.keyless = t.refresh(ctx); t.keyless != nil {
		return t.keyless
	}
	if err := t.keys.Publish(ctx, publishedKeys, publishedIn, t.held); err != nil {
		log.FromContext(ctx).Error(err, "the key of the audit trail is published with the next look")
	}
	return nil
}

// begun says what is wrong with a trail that has nothing in it.
func (t *trail) begun(entries []audit.Entry) error {
	if len(entries) == 0 && t.held.Begun {
		return fmt.Errorf("%w: %s is gone, of which Secret %s says that it was begun", store.ErrDamaged, trailName, trailKeyName)
	}
	return nil
}

// begin notes in the Secret that there is a trail, so that one that is gone is missed. It is
// tried again with every look.
func (t *trail) begin(ctx context.Context) {
	if t.held.Begun || len(t.known.entries) == 0 {
		return
	}
	next := t.held
	next.Begun = true
	if err := t.hold(ctx, next); err != nil {
		log.FromContext(ctx).Error(err, "that the audit trail was begun is not noted yet")
	}
}

// hold writes the keys, and goes by them.
func (t *trail) hold(ctx context.Context, next apply.HeldKeys) error {
	held, err := t.keys.Write(ctx, next)
	if err != nil {
		return err
	}
	if err := t.store.Hold(held.Signers(), held.Retired); err != nil {
		return err
	}
	t.held = held
	return nil
}

// settleKeys carries out a change of the key that somebody began, drops what is believed
// without need, and publishes the rest.
func (t *trail) settleKeys(ctx context.Context) error {
	if t.held.Next != nil {
		if err := t.changeKey(ctx); err != nil {
			return err
		}
	}
	t.begin(ctx)
	next := t.held
	next.Keys = t.held.Needed(t.known.entries)
	if len(next.Retired) < len(t.held.Retired) {
		if err := t.hold(ctx, next); err != nil {
			return err
		}
	}
	return t.keys.Publish(ctx, publishedKeys, publishedIn, t.held)
}

// changeKey first has the chain say so. A crash before the Secret is written leaves the
// same to do again, and the chain owes nothing then.
func (t *trail) changeKey(ctx context.Context) error {
	to, err := audit.KeyOf(t.held.Next)
	if err != nil {
		return err
	}
	stamp := t.stamp()
	stamp.Who = t.operator()
	if _, err := t.store.ChangeKey(ctx, stamp, to); err != nil {
		return fmt.Errorf("changing the key of the audit trail: %w", err)
	}
	next := t.held
	next.Keys = t.held.Changed()
	if err := t.hold(ctx, next); err != nil {
		return err
	}
	return t.load(ctx)
}

// signs says whether we hold the key that the chain awaits, or are about to change it.
func (t *trail) signs() bool {
	want := t.known.head.Key
	if want == (audit.PublicKey{}) || t.held.Next != nil {
		return true
	}
	key, err := audit.KeyOf(t.held.Key)
	return err == nil && key == want
}

// sessionKeys is the Secret of the key that signs what relays are told. It is read once: a
// relay is made with the public half, and knows no other.
type sessionKeys struct {
	secret apply.KeySecret

	mu  sync.Mutex
	key ed25519.PrivateKey
}

// sessionKey signs the ends that relays are told. It is made where there is none: the relays
// that know another one end by what they were told last.
func (t *trail) sessionKey(ctx context.Context) (ed25519.PrivateKey, error) {
	if t.namespace == "" {
		return nil, errNoNamespace
	}
	s := &t.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key != nil {
		return s.key, nil
	}
	held, err := s.secret.Read(ctx)
	if errors.Is(err, apply.ErrNoSecret) {
		held, err = s.secret.Make(ctx)
	}
	if err != nil {
		return nil, err
	}
	if held.Key == nil {
		return nil, fmt.Errorf("reading Secret %s/%s: %w", t.namespace, sessionKeyName, apply.ErrNoKeys)
	}
	s.key = held.Key
	return s.key, nil
}
