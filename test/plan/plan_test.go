// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plan compares what `kubectl zonewarden plan` says before with what `matrix` says
// after, and with the writes that the operator then makes, on a real API server.
package plan

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/manifest"
	"github.com/zonewarden/zonewarden/internal/cli/plan"
	"github.com/zonewarden/zonewarden/test/controlplane"
	"github.com/zonewarden/zonewarden/test/edits"
	"github.com/zonewarden/zonewarden/test/plan/driver"
	"github.com/zonewarden/zonewarden/test/process"
)

var (
	changes = flag.Int("changes", 40, "how many changes are drawn")
	seed    = flag.Uint64("seed", 0, "draw the changes of an earlier run")
)

// site is the water works on a real API server, with the operator.
type site struct {
	*driver.Site

	t     *testing.T
	plant *edits.Plant
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func start(t *testing.T) *site {
	t.Helper()
	ctrl.SetLogger(logr.Discard())
	cilium, err := controlplane.CiliumCRDs()
	must(t, err)
	plane, err := controlplane.Start(t.Context(), controlplane.Options{CRDPaths: []string{"../../config/crd", cilium}})
	must(t, err)
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	scheme := runtime.NewScheme()
	must(t, clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme))
	c, err := client.New(plane.Config(), client.Options{Scheme: scheme})
	must(t, err)
	kubeconfig, err := plane.UserKubeconfig("planner", "system:masters")
	must(t, err)
	s := &site{Site: driver.New(t, c, kubeconfig), t: t}
	s.people()
	s.operate(kubeconfig)
	return s
}

// people makes the namespaces and the pods of the water works; no kubelet runs them.
func (s *site) people() {
	s.t.Helper()
	set, err := manifest.Read(nil, "../../config/samples/water-works")
	must(s.t, err)
	var objects []*unstructured.Unstructured
	for _, d := range set.Documents {
		objects = append(objects, d.Object)
	}
	s.plant, err = edits.Read(objects)
	must(s.t, err, s.Create(s.t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "zonewarden-system"}}))
	for _, o := range objects {
		switch o.GetKind() {
		case "Namespace":
			must(s.t, s.Create(s.t.Context(), o.DeepCopy()))
		case "Deployment":
			labels, _, _ := unstructured.NestedStringMap(o.Object, "spec", "template", "metadata", "labels")
			must(s.t, s.pod(o.GetNamespace(), o.GetName()+"-0", labels))
		}
	}
	// One that no zone would take in by its labels alone, in a namespace of a zone's own.
	must(s.t, s.pod("default", "visitor", map[string]string{"app": "visitor"}))
}

func (s *site) pod(namespace, name string, labels map[string]string) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "default"}}
	if err := s.Create(s.t.Context(), account); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return s.Create(s.t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "none"}}},
	})
}

// operate runs the operator's executable until the test is over.
func (s *site) operate(kubeconfig string) {
	s.t.Helper()
	log := &bytes.Buffer{}
	p, err := process.Start("../../bin/zonewarden", []string{
		"--kubeconfig", kubeconfig, "--leader-election-namespace=zonewarden-system",
		"--metrics-bind-address=0", "--health-probe-bind-address=0",
	}, nil, log)
	must(s.t, err)
	s.t.Cleanup(func() {
		if err := p.Stop(10 * time.Second); err != nil {
			s.t.Error(err)
		}
		if s.t.Failed() {
			s.t.Logf("the operator's log:\n%s", log.Bytes()[max(0, log.Len()-8192):])
		}
	})
}

// standing are the policies with what changes when somebody writes them.
func (s *site) standing() map[string]string {
	s.t.Helper()
	out := map[string]string{}
	for _, kind := range []string{"CiliumClusterwideNetworkPolicy", "CiliumCIDRGroup"} {
		list := &unstructured.UnstructuredList{}
		gvk := apply.GVKOf(kind)
		gvk.Kind += "List"
		list.SetGroupVersionKind(gvk)
		must(s.t, s.List(s.t.Context(), list))
		for _, o := range list.Items {
			out[kind+"/"+o.GetName()] = fmt.Sprint(o.GetUID(), o.GetResourceVersion())
		}
	}
	return out
}

// written are the policies that differ, sorted.
func written(before, after map[string]string) []string {
	names := map[string]bool{}
	for name := range before {
		names[name] = before[name] != after[name]
	}
	for name := range after {
		names[name] = before[name] != after[name]
	}
	maps.DeleteFunc(names, func(_ string, differs bool) bool { return !differs })
	return slices.Sorted(maps.Keys(names))
}

// TestPlanBeforeAndMatrixAfterAgree: each change is planned, applied and looked at again.
// The plan is of every pair of pods and devices, of each policy that the operator then
// writes, and of what the API server refuses.
func TestPlanBeforeAndMatrixAfterAgree(t *testing.T) {
	s := start(t)
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed %d draws these changes again", *seed)
	s.Apply(s.plant, s.Write(s.plant))
	s.Settle("the first apply")
	chance, before, start := edits.New(*seed), s.Pairs(), time.Now()
	var total, differ, writes, refusals, contradictions int
	for n := range *changes {
		edited, what := chance.Edit(s.plant)
		objects := s.Write(edited)
		name := fmt.Sprintf("change %d (%s)", n+1, strings.Join(what, "; "))
		code, f := s.Forecast("--pairs")
		stood := s.standing()
		refused := s.Apply(edited, objects)
		if len(refused) > 0 || len(f.Refused) > 0 {
			// The API server took a part of it: that is not what was planned.
			if len(refused) == 0 || len(f.Refused) == 0 || code != exit.Failed {
				t.Fatalf("%s: planned as refused: %v, exit %d; then refused: %v", name, f.Refused, code, refused)
			}
			refusals++
			s.Apply(s.plant, s.Write(s.plant))
			s.Settle(name + ", taken back")
			continue
		}
		s.Settle(name)
		after := s.Pairs()
		if driver.Contradictory(f) {
			contradictions++
			s.plant, before = edited, after
			continue
		}
		pairs, wrong := driver.Compare(f, before, after)
		if len(wrong) > 0 {
			t.Fatalf("%s: %d of %d pairs differ:\n%s", name, len(wrong), pairs, strings.Join(wrong[:min(10, len(wrong))], "\n"))
		}
		if got, want := written(stood, s.standing()), plannedWrites(f); !slices.Equal(got, want) {
			t.Fatalf("%s: planned to write %v, wrote %v", name, want, got)
		}
		total, differ, writes = total+pairs, differ+len(f.Pairs), writes+len(f.Writes)
		s.plant, before = edited, after
	}
	fmt.Printf("plan and matrix: %d changes, %d pairs looked at, %d of them changed, %d writes as planned, %d refused as planned, %d that contradict themselves, in %.0f s\n",
		*changes, total, differ, writes, refusals, contradictions, time.Since(start).Seconds())
	if contradictions*4 > *changes || *changes >= 200 && (differ < 1000 || writes < 200) {
		t.Error("too little changed")
	}
}

func plannedWrites(f plan.Forecast) []string {
	names := map[string]bool{}
	for _, w := range f.Writes {
		names[w.Object] = true
	}
	return slices.Sorted(maps.Keys(names))
}
