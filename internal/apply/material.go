// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// Material writes what certificates are made of: Secrets, ConfigMaps, and the restarts of
// workloads that are to read them.
//
// Nothing is read from a cache: who holds a key twice has made one too many. Every write names
// the version that it was decided by, so that one who decided by an older one writes nothing.
type Material struct {
	Client client.Client
	// Live reads past every cache.
	Live client.Reader
}

// ErrNotOurs is an object of that name that was made for something else.
var ErrNotOurs = errors.New("an object of that name exists and is not of this certificate")

// OwnedBy makes an object go with its certificate.
func OwnedBy(w *v1alpha1.WorkloadCertificate) metav1.OwnerReference {
	return metav1.OwnerReference{
		APIVersion: v1alpha1.GroupVersion.String(), Kind: "WorkloadCertificate", Name: w.Name, UID: w.UID,
	}
}

// AnnotationRestartedAt is what `kubectl rollout restart` sets on a workload's pods.
const AnnotationRestartedAt = "kubectl.kubernetes.io/restartedAt"

// Labelled are the labels of what belongs to an object of a kind by its name.
func Labelled(kind, name string) map[string]string {
	return map[string]string{
		v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue,
		v1alpha1.LabelKind:      kind, v1alpha1.LabelName: name,
	}
}

// Get reads one, if it has these labels. It says nil where there is none, and ErrNotOurs where
// it is somebody else's.
func (m Material) Get(ctx context.Context, into client.Object, labels map[string]string) (found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, asksAPI)
	defer cancel()
	err = m.Live.Get(ctx, client.ObjectKeyFromObject(into), into)
	switch {
	case apierrors.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reading %s: %w", nameOf(into), err)
	}
	for key, value := range labels {
		if into.GetLabels()[key] != value {
			return false, fmt.Errorf("reading %s: %w", nameOf(into), ErrNotOurs)
		}
	}
	return true, nil
}

// Put makes what has no version, and writes over the version that it has otherwise.
func (m Material) Put(ctx context.Context, o client.Object) error {
	ctx, cancel := context.WithTimeout(ctx, asksAPI)
	defer cancel()
	verb, put := "making", func() error { return m.Client.Create(ctx, o, client.FieldOwner(FieldManager)) }
	if o.GetResourceVersion() != "" {
		verb, put = "writing", func() error { return m.Client.Update(ctx, o, client.FieldOwner(FieldManager)) }
	}
	if err := put(); err != nil {
		return fmt.Errorf("%s %s: %w", verb, nameOf(o), err)
	}
	return nil
}

// Remove deletes the version that was read. One that is gone is no error.
func (m Material) Remove(ctx context.Context, o client.Object) error {
	ctx, cancel := context.WithTimeout(ctx, asksAPI)
	defer cancel()
	uid, version := o.GetUID(), o.GetResourceVersion()
	err := m.Client.Delete(ctx, o, client.Preconditions{UID: &uid, ResourceVersion: &version})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting %s: %w", nameOf(o), err)
	}
	return nil
}

// Restart replaces the pods of a workload as `kubectl rollout restart` does. It names the
// instant of the swap and not that of the call, so that a second one for the same swap
// changes nothing.
func (m Material) Restart(ctx context.Context, o client.Object, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, asksAPI)
	defer cancel()
	annotations := map[string]any{AnnotationRestartedAt: at.UTC().Format(time.RFC3339)}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": o.GetResourceVersion()},
		"spec":     map[string]any{"template": map[string]any{"metadata": map[string]any{"annotations": annotations}}},
	})
	if err == nil {
		err = m.Client.Patch(ctx, o, client.RawPatch(types.MergePatchType, patch), client.FieldOwner(FieldManager))
	}
	if err != nil {
		return fmt.Errorf("restarting %s: %w", nameOf(o), err)
	}
	return nil
}

// Workload is what is looked at of a Deployment, StatefulSet or DaemonSet.
type Workload struct {
	Object   client.Object
	Selector *metav1.LabelSelector
	// Labels of its pods, and the annotations of their template.
	Labels, Annotations map[string]string
	// Rolling says that its pods are being replaced.
	Rolling bool
}

// Workload reads one. It says nil where there is none.
func (m Material) Workload(ctx context.Context, namespace string, ref v1alpha1.WorkloadReference) (*Workload, error) {
	var o client.Object
	switch ref.Kind {
	case "Deployment":
		o = &appsv1.Deployment{}
	case "StatefulSet":
		o = &appsv1.StatefulSet{}
	case "DaemonSet":
		o = &appsv1.DaemonSet{}
	default:
		return nil, fmt.Errorf("reading workload %s: unknown kind %q", ref.Name, ref.Kind)
	}
	o.SetNamespace(namespace)
	o.SetName(ref.Name)
	if found, err := m.Get(ctx, o, nil); !found {
		return nil, err
	}
	return workloadOf(o), nil
}

func workloadOf(o client.Object) *Workload {
	of := func(s *metav1.LabelSelector, t *corev1.PodTemplateSpec, rolling bool) *Workload {
		return &Workload{Object: o, Selector: s, Labels: maps.Clone(t.Labels), Annotations: t.Annotations, Rolling: rolling}
	}
	switch w := o.(type) {
	case *appsv1.Deployment:
		s := w.Status
		return of(w.Spec.Selector, &w.Spec.Template, s.ObservedGeneration < w.Generation || s.UpdatedReplicas < s.Replicas || s.AvailableReplicas < s.Replicas)
	case *appsv1.StatefulSet:
		s := w.Status
		return of(w.Spec.Selector, &w.Spec.Template, s.ObservedGeneration < w.Generation || s.UpdateRevision != s.CurrentRevision || s.ReadyReplicas < s.Replicas)
	case *appsv1.DaemonSet:
		s := w.Status
		return of(w.Spec.Selector, &w.Spec.Template, s.ObservedGeneration < w.Generation || s.UpdatedNumberScheduled < s.DesiredNumberScheduled || s.NumberAvailable < s.DesiredNumberScheduled)
	}
	return nil
}

// nameOf is Secret cell-1/opcua-tls: these types are all of packages called v1.
func nameOf(o client.Object) string {
	if kind := o.GetObjectKind().GroupVersionKind().Kind; kind != "" {
		return fmt.Sprintf("%s %s/%s", kind, o.GetNamespace(), o.GetName())
	}
	return fmt.Sprintf("%s %s/%s", strings.TrimPrefix(fmt.Sprintf("%T", o), "*v1."), o.GetNamespace(), o.GetName())
}
