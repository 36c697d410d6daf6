// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/pki/files"
	"github.com/zonewarden/zonewarden/internal/pki/permit"
)

// offlineMachine is where people keep the key of an authority. It has openssl and nothing of ours.
type offlineMachine struct {
	t   *testing.T
	dir string
}

func (m offlineMachine) openssl(args ...string) {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), "openssl", args...)
	cmd.Dir = m.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		m.t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (m offlineMachine) write(name, text string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

func (m offlineMachine) read(name string) string {
	m.t.Helper()
	raw, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(raw)
}

// authority makes one as the request for it says, and gives it with its list where that is asked for.
func (m offlineMachine) authority(name, request string) string {
	m.t.Helper()
	m.write(name+".cnf", request)
	m.openssl("req", "-x509", "-new", "-config", name+".cnf", "-newkey", "rsa:3072", "-noenc", "-days", "1825", "-keyout", name+".key", "-out", name+".crt")
	if !strings.Contains(request, "[ca]") {
		return m.read(name + ".crt")
	}
	m.write("index.txt", "")
	m.openssl("ca", "-gencrl", "-config", name+".cnf", "-cert", name+".crt", "-keyfile", name+".key", "-out", name+".crl")
	return m.read(name+".crt") + m.read(name+".crl")
}

func (m offlineMachine) sign(by, request string) string {
	m.t.Helper()
	m.write("it.csr", request)
	m.openssl("x509", "-req", "-in", "it.csr", "-CA", by+".crt", "-CAkey", by+".key", "-copy_extensions", "copyall", "-days", "300", "-out", "it.crt")
	return m.read("it.crt")
}

// namesOf are the permits for a Service of a namespace.
func namesOf(t *testing.T, namespace string) []string {
	t.Helper()
	permits, wrong := permit.Of(permit.Asked{Namespace: namespace}, nil)
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	return permits
}

// requestOf waits for what people have to sign for the cell, another request than the last.
func (w *certificateWorld) requestOf(last string) string {
	w.t.Helper()
	c := &v1alpha1.WorkloadCertificate{}
	w.eventually("the certificate in the cell asks for a signature", func() error {
		if err := w.Get(w.ctx(), client.ObjectKey{Namespace: "cell", Name: "server"}, c); err != nil {
			return err
		}
		if c.Status.Request == "" || c.Status.Request == last {
			return fmt.Errorf("step %s, conditions %v, findings %v", c.Status.Step, c.Status.Conditions, c.Status.Findings)
		}
		return nil
	})
	return c.Status.Request
}

// handIn gives a certificate what people signed.
func (w *certificateWorld) handIn(signed string) {
	w.t.Helper()
	c := &v1alpha1.WorkloadCertificate{ObjectMeta: certificateOf("cell").ObjectMeta}
	w.change(c, func() { c.Spec.Issued = signed })
}

// TestAnOfflineAuthority: nothing that its key signs is made here. People make the authority, sign
// the request, replace the certificate and then the authority; what they hand in by mistake is said to be that.
func TestAnOfflineAuthority(t *testing.T) {
	t.Parallel()
	w := newCertificateWorld(t)
	people := offlineMachine{t, t.TempDir()}
	cell := &v1alpha1.Zone{ObjectMeta: objectMeta("cell")}
	w.change(cell, func() {
		cell.Spec.Certificates = &v1alpha1.ZoneCertificates{AuthorityKey: v1alpha1.AuthorityKeyOffline}
	})
	w.startAll()
	for _, n := range []string{"supervision", "cell"} {
		w.make(certificateOf(n))
	}
	w.ready("supervision")
	w.says("people have to sign")
	now := time.Now()
	first := people.authority("first", files.AuthorityRequest("plant", "cell", now, false, namesOf(t, "cell")))
	people.authority("wrong", files.AuthorityRequest("plant", "cell", now, false, namesOf(t, "other")))
	w.change(cell, func() { cell.Spec.Certificates.Authorities = []string{first} })

	request := w.requestOf("")
	w.handIn(people.sign("wrong", request))
	w.says("no authority of the zone signed it")
	w.handIn(people.sign("first", request))
	before, _ := w.ready("cell")
	w.trusts("supervision", "cell", "supervision")
	w.shakeHandsBothWays()
	w.keepsNoKey()

	w.change(before, func() {
		before.Annotations = map[string]string{v1alpha1.AnnotationRotate: before.Status.Certificate.Fingerprint}
	})
	request = w.requestOf(request)
	w.handIn(people.sign("first", request))
	w.isAnother("cell", before)

	second := people.authority("second", files.AuthorityRequest("plant", "cell", now.Add(time.Hour), false, namesOf(t, "cell")))
	w.change(cell, func() { cell.Spec.Certificates.Authorities = []string{first, second} })
	before, _ = w.ready("cell")
	request = w.requestOf(request)
	if err := w.shakeHands("cell", "supervision"); err != nil {
		t.Errorf("between two authorities: %v", err)
	}
	w.handIn(people.sign("second", request))
	after := w.isAnother("cell", before)
	if after.Status.Certificate.Authority == before.Status.Certificate.Authority {
		t.Error("the same authority signed it")
	}
	w.eventually("the first authority is trusted no more", func() error {
		other, _ := w.ready("supervision")
		if len(other.Status.Trust) != 2 {
			return fmt.Errorf("%d are trusted", len(other.Status.Trust))
		}
		return w.shakeHands("cell", "supervision")
	})
}

// TestAnOfflineAuthorityForOPCUA: it has no constraints, an RSA key and a revocation list, which
// is in the folders; the application keeps its own key. Without a list that is said.
func TestAnOfflineAuthorityForOPCUA(t *testing.T) {
	t.Parallel()
	w := newCertificateWorld(t)
	people, device := offlineMachine{t, t.TempDir()}, offlineMachine{t, t.TempDir()}
	request := files.AuthorityRequest("plant", "cell", time.Now(), true, namesOf(t, "cell"))
	made := people.authority("opcua", request)
	for _, wants := range []string{"keyCertSign", "database = index.txt"} {
		if !strings.Contains(request, wants) {
			t.Errorf("the request lacks %s:\n%s", wants, request)
		}
	}
	bare, _, _ := strings.Cut(made, "-----BEGIN X509 CRL")
	cell := &v1alpha1.Zone{ObjectMeta: objectMeta("cell")}
	w.change(cell, func() {
		cell.Spec.Certificates = &v1alpha1.ZoneCertificates{AuthorityKey: v1alpha1.AuthorityKeyOffline, Authorities: []string{bare}}
	})
	w.startAll()
	device.write("it.cnf", `[req]
prompt = no
distinguished_name = name
req_extensions = all
[name]
CN = server
[all]
subjectAltName = URI:urn:plant:server, DNS:server.cell.svc
keyUsage = critical, digitalSignature, nonRepudiation, keyEncipherment, dataEncipherment
extendedKeyUsage = serverAuth, clientAuth
`)
	device.openssl("req", "-new", "-config", "it.cnf", "-newkey", "rsa:2048", "-noenc", "-keyout", "it.key", "-out", "it.csr")
	c := certificateOf("cell", func(s *v1alpha1.WorkloadCertificateSpec) {
		s.Profile, s.URIs = v1alpha1.ProfileOPCUA, []string{"urn:plant:server"}
		s.Key.From, s.Request = v1alpha1.KeyFromApplication, device.read("it.csr")
	})
	w.make(c)
	if got := w.requestOf(""); got != device.read("it.csr") {
		t.Errorf("it asks for something else than the application:\n%s", got)
	}
	w.handIn(people.sign("opcua", device.read("it.csr")))
	_, secret := w.ready("cell")
	if len(secret.Data["tls.key"]) > 0 {
		t.Error("there is a key in the Secret, and the application has it")
	}
	w.eventually("it says that there is no list", func() error {
		c, _ := w.ready("cell")
		if len(c.Status.Findings) == 0 || c.Status.Findings[0].Reason != v1alpha1.ReasonNoRevocationList {
			return fmt.Errorf("findings %v", c.Status.Findings)
		}
		return nil
	})
	w.change(cell, func() { cell.Spec.Certificates.Authorities = []string{made} })
	w.eventually("the list is in its folder", func() error {
		folder := &corev1.ConfigMap{}
		if err := w.Get(w.ctx(), client.ObjectKey{Namespace: "cell", Name: "server-tls-trusted-crl"}, folder); err != nil {
			return err
		}
		if c, _ := w.ready("cell"); len(folder.BinaryData) != 1 || len(c.Status.Findings) > 0 {
			return fmt.Errorf("%d lists, findings %v", len(folder.BinaryData), c.Status.Findings)
		}
		return nil
	})
}

// says waits until the certificate in the cell says so while it is not ready.
func (w *certificateWorld) says(words string) {
	w.t.Helper()
	c := &v1alpha1.WorkloadCertificate{}
	w.eventually("the certificate in the cell says "+words, func() error {
		if err := w.Get(w.ctx(), client.ObjectKey{Namespace: "cell", Name: "server"}, c); err != nil {
			return err
		}
		if found := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionReady); found == nil || !strings.Contains(found.Message, words) {
			return fmt.Errorf("conditions %v, findings %v", c.Status.Conditions, c.Status.Findings)
		}
		return nil
	})
}

// isAnother waits until another certificate is in place, and nothing waits.
func (w *certificateWorld) isAnother(namespace string, before *v1alpha1.WorkloadCertificate) *v1alpha1.WorkloadCertificate {
	w.t.Helper()
	var c *v1alpha1.WorkloadCertificate
	w.eventually("the certificate in "+namespace+" is another", func() error {
		if c, _ = w.ready(namespace); c.Status.Certificate.Fingerprint == before.Status.Certificate.Fingerprint || c.Status.Step != "Idle" {
			return fmt.Errorf("step %s, conditions %v", c.Status.Step, c.Status.Conditions)
		}
		return nil
	})
	return c
}
