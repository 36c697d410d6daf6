// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package certmanager_test

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/test/certmanager"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(m.Run())
}

// TestCertManager: what is asked of the issuers before the controllers run, and after.
func TestCertManager(t *testing.T) {
	w := newWorld(t)

	// Nobody races the one who denies: the controllers do not run yet.
	denied := w.request("denied", "ClusterIssuer", "authority")
	w.deny(denied)
	homeless := w.request("homeless", "Issuer", "nobody")

	root := w.authority("authority")
	w.issuer("ClusterIssuer", "authority")
	w.issuer("Issuer", "authority") // its Secret is in a namespace that it may not look into
	began := time.Now()
	controllers := certmanager.Start(t, w.plane)
	t.Logf("Start returned after %s", time.Since(began).Round(time.Millisecond))

	t.Run("no issuer", func(t *testing.T) {
		w.is(t, homeless, "Approved", "True", "cert-manager.io")
		w.is(t, homeless, "Ready", "False", "Pending")
		if got, want := w.condition(homeless, "Ready")["message"], `Referenced "Issuer" not found`; !contains(got, want) {
			t.Errorf("it says %q, want %q", got, want)
		}
	})
	t.Run("issuers", func(t *testing.T) {
		w.is(t, w.named("ClusterIssuer", "authority"), "Ready", "True", "KeyPairVerified")
		w.is(t, w.named("Issuer", "authority"), "Ready", "False", "ErrGetKeyPair")
	})
	t.Run("signed", func(t *testing.T) {
		signed := w.request("signed", "ClusterIssuer", "authority")
		w.is(t, signed, "Approved", "True", "cert-manager.io")
		w.is(t, signed, "Ready", "True", "Issued")
		t.Logf("signed %s after the start, %s resident", time.Since(began).Round(time.Millisecond), resident(t, controllers.ID()))
		w.signed(t, signed, root)
	})
	t.Run("denied", func(t *testing.T) {
		w.is(t, denied, "Ready", "False", "Denied")
		w.unsigned(t, denied)
	})
	t.Run("no issuer, still", func(t *testing.T) {
		w.is(t, homeless, "Ready", "False", "Pending")
		w.unsigned(t, homeless)
	})
	// Last, because it ends what the others need.
	t.Run("stop", func(t *testing.T) { testStop(t, w, controllers) })
}

func testStop(t *testing.T, w *world, c *certmanager.Controllers) {
	id := c.ID()
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	if alive(id) {
		t.Errorf("process %d is still there", id)
	}
	late := w.request("late", "ClusterIssuer", "authority")
	again := certmanager.Start(t, w.plane)
	w.is(t, late, "Ready", "True", "Issued")
	kill(t, again.ID())
	<-again.Done()
	if err := again.Stop(); !contains(err, "ended by themselves") {
		t.Errorf("stopping controllers that are gone: %v", err)
	}
}

// signed checks that the certificate is for the key that asked, by the authority that the
// issuer names.
func (w *world) signed(t *testing.T, request *unstructured.Unstructured, root *x509.Certificate) {
	t.Helper()
	w.get(request)
	authority := certificate(t, request, "ca")
	if !authority.Equal(root) {
		t.Errorf("status.ca is %s, want %s", authority.Subject, root.Subject)
	}
	leaf := certificate(t, request, "certificate")
	roots := x509.NewCertPool()
	roots.AddCert(root)
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "signed.example"}); err != nil {
		t.Errorf("the certificate does not verify: %v", err)
	}
	if !w.keys[request.GetName()].PublicKey.Equal(leaf.PublicKey) {
		t.Error("the certificate is for another key")
	}
	if diff := cmp.Diff([]string{"signed.example"}, leaf.DNSNames); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func (w *world) unsigned(t *testing.T, request *unstructured.Unstructured) {
	t.Helper()
	w.get(request)
	if got, _, _ := unstructured.NestedString(request.Object, "status", "certificate"); got != "" {
		t.Errorf("%s has a certificate:\n%s", request.GetName(), got)
	}
}

// TestNotBuilt: who has not run make is told so, and no API server starts with an empty folder.
func TestNotBuilt(t *testing.T) {
	elsewhere := t.TempDir()
	module := []byte("module github.com/zonewarden/zonewarden\n")
	if err := os.WriteFile(filepath.Join(elsewhere, "go.mod"), module, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(elsewhere)
	if folder, err := certmanager.CRDs(); !contains(err, "make certmanager") {
		t.Errorf("folder %q, error %v", folder, err)
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	crds, err := certmanager.CRDs()
	if err != nil {
		t.Fatal(err)
	}
	plane, err := controlplane.Start(t.Context(), controlplane.Options{CRDPaths: []string{crds}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	c, err := client.New(plane.Config(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, plane: plane, client: c, keys: keys{}}
}
