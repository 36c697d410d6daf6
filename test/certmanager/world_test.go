// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package certmanager_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/test/certmanager"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

// patience is how long a test waits for what takes a second on an idle machine.
const patience = time.Minute

// keys are those of requests, by the request's name.
type keys map[string]*ecdsa.PrivateKey

type world struct {
	t      *testing.T
	plane  *controlplane.ControlPlane
	client client.Client
	keys   keys
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// named is an object to look up, in the default namespace where it has one.
func (w *world) named(kind, name string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{}}
	o.SetAPIVersion("cert-manager.io/v1")
	o.SetKind(kind)
	o.SetName(name)
	if kind != "ClusterIssuer" {
		o.SetNamespace(metav1.NamespaceDefault)
	}
	return o
}

func (w *world) get(o *unstructured.Unstructured) {
	w.t.Helper()
	w.must(w.client.Get(w.t.Context(), client.ObjectKeyFromObject(o), o))
}

// request makes a key and asks an issuer for a certificate of NAME.example.
func (w *world) request(name, issuerKind, issuer string) *unstructured.Unstructured {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must(err)
	w.keys[name] = key
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{name + ".example"}}, key)
	w.must(err)
	o := w.named("CertificateRequest", name)
	o.Object["spec"] = map[string]any{
		"request":   base64.StdEncoding.EncodeToString(block("CERTIFICATE REQUEST", der)),
		"usages":    []any{"digital signature", "server auth"},
		"issuerRef": map[string]any{"name": issuer, "kind": issuerKind, "group": "cert-manager.io"},
	}
	w.must(w.client.Create(w.t.Context(), o))
	return o
}

// deny says what an approver says that does not want it.
func (w *world) deny(request *unstructured.Unstructured) {
	w.t.Helper()
	w.must(unstructured.SetNestedSlice(request.Object, []any{map[string]any{
		"type": "Denied", "status": "True", "reason": "tests.example", "message": "not today",
		"lastTransitionTime": time.Now().UTC().Format(time.RFC3339),
	}}, "status", "conditions"))
	w.must(w.client.Status().Update(w.t.Context(), request))
}

// authority makes a Secret with a new one where ClusterIssuers look.
func (w *world) authority(name string) *x509.Certificate {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	w.must(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	w.must(err)
	root, err := x509.ParseCertificate(der)
	w.must(err)
	w.must(w.client.Create(w.t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: certmanager.Namespace}}))
	w.must(w.client.Create(w.t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: certmanager.Namespace},
		Type:       corev1.SecretTypeTLS,
		Data: map[string][]byte{
			corev1.TLSCertKey:       block("CERTIFICATE", der),
			corev1.TLSPrivateKeyKey: block("PRIVATE KEY", private),
		},
	}))
	return root
}

// issuer makes one with the authority in the Secret of its own name.
func (w *world) issuer(kind, name string) {
	w.t.Helper()
	o := w.named(kind, name)
	o.Object["spec"] = map[string]any{"ca": map[string]any{"secretName": name}}
	w.must(w.client.Create(w.t.Context(), o))
}

// condition is the condition of a type, nil if there is none, of an object as last got.
func (w *world) condition(o *unstructured.Unstructured, kind string) map[string]any {
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, entry := range list {
		if c, ok := entry.(map[string]any); ok && c["type"] == kind {
			return c
		}
	}
	return nil
}

// is waits until a condition has a status and a reason.
func (w *world) is(t *testing.T, o *unstructured.Unstructured, kind, status, reason string) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		err := w.client.Get(ctx, client.ObjectKeyFromObject(o), o)
		c := w.condition(o, kind)
		return c["status"] == status && c["reason"] == reason, err
	})
	if err != nil {
		t.Fatalf("waiting until %s %s is %s=%s, %s: %v, status %v", o.GetKind(), o.GetName(), kind, status, reason, err, o.Object["status"])
	}
}

// certificate is the first one in a field of the status.
func certificate(t *testing.T, o *unstructured.Unstructured, field string) *x509.Certificate {
	t.Helper()
	encoded, _, _ := unstructured.NestedString(o.Object, "status", field)
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatalf("status.%s: %v", field, err)
	}
	first, _ := pem.Decode(text)
	if first == nil {
		t.Fatalf("status.%s is %q", field, text)
	}
	c, err := x509.ParseCertificate(first.Bytes)
	if err != nil {
		t.Fatalf("status.%s: %v", field, err)
	}
	return c
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// contains tells whether what was said, an error or a field, has a text in it.
func contains(said any, text string) bool { return strings.Contains(fmt.Sprint(said), text) }

func alive(id int) bool { return !errors.Is(syscall.Kill(id, 0), syscall.ESRCH) }

// kill ends a process of this test as a crash would, and returns when it is reaped.
func kill(t *testing.T, id int) {
	t.Helper()
	if err := syscall.Kill(id, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		return !alive(id), nil
	})
	if err != nil {
		t.Fatalf("process %d does not end: %v", id, err)
	}
}

// resident is the memory of a process, as Linux tells it.
func resident(t *testing.T, id int) string {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", id))
	if err != nil {
		return "unknown memory"
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strings.TrimSpace(value)
		}
	}
	return "unknown memory"
}
