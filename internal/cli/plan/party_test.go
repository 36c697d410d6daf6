// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// TestACertificateIsOfItsWorkloadAlone: not of another one whose name begins alike, whichever
// of their pods comes last.
func TestACertificateIsOfItsWorkloadAlone(t *testing.T) {
	scada := topology.Pod{Namespace: "ww", Name: "scada-6d4b75cb6d-x2x4z", Labels: map[string]string{"app": "scada", "pod-template-hash": "6d4b75cb6d"}}
	archive := topology.Pod{Namespace: "ww", Name: "scada-archive-7c5ddbdf54-b2b4d", Labels: map[string]string{"app": "archive", "pod-template-hash": "7c5ddbdf54"}}
	job := topology.Pod{Namespace: "ww", Name: "scada-b2b4d", Labels: map[string]string{"app": "job", "job-name": "scada"}}
	elsewhere := topology.Pod{Namespace: "other", Name: "scada-0", Labels: map[string]string{"app": "elsewhere"}}
	declared := topology.Pod{Namespace: "ww", Name: "scada-0", Labels: map[string]string{"app": "declared"}}
	tests := map[string]struct {
		pods []topology.Pod
		kind string
		want string
	}{
		"on a cluster":       {[]topology.Pod{scada, archive, job, elsewhere}, "Deployment", "scada"},
		"the other way":      {[]topology.Pod{job, archive, scada, elsewhere}, "Deployment", "scada"},
		"of manifests":       {[]topology.Pod{declared, elsewhere}, "Deployment", "declared"},
		"only the other one": {[]topology.Pod{archive, job, elsewhere}, "Deployment", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := &plant.Plant{Snapshot: topology.Snapshot{Pods: tt.pods}}
			c := &v1alpha1.WorkloadCertificate{Spec: v1alpha1.WorkloadCertificateSpec{WorkloadRef: &v1alpha1.WorkloadReference{Kind: tt.kind, Name: "scada"}}}
			c.Namespace = "ww"
			if diff := cmp.Diff(tt.want, partyOf(p, c).Labels["app"]); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
