// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/certs"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
)

const certNamespace = "certs"

// certificate makes one of which the operator says this.
func (p *plant) certificate(t *testing.T, name string, status func(*v1alpha1.WorkloadCertificateStatus)) *v1alpha1.WorkloadCertificate {
	t.Helper()
	err := p.admin.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: certNamespace}})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	c := &v1alpha1.WorkloadCertificate{
		ObjectMeta: metav1.ObjectMeta{Namespace: certNamespace, Name: name},
		Spec: v1alpha1.WorkloadCertificateSpec{
			Profile: v1alpha1.ProfileTLSServer, DNSNames: []string{name + ".certs.svc"}, SecretName: name,
		},
	}
	must(t, p.admin.Create(t.Context(), c))
	t.Cleanup(func() { must(t, client.IgnoreNotFound(p.admin.Delete(context.Background(), c))) })
	c.Status = v1alpha1.WorkloadCertificateStatus{
		Status: v1alpha1.Status{ObservedGeneration: c.Generation}, Zone: "cell", Step: "Idle",
		Certificate: &v1alpha1.CertificateFacts{
			Serial: "0a", Fingerprint: "abcd", NotBefore: metav1.NewTime(monday), NotAfter: metav1.NewTime(monday.Add(40 * 24 * time.Hour)),
		},
	}
	says(c, v1alpha1.ConditionReady, metav1.ConditionTrue, "Valid", "it is valid")
	if status != nil {
		status(&c.Status)
	}
	must(t, p.admin.Status().Update(t.Context(), c))
	return c
}

func says(c *v1alpha1.WorkloadCertificate, kind string, status metav1.ConditionStatus, reason, message string) {
	c.Status.Conditions = append(c.Status.Conditions, certCondition(kind, status, reason, message))
}

func certCondition(kind string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: reason, Message: message, LastTransitionTime: metav1.NewTime(monday)}
}

// twoCertificates are those of the page: one that is well, and one that waits for a device.
func twoCertificates(t *testing.T, p *plant) {
	t.Helper()
	p.certificate(t, "historian", nil)
	p.certificate(t, "opcua", func(s *v1alpha1.WorkloadCertificateStatus) {
		s.Step = v1alpha1.StepAwaitingPeers
		s.Certificate.NotAfter = metav1.NewTime(monday.Add(10 * 24 * time.Hour))
		s.OutsidePeers = []v1alpha1.OutsidePeerStatus{{Name: "HMI-02", Fingerprint: "aa11", Install: "opcua-install authority.der"}}
		s.Conditions = append(s.Conditions,
			certCondition(v1alpha1.ConditionExpiring, metav1.ConditionTrue, "RunsOutSoon", "a certificate that may be in use runs out soon"),
			certCondition("Deferred", metav1.ConditionTrue, "OutsidePeers", "nobody said that each peer outside the cluster trusts what comes: HMI-02"))
	})
}

func TestCertificatesForACronJob(t *testing.T) {
	p := shared
	p.setNow(monday)
	p.certificate(t, "good", nil)
	expect(t, p.as(t, "viewer-1", "", "certs", "verify"), exit.OK, "ok    certs/good")
	bad := map[string]func(*v1alpha1.WorkloadCertificateStatus){
		"expiring": func(s *v1alpha1.WorkloadCertificateStatus) {
			s.Conditions = append(s.Conditions, certCondition(v1alpha1.ConditionExpiring, metav1.ConditionTrue, "RunsOutSoon", "it runs out soon"))
		},
		"other": func(s *v1alpha1.WorkloadCertificateStatus) {
			s.Conditions = append(s.Conditions, certCondition(v1alpha1.ConditionServed, metav1.ConditionFalse, "ServesOther", "another is served"))
		},
		"over":   func(s *v1alpha1.WorkloadCertificateStatus) { s.Certificate.NotAfter = metav1.NewTime(monday) },
		"none":   func(s *v1alpha1.WorkloadCertificateStatus) { s.Certificate = nil },
		"unseen": func(s *v1alpha1.WorkloadCertificateStatus) { s.ObservedGeneration = 0 },
	}
	want := map[string]string{
		"expiring": "Expiring=True (RunsOutSoon): it runs out soon", "other": "Served=False (ServesOther): another is served",
		"over": "it has run out", "none": "there is no certificate", "unseen": "the operator has not seen its last change",
	}
	for name, status := range bad {
		p.certificate(t, name, status)
		expect(t, p.as(t, "viewer-1", "", "certs", "verify", "certs/good", "certs/"+name), exit.Bad,
			"ok    certs/good", "BAD   certs/"+name+": "+want[name], "1 of 2 certificates need somebody")
	}
	expect(t, p.as(t, "viewer-1", "", "certs", "verify", "-n", certNamespace), exit.Bad, "5 of 6 certificates need somebody")
	expect(t, p.as(t, "viewer-1", "", "certs", "verify", "-n", "mistyped"), exit.OK)
	p.certificate(t, "refused", func(s *v1alpha1.WorkloadCertificateStatus) {
		s.Conditions = append(s.Conditions, certCondition(v1alpha1.ConditionAccepted, metav1.ConditionFalse, "GivenTwice", "it is refused"))
	})
	expect(t, p.as(t, "viewer-1", "", "certs", "verify", "certs/refused"), exit.Bad, "Accepted=False (GivenTwice): it is refused")
	expect(t, p.as(t, "viewer-1", "", "certs", "verify", "good"), exit.Failed, `"good" is not NAMESPACE/NAME`)
	expect(t, p.as(t, "viewer-1", "", "certs", "verify", "certs/absent"), exit.Failed, "there is no certificate certs/absent")
	expect(t, p.as(t, "tech-1@acme.example", "", "certs", "list"), exit.Failed, "cannot list resource")
}

func TestCertificatesAreListed(t *testing.T) {
	p := shared
	p.setNow(monday)
	p.certificate(t, "listed", func(s *v1alpha1.WorkloadCertificateStatus) {
		s.OutsidePeers = []v1alpha1.OutsidePeerStatus{{Name: "HMI-02", Fingerprint: "ef", Install: "x", Trusted: false}, {Name: "PLC-1", Fingerprint: "ef", Install: "x", Trusted: true}}
	})
	expect(t, p.as(t, "viewer-1", "", "certs", "list", "-n", certNamespace), exit.OK,
		"NAMESPACE", "listed", "TLSServer", "cell", "True", "40d", "Idle", "HMI-02")
	got := p.as(t, "viewer-1", "", "certs", "list", "-n", certNamespace, "-o", "json")
	var list certs.List
	must(t, json.Unmarshal([]byte(got.out), &list))
	if len(list.Certificates) != 1 || list.Kind != "CertificateList" || cmp.Diff([]string{"HMI-02"}, list.Certificates[0].WaitsFor) != "" {
		t.Errorf("%+v", list)
	}
	expect(t, p.as(t, "viewer-1", "", "certs", "list", "-n", "default"), exit.OK, "there are no certificates")
}

func TestARotationIsAskedFor(t *testing.T) {
	p := shared
	p.setNow(monday)
	c := p.certificate(t, "turned", nil)
	expect(t, p.as(t, "viewer-1", "", "certs", "rotate", "certs/turned"), exit.Failed, "cannot patch resource")
	expect(t, p.as(t, "admin", "", "certs", "rotate", "certs/turned"), exit.OK, "asked for")
	must(t, p.admin.Get(t.Context(), client.ObjectKeyFromObject(c), c))
	if got := c.Annotations[v1alpha1.AnnotationRotate]; got != "abcd" {
		t.Errorf("the annotation says %q, not what is to be replaced", got)
	}
	expect(t, p.as(t, "admin", "", "certs", "rotate", "certs/turned", "--wait", "1s"), exit.Unknown, "not swapped within 1s: the step is Idle")
	p.certificate(t, "never", func(s *v1alpha1.WorkloadCertificateStatus) { s.Certificate = nil })
	expect(t, p.as(t, "admin", "", "certs", "rotate", "certs/never"), exit.Failed, "has no certificate yet")
}

func TestADeviceIsAcknowledged(t *testing.T) {
	p := shared
	p.setNow(monday)
	peer := func(fingerprint string) func(*v1alpha1.WorkloadCertificateStatus) {
		return func(s *v1alpha1.WorkloadCertificateStatus) {
			s.OutsidePeers = []v1alpha1.OutsidePeerStatus{{Name: "HMI-02", Fingerprint: fingerprint, Install: "x"}}
		}
	}
	c := p.certificate(t, "shown", peer("aa11"))
	trusted := func() string {
		t.Helper()
		must(t, p.admin.Get(t.Context(), client.ObjectKeyFromObject(c), c))
		return c.Annotations[v1alpha1.AnnotationTrustedBy+"HMI-02"]
	}
	expect(t, p.as(t, "admin", "", "certs", "acknowledge", "certs/shown"), exit.Failed, `"peer" not set`)
	expect(t, p.as(t, "admin", "", "certs", "acknowledge", "certs/shown", "--peer", "PLC-9"), exit.Failed, `waits for no "PLC-9"`)
	expect(t, p.as(t, "admin", "", "certs", "acknowledge", "certs/shown", "--peer", "HMI-02", "--fingerprint", "AA:12"), exit.Bad, "it has something else")
	if got := trusted(); got != "" {
		t.Errorf("it was acknowledged: %s", got)
	}
	expect(t, p.as(t, "admin", "", "certs", "acknowledge", "certs/shown", "--peer", "HMI-02", "--fingerprint", "AA:11"), exit.OK, "HMI-02 trusts aa11")
	for _, next := range []string{"bb22", "cc33"} {
		_ = trusted()
		peer(next)(&c.Status)
		must(t, p.admin.Status().Update(t.Context(), c))
		expect(t, p.as(t, "admin", "", "certs", "acknowledge", "certs/shown", "--peer", "HMI-02"), exit.OK, "trusts "+next)
	}
	if got := trusted(); got != "bb22,cc33" {
		t.Errorf("it trusts %s: want the last one and the one before", got)
	}
}

// TestPeopleSign: what goes to an authority whose key people keep, and what comes back. Keys are
// handed to nobody.
func TestPeopleSign(t *testing.T) {
	p := shared
	p.setNow(monday)
	c := p.certificate(t, "asks", func(s *v1alpha1.WorkloadCertificateStatus) { s.Zone, s.Request = "offline", "a request" })
	p.certificate(t, "idle", nil)
	expect(t, p.as(t, "viewer-1", "", "certs", "request", "certs/asks"), exit.OK, "a request")
	expect(t, p.as(t, "viewer-1", "", "certs", "request", "certs/idle"), exit.Bad, "certs/idle asks for nothing now")

	z := &v1alpha1.Zone{ObjectMeta: metav1.ObjectMeta{Name: "offline"}, Spec: v1alpha1.ZoneSpec{
		Purdue: v1alpha1.LevelL2, Type: v1alpha1.ZoneTypeControl, Owner: "operations", Enforcement: v1alpha1.EnforcementObserve,
		SLTarget: v1alpha1.SecurityLevels{All: new(v1alpha1.SecurityLevel(1))},
		Members:  v1alpha1.ZoneMembers{Workloads: []v1alpha1.WorkloadMembers{{Namespaces: []string{"offline"}}}},
	}}
	must(t, p.admin.Create(t.Context(), z))
	t.Cleanup(func() { must(t, client.IgnoreNotFound(p.admin.Delete(context.Background(), z))) })
	expect(t, p.as(t, "admin", "", "certs", "request", "offline"), exit.OK,
		"OU = offline", "CN = offline 2026-11-23", "permitted;DNS.0 = certs", "excluded;IP.1", "openssl req -x509")
	expect(t, p.as(t, "admin", "", "certs", "request", "offline", "--opcua"), exit.Failed, "declare one first")
	expect(t, p.as(t, "admin", "", "certs", "request", "nowhere"), exit.Failed, "reading zone nowhere")

	block := func(kind string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes.Repeat([]byte("x"), 64)}))
	}
	made, list := block("CERTIFICATE"), block("X509 CRL")
	for _, target := range []string{"certs/asks", "offline"} {
		expect(t, p.as(t, "admin", made+block("PRIVATE KEY"), "certs", "install", target, "-f", "-"), exit.Failed, "it holds a PRIVATE KEY")
		expect(t, p.as(t, "admin", list, "certs", "install", target, "-f", "-"), exit.Failed, "there is no certificate in it")
		expect(t, p.as(t, "viewer-1", made, "certs", "install", target, "-f", "-"), exit.Failed, "cannot patch resource")
		expect(t, p.as(t, "admin", "words\n"+made+list, "certs", "install", target, "-f", "-"), exit.OK, "handed in")
	}
	expect(t, p.as(t, "admin", made+list, "certs", "install", "offline", "-f", "-"), exit.OK, "it is there already")
	expect(t, p.asReading(t, "admin", asksForNothing{t}, "certs", "install", "offline", "-f", file(t, made+list)), exit.OK, "it is there already")
	must(t, p.admin.Get(t.Context(), client.ObjectKeyFromObject(c), c))
	must(t, p.admin.Get(t.Context(), client.ObjectKeyFromObject(z), z))
	if diff := cmp.Diff([]string{made + list, made + list}, append([]string{c.Spec.Issued}, z.Spec.Certificates.Authorities...)); diff != "" {
		t.Errorf("what was handed in (-want +have)\n%s", diff)
	}
}

// asksForNothing is a screen at which somebody sits who was not asked for anything: to read
// from it waits for ever.
type asksForNothing struct{ *testing.T }

func (a asksForNothing) Read([]byte) (int, error) {
	a.Error("it reads from the screen what is in a file")
	return 0, io.EOF
}
