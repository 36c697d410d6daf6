// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
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
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// store is a cluster that keeps what is applied, and every write that was made.
type store struct {
	objects  map[apply.Key]*unstructured.Unstructured
	digests  map[apply.Key]string
	versions map[apply.Key]int
	writes   int
	// start is what stood before the first write, and events all that happened since.
	start  map[apply.Key]stood
	events []event
	log    []string
	// contents are what was applied, in words.
	contents []string
	// fields and foreign are what a live object has beside what was applied.
	fields  map[apply.Key][]metav1.ManagedFieldsEntry
	foreign apply.Key
	// joins says which conduits join which zone.
	joins map[string][]topology.ObjectRef
	// refuses says which calls fail.
	refuses func(verb string, key apply.Key) bool
	known   map[apply.Key]string
}

// event is a write, or that all agents have seen everything.
type event struct {
	settled bool
	key     apply.Key
	object  stood // empty when it was deleted
}

// stood is an object that stood at some time, and its name and content in short.
type stood struct {
	*unstructured.Unstructured
	content string
}

func standing(objects map[apply.Key]*unstructured.Unstructured) map[apply.Key]stood {
	out := map[apply.Key]stood{}
	for key, u := range objects {
		out[key] = stood{u, key.String() + policy.DigestOf(u.Object)}
	}
	return out
}

func newStore(objects []*policy.Object) *store {
	s := &store{
		objects: map[apply.Key]*unstructured.Unstructured{}, digests: digestsOf(objects),
		versions: map[apply.Key]int{}, known: digestsOf(objects),
		refuses: func(string, apply.Key) bool { return false },
	}
	for _, o := range objects {
		u := &unstructured.Unstructured{}
		if err := u.UnmarshalJSON(o.JSON()); err != nil {
			panic(err)
		}
		s.objects[apply.KeyOf(o)] = u
	}
	s.start = standing(s.objects)
	return s
}

// others adds objects that are not ours.
func (s *store) others(objects []*unstructured.Unstructured) {
	for _, u := range objects {
		s.objects[keyOf(u)] = u
	}
	s.start = standing(s.objects)
}

func (s *store) wrote(verb string, key apply.Key, o stood) {
	s.writes++
	s.versions[key]++
	s.log = append(s.log, verb+" "+key.String())
	s.events = append(s.events, event{key: key, object: o})
}

// settle is the moment in which all agents have seen everything.
func (s *store) settle(context.Context) {
	s.events = append(s.events, event{settled: true})
	s.log = append(s.log, "(settled)")
}

func (s *store) writer() *apply.Writer {
	c := interceptor.NewClient(nil, interceptor.Funcs{Get: s.get, List: s.list, Apply: s.apply, Delete: s.delete})
	return &apply.Writer{Client: c, Live: c, Parallel: 1, Settle: s.settle, Wrote: func(o apply.Outcome) {
		if o.Verb == apply.VerbDelete {
			delete(s.known, o.Key)
			return
		}
		s.known[o.Key] = o.Digest
	}}
}

func keyOf(o client.Object) apply.Key {
	return apply.Key{Kind: o.GetObjectKind().GroupVersionKind().Kind, Namespace: o.GetNamespace(), Name: o.GetName()}
}

// live is the object with what the server puts on it.
func (s *store) live(key apply.Key) *unstructured.Unstructured {
	u := s.objects[key].DeepCopy()
	u.SetUID(types.UID("live-" + key.String()))
	u.SetResourceVersion(strconv.Itoa(s.versions[key]))
	u.SetCreationTimestamp(metav1.NewTime(start))
	u.SetManagedFields(s.fields[key])
	return u
}

func (s *store) get(_ context.Context, _ client.WithWatch, at client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	key := apply.Key{Kind: o.GetObjectKind().GroupVersionKind().Kind, Namespace: at.Namespace, Name: at.Name}
	if s.refuses("get", key) {
		return errRefused
	}
	if key.Kind == "Namespace" {
		o.SetLabels(map[string]string{"kubernetes.io/metadata.name": key.Name})
		return nil
	}
	if s.objects[key] == nil {
		return apierrors.NewNotFound(schema.GroupResource{Resource: key.Kind}, key.Name)
	}
	switch into := o.(type) {
	case *unstructured.Unstructured:
		into.Object = s.live(key).Object
		if key == s.foreign {
			into.SetLabels(nil)
			into.SetAnnotations(nil)
		}
	case *metav1.PartialObjectMetadata:
		into.Labels = s.objects[key].GetLabels()
	}
	return nil
}

func (s *store) list(_ context.Context, _ client.WithWatch, into client.ObjectList, opts ...client.ListOption) error {
	o := (&client.ListOptions{}).ApplyOptions(opts)
	kind := strings.TrimSuffix(into.GetObjectKind().GroupVersionKind().Kind, "List")
	if s.refuses("list", apply.Key{Kind: kind, Namespace: o.Namespace}) {
		return errRefused
	}
	for key, u := range s.objects {
		if key.Kind == kind && key.Namespace == o.Namespace && (o.LabelSelector == nil || o.LabelSelector.Matches(labels.Set(u.GetLabels()))) {
			into.(*unstructured.UnstructuredList).Items = append(into.(*unstructured.UnstructuredList).Items, *s.live(key))
		}
	}
	return nil
}

func (s *store) apply(_ context.Context, _ client.WithWatch, o runtime.ApplyConfiguration, _ ...client.ApplyOption) error {
	raw, err := json.Marshal(o)
	if err != nil {
		return err
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(raw); err != nil {
		return err
	}
	key := keyOf(u)
	if s.refuses("apply", key) {
		return errRefused
	}
	s.objects[key], s.digests[key] = u, policy.DigestOf(u.Object)
	s.contents = append(s.contents, inWordsOf(u))
	s.wrote("apply", key, stood{u, key.String() + s.digests[key]})
	if raw, err = s.live(key).MarshalJSON(); err != nil {
		return err
	}
	return json.Unmarshal(raw, o)
}

func (s *store) delete(_ context.Context, _ client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
	key := keyOf(o)
	if s.refuses("delete", key) {
		return errRefused
	}
	if s.objects[key] == nil {
		return apierrors.NewNotFound(schema.GroupResource{Resource: key.Kind}, key.Name)
	}
	p := (&client.DeleteOptions{}).ApplyOptions(opts).Preconditions
	if have := s.live(key); *p.UID != have.GetUID() || *p.ResourceVersion != have.GetResourceVersion() {
		return apierrors.NewConflict(schema.GroupResource{Resource: key.Kind}, key.Name, fmt.Errorf("version %s", *p.ResourceVersion))
	}
	delete(s.objects, key)
	delete(s.digests, key)
	s.wrote("delete", key, stood{})
	return nil
}

func (s *store) observed() []apply.Observed {
	var out []apply.Observed
	for key, u := range s.objects {
		if u.GetLabels()[v1alpha1.LabelManagedBy] == "" {
			continue // caches hold ours only
		}
		stripped, err := apply.Strip(s.live(key))
		if err != nil {
			panic(err)
		}
		o, err := apply.Observe(stripped.(*unstructured.Unstructured))
		if err != nil {
			panic(err)
		}
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b apply.Observed) int { return slices.Compare([]byte(a.Key.String()), []byte(b.Key.String())) })
	return out
}

func digestsOf(objects []*policy.Object) map[apply.Key]string {
	out := map[apply.Key]string{}
	for _, o := range objects {
		out[apply.KeyOf(o)] = o.Digest
	}
	return out
}

// pass is one pass of the operator: it plans on what stands, and carries out.
func (s *store) pass(ctx context.Context, in apply.Input, w *apply.Writer, d declaration) (*apply.Plan, *apply.Result) {
	in.Observed = s.observed()
	in.Known = maps.Clone(in.Known)
	p := apply.NewPlan(in)
	return p, w.Carry(ctx, p, joinsOf(d.model(nil)))
}
