// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/audit/store"
)

// What the ConfigMaps and Secrets of the audit trail carry.
const (
	LabelAudit      = "zonewarden.io/audit"
	LabelAuditValue = "zonewarden"
	labelPartOf     = "app.kubernetes.io/part-of"
)

// trailPatience bounds each request about the trail: who waits for a record waits with
// somebody's access.
const trailPatience = 5 * time.Second

// TrailObjects are the ConfigMaps of the audit trail in one namespace. A request that is not
// answered in time may have been carried out, as store.Objects says of every other error.
type TrailObjects struct {
	// Live reads past every cache.
	Live client.Reader
	// Client writes.
	Client    client.Client
	Namespace string
}

var _ store.Objects = TrailObjects{}

// Get reads one.
func (t TrailObjects) Get(ctx context.Context, name string) (store.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, trailPatience)
	defer cancel()
	var m corev1.ConfigMap
	if err := t.Live.Get(ctx, client.ObjectKey{Namespace: t.Namespace, Name: name}, &m); err != nil {
		return store.Object{}, trailError("reading", name, err)
	}
	return store.Object{
		Name: m.Name, UID: string(m.UID), Version: m.ResourceVersion, Data: m.Data,
		Immutable: m.Immutable != nil && *m.Immutable,
	}, nil
}

// List gives those of the trail, without what is in them.
func (t TrailObjects) List(ctx context.Context) ([]store.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, trailPatience)
	defer cancel()
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMapList"))
	err := t.Live.List(ctx, list, client.InNamespace(t.Namespace), client.MatchingLabels{LabelAudit: LabelAuditValue})
	if err != nil {
		return nil, trailError("listing", t.Namespace, err)
	}
	out := make([]store.Object, len(list.Items))
	for i := range list.Items {
		m := &list.Items[i]
		out[i] = store.Object{Name: m.Name, UID: string(m.UID), Version: m.ResourceVersion}
	}
	return out, nil
}

// Create makes one.
func (t TrailObjects) Create(ctx context.Context, o store.Object) error {
	ctx, cancel := context.WithTimeout(ctx, trailPatience)
	defer cancel()
	m := t.configMap(o)
	m.UID, m.ResourceVersion = "", ""
	err := t.Client.Create(ctx, m, client.FieldOwner(FieldManager))
	if apierrors.IsNotFound(err) {
		// Its namespace: nothing that another try would mend.
		return fmt.Errorf("creating ConfigMap %s: %w", o.Name, err)
	}
	return trailError("creating", o.Name, err)
}

// Update writes over the version that was read.
func (t TrailObjects) Update(ctx context.Context, o store.Object) error {
	if o.Version == "" {
		// The API server would write over whatever is there.
		return fmt.Errorf("writing ConfigMap %s: %w: no version was read", o.Name, store.ErrConflict)
	}
	ctx, cancel := context.WithTimeout(ctx, trailPatience)
	defer cancel()
	return trailError("writing", o.Name, t.Client.Update(ctx, t.configMap(o), client.FieldOwner(FieldManager)))
}

// Delete deletes the one of that UID. One that is gone, or another by its name, is no error.
func (t TrailObjects) Delete(ctx context.Context, o store.Object) error {
	ctx, cancel := context.WithTimeout(ctx, trailPatience)
	defer cancel()
	uid := types.UID(o.UID)
	err := t.Client.Delete(ctx, t.configMap(store.Object{Name: o.Name}), client.Preconditions{UID: &uid})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return trailError("deleting", o.Name, err)
}

func (t TrailObjects) configMap(o store.Object) *corev1.ConfigMap {
	m := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: t.Namespace, Name: o.Name, UID: types.UID(o.UID), ResourceVersion: o.Version,
			Labels: auditLabels(),
		},
		Data: o.Data,
	}
	if o.Immutable {
		m.Immutable = &o.Immutable
	}
	return m
}

func auditLabels() map[string]string {
	return map[string]string{labelPartOf: "zonewarden", LabelAudit: LabelAuditValue}
}

// trailError says in the words of package store what the API server answered.
func trailError(doing, name string, err error) error {
	var said error
	switch {
	case err == nil:
		return nil
	case apierrors.IsNotFound(err):
		said = store.ErrNotFound
	case apierrors.IsAlreadyExists(err):
		said = store.ErrExists
	case apierrors.IsConflict(err):
		said = store.ErrConflict
	default:
		return fmt.Errorf("%s ConfigMap %s: %w", doing, name, err)
	}
	return fmt.Errorf("%s ConfigMap %s: %w: %w", doing, name, said, err)
}
