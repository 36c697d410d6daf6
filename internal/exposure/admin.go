// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"bytes"
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// adminSubject is what an object of the Admin tiers' kinds selects. Only that is read of
// these kinds: they stand above ours, so whatever they say may override what ours do.
type adminSubject struct {
	// everything is for a subject that is not understood.
	everything      bool
	namespaces, pod labels.Selector
}

// subjectOf reads spec.subject, in the form of AdminNetworkPolicy and
// ClusterNetworkPolicy alike. One in another form may select every pod.
func subjectOf(content map[string]any) *adminSubject {
	spec, _ := content["spec"].(map[string]any)
	subject, _ := spec["subject"].(map[string]any)
	namespaces, ofNamespaces := subject["namespaces"]
	pods, ofPods := subject["pods"].(map[string]any)
	out := &adminSubject{namespaces: labels.Everything(), pod: labels.Everything()}
	ok := len(subject) == 1
	switch {
	case ofNamespaces:
		ok = ok && readSelector(namespaces, &out.namespaces)
	case ofPods:
		ok = ok && len(pods) == 2 && readSelector(pods["namespaceSelector"], &out.namespaces) && readSelector(pods["podSelector"], &out.pod)
	default:
		ok = false
	}
	out.everything = !ok
	return out
}

// readSelector reads a label selector strictly. An empty one selects everything.
func readSelector(v any, into *labels.Selector) bool {
	raw, err := json.Marshal(v)
	if err != nil {
		return false
	}
	var s metav1.LabelSelector
	strict := json.NewDecoder(bytes.NewReader(raw))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&s); err != nil {
		return false
	}
	selector, err := metav1.LabelSelectorAsSelector(&s)
	if err != nil {
		return false
	}
	*into = selector
	return true
}

func (s *adminSubject) selects(namespace map[string]string, p *topology.Pod) bool {
	return s.everything || s.namespaces.Matches(labels.Set(namespace)) && s.pod.Matches(labels.Set(p.Labels))
}

// admin reports an object of these kinds in every enforced zone that it selects a pod of.
func (j *judging) admin(o *foreignObject) {
	for i := range j.sample.classes {
		c := &j.sample.classes[i]
		if c.zone != nil && c.zone.Enforce && o.admin.selects(j.sample.namespaces[c.pod.Namespace], c.pod) {
			j.out.add(c.zone, v1alpha1.ReasonNotUnderstood, o.Name()+" is of a kind that may override the zone's policies")
		}
	}
}
