// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package drawingtest makes plants to draw, for tests: the water works of
// config/samples, a utility of thirty zones, and random ones.
package drawingtest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/drawing"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Root is the repository's, found from the test's directory.
func Root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			tb.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// berlin is the time zone of the samples, without asking the machine for it.
var berlin = time.FixedZone("CET", 3600)

// WaterWorks is the sample plant with its workloads, drawn from a cluster while a vendor
// is in.
func WaterWorks(tb testing.TB) drawing.Plant {
	tb.Helper()
	return drawn(waterWorks(tb))
}

// PodsUnseen is the sample plant as somebody sees it who may list neither pods nor access
// windows, of which nobody has findings then.
func PodsUnseen(tb testing.TB) drawing.Plant {
	tb.Helper()
	s := waterWorks(tb)
	s.Pods = nil
	p := drawn(s)
	p.PodsUnseen, p.Findings, p.Windows = true, nil, nil
	return p
}

// Approved is the sample plant, where others than the author approved what a conduit and a
// zone open, and an earlier version of another conduit.
func Approved(tb testing.TB) drawing.Plant {
	tb.Helper()
	s := waterWorks(tb)
	for _, z := range s.Zones {
		if z.Name == "safety-chlorine" {
			z.Status.LastGood = &v1alpha1.ZoneLastGood{Spec: z.Spec, ApprovedBy: []v1alpha1.Username{"owner-1"}}
		}
	}
	for _, c := range s.Conduits {
		switch c.Name {
		case "dosing-enip":
			c.Status.LastGood = &v1alpha1.ConduitLastGood{Spec: c.Spec, ApprovedBy: []v1alpha1.Username{"owner-1", "owner-2"}}
		case "scada-opcua":
			earlier := c.Spec.DeepCopy()
			earlier.Flows = nil
			c.Status.LastGood = &v1alpha1.ConduitLastGood{Spec: *earlier, ApprovedBy: []v1alpha1.Username{"owner-3"}}
		}
	}
	return drawn(s)
}

func waterWorks(tb testing.TB) topology.Snapshot {
	tb.Helper()
	var s topology.Snapshot
	folder := filepath.Join(Root(tb), "config", "samples", "water-works")
	for _, file := range []string{"00-namespaces", "10-site", "20-zones", "30-assets", "40-conduits"} {
		part, err := policytest.LoadSnapshot(filepath.Join(folder, file+".yaml"))
		if err != nil {
			tb.Fatal(err)
		}
		s.Namespaces = append(s.Namespaces, part.Namespaces...)
		s.Zones, s.Conduits = append(s.Zones, part.Zones...), append(s.Conduits, part.Conduits...)
		s.Assets = append(s.Assets, part.Assets...)
		if part.Site != nil {
			s.Site = part.Site
		}
	}
	s.Pods = pods(tb, filepath.Join(folder, "50-workloads.yaml"))
	s.Now = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	return s
}

func drawn(s topology.Snapshot) drawing.Plant {
	p := drawing.Declared(topology.Resolve(s), s)
	p.Source = drawing.Source{Cluster: true, Name: "ww-17"}
	p.Drawn = time.Date(2026, time.November, 23, 9, 30, 0, 0, berlin)
	p.Revision, p.Hash = "214 (main, 9f3c2ab)", "9f3c2ab4d0c1e7f85a6b3d2c1908f7e6d5c4b3a29180f7e6d5c4b3a291807f6e"
	p.Approvals = []drawing.Approval{{By: "owner-a", At: time.Date(2026, time.November, 1, 10, 0, 0, 0, berlin), Reference: "CR-2200"}}
	p.JumpHosts = []drawing.JumpHost{{Name: "jumphost-1", Zone: "dmz", Address: "pods in ww-dmz"}}
	p.Windows = []drawing.OpenWindow{{
		Name: "acme-drives", Vendor: "Acme Drives Service", People: 1, JumpHost: "jumphost-1",
		Zones: []string{"cell-pumping"}, Reaches: []string{"=P01+K01-TA_01A", "=P01+K01-TA_01B"}, What: "modbus-tcp 502/TCP",
		Until: time.Date(2026, time.November, 23, 12, 0, 0, 0, berlin),
	}}
	return p
}

// pods are those that the Deployments of a file would make.
func pods(tb testing.TB, path string) []topology.Pod {
	tb.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	var out []topology.Pod
	for doc := range bytes.SplitSeq(raw, []byte("\n---\n")) {
		var d appsv1.Deployment
		if err := yaml.Unmarshal(doc, &d); err != nil {
			tb.Fatal(err)
		}
		for i := range *d.Spec.Replicas {
			out = append(out, topology.Pod{Namespace: d.Namespace, Name: fmt.Sprintf("%s-%d", d.Name, i), Labels: d.Spec.Template.Labels})
		}
	}
	return out
}
