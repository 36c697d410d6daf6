// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package argocd

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/test/controlplane"
	"github.com/zonewarden/zonewarden/test/process"
)

// patience is the deadline of every wait; what is waited for takes moments.
const patience = time.Minute

// fieldOwner is who installs what Argo CD finds at a site.
const fieldOwner = client.FieldOwner("test")

// site is a cluster with the operator running, the guard in place, and an account for
// Argo CD that has the rights of config/argocd/site and no others.
type site struct {
	t     *testing.T
	admin client.WithWatch
	// account is Argo CD's.
	account *rest.Config
	plane   *controlplane.ControlPlane
}

func newSite(t *testing.T) *site {
	t.Helper()
	ctrl.SetLogger(logr.Discard())
	ciliumCRDs, err := controlplane.CiliumCRDs()
	must(t, err)
	plane, err := controlplane.Start(t.Context(), controlplane.Options{
		CRDPaths: []string{"../../config/crd", ciliumCRDs}, ControllerManager: true,
	})
	must(t, err)
	t.Cleanup(func() { must(t, plane.Stop()) })
	s := &site{t: t, plane: plane}
	s.admin, err = client.NewWithWatch(plane.Config(), client.Options{Scheme: clientgoscheme.Scheme})
	must(t, err)
	s.account, err = plane.AddUser("system:serviceaccount:kube-system:argocd-manager", "system:serviceaccounts", "system:serviceaccounts:kube-system")
	must(t, err)
	s.install("rbac", "admission", "argocd/site")
	s.start(plane)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// install applies folders of config.
func (s *site) install(folders ...string) {
	s.t.Helper()
	ns := &corev1.Namespace{}
	ns.Name = "zonewarden-system"
	must(s.t, s.admin.Create(s.t.Context(), ns))
	for _, folder := range folders {
		for _, o := range rendered(s.t, filepath.Join("..", "..", "config", folder)) {
			must(s.t, s.admin.Apply(s.t.Context(), client.ApplyConfigurationFromUnstructured(o), fieldOwner, client.ForceOwnership))
		}
	}
}

// start runs the operator's program, as `make build` leaves it.
func (s *site) start(plane *controlplane.ControlPlane) {
	s.t.Helper()
	kubeconfig, err := plane.Kubeconfig()
	must(s.t, err)
	output := process.NewOutput(nil)
	operator, err := process.Start("../../bin/zonewarden",
		[]string{
			"--kubeconfig", kubeconfig, "--metrics-bind-address=0", "--health-probe-bind-address=0",
			"--leader-election-namespace=zonewarden-system", "--node-name=edge-1",
		}, nil, output)
	must(s.t, err)
	s.t.Cleanup(func() {
		if err := operator.Stop(20 * time.Second); err != nil {
			s.t.Errorf("%v, it said:\n%s", err, output.Tail())
		}
	})
}

// oneAtATime: Kustomize keeps schemas in variables of its package.
var oneAtATime sync.Mutex

// rendered is what Kustomize, and so Argo CD, makes of a folder.
func rendered(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	return renderedFrom(t, filesys.MakeFsOnDisk(), folder)
}

func renderedFrom(t *testing.T, files filesys.FileSystem, folder string) []*unstructured.Unstructured {
	t.Helper()
	oneAtATime.Lock()
	defer oneAtATime.Unlock()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, folder)
	if err != nil {
		t.Fatalf("rendering %s: %v", folder, err)
	}
	var out []*unstructured.Unstructured
	text, err := resources.AsYaml()
	must(t, err)
	for doc := range strings.SplitSeq(string(text), "\n---\n") {
		raw, err := yaml.YAMLToJSON([]byte(doc))
		must(t, err)
		o := &unstructured.Unstructured{}
		must(t, o.UnmarshalJSON(raw))
		out = append(out, o)
	}
	return out
}

// fleet is a site of the sample.
func fleet(t *testing.T, name string) []*unstructured.Unstructured {
	t.Helper()
	return rendered(t, filepath.Join("..", "..", "config", "samples", "fleet", "sites", name))
}

// eventually polls until check is content, or fails the test with its last word.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waiting until %s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// policies are the names of Cilium's cluster-wide policies.
func (s *site) policies() []string {
	s.t.Helper()
	list := policyList()
	must(s.t, s.admin.List(s.t.Context(), list))
	var out []string
	for _, p := range list.Items {
		out = append(out, p.GetName())
	}
	return out
}

func policyList() *unstructured.UnstructuredList {
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion("cilium.io/v2")
	list.SetKind("CiliumClusterwideNetworkPolicyList")
	return list
}

// denies says that a policy is a floor that denies, and of which zone.
func denies(p *unstructured.Unstructured) (zone string, is bool) {
	zone, is = strings.CutPrefix(p.GetName(), "zone-")
	if !is {
		return "", false
	}
	specs, _, _ := unstructured.NestedSlice(p.Object, "specs")
	if spec, found, _ := unstructured.NestedMap(p.Object, "spec"); found {
		specs = append(specs, spec)
	}
	for _, s := range specs {
		spec, _ := s.(map[string]any)
		for _, direction := range []string{"ingress", "egress"} {
			if deny, _, _ := unstructured.NestedBool(spec, "enableDefaultDeny", direction); deny {
				return zone, true
			}
		}
	}
	return zone, false
}

// joined are the zones of a conduit, and whether any pod is at an end of it.
func joined(conduit *unstructured.Unstructured) (zones []string, pods bool) {
	initiator, _, _ := unstructured.NestedMap(conduit.Object, "spec", "initiator")
	responders, _, _ := unstructured.NestedSlice(conduit.Object, "spec", "responders")
	for _, e := range append(responders, initiator) {
		end, _ := e.(map[string]any)
		zones = append(zones, fmt.Sprint(end["zone"]))
		if end["assets"] == nil {
			pods = true
		}
	}
	return zones, pods
}
