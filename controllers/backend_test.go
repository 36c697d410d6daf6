// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

func namespaceMap(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
}

// plantNetworkPolicies are the objects that the small plant becomes on plain
// NetworkPolicy.
var plantNetworkPolicies = []string{
	"NetworkPolicy/cell/conduit-scada-cell.in.cell",
	"NetworkPolicy/cell/zone-cell",
	"NetworkPolicy/supervision/conduit-scada-cell.out",
	"NetworkPolicy/supervision/zone-supervision",
}

func TestNetworkPolicyBackend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.startOperator()
	s := site()
	s.Spec.Backend = v1alpha1.BackendNetwork
	w.make(namespace("supervision"), namespace("cell"), s,
		zone("supervision"), zone("cell", observe), conduit("scada-cell", "supervision", "cell", "opcua-tcp"))
	w.havePolicies(plantNetworkPolicies[2:]...) // nothing at the observing end

	z := zone("cell")
	w.change(z, func() { z.Spec.Enforcement = v1alpha1.EnforcementEnforce })
	w.havePolicies(plantNetworkPolicies...)
	w.quiet(o)
	w.change(z, func() { z.Spec.Enforcement = v1alpha1.EnforcementObserve })
	w.havePolicies(plantNetworkPolicies[2:]...)
}

// TestNetworkPolicyOrder watches the namespace of a zone that is enforced and taken
// back: everything is allowed until all is there, and again before anything goes.
func TestNetworkPolicyOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startOperator()
	s := site()
	s.Spec.Backend = v1alpha1.BackendNetwork
	w.make(namespace("supervision"), namespace("cell"), s,
		zone("supervision", observe), zone("cell", observe), conduit("scada-cell", "supervision", "cell", "opcua-tcp"))
	w.settled()
	w.condition(conduit("scada-cell", "", "", ""), v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonObserving)
	watcher, err := client.NewWithWatch(w.plane.Config(), client.Options{Scheme: scheme})
	w.must(err)
	events, err := watcher.Watch(w.ctx(), &networkingv1.NetworkPolicyList{}, client.InNamespace("cell"))
	w.must(err)
	defer events.Stop()

	z := zone("cell")
	w.change(z, func() { z.Spec.Enforcement = v1alpha1.EnforcementEnforce })
	w.havePolicies(plantNetworkPolicies[:2]...)
	w.change(z, func() { z.Spec.Enforcement = v1alpha1.EnforcementObserve })
	w.havePolicies()
	want := []string{
		"ADDED cover", "ADDED conduit-scada-cell.in.cell", "ADDED zone-cell", "DELETED cover",
		"ADDED cover", "DELETED conduit-scada-cell.in.cell", "DELETED zone-cell", "DELETED cover",
	}
	for _, step := range want {
		var e watch.Event
		select {
		case e = <-events.ResultChan():
		case <-time.After(patience):
			t.Fatalf("nothing more comes, want %q", step)
		}
		p, _ := e.Object.(*networkingv1.NetworkPolicy)
		name := p.Name
		if strings.HasPrefix(name, "cover.") && len(p.Spec.Ingress) == 1 && len(p.Spec.Ingress[0].From) == 0 {
			name = "cover"
		}
		if got := fmt.Sprintf("%s %s", e.Type, name); got != step {
			t.Fatalf("got %q, want %q", got, step)
		}
	}
}

// TestStartsWhereNoPolicyKindIsDefined: on a cluster without Cilium none but Kubernetes'
// own is.
func TestStartsWhereNoPolicyKindIsDefined(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.undefine(ciliumKinds...)
	w.startOperator()
	w.plant()
	w.havePolicies(plantNetworkPolicies...)
	w.condition(site(), v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)
	w.defineCilium(ciliumKinds...)
	w.havePolicies(plantPolicies...)
}

// ciliumKinds are those that are defined while tests run.
var ciliumKinds = []string{"ciliumclusterwidenetworkpolicies", "ciliumcidrgroups", "ciliumnetworkpolicies"}

// undefine deletes definitions of Cilium's, and brings them back in the end.
func (w *world) undefine(plurals ...string) {
	w.t.Helper()
	w.t.Cleanup(func() { w.defineCilium(plurals...) })
	for _, plural := range plurals {
		crd := &apiextensionsv1.CustomResourceDefinition{ObjectMeta: objectMeta(plural + ".cilium.io")}
		w.must(w.Delete(w.ctx(), crd))
		w.eventually("the definition is gone", func() error {
			return wantGone(w.Get(w.ctx(), client.ObjectKeyFromObject(crd), crd))
		})
	}
}

func (w *world) defineCilium(plurals ...string) {
	w.t.Helper()
	ciliumCRDs, err := controlplane.CiliumCRDs()
	w.must(err)
	var files []string
	for _, plural := range plurals {
		files = append(files, filepath.Join(ciliumCRDs, plural+".yaml"))
	}
	_, err = envtest.InstallCRDs(w.plane.Config(), envtest.CRDInstallOptions{Paths: files, MaxTime: patience})
	w.must(err)
}

// TestAutoFollowsWhatIsServed takes Cilium's definitions away and brings them back.
func TestAutoFollowsWhatIsServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startOperator()
	w.plant()
	w.havePolicies(plantPolicies...)
	kinds := []string{"ciliumclusterwidenetworkpolicies", "ciliumcidrgroups"}
	w.undefine(kinds...)
	w.havePolicies(plantNetworkPolicies...)
	s := site()
	w.condition(s, v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)
	w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(s), s))
	if s.Status.Backend != v1alpha1.BackendNetwork {
		t.Errorf("backend: %s", s.Status.Backend)
	}
	w.change(s, func() { s.Spec.Backend = v1alpha1.BackendCilium })
	w.condition(s, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonBackendUnavailable)
	w.havePolicies(plantNetworkPolicies...)
	w.change(s, func() { s.Spec.Backend = v1alpha1.BackendAuto })
	w.defineCilium(kinds...)
	w.havePolicies(plantPolicies...)
}
