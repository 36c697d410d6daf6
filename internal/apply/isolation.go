// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/zonewarden/zonewarden/internal/policy/podset"
)

// isolated are the pods of one namespace that something isolates, by direction: what
// nothing allows them is denied.
type isolated map[string]podset.Set

func (i isolated) add(other isolated) {
	for direction, pods := range other {
		i[direction] = i[direction].Or(pods)
	}
}

// meets says that some pod is isolated by both in one direction.
func (i isolated) meets(other isolated) bool {
	return slices.ContainsFunc(directions, func(d string) bool { return i[d].Meets(other[d]) })
}

// isolatedBy are the pods that a NetworkPolicy isolates, whoever wrote it.
func isolatedBy(u *unstructured.Unstructured) (isolated, error) {
	selector, _, err := unstructured.NestedMap(u.Object, "spec", "podSelector")
	if err != nil {
		return nil, fmt.Errorf("reading the pods of %s: %w", u.GetName(), err)
	}
	pods, err := podsOf(selector)
	if err != nil {
		return nil, fmt.Errorf("reading the pods of %s: %w", u.GetName(), err)
	}
	types, _, err := unstructured.NestedStringSlice(u.Object, "spec", "policyTypes")
	if err != nil {
		return nil, fmt.Errorf("reading the directions of %s: %w", u.GetName(), err)
	}
	out := isolated{}
	for _, d := range directionsOfPolicy {
		if slices.Contains(types, d.policyType) {
			out[d.field] = pods
		}
	}
	return out, nil
}

func podsOf(selector map[string]any) (podset.Set, error) {
	var s metav1.LabelSelector
	if err := json.Unmarshal([]byte(encodeJSON(selector)), &s); err != nil {
		return nil, fmt.Errorf("reading a selector: %w", err)
	}
	return podset.Of(&s)
}

// How Cilium names the labels of a pod: with their source, the pod's namespace and
// that one's labels under keys of their own.
const (
	fromKubernetes  = "k8s:"
	namespaceKey    = "io.kubernetes.pod.namespace"
	namespaceLabels = "io.cilium.k8s.namespace.labels."
)

// deniedBy are the pods of a namespace that rules of Cilium's deny by default.
func (p parts) deniedBy(namespace string, labels map[string]string) (isolated, error) {
	out := isolated{}
	var failed error
	p.each(func(r rule) {
		selector, _ := r["endpointSelector"].(map[string]any)
		pods, err := podsOf(withoutSource(selector))
		if err != nil {
			failed = err
			return
		}
		pods = pods.Given(func(key string) (value string, there, known bool) {
			if label, of := strings.CutPrefix(key, namespaceLabels); of {
				value, there = labels[label]
				return value, there, true
			}
			return namespace, true, key == namespaceKey
		})
		for _, d := range directions {
			if r.denies(d) {
				out[d] = out[d].Or(pods)
			}
		}
	})
	return out, failed
}

// subjects are the pods that the rules are for, or those of them that are asked for, in
// all namespaces: a namespace is one more label. A rule whose selector cannot be read
// is for nobody; Cilium refuses it.
func (p parts) subjects(asked func(rule) bool) podset.Set {
	var out podset.Set
	p.each(func(r rule) {
		selector, _ := r["endpointSelector"].(map[string]any)
		if pods, err := podsOf(withoutSource(selector)); err == nil && (asked == nil || asked(r)) {
			out = out.Or(pods)
		}
	})
	return out
}

// withoutSource names labels as Kubernetes does.
func withoutSource(selector map[string]any) map[string]any {
	labels := map[string]any{}
	had, _ := selector["matchLabels"].(map[string]any)
	for key, value := range had {
		labels[strings.TrimPrefix(key, fromKubernetes)] = value
	}
	var demands []any
	list, _ := selector["matchExpressions"].([]any)
	for _, item := range list {
		demand, _ := item.(map[string]any)
		key, _ := demand["key"].(string)
		demands = append(demands, map[string]any{
			"key": strings.TrimPrefix(key, fromKubernetes), "operator": demand["operator"], "values": demand["values"],
		})
	}
	return map[string]any{"matchLabels": labels, "matchExpressions": demands}
}
