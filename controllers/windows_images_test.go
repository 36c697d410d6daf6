// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

const (
	anyDigest   = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	otherDigest = "sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
)

// having is a node that reports these images, each by all its names.
func having(images ...[]string) corev1.Node {
	n := corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "edge-1"}}
	for _, names := range images {
		n.Status.Images = append(n.Status.Images, corev1.ContainerImage{Names: names})
	}
	return n
}

func cordoned(n corev1.Node) corev1.Node {
	n.Spec.Unschedulable = true
	return n
}

func tainting(n corev1.Node, effect corev1.TaintEffect) corev1.Node {
	n.Spec.Taints = []corev1.Taint{{Key: "dedicated", Effect: effect}}
	return n
}

// TestTheImageOfAWindowIsFound by the names that kubelets report, however a pod names it: who is
// said to have none is not let in.
func TestTheImageOfAWindowIsFound(t *testing.T) {
	t.Parallel()
	imported := []string{"plant.example/zonewarden@" + anyDigest, "plant.example/zonewarden:v1"}
	short := []string{"docker.io/library/zonewarden:v1"}
	var many [][]string
	for i := range mostReported {
		many = append(many, []string{fmt.Sprintf("plant.example/other:%d", i)})
	}
	const present, missing, unknown = metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown
	for name, c := range map[string]struct {
		image string
		nodes []corev1.Node
		want  metav1.ConditionStatus
	}{
		"by tag":                           {"plant.example/zonewarden:v1", []corev1.Node{having(imported)}, present},
		"by another tag":                   {"plant.example/zonewarden:v2", []corev1.Node{having(imported)}, missing},
		"by digest":                        {"plant.example/zonewarden@" + anyDigest, []corev1.Node{having(imported)}, present},
		"by another digest":                {"plant.example/zonewarden@" + otherDigest, []corev1.Node{having(imported)}, missing},
		"by tag and digest, as the chart":  {"plant.example/zonewarden:v1@" + anyDigest, []corev1.Node{having(imported)}, present},
		"by a digest that has another tag": {"plant.example/zonewarden:v2@" + anyDigest, []corev1.Node{having(imported)}, present},
		"by a tag that has another digest": {"plant.example/zonewarden:v1@" + otherDigest, []corev1.Node{having(imported)}, missing},
		"of a registry with a port":        {"plant.example:5000/zonewarden", []corev1.Node{having([]string{"plant.example:5000/zonewarden:latest"})}, present},
		"without a tag":                    {"plant.example/zonewarden", []corev1.Node{having(imported, []string{"plant.example/zonewarden:latest"})}, present},
		"without a tag, of which v1 is":    {"plant.example/zonewarden", []corev1.Node{having(imported)}, missing},
		"without a registry":               {"zonewarden:v1", []corev1.Node{having(short)}, present},
		"of Docker's hub":                  {"docker.io/zonewarden:v1", []corev1.Node{having(short)}, present},
		"of Docker's index":                {"index.docker.io/library/zonewarden:v1", []corev1.Node{having(short)}, present},
		"of a name that ends alike":        {"warden:v1", []corev1.Node{having(short)}, missing},
		"that is no name":                  {"No Name", []corev1.Node{having(short)}, missing},
		"on the second node":               {"zonewarden:v1", []corev1.Node{having(imported[:1]), having(short)}, present},
		"on a node that takes no pods":     {"zonewarden:v1", []corev1.Node{cordoned(having(short)), having([]string{"plant.example/other:v1"})}, missing},
		"on a node for others":             {"zonewarden:v1", []corev1.Node{tainting(having(short), corev1.TaintEffectNoSchedule), having([]string{"plant.example/other:v1"})}, missing},
		"on a node that others prefer":     {"zonewarden:v1", []corev1.Node{tainting(having(short), corev1.TaintEffectPreferNoSchedule)}, present},
		"with no node but for others":      {"zonewarden:v1", []corev1.Node{tainting(having(short), corev1.TaintEffectNoExecute)}, unknown},
		"with no node that takes pods":     {"zonewarden:v1", []corev1.Node{cordoned(having(short))}, unknown},
		"on a node that reports none":      {"zonewarden:v1", []corev1.Node{having()}, unknown},
		"beyond what a node reports":       {"zonewarden:v1", []corev1.Node{having(many...)}, unknown},
		"among one fewer":                  {"zonewarden:v1", []corev1.Node{having(many[1:]...)}, missing},
	} {
		i := &images{nodes: c.nodes}
		got := i.find([]string{c.image})
		if got.status != c.want || got.absent() != (c.want == missing) {
			t.Errorf("%s: %+v, want %s", name, got, c.want)
		}
		if len(got.message) == 0 || got.status != unknown && !strings.Contains(got.message, c.image) {
			t.Errorf("%s: it does not name the image: %s", name, got.message)
		}
	}
}

// TestWhichImagesAWindowNeeds: the operator's own, where there is a pod, and beside it the one
// with the tools.
func TestWhichImagesAWindowNeeds(t *testing.T) {
	t.Parallel()
	own, tools := []string{"plant.example/zonewarden:v1"}, []string{"plant.example/tools:v1"}
	for name, c := range map[string]struct {
		grant v1alpha1.Grant
		image string
		nodes []corev1.Node
		want  string // "" for no verdict
	}{
		"of a relay":                       {v1alpha1.GrantRelay, own[0], []corev1.Node{having(own)}, "node edge-1 has plant.example/zonewarden:v1"},
		"of a session pod":                 {v1alpha1.GrantSessionPod, own[0], []corev1.Node{having(own, tools)}, "node edge-1 has plant.example/zonewarden:v1 and plant.example/tools:v1"},
		"of a session pod, without tools":  {v1alpha1.GrantSessionPod, own[0], []corev1.Node{having(own)}, "no node has plant.example/zonewarden:v1 and plant.example/tools:v1"},
		"one on each of two nodes":         {v1alpha1.GrantSessionPod, own[0], []corev1.Node{having(own), having(tools)}, "no node has"},
		"without a pod":                    {v1alpha1.GrantSourceAddress, own[0], []corev1.Node{having(tools)}, ""},
		"of an operator that knows no own": {v1alpha1.GrantRelay, "", []corev1.Node{having(tools)}, ""},
	} {
		now := time.Now()
		i := &images{image: c.image, nodes: c.nodes, at: now, clock: func() time.Time { return now }}
		w := &v1alpha1.VendorAccessWindow{Spec: v1alpha1.VendorAccessWindowSpec{Grant: c.grant}}
		site := &v1alpha1.Site{Spec: v1alpha1.SiteSpec{Access: v1alpha1.SiteAccess{SessionPods: &v1alpha1.SessionPodRules{Image: tools[0]}}}}
		got := i.verdict(t.Context(), w, site)
		if c.want == "" {
			if got != nil {
				t.Errorf("%s: %+v, want no verdict", name, got)
			}
			continue
		}
		if got == nil || !strings.HasPrefix(got.message, c.want) {
			t.Errorf("%s: %+v, want %q", name, got, c.want)
		}
	}
}
