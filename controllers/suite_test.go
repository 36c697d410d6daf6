// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/controllers"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

// patience is the deadline of every wait. What is waited for takes milliseconds, but for what
// comes after an outage of the API server: watches try again after half a minute and more.
const patience = 2 * time.Minute

// here is where the tests' operators run.
var here = controllers.Place{Namespace: "zonewarden-system", Node: "edge-1"}

var scheme = runtime.NewScheme()

// planes are control planes that no test is on, as many as tests run beside each other; nil is
// one that nobody needed yet.
var planes chan *controlplane.ControlPlane

func TestMain(m *testing.M) {
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(apiextensionsv1.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctrl.SetLogger(logr.Discard())
	flag.Parse()
	beside := flag.Lookup("test.parallel").Value.(flag.Getter).Get().(int)
	planes = make(chan *controlplane.ControlPlane, beside)
	for range beside {
		planes <- nil
	}
	defer func() {
		for range beside {
			if plane := <-planes; plane != nil {
				if err := plane.Stop(); err != nil {
					fmt.Fprintln(os.Stderr, "stopping a control plane:", err)
				}
			}
		}
	}()
	return m.Run()
}

func startPlane() (*controlplane.ControlPlane, error) {
	ciliumCRDs, err := controlplane.CiliumCRDs()
	if err != nil {
		return nil, err
	}
	return controlplane.Start(context.Background(), controlplane.Options{
		CRDPaths: []string{"../config/crd", ciliumCRDs}, ControllerManager: true,
	})
}

// world is one test's view of a cluster that it has for itself, emptied before it. The metrics
// are those of the process: a test that reads them is not parallel.
type world struct {
	t *testing.T
	client.Client
	plane  *controlplane.ControlPlane
	mu     sync.Mutex
	logged strings.Builder
}

func (w *world) log(prefix, args string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintln(&w.logged, prefix, args)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	plane := <-planes
	t.Cleanup(func() { planes <- plane })
	if plane == nil {
		started, err := startPlane()
		if err != nil {
			t.Fatalf("starting a control plane: %v", err)
		}
		plane = started
	}
	mine := rest.CopyConfig(plane.Config())
	mine.Timeout = patience
	c, err := client.New(mine, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, Client: c, plane: plane}
	w.make(&corev1.Namespace{ObjectMeta: objectMeta(here.Namespace)})
	w.empty()
	t.Cleanup(w.empty)
	return w
}

// empty removes everything that tests make. Namespaces stay: deleting one takes
// five seconds, and an empty one is nobody's business.
func (w *world) empty() {
	w.t.Helper()
	for _, o := range []client.Object{
		&v1alpha1.Conduit{}, &v1alpha1.Zone{}, &v1alpha1.Asset{}, &v1alpha1.Site{}, &v1alpha1.NodeReport{}, &corev1.Node{},
	} {
		w.must(client.IgnoreNotFound(w.DeleteAllOf(w.ctx(), o)))
	}
	for _, gvk := range []string{apply.GVKClusterwidePolicy.Kind, apply.GVKCIDRGroup.Kind} {
		u := &unstructured.Unstructured{}
		u.SetGroupVersionKind(apply.GVKOf(gvk))
		w.must(client.IgnoreNotFound(w.DeleteAllOf(w.ctx(), u)))
	}
	w.must(client.IgnoreNotFound(w.Delete(w.ctx(), clockRecord())))
	w.must(w.DeleteAllOf(w.ctx(), &corev1.ConfigMap{}, client.InNamespace(here.Namespace), client.MatchingLabels{apply.LabelAudit: apply.LabelAuditValue}))
	for _, o := range []client.Object{auditKey(), sessionKey(), publishedKeys()} {
		w.must(client.IgnoreNotFound(w.Delete(w.ctx(), o)))
	}
	var namespaces corev1.NamespaceList
	w.must(w.List(w.ctx(), &namespaces, client.HasLabels{"zonewarden.io/scope"}))
	for _, ns := range namespaces.Items {
		u := &unstructured.Unstructured{}
		u.SetGroupVersionKind(apply.GVKNetworkPolicy)
		w.must(w.DeleteAllOf(w.ctx(), u, client.InNamespace(ns.Name)))
		u = &unstructured.Unstructured{}
		u.SetAPIVersion("cilium.io/v2")
		u.SetKind("CiliumNetworkPolicy")
		w.must(client.IgnoreNotFound(w.DeleteAllOf(w.ctx(), u, client.InNamespace(ns.Name))))
		w.must(w.DeleteAllOf(w.ctx(), &corev1.Service{}, client.InNamespace(ns.Name)))
		w.must(w.DeleteAllOf(w.ctx(), &networkingv1.Ingress{}, client.InNamespace(ns.Name)))
		w.must(w.DeleteAllOf(w.ctx(), &corev1.Pod{}, client.InNamespace(ns.Name), client.GracePeriodSeconds(0)))
	}
}

// ctx is not the test's: cleaning up works after it ended.
func (w *world) ctx() context.Context { return context.Background() }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// make creates objects, and leaves alone what exists.
func (w *world) make(objects ...client.Object) {
	w.t.Helper()
	for _, o := range objects {
		if err := w.Create(w.ctx(), o); err != nil && !(apierrors.IsAlreadyExists(err) && o.GetObjectKind() != nil && isNamespace(o)) {
			w.t.Fatalf("creating %T %s: %v", o, o.GetName(), err)
		}
	}
}

func isNamespace(o client.Object) bool {
	_, is := o.(*corev1.Namespace)
	return is
}

// change edits an object until the edit is taken.
func (w *world) change(o client.Object, edit func()) {
	w.t.Helper()
	w.eventually("the edit is taken", func() error {
		if err := w.Get(w.ctx(), client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		edit()
		return w.Update(w.ctx(), o)
	})
}

// eventually polls until check is content, or fails the test with its last word.
func (w *world) eventually(what string, check func() error) {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("waiting until %s: %v", what, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// policies returns our policy objects by "Kind/name" or "Kind/namespace/name".
func (w *world) policies() map[string]*unstructured.Unstructured {
	w.t.Helper()
	out := map[string]*unstructured.Unstructured{}
	for _, gvk := range []string{apply.GVKClusterwidePolicy.Kind, apply.GVKCIDRGroup.Kind, apply.GVKNetworkPolicy.Kind, apply.GVKAdminTierPolicy.Kind} {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(apply.GVKOf(gvk))
		err := w.List(w.ctx(), list, client.MatchingLabels{v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue})
		if apierrors.IsNotFound(err) || err != nil && strings.Contains(err.Error(), "no matches for kind") {
			continue
		}
		w.must(err)
		for i := range list.Items {
			o := &list.Items[i]
			key := apply.Key{Kind: gvk, Namespace: o.GetNamespace(), Name: o.GetName()}
			out[key.String()] = o
		}
	}
	return out
}

// operator is a running one, in this process, on connections of its own.
type operator struct {
	stop   func()
	writes *writeCounter
	cache  client.Reader
}

// startOperator starts the operator; it is stopped with the test at the latest.
func (w *world) startOperator() *operator {
	w.t.Helper()
	return w.startOperatorAs(w.plane.Config())
}

func (w *world) startOperatorAs(user *rest.Config) *operator {
	w.t.Helper()
	return w.run(user, func(mgr ctrl.Manager) error {
		return controllers.Setup(mgr, here, controllers.Options{})
	})
}

// startOperatorAt starts it with a clock of the test's own.
func (w *world) startOperatorAt(c clock.PassiveClock) *operator {
	w.t.Helper()
	return w.run(w.plane.Config(), func(mgr ctrl.Manager) error { return controllers.SetupSegmentationAt(mgr, here, c) })
}

func (w *world) run(user *rest.Config, setup func(ctrl.Manager) error) *operator {
	w.t.Helper()
	writes := &writeCounter{}
	cfg := rest.CopyConfig(user)
	cfg.QPS = -1
	cfg.Wrap(writes.wrap)
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme: scheme, Cache: controllers.CacheOptions(),
		Metrics: server.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
		Controller: config.Controller{SkipNameValidation: new(true)}, Logger: funcr.New(w.log, funcr.Options{}),
	})
	w.must(err)
	w.must(setup(mgr))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	o := &operator{writes: writes, cache: mgr.GetCache()}
	o.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("running the operator: %v", err)
		}
	})
	w.t.Cleanup(o.stop)
	return o
}

// writeCounter counts the requests that change something, by resource.
type writeCounter struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *writeCounter) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodGet {
			c.mu.Lock()
			if c.counts == nil {
				c.counts = map[string]int{}
			}
			c.counts[resourceOf(r.URL.Path)]++
			c.mu.Unlock()
		}
		return next.RoundTrip(r)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// resourceOf is "ciliumclusterwidenetworkpolicies", or "zones/status".
func resourceOf(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i, p := range parts {
		if p == "namespaces" && i+2 < len(parts) {
			return parts[i+2]
		}
	}
	if len(parts) > 5 {
		return parts[3] + "/" + parts[5]
	}
	if len(parts) > 3 {
		return parts[3]
	}
	return path
}

// take returns the counts and starts anew.
func (c *writeCounter) take() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.counts
	c.counts = map[string]int{}
	if out == nil {
		out = map[string]int{}
	}
	return out
}

// settled waits until the operator has carried out what is declared now.
func (w *world) settled() {
	w.t.Helper()
	w.eventually("everything declared is carried out", func() error {
		var zones v1alpha1.ZoneList
		var conduits v1alpha1.ConduitList
		var assets v1alpha1.AssetList
		for _, list := range []client.ObjectList{&zones, &conduits, &assets} {
			w.must(w.List(w.ctx(), list))
		}
		for _, z := range zones.Items {
			if z.Status.ObservedGeneration != z.Generation {
				return fmt.Errorf("zone %s is at %d of %d", z.Name, z.Status.ObservedGeneration, z.Generation)
			}
		}
		for _, c := range conduits.Items {
			if c.Status.ObservedGeneration != c.Generation {
				return fmt.Errorf("conduit %s is at %d of %d", c.Name, c.Status.ObservedGeneration, c.Generation)
			}
		}
		for _, a := range assets.Items {
			if a.Status.ObservedGeneration != a.Generation {
				return fmt.Errorf("asset %s is at %d of %d", a.Name, a.Status.ObservedGeneration, a.Generation)
			}
		}
		return nil
	})
}

// quietFor is longer than a pass waits for agents between two kinds.
const quietFor = 1500 * time.Millisecond

// quiet waits until the operator has written nothing for a while, which is the only way to
// see that nothing happens, and returns what it wrote before, since somebody last asked.
func (w *world) quiet(o *operator) map[string]int {
	w.t.Helper()
	still, wrote := time.Now(), map[string]int{}
	w.eventually("the operator is quiet", func() error {
		for resource, n := range o.writes.take() {
			wrote[resource] += n
			still = time.Now()
		}
		if time.Since(still) < quietFor {
			return fmt.Errorf("it wrote %v, the last %s ago", wrote, time.Since(still))
		}
		return nil
	})
	return wrote
}

func objectMeta(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }
