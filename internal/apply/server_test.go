// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// server answers the calls that a Writer makes, and notes them.
type server struct {
	t *testing.T
	// fails by "verb name".
	fails map[string]error
	// live labels by name of what was there before, and source the declarations that its
	// annotations name.
	live   map[string]map[string]string
	source map[string]string
	// finalizers of what was there before.
	finalizers []string
	// adds is what others have added to what is applied.
	adds func(*unstructured.Unstructured)

	mu      sync.Mutex
	calls   []string // "verb name", in order
	patches []string
	applied []*unstructured.Unstructured
	options []client.ApplyOptions
	deletes []client.DeleteOptions
	told    []apply.Outcome
}

func newServer(t *testing.T) *server {
	t.Helper()
	return &server{t: t, fails: map[string]error{}, live: map[string]map[string]string{}, source: map[string]string{}}
}

func (s *server) writer() *apply.Writer {
	c := interceptor.NewClient(nil, interceptor.Funcs{Get: s.get, List: s.list, Apply: s.apply, Patch: s.patch, Delete: s.delete})
	return &apply.Writer{Client: c, Live: c, Wrote: func(o apply.Outcome) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.told = append(s.told, o)
	}}
}

// carry carries a plan out; joins says which conduits join which zone.
func (s *server) carry(p *apply.Plan, joins map[string][]topology.ObjectRef) *apply.Result {
	s.t.Helper()
	r := s.writer().Carry(s.t.Context(), p, func(zone string) []topology.ObjectRef { return joins[zone] })
	if len(s.told) != len(r.Outcomes) {
		s.t.Errorf("told of %d outcomes of %d", len(s.told), len(r.Outcomes))
	}
	return r
}

func (s *server) note(verb, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, verb+" "+name)
	return s.fails[verb+" "+name]
}

// wrote are the calls that change something.
func (s *server) wrote() []string {
	return slices.DeleteFunc(slices.Clone(s.calls), func(c string) bool { return c[:3] == "get" || c[:4] == "list" })
}

func (s *server) get(_ context.Context, _ client.WithWatch, key client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	if err := s.note("get", key.Name); err != nil {
		return err
	}
	labels, there := s.live[key.Name]
	if !there {
		return apierrors.NewNotFound(networkingv1.Resource("networkpolicies"), key.Name)
	}
	o.(*metav1.PartialObjectMetadata).Labels = labels
	o.SetAnnotations(map[string]string{v1alpha1.AnnotationSourceUID: s.source[key.Name]})
	o.SetName(key.Name)
	o.SetFinalizers(s.finalizers)
	o.SetUID(types.UID("live-" + apply.Key{Kind: o.GetObjectKind().GroupVersionKind().Kind, Namespace: key.Namespace, Name: key.Name}.String()))
	return nil
}

func (s *server) list(_ context.Context, _ client.WithWatch, into client.ObjectList, opts ...client.ListOption) error {
	namespace := (&client.ListOptions{}).ApplyOptions(opts).Namespace
	if err := s.note("list", namespace); err != nil {
		return err
	}
	list := into.(*unstructured.UnstructuredList)
	for name, labels := range s.live {
		u := unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{}}}
		u.SetGroupVersionKind(apply.GVKNetworkPolicy)
		u.SetNamespace(namespace)
		u.SetName(name)
		u.SetLabels(labels)
		u.SetAnnotations(map[string]string{v1alpha1.AnnotationSourceUID: s.source[name]})
		list.Items = append(list.Items, u)
	}
	return nil
}

func (s *server) apply(_ context.Context, _ client.WithWatch, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
	raw, err := json.Marshal(o)
	if err != nil {
		return err
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(raw); err != nil {
		return err
	}
	if err := s.note("apply", u.GetName()); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.applied = append(s.applied, u)
	s.options = append(s.options, *(&client.ApplyOptions{}).ApplyOptions(opts))
	u = u.DeepCopy()
	u.SetResourceVersion("8")
	if s.adds != nil {
		s.adds(u)
	}
	if raw, err = u.MarshalJSON(); err != nil {
		return err
	}
	return json.Unmarshal(raw, o)
}

func (s *server) patch(_ context.Context, _ client.WithWatch, o client.Object, p client.Patch, _ ...client.PatchOption) error {
	raw, err := p.Data(o)
	if err != nil {
		return err
	}
	s.patches = append(s.patches, string(raw))
	o.SetResourceVersion("9")
	return s.note("patch", o.GetName())
}

func (s *server) delete(_ context.Context, _ client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
	s.mu.Lock()
	s.deletes = append(s.deletes, *(&client.DeleteOptions{}).ApplyOptions(opts))
	s.mu.Unlock()
	return s.note("delete", o.GetName())
}

func create(objects ...*policy.Object) []apply.Write {
	var out []apply.Write
	for _, o := range objects {
		out = append(out, apply.Write{Object: o})
	}
	return out
}

func update(o *policy.Object) apply.Write {
	observed := seen(o)
	return apply.Write{Object: o, Observed: &observed}
}

func remove(o *policy.Object) apply.Removal { return apply.Removal{Observed: seen(o), Part: o.Part} }

func replace(o *policy.Object) apply.Removal {
	r := remove(o)
	r.Replaced = true
	return r
}
