// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package driver plans a change of a site's manifests, applies it and looks at the site
// again, by the plugin's own commands: for tests on a control plane and on packets.
package driver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/change"
	"github.com/zonewarden/zonewarden/internal/cli"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/matrix"
	"github.com/zonewarden/zonewarden/internal/cli/plan"
	"github.com/zonewarden/zonewarden/test/edits"
)

// settles is what the operator may take for one change.
const settles = 2 * time.Minute

// Site is a cluster with the operator, and the folder that its manifests are in.
type Site struct {
	client.Client

	t          *testing.T
	kubeconfig string
	folder     string
}

// New drives the site of a cluster in which everybody may do everything.
func New(t *testing.T, c client.Client, kubeconfig string) *Site {
	t.Helper()
	return &Site{Client: c, t: t, kubeconfig: kubeconfig, folder: t.TempDir()}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// run runs a command line in process.
func (s *Site) run(args ...string) (exit.Code, []byte) {
	s.t.Helper()
	var out, errOut bytes.Buffer
	streams := genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut}
	code := cli.Run(s.ctx(), streams, time.Now, append(args, "--kubeconfig", s.kubeconfig))
	if out.Len() == 0 {
		s.t.Fatalf("%v: %s", args, errOut.String())
	}
	return code, out.Bytes()
}

// Forecast plans the folder.
func (s *Site) Forecast(more ...string) (exit.Code, plan.Forecast) {
	s.t.Helper()
	code, raw := s.run(append([]string{"plan", "-f", s.folder, "--prune", "-o", "json"}, more...)...)
	var f plan.Forecast
	must(s.t, json.Unmarshal(raw, &f))
	return code, f
}

// Pairs is the matrix of the cluster.
func (s *Site) Pairs() Table {
	s.t.Helper()
	_, raw := s.run("matrix", "--pairs", "-o", "json")
	var m matrix.Matrix
	must(s.t, json.Unmarshal(raw, &m))
	out := Table{}
	for _, p := range m.Pairs {
		if out[p.From] == nil {
			out[p.From] = map[string]string{}
		}
		out[p.From][p.To] = p.Passes
	}
	return out
}

// Write puts manifests into the folder.
func (s *Site) Write(p *edits.Plant) []*unstructured.Unstructured {
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

func (s *Site) ctx() context.Context { return context.WithoutCancel(s.t.Context()) }

// put makes an object what its manifest says, whoever wrote parts of it before.
func (s *Site) put(o *unstructured.Unstructured) error {
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		live := &unstructured.Unstructured{}
		live.SetGroupVersionKind(o.GroupVersionKind())
		err := s.Get(s.ctx(), client.ObjectKeyFromObject(o), live)
		if apierrors.IsNotFound(err) {
			return s.Create(s.ctx(), o.DeepCopy())
		}
		if err != nil {
			return err
		}
		live.Object["spec"] = o.DeepCopy().Object["spec"]
		live.SetLabels(o.GetLabels())
		return s.Update(s.ctx(), live)
	})
}

// Apply makes the cluster what the manifests say, as `kubectl apply --prune` does, and says
// what the API server refused.
func (s *Site) Apply(p *edits.Plant, objects []*unstructured.Unstructured) (refused []string) {
	s.t.Helper()
	for _, o := range objects {
		err := s.put(o)
		switch {
		case apierrors.IsInvalid(err):
			refused = append(refused, o.GetKind()+"/"+o.GetName())
		case err != nil:
			s.t.Fatal(err)
		}
	}
	var conduits v1alpha1.ConduitList
	must(s.t, s.List(s.ctx(), &conduits))
	for i := range conduits.Items {
		c := &conduits.Items[i]
		if !slices.ContainsFunc(p.Conduits, func(d *v1alpha1.Conduit) bool { return d.Name == c.Name }) {
			must(s.t, s.Delete(s.ctx(), c))
		}
	}
	return refused
}

// Settle waits until the operator has seen everything and a plan of the same folder finds
// nothing to do.
func (s *Site) Settle(what string) {
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

func (s *Site) owed() string {
	s.t.Helper()
	if unseen := Unseen(s.t, s.Client); unseen != "" {
		return unseen
	}
	_, f := s.Forecast()
	if len(f.Writes)+len(f.Objects) > 0 {
		return fmt.Sprintf("a plan of what was applied finds %v and %v", f.Objects, f.Writes)
	}
	return ""
}

// Unseen is the first declaration of which the operator has not said what it made of it,
// none if there is none.
func Unseen(t *testing.T, c client.Client) string {
	t.Helper()
	for _, list := range []client.ObjectList{&v1alpha1.SiteList{}, &v1alpha1.ZoneList{}, &v1alpha1.ConduitList{}, &v1alpha1.AssetList{}} {
		must(t, c.List(context.WithoutCancel(t.Context()), list))
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(list)
		must(t, err)
		items, _, _ := unstructured.NestedSlice(content, "items")
		for _, item := range items {
			o := unstructured.Unstructured{Object: item.(map[string]any)}
			seen, _, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration")
			if seen != o.GetGeneration() {
				return fmt.Sprintf("%T %s is seen in generation %d of %d", list, o.GetName(), seen, o.GetGeneration())
			}
		}
	}
	return ""
}

// Table is what passes from whom to whom.
type Table map[string]map[string]string

// At is what passes by the Table; a device that is not in it is where its address is.
func (t Table) At(from, to string) string {
	return t[t.known(from)][t.known(to)]
}

func (t Table) known(name string) string {
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

// Member is the member of the table that an address is at.
func (t Table) Member(a netip.Addr) string { return t.known(a.String()) }

// Contradictory says that a plan has found one address, or one pod, in two zones. Which of
// two edits then stays is up to which of them arrives first, and a plan takes them to
// arrive together.
func Contradictory(f plan.Forecast) bool {
	return slices.ContainsFunc(f.Findings, func(found change.Finding) bool {
		return found.Severity == v1alpha1.SeverityError && found.Reason == v1alpha1.ReasonOverlap
	})
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

// Compare says where a plan and the matrix after it do not agree.
func Compare(f plan.Forecast, before, after Table) (pairs int, wrong []string) {
	planned := Table{}
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
				want = before.At(from, to)
			}
			if want != is {
				wrong = append(wrong, fmt.Sprintf("%s to %s: planned %q, then %q", from, to, want, is))
			}
		}
	}
	slices.Sort(wrong)
	return pairs, wrong
}
