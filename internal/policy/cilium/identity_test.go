// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium_test

import (
	"log/slog" //nolint:depguard // Cilium's functions ask for one
	"strings"
	"testing"

	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/policy/identity"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// TestInvisibleLabels holds our list of labels that policy cannot select by to
// the agent's own default filter.
func TestInvisibleLabels(t *testing.T) {
	if err := labelsfilter.ParseLabelPrefixCfg(slog.New(slog.DiscardHandler), nil, nil, ""); err != nil {
		t.Fatal(err)
	}
	keys := []string{
		"app", "zonewarden.io/cell", "app.kubernetes.io/name", "example.com/app", "my-k8s.io/x", "batch.kubernetes.io/job-name",
		"pod-template-hash", "controller-revision-hash", "controller-uid", "pod-template-generation", "etcd_node",
		"kubernetes.io/arch", "io.kubernetes.x", "k8s.io/x", "topology.kubernetes.io/zone", "beta.kubernetes.io/arch",
		"node.beta.kubernetes.io/x", "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index",
		"batch.kubernetes.io/job-completion-index", "batch.kubernetes.io/controller-uid", "annotation.x",
	}
	for _, key := range keys {
		inIdentity, _ := labelsfilter.Filter(labels.Map2Labels(map[string]string{key: "v"}, labels.LabelSourceK8s))
		_, findings := cilium.Backend{}.Zone(site(), zone("z", labelled(in("plant"), equal(key, "v"))))
		if visible := len(inIdentity) == 1; visible != (len(findings) == 0) {
			t.Errorf("%s: Cilium can select by it: %t, findings: %v", key, visible, findings)
		}
	}
}

// TestInvisibleNamespaceLabels holds the same list of namespace labels to it.
func TestInvisibleNamespaceLabels(t *testing.T) {
	if err := labelsfilter.ParseLabelPrefixCfg(slog.New(slog.DiscardHandler), nil, nil, ""); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"team", "example.com/area", "kubernetes.io/metadata.name", "io.kubernetes.x", "k8s.io/x", "topology.kubernetes.io/zone",
		"node.beta.kubernetes.io/pool", "beta.kubernetes.io/arch", "annotation.x", "io.cilium.k8s.namespace.labels.team", "pod-template-hash",
	} {
		asPod := map[string]string{"io.cilium.k8s.namespace.labels." + key: "v"}
		inIdentity, _ := labelsfilter.Filter(labels.Map2Labels(asPod, labels.LabelSourceK8s))
		if visible := len(inIdentity) == 1; visible == identity.LeavesOutOfNamespace(key) {
			t.Errorf("%s: Cilium can select by it: %t", key, visible)
		}
	}
}

func expression(key string, op metav1.LabelSelectorOperator, values ...string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: op, Values: values}}}
}

// misread are selectors that Cilium would match with more pods than are meant.
var misread = map[string]*metav1.LabelSelector{
	"not in, of a label that it leaves out": expression("topology.kubernetes.io/zone", metav1.LabelSelectorOpNotIn, "east"),
	"absent, of a label that it leaves out": expression("pod-template-hash", metav1.LabelSelectorOpDoesNotExist),
	"a label that it gives every pod":       equal("io.cilium.k8s.policy.cluster", "default"),
	"the namespace, as it keeps it":         equal("io.kubernetes.pod.namespace", "b"),
	"a label of the namespace":              equal("io.cilium.k8s.namespace.labels.team", "ot"),
}

// TestConduitsOpenNothingByAnInvisibleLabel: the conduit leaves that entry out, at
// either end, and says so.
func TestConduitsOpenNothingByAnInvisibleLabel(t *testing.T) {
	a, b := zone("a", in("a")), zone("b", in("b"))
	for name, selector := range misread {
		whole := topology.End{Zone: a, Workloads: a.Workloads}
		narrowed := topology.End{Zone: b, Workloads: []topology.Workloads{labelled(in("b"), selector)}, Narrowed: true}
		for path, c := range map[string]*topology.Conduit{
			"spec.responders[0].workloads": {Initiator: whole, Responders: []topology.End{narrowed}},
			"spec.initiator.workloads":     {Initiator: narrowed, Responders: []topology.End{whole}},
		} {
			c.Name, c.Ports = "c", []protocol.PortRange{tcp(502, 502)}
			objects, findings := cilium.Backend{}.Conduit(site(), c)
			if len(objects) != 0 {
				t.Errorf("%s: opened more than declared: %s", name, mustJSON(t, objects[0].Manifest))
			}
			if len(findings) != 1 || findings[0].Path != path || findings[0].Reason != v1alpha1.ReasonBackendCannot {
				t.Errorf("%s: findings: %v", name, findings)
			}
		}
	}
}

// TestFloorsOpenNothingByAnInvisibleLabel: the floor of that entry denies, and lets the
// node in; no rule of the zone names its pods.
func TestFloorsOpenNothingByAnInvisibleLabel(t *testing.T) {
	for name, selector := range misread {
		z := zone("z", labelled(in("b"), selector), in("c"))
		z.HasAssets = true
		p := floor(t, z)
		requireParses(t, p)
		if got := len(p.Specs[0].Ingress) + len(p.Specs[0].Egress); got != 2 || len(p.Specs[0].Ingress[0].FromEntities) != 1 || !*p.Specs[0].EnableDefaultDeny.Egress {
			t.Errorf("%s: the floor of the entry: %s", name, mustJSON(t, p.Specs[0]))
		}
		if other := mustJSON(t, p.Specs[1]); strings.Contains(other, `"b"`) || !strings.Contains(other, `"c"`) {
			t.Errorf("%s: the floor of the other entry: %s", name, other)
		}
	}
}

// TestNamespacesByAnInvisibleLabel: the existing namespaces are named, and it says so.
func TestNamespacesByAnInvisibleLabel(t *testing.T) {
	w := topology.Workloads{NamespaceSelector: expression("node.beta.kubernetes.io/pool", metav1.LabelSelectorOpNotIn, "a"), Matching: []string{"line-1"}}
	z := zone("z", w)
	if got, want := selectorJSON(t, floor(t, z).Specs[0].EndpointSelector), `{"matchLabels":{"k8s:io.kubernetes.pod.namespace":"line-1"}}`; got != want {
		t.Errorf("selects %s, want %s", got, want)
	}
	_, findings := cilium.Backend{}.Zone(site(), z)
	if len(findings) != 1 || findings[0].Path != "spec.members.workloads[0].namespaceSelector" {
		t.Errorf("findings: %v", findings)
	}
}
