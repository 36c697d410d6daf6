// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plan compares what `kubectl zonewarden plan` says before with what `matrix` says
// after, and with the writes that the operator then makes, on a real API server.
package plan

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
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
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/cli"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/manifest"
	"github.com/zonewarden/zonewarden/internal/cli/matrix"
	"github.com/zonewarden/zonewarden/internal/cli/plan"
	"github.com/zonewarden/zonewarden/test/controlplane"
	"github.com/zonewarden/zonewarden/test/edits"
	"github.com/zonewarden/zonewarden/test/process"
)

var (
	changes = flag.Int("changes", 40, "how many changes are drawn")
	seed    = flag.Uint64("seed", 0, "draw the changes of an earlier run")
)

// settles is what the operator may take for one change.
const settles = 30 * time.Second

// site is the water works on a real API server, with the operator.
type site struct {
	client.Client
	t          *testing.T
	kubeconfig string
	folder     string
	plant      *edits.Plant
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
	s := &site{t: t, folder: t.TempDir()}
	s.Client, err = client.New(plane.Config(), client.Options{Scheme: scheme})
	must(t, err)
	s.kubeconfig, err = plane.UserKubeconfig("planner", "system:masters")
	must(t, err)
	s.people()
	s.operate()
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
func (s *site) operate() {
	s.t.Helper()
	log := &bytes.Buffer{}
	p, err := process.Start("../../bin/zonewarden", []string{
		"--kubeconfig", s.kubeconfig, "--leader-election-namespace=zonewarden-system",
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

// run runs a command line in process.
func (s *site) run(args ...string) (exit.Code, []byte) {
	s.t.Helper()
	var out, errOut bytes.Buffer
	streams := genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut}
	code := cli.Run(context.WithoutCancel(s.t.Context()), streams, time.Now, append(args, "--kubeconfig", s.kubeconfig))
	if out.Len() == 0 {
		s.t.Fatalf("%v: %s", args, errOut.String())
	}
	return code, out.Bytes()
}

// forecast plans the folder.
func (s *site) forecast(more ...string) (exit.Code, plan.Forecast) {
	s.t.Helper()
	code, raw := s.run(append([]string{"plan", "-f", s.folder, "--prune", "-o", "json"}, more...)...)
	var f plan.Forecast
	must(s.t, json.Unmarshal(raw, &f))
	return code, f
}

// pairs is the matrix of the cluster.
func (s *site) pairs() table {
	s.t.Helper()
	_, raw := s.run("matrix", "--pairs", "-o", "json")
	var m matrix.Matrix
	must(s.t, json.Unmarshal(raw, &m))
	out := table{}
	for _, p := range m.Pairs {
		if out[p.From] == nil {
			out[p.From] = map[string]string{}
		}
		out[p.From][p.To] = p.Passes
	}
	return out
}

// write puts manifests into the folder.
func (s *site) write(p *edits.Plant) []*unstructured.Unstructured {
	s.t.Helper()
	objects, err := p.Objects()
	must(s.t, err)
	var docs []string
	for _, o := range objects {
		raw, err := yaml.Marshal(o.Object)
		must(s.t, err)
		docs = append(docs, string(raw))
	}
	must(s.t, os.WriteFile(filepath.Join(s.folder, "plant.yaml"), []byte(strings.Join(docs, "\n---\n")), 0o600))
	return objects
}

// apply does what `kubectl apply --prune` does, and says what the API server refused.
func (s *site) apply(p *edits.Plant, objects []*unstructured.Unstructured) (refused []string) {
	s.t.Helper()
	for _, o := range objects {
		err := s.Patch(s.t.Context(), o.DeepCopy(), client.Apply, client.FieldOwner("kubectl"), client.ForceOwnership) //nolint:staticcheck // as kubectl does
		switch {
		case apierrors.IsInvalid(err):
			refused = append(refused, o.GetKind()+"/"+o.GetName())
		case err != nil:
			s.t.Fatal(err)
		}
	}
	var conduits v1alpha1.ConduitList
	must(s.t, s.List(s.t.Context(), &conduits))
	for i := range conduits.Items {
		c := &conduits.Items[i]
		if !slices.ContainsFunc(p.Conduits, func(d *v1alpha1.Conduit) bool { return d.Name == c.Name }) {
			must(s.t, s.Delete(s.t.Context(), c))
		}
	}
	return refused
}

// settle waits until the operator has seen everything and a plan of the same folder finds
// nothing to do.
func (s *site) settle(what string) {
	s.t.Helper()
	deadline := time.Now().Add(settles)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		owed := s.owed()
		if owed == "" {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("after %s: %s", what, owed)
		}
		<-tick.C
	}
}

func (s *site) owed() string {
	s.t.Helper()
	for _, list := range []client.ObjectList{&v1alpha1.SiteList{}, &v1alpha1.ZoneList{}, &v1alpha1.ConduitList{}, &v1alpha1.AssetList{}} {
		must(s.t, s.List(s.t.Context(), list))
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(list)
		must(s.t, err)
		items, _, _ := unstructured.NestedSlice(content, "items")
		for _, item := range items {
			o := unstructured.Unstructured{Object: item.(map[string]any)}
			seen, _, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration")
			if seen != o.GetGeneration() {
				return fmt.Sprintf("%T %s is seen in generation %d of %d", list, o.GetName(), seen, o.GetGeneration())
			}
		}
	}
	_, f := s.forecast()
	if len(f.Writes)+len(f.Objects) > 0 {
		return fmt.Sprintf("a plan of what was applied finds %v and %v", f.Objects, f.Writes)
	}
	return ""
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

// table is what passes from whom to whom.
type table map[string]map[string]string

// at is what passes by the table; a device that is not in it is where its address is.
func (t table) at(from, to string) string {
	return t[t.known(from)][t.known(to)]
}

func (t table) known(name string) string {
	if t[name] != nil {
		return name
	}
	address, found := addressOf(name)
	best, bits := "(outside)", -1
	for other := range t {
		if n, ok := networkOf(other); found && ok && n.Contains(address) && n.Bits() > bits {
			best, bits = other, n.Bits()
		}
	}
	return best
}

// bracketed is what a device's name has in brackets, or the name itself.
func bracketed(name string) string {
	if i := strings.LastIndex(name, "("); i >= 0 && strings.HasSuffix(name, ")") {
		return name[i+1 : len(name)-1]
	}
	return name
}

func networkOf(name string) (netip.Prefix, bool) {
	text := bracketed(name)
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	n, err := netip.ParsePrefix(text)
	return n, err == nil
}

func addressOf(name string) (netip.Addr, bool) {
	n, ok := networkOf(name)
	return n.Addr(), ok
}

// real says that a member is somebody, and not a pod that would be one.
func isReal(name string) bool { return !strings.Contains(name, "/(") }

// compare says where a plan and the matrix after it do not agree.
func compare(f plan.Forecast, before, after table) (pairs int, wrong []string) {
	planned := table{}
	for _, p := range f.Pairs {
		if planned[p.From] == nil {
			planned[p.From] = map[string]string{}
		}
		planned[p.From][p.To] = p.After
	}
	for from := range after {
		for to, is := range after[from] {
			if !isReal(from) || !isReal(to) {
				continue
			}
			pairs++
			want, differs := planned[from][to]
			if !differs {
				want = before.at(from, to)
			}
			if want != is {
				wrong = append(wrong, fmt.Sprintf("%s to %s: planned %q, then %q", from, to, want, is))
			}
		}
	}
	slices.Sort(wrong)
	return pairs, wrong
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
	s.apply(s.plant, s.write(s.plant))
	s.settle("the first apply")
	chance, before, start := edits.New(*seed), s.pairs(), time.Now()
	var total, differ, writes, refusals int
	for n := range *changes {
		edited, what := chance.Edit(s.plant)
		objects := s.write(edited)
		name := fmt.Sprintf("change %d (%s)", n+1, strings.Join(what, "; "))
		code, f := s.forecast("--pairs")
		stood := s.standing()
		refused := s.apply(edited, objects)
		if len(refused) > 0 || len(f.Refused) > 0 {
			// The API server took a part of it: that is not what was planned.
			if len(refused) == 0 || len(f.Refused) == 0 || code != exit.Failed {
				t.Fatalf("%s: planned as refused: %v, exit %d; then refused: %v", name, f.Refused, code, refused)
			}
			refusals++
			s.apply(s.plant, s.write(s.plant))
			s.settle(name + ", taken back")
			continue
		}
		s.settle(name)
		after := s.pairs()
		pairs, wrong := compare(f, before, after)
		if len(wrong) > 0 {
			t.Fatalf("%s: %d of %d pairs differ:\n%s", name, len(wrong), pairs, strings.Join(wrong[:min(10, len(wrong))], "\n"))
		}
		if got, want := written(stood, s.standing()), plannedWrites(f); !slices.Equal(got, want) {
			t.Fatalf("%s: planned to write %v, wrote %v", name, want, got)
		}
		total, differ, writes = total+pairs, differ+len(f.Pairs), writes+len(f.Writes)
		s.plant, before = edited, after
	}
	fmt.Printf("plan and matrix: %d changes, %d pairs looked at, %d of them changed, %d writes as planned, %d refused as planned, in %.0f s\n",
		*changes, total, differ, writes, refusals, time.Since(start).Seconds())
	if *changes >= 200 && (differ < 1000 || writes < 200) {
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
