// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// TestKeysAreNowhereElse: after a rotation of a certificate and one of its authority, no key that
// was in a Secret meanwhile is in an object that is none, in an event, the log or the metrics.
func TestKeysAreNowhereElse(t *testing.T) {
	w := newCertificateWorld(t)
	w.startAll()
	w.make(certificateOf("cell", func(s *v1alpha1.WorkloadCertificateSpec) {
		s.Formats = []v1alpha1.CertificateFormat{v1alpha1.FormatDER, v1alpha1.FormatPKCS12}
	}))
	w.make(certificateOf("supervision", func(s *v1alpha1.WorkloadCertificateSpec) { // it has ConfigMaps
		s.Profile, s.URIs = v1alpha1.ProfileOPCUA, []string{"urn:plant:server"}
	}))
	keys := secretFiles{}
	w.ready("supervision")
	c, _ := w.ready("cell")
	w.collect(keys)
	w.change(c, func() { c.Annotations = map[string]string{v1alpha1.AnnotationRotate: c.Status.Certificate.Fingerprint} })
	c = w.isAnother("cell", c)
	w.collect(keys)
	z := &v1alpha1.Zone{ObjectMeta: objectMeta("cell")}
	w.change(z, func() { z.Annotations = map[string]string{v1alpha1.AnnotationRotate: c.Status.Certificate.Authority} })
	w.eventually("another authority signs, alone", func() error {
		w.collect(keys)
		now, _ := w.ready("cell")
		if now.Status.Certificate.Authority == c.Status.Certificate.Authority || len(now.Status.Trust) != 1 || now.Status.Step != v1alpha1.StepIdle {
			return fmt.Errorf("step %s, %d trusted", now.Status.Step, len(now.Status.Trust))
		}
		return nil
	})
	w.collect(keys)

	for place, told := range w.told() {
		for file, contents := range keys {
			for data := range contents {
				for form, words := range formsOf(file, []byte(data)) {
					if strings.Contains(told, words) {
						t.Errorf("a %s is in %s, as %s", file, place, form)
					}
				}
			}
		}
	}
	for file, least := range map[string]int{"tls.key": 4, "key.der": 3, "keystore.p12": 3, "keystore-password": 1, "of an authority": 4} {
		if got := len(keys[file]); got < least {
			t.Errorf("looked for %d of %s: want %d at least", got, file, least)
		}
	}
}

// secretFiles are the contents that files with keys had, by file.
type secretFiles map[string]map[string]bool

// collect notes what there is of keys in Secrets now.
func (w *certificateWorld) collect(keys secretFiles) {
	w.t.Helper()
	var secrets corev1.SecretList
	w.must(w.List(w.ctx(), &secrets))
	for _, s := range secrets.Items {
		for file, data := range s.Data {
			switch {
			case file == "tls.key", file == "key.der", file == "keystore.p12", file == "keystore-password":
			case strings.Contains(string(data), "PRIVATE KEY"):
				file = "of an authority"
			default:
				continue
			}
			if keys[file] == nil {
				keys[file] = map[string]bool{}
			}
			keys[file][string(data)] = true
		}
	}
}

// told is everything that the operator said, by place. Nothing in it is left out as what it
// points to would be by %v.
func (w *certificateWorld) told() map[string]string {
	w.t.Helper()
	out := map[string]string{}
	for place, list := range map[string]client.ObjectList{
		"a WorkloadCertificate": &v1alpha1.WorkloadCertificateList{}, "a Zone": &v1alpha1.ZoneList{}, "a Site": &v1alpha1.SiteList{},
		"an event": &corev1.EventList{}, "a ConfigMap": &corev1.ConfigMapList{},
	} {
		w.must(w.List(w.ctx(), list))
		raw, err := json.Marshal(list)
		w.must(err)
		out[place] = string(raw)
	}
	families, err := metrics.Registry.Gather()
	w.must(err)
	for _, f := range families {
		out["the metrics"] += f.String() + "\n"
	}
	w.mu.Lock()
	out["the log"] = w.logged.String()
	w.mu.Unlock()
	for place, word := range map[string]string{
		"a WorkloadCertificate": `"fingerprint"`, "a Zone": `"status":{"`, "a Site": `"status":{"`, "an event": `"WorkloadCertificate"`,
		"a ConfigMap": `"server-tls-trusted"`,
		"the metrics": "zonewarden_certificate_end_timestamp_seconds", "the log": "certificates",
	} {
		if !strings.Contains(out[place], word) {
			w.t.Errorf("there is no %s in %s: it was not looked at", word, place)
		}
	}
	return out
}

// formsOf a file of a Secret: the words by which it would be told, from a part of it that is
// secret. A third of the way into a key nothing is public yet, or not any more.
func formsOf(file string, data []byte) map[string]string {
	if file == "keystore-password" {
		return map[string]string{"plain text": string(data)}
	}
	third := func(s string) string { return s[len(s)/3 : len(s)/3+20] }
	out := map[string]string{"base64": third(base64.StdEncoding.EncodeToString(data))}
	if block, _ := pem.Decode(data); block != nil {
		lines := strings.Split(string(data), "\n")
		out["PEM"] = lines[len(lines)/3]
		data = block.Bytes
		out["base64 of what is in the PEM"] = third(base64.StdEncoding.EncodeToString(data))
	}
	part := data[len(data)/3 : len(data)/3+16]
	out["hexadecimal digits"] = hex.EncodeToString(part)
	out["numbers"] = strings.Trim(fmt.Sprintf("%d", part), "[]")
	return out
}
