// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium

import (
	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	slimv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/internal/topology"
)

// podsOf selects the pods of an entry: namespace part and pod part.
func podsOf(w topology.Workloads) api.EndpointSelector {
	selectors := append([]*metav1.LabelSelector{namespacePart(w)}, w.PodSelectors...)
	return endpoints(selectors...)
}

// namespacesOf selects every pod of an entry's namespaces.
func namespacesOf(w topology.Workloads) api.EndpointSelector {
	return endpoints(namespacePart(w))
}

// endpoints turns label selectors, of which all must match, into Cilium's
// selector. All keys carry the source k8s: those of Cilium's own pod metadata
// (the namespace's name and labels) win over pod labels of the same name, so no
// pod can label itself into another namespace.
func endpoints(selectors ...*metav1.LabelSelector) api.EndpointSelector {
	return api.NewESFromK8sLabelSelector(labels.LabelSourceK8sKeyPrefix, slim(topology.And(selectors...)))
}

// namespacePart returns the namespace part as a selector over the labels that
// Cilium gives each pod for its namespace.
func namespacePart(w topology.Workloads) *metav1.LabelSelector {
	switch {
	case w.NamespaceSelector != nil && representable(w.NamespaceSelector):
		return namespaceLabels(w.NamespaceSelector)
	case w.NamespaceSelector != nil:
		// See unrepresentable in identity.go. No existing namespace gives a
		// selector that matches nothing, because no namespace has no name.
		return oneOf(k8sconst.PodNamespaceLabel, w.Matching)
	default:
		if len(w.Namespaces) == 0 {
			panic("workloads entry without a namespace part: it would select every pod of the cluster")
		}
		return oneOf(k8sconst.PodNamespaceLabel, w.Namespaces)
	}
}

// namespaceLabels renames the keys of a selector over namespace labels, and asks
// for a namespace besides: a selector of exclusions only ("team not in [office]")
// would else take in endpoints that are no pods, such as Cilium's health endpoint.
func namespaceLabels(s *metav1.LabelSelector) *metav1.LabelSelector {
	if len(s.MatchLabels)+len(s.MatchExpressions) == 0 {
		panic("workloads entry with an empty namespace selector: it would select every pod of the cluster")
	}
	out := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
		Key: k8sconst.PodNamespaceLabel, Operator: metav1.LabelSelectorOpExists,
	}}}
	if len(s.MatchLabels) > 0 {
		out.MatchLabels = make(map[string]string, len(s.MatchLabels))
	}
	for k, v := range s.MatchLabels {
		out.MatchLabels[k8sconst.PodNamespaceMetaLabelsPrefix+k] = v
	}
	for _, e := range s.MatchExpressions {
		e = *e.DeepCopy()
		e.Key = k8sconst.PodNamespaceMetaLabelsPrefix + e.Key
		out.MatchExpressions = append(out.MatchExpressions, e)
	}
	return out
}

// oneOf selects a label with one of these values, and nothing when there are none.
func oneOf(key string, values []string) *metav1.LabelSelector {
	switch len(values) {
	case 0:
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: key, Operator: metav1.LabelSelectorOpDoesNotExist},
			{Key: key, Operator: metav1.LabelSelectorOpExists},
		}}
	case 1:
		return &metav1.LabelSelector{MatchLabels: map[string]string{key: values[0]}}
	default:
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: key, Operator: metav1.LabelSelectorOpIn, Values: values},
		}}
	}
}

// slim converts to the type that Cilium's API uses.
func slim(s *metav1.LabelSelector) *slimv1.LabelSelector {
	out := &slimv1.LabelSelector{MatchLabels: s.MatchLabels}
	for _, e := range s.MatchExpressions {
		out.MatchExpressions = append(out.MatchExpressions, slimv1.LabelSelectorRequirement{
			Key:      e.Key,
			Operator: slimv1.LabelSelectorOperator(e.Operator),
			Values:   e.Values,
		})
	}
	return out
}
