// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// FieldManager owns every field that we write.
const FieldManager = "zonewarden"

// parallelWrites within one step; an edge API server has little.
const parallelWrites = 4

// ErrForeign says that an object by the name we need exists and is not ours.
var ErrForeign = errors.New("an object by this name exists and was not written by zonewarden")

// ErrPostponed says that a write waits for others that failed before it.
var ErrPostponed = errors.New("waiting for other policy objects, so that nothing declared is cut and nothing else is opened")

// Writer carries out plans.
type Writer struct {
	// Client writes.
	Client client.Client
	// Live reads past every cache, to look before the first write to a name.
	Live client.Reader
	// Wrote, when set, is told of each object that was written or removed.
	Wrote func(Outcome)
	// Settle, when set, waits until agents have seen everything that was written so
	// far. It is called before a write of another kind than the last one: agents
	// watch each kind on a stream of its own, and may see a later write before an
	// earlier one of another kind. A Writer that carries out one plan after another
	// waits between them as well.
	Settle func(context.Context)
	// Parallel is how many calls of one step are made at a time; 0 for the default.
	Parallel int

	turning sync.Mutex
	// last is the kind that was written last.
	last string
}

// What was done to an object.
const (
	VerbApply  = "apply"
	VerbDelete = "delete"
)

// Outcome is one write that was carried out.
type Outcome struct {
	Key     Key
	Source  topology.ObjectRef
	Verb    string
	Digest  string // "" for delete
	Drift   bool
	Version string // resourceVersion after an apply
}

// Result is what became of a plan.
type Result struct {
	Outcomes []Outcome
	// Failed writes by the object that they were made of.
	Failed map[topology.ObjectRef][]error
}

// Standing is the last outcome of each object, in order: what there is to be seen
// of them now.
func (r *Result) Standing() []Outcome {
	last := map[Key]int{}
	for i, o := range r.Outcomes {
		last[o.Key] = i
	}
	var out []Outcome
	for i, o := range r.Outcomes {
		if last[o.Key] == i {
			out = append(out, o)
		}
	}
	return out
}

// Err joins the errors that another try may mend. That a name is taken or a
// floor waits is for conditions to say, not for retries.
func (r *Result) Err() error {
	var errs []error
	for _, list := range r.Failed {
		for _, err := range list {
			if !errors.Is(err, ErrForeign) && !errors.Is(err, ErrPostponed) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// run is one plan being carried out.
type run struct {
	*Writer
	plan *Plan
	// joins says which conduits join a zone.
	joins  func(zone string) []topology.ObjectRef
	mu     sync.Mutex
	result *Result

	groups, guards, conduits, floors []*change
	// places are the namespaces in which NetworkPolicies change, by name.
	places map[string]*place
	// leaving are policies of Cilium's that go, where they go in steps.
	leaving []*change
	// gone are the removals that were made.
	gone map[Key]bool
	// atOnce says that no change needs a step between, while nothing fails.
	atOnce bool
	// apart says that floors deny, and lift what they deny, in steps of their own.
	apart bool
	// tied says that groups change only while nobody goes by their names.
	tied  bool
	moved moved
}

// inParallel calls f for each, a few at a time.
func inParallel[T any](atATime int, list []T, f func(T)) {
	var g errgroup.Group
	g.SetLimit(atATime)
	for _, item := range list {
		g.Go(func() error {
			f(item)
			return nil
		})
	}
	_ = g.Wait() // failures are in the result
}

// byKind are the places of n objects in lists of one kind each, first the kind that
// was written last.
func (w *Writer) byKind(n int, kind func(int) string) [][]int {
	var lists [][]int
	for i := range n {
		at := slices.IndexFunc(lists, func(l []int) bool { return kind(l[0]) == kind(i) })
		switch {
		case at >= 0:
			lists[at] = append(lists[at], i)
		case kind(i) == w.last:
			lists = slices.Insert(lists, 0, []int{i})
		default:
			lists = append(lists, []int{i})
		}
	}
	return lists
}

// turnTo waits before a write of another kind than the last one.
func (w *Writer) turnTo(ctx context.Context, kind string) {
	w.turning.Lock()
	defer w.turning.Unlock()
	if w.last != "" && w.last != kind && w.Settle != nil {
		w.Settle(ctx)
	}
	w.last = kind
}

func (w *Writer) atATime() int {
	if w.Parallel > 0 {
		return w.Parallel
	}
	return parallelWrites
}

// writeAll brings changes into a form.
func (r *run) writeAll(ctx context.Context, changes []*change, f form) {
	for _, list := range r.byKind(len(changes), func(i int) string { return changes[i].Object.GVK.Kind }) {
		inParallel(r.atATime(), list, func(i int) {
			if !changes[i].failed {
				r.write(ctx, changes[i], f)
			}
		})
	}
}

// write brings a change into a form, if that is not how it stands.
func (r *run) write(ctx context.Context, c *change, f form) {
	key := KeyOf(c.Object)
	o, err := c.shape(f, r.moved)
	switch {
	case err != nil:
		r.failChange(c, fmt.Errorf("%s: %w", key, err))
		return
	case o == nil, o.Digest == c.stands:
		return
	}
	if c.Observed == nil && c.stands == "" {
		if err := r.checkFree(ctx, o); err != nil {
			r.failChange(c, fmt.Errorf("%s: %w", key, err))
			return
		}
	}
	uid, version, err := r.apply(ctx, o)
	if err != nil {
		r.failChange(c, err)
		return
	}
	// What somebody did is mended by the first of the writes.
	drift := c.Drift && c.stands == ""
	c.stands, c.uid, c.version = o.Digest, uid, version
	r.done(Outcome{
		Key: key, Source: o.Source, Verb: VerbApply, Digest: o.Digest, Drift: drift, Version: version,
	})
}

func (r *run) apply(ctx context.Context, o *policy.Object) (uid types.UID, version string, err error) {
	u, err := toUnstructured(o)
	if err != nil {
		return "", "", fmt.Errorf("applying %s: %w", KeyOf(o), err)
	}
	want := u.DeepCopy()
	r.turnTo(ctx, o.GVK.Kind)
	err = r.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(u),
		client.FieldOwner(FieldManager), client.ForceOwnership)
	if err == nil {
		err = r.clean(ctx, u, want, o.Digest)
	}
	if err != nil {
		return "", "", fmt.Errorf("applying %s: %w", KeyOf(o), err)
	}
	return u.GetUID(), u.GetResourceVersion(), nil
}

// checkFree looks, past the cache, whether a name is free or ours.
func (r *run) checkFree(ctx context.Context, o *policy.Object) error {
	if p := r.places[o.Namespace]; p != nil {
		if live := p.standing[o.Name]; live != nil && !isWritten(live, o) {
			return ErrForeign
		}
		return nil
	}
	live := &metav1.PartialObjectMetadata{}
	live.SetGroupVersionKind(o.GVK)
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: o.Namespace, Name: o.Name}, live)
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("looking whether the name is free: %w", err)
	case !isWritten(live, o):
		return ErrForeign
	default:
		return nil
	}
}

// isWritten says that a live object is one that we wrote for the same declaration, also
// where somebody has taken our label off: its annotation still names the declaration.
func isWritten(live client.Object, o *policy.Object) bool {
	if isOurs(live.GetLabels()) {
		return true
	}
	u, err := toUnstructured(o)
	source := live.GetAnnotations()[v1alpha1.AnnotationSourceUID]
	return err == nil && source != "" && source == u.GetAnnotations()[v1alpha1.AnnotationSourceUID]
}

func (r *run) remove(ctx context.Context, o Removal) {
	u := named(GVKOf(o.Key.Kind), o.Key.Namespace, o.Key.Name)
	r.turnTo(ctx, o.Key.Kind)
	err := r.Client.Delete(ctx, u, client.Preconditions{UID: &o.UID, ResourceVersion: &o.ResourceVersion})
	if err != nil && !apierrors.IsNotFound(err) {
		r.fail(o.Source, fmt.Errorf("deleting %s: %w", o.Key, err))
		return
	}
	r.gone[o.Key] = true
	r.done(Outcome{Key: o.Key, Source: o.Source, Verb: VerbDelete})
	if err == nil {
		err = r.unkeep(ctx, o)
	}
	if client.IgnoreNotFound(err) != nil {
		r.fail(o.Source, fmt.Errorf("taking the finalizers off %s: %w", o.Key, err))
	}
}

func (r *run) done(o Outcome) {
	r.mu.Lock()
	r.result.Outcomes = append(r.result.Outcomes, o)
	r.mu.Unlock()
	if r.Wrote != nil {
		r.Wrote(o)
	}
}

func (r *run) fail(source topology.ObjectRef, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Failed[source] = append(r.result.Failed[source], err)
}

func (r *run) failChange(c *change, err error) {
	c.failed = true
	r.fail(c.Object.Source, err)
}

// toUnstructured is the object as it goes over the wire: what we declare, without
// a status or a creation time that we never set.
func toUnstructured(o *policy.Object) (*unstructured.Unstructured, error) {
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(o.JSON()); err != nil {
		return nil, fmt.Errorf("decoding: %w", err)
	}
	delete(u.Object, "status")
	unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp")
	return u, nil
}

// The kinds of policy objects that we write and watch.
var (
	GVKClusterwidePolicy = schema.GroupVersionKind{Group: "cilium.io", Version: "v2", Kind: policy.KindClusterwidePolicy}
	GVKCIDRGroup         = schema.GroupVersionKind{Group: "cilium.io", Version: "v2", Kind: policy.KindCIDRGroup}
	GVKNetworkPolicy     = schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: policy.KindNetworkPolicy}
	GVKAdminTierPolicy   = schema.GroupVersionKind{Group: "policy.networking.k8s.io", Version: "v1alpha2", Kind: policy.KindAdminTierPolicy}
)

// GVKOf is the group, version and kind of one of our policy kinds.
func GVKOf(kind string) schema.GroupVersionKind {
	for _, gvk := range []schema.GroupVersionKind{GVKClusterwidePolicy, GVKCIDRGroup, GVKNetworkPolicy, GVKAdminTierPolicy} {
		if gvk.Kind == kind {
			return gvk
		}
	}
	return schema.GroupVersionKind{Kind: kind}
}
