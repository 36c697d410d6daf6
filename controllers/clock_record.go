// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/clock"
)

// The operator's own namespace, and there this object. RBAC cannot limit create by name.
// +kubebuilder:rbac:groups="",namespace=zonewarden-system,resources=configmaps,resourceNames=zonewarden-clock,verbs=get;update
// +kubebuilder:rbac:groups="",namespace=zonewarden-system,resources=configmaps,verbs=create

// clockRecordName is the ConfigMap that keeps clock.State, as JSON under clockRecordKey.
const clockRecordName, clockRecordKey = "zonewarden-clock", "state"

// clockRecord keeps what is known of the clock in the operator's own namespace and not on
// the Site: the mark has to survive the Site's deletion, and who may write the Site must
// not move it. It is read past the cache, and written only over the version that was read
// or written last.
type clockRecord struct {
	live      client.Reader
	client    client.Client
	namespace string
	// object as last read or written; without a version: there is none.
	object *corev1.ConfigMap
}

func (c *clockRecord) key() client.ObjectKey {
	return client.ObjectKey{Namespace: c.namespace, Name: clockRecordName}
}

// recall reads the state; the zero State where none was kept, or there is no namespace.
func (c *clockRecord) recall(ctx context.Context) (clock.State, error) {
	if c.namespace == "" {
		return clock.State{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, looksAtClocks)
	defer cancel()
	object := &corev1.ConfigMap{}
	err := c.live.Get(ctx, c.key(), object)
	if apierrors.IsNotFound(err) {
		c.forget()
		return clock.State{}, nil
	}
	if err != nil {
		return clock.State{}, fmt.Errorf("reading ConfigMap %s: %w", c.key(), err)
	}
	state, err := decodeState(object)
	if err != nil {
		return clock.State{}, fmt.Errorf("decoding %s of ConfigMap %s: %w", clockRecordKey, c.key(), err)
	}
	c.object = object
	return state, nil
}

// decodeState is strict about what it must not misread: an object without a state, or with
// one that says no version, was not written by any version of us.
func decodeState(object *corev1.ConfigMap) (clock.State, error) {
	var state clock.State
	if err := json.Unmarshal([]byte(object.Data[clockRecordKey]), &state); err != nil {
		return clock.State{}, fmt.Errorf("reading JSON: %w", err)
	}
	if state.Version <= 0 {
		return clock.State{}, fmt.Errorf("version %d is none", state.Version)
	}
	return state, nil
}

// keep writes the state. It returns true when somebody else has written meanwhile, and
// then changes nothing.
func (c *clockRecord) keep(ctx context.Context, state clock.State) (theirs bool, err error) {
	raw, err := json.Marshal(state)
	if err != nil {
		return false, fmt.Errorf("encoding what is known of the clock: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, looksAtClocks)
	defer cancel()
	object := c.object.DeepCopy()
	if object.Data == nil {
		object.Data = map[string]string{}
	}
	object.Data[clockRecordKey] = string(raw)
	if object.ResourceVersion == "" {
		err = c.client.Create(ctx, object, client.FieldOwner(apply.FieldManager))
	} else {
		err = c.client.Update(ctx, object, client.FieldOwner(apply.FieldManager))
	}
	switch {
	case err == nil:
		c.object = object
		return false, nil
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		return true, nil
	case apierrors.IsNotFound(err):
		c.forget() // it was removed, or its namespace is: made again at the next look
	}
	return false, fmt.Errorf("writing ConfigMap %s: %w", c.key(), err)
}

func (c *clockRecord) forget() {
	c.object = &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Namespace: c.namespace, Name: clockRecordName, Labels: map[string]string{"app.kubernetes.io/part-of": "zonewarden"},
	}}
}
