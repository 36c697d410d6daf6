// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Rehearsal is a cluster in memory, to see which writes a plan comes to, in which order
// and with which steps between, without writing any.
type Rehearsal struct {
	objects    map[Key]*unstructured.Unstructured
	namespaces map[string]map[string]string
	version    int
}

// NewRehearsal starts from the policy objects that stand, those of others included, and
// the namespaces with their labels.
func NewRehearsal(standing []*unstructured.Unstructured, namespaces []topology.Namespace) *Rehearsal {
	r := &Rehearsal{objects: map[Key]*unstructured.Unstructured{}, namespaces: map[string]map[string]string{}}
	for _, u := range standing {
		live := u.DeepCopy()
		key := keyOfLive(live)
		if live.GetUID() == "" {
			live.SetUID(types.UID("standing-" + key.String()))
		}
		if live.GetResourceVersion() == "" {
			live.SetResourceVersion("0")
		}
		r.objects[key] = live
	}
	for _, ns := range namespaces {
		r.namespaces[ns.Name] = ns.Labels
	}
	return r
}

func keyOfLive(u *unstructured.Unstructured) Key {
	return Key{Kind: u.GetKind(), Namespace: u.GetNamespace(), Name: u.GetName()}
}

// Observed is what there is of ours, as a plan takes it.
func (r *Rehearsal) Observed() ([]Observed, error) {
	var out []Observed
	for _, u := range r.objects {
		if u.GetLabels()[v1alpha1.LabelManagedBy] != v1alpha1.LabelManagedByValue {
			continue
		}
		stripped, err := Strip(u.DeepCopy())
		if err != nil {
			return nil, err
		}
		o, err := Observe(stripped.(*unstructured.Unstructured))
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// Carry carries the plan out in memory, one write after the other.
func (r *Rehearsal) Carry(ctx context.Context, p *Plan, joins func(zone string) []topology.ObjectRef) *Result {
	c := interceptor.NewClient(nil, interceptor.Funcs{Get: r.get, List: r.list, Apply: r.apply, Delete: r.remove})
	w := &Writer{Client: c, Live: c, Parallel: 1}
	return w.Carry(ctx, p, joins)
}

func notFound(key Key) error {
	return apierrors.NewNotFound(schema.GroupResource{Resource: key.Kind}, key.Name)
}

func (r *Rehearsal) get(_ context.Context, _ client.WithWatch, at client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	key := Key{Kind: into.GetObjectKind().GroupVersionKind().Kind, Namespace: at.Namespace, Name: at.Name}
	if key.Kind == "Namespace" {
		labels, there := r.namespaces[at.Name]
		if !there {
			return notFound(key)
		}
		into.SetName(at.Name)
		into.SetLabels(labels)
		return nil
	}
	live := r.objects[key]
	if live == nil {
		return notFound(key)
	}
	switch o := into.(type) {
	case *unstructured.Unstructured:
		o.Object = live.DeepCopy().Object
	case *metav1.PartialObjectMetadata:
		o.Name, o.Labels, o.Annotations = live.GetName(), live.GetLabels(), live.GetAnnotations()
	default:
		return fmt.Errorf("rehearsing: reading into a %T", into)
	}
	return nil
}

func (r *Rehearsal) list(_ context.Context, _ client.WithWatch, into client.ObjectList, opts ...client.ListOption) error {
	list, ok := into.(*unstructured.UnstructuredList)
	if !ok {
		return fmt.Errorf("rehearsing: listing into a %T", into)
	}
	o := (&client.ListOptions{}).ApplyOptions(opts)
	kind := strings.TrimSuffix(list.GetKind(), "List")
	for key, u := range r.objects {
		if key.Kind == kind && key.Namespace == o.Namespace && (o.LabelSelector == nil || o.LabelSelector.Matches(labels.Set(u.GetLabels()))) {
			list.Items = append(list.Items, *u.DeepCopy())
		}
	}
	return nil
}

// apply stores an object as server-side apply with force does, where nobody else has a
// part in it.
func (r *Rehearsal) apply(_ context.Context, _ client.WithWatch, o runtime.ApplyConfiguration, _ ...client.ApplyOption) error {
	raw, err := json.Marshal(o)
	if err != nil {
		return err
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(raw); err != nil {
		return err
	}
	key := keyOfLive(u)
	r.version++
	u.SetUID(types.UID("rehearsed-" + key.String()))
	if live := r.objects[key]; live != nil {
		u.SetUID(live.GetUID())
	}
	u.SetResourceVersion("rehearsed-" + strconv.Itoa(r.version))
	r.objects[key] = u
	if raw, err = u.MarshalJSON(); err != nil {
		return err
	}
	return json.Unmarshal(raw, o)
}

func (r *Rehearsal) remove(_ context.Context, _ client.WithWatch, o client.Object, _ ...client.DeleteOption) error {
	key := Key{Kind: o.GetObjectKind().GroupVersionKind().Kind, Namespace: o.GetNamespace(), Name: o.GetName()}
	if r.objects[key] == nil {
		return notFound(key)
	}
	delete(r.objects, key)
	return nil
}
