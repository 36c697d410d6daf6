// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access/grant"
)

const (
	// confirms is how often what was granted is written again although nothing is known to
	// have changed it.
	confirms = time.Minute
	// asksAPI bounds each request: an end must not wait for an answer that does not come.
	asksAPI = 5 * time.Second
)

// Grants writes and removes what windows are granted. Everything hangs on the fuse of
// its namespace, a Job without pods that ends by itself.
//
// A fuse comes before what hangs on it and goes after it, so that nothing ever stands
// that would not end without us. It is for one goroutine at a time.
type Grants struct {
	Client client.Client
	// Live reads past every cache.
	Live client.Reader
	// Now is the wall clock, for the fuses alone: they end by the API server's.
	Now func() time.Time

	// opened are grants as they were written last, by window.
	opened map[string]opened
}

type opened struct {
	digest string
	at     time.Time
	stands Stands
}

// ErrOtherFuse is a fuse of that name that was made for something else.
var ErrOtherFuse = errors.New("a Job of that name belongs to another window or occurrence")

// Stands is what stands of a grant.
type Stands struct {
	// Fuses that were made just now.
	Fuses []Fuse
	// Service as the cluster has it, nil where the grant has none.
	Service *corev1.Service
	// Pod, nil while there is none.
	Pod *corev1.Pod
}

// Open writes what a window is granted for as long as is left. It says what stands, after an
// error too. What was written as it is a moment ago is not asked for again, unless the
// caller knows that a pod changed.
func (g *Grants) Open(ctx context.Context, set *grant.Set, left time.Duration, podChanged bool) (Stands, error) {
	window, digest := digestOf(set)
	last := g.opened[window]
	served := set.Pod == nil || last.stands.Pod != nil && last.stands.Pod.Status.PodIP != ""
	if last.digest == digest && g.Now().Sub(last.at).Abs() < confirms && served && !podChanged {
		last.stands.Fuses = nil
		return last.stands, nil
	}
	out, err := g.openAll(ctx, set, left)
	if err != nil {
		return out, err
	}
	if g.opened == nil {
		g.opened = map[string]opened{}
	}
	g.opened[window] = opened{digest: digest, at: g.Now(), stands: out}
	return out, nil
}

// Differs says that a window's grant was written, and of other objects.
func (g *Grants) Differs(window string, set *grant.Set) bool {
	last, is := g.opened[window]
	_, digest := digestOf(set)
	return is && last.digest != digest
}

// digestOf is over all that a grant consists of, the ends of its fuses included.
func digestOf(set *grant.Set) (window, digest string) {
	h := sha256.New()
	for _, o := range slices.Concat(set.Fuses, set.Objects) {
		window = o.Manifest.GetLabels()[v1alpha1.LabelName]
		_, _ = fmt.Fprintf(h, "%s %s/%s %s %s\n", o.GVK.Kind, o.Namespace, o.Name, o.Digest, o.Manifest.GetAnnotations()[v1alpha1.AnnotationUntil])
	}
	return window, hex.EncodeToString(h.Sum(nil))
}

func (g *Grants) openAll(ctx context.Context, set *grant.Set, left time.Duration) (Stands, error) {
	var out Stands
	fuses := map[string]types.UID{}
	for _, f := range set.Fuses {
		uid, laid, err := g.fuse(ctx, f, left)
		if err != nil {
			return out, fmt.Errorf("setting the fuse of namespace %s: %w", f.Namespace, err)
		}
		if fuses[f.Namespace] = uid; laid {
			out.Fuses = append(out.Fuses, Fuse{Namespace: f.Namespace, Name: f.Name, UID: uid})
		}
	}
	for _, o := range set.Objects {
		uid, ok := fuses[o.Namespace]
		if !ok {
			return out, fmt.Errorf("writing %s %s/%s: its namespace has no fuse", o.GVK.Kind, o.Namespace, o.Name)
		}
		o.Own(uid)
		if err := g.write(ctx, o, g.Now().Add(left), &out); err != nil {
			return out, fmt.Errorf("writing %s %s/%s: %w", o.GVK.Kind, o.Namespace, o.Name, err)
		}
	}
	return out, nil
}

func (g *Grants) write(ctx context.Context, o *grant.Object, until time.Time, out *Stands) error {
	var err error
	switch o.GVK.Kind {
	case "Pod":
		out.Pod, err = g.pod(ctx, o)
	case "Secret":
		err = g.token(ctx, o, until)
	case "Service":
		if err = g.object(ctx, o); err == nil {
			out.Service = &corev1.Service{}
			err = g.get(ctx, o, out.Service)
		}
	default:
		err = g.object(ctx, o)
	}
	return err
}

func (g *Grants) get(ctx context.Context, o *grant.Object, into client.Object) error {
	ctx, cancel := context.WithTimeout(ctx, asksAPI)
	defer cancel()
	return g.Live.Get(ctx, client.ObjectKey{Namespace: o.Namespace, Name: o.Name}, into)
}

// fuse makes the Job, or sets it to another end.
func (g *Grants) fuse(ctx context.Context, o *grant.Object, left time.Duration) (uid types.UID, laid bool, err error) {
	want := o.Manifest.GetAnnotations()[v1alpha1.AnnotationUntil]
	var job batchv1.Job
	err = g.get(ctx, o, &job)
	if apierrors.IsNotFound(err) {
		uid, err = g.create(ctx, o)
		return uid, err == nil, err
	}
	if err != nil {
		return "", false, err
	}
	for _, key := range []string{v1alpha1.AnnotationSourceUID, v1alpha1.AnnotationOccurrence} {
		if job.Annotations[key] != o.Manifest.GetAnnotations()[key] {
			return "", false, ErrOtherFuse
		}
	}
	if job.DeletionTimestamp != nil {
		return "", false, fmt.Errorf("%w: it is being deleted", ErrOtherFuse)
	}
	if job.Annotations[v1alpha1.AnnotationUntil] == want {
		return job.UID, false, nil
	}
	return job.UID, false, g.reset(ctx, &job, want, left)
}

func (g *Grants) create(ctx context.Context, o *grant.Object) (types.UID, error) {
	u, err := decoded(o)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, asksAPI)
	defer cancel()
	if err := g.Client.Create(ctx, u, client.FieldOwner(FieldManager)); err != nil {
		return "", err
	}
	return u.GetUID(), nil
}

// reset moves the end of a fuse, which counts from its own start.
func (g *Grants) reset(ctx context.Context, job *batchv1.Job, until string, left time.Duration) error {
	ran := time.Duration(0)
	if job.Status.StartTime != nil {
		ran = max(0, g.Now().Sub(job.Status.StartTime.Time))
	}
	seconds := int64(math.Ceil((ran + left).Seconds()))
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"annotations": map[string]string{v1alpha1.AnnotationUntil: until}, "uid": job.UID},
		"spec":     map[string]any{"activeDeadlineSeconds": max(seconds, 1)},
	})
	if err != nil {
		return fmt.Errorf("encoding the end: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, asksAPI)
	defer cancel()
	return g.Client.Patch(ctx, job, client.RawPatch(types.MergePatchType, patch), client.FieldOwner(FieldManager))
}

// object applies one object.
func (g *Grants) object(ctx context.Context, o *grant.Object) error {
	u, err := decoded(o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, asksAPI)
	defer cancel()
	return g.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner(FieldManager), client.ForceOwnership)
}

// pod makes the pod. One that was made of something else, or has run to its end, goes
// first, and the next pass makes the new one.
func (g *Grants) pod(ctx context.Context, o *grant.Object) (*corev1.Pod, error) {
	pod := &corev1.Pod{}
	err := g.get(ctx, o, pod)
	switch {
	case apierrors.IsNotFound(err):
		_, err := g.create(ctx, o)
		return nil, err
	case err != nil:
		return nil, err
	case pod.DeletionTimestamp != nil:
		return nil, nil
	case pod.Annotations[v1alpha1.AnnotationDigest] == o.Digest && pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed:
		return pod, nil
	}
	ctx, cancel := context.WithTimeout(ctx, asksAPI)
	defer cancel()
	return nil, client.IgnoreNotFound(g.Client.Delete(ctx, pod, client.Preconditions{UID: &pod.UID}))
}

func decoded(o *grant.Object) (*unstructured.Unstructured, error) {
	raw, err := json.Marshal(o.Manifest)
	if err != nil {
		return nil, fmt.Errorf("encoding: %w", err)
	}
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal(raw, &u.Object); err != nil {
		return nil, fmt.Errorf("decoding: %w", err)
	}
	unstructured.RemoveNestedField(u.Object, "status")
	unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp")
	return u, nil
}
