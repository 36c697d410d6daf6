// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/audit"
)

// Blocks of docs/audit.md.
var (
	specHash     = typed{"docs/audit.md", "kubectl get vendoraccesswindow NAME"}
	exportTrail  = typed{"docs/audit.md", "ns=zonewarden-system"}
	verifyScript = typed{"docs/audit.md", "keys="}
	sendBySyslog = typed{"docs/audit.md", "kubectl -n zonewarden-system create secret generic zonewarden-syslog"}
	nextKey      = typed{"docs/audit.md", "openssl genpkey -algorithm ed25519 -out next.pem\nkubectl -n zonewarden-system patch"}
	lostKey      = typed{"docs/audit.md", "openssl genpkey -algorithm ed25519 -out next.pem\nkubectl -n zonewarden-system create"}
	beginAnew    = typed{"docs/audit.md", "kubectl -n zonewarden-system delete configmap"}
)

// ofTheTrail are those that TestThePageOfTheTrail types.
var ofTheTrail = []typed{specHash, exportTrail, verifyScript, sendBySyslog, nextKey, lostKey, beginAnew}

// longTrail is more than one object holds: of locks, whose reason a person writes, in four
// bytes a character.
const longTrail = `for i in $(seq 16); do printf -- '---
apiVersion: zonewarden.io/v1alpha1
kind: AccessLock
metadata: {name: lock-%s}
spec: {vendor: acme-drives, by: admin, reason: "%s"}
' "$i" "$(printf '🚰%.0s' $(seq 1024))"; done | kubectl create -f -`

// auditor is who reads the page, as a site administrator.
type auditor struct{ *plant }

// TestThePageOfTheTrail types every command of docs/audit.md: on a trail of several objects,
// whose key is changed, then lost, and which is begun anew.
func TestThePageOfTheTrail(t *testing.T) {
	t.Parallel()
	p := auditor{startWaterWorks(t)}
	p.does(t, "kubectl apply -k config/samples/vendor-access")
	p.does(t, "kubectl zonewarden access request --name night --vendor acme-drives --person tech-1 --reach drive-pump-01a "+
		"--flow modbus-tcp --from now --for 2h --through jumphost-1 --reason 'drive trips'")
	p.does(t, longTrail)
	p.awaits(t, "all locks are recorded", 1, func(e audit.Entry) bool { return e.Sequence == 17 })
	must(t, os.WriteFile(filepath.Join(p.folder, "verify.sh"), []byte(verifyScript.script(t)), 0o600))
	p.hashes(t, p.whole(t))
	p.findsWhatIsWrong(t)
	siem := p.sends(t)
	p.changesTheKey(t)
	p.losesTheKey(t, siem)
	p.beginsAnew(t, siem)
}

// export types the page's, compares with the plugin's, and gives the entries.
func (p auditor) export(t *testing.T) []audit.Entry {
	t.Helper()
	p.types(t, exportTrail)
	p.does(t, "kubectl zonewarden audit export 2> /dev/null | cmp - trail.jsonl")
	raw, err := os.ReadFile(filepath.Join(p.folder, "trail.jsonl"))
	must(t, err)
	entries, faults := audit.DecodeLines(raw)
	if len(faults) > 0 {
		t.Fatalf("exported: %v", faults)
	}
	return entries
}

// verify runs the script on lines of the trail, as the page says.
func (p auditor) verify(t *testing.T, keys, lines string) string {
	t.Helper()
	return p.does(t, "{ "+lines+"; } | bash verify.sh "+keys)
}

// whole exports the trail and has the page's script find nothing wrong with it, and the same
// end as the plugin.
func (p auditor) whole(t *testing.T) []audit.Entry {
	t.Helper()
	entries := p.export(t)
	last := entries[len(entries)-1]
	if got, want := p.verify(t, "$(cat keys)", "cat trail.jsonl"), fmt.Sprintf("the last is entry %d, %s\n", last.Sequence, last.Hash()); got != want {
		t.Errorf("verify.sh prints\n%swant\n%s", got, want)
	}
	if got, want := p.does(t, "kubectl zonewarden audit verify"), fmt.Sprintf("head: %d:%s\n", last.Sequence, last.Hash()); !strings.Contains(got, want) {
		t.Errorf("the plugin prints\n%sand no %s", got, want)
	}
	return entries
}

// hashes: what the page prints for a window is what the trail has of it.
func (p auditor) hashes(t *testing.T, entries []audit.Entry) {
	t.Helper()
	hash, _, _ := strings.Cut(p.types(t, specHash, "NAME", "night"), " ")
	for _, e := range entries {
		if e.Record.What == "Requested" && e.Record.Object.Name == "night" && e.Record.SpecHash == hash {
			return
		}
	}
	t.Errorf("no request of the window has the specHash %q", hash)
}

// findsWhatIsWrong with the first five entries.
func (p auditor) findsWhatIsWrong(t *testing.T) {
	t.Helper()
	if names := p.does(t, "kubectl -n zonewarden-system get configmaps -l zonewarden.io/audit=zonewarden -o name"); strings.Count(names, "\n") != 2 {
		t.Errorf("the trail is in\n%s", names)
	}
	keys := "$(cat keys)"
	for lines, want := range map[string]string{
		"head -5 trail.jsonl | sed 3s/lock-/lick-/": "entry 3: edited\nentry 4: does not follow the one before it\n",
		"head -5 trail.jsonl | sed 3d":              "entry 4: does not follow the one before it\n",
		"head -5 trail.jsonl | sed '2{h;d};3G'":     "entry 3: does not follow the one before it\nentry 2: does not follow the one before it\nentry 4: does not follow",
		"sed -n 3,5p trail.jsonl":                   "entry 3: does not follow the one before it\n",
	} {
		if got := p.verify(t, keys, lines); !strings.HasPrefix(got, want) || !strings.Contains(got, "\nthe last is entry 5, ") {
			t.Errorf("%s: verify.sh prints\n%swant\n%s", lines, got, want)
		}
	}
	p.does(t, "openssl genpkey -algorithm ed25519 | openssl pkey -pubout -outform DER | tail -c 32 | base64 > other")
	if got := p.verify(t, "$(cat other)", "head -1 trail.jsonl"); !strings.HasPrefix(got, "entry 1: of a key that was not given\n") {
		t.Errorf("by another key: verify.sh prints\n%s", got)
	}
}

// awaits an entry in the newest object of the trail, n of them.
func (p auditor) awaits(t *testing.T, what string, n int, is func(audit.Entry) bool) {
	t.Helper()
	eventually(t, what, func(ctx context.Context) error {
		head := &corev1.ConfigMap{}
		if err := p.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "zonewarden-audit"}, head); err != nil {
			return err
		}
		entries, _ := audit.DecodeLines([]byte(head.Data["entries"]))
		found := 0
		for _, e := range entries {
			if is(e) {
				found++
			}
		}
		if found < n {
			return fmt.Errorf("%d of %d entries in %s", found, len(entries), head.Data["state"])
		}
		return nil
	})
}

// intact waits for what the Site says of its trail.
func (p auditor) intact(t *testing.T, status, reason string) {
	t.Helper()
	eventually(t, "AuditIntact is "+status, func(context.Context) error {
		if s, r := p.condition(t, "AuditIntact"); s != status || r != reason {
			return fmt.Errorf("it is %s (%s)", s, r)
		}
		return nil
	})
}
