// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package grant_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog" //nolint:depguard // Cilium's functions ask for one
	"os"
	"path/filepath"
	"slices"
	"testing"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access/grant"
)

var update = flag.Bool("update", false, "write the golden files anew")

// cases are one window of each sort.
func cases() map[string]*v1alpha1.VendorAccessWindow {
	rights := window(v1alpha1.GrantSessionPod, "jumphost-1", assets(named("modbus-tcp"), "drive-01b"), workloads("lab", "rig", port(22, "TCP")))
	rights.Spec.Kubernetes = &v1alpha1.KubernetesRights{Credential: v1alpha1.CredentialToken, Roles: []v1alpha1.WindowRole{{Namespace: "scada", Role: "acme-look"}}}
	whole := window(v1alpha1.GrantSessionPod, "jumphost-3", v1alpha1.Reach{Zone: "cell-pumping", WholeZone: true, Flows: []v1alpha1.Flow{ports(4840, 4843, "TCP")}})
	return map[string]*v1alpha1.VendorAccessWindow{
		"relay-devices": window(v1alpha1.GrantRelay, "jumphost-1", assets(named("modbus-tcp"), "drive-01a", "drive-01b")),
		"relay-pods": window(v1alpha1.GrantRelay, "jumphost-2",
			workloads("supervision", "hmi", port(5900, "TCP"), port(161, "UDP")), workloads("lab", "rig", port(5900, "TCP"))),
		"session-pod":           rights,
		"session-pod-zone":      whole,
		"source-address":        window(v1alpha1.GrantSourceAddress, "jumphost-3", workloads("supervision", "historian", port(443, "TCP"))),
		"source-address-inside": window(v1alpha1.GrantSourceAddress, "jumphost-2", workloads("supervision", "historian", port(443, "TCP")), workloads("lab", "rig", port(443, "TCP"))),
	}
}

// TestGolden compares every object of each case with what is on record.
func TestGolden(t *testing.T) {
	t.Parallel()
	p := load(t)
	for name, w := range cases() {
		for backend, b := range backends {
			t.Run(name+"/"+backend, func(t *testing.T) {
				t.Parallel()
				if problems := grant.Check(w, p.site, p.model, p.pods, safeRoles()); len(problems) > 0 {
					t.Fatal(problems)
				}
				got := render(t, grant.Compile(p.input(w, b)))
				file := filepath.Join("testdata", name+"."+backend+".golden.yaml")
				if *update {
					must(t, os.WriteFile(file, got, 0o600))
				}
				want, err := os.ReadFile(file)
				must(t, err)
				if diff := cmp.Diff(string(want), string(got)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

func render(t *testing.T, s grant.Set) []byte {
	t.Helper()
	var out bytes.Buffer
	summary, err := yaml.Marshal(map[string]any{
		"endpoints": s.Endpoints, "endsWithoutOperator": s.EndsWithoutOperator, "endsWithoutAPIServer": s.EndsWithoutAPIServer,
		"whyNot": []string{s.WhyNotWithoutOperator, s.WhyNotWithoutAPIServer}, "pod": s.Pod != nil,
	})
	must(t, err)
	out.Write(summary)
	for _, o := range slices.Concat(s.Fuses, s.Objects) {
		if !slices.Contains(s.Fuses, o) {
			o.Own(types.UID("fuse-" + o.Namespace))
		}
		raw, err := yaml.Marshal(o.Manifest)
		must(t, err)
		fmt.Fprintf(&out, "---\n%s", raw)
	}
	return out.Bytes()
}

// TestCiliumTakesThem holds every policy to the agent's own check.
func TestCiliumTakesThem(t *testing.T) {
	t.Parallel()
	p := load(t)
	n := 0
	for name, w := range cases() {
		for _, o := range grant.Compile(p.input(w, v1alpha1.BackendCilium)).Objects {
			if o.GVK.Kind != ciliumv2.CNPKindDefinition {
				continue
			}
			n++
			raw, err := json.Marshal(o.Manifest)
			must(t, err)
			got := &ciliumv2.CiliumNetworkPolicy{}
			d := json.NewDecoder(bytes.NewReader(raw))
			d.DisallowUnknownFields()
			must(t, d.Decode(got))
			if _, err := got.Parse(slog.New(slog.DiscardHandler), "default"); err != nil {
				t.Errorf("%s: Cilium refuses %s/%s: %v\n%s", name, o.Namespace, o.Name, err, raw)
			}
		}
	}
	if n < len(cases()) {
		t.Errorf("%d policies", n)
	}
}
