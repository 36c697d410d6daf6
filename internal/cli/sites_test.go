// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli"
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
	expect(t, p.as(t, "viewer-1", "", "access", "locks", "--contexts", "ww-17,ww-18"), exit.OK, "--- ww-17\nnothing is locked\n--- ww-18\nnothing is locked\n")
	expect(t, p.as(t, "viewer-1", "", "access", "locks", "--all-contexts", "--contexts", "ww-17"), exit.Failed, "give one of them")
	expect(t, p.as(t, "viewer-1", "", "audit", "verify", "--contexts", "ww-17", "--head", "1:aa"), exit.Failed, "are of one site")
	expect(t, p.as(t, "viewer-1", "", "audit", "export", "--contexts", "ww-17"), exit.Failed, "--contexts: give a folder for one file of each site: --to DIR")
	expect(t, p.as(t, "viewer-1", "", "audit", "export", "--contexts", "ww-17", "-f", "-"), exit.Failed, "--file is of one site")
}

// ofOneSite are the commands that are not for several sites, by the reason.
var ofOneSite = map[string][]string{
	"it decides on one object": {"access approve", "access arm", "access deny", "access extend", "access revoke", "approve", "deny"},
	"it writes one object": {
		"access request", "access unlock", "certs acknowledge", "certs install", "certs request", "certs rotate",
	},
	"it reads no site": {"lint"},
}

// ofEverySite is how to call each that is, and the format of those that have another.
var ofEverySite = map[string][]string{
	"access list": nil, "access locks": nil, "access show": {"fleet-1"}, "certs list": nil, "certs verify": nil, "waiting": nil,
	"audit verify": nil, "audit export": {"--to", "DIR"},
	"matrix": nil, "explain": {"=A03+K01-HMI_01", "=A03+M01-TA_01A", "502"}, "blast-radius": {"=A03+K01-HMI_01"},
	"plan": {"-f", filepath.Join(config, "samples", "water-works")}, "graph": {"-o", "text"},
	"access lock": {"--all", "--reason", "ransomware", "--yes", "--wait=0s"},
}

// TestWhatReadsTakesSites: a command is for several sites, or is said here not to be.
func TestWhatReadsTakesSites(t *testing.T) {
	t.Parallel()
	one := slices.Concat(slices.Collect(maps.Values(ofOneSite))...)
	for _, cmd := range leaves(cli.New(genericiooptions.NewTestIOStreamsDiscard(), time.Now)) {
		name := strings.TrimPrefix(cmd.CommandPath(), "kubectl zonewarden ")
		_, listed := ofEverySite[name]
		if takes := cmd.Flags().Lookup("contexts") != nil; takes != listed || listed == slices.Contains(one, name) {
			t.Errorf("%s: takes sites: %t, is for every site: %t, for one: %t", name, takes, listed, slices.Contains(one, name))
		}
	}
}

// leaves are the commands that do something.
func leaves(of *cobra.Command) []*cobra.Command {
	if !of.HasSubCommands() {
		return []*cobra.Command{of}
	}
	var out []*cobra.Command
	for _, c := range of.Commands() {
		out = append(out, leaves(c)...)
	}
	return out
}

// TestEverythingIsReadOfSeveralSites: of two as of one, for people and for programs; and a site
// that does not answer is named.
func TestEverythingIsReadOfSeveralSites(t *testing.T) {
	fresh(t, shared)
	shared.setNow(monday)
	shared.asked(t, "fleet-1")
	p := fleet(t, shared, "admin")
	for name, args := range ofEverySite {
		if name == "access lock" {
			continue // TestSeveralSitesAreLocked
		}
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			line := strings.Fields(strings.ReplaceAll(strings.Join(append([]string{name}, args...), " "), "DIR", folder))
			expect(t, p.as(t, "admin", "", append(line, "--contexts", "ww-17,nowhere")...), exit.Failed, `there is no context "nowhere"`)
			two := append(line, "--contexts", "ww-18,ww-17")
			switch name {
			case "audit export":
				exportedOfTwo(t, p, two, folder)
				return
			case "graph": // each picture says of what it is
				expect(t, p.as(t, "admin", "", two...), exit.OK, "cluster ww-18 ", "cluster ww-17 ")
				expect(t, p.as(t, "admin", "", append(line, "--contexts", "ww-19,ww-17")...), exit.Failed, "cluster ww-17 ", "ww-19: ")
				return
			}
			one := p.as(t, "admin", "", append(line, "--context", "ww-17")...)
			got := p.as(t, "admin", "", two...)
			if want := "--- ww-18\n" + one.out + "--- ww-17\n" + one.out; got.out != want || got.code != one.code {
				t.Errorf("exit %d, of one %d: %s\n%s\nwant\n%s", got.code, one.code, got.err, got.out, want)
			}
			expect(t, p.as(t, "admin", "", append(line, "--contexts", "ww-19,ww-17")...), exit.Failed, "--- ww-17\n"+one.out, "ww-19: ")
			var list struct {
				Kind  string
				Items []struct{ Context string }
			}
			must(t, json.Unmarshal([]byte(p.as(t, "admin", "", append(two, "-o", "json")...).out), &list))
			if list.Kind != "SiteList" || len(list.Items) != 2 || list.Items[0].Context != "ww-18" {
				t.Errorf("for programs: %+v", list)
			}
		})
	}
}

// exportedOfTwo: each trail to a file of its own, which is never written over.
func exportedOfTwo(t *testing.T, p *plant, line []string, folder string) {
	t.Helper()
	expect(t, p.as(t, "admin", "", line...), exit.OK, "ww-17.jsonl: 20 lines, head: 20:", "ww-18.jsonl: 20 lines, head: 20:")
	expect(t, p.as(t, "admin", "", line...), exit.Failed, "ww-17: exporting: open ", "ww-18: exporting: open ", "file exists")
	of, keys := p.as(t, "admin", "", "audit", "export"), file(t, publicKey()+"\n")
	for _, site := range []string{"ww-17", "ww-18"} {
		path := filepath.Join(folder, site+".jsonl")
		raw, err := os.ReadFile(path)
		if must(t, err); string(raw) != of.out {
			t.Errorf("%s holds\n%s", path, raw)
		}
		expect(t, p.as(t, "admin", "", "audit", "verify", "-f", path, "--keys", keys), exit.OK, "intact")
	}
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
	expect(t, got, exit.Failed, "locked: everything, as fleet.", "NOT locked: ww-19\n", "error: ww-19: ")
	must(t, shared.admin.Get(t.Context(), client.ObjectKey{Name: "fleet"}, &v1alpha1.AccessLock{}))
}
