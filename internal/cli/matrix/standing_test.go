// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/internal/cli/exit"
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

// Policies of others: what opens one side, what cuts the other, and what nobody understands.
const (
	opened = `{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: opened}, spec: {
  endpointSelector: {matchLabels: {"k8s:io.kubernetes.pod.namespace": %s}}, %s: [{%s: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": %s}}]}]}}`
	cut = `{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: cut}, spec: {
  endpointSelector: {matchLabels: {"k8s:io.kubernetes.pod.namespace": relay}}, ingressDeny: [{fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": cell}}]}]}}`
	doubt = `{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: doubt}, spec: {endpointSelector: {}, unheardOf: true}}`
)

// TestWhatStandsDecides: on a cluster the answer is what stands where that is known, and
// whoever asks is told where that is not what is declared.
func TestWhatStandsDecides(t *testing.T) {
	const (
		differ = "  WHICH IS NOT WHAT IS DECLARED: see the conditions of the zones (Exposed, Programmed), and access list for open windows"
		denied = "nothing declares it, and what is not declared is denied at cell/hmi and at relay/broker"
	)
	window := []string{
		fmt.Sprintf(opened, "cell", "egress", "toEndpoints", "relay"),
		strings.Replace(fmt.Sprintf(opened, "relay", "ingress", "fromEndpoints", "cell"), "name: opened", "name: opened-too", 1),
	}
	yes, no := true, false
	tests := map[string]struct {
		enforcement string
		port        string
		others      []string
		code        exit.Code
		now         *bool
		want        []string
	}{
		"as declared": {"Enforce", "443", nil, exit.OK, &yes, []string{
			"PASSES", "  the policies that stand: admitted by CiliumClusterwideNetworkPolicy/conduit-cell-relay",
		}},
		"denied as declared": {"Enforce", "22", nil, exit.Bad, &no, []string{
			"DOES NOT PASS: " + denied, "  the policies that stand: refused by CiliumClusterwideNetworkPolicy/zone-cell, CiliumClusterwideNetworkPolicy/zone-relay",
		}},
		"opened by somebody": {"Enforce", "22", window, exit.OK, &yes, []string{
			"PASSES NOW, and nothing declares it: what is not declared is to be denied at cell/hmi and at relay/broker",
			"  the policies that stand: admitted by CiliumClusterwideNetworkPolicy/opened, CiliumClusterwideNetworkPolicy/opened-too", differ,
		}},
		"cut by somebody": {"Enforce", "443", []string{cut}, exit.Bad, &no, []string{
			"REFUSED NOW, although it is declared",
			"  the policies that stand: refused by CiliumClusterwideNetworkPolicy/cut, CiliumClusterwideNetworkPolicy/zone-relay", differ,
		}},
		"cut in Observe": {"Observe", "22", []string{cut}, exit.Bad, &no, []string{
			"REFUSED NOW, although neither end is to be denied anything", "  the policies that stand: refused by CiliumClusterwideNetworkPolicy/cut", differ,
		}},
		"not clear, and declared": {"Enforce", "443", []string{doubt}, exit.OK, nil, []string{
			"PASSES", "  the policies that stand: not clear by CiliumClusterwideNetworkPolicy/doubt",
		}},
		"not clear, and not declared": {"Enforce", "22", append(slices.Clone(window), doubt), exit.Bad, nil, []string{
			"DOES NOT PASS: " + denied, "  the policies that stand: not clear by CiliumClusterwideNetworkPolicy/doubt",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, err := explainOf(live(t, tt.enforcement, tt.others...), []string{"cell/hmi", "relay/broker", tt.port})
			if err != nil {
				t.Fatal(err)
			}
			if code := exit.Of(e.end()); code != tt.code {
				t.Errorf("exit %d, want %d", code, tt.code)
			}
			if diff := cmp.Diff(tt.now, e.PassesNow); diff != "" {
				t.Errorf("passes now (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, answered(e)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestOfManifestsNothingStands: and between devices no policy of the cluster acts, whatever
// stands in it.
func TestOfManifestsNothingStands(t *testing.T) {
	manifests := live(t, "Enforce")
	manifests.Live = false
	for name, tt := range map[string]struct {
		p    *plant.Plant
		args []string
		code exit.Code
	}{
		"manifests":              {manifests, []string{"cell/hmi", "relay/broker", "443"}, exit.OK},
		"manifests, not passing": {manifests, []string{"cell/hmi", "relay/broker", "22"}, exit.Bad},
		"devices":                {live(t, "Enforce"), []string{"192.0.2.1", "192.0.2.2", "22"}, exit.Bad},
	} {
		e, err := explainOf(tt.p, tt.args)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if code := exit.Of(e.end()); code != tt.code || strings.Contains(string(raw), "passesNow") || strings.Contains(strings.Join(answered(e), " "), "NOT WHAT IS DECLARED") {
			t.Errorf("%s: exit %d, %s", name, code, raw)
		}
	}
}
