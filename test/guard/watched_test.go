// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	segmentation "github.com/zonewarden/zonewarden/controllers" // a caller here is called controllers
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

// tries of each act; the best counts, because others use the machine too.
const tries = 3

// exchanges with the API server are as long as the operator may take where others slow the
// machine: one takes about 15 ms where nobody does.
const exchanges = 60

// watched is a plant that the operator watches.
type watched struct{ *cluster }

// took is how long something took from the act: until all objects were back, and until
// condition and metric said so.
type took struct{ back, reported time.Duration }

// startWatched starts a plant with the guard and the operator, and without what was there
// before the guard.
func startWatched(t *testing.T) watched {
	t.Helper()
	c, err := startCluster(t.Context(), controlplane.Options{ControllerManager: true}, "../../config/crd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.stop)
	w := watched{c}
	w.must(t, c.buildPlant(t.Context()))
	w.must(t, each(
		remove(networking, "NetworkPolicy", "cell-1/from-before"), remove(ciliumV2, "CiliumNetworkPolicy", "cell-1/from-before"), remove(ciliumV2, ccnp, "zone-from-before"),
		remove("v1", "Service", "cell-1/from-before"))(t.Context(), c.callers[administrator]))
	w.must(t, c.apply(t.Context(), manifests("testdata/devices.yaml")...))
	w.must(t, c.raiseGuard(t.Context()))
	w.must(t, c.awaitGuard(t.Context()))
	w.startOperator(t)
	w.quiet(t)
	return w
}

func (w watched) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// startOperator runs it in this process, on a connection of its own account.
func (w watched) startOperator(t *testing.T) {
	t.Helper()
	account := accounts[operator]
	rights, err := w.plane.AddUser(account[0], account[1:]...)
	w.must(t, err)
	rights.QPS = -1 // as cmd/zonewarden has it
	scheme := runtime.NewScheme()
	w.must(t, errors.Join(clientgoscheme.AddToScheme(scheme), apiextensionsv1.AddToScheme(scheme), metav1.AddMetaToScheme(scheme), v1alpha1.AddToScheme(scheme)))
	mgr, err := ctrl.NewManager(rights, ctrl.Options{
		Scheme: scheme, Cache: segmentation.CacheOptions(),
		Metrics: server.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
		Controller: config.Controller{SkipNameValidation: new(true)},
	})
	w.must(t, err)
	w.must(t, segmentation.Setup(mgr, segmentation.Place{Node: "edge-1"}, segmentation.Options{}))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("running the operator: %v", err)
		}
	})
}

// quiet waits until the operator has written nothing for longer than it waits between two
// kinds: what is measured then is not what came before.
func (w watched) quiet(t *testing.T) {
	t.Helper()
	const still = 1500 * time.Millisecond
	last, since := -1, time.Now()
	w.must(t, w.eventually("the operator is quiet", func() error {
		if n := counted("zonewarden_policy_writes_total"); n != last {
			last, since = n, time.Now()
		}
		if time.Since(since) < still {
			return errors.New("it wrote a moment ago")
		}
		return w.condition(t.Context(), said{"Site", "site", v1alpha1.ConditionProgrammed, v1alpha1.ReasonProgrammed, metav1.ConditionTrue, ""})
	}))
}

// setLayers changes the guard's layers and waits until they are in place.
func (w watched) setLayers(t *testing.T, layers string) {
	t.Helper()
	w.must(t, merge(zonewarden, "Site", "site", `{"spec":{"guard":{"layers":`+layers+`}}}`)(t.Context(), w.callers[administrator]))
	w.must(t, w.eventually("the layers are in place", func() error {
		return w.condition(t.Context(), said{"Site", "site", v1alpha1.ConditionGuarded, v1alpha1.ReasonGuarded, metav1.ConditionTrue, "Datapath"})
	}))
}

// counted is the sum of a metric of the operator's over its labels.
func counted(metric string) int {
	families, err := metrics.Registry.Gather()
	if err != nil {
		panic(err)
	}
	n := 0.0
	for _, f := range families {
		if f.GetName() != metric {
			continue
		}
		for _, m := range f.GetMetric() {
			n += m.GetCounter().GetValue()
		}
	}
	return int(n)
}

// condition says what an object does not say yet, and nil when it does.
func (w watched) condition(ctx context.Context, s said) error {
	o := object(zonewarden, s.kind, s.name)
	if err := w.callers[administrator].Get(ctx, key(s.name), o); err != nil {
		return err
	}
	found, _, err := unstructured.NestedSlice(o.Object, "status", "conditions")
	if err != nil {
		return err
	}
	for _, f := range found {
		c, _ := f.(map[string]any)
		message, _ := c["message"].(string)
		if c["type"] == s.condition && c["reason"] == s.reason && c["status"] == string(s.status) && strings.Contains(message, s.text) {
			return nil
		}
	}
	return fmt.Errorf("%s %s says %v, not %+v", s.kind, s.name, found, s)
}

// testActs measures each act, several times.
func testActs(t *testing.T, w watched, acts []act, figures map[string]took) {
	for _, a := range acts {
		ok := t.Run(a.name+", as "+string(a.as), func(t *testing.T) {
			most := a.within
			if most == 0 {
				most = soon
			}
			for range tries {
				w.quiet(t)
				figures[a.key()] = w.try(t, a)
				if figures[a.key()].whole() <= max(most, exchanges*w.exchange(t)) {
					return
				}
			}
			t.Errorf("%+v, want it all within %s or %d exchanges of %s", figures[a.key()], most, exchanges, w.exchange(t))
		})
		if !ok {
			t.Fatal("the next act would find what this one left")
		}
	}
}

// exchange is how long it takes at this moment until somebody who watches an object has seen a
// write of somebody else and answered it.
func (w watched) exchange(t *testing.T) time.Duration {
	t.Helper()
	const turns = 5
	c, err := client.NewWithWatch(w.plane.Config(), client.Options{})
	w.must(t, err)
	note := object("v1", "ConfigMap", "cell-1/exchange")
	w.must(t, c.Create(t.Context(), note))
	defer func() { w.must(t, c.Delete(t.Context(), note)) }()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(note.GroupVersionKind())
	seen, err := c.Watch(t.Context(), list, client.InNamespace("cell-1"), client.MatchingFields{"metadata.name": "exchange"})
	w.must(t, err)
	defer seen.Stop()
	answer := func() {
		select {
		case <-seen.ResultChan():
		case <-time.After(patience):
			t.Fatal("a watch says nothing")
		}
	}
	answer() // that it is there
	began := time.Now()
	for turn := range 2 * turns {
		note.SetAnnotations(map[string]string{"turn": strconv.Itoa(turn)})
		w.must(t, c.Update(t.Context(), note))
		answer()
	}
	return time.Since(began) / turns
}

func (a act) key() string { return a.name + " | " + string(a.as) }

// try does an act and waits until everything that the operator does about it is done.
func (w watched) try(t *testing.T, a act) took {
	t.Helper()
	before, passed := w.standing(t), w.passing(t)
	drifts := counted("zonewarden_drift_reverted_total")
	a.drifts = a.counts(before)
	if a.undo != nil {
		defer func() {
			w.must(t, a.undo(t.Context(), w.callers[administrator]))
			w.must(t, w.eventually("everything is as before", func() error { return w.differs(t, before) }))
		}()
	}
	began := time.Now()
	w.must(t, a.do(t.Context(), w.callers[a.as]))
	var out took
	w.must(t, w.promptly(func() error {
		back, reported := w.isBack(t, a, before), w.isReported(t, a, drifts)
		if out.back == 0 && back == nil {
			out.back = time.Since(began)
		}
		if out.reported == 0 && reported == nil {
			out.reported = time.Since(began)
		}
		return errors.Join(back, reported)
	}))
	if a.undo != nil {
		return out
	}
	if diff := cmp.Diff(passed, w.passing(t)); diff != "" {
		t.Errorf("flows that pass (-before +after):\n%s", diff)
	}
	return out
}

// counts is the number of objects that an act makes the operator put back.
func (a act) counts(before map[string]string) int {
	n := 0
	for o := range before {
		if strings.HasPrefix(o, ccnp+"/") || a.drifts == everything {
			n++
		}
	}
	if a.drifts < 0 {
		return n
	}
	return a.drifts
}

// promptly is eventually with a sharper eye, for what is measured.
func (w watched) promptly(check func() error) error {
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := check()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (w watched) isBack(t *testing.T, a act, before map[string]string) error {
	t.Helper()
	if a.drifts == 0 {
		return nil
	}
	return w.differs(t, before)
}

func (w watched) isReported(t *testing.T, a act, drifts int) error {
	t.Helper()
	if a.drifts == 0 {
		return w.condition(t.Context(), a.says)
	}
	if n := counted("zonewarden_drift_reverted_total"); n < drifts+a.drifts {
		return fmt.Errorf("%d of %d are counted", n-drifts, a.drifts)
	}
	return w.condition(t.Context(), said{"Site", "site", v1alpha1.ConditionDrift, v1alpha1.ReasonForeignEdit, metav1.ConditionTrue, strconv.Itoa(drifts+a.drifts) + " times since"})
}

// standing is what the operator wrote, by kind and name, as digests of everything that it
// decides about.
func (w watched) standing(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, k := range policyKinds {
		found, err := w.objectsOf(t.Context(), k[0], k[1], ours)
		w.must(t, err)
		for _, o := range found {
			out[o.GetKind()+"/"+o.GetNamespace()+"/"+o.GetName()] = policy.DigestOf(o.Object)
		}
	}
	return out
}

func (w watched) differs(t *testing.T, before map[string]string) error {
	t.Helper()
	if diff := cmp.Diff(before, w.standing(t)); diff != "" {
		return errors.New("our objects are not as before:\n" + diff)
	}
	return nil
}

// passing are the flows that the objects that stand let pass, ours and those of others: from
// and to every pod, a device, the office and the Internet.
func (w watched) passing(t *testing.T) []string {
	t.Helper()
	s, err := w.snapshot(t.Context())
	w.must(t, err)
	world := verdict.Cluster{Namespaces: map[string]map[string]string{}}
	ends := map[string]netip.Addr{"plc-1": netip.MustParseAddr("10.20.1.11"), "office": netip.MustParseAddr("10.9.0.5"), "internet": netip.MustParseAddr("192.0.2.1")}
	for _, ns := range s.Namespaces {
		world.Namespaces[ns.Name] = ns.Labels
	}
	for i, p := range s.Pods {
		if p.HostNetwork {
			continue
		}
		at := netip.MustParseAddr(s.Pods[i].Addresses[0].IP)
		ends[p.Namespace+"/"+p.Name] = at
		world.Pods = append(world.Pods, verdict.Pod{Namespace: p.Namespace, Name: p.Name, Labels: p.Labels, Addresses: []netip.Addr{at}})
	}
	for _, k := range policyKinds[:len(policyKinds)-1] { // the engine does not know the last
		found, err := w.objectsOf(t.Context(), k[0], k[1])
		w.must(t, err)
		for _, o := range found {
			world.Objects = append(world.Objects, o.Object)
		}
	}
	rules := verdict.New(world)
	var out []string
	for _, from := range slices.Sorted(maps.Keys(ends)) {
		for _, to := range slices.Sorted(maps.Keys(ends)) {
			for _, port := range []uint16{22, 502, 4840, 9000} {
				f := verdict.Flow{Source: ends[from], Destination: ends[to], Transport: protocol.TCP, Port: port}
				if v := rules.Opinion(f).Answer; from != to && v != verdict.Refused {
					out = append(out, fmt.Sprintf("%s -> %s %d: %s", from, to, port, v))
				}
			}
		}
	}
	return out
}

// testOverridden compares what passes before and after: the flows of a plant with the layer
// Datapath are those that are declared, whatever others add.
func testOverridden(t *testing.T, w watched) {
	for _, a := range overridden {
		t.Run(a.name+", as "+string(a.as), func(t *testing.T) {
			w.quiet(t)
			before, passed := w.standing(t), w.passing(t)
			w.must(t, a.do(t.Context(), w.callers[a.as]))
			opened := slices.DeleteFunc(w.passing(t), func(flow string) bool { return slices.Contains(passed, flow) })
			if len(opened) > 0 {
				t.Errorf("it opens %v", opened)
			}
			w.must(t, a.undo(t.Context(), w.callers[administrator]))
			w.must(t, w.eventually("everything is as before", func() error { return w.differs(t, before) }))
		})
	}
}

func (d took) whole() time.Duration { return max(d.back, d.reported) }

// actRow is how a row of docs/guard.md begins; the figures behind it are those of one run.
func (a act) actRow() string { return fmt.Sprintf("| %s | %s | ", a.name, a.as) }

func actTable(figures map[string]took) string {
	var out strings.Builder
	out.WriteString("| act | as | back after | reported after |\n|---|---|---|---|\n")
	for _, a := range slices.Concat(undone, told) {
		d, back := figures[a.key()], "stays"
		if a.drifts != 0 {
			back = d.back.Round(time.Millisecond).String()
		}
		if a.because != "" {
			back += ": " + a.because
		}
		fmt.Fprintf(&out, "%s%s | %s |\n", a.actRow(), back, d.reported.Round(time.Millisecond))
	}
	for _, a := range overridden {
		fmt.Fprintf(&out, "%soverridden by the layer Datapath | |\n", a.actRow())
	}
	return out.String()
}
