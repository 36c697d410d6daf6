// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/zonewarden/zonewarden/internal/policy/identity"
)

// origin is where the value of a key comes from.
type origin uint8

const (
	podLabel origin = iota
	// namespaceName has no key.
	namespaceName
	namespaceLabel
	// nowhere is a key that no pod has.
	nowhere
	// hidden is a key whose value is not known.
	hidden
)

// operator of a requirement.
type operator uint8

const (
	in operator = iota
	notIn
	exists
	absent
)

// requirement is one condition of a selector.
type requirement struct {
	from   origin
	key    string
	op     operator
	values []string
}

// selector selects pods: all requirements must match.
type selector struct {
	requirements []requirement
	// strangers says whether it matches an end that is no pod. Never for sure: only
	// an exclusion, or a label that Cilium itself gives, could.
	strangers truth
}

// namespaceIs is the requirement for a namespace.
func namespaceIs(namespace string) requirement {
	return requirement{from: namespaceName, op: in, values: []string{namespace}}
}

func (s *selector) match(p *podState) truth {
	result := yes
	for i := range s.requirements {
		if result = result.and(s.requirements[i].match(p)); result == no {
			break
		}
	}
	return result
}

func (q *requirement) match(p *podState) truth {
	if q.from == hidden {
		return maybe
	}
	value, has, seen := q.lookup(p)
	if !seen {
		return maybe
	}
	switch q.op {
	case in:
		return known(has && slices.Contains(q.values, value))
	case notIn:
		return known(!has || !slices.Contains(q.values, value))
	case exists:
		return known(has)
	case absent:
		return known(!has)
	default:
		return maybe
	}
}

// lookup returns the value of the key, whether there is one, and whether that can
// be told.
func (q *requirement) lookup(p *podState) (value string, has, seen bool) {
	switch q.from {
	case podLabel:
		value, has = p.Labels[q.key]
		return value, has, true
	case namespaceName:
		return p.Namespace, true, true
	case namespaceLabel:
		if value, has = p.namespaceLabels[q.key]; !has && q.key == corev1.LabelMetadataName {
			return p.Namespace, true, true // the API server sees to it
		}
		return value, has, p.namespaceSeen
	default:
		return "", false, true
	}
}

// Keys of Cilium's labels.
const (
	ciliumNamespace       = "io.kubernetes.pod.namespace"
	ciliumNamespaceLabels = "io.cilium.k8s.namespace.labels."
)

// ofPod returns where the value of a pod label comes from.
func ofPod(key string) (origin, string) {
	if identity.LeavesOut(key) {
		return hidden, key
	}
	return podLabel, key
}

// ofNamespace returns where the value of a namespace label comes from.
func ofNamespace(key string) (origin, string) {
	if identity.LeavesOutOfNamespace(key) {
		return hidden, key
	}
	return namespaceLabel, key
}

// neverOnPods are reserved labels of what is no pod.
var neverOnPods = []string{"host", "remote-node", "world", "world-ipv4", "world-ipv6", "health", "ingress", "kube-apiserver"}

// ofCilium returns where the value of a key with or without a source comes from.
func ofCilium(key string) (origin, string) {
	source, name := sourceOf(key)
	switch source {
	case "k8s", "any":
		if name == ciliumNamespace {
			return namespaceName, ""
		}
		if label, ok := strings.CutPrefix(name, ciliumNamespaceLabels); ok {
			return ofNamespace(label)
		}
		return ofPod(name)
	case "cidr", "cidrgroup", "fqdn", "node":
		return nowhere, name
	case "reserved":
		if slices.Contains(neverOnPods, name) {
			return nowhere, name
		}
	}
	return hidden, name
}

// sourceOf parts a key of Cilium's. One without a source means any.
func sourceOf(key string) (source, name string) {
	if name, ok := strings.CutPrefix(key, "$"); ok {
		return "reserved", name
	}
	if source, name, ok := strings.Cut(key, ":"); ok && source != "" {
		return source, name
	}
	return "any", strings.TrimPrefix(key, ":")
}
