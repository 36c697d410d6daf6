// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/store"
	cliaudit "github.com/zonewarden/zonewarden/internal/cli/audit"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
)

const (
	trailName = "zonewarden-audit"
	keysName  = "zonewarden-audit-keys"
)

// configMaps are those of the trail, as the operator writes them.
type configMaps struct{ client.Client }

func (m configMaps) Get(ctx context.Context, name string) (store.Object, error) {
	var c corev1.ConfigMap
	err := m.Client.Get(ctx, client.ObjectKey{Namespace: system, Name: name}, &c)
	if apierrors.IsNotFound(err) {
		return store.Object{}, store.ErrNotFound
	}
	return store.Object{Name: c.Name, UID: string(c.UID), Version: c.ResourceVersion, Data: c.Data}, err
}

func (m configMaps) List(context.Context) ([]store.Object, error) { return nil, nil }

func (m configMaps) Create(ctx context.Context, o store.Object) error {
	return m.Client.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: o.Name}, Data: o.Data, Immutable: &o.Immutable,
	})
}

func (m configMaps) Update(ctx context.Context, o store.Object) error {
	return m.Client.Update(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: o.Name, ResourceVersion: o.Version}, Data: o.Data,
	})
}

func (configMaps) Delete(context.Context, store.Object) error { return errors.New("nothing goes here") }

func signer() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) }

func publicKey() string {
	return base64.StdEncoding.EncodeToString(signer().Public().(ed25519.PublicKey))
}

// addTrail writes one of some segments, and publishes its key.
func (p *plant) addTrail(ctx context.Context) error {
	var of corev1.Namespace
	if err := p.admin.Get(ctx, client.ObjectKey{Name: "kube-system"}, &of); err != nil {
		return err
	}
	s, err := store.Open(store.Options{
		Objects: configMaps{p.admin}, Site: string(of.UID), Name: trailName, Signers: []crypto.Signer{signer()}, Segment: 4096, Total: 1 << 20,
	})
	if err != nil {
		return err
	}
	for day := 20; day <= 23; day++ {
		at := time.Date(2026, 11, day, 7, 0, 0, 0, time.UTC)
		_, err := s.Append(ctx, audit.Record{Who: "zonewarden", At: at}, func(entries []audit.Entry) ([]audit.Record, error) {
			var out []audit.Record
			for i := len(entries); i < (day-19)*5; i++ {
				out = append(out, audit.Record{
					Who: "shift-1", What: "Opened", At: at, Object: audit.Object{Kind: "VendorAccessWindow", Name: "acme-night", Generation: 1},
					Clock: audit.Clock{Trusted: true, Reason: "Synchronised"}, Decision: map[string]string{"n": fmt.Sprint(i)},
				})
			}
			return out, nil
		})
		if err != nil {
			return err
		}
	}
	return p.admin.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: keysName}, Data: map[string]string{"keys": publicKey() + "\n"},
	})
}

func expect(t *testing.T, got outcome, code exit.Code, words ...string) {
	t.Helper()
	if got.code != code {
		t.Errorf("exit code %d, want %d\n%s%s", got.code, code, got.out, got.err)
	}
	for _, w := range words {
		if !strings.Contains(got.out+got.err, w) {
			t.Errorf("no %q in:\n%s%s", w, got.out, got.err)
		}
	}
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestAuditOfATrailThatIsWhole(t *testing.T) {
	p := shared
	p.setNow(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
	verified := p.as(t, "auditor-1", "", "audit", "verify")
	expect(t, verified, exit.OK, "intact: entries 1 to 20 of site ", "head: 20:", "note: the keys are from the same cluster")
	if strings.Contains(verified.err, "was not checked") {
		t.Error("the auditor's role does not let them see whose trail it is")
	}
	expect(t, p.as(t, "viewer-1", "", "audit", "verify"), exit.Failed, "forbidden")
	expect(t, p.as(t, "auditor-1", "", "audit", "verify", "--site", "another"), exit.Bad, "OtherSite: entry 1")
	p.forPrograms(t)

	exported := p.as(t, "auditor-1", "", "audit", "export")
	expect(t, exported, exit.OK, "20 lines, head: 20:")
	keys, trail := file(t, "# of the operator\n\n"+publicKey()+"\n"), file(t, exported.out)
	expect(t, p.as(t, "nobody", "", "audit", "verify", "-f", trail, "--keys", keys), exit.OK, "intact: entries 1 to 20")
	expect(t, p.as(t, "nobody", exported.out, "audit", "verify", "-f", "-", "--keys", keys), exit.OK, "intact")
	_, head, _ := strings.Cut(strings.TrimSpace(exported.err), "head: ")
	expect(t, p.as(t, "nobody", "", "audit", "verify", "-f", trail, "--keys", keys, "--head", head), exit.OK, "intact")

	lines := strings.SplitAfter(exported.out, "\n")
	for name, tt := range map[string]struct{ text, fault string }{
		"edited":    {strings.Replace(exported.out, "shift-1", "shift-2", 1), "Edited: entry 1"},
		"removed":   {strings.Join(append(append([]string{}, lines[:3]...), lines[4:]...), ""), "Removed: entry 4"},
		"reordered": {lines[1] + lines[0] + strings.Join(lines[2:], ""), "Reordered: entry"},
		"cut off":   {strings.Join(lines[:15], ""), "Truncated: entry 16"},
		"no line":   {exported.out + "{}\n", "Malformed: at 20"},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, p.as(t, "nobody", "", "audit", "verify", "-f", file(t, tt.text), "--keys", keys, "--head", head), exit.Bad, tt.fault, "error: ")
		})
	}
	expect(t, p.as(t, "nobody", "", "audit", "verify", "-f", file(t, ""), "--keys", keys), exit.Bad, "there is no entry")
	stranger := file(t, base64.StdEncoding.EncodeToString(make([]byte, 32))+"\n")
	expect(t, p.as(t, "nobody", "", "audit", "verify", "-f", trail, "--keys", stranger), exit.Bad, "UnknownKey: entry 1")
}

// forPrograms: the verdict on a trail that is whole, and on one that is not.
func (p *plant) forPrograms(t *testing.T) {
	t.Helper()
	verdict := func(code exit.Code, args ...string) (v cliaudit.Verdict) {
		t.Helper()
		got := p.as(t, "auditor-1", "", append([]string{"audit", "verify", "-o", "json"}, args...)...)
		expect(t, got, code)
		must(t, json.Unmarshal([]byte(got.out), &v))
		return v
	}
	good := verdict(exit.OK)
	if !good.Intact || good.Entries != 20 || good.First != 1 || good.Last != 20 || !strings.HasPrefix(good.Head, "20:") || len(good.Faults) != 0 {
		t.Errorf("of the whole it says %+v", good)
	}
	bad := verdict(exit.Bad, "--site", "another")
	if bad.Intact || bad.Head != "" || len(bad.Faults) != 20 || bad.Faults[1].Kind != audit.OtherSite || bad.Faults[1].Sequence != 2 || bad.Faults[1].Index != 1 {
		t.Errorf("of another site's it says %+v", bad)
	}
}

func TestAuditRefusesWhatItDoesNotUnderstand(t *testing.T) {
	p := shared
	keys := file(t, publicKey()+"\n")
	for _, tt := range []struct {
		says string
		args []string
	}{
		{"--keys is needed with --file", []string{"verify", "-f", keys}},
		{"--keys: there is no key", []string{"verify", "--keys", file(t, "\n")}},
		{`--keys: "abc" is not an Ed25519 public key`, []string{"verify", "--keys", file(t, "abc\n")}},
		{"--keys: open ", []string{"verify", "--keys", "/nowhere"}},
		{"--file: open ", []string{"verify", "-f", "/nowhere", "--keys", keys}},
		{"--head: \"20\" is not SEQUENCE:HASH", []string{"verify", "--head", "20"}},
		{"--head: \"abc\" is not a SHA-256", []string{"verify", "--head", "20:abc"}},
		{"--since: \"soon\" is not a time", []string{"export", "--since", "soon"}},
		{`invalid argument "xml" for "-o, --output" flag: write jsonl or cef`, []string{"export", "-o", "xml"}},
	} {
		expect(t, p.as(t, "auditor-1", "", append([]string{"audit"}, tt.args...)...), exit.Failed, tt.says)
	}
}

func TestAuditExport(t *testing.T) {
	p := shared
	p.setNow(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
	for since, want := range map[string]int{"36h": 10, "2026-11-23 00:00": 5, "2026-11-22T00:00Z": 10, "2026-11-23T07:00:01Z": 0, "1h": 0} {
		got := p.as(t, "auditor-1", "", "audit", "export", "--since", since)
		if n := strings.Count(got.out, "\n"); got.code != exit.OK || n != want {
			t.Errorf("since %s: %d lines, code %d, want %d: %s", since, n, got.code, want, got.err)
		}
	}
	cef := p.as(t, "auditor-1", "", "audit", "export", "-o", "cef")
	expect(t, cef, exit.OK, "CEF:0|Zonewarden|zonewarden|", "externalId=20 ")
	if n := strings.Count(cef.out, "\n"); n != 20 {
		t.Errorf("%d lines of CEF", n)
	}
	// What is damaged is exported as it is, and said to be.
	damaged := file(t, "{}\n")
	got := p.as(t, "nobody", "", "audit", "export", "-f", damaged)
	expect(t, got, exit.Bad, "hold no entry of an audit trail: 1")
	if got.out != "{}\n" {
		t.Errorf("exported %q", got.out)
	}
}
