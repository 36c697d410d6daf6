// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
)

var update = flag.Bool("update", false, "write the golden files anew")

const waterWorks = "../../../config/samples/water-works"

var today = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// edited is a folder with the water works, in which some words are others.
func edited(t *testing.T, replace ...string) string {
	t.Helper()
	folder := t.TempDir()
	paths, err := filepath.Glob(filepath.Join(waterWorks, "*.yaml"))
	must(t, err)
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		must(t, err)
		text := strings.NewReplacer(replace...).Replace(string(raw))
		must(t, os.WriteFile(filepath.Join(folder, filepath.Base(path)), []byte(text), 0o600))
	}
	return folder
}

// conduit is the document of one conduit of the water works.
func conduit(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(waterWorks, "40-conduits.yaml"))
	must(t, err)
	docs := strings.Split(string(raw), "\n---\n")
	i := slices.IndexFunc(docs, func(d string) bool { return strings.Contains(d, "\n  name: "+name+"\n") })
	if i < 0 {
		t.Fatalf("there is no conduit %s", name)
	}
	return docs[i]
}

func run(t *testing.T, args ...string) (string, exit.Code) {
	t.Helper()
	var out bytes.Buffer
	s := connect.New(genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out}, func() time.Time { return today })
	cmd := Command(s)
	cmd.SetArgs(args)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.ExecuteContext(t.Context())
	if err != nil && err.Error() != "" {
		out.WriteString("error: " + err.Error() + "\n")
	}
	return out.String(), exit.Of(err)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		must(t, os.MkdirAll("testdata", 0o750), os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-golden +got; -update writes it)\n%s", path, diff)
	}
}

// relabelled gives the pods of applications another label than conduits select them by.
func relabelled(app string) []string {
	template := "  template:\n    metadata:\n      labels: {app: "
	return []string{template + app + "}", template + app + "-v2}"}
}

func TestScreens(t *testing.T) {
	opcua := conduit(t, "historian-opcua")
	changed := []string{
		conduit(t, "patch-import") + "\n---\n", "",
		opcua, strings.Replace(strings.Replace(opcua, "name: historian-opcua", "name: historian-https", 1), "protocol: opcua-tcp", "protocol: https", 1),
		"enforcement: Observe", "enforcement: Enforce",
	}
	tests := map[string]struct {
		replace []string
		args    []string
		code    exit.Code
	}{
		"nothing":       {nil, nil, exit.OK},
		"changes":       {changed, []string{"--prune"}, exit.Bad},
		"without-prune": {changed, nil, exit.Bad},
		"details":       {changed, []string{"--prune", "--details"}, exit.Bad},
		"firewall":      {[]string{"10.20.3.21", "10.20.3.29"}, []string{"--firewall"}, exit.Bad},
		"safety":        {[]string{"10.20.8.11", "10.20.8.12"}, nil, exit.Bad},
		"refused":       {[]string{"purdue: DMZ", "purdue: L6"}, []string{"--prune"}, exit.Failed},
		"a-mistake":     {[]string{"protocol: mqtt-tls", "protocol: mqtt-tsl"}, nil, exit.Failed},
		"approvals": {[]string{
			"timeZone: Europe/Berlin", "timeZone: Europe/Berlin\n  openings: {approvedFrom: 2}",
			opcua, strings.Replace(strings.Replace(opcua, "spec:\n", "  annotations: {zonewarden.io/author: ada@example.com}\nspec:\n", 1), "protocol: opcua-tcp", "protocol: https", 1),
			"10.20.3.21", "10.20.3.29", "Daily reports", "Hourly reports",
		}, nil, exit.Bad},
		"words-only":       {[]string{"Daily reports", "Hourly reports"}, nil, exit.Bad},
		"a-zone-that-goes": {[]string{"name: cell-pumping\n", "name: cell-pumps\n"}, []string{"--prune"}, exit.Failed},
		"out-of-scope":     {[]string{"name: ww-filtration\n  labels: {zonewarden.io/scope: ot}\n", "name: ww-filtration\n"}, nil, exit.Failed},
		"a-workload":       {relabelled("historian"), nil, exit.Bad},
		"workloads":        {append(relabelled("opcua-server"), "Daily reports", "Hourly reports"), nil, exit.Bad},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			folder := edited(t, tt.replace...)
			out, code := run(t, append([]string{"-f", folder, "--against", waterWorks}, tt.args...)...)
			if code != tt.code {
				t.Errorf("exit %d, want %d", code, tt.code)
			}
			golden(t, name, strings.ReplaceAll(out, folder, "FOLDER"))
		})
	}
}

func TestWhatIsAskedForHasToBeClear(t *testing.T) {
	for want, args := range map[string][]string{
		"-f: say which manifests":                 {},
		"--against, --contexts: give one":         {"-f", waterWorks, "--against", waterWorks, "--contexts", "a"},
		"reading manifests: stat nowhere":         {"-f", "nowhere", "--against", waterWorks},
		"write table or json or yaml":             {"-f", waterWorks, "-o", "xml"},
		"unknown command \"ww-17\"":               {"ww-17"},
		"--contexts: there is no context \"nix\"": {"-f", waterWorks, "--contexts", "nix"},
	} {
		if out, code := run(t, args...); code != exit.Failed || !strings.Contains(out, want) {
			t.Errorf("%v: exit %d, %s", args, code, out)
		}
	}
}

// TestForPrograms: JSON has every list, also the empty ones.
func TestForPrograms(t *testing.T) {
	// With a backend of its own nothing is assumed.
	folder := edited(t, "protocol: mqtt-tls", "protocol: https", "timeZone: Europe/Berlin", "timeZone: Europe/Berlin\n  backend: Cilium")
	out, code := run(t, "-f", folder, "--against", waterWorks, "-o", "json", "--pairs")
	var f map[string]any
	must(t, json.Unmarshal([]byte(out), &f))
	for key, value := range f {
		if value == nil {
			t.Errorf("%s is null", key)
		}
	}
	if code != exit.Bad || f["kind"] != "Plan" || len(f["opens"].([]any)) != 1 || len(f["pairs"].([]any)) == 0 {
		t.Errorf("exit %d, %s", code, out)
	}
}

// TestWorkloadsForPrograms: those that differ are listed, and are a reason to look.
func TestWorkloadsForPrograms(t *testing.T) {
	out, code := run(t, "-f", edited(t, relabelled("historian")...), "--against", waterWorks, "-o", "json")
	var f Forecast
	must(t, json.Unmarshal([]byte(out), &f))
	if diff := cmp.Diff([]string{"ww-historian/historian"}, f.Workloads); diff != "" || code != exit.Bad {
		t.Errorf("exit %d, workloads (-want +got)\n%s", code, diff)
	}
}

// TestNamespacesThatAreThereAreNotAssumed: people keep namespaces elsewhere than zones. Where
// one that is there is not in scope, the operator refuses the zone whatever its author assumes.
func TestNamespacesThatAreThereAreNotAssumed(t *testing.T) {
	folder := edited(t, "name: ww-filtration\n  labels: {zonewarden.io/scope: ot}\n", "name: ww-filtration\n")
	there, files := filepath.Join(folder, "00-namespaces.yaml"), []string{}
	for _, name := range []string{"10-site.yaml", "20-zones.yaml", "30-assets.yaml", "40-conduits.yaml"} {
		files = append(files, filepath.Join(waterWorks, name))
	}
	out, code := run(t, "-f", strings.Join(files, ","), "--against", there)
	want := `ERROR      zone cell-filtration spec.members.workloads[0]: NamespaceOutOfScope: namespace "ww-filtration" is not in the Site's scope`
	if code != exit.Failed || !strings.Contains(out, want) || strings.Contains(out, "namespaces that zones name") {
		t.Errorf("exit %d, %s", code, out)
	}
}
