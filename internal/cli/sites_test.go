// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
)

// fleet gives a user a kubeconfig with three sites: two that are the same cluster, and one
// that nobody answers for.
func fleet(t *testing.T, p *plant, user string) *plant {
	t.Helper()
	config, err := clientcmd.LoadFromFile(p.kubeconfigs[user])
	must(t, err)
	at := config.Contexts[config.CurrentContext]
	config.Contexts["ww-17"], config.Contexts["ww-18"] = at, at.DeepCopy()
	config.Clusters["gone"] = config.Clusters[at.Cluster].DeepCopy()
	config.Clusters["gone"].Server = "https://127.0.0.1:1"
	config.Contexts["ww-19"] = at.DeepCopy()
	config.Contexts["ww-19"].Cluster = "gone"
	path := filepath.Join(t.TempDir(), "fleet")
	must(t, clientcmd.WriteToFile(*config, path))
	return &plant{plane: p.plane, admin: p.admin, kubeconfigs: map[string]string{user: path}, now: p.clock()}
}

func TestSeveralSitesAreRead(t *testing.T) {
	fresh(t, shared)
	shared.setNow(monday)
	shared.asked(t, "fleet-1")
	p := fleet(t, shared, "viewer-1")
	got := p.as(t, "viewer-1", "", "access", "list", "--contexts", "ww-17,ww-19,ww-18")
	expect(t, got, exit.Failed, "--- ww-17\n", "--- ww-18\n", "fleet-1", "error: ww-19: ")
	if n := strings.Count(got.out, "fleet-1"); n != 2 {
		t.Errorf("the window is listed %d times, for two sites", n)
	}
	got = p.as(t, "viewer-1", "", "access", "list", "--contexts", "ww-17,ww-18", "-o", "json")
	var list struct {
		Kind  string
		Items []struct {
			Context string
			Answer  map[string]any
		}
	}
	must(t, json.Unmarshal([]byte(got.out), &list))
	if list.Kind != "SiteList" || len(list.Items) != 2 || list.Items[1].Context != "ww-18" || list.Items[1].Answer["kind"] == nil {
		t.Errorf("exit %d, %s", got.code, got.out)
	}
	for _, args := range [][]string{{"access", "locks"}, {"certs", "list"}, {"certs", "verify"}, {"matrix"}} {
		expect(t, p.as(t, "viewer-1", "", append(args, "--contexts", "ww-17,nowhere")...), exit.Failed, `there is no context "nowhere"`)
	}
	expect(t, p.as(t, "viewer-1", "", "access", "locks", "--contexts", "ww-17,ww-18"), exit.OK, "--- ww-17\nnothing is locked\n--- ww-18\nnothing is locked\n")
	expect(t, p.as(t, "viewer-1", "", "access", "locks", "--all-contexts", "--contexts", "ww-17"), exit.Failed, "give one of them")
	expect(t, p.as(t, "viewer-1", "", "audit", "verify", "--contexts", "ww-17", "--head", "1:aa"), exit.Failed, "are of one site")
}

// TestSeveralSitesAreLocked: once asked, and one that is out of reach keeps no other open.
func TestSeveralSitesAreLocked(t *testing.T) {
	fresh(t, shared)
	shared.setNow(monday)
	shared.asked(t, "fleet-2")
	p := fleet(t, shared, "admin")
	lock := []string{"access", "lock", "--all", "--reason", "ransomware", "--name", "fleet", "--contexts", "ww-19,ww-17", "--wait=0s"}
	expect(t, p.as(t, "admin", "n\n", lock...), exit.Failed, "ww-17: lock everything: this ends 0 windows and keeps 1 closed (fleet-2).", "not confirmed")
	locks := &v1alpha1.AccessLockList{}
	must(t, shared.admin.List(t.Context(), locks))
	if len(locks.Items) != 0 {
		t.Fatalf("locked without an answer: %v", locks.Items)
	}
	got := p.as(t, "admin", "y\n", lock...)
	expect(t, got, exit.Failed, "locked: everything, as fleet.", "NOT locked where nothing could be read", "error: ww-19: ")
	must(t, shared.admin.Get(t.Context(), client.ObjectKey{Name: "fleet"}, &v1alpha1.AccessLock{}))
}
