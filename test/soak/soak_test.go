// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build soak

package soak

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

const (
	// leaves and authorities are how many rotations are asked for at least: of TLS, and of OPC UA
	// as many authorities. PostgreSQL and OPC UA have fewer workloads, and fewer certificates.
	leaves, authorities, fewer = 200, 10, 50
	// atMost bounds all of it.
	atMost = 9 * time.Minute
	// trustDelay is what the Site says, lag how long a file takes at most. What is left of it is
	// for a process to notice.
	trustDelay = "3s"
	lag        = 1500 * time.Millisecond
	// certificates live for a minute, and are replaced every ten seconds.
	lifetime, renewBefore = "60s", "50s"
)

// TestSoak: two zones with a conduit, and one without. In each are workloads that shake hands
// with all others by crypto/tls, in the first an OPC UA server and a PostgreSQL, and clients of
// them in the others. Those with a conduit never fail, those without always do.
func TestSoak(t *testing.T) {
	s := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), atMost)
	defer cancel()
	var done sync.WaitGroup
	loops, stop := context.WithCancel(ctx)
	defer done.Wait()
	defer stop()
	for _, w := range s.workloads {
		w.loaded(ctx, t)
		done.Go(func() { w.follow(loops) })
	}
	s.opcua.run(loops, t, &done)
	s.postgres.run(loops, t, &done)
	for _, server := range s.workloads {
		for _, from := range s.workloads {
			done.Go(func() { s.shake(loops, server, from) })
		}
	}
	turned := 0
	for s.leaves() < leaves || turned < authorities {
		if ctx.Err() != nil {
			t.Fatalf("after %s only %d certificates and %d authorities were replaced", atMost, s.leaves(), turned)
		}
		if turned < authorities {
			s.turn(ctx, t, turned%2)
			turned++
			continue
		}
		wait(ctx, time.Second)
	}
	stop()
	done.Wait()
	t.Logf("%d authorities for TLS (PostgreSQL's too) and %d for OPC UA replaced", turned, turned)
	s.report(t, kindTLS, s.leaves(), leaves)
	s.report(t, kindOPCUA, replaced(s.opcua.pods()), fewer)
	s.report(t, kindPostgres, replaced(s.postgres.pods()), fewer)
	s.inUse(t)
}

// inUse says whether what was swapped was used, by the account of who saw it.
func (s *soak) inUse(t *testing.T) {
	t.Helper()
	s.opcua.mu.Lock()
	defer s.opcua.mu.Unlock()
	for _, used := range []struct {
		by  string
		n   int
		pod *pod
	}{
		{"the OPC UA server", len(s.opcua.served), s.opcua.server},
		{"the OPC UA client", len(s.opcua.letIn), s.opcua.client},
		{"PostgreSQL", int(s.postgres.reloaded.Load()), s.postgres.server},
		{"psql", len(s.postgres.shown), s.postgres.client},
	} {
		had := int(used.pod.seen.Load())
		t.Logf("%s: %d of %d certificates were seen by who was at the other end", used.by, used.n, had)
		if used.n < had-1 { // the last one may have come at the end
			t.Errorf("%s did not use all of its certificates", used.by)
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// soak is the plant.
type soak struct {
	client.Client
	workloads []*workload
	opcua     *opcua
	postgres  *postgres
	tally
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func start(t *testing.T) *soak {
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
	s := &soak{Client: c}
	s.plant(t)
	kubeconfig, err := plane.UserKubeconfig("soak", "system:masters")
	must(t, err)
	operate(t, kubeconfig)
	return s
}

// operate runs the operator's executable until the test is over.
func operate(t *testing.T, kubeconfig string) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "operator.log"))
	must(t, err)
	cmd := exec.Command("../../bin/zonewarden", "--kubeconfig", kubeconfig, "--leader-election-namespace=zonewarden-system",
		"--metrics-bind-address=0", "--health-probe-bind-address=0")
	cmd.Stdout, cmd.Stderr = log, log
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // it was told to
		if t.Failed() {
			if _, err := log.Seek(0, io.SeekStart); err == nil {
				_, _ = io.Copy(os.Stderr, log)
			}
		}
	})
}

func named(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }

// plant makes the Site, zones a, b and c, the conduit from b to a, and the workloads.
func (s *soak) plant(t *testing.T) {
	t.Helper()
	site := &v1alpha1.Site{ObjectMeta: named("site"), Spec: v1alpha1.SiteSpec{
		ID: "soak", Scope: v1alpha1.Scope{NamespaceSelector: metav1.LabelSelector{MatchLabels: map[string]string{"scope": "ot"}}},
		Certificates: &v1alpha1.SiteCertificates{
			NearExpiry: v1alpha1.NearExpiry{Within: "1s", Action: v1alpha1.NearExpiryWait}, TrustDelay: trustDelay, WarnBefore: "1s",
			Authority: &v1alpha1.AuthorityRules{Key: v1alpha1.KeyKind{Algorithm: v1alpha1.KeyECDSA, Size: 256}},
		},
	}}
	site.Spec.Access.Clock.HardwareClock = v1alpha1.HardwareClockGood
	objects := []client.Object{&corev1.Namespace{ObjectMeta: named("zonewarden-system")}}
	for _, zone := range []string{"a", "b", "c"} {
		n := &corev1.Namespace{ObjectMeta: named(zone)}
		n.Labels = map[string]string{"scope": "ot"}
		objects = append(objects, n, &v1alpha1.Zone{ObjectMeta: named(zone), Spec: v1alpha1.ZoneSpec{
			Purdue: v1alpha1.LevelL2, Type: v1alpha1.ZoneTypeControl, Owner: "soak",
			SLTarget: v1alpha1.SecurityLevels{All: new(v1alpha1.SecurityLevel(1))},
			Members:  v1alpha1.ZoneMembers{Workloads: []v1alpha1.WorkloadMembers{{Namespaces: []string{zone}}}},
		}})
	}
	objects = append(objects, site, &v1alpha1.Conduit{ObjectMeta: named("b-a"), Spec: v1alpha1.ConduitSpec{
		Initiator: v1alpha1.ConduitEnd{Zone: "b"}, Responders: []v1alpha1.ConduitEnd{{Zone: "a"}},
		Flows: []v1alpha1.Flow{{Protocol: "opcua-tcp"}, {Protocol: "postgres"}}, Why: v1alpha1.Justification{Need: "soak", RiskOwner: "soak"},
	}})
	for _, at := range []struct{ zone, name string }{{"a", "one"}, {"a", "two"}, {"b", "one"}, {"b", "two"}, {"c", "one"}} {
		w := &workload{soak: s, zone: at.zone, name: at.name}
		s.workloads = append(s.workloads, w)
		objects = append(objects, w.certificate())
	}
	s.opcua, s.postgres = s.plantOPCUA(), s.plantPostgres()
	for _, p := range slices.Concat(s.opcua.pods(), s.postgres.pods()) {
		objects = append(objects, p.object.DeepCopy())
	}
	for _, o := range objects {
		if err := s.Create(t.Context(), o); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(fmt.Errorf("making %T %s: %w", o, o.GetName(), err))
		}
	}
}

// turn replaces the authority of zone a or b for TLS, and that of the other one for OPC UA, and
// returns when the old ones are in no bundle.
func (s *soak) turn(ctx context.Context, t *testing.T, which int) {
	t.Helper()
	tls, opcua := s.workloads[2*which].certificate(), s.opcua.pods()[1-which].object
	for _, old := range []string{s.replace(ctx, t, tls), s.replace(ctx, t, opcua)} {
		for s.trusts(ctx, t, old) {
			if ctx.Err() != nil {
				t.Fatalf("authority %s was not replaced", old)
			}
			wait(ctx, 200*time.Millisecond)
		}
	}
}

// replace asks for another authority than that of a certificate, which it returns.
func (s *soak) replace(ctx context.Context, t *testing.T, c *v1alpha1.WorkloadCertificate) string {
	t.Helper()
	is := &v1alpha1.WorkloadCertificate{}
	must(t, s.Get(ctx, client.ObjectKeyFromObject(c), is))
	old := is.Status.Certificate.Authority
	z := &v1alpha1.Zone{ObjectMeta: named(c.Namespace)}
	must(t, s.Get(ctx, client.ObjectKeyFromObject(z), z))
	before := z.DeepCopy()
	z.Annotations = map[string]string{v1alpha1.AnnotationRotate: old}
	must(t, s.Patch(ctx, z, client.MergeFrom(before)))
	return old
}

// trusts says whether any bundle holds an authority.
func (s *soak) trusts(ctx context.Context, t *testing.T, id string) bool {
	t.Helper()
	var list v1alpha1.WorkloadCertificateList
	must(t, s.List(ctx, &list))
	for _, c := range list.Items {
		for _, a := range c.Status.Trust {
			if a.Fingerprint == id {
				return true
			}
		}
	}
	return false
}

// complete waits for a certificate whose bundle holds all that it will.
func (s *soak) complete(ctx context.Context, t *testing.T, c *v1alpha1.WorkloadCertificate) {
	t.Helper()
	want := map[string]int{"a": 2, "b": 2, "c": 1}[c.Namespace]
	for {
		is := &v1alpha1.WorkloadCertificate{}
		err := s.Get(ctx, client.ObjectKeyFromObject(c), is)
		if err == nil && len(is.Status.Trust) == want {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("%s/%s got no certificate: %v, %+v", c.Namespace, c.Name, err, is.Status)
		}
		wait(ctx, 100*time.Millisecond)
	}
}

// leaves are how many certificates of TLS were replaced.
func (s *soak) leaves() (n int) {
	for _, w := range s.workloads {
		n += max(0, int(w.seen.Load())-1)
	}
	return n
}

func replaced(pods []*pod) (n int) {
	for _, p := range pods {
		n += max(0, int(p.seen.Load())-1)
	}
	return n
}
