// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// install is a command with everything that values turn on, and the Site.
const install = `
helm %s zonewarden charts/zonewarden --namespace zonewarden-system --values %s --values %s \
  --set crds.enabled=true,crds.keep=%t,guard.keep=true,site.spec.title='%s'`

// TestEverything that values turn on is taken by a real API server, the Site among it: with
// the first upgrade, as the notes say, changed by the next, left behind at the end.
func TestEverything(t *testing.T) {
	t.Parallel()
	p := startPlant(t, cilium, "testdata/crds")
	p.use(t, theChart)
	values := []any{root("test", "chart", "testdata/values/rke2-everything.yaml"), root("test", "chart", "testdata/values/talos-site.yaml")}
	do := func(verb string, keep bool, title string) string {
		t.Helper()
		out, err := p.run(t, fmt.Sprintf(install, append(append([]any{verb}, values...), keep, title)...))
		must(t, err)
		return out
	}
	_, err := p.run(t, "kubectl create namespace zonewarden-system && kubectl label namespace zonewarden-system pod-security.kubernetes.io/enforce=restricted")
	must(t, err)
	if notes := do("install", true, "never sent"); p.siteTitle(t) != "" || !strings.Contains(notes, "THE SITE IS NOT CREATED YET") {
		t.Errorf("the Site %q, and the notes:\n%s", p.siteTitle(t), notes)
	}
	p.podsAreAdmitted(t)
	// A pipeline upgrades as well: the guard keeps from it what does not change by that.
	pipeline, err := p.plane.UserKubeconfig("system:serviceaccount:ci:pipeline", "system:serviceaccounts", "system:serviceaccounts:ci")
	must(t, err)
	_, err = p.run(t, "kubectl create clusterrolebinding pipeline --clusterrole cluster-admin --serviceaccount ci:pipeline")
	must(t, err)
	administrator := p.kubeconfig
	for title, as := range map[string]string{"of an administrator": administrator, "of a pipeline": pipeline} {
		p.kubeconfig = as
		notes := do("upgrade", true, title)
		p.kubeconfig = administrator
		if got := p.siteTitle(t); got != title || strings.Contains(notes, "NOT CREATED") {
			t.Errorf("the Site's title is %q, want %q, and the notes:\n%s", got, title, notes)
		}
	}
	do("upgrade", false, "to be removed")
	// The guard outlives the release, and with it the definitions that nobody annotated.
	if out, err := p.run(t, "helm uninstall zonewarden --namespace zonewarden-system"); err == nil {
		t.Errorf("the guard did not refuse to delete the definitions: %s", out)
	}
	if got := p.siteTitle(t); got != "to be removed" {
		t.Errorf("the Site went with the release: %q", got)
	}
}

func (p *plant) siteTitle(t *testing.T) string {
	t.Helper()
	site := object("zonewarden.io/v1alpha1", "Site", "", "site")
	if !p.exists(t, site) {
		return ""
	}
	title, _, err := unstructured.NestedString(site.Object, "spec", "title")
	must(t, err)
	return title
}

// podsAreAdmitted by the pod security of their namespaces: a Deployment is stored whatever its
// pods may, so one is made of each template.
func (p *plant) podsAreAdmitted(t *testing.T) {
	t.Helper()
	for namespace, o := range map[string]*unstructured.Unstructured{
		"zonewarden-system": object("apps/v1", "Deployment", "zonewarden-system", "zonewarden"),
		"zonewarden-node":   object("apps/v1", "DaemonSet", "zonewarden-node", "zonewarden-node"),
	} {
		if !p.exists(t, o) {
			t.Fatalf("%s is not there", key(o))
		}
		pod := object("v1", "Pod", namespace, "one-of-them")
		spec, _, err := unstructured.NestedMap(o.Object, "spec", "template", "spec")
		must(t, err)
		pod.Object["spec"] = spec
		// The guard is new: for half a minute what it would judge may be refused.
		eventually(t, "a pod of "+key(o)+" is admitted", func(ctx context.Context) error {
			return client.NewDryRunClient(p.WithWatch).Create(ctx, pod.DeepCopy())
		})
	}
}
