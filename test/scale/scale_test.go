// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package scale measures what a change costs: writes, latency, processor time and
// memory of the operator at 10, 100 and 1,000 zones with 10 conduits and 20 pods
// each, beside kubectl applying the same policies ready made, in the same run and
// against the same control plane. Run it by "make bench".
package scale

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

// changes of one conduit that are timed, for the percentiles.
const changes = 30

func BenchmarkChange(b *testing.B) {
	ctrl.SetLogger(logr.Discard())
	for _, zones := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("zones=%d", zones), func(b *testing.B) {
			for range b.N {
				measure(b, zones)
			}
		})
	}
}

// measure runs one plant through the operator and then through kubectl.
func measure(b *testing.B, zones int) {
	b.Helper()
	ctx := context.Background()
	ciliumCRDs, err := controlplane.CiliumCRDs()
	check(b, err)
	plane, err := controlplane.Start(ctx, controlplane.Options{CRDPaths: []string{"../../config/crd", ciliumCRDs}})
	check(b, err)
	defer func() { check(b, plane.Stop()) }()
	c := connect(b, plane.Config())
	kubeconfig, err := plane.Kubeconfig()
	check(b, err)
	createPlant(b, c, zones)

	op := startOperator(b, kubeconfig)
	defer op.stop()
	want := zones * (1 + conduitsPerZone)
	started := time.Now()
	await(b, "every policy is written", func() bool { return count(b, c) == want })
	b.ReportMetric(time.Since(started).Seconds(), "first-s")
	b.ReportMetric(float64(op.policyWrites(b))/float64(want), "first-writes/policy")
	await(b, "every status is written", func() bool { return op.idle(b) })

	viaOperator := op.change(b, c, kubeconfig, zones)
	b.ReportMetric(op.residentMiB(b), "rss-MiB")
	op.stop()

	restarted := startOperator(b, kubeconfig)
	defer restarted.stop()
	await(b, "the restarted operator has settled", func() bool { return restarted.idle(b) })
	b.ReportMetric(float64(restarted.policyWrites(b)), "restart-writes")
	b.ReportMetric(restarted.residentMiB(b), "restart-rss-MiB")
	restarted.stop()

	viaKubectl := kubectlApplies(b, c, kubeconfig, want)
	b.ReportMetric(ms(percentile(viaOperator, 50)), "change-p50-ms")
	b.ReportMetric(ms(percentile(viaOperator, 99)), "change-p99-ms")
	b.ReportMetric(ms(percentile(viaKubectl, 50)), "kubectl-p50-ms")
	b.ReportMetric(ms(percentile(viaOperator, 50))/ms(percentile(viaKubectl, 50)), "ratio-p50")
	b.ReportMetric(0, "ns/op") // one run is many things
}

// kubectlApplies applies the same policies as files, all of them and then one at
// a time, and returns how long each single one took until it was in the cluster.
func kubectlApplies(b *testing.B, c client.WithWatch, kubeconfig string, want int) []time.Duration {
	b.Helper()
	dir := b.TempDir()
	render(b, c, dir)
	u := policy()
	check(b, c.DeleteAllOf(context.Background(), u))
	await(b, "the policies are gone", func() bool { return count(b, c) == 0 })
	started := time.Now()
	kubectl(b, kubeconfig, "apply", "--server-side", "-f", filepath.Join(dir, "all.yaml"))
	await(b, "kubectl has written every policy", func() bool { return count(b, c) == want })
	b.ReportMetric(time.Since(started).Seconds(), "kubectl-first-s")

	var took []time.Duration
	one := filepath.Join(dir, "one.yaml")
	for i := range changes {
		raw, err := os.ReadFile(filepath.Join(dir, "conduit.yaml"))
		check(b, err)
		check(b, os.WriteFile(one, setPort(raw, 9000+i), 0o600))
		took = append(took, untilPolicyChanges(b, c, "conduit-"+conduitName(0, 1), func() {
			kubectl(b, kubeconfig, "apply", "--server-side", "-f", one)
		}))
	}
	return took
}

// untilPolicyChanges runs an action and returns the time from its start to the
// event of the policy's change.
func untilPolicyChanges(b *testing.B, c client.WithWatch, name string, act func()) time.Duration {
	b.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(policy().GroupVersionKind())
	w, err := c.Watch(context.Background(), list, client.MatchingFields{"metadata.name": name})
	check(b, err)
	defer w.Stop()
	<-w.ResultChan() // as it is now
	started := time.Now()
	done := make(chan struct{})
	go func() {
		defer close(done)
		act()
	}()
	select {
	case <-w.ResultChan():
	case <-time.After(patience):
		b.Fatalf("%s did not change", name)
	}
	took := time.Since(started)
	<-done
	return took
}

func connect(b *testing.B, config *rest.Config) client.WithWatch {
	b.Helper()
	s := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(s))
	utilruntime.Must(v1alpha1.AddToScheme(s))
	config.QPS = -1
	c, err := client.NewWithWatch(config, client.Options{Scheme: s})
	check(b, err)
	return c
}

func policy() *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(apply.GVKClusterwidePolicy)
	return u
}

const patience = 10 * time.Minute

func await(b *testing.B, what string, is func() bool) {
	b.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("waiting until %s", what)
		}
	}
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func percentile(d []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
