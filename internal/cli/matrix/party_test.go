// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/topology"
)

// TestAWorkloadIsNotAnotherOne: pods are found by the workload that made them, not by what
// their names begin with.
func TestAWorkloadIsNotAnotherOne(t *testing.T) {
	const namespace = "cell"
	deployed := func(name, hash string) topology.Pod {
		return topology.Pod{Namespace: namespace, Name: name + "-" + hash + "-x2x4z", Labels: map[string]string{"app": name, "pod-template-hash": hash}}
	}
	bare := func(name string) topology.Pod {
		return topology.Pod{Namespace: namespace, Name: name, Labels: map[string]string{"app": name}}
	}
	set := topology.Pod{Namespace: namespace, Name: "scada-0", Labels: map[string]string{"statefulset.kubernetes.io/pod-name": "scada-0"}}
	archive := deployed("scada-archive", "4b5c6d7f8")
	hostly := deployed("scada", "6d4b75cb6d")
	hostly.HostNetwork = true
	tests := map[string]struct {
		pods []topology.Pod
		name string
		want string
		err  string
	}{
		// archive sorts before scada's own by its hash, and after.
		"by another's hash":         {[]topology.Pod{archive, deployed("scada", "z9")}, "scada", "cell/scada-z9-x2x4z", ""},
		"by its own hash":           {[]topology.Pod{archive, deployed("scada", "4b")}, "scada", "cell/scada-4b-x2x4z", ""},
		"the other one":             {[]topology.Pod{archive, deployed("scada", "4b")}, "scada-archive", "cell/scada-archive-4b5c6d7f8-x2x4z", ""},
		"the first of two":          {[]topology.Pod{deployed("scada", "7f"), deployed("scada", "4b")}, "scada", "cell/scada-4b-x2x4z", ""},
		"only the other one":        {[]topology.Pod{archive}, "scada", "", `"cell/scada" is no pod or workload`},
		"on the network of nodes":   {[]topology.Pod{hostly}, "scada", "", `"cell/scada" is no pod or workload`},
		"by its pod":                {[]topology.Pod{archive, set, deployed("scada", "4b")}, "scada-0", "cell/scada-0", ""},
		"of manifests":              {[]topology.Pod{bare("historian-0"), bare("historian-1"), bare("historian-replica-0")}, "historian", "cell/historian-0", ""},
		"two workloads of one name": {[]topology.Pod{set, deployed("scada", "4b"), archive}, "scada", "", `"cell/scada" is more than one workload: say which pod, cell/scada-4b-x2x4z or cell/scada-0`},
		"two by their names alone":  {[]topology.Pod{bare("a-bcdfg-x2x4z"), bare("a-bcdfg-6d4b75cb6d-x2x4z")}, "a-bcdfg", "", `more than one workload: say which pod, cell/a-bcdfg-x2x4z or cell/a-bcdfg-6d4b75cb6d-x2x4z`},
		"a ReplicaSet named alike":  {[]topology.Pod{deployed("a", "bcdfg"), deployed("a-bcdfg", "6d4b75cb6d")}, "a-bcdfg", "cell/a-bcdfg-6d4b75cb6d-x2x4z", ""},
		"a ReplicaSet":              {[]topology.Pod{deployed("a", "bcdfg"), deployed("a", "6d4b75cb6d")}, "a-bcdfg", "cell/a-bcdfg-x2x4z", ""},
		"labels before names":       {[]topology.Pod{bare("scada-2b2b2-x2x4z"), deployed("scada", "4b")}, "scada", "cell/scada-4b-x2x4z", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := declared(t, hall(""), zone("cell", ""))
			p.Pods = tt.pods
			got, err := find(p, viewOf(p), "cell/"+tt.name)
			if tt.err != "" || err != nil {
				if err == nil || !strings.Contains(err.Error(), tt.err) || tt.err == "" {
					t.Errorf("error %v, want %q", err, tt.err)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got.name); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
