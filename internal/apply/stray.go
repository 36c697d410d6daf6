// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
)

// decided are the fields of an object that we decide about, whole: those of its digest that
// somebody else can add to. Labels of ours are always set.
var decided = [][]string{
	{"spec"},
	{"specs"},
	{"metadata", "ownerReferences"},
	{"metadata", "annotations", v1alpha1.AnnotationSourceUID},
	{"metadata", "annotations", v1alpha1.AnnotationRelease},
}

// operation of a JSON patch.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// clean takes out of an object what others added to it. Server-side apply leaves every field
// that it does not name to whoever set it, whatever is forced: a spec beside our specs, a
// direction that our rules leave out, an owner. live is what the API server made of want,
// and is afterwards what it made of that.
func (r *run) clean(ctx context.Context, live, want *unstructured.Unstructured, digest string) error {
	if policy.DigestOf(live.Object) == digest {
		return nil
	}
	operations := strays(live, want)
	if len(operations) == 1 {
		return nil // it differs in what nobody can add to
	}
	patch, err := json.Marshal(operations)
	if err != nil {
		return fmt.Errorf("encoding a patch: %w", err)
	}
	return r.Client.Patch(ctx, live, client.RawPatch(types.JSONPatchType, patch), client.FieldOwner(FieldManager))
}

// unkeep takes the finalizers off an object that was deleted. Ours carry none, so they are
// somebody else's, and as long as it stands it lets pass what was closed.
func (r *run) unkeep(ctx context.Context, o Removal) error {
	live := &metav1.PartialObjectMetadata{}
	live.SetGroupVersionKind(GVKOf(o.Key.Kind))
	if err := r.Live.Get(ctx, client.ObjectKey{Namespace: o.Key.Namespace, Name: o.Key.Name}, live); err != nil {
		return client.IgnoreNotFound(err)
	}
	if live.UID != o.UID || len(live.Finalizers) == 0 {
		return nil
	}
	return r.Client.Patch(ctx, live, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`)), client.FieldOwner(FieldManager))
}

// strays is the patch that replaces each field that is not as wanted. It is bound to the
// version that was seen.
func strays(live, want *unstructured.Unstructured) []operation {
	out := []operation{{Op: "test", Path: "/metadata/resourceVersion", Value: live.GetResourceVersion()}}
	for _, field := range decided {
		has, there, _ := unstructured.NestedFieldNoCopy(live.Object, field...)
		wanted, asked, _ := unstructured.NestedFieldNoCopy(want.Object, field...)
		switch {
		case !asked && there:
			out = append(out, operation{Op: "remove", Path: pointer(field)})
		case asked && !reflect.DeepEqual(has, wanted):
			out = append(out, operation{Op: "add", Path: pointer(field), Value: wanted}) // in its place
		}
	}
	return out
}

// pointer is a field's name as a JSON patch has it.
func pointer(field []string) string {
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	var out strings.Builder
	for _, f := range field {
		out.WriteString("/" + escape.Replace(f))
	}
	return out.String()
}
