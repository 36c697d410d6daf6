// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// annotationObserved carries, in the cache only and never in the cluster, the
// digest of an object whose spec the cache has dropped. The API server refuses
// this key for its second slash: nobody can write a digest on a live object and
// have an edited spec taken for ours.
const annotationObserved = "zonewarden.io/observed/digest"

// Strip is the transform of the cache for policy objects: it puts the digest of
// the spec in the spec's place. Ten thousand policies are then ten thousand
// names and digests in memory. Of the status it keeps that Cilium refuses the object.
// It may be run on its own result.
func Strip(in any) (any, error) {
	u, ok := in.(*unstructured.Unstructured)
	if !ok {
		return nil, errors.New("stripping a policy object: not an unstructured object")
	}
	if _, done := u.GetAnnotations()[annotationObserved]; done {
		return u, nil
	}
	out := &unstructured.Unstructured{Object: map[string]any{}}
	out.SetAPIVersion(u.GetAPIVersion())
	out.SetKind(u.GetKind())
	out.SetNamespace(u.GetNamespace())
	out.SetName(u.GetName())
	out.SetUID(u.GetUID())
	out.SetResourceVersion(u.GetResourceVersion())
	out.SetCreationTimestamp(u.GetCreationTimestamp())
	out.SetDeletionTimestamp(u.GetDeletionTimestamp())
	out.SetLabels(u.GetLabels())
	own := map[string]string{annotationObserved: policy.DigestOf(u.Object)}
	for _, k := range []string{v1alpha1.AnnotationSourceUID, v1alpha1.AnnotationRelease} {
		if v, ok := u.GetAnnotations()[k]; ok {
			own[k] = v
		}
	}
	out.SetAnnotations(own)
	if message := refusal(u.Object); message != "" {
		out.Object["status"] = map[string]any{"conditions": []any{
			map[string]any{"type": "Valid", "status": "False", "message": message},
		}}
	}
	return out, nil
}

// longestRefusal that is kept of what Cilium says.
const longestRefusal = 512

// refusal is why Cilium does not take a policy: what its condition Valid says while it is
// false. "" stands for every other case, no opinion included.
func refusal(content map[string]any) string {
	status, _ := content["status"].(map[string]any)
	conditions, _ := status["conditions"].([]any)
	for _, c := range conditions {
		condition, _ := c.(map[string]any)
		if condition["type"] != "Valid" || condition["status"] != "False" {
			continue
		}
		message, _ := condition["message"].(string)
		if message == "" {
			return "it does not say why"
		}
		return message[:min(len(message), longestRefusal)]
	}
	return ""
}

// Observe reads a stripped object.
func Observe(u *unstructured.Unstructured) (Observed, error) {
	annotations, labels := u.GetAnnotations(), u.GetLabels()
	key := Key{Kind: u.GetKind(), Namespace: u.GetNamespace(), Name: u.GetName()}
	if annotations[annotationObserved] == "" {
		return Observed{}, fmt.Errorf("observing %s: it was not stripped", key)
	}
	return Observed{
		Key:             key,
		UID:             u.GetUID(),
		ResourceVersion: u.GetResourceVersion(),
		Created:         u.GetCreationTimestamp().Time,
		Digest:          annotations[annotationObserved],
		Source:          topology.ObjectRef{Kind: labels[v1alpha1.LabelKind], Name: labels[v1alpha1.LabelName]},
		SourceUID:       types.UID(annotations[v1alpha1.AnnotationSourceUID]),
		Release:         types.UID(annotations[v1alpha1.AnnotationRelease]),
		Refused:         refusal(u.Object),
	}, nil
}

// isOurs says that a live object was written by us.
func isOurs(labels map[string]string) bool {
	return labels[v1alpha1.LabelManagedBy] == v1alpha1.LabelManagedByValue && labels[v1alpha1.LabelKind] != ""
}
