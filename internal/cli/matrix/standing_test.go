// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/internal/cli/plant"
)

// live is a cluster in which a zone's hmi and another's broker run and nothing is declared
// between them but https, with the zones' policies and others.
func live(t *testing.T, enforcement string, others ...string) *plant.Plant {
	t.Helper()
	zones := strings.ReplaceAll(zone("cell", "")+"\n---\n"+zone("relay", ""), "enforcement: Enforce", "enforcement: "+enforcement)
	p := declared(t, hall(""), zones, conduit("cell", "relay"), pod("cell", "hmi"), pod("relay", "broker"))
	p.Live = true
	p.Pods[0].Addresses, p.Pods[1].Addresses = []corev1.PodIP{{IP: "10.42.0.7"}}, []corev1.PodIP{{IP: "10.42.0.8"}}
	standing, err := p.Stand()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range others {
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(text), &u.Object); err != nil {
			t.Fatal(err)
		}
		standing = append(standing, u)
	}
	p.Standing = standing
	return p
}

// answered are the lines of the screen that answer, but for the names of the ends.
func answered(e *Explanation) []string {
	var out bytes.Buffer
	e.text(&out)
	head, _, _ := strings.Cut(out.String(), "\n\n")
	var lines []string
	for _, line := range strings.Split(strings.TrimSpace(head), "\n")[1:] {
		if !strings.HasPrefix(line, "     ") && !strings.HasPrefix(line, "  by ") {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestWhoSeesNoPoliciesIsToldNothing: none that can be read is not none that stands.
func TestWhoSeesNoPoliciesIsToldNothing(t *testing.T) {
	p := live(t, "Enforce")
	p.Standing, p.Blind = nil, []string{"nodes", "objects of kind CiliumNetworkPolicy"}
	e, err := explainOf(p, []string{"cell/hmi", "relay/broker", "22"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"DOES NOT PASS: nothing declares it, and what is not declared is denied at cell/hmi and at relay/broker",
		"  the policies that stand cannot be read: you may not list nodes, objects of kind CiliumNetworkPolicy",
	}
	if diff := cmp.Diff(want, answered(e)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	raw, err := json.Marshal(e.Standing)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"answer":"Unknown","by":[],"unread":["nodes","objects of kind CiliumNetworkPolicy"]}`, string(raw)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
