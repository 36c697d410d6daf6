// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/topology"
)

func TestOf(t *testing.T) {
	labels := func(of ...string) map[string]string {
		out := map[string]string{"app": "any"}
		for i := 0; i < len(of); i += 2 {
			out[of[i]] = of[i+1]
		}
		return out
	}
	hashed := func(hash string) map[string]string { return labels("pod-template-hash", hash) }
	set := labels("statefulset.kubernetes.io/pod-name", "scada-0", "controller-revision-hash", "scada-6d4b75cb6d", "apps.kubernetes.io/pod-index", "0")
	job := func(name string) map[string]string {
		return labels("job-name", name, "batch.kubernetes.io/job-name", name)
	}
	long := strings.Repeat("long-", 11) + "name" // with a hash and its hyphens there is no room for it
	tests := map[string]struct {
		pod    string
		labels map[string]string
		name   string
		want   Maker
	}{
		"a Deployment":                           {"scada-6d4b75cb6d-x2x4z", hashed("6d4b75cb6d"), "scada", Maker{Deployment, true}},
		"its ReplicaSet":                         {"scada-6d4b75cb6d-x2x4z", hashed("6d4b75cb6d"), "scada-6d4b75cb6d", Maker{ReplicaSet, true}},
		"another Deployment":                     {"scada-archive-6d4b75cb6d-x2x4z", hashed("6d4b75cb6d"), "scada", Maker{}},
		"itself":                                 {"scada-archive-6d4b75cb6d-x2x4z", hashed("6d4b75cb6d"), "scada-archive", Maker{Deployment, true}},
		"a Deployment whose name is cut":         {(long + "-6d4b75cb6d-")[:58] + "x2x4z", hashed("6d4b75cb6d"), long, Maker{Deployment, true}},
		"a name like a hash":                     {"scada-bcdfg-6d4b75cb6d-x2x4z", hashed("6d4b75cb6d"), "scada", Maker{}},
		"a DaemonSet with a name like a hash":    {"scada-plc-x2x4z", labels("controller-revision-hash", "7c5ddbdf54"), "scada", Maker{}},
		"a DaemonSet":                            {"scada-plc-x2x4z", labels("controller-revision-hash", "7c5ddbdf54"), "scada-plc", Maker{DaemonSet, true}},
		"a StatefulSet":                          {"scada-0", set, "scada", Maker{StatefulSet, true}},
		"a StatefulSet of a longer name":         {"scada-x2x4z-0", set, "scada", Maker{}},
		"a Job":                                  {"backup-x2x4z", job("backup"), "backup", Maker{Job, true}},
		"an index of a Job":                      {"backup-3-x2x4z", job("backup"), "backup", Maker{Job, true}},
		"a Job with a name like an index":        {"backup-3-x2x4z", job("backup-3"), "backup", Maker{}},
		"a Job by its former label":              {"backup-x2x4z", labels("job-name", "backup"), "backup", Maker{Job, true}},
		"a CronJob":                              {"backup-29595600-x2x4z", job("backup-29595600"), "backup", Maker{CronJob, true}},
		"a Job of a CronJob":                     {"backup-29595600-x2x4z", job("backup-29595600"), "backup-29595600", Maker{Job, true}},
		"a pod itself":                           {"scada", nil, "scada", Maker{}},
		"a beginning without a hyphen":           {"scada2-0", nil, "scada", Maker{}},
		"by name, an ordinal":                    {"historian-0", labels(), "historian", Maker{StatefulSet, false}},
		"by name, a greater one":                 {"historian-12", labels(), "historian", Maker{StatefulSet, false}},
		"by name, no ordinal":                    {"historian-01", labels(), "historian", Maker{}},
		"by name, five characters":               {"scada-x2x4z", labels(), "scada", Maker{DaemonSet, false}},
		"by name, four":                          {"scada-x2x4", labels(), "scada", Maker{}},
		"by name, with a vowel":                  {"scada-relay", labels(), "scada", Maker{}},
		"by name, a hash":                        {"scada-6d4b75cb6d-x2x4z", labels(), "scada", Maker{Deployment, false}},
		"by name, a word before five characters": {"scada-archive-x2x4z", labels(), "scada", Maker{}},
		"by name, a word before a hash":          {"scada-archive-6d4b75cb6d-x2x4z", labels(), "scada", Maker{}},
		"by name, a hash that is too long":       {"scada-6d4b75cb6d4-x2x4z", labels(), "scada", Maker{}},
		"by name, a hash and no five characters": {"scada-6d4b75cb6d-relay", labels(), "scada", Maker{}},
		"by name, an index":                      {"backup-10-x2x4z", labels(), "backup", Maker{Job, false}},
		"by name, a minute":                      {"backup-29595600-x2x4z", labels(), "backup", Maker{CronJob, false}},
		"by name, a minute and an index":         {"backup-29595600-0-x2x4z", labels(), "backup", Maker{CronJob, false}},
		"by name, an index after no minute":      {"backup-2959560-0-x2x4z", labels(), "backup", Maker{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := Of(topology.Pod{Name: tt.pod, Labels: tt.labels}, tt.name)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestIs: labels that say another kind are not gone past, and a name by itself says none.
func TestIs(t *testing.T) {
	for _, tt := range []struct {
		maker Maker
		kind  string
		want  bool
	}{
		{Maker{Deployment, true}, Deployment, true},
		{Maker{ReplicaSet, true}, Deployment, false},
		{Maker{StatefulSet, false}, Deployment, true},
		{Maker{}, Deployment, false},
	} {
		if got := tt.maker.Is(tt.kind); got != tt.want {
			t.Errorf("%+v is a %s: %t", tt.maker, tt.kind, got)
		}
	}
}
