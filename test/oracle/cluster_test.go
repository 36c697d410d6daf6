// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

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
	"github.com/zonewarden/zonewarden/test/oracle"
)

// cluster keeps what is applied, and all that happened since the start.
type cluster struct {
	namespaces map[string]map[string]string
	objects    map[apply.Key]*unstructured.Unstructured
	versions   map[apply.Key]int
	start      standing
	events     []event
}

// standing is what stands, as JSON.
type standing map[oracle.Key]string

// event is a write, or that all agents have seen everything.
type event struct {
	settled bool
	key     oracle.Key
	// object is empty when it was deleted.
	object string
}

func (e event) String() string {
	switch {
	case e.settled:
		return "(settled)"
	case e.object == "":
		return fmt.Sprint("delete ", e.key)
	default:
		return fmt.Sprint("apply ", e.key)
	}
}

func (e event) happen(s standing) {
	if e.object == "" {
		delete(s, e.key)
		return
	}
	s[e.key] = e.object
}

// newCluster has these objects, and those of somebody else.
func newCluster(namespaces map[string]map[string]string, objects []*policy.Object, theirs [][]byte) *cluster {
	c := &cluster{namespaces: namespaces, objects: map[apply.Key]*unstructured.Unstructured{}, versions: map[apply.Key]int{}, start: standing{}}
	for _, o := range objects {
		theirs = append(theirs, o.JSON())
	}
	for _, raw := range theirs {
		u := &unstructured.Unstructured{}
		if err := u.UnmarshalJSON(raw); err != nil {
			panic(err)
		}
		key := keyOf(u)
		c.objects[key], c.start[oracle.Key(key)] = u, string(raw)
	}
	return c
}

func keyOf(o client.Object) apply.Key {
	return apply.Key{Kind: o.GetObjectKind().GroupVersionKind().Kind, Namespace: o.GetNamespace(), Name: o.GetName()}
}

// writer has what it writes go here.
func (c *cluster) writer() *apply.Writer {
	calls := interceptor.NewClient(nil, interceptor.Funcs{Get: c.get, List: c.list, Apply: c.apply, Delete: c.delete})
	return &apply.Writer{Client: calls, Live: calls, Parallel: 1, Settle: func(context.Context) {
		c.events = append(c.events, event{settled: true})
	}}
}

// live is an object with what the server puts on it.
func (c *cluster) live(key apply.Key) *unstructured.Unstructured {
	u := c.objects[key].DeepCopy()
	u.SetUID(types.UID("live-" + key.String()))
	u.SetResourceVersion(strconv.Itoa(c.versions[key]))
	u.SetCreationTimestamp(metav1.NewTime(time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC)))
	return u
}

func (c *cluster) get(_ context.Context, _ client.WithWatch, at client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	key := apply.Key{Kind: o.GetObjectKind().GroupVersionKind().Kind, Namespace: at.Namespace, Name: at.Name}
	if key.Kind == "Namespace" {
		o.SetLabels(c.namespaces[key.Name])
		return nil
	}
	if c.objects[key] == nil {
		return apierrors.NewNotFound(schema.GroupResource{Resource: key.Kind}, key.Name)
	}
	switch into := o.(type) {
	case *unstructured.Unstructured:
		into.Object = c.live(key).Object
	case *metav1.PartialObjectMetadata:
		into.Labels = c.objects[key].GetLabels()
	}
	return nil
}

func (c *cluster) list(_ context.Context, _ client.WithWatch, into client.ObjectList, opts ...client.ListOption) error {
	o := (&client.ListOptions{}).ApplyOptions(opts)
	list := into.(*unstructured.UnstructuredList)
	for key, u := range c.objects {
		if key.Kind+"List" == list.GetKind() && key.Namespace == o.Namespace && (o.LabelSelector == nil || o.LabelSelector.Matches(labels.Set(u.GetLabels()))) {
			list.Items = append(list.Items, *c.live(key))
		}
	}
	return nil
}

func (c *cluster) apply(_ context.Context, _ client.WithWatch, o runtime.ApplyConfiguration, _ ...client.ApplyOption) error {
	raw, err := json.Marshal(o)
	if err != nil {
		return err
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(raw); err != nil {
		return err
	}
	key := keyOf(u)
	c.objects[key] = u
	c.versions[key]++
	c.events = append(c.events, event{key: oracle.Key(key), object: string(raw)})
	if raw, err = c.live(key).MarshalJSON(); err != nil {
		return err
	}
	return json.Unmarshal(raw, o)
}

func (c *cluster) delete(_ context.Context, _ client.WithWatch, o client.Object, _ ...client.DeleteOption) error {
	key := keyOf(o)
	if c.objects[key] == nil {
		return apierrors.NewNotFound(schema.GroupResource{Resource: key.Kind}, key.Name)
	}
	delete(c.objects, key)
	c.versions[key]++
	c.events = append(c.events, event{key: oracle.Key(key)})
	return nil
}

// observed is what the operator's caches have of what is ours.
func (c *cluster) observed() ([]apply.Observed, error) {
	var out []apply.Observed
	for _, key := range slices.SortedFunc(maps.Keys(c.objects), func(a, b apply.Key) int { return slices.Compare([]byte(a.String()), []byte(b.String())) }) {
		if c.objects[key].GetLabels()[v1alpha1.LabelManagedBy] == "" {
			continue
		}
		stripped, err := apply.Strip(c.live(key))
		if err != nil {
			return nil, err
		}
		o, err := apply.Observe(stripped.(*unstructured.Unstructured))
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// carry plans and carries out. Nothing may be owed then.
func (c *cluster) carry(in apply.Input, joins func(string) []topology.ObjectRef, known bool) (*apply.Plan, error) {
	var err error
	if in.Observed, err = c.observed(); err != nil {
		return nil, err
	}
	for _, o := range in.Observed {
		if known {
			in.Known[o.Key] = o.Digest
		}
	}
	p := apply.NewPlan(in)
	result := c.writer().Carry(context.Background(), p, joins)
	if len(result.Failed) > 0 {
		return nil, fmt.Errorf("failed: %v", result.Failed)
	}
	if in.Observed, err = c.observed(); err != nil {
		return nil, err
	}
	if owed := apply.NewPlan(in); owed.Writes() > 0 {
		return nil, fmt.Errorf("after a pass %d writes are still owed", owed.Writes())
	}
	return p, nil
}

// state is what an agent may have seen.
type state struct {
	// seen are how many writes of each kind.
	seen    map[string]int
	objects standing
}

// apart is how many writes one agent is behind another.
func (s state) apart(other state) int {
	n := 0
	for kind := range maps.All(s.seen) {
		n += max(s.seen[kind]-other.seen[kind], other.seen[kind]-s.seen[kind])
	}
	return n
}

// states are all that agents may have seen, which watch each kind on a stream of its
// own: any number of the writes of one kind together with any number of those of
// another, between two moments in which they had seen everything.
func (c *cluster) states() []state {
	base, seen := maps.Clone(c.start), map[string]int{}
	var kinds []string
	for _, e := range c.events {
		if !e.settled && !slices.Contains(kinds, e.key.Kind) {
			kinds = append(kinds, e.key.Kind)
			seen[e.key.Kind] = 0
		}
	}
	out := []state{{maps.Clone(seen), maps.Clone(base)}}
	streams := map[string][]event{}
	flush := func() {
		out = append(out, prefixes(state{seen, base}, streams, kinds)[1:]...)
		last := out[len(out)-1]
		base, seen = maps.Clone(last.objects), maps.Clone(last.seen)
		clear(streams)
	}
	for _, e := range c.events {
		if e.settled {
			flush()
			continue
		}
		streams[e.key.Kind] = append(streams[e.key.Kind], e)
	}
	flush()
	return out
}

// prefixes are the states in which some of the writes of each kind have been seen after
// a state: that state first, and last the one in which all have. Next to each other they
// are as near as can be.
func prefixes(from state, streams map[string][]event, kinds []string) []state {
	if len(kinds) == 0 {
		return []state{from}
	}
	kind, rest := kinds[0], kinds[1:]
	var out []state
	for n := range len(streams[kind]) + 1 {
		now := state{maps.Clone(from.seen), maps.Clone(from.objects)}
		for _, e := range streams[kind][:n] {
			e.happen(now.objects)
		}
		now.seen[kind] += n
		out = append(out, prefixes(now, streams, rest)...)
	}
	return out
}
