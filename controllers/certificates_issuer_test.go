// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	pki "github.com/zonewarden/zonewarden/internal/pki/authority"
	"github.com/zonewarden/zonewarden/internal/pki/files"
	"github.com/zonewarden/zonewarden/test/certmanager"
)

func (w *certificateWorld) newRoot(name string) (pki.Key, pki.Root) {
	w.t.Helper()
	key, err := pki.NewKey(v1alpha1.KeyKind{Algorithm: v1alpha1.KeyECDSA, Size: 256})
	w.must(err)
	root, err := pki.NewRoot(name, key, time.Now(), time.Now().Add(365*24*time.Hour))
	w.must(err)
	return key, root
}

// answered answers the one request that an issuer has, as it would.
func (w *certificateWorld) answered(issuer, condition, message string, certificate []byte) {
	w.t.Helper()
	requests := &unstructured.UnstructuredList{}
	requests.SetAPIVersion("cert-manager.io/v1")
	requests.SetKind("CertificateRequestList")
	w.must(w.List(w.ctx(), requests))
	found := 0
	for _, r := range requests.Items {
		if name, _, _ := unstructured.NestedString(r.Object, "spec", "issuerRef", "name"); name != issuer {
			continue
		}
		found++
		status := map[string]any{"conditions": []any{map[string]any{
			"type": condition, "status": "True", "reason": "policy.example", "message": message, "lastTransitionTime": time.Now().UTC().Format(time.RFC3339),
		}}}
		if certificate != nil {
			status["certificate"] = base64.StdEncoding.EncodeToString(certificate)
		}
		r.Object["status"] = status
		w.must(w.Status().Update(w.ctx(), &r))
	}
	if found != 1 {
		w.t.Fatalf("%d requests to the issuer %s", found, issuer)
	}
}

// issuerAuthority gives an issuer an authority, a new one each time.
func (w *certificateWorld) issuerAuthority(name string) {
	w.t.Helper()
	key, root := w.newRoot(name)
	private, err := key.PEM()
	w.must(err)
	s := &corev1.Secret{ObjectMeta: objectMeta(name), Type: corev1.SecretTypeTLS}
	s.Namespace = certmanager.Namespace
	data := map[string][]byte{"tls.crt": files.PEM(root.Certificate), "tls.key": private}
	if err := w.Get(w.ctx(), client.ObjectKeyFromObject(s), &corev1.Secret{}); err == nil {
		w.change(s, func() { s.Data = data })
		return
	}
	s.Data = data
	w.make(s)
	w.t.Cleanup(func() { w.must(client.IgnoreNotFound(w.Delete(w.ctx(), s))) })
}

func (w *certificateWorld) clusterIssuer(name string) {
	w.t.Helper()
	w.issuerAuthority(name)
	u := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"ca": map[string]any{"secretName": name}}}}
	u.SetAPIVersion("cert-manager.io/v1")
	u.SetKind("ClusterIssuer")
	u.SetName(name)
	w.make(u)
	w.t.Cleanup(func() { w.must(client.IgnoreNotFound(w.Delete(w.ctx(), u))) })
}

// signedBy has an issuer sign for the cell.
func (w *certificateWorld) signedBy(issuer *v1alpha1.IssuerReference) {
	w.t.Helper()
	z := &v1alpha1.Zone{ObjectMeta: objectMeta("cell")}
	w.change(z, func() { z.Spec.Certificates = &v1alpha1.ZoneCertificates{IssuerRef: issuer} })
}

// shakingHands runs f again and again until it is content, and no handshake of the two fails
// meanwhile.
func (w *certificateWorld) shakingHands(what string, f func() error) {
	w.t.Helper()
	shaken := 0
	w.eventually(what, func() error {
		w.shakeHandsBothWays()
		shaken += 2
		return f()
	})
	w.t.Logf("%s: %d handshakes", what, shaken)
}

func (w *certificateWorld) shakeHandsBothWays() {
	w.t.Helper()
	for _, pair := range [][2]string{{"cell", "supervision"}, {"supervision", "cell"}} {
		if err := w.shakeHands(pair[0], pair[1]); err != nil {
			w.t.Errorf("%s and %s: %v", pair[0], pair[1], err)
		}
	}
}

// keepsNoKey waits until no key is kept of the cell's authority.
func (w *certificateWorld) keepsNoKey() {
	w.t.Helper()
	w.eventually("no key of the cell's authority is here", func() error {
		kept := &corev1.Secret{}
		w.must(w.Get(w.ctx(), client.ObjectKey{Namespace: here.Namespace, Name: "authority-cell"}, kept))
		for name := range kept.Data {
			if strings.HasSuffix(name, "key") {
				return fmt.Errorf("there is %s", name)
			}
		}
		return nil
	})
}

// authorityOf is what signed the certificate in the cell, where that is in place and all
// trust is settled.
func (w *certificateWorld) authorityOf(trusted int) (string, error) {
	w.t.Helper()
	c, _ := w.ready("cell")
	other, _ := w.ready("supervision")
	if c.Status.Step != "Idle" || len(other.Status.Trust) != trusted {
		return "", fmt.Errorf("step %s, %d trusted, conditions %v", c.Status.Step, len(other.Status.Trust), c.Status.Conditions)
	}
	return c.Status.Certificate.Authority, nil
}

// TestAnIssuerOfCertManager: a zone goes from the built-in issuer to one of cert-manager's, the
// issuer gets another authority, and the zone goes back. The two that have a conduit shake hands all the time.
func TestAnIssuerOfCertManager(t *testing.T) {
	t.Parallel()
	w := newCertificateWorld(t)
	certmanager.Start(t, w.plane)
	w.clusterIssuer("cell-ca")
	w.startAll()
	for _, n := range certificateNamespaces {
		w.make(certificateOf(n))
	}
	for _, n := range certificateNamespaces {
		w.ready(n)
	}
	w.trusts("supervision", "cell", "supervision")
	w.trusts("cell", "cell", "supervision")
	last, _ := w.ready("cell")
	by := last.Status.Certificate.Authority
	another := func() error {
		got, err := w.authorityOf(2)
		if err == nil && got == by {
			c, _ := w.ready("cell")
			err = fmt.Errorf("the same authority signed it: conditions %v, findings %v", c.Status.Conditions, c.Status.Findings)
		}
		if err == nil {
			by = got
		}
		return err
	}

	w.signedBy(&v1alpha1.IssuerReference{Name: "cell-ca", Kind: "ClusterIssuer", Group: "cert-manager.io"})
	w.shakingHands("an issuer signs for the cell", another)
	if err := w.shakeHands("cell", "other"); err == nil {
		t.Error("the office has no conduit, and shakes hands")
	}
	w.keepsNoKey()

	w.issuerAuthority("cell-ca")
	c, _ := w.ready("cell")
	w.change(c, func() { c.Annotations = map[string]string{v1alpha1.AnnotationRotate: c.Status.Certificate.Fingerprint} })
	w.shakingHands("the issuer has another authority", another)

	w.signedBy(nil)
	w.shakingHands("the built-in issuer signs again", another)
	requests := &unstructured.UnstructuredList{}
	requests.SetAPIVersion("cert-manager.io/v1")
	requests.SetKind("CertificateRequestList")
	w.must(w.List(w.ctx(), requests))
	if len(requests.Items) > 0 {
		t.Errorf("%d requests are left", len(requests.Items))
	}
}

// TestAnIssuerThatDoesNot: what an approver or an issuer says is said of the certificate, and
// nothing is issued.
func TestAnIssuerThatDoesNot(t *testing.T) {
	t.Parallel()
	w := newCertificateWorld(t)
	certmanager.Start(t, w.plane)
	w.signedBy(&v1alpha1.IssuerReference{Name: "cell-ca", Kind: "ClusterIssuer", Group: "cert-manager.io"})
	w.startAll()
	w.make(certificateOf("cell"))
	w.says(`Referenced "ClusterIssuer" not found`)

	w.signedBy(&v1alpha1.IssuerReference{Name: "denied", Kind: "Robot", Group: "robots.example"})
	w.says("it waits for an approval")
	w.answered("denied", "Denied", "not for a pump", nil)
	w.says("not for a pump")

	w.signedBy(&v1alpha1.IssuerReference{Name: "silent", Kind: "Robot", Group: "robots.example"})
	w.says("it waits for an approval")
	_, root := w.newRoot("robot")
	w.answered("silent", "Ready", "signed", files.PEM(root.Certificate))
	w.says("the issuer does not say what its authority is")
	if err := w.Get(w.ctx(), client.ObjectKey{Namespace: "cell", Name: "server-tls"}, &corev1.Secret{}); err == nil {
		t.Error("a Secret was made")
	}
}
