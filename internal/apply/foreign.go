// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"errors"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
)

// Ours selects the policy objects that say that they are ours. Whoever lists our
// objects filters by it: the cache has those of others as well.
var Ours = labels.SelectorFromSet(labels.Set{v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue})

// KindWindow is the kind by which objects of access windows say what they were made of.
const KindWindow = "VendorAccessWindow"

// OfWindow says that an object carries out an access window. It is neither to be pruned
// here nor somebody else's hole: who decides about windows writes it, and deletes what
// carries these labels and no open window asked for.
func OfWindow(of map[string]string) bool {
	return of[v1alpha1.LabelManagedBy] == v1alpha1.LabelManagedByValue && of[v1alpha1.LabelKind] == KindWindow
}

// mostNetworks of a foreign group of addresses that the cache keeps.
const mostNetworks = 256

// Trim is the transform of the cache for kinds that we write: our objects are
// stripped, those of others keep their rules and their name. It may be run on its own
// result.
func Trim(in any) (any, error) {
	if u, ok := in.(*unstructured.Unstructured); ok && Ours.Matches(labels.Set(u.GetLabels())) {
		return Strip(u)
	}
	return TrimForeign(in)
}

// TrimForeign is the transform for kinds that we do not write: whatever an object of
// these says, it is not ours.
func TrimForeign(in any) (any, error) {
	u, ok := in.(*unstructured.Unstructured)
	if !ok {
		return nil, errors.New("trimming a policy object: not an unstructured object")
	}
	out := &unstructured.Unstructured{Object: map[string]any{}}
	out.SetAPIVersion(u.GetAPIVersion())
	out.SetKind(u.GetKind())
	out.SetNamespace(u.GetNamespace())
	out.SetName(u.GetName())
	out.SetUID(u.GetUID())
	out.SetResourceVersion(u.GetResourceVersion())
	out.SetGeneration(u.GetGeneration())
	for _, field := range []string{"spec", "specs"} {
		if rules, there := u.Object[field]; there {
			out.Object[field] = rules
		}
	}
	if u.GetKind() == policy.KindCIDRGroup {
		out.Object["spec"] = cutNetworks(u.Object["spec"])
	}
	return out, nil
}

// Stripped says that an object of the cache is one of ours.
func Stripped(u *unstructured.Unstructured) bool {
	metadata, _ := u.Object["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	return annotations[annotationObserved] != nil
}

// cutNetworks keeps a group of addresses small. A feed of threats has a hundred thousand,
// and who reads a group that was cut finds a field there that says so.
func cutNetworks(spec any) any {
	content, _ := spec.(map[string]any)
	networks, _ := content["externalCIDRs"].([]any)
	if len(networks) <= mostNetworks {
		return spec
	}
	few := make([]any, mostNetworks)
	copy(few, networks)
	return map[string]any{"externalCIDRs": few, "zonewarden.io/cut": true}
}
