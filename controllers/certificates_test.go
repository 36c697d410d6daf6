// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// certificateWorld is a plant with three zones: supervision has a conduit with the cell, the
// office with nobody.
type certificateWorld struct{ *world }

func newCertificateWorld(t *testing.T, edits ...func(*v1alpha1.SiteCertificates)) *certificateWorld {
	t.Helper()
	w := &certificateWorld{newWorld(t)}
	w.emptyCertificates()
	t.Cleanup(w.emptyCertificates)
	s := site()
	s.Spec.Access.Clock.HardwareClock = v1alpha1.HardwareClockGood
	s.Spec.Certificates = &v1alpha1.SiteCertificates{
		NearExpiry: v1alpha1.NearExpiry{Within: "7d", Action: v1alpha1.NearExpiryWait}, TrustDelay: "1s",
		Authority: &v1alpha1.AuthorityRules{Key: v1alpha1.KeyKind{Algorithm: v1alpha1.KeyECDSA, Size: 256}},
	}
	for _, e := range edits {
		e(s.Spec.Certificates)
	}
	w.make(namespace("supervision"), namespace("cell"), namespace("other"), s,
		zone("supervision"), zone("cell"), zone("other"), conduit("scada-cell", "supervision", "cell", "opcua-tcp"))
	return w
}

var certificateNamespaces = []string{"supervision", "cell", "other"}

func (w *certificateWorld) emptyCertificates() {
	w.t.Helper()
	for _, n := range certificateNamespaces {
		for _, o := range []client.Object{&v1alpha1.WorkloadCertificate{}, &corev1.Secret{}, &corev1.ConfigMap{}} {
			w.must(client.IgnoreNotFound(w.DeleteAllOf(w.ctx(), o, client.InNamespace(n))))
		}
	}
	for _, o := range []client.Object{&corev1.ConfigMap{}, &corev1.Secret{}} {
		w.must(w.DeleteAllOf(w.ctx(), o, client.InNamespace(here.Namespace)))
	}
}

// certificateOf is of a server in a namespace, which reads its files by itself.
func certificateOf(namespace string, edits ...func(*v1alpha1.WorkloadCertificateSpec)) *v1alpha1.WorkloadCertificate {
	c := &v1alpha1.WorkloadCertificate{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "server"},
		Spec: v1alpha1.WorkloadCertificateSpec{
			Profile: v1alpha1.ProfileTLSPeer, DNSNames: []string{"server." + namespace + ".svc"}, SecretName: "server-tls",
			Restart: &v1alpha1.CertificateRestart{Policy: v1alpha1.RestartSignal},
		},
	}
	for _, e := range edits {
		e(&c.Spec)
	}
	return c
}

// ready waits until a certificate is, and gives it with its Secret.
func (w *certificateWorld) ready(namespace string) (*v1alpha1.WorkloadCertificate, *corev1.Secret) {
	w.t.Helper()
	c, s := &v1alpha1.WorkloadCertificate{}, &corev1.Secret{}
	w.eventually("the certificate in "+namespace+" is ready", func() error {
		if err := w.Get(w.ctx(), client.ObjectKey{Namespace: namespace, Name: "server"}, c); err != nil {
			return err
		}
		if !meta.IsStatusConditionTrue(c.Status.Conditions, v1alpha1.ConditionReady) || c.Status.Certificate == nil {
			return fmt.Errorf("step %s, findings %v, conditions %v", c.Status.Step, c.Status.Findings, c.Status.Conditions)
		}
		return w.Get(w.ctx(), client.ObjectKey{Namespace: namespace, Name: c.Spec.SecretName}, s)
	})
	return c, s
}

// trusts waits until the bundle in a namespace holds the authorities of these zones.
func (w *certificateWorld) trusts(namespace string, zones ...string) {
	w.t.Helper()
	w.eventually(namespace+" trusts "+strings.Join(zones, " and "), func() error {
		c := &v1alpha1.WorkloadCertificate{}
		if err := w.Get(w.ctx(), client.ObjectKey{Namespace: namespace, Name: "server"}, c); err != nil {
			return err
		}
		got := map[string]bool{}
		for _, t := range c.Status.Trust {
			got[t.Zone] = true
		}
		if diff := cmp.Diff(zones, slices.Sorted(maps.Keys(got))); diff != "" {
			return errors.New(diff)
		}
		return nil
	})
}

// shakeHands of the server in one namespace and the client in another, each with what its
// Secret holds.
func (w *certificateWorld) shakeHands(server, from string) error {
	w.t.Helper()
	side := func(namespace string) (tls.Certificate, *x509.CertPool) {
		s := &corev1.Secret{}
		w.must(w.Get(w.ctx(), client.ObjectKey{Namespace: namespace, Name: "server-tls"}, s))
		pair, err := tls.X509KeyPair(s.Data["tls.crt"], s.Data["tls.key"])
		w.must(err)
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(s.Data["ca.crt"])
		return pair, pool
	}
	own, trusted := side(server)
	theirs, roots := side(from)
	a, b := net.Pipe()
	for _, end := range []net.Conn{a, b} {
		defer end.Close() //nolint:errcheck // a pipe
		w.must(end.SetDeadline(time.Now().Add(patience)))
	}
	failed := make(chan error, 1)
	go func() {
		s := tls.Server(a, &tls.Config{Certificates: []tls.Certificate{own}, ClientCAs: trusted, ClientAuth: tls.RequireAndVerifyClientCert})
		err := s.Handshake()
		if err == nil {
			_, err = s.Write([]byte("x")) // so that the client hears whether it was let in
		}
		_ = a.Close()
		failed <- err
	}()
	c := tls.Client(b, &tls.Config{Certificates: []tls.Certificate{theirs}, RootCAs: roots, ServerName: "server." + server + ".svc"})
	_, err := io.ReadFull(c, make([]byte, 1))
	_ = b.Close()
	return errors.Join(err, <-failed)
}

// TestTrustFollowsTheConduits: who has a conduit shakes hands, and who has none does not.
func TestTrustFollowsTheConduits(t *testing.T) {
	t.Parallel()
	w := newCertificateWorld(t)
	o := w.startAll()
	for _, n := range certificateNamespaces {
		w.make(certificateOf(n))
	}
	for _, n := range certificateNamespaces {
		w.ready(n)
	}
	w.trusts("supervision", "cell", "supervision")
	w.trusts("cell", "cell", "supervision")
	w.trusts("other", "other")
	for _, pair := range [][2]string{{"cell", "supervision"}, {"supervision", "cell"}, {"cell", "cell"}} {
		if err := w.shakeHands(pair[0], pair[1]); err != nil {
			t.Errorf("%s and %s: %v", pair[0], pair[1], err)
		}
	}
	for _, pair := range [][2]string{{"cell", "other"}, {"other", "cell"}, {"supervision", "other"}} {
		if err := w.shakeHands(pair[0], pair[1]); err == nil {
			t.Errorf("%s and %s have no conduit, and shake hands", pair[0], pair[1])
		}
	}
	w.quiet(o)

	w.must(w.Delete(w.ctx(), conduit("scada-cell", "", "", "")))
	w.trusts("cell", "cell")
	w.trusts("supervision", "supervision")
	if err := w.shakeHands("cell", "supervision"); err == nil {
		t.Error("the conduit is gone, and they shake hands")
	}
	w.make(conduit("scada-cell", "supervision", "cell", "opcua-tcp"))
	w.trusts("cell", "cell", "supervision")
	if err := w.shakeHands("cell", "supervision"); err != nil {
		t.Errorf("the conduit is back: %v", err)
	}
}

// TestARotationThatIsAskedFor puts another certificate with another key into the Secret, of the
// same authority, and asks for nothing more after it.
func TestARotationThatIsAskedFor(t *testing.T) {
	t.Parallel()
	w := newCertificateWorld(t)
	o := w.startAll()
	w.make(certificateOf("cell", func(s *v1alpha1.WorkloadCertificateSpec) {
		s.Formats = []v1alpha1.CertificateFormat{v1alpha1.FormatDER, v1alpha1.FormatPKCS12}
	}))
	before, secret := w.ready("cell")
	w.change(before, func() {
		before.Annotations = map[string]string{v1alpha1.AnnotationRotate: before.Status.Certificate.Fingerprint}
	})
	w.eventually("there is another certificate", func() error {
		c, s := w.ready("cell")
		if c.Status.Certificate.Fingerprint == before.Status.Certificate.Fingerprint || c.Status.Step != "Idle" {
			return fmt.Errorf("step %s", c.Status.Step)
		}
		for _, file := range []string{"tls.crt", "tls.key", "tls.der", "key.der", "keystore.p12"} {
			if string(s.Data[file]) == string(secret.Data[file]) {
				t.Errorf("%s is the same", file)
			}
		}
		for _, file := range []string{"ca.crt", "keystore-password"} {
			if string(s.Data[file]) != string(secret.Data[file]) {
				t.Errorf("%s is another", file)
			}
		}
		return nil
	})
	w.eventually("what waited is gone", func() error {
		err := w.Get(w.ctx(), client.ObjectKey{Namespace: "cell", Name: "server-tls-next"}, &corev1.Secret{})
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("it is there: %w", err)
		}
		return nil
	})
	w.quiet(o)
}

// TestTheSecretIsKept: a format that is added comes, what somebody edits or takes out comes
// back, and none of it is another certificate.
func TestTheSecretIsKept(t *testing.T) {
	t.Parallel()
	w := newCertificateWorld(t)
	w.startAll()
	c := certificateOf("cell")
	w.make(c)
	_, before := w.ready("cell")
	if before.Type != corev1.SecretTypeTLS {
		t.Errorf("the Secret is of type %s", before.Type)
	}
	has := func(what string, files ...string) {
		t.Helper()
		w.eventually(what, func() error {
			_, s := w.ready("cell")
			for _, f := range files {
				if len(s.Data[f]) == 0 {
					return fmt.Errorf("there is no %s", f)
				}
			}
			for _, f := range []string{"tls.crt", "tls.key", "ca.crt"} {
				if string(s.Data[f]) != string(before.Data[f]) {
					return fmt.Errorf("%s is another", f)
				}
			}
			return nil
		})
	}
	w.change(c, func() { c.Spec.Formats = []v1alpha1.CertificateFormat{v1alpha1.FormatDER, v1alpha1.FormatPKCS12} })
	has("the formats are there", "tls.der", "key.der", "keystore.p12", "truststore.p12", "keystore-password")
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "cell", Name: "server-tls"}}
	w.change(s, func() {
		delete(s.Data, "tls.der")
		s.Data["keystore.p12"] = []byte("x")
	})
	// Nothing watches Secrets; anything that happens brings a look.
	w.change(c, func() { c.Annotations = map[string]string{"plant.example/looked": "at"} })
	has("what was taken out is back", "tls.der")

	w.change(s, func() { s.Data["tls.key"] = []byte("x") })
	w.change(c, func() { c.Annotations = map[string]string{"plant.example/looked": "again"} })
	w.eventually("a certificate without its key is replaced", func() error {
		_, s := w.ready("cell")
		_, err := tls.X509KeyPair(s.Data["tls.crt"], s.Data["tls.key"])
		return err
	})
}

// TestWhatIsNotIssued: each says why, at its field, and makes no Secret.
func TestWhatIsNotIssued(t *testing.T) {
	t.Parallel()
	w := newCertificateWorld(t)
	w.startAll()
	w.make(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "other", Name: "server-tls"}, Data: map[string][]byte{"mine": []byte("x")}})
	for _, test := range []struct {
		namespace string
		edit      func(*v1alpha1.WorkloadCertificateSpec)
		path      string
	}{
		{"cell", func(s *v1alpha1.WorkloadCertificateSpec) { s.DNSNames = []string{"server.supervision.svc"} }, "spec.dnsNames[0]"},
		{"supervision", func(s *v1alpha1.WorkloadCertificateSpec) { s.IPAddresses = []string{"10.0.0.1"} }, "spec.ipAddresses[0]"},
		{"other", func(*v1alpha1.WorkloadCertificateSpec) {}, "spec"},
	} {
		c := certificateOf(test.namespace, test.edit)
		w.make(c)
		w.eventually("the certificate in "+test.namespace+" is refused", func() error {
			if err := w.Get(w.ctx(), client.ObjectKeyFromObject(c), c); err != nil {
				return err
			}
			if len(c.Status.Findings) == 0 || c.Status.Findings[0].Path != test.path || !meta.IsStatusConditionFalse(c.Status.Conditions, v1alpha1.ConditionAccepted) {
				return fmt.Errorf("findings %v", c.Status.Findings)
			}
			return nil
		})
	}
	for _, n := range []string{"cell", "supervision"} {
		if err := w.Get(w.ctx(), client.ObjectKey{Namespace: n, Name: "server-tls"}, &corev1.Secret{}); !apierrors.IsNotFound(err) {
			t.Errorf("%s: a Secret was made: %v", n, err)
		}
	}
	mine := &corev1.Secret{}
	w.must(w.Get(w.ctx(), client.ObjectKey{Namespace: "other", Name: "server-tls"}, mine))
	if len(mine.Data) != 1 {
		t.Errorf("somebody else's Secret was written over: %d files", len(mine.Data))
	}
}

// TestARotatedAuthority: an authority is replaced while two zones shake hands all the time, and
// none of it fails.
func TestARotatedAuthority(t *testing.T) {
	t.Parallel()
	w := newCertificateWorld(t)
	w.startAll()
	for _, n := range []string{"supervision", "cell"} {
		w.make(certificateOf(n))
	}
	first, _ := w.ready("cell")
	w.ready("supervision")
	w.trusts("supervision", "cell", "supervision")
	w.trusts("cell", "cell", "supervision")
	z := &v1alpha1.Zone{ObjectMeta: objectMeta("cell")}
	w.change(z, func() {
		z.Annotations = map[string]string{v1alpha1.AnnotationRotate: first.Status.Certificate.Authority}
	})
	shaken := 0
	w.eventually("the cell has another authority, alone", func() error {
		w.shakeHandsBothWays()
		shaken += 2
		c, _ := w.ready("cell")
		other, _ := w.ready("supervision")
		if c.Status.Certificate.Authority == first.Status.Certificate.Authority {
			return fmt.Errorf("the old one signed what is in place: step %s", c.Status.Step)
		}
		if len(c.Status.Trust) != 2 || len(other.Status.Trust) != 2 {
			return fmt.Errorf("the old one is trusted: %d and %d", len(c.Status.Trust), len(other.Status.Trust))
		}
		return nil
	})
	t.Logf("%d handshakes during the rotation of an authority", shaken)
	if shaken < 10 {
		t.Errorf("only %d handshakes", shaken)
	}
}
