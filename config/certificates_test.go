// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

const certificates = "samples/certificates"

// certificateSamples are what `kubectl apply -k` sends of them, namespaces first.
func certificateSamples(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	out := kustomized(t, certificates)
	slices.SortStableFunc(out, func(a, b *unstructured.Unstructured) int {
		return cmp.Compare(len(a.GetNamespace()), len(b.GetNamespace()))
	})
	return out
}

// sample is one of them.
func sample[T any](t *testing.T, all []*unstructured.Unstructured, kind, namespace, name string) T {
	t.Helper()
	var out T
	i := slices.IndexFunc(all, func(o *unstructured.Unstructured) bool {
		return o.GetKind() == kind && o.GetNamespace() == namespace && o.GetName() == name
	})
	if i < 0 {
		t.Fatalf("there is no %s %s/%s", kind, namespace, name)
	}
	must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(all[i].Object, &out))
	return out
}

// TestTheAPIServerTakesTheCertificateSamples, with the fields that they have and no others.
func TestTheAPIServerTakesTheCertificateSamples(t *testing.T) {
	t.Parallel()
	c := withOurKinds(t)
	for _, o := range certificateSamples(t) {
		send(t, c, o)
	}
}

// TestCertificateSamplesNameWhatIsThere: a workload that mounts the Secret, Services, windows,
// devices, and what the zone allows.
func TestCertificateSamplesNameWhatIsThere(t *testing.T) {
	t.Parallel()
	all := certificateSamples(t)
	w := sample[v1alpha1.WorkloadCertificate](t, all, "WorkloadCertificate", "ww-filtration", "opcua-server")
	site := sample[v1alpha1.Site](t, all, "Site", "", "site")
	zone := sample[v1alpha1.Zone](t, all, "Zone", "", "cell-filtration")
	if !slices.Contains(zone.Spec.Members.Workloads[0].Namespaces, w.Namespace) {
		t.Errorf("%s is not in the zone whose certificates are set", w.Namespace)
	}
	mounted := func(v corev1.Volume) bool { return v.Secret != nil && v.Secret.SecretName == w.Spec.SecretName }
	d := sample[appsv1.Deployment](t, all, w.Spec.WorkloadRef.Kind, w.Namespace, w.Spec.WorkloadRef.Name)
	if !slices.ContainsFunc(d.Spec.Template.Spec.Volumes, mounted) {
		t.Errorf("%s does not mount %s", d.Name, w.Spec.SecretName)
	}
	for _, name := range w.Spec.Restart.Windows {
		if !slices.ContainsFunc(site.Spec.Certificates.MaintenanceWindows, func(m v1alpha1.MaintenanceWindow) bool { return m.Name == name }) {
			t.Errorf("the Site has no maintenance window %s", name)
		}
	}
	for _, p := range w.Spec.OutsidePeers {
		sample[v1alpha1.Asset](t, all, "Asset", "", p.Name)
	}
	for _, name := range w.Spec.DNSNames {
		if slices.ContainsFunc(zone.Spec.Certificates.DNSNames, func(s string) bool { return name == s || strings.HasSuffix(name, "."+s) }) {
			continue
		}
		service, rest, _ := strings.Cut(name, ".")
		s := sample[corev1.Service](t, all, "Service", w.Namespace, service)
		if rest != w.Namespace+".svc" || s.Spec.Selector["app"] != d.Spec.Template.Labels["app"] {
			t.Errorf("%s is not a name of %s", name, d.Name)
		}
	}
	for _, ip := range w.Spec.IPAddresses {
		if !slices.ContainsFunc(zone.Spec.Certificates.Networks, func(n v1alpha1.CIDR) bool {
			return netip.MustParsePrefix(string(n)).Contains(netip.MustParseAddr(ip))
		}) {
			t.Errorf("%s is in no network that the zone allows", ip)
		}
	}
}

// TestCertificateSamplesAreExplained: each file, and each conduit by which the server trusts.
func TestCertificateSamplesAreExplained(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join(certificates, "README.md"))
	must(t, err)
	readme := string(raw)
	files, err := filepath.Glob(filepath.Join(certificates, "*.yaml"))
	must(t, err)
	for _, f := range files {
		if name := filepath.Base(f); name != "kustomization.yaml" && !strings.Contains(readme, "("+name+")") {
			t.Errorf("the README does not know %s", f)
		}
	}
	all := certificateSamples(t)
	pods := labels.Set(sample[appsv1.Deployment](t, all, "Deployment", "ww-filtration", "opcua-server").Spec.Template.Labels)
	var conduits int
	for _, o := range all {
		if o.GetKind() != "Conduit" {
			continue
		}
		c := sample[v1alpha1.Conduit](t, all, "Conduit", "", o.GetName())
		for _, e := range append(c.Spec.Responders, c.Spec.Initiator) {
			selector, err := metav1.LabelSelectorAsSelector(e.Workloads)
			must(t, err)
			if e.Zone != "cell-filtration" || !selector.Matches(pods) {
				continue
			}
			conduits++
			if !strings.Contains(readme, "`"+c.Name+"`") {
				t.Errorf("the README does not say that the server trusts by %s", c.Name)
			}
		}
	}
	if conduits == 0 {
		t.Error("no conduit ends at the server")
	}
}
