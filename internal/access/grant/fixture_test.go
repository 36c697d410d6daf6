// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package grant_test

import (
	"crypto/ed25519"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/access/grant"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// plant is the site of testdata/site.yaml.
type plant struct {
	site  *v1alpha1.Site
	model *topology.Model
	pods  []topology.Pod
}

// loader is *testing.T or *rapid.T.
type loader interface {
	Helper()
	Fatal(args ...any)
}

func load(t loader) plant {
	t.Helper()
	s, err := policytest.LoadSnapshot("testdata/site.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Pods {
		s.Pods[i].Addresses = []corev1.PodIP{{IP: fmt.Sprintf("10.42.0.%d", 10+i)}}
	}
	m := topology.Resolve(s)
	for ref, v := range m.Verdicts {
		if !v.InForce {
			t.Fatal(ref, v.Findings)
		}
	}
	return plant{site: s.Site, model: m, pods: s.Pods}
}

func port(n int32, transport string) v1alpha1.Flow {
	return v1alpha1.Flow{Port: &n, Transport: v1alpha1.Transport(transport)}
}

func ports(first, last int32, transport string) v1alpha1.Flow {
	f := port(first, transport)
	f.EndPort = &last
	return f
}

func named(protocol string) v1alpha1.Flow { return v1alpha1.Flow{Protocol: protocol} }

func assets(flow v1alpha1.Flow, names ...string) v1alpha1.Reach {
	return v1alpha1.Reach{Zone: "cell-pumping", Assets: names, Flows: []v1alpha1.Flow{flow}}
}

func workloads(zone, app string, flows ...v1alpha1.Flow) v1alpha1.Reach {
	return v1alpha1.Reach{Zone: zone, Workloads: &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}, Flows: flows}
}

// window asks for what most tests are about.
func window(kind v1alpha1.Grant, through string, reach ...v1alpha1.Reach) *v1alpha1.VendorAccessWindow {
	return &v1alpha1.VendorAccessWindow{
		ObjectMeta: metav1.ObjectMeta{Name: "acme-drives", UID: "6f0f0e5c-1111-2222-3333-444455556666"},
		Spec: v1alpha1.VendorAccessWindowSpec{
			Vendor: "acme", People: []v1alpha1.NamedUser{"tech-1@acme.example"}, Through: through, Grant: kind, Reach: reach,
		},
	}
}

func (p plant) input(w *v1alpha1.VendorAccessWindow, backend v1alpha1.Backend) grant.Input {
	return grant.Input{
		Window: w,
		Grant: access.Grant{
			Kind: access.GrantKind(w.Spec.Grant), People: []string{"tech-1@acme.example"}, Through: w.Spec.Through,
			Until: time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC), MaxSessions: 4, IdleTimeout: 15 * time.Minute,
		},
		Left: 4*time.Hour - time.Millisecond, Latest: 6 * time.Hour,
		Access: p.site.Spec.Access, Model: p.model, Pods: p.pods, Backend: backend,
		Operator: grant.Operator{
			Namespace: "zonewarden-system", PodLabels: map[string]string{"app.kubernetes.io/name": "zonewarden"},
			Image: "zonewarden:v1", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey),
		},
	}
}

var backends = map[string]v1alpha1.Backend{"cilium": v1alpha1.BackendCilium, "networkpolicy": v1alpha1.BackendNetwork}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
