// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/zonewarden/zonewarden/internal/policy"
)

// largest is how large an object may become by carrying its old content along:
// well below what etcd takes.
const largest = 1 << 20

// look reads what stands of each change that is to be made in steps: caches hold
// digests only. What cannot be read is not written either, because by what it
// drops it could cut or open something.
func (r *run) look(ctx context.Context, changes []*change) {
	inParallel(r.atATime(), changes, func(c *change) {
		if c.failed || !c.inSteps() || c.before != nil || c.large {
			return
		}
		live, err := r.readLive(ctx, named(c.Object.GVK, c.Object.Namespace, c.Object.Name), c.Object)
		if err == nil && live != nil {
			err = c.carry(live)
		}
		if err != nil {
			r.failChange(c, fmt.Errorf("%s: %w", KeyOf(c.Object), err))
			return
		}
		if c.large {
			log.FromContext(ctx).Info("writing in one step, because old and new content together are too large",
				"object", KeyOf(c.Object).String())
		}
	})
}

// named is an object with its name only, to be read or deleted.
func named(gvk schema.GroupVersionKind, namespace, name string) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(gvk)
	u.SetNamespace(namespace)
	u.SetName(name)
	return u
}

// readLive reads, past the cache, what stands of an object of ours; nil when it is gone.
func (r *run) readLive(ctx context.Context, u *unstructured.Unstructured, o *policy.Object) (*unstructured.Unstructured, error) {
	var err error
	if p := r.places[u.GetNamespace()]; p != nil {
		u, err = p.read(u)
	} else {
		err = r.Live.Get(ctx, client.ObjectKeyFromObject(u), u)
	}
	switch {
	case apierrors.IsNotFound(err), err == nil && u == nil:
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading what stands: %w", err)
	case !isWritten(u, o):
		return nil, ErrForeign
	default:
		return u, nil
	}
}

// carry takes along what stands, unless somebody else wrote it.
func (c *change) carry(live *unstructured.Unstructured) error {
	if writtenByOthers(live) || !c.sameFrame(live) {
		c.Edited = true
		return nil
	}
	before, err := partsOf(live)
	if err != nil {
		return err
	}
	size := len(c.Object.JSON())
	for _, part := range before {
		size += len(part)
	}
	c.stands, c.lets = policy.DigestOf(live.Object), letsGo(before, c.wanted())
	if c.large = size > largest; !c.large {
		c.before = before
	}
	return nil
}

// sameFrame says that, apart from its parts, the object is what it was. A policy's
// name stands for the pods that it selects, so we never write one with others.
func (c *change) sameFrame(live *unstructured.Unstructured) bool {
	u, err := toUnstructured(c.Object)
	if err != nil || live.GetKind() != policy.KindNetworkPolicy {
		return true
	}
	pods := func(u *unstructured.Unstructured) string {
		s, _, _ := unstructured.NestedMap(u.Object, "spec", "podSelector")
		return encodeJSON(s)
	}
	return pods(live) == pods(u)
}

// writtenByOthers says that the content, or a part of it, belongs to another
// writer: after a start we do not know what we left there. A rule that is not in
// our one field is not ours either.
func writtenByOthers(live *unstructured.Unstructured) bool {
	if _, own := live.Object["spec"]; own && live.GetKind() == policy.KindClusterwidePolicy {
		return true
	}
	for _, e := range live.GetManagedFields() {
		if e.Manager != FieldManager && e.Subresource == "" && ownsContent(e) {
			return true
		}
	}
	return false
}

func ownsContent(e metav1.ManagedFieldsEntry) bool {
	if e.FieldsV1 == nil {
		return false
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(e.FieldsV1.GetRawBytes(), &fields); err != nil {
		return true
	}
	_, one := fields["f:spec"]
	_, several := fields["f:specs"]
	return one || several
}
