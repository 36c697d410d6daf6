// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium

import (
	"fmt"
	"slices"
	"strings"

	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy/identity"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// longestName is the most that a label key may have after its last slash.
const longestName = 63

// representable says whether Cilium can select by these namespace labels. It hides
// some, and a selector of one that it hides matches no namespace, or all. And it puts a
// prefix of its own before the key: what is then too long for a label key makes the
// agent refuse the whole object, the floor with it.
func representable(s *metav1.LabelSelector) bool {
	for _, key := range topology.SelectorKeys(s) {
		if identity.LeavesOutOfNamespace(key) {
			return false
		}
		if !strings.Contains(key, "/") && len(k8sconst.PodNamespaceMetaLabelsPrefix)+len(key) > longestName {
			return false
		}
		if prefix, _, ok := strings.Cut(key, "/"); ok && len(k8sconst.PodNamespaceMetaLabelsPrefix)+len(prefix) > 253 {
			return false
		}
	}
	return true
}

// findings says what of a zone's workloads this backend cannot express.
func findings(z *topology.Zone) []v1alpha1.Finding {
	var out []v1alpha1.Finding
	for i, w := range z.Workloads {
		path := fmt.Sprintf("spec.members.workloads[%d]", i)
		if w.NamespaceSelector != nil && !representable(w.NamespaceSelector) {
			out = append(out, notCarriedOut(path+".namespaceSelector",
				"Cilium hides a label key, or it is too long for it; the existing namespaces are named in its place, "+
					"and one created later is open until the operator has seen it: use another key"))
		}
		if hidden := invisibleKeys(w.PodSelectors); len(hidden) > 0 {
			out = append(out, notCarriedOut(path+".podSelector", hiddenMessage(hidden)))
		}
	}
	return out
}

// conduitFindings says the same of the narrowing of a conduit's ends.
func conduitFindings(c *topology.Conduit) []v1alpha1.Finding {
	var out []v1alpha1.Finding
	add := func(path string, e topology.End) {
		if !e.Narrowed {
			return // the zone's own findings say it
		}
		var hidden []string
		for _, w := range e.Workloads {
			hidden = append(hidden, invisibleKeys(w.PodSelectors)...)
		}
		slices.Sort(hidden)
		if hidden = slices.Compact(hidden); len(hidden) > 0 {
			out = append(out, notCarriedOut(path+".workloads", hiddenMessage(hidden)))
		}
	}
	add("spec.initiator", c.Initiator)
	for i, r := range c.Responders {
		add(fmt.Sprintf("spec.responders[%d]", i), r)
	}
	return out
}

func invisibleKeys(selectors []*metav1.LabelSelector) []string {
	var hidden []string
	for _, s := range selectors {
		if s == nil {
			continue
		}
		for _, key := range topology.SelectorKeys(s) {
			if identity.LeavesOut(key) {
				hidden = append(hidden, key)
			}
		}
	}
	slices.Sort(hidden)
	return slices.Compact(hidden)
}

func hiddenMessage(keys []string) string {
	return fmt.Sprintf("Cilium leaves the label %s out of a pod's identity unless its option \"labels\" says otherwise, "+
		"so no policy can select by it: use another label", strings.Join(keys, ", "))
}

// notCarriedOut is an error: what is declared does not act in the cluster.
func notCarriedOut(path, message string) v1alpha1.Finding {
	return v1alpha1.Finding{
		Severity: v1alpha1.SeverityError,
		Path:     path,
		Reason:   v1alpha1.ReasonBackendCannot,
		Message:  message,
	}
}

// misread says that an entry asks for a label that Cilium does not see. "Is not" would
// then match pods that the declaration leaves out, and so would "equals": Cilium puts
// labels of its own, such as the name of the pod's namespace, in the place of some.
func misread(w topology.Workloads) bool { return len(invisibleKeys(w.PodSelectors)) > 0 }
