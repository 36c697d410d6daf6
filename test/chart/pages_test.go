// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zonewarden/zonewarden/test/page"
)

// elsewhere are pages whose commands other tests run, each of them or all that can be.
var elsewhere = map[string]string{
	"README.md":                   "TestREADME, and .ci/run",
	"CONTRIBUTING.md":             ".ci/run",
	"docs/install.md":             "TestEveryCommandIsRun",
	"docs/openings.md":            "TestOpenings",
	"docs/plugin.md":              "TestPage of internal/cli",
	"docs/tutorial.md":            "TestTutorial",
	"charts/zonewarden/README.md": "it is generated: the same as docs/install.md",
}

// line begins a block, and typed is how: the water works, or one of the sample fleet.
type typed struct{ page, line string }

// onWaterWorks are blocks in the order in which they are run on the water works.
var onWaterWorks = []typed{
	{"docs/guard.md", "kubectl get validatingadmissionpolicies"},
	{"docs/guard.md", "kubectl auth can-i exempt"},
	{"docs/concepts.md", "kubectl apply -k config/node"},
	{"config/samples/vendor-access/README.md", "kubectl apply -k"},
	{"config/samples/vendor-access/README.md", "kubectl get vaw"},
	{"docs/access.md", "kubectl delete jobs"},
	{"docs/guard.md", "kubectl delete validatingadmissionpolicybindings"},
}

// onAFleet are those that are run at a site of the sample fleet, and on its hub.
var onAFleet = []typed{
	{"config/samples/fleet/README.md", "kubectl kustomize"},
	{"docs/fleet.md", "kubectl kustomize"},
	{"docs/fleet.md", "kubectl -n argocd patch"},
	{"docs/fleet.md", "kubectl apply -k config/argocd/site"},
	{"docs/fleet.md", "kubectl apply -k sites/ww-17"},
}

// otherTest is one of another folder.
type otherTest struct{ folder, test string }

// byOthers are blocks that a test of another folder types.
var byOthers = map[typed]otherTest{
	{"docs/access.md", "kubectl zonewarden access request"}: {"test/e2e", "TestThePageOfVendorAccess"},
	{"docs/access.md", "kubectl -n zonewarden-access exec"}: {"test/e2e", "TestThePageOfVendorAccess"},
	{"docs/access.md", "kubectl get secret window-NAME"}:    {"test/e2e", "TestThePageOfVendorAccess"},
	{"docs/access.md", "kubectl zonewarden access lock"}:    {"test/e2e", "TestThePageOfVendorAccess"},
	{"docs/access.md", "go test ./cmd/zonewarden-session"}:  {"test/e2e", "TestWhatARelayCostsCanBeMeasured"},
	{"docs/verify.md", "openssl pkey -pubin"}:               {"docs", "TestAReleaseIsCheckedAsThePageSays"},
	{"docs/verify.md", "openssl dgst -sha256 -verify"}:      {"docs", "TestAReleaseIsCheckedAsThePageSays"},
	{"docs/verify.md", "openssl genpkey"}:                   {"docs", "TestAReleaseIsCheckedAsThePageSays"},
	{"docs/verify.md", "make sign"}:                         {"docs", "TestAReleaseIsCheckedAsThePageSays"},
	{"docs/verify.md", "cosign verify-blob"}:                {"hack/release", "TestToolsOfOthers"},
	{"docs/verify.md", "cosign import-key-pair"}:            {"hack/release", "TestToolsOfOthers"},
	{"docs/verify.md", "podman load"}:                       {"hack/release", "testPodman"},
	{"docs/verify.md", "skopeo copy"}:                       {"hack/release", "testRegistry"},
	{"docs/verify.md", "ctr -n k8s.io images import"}:       {"hack/release/image", "TestContainerdTakesAnArchive"},
	{"docs/verify.md", "ctr -n k8s.io images ls"}:           {"hack/release/image", "TestContainerdTakesAnArchive"},
	{"docs/verify.md", "kubectl zonewarden --version"}:      {"hack/release", "TestARelease"},
	{"docs/verify.md", "git clone"}:                         {"hack/release", "TestARelease"},
}

// TestOthersTypeIt: the tests that are named here are there, and name the blocks.
func TestOthersTypeIt(t *testing.T) {
	t.Parallel()
	for block, by := range byOthers {
		files, err := filepath.Glob(root(filepath.FromSlash(by.folder), "*_test.go"))
		must(t, err)
		there := slices.ContainsFunc(files, func(file string) bool {
			raw, err := os.ReadFile(file)
			must(t, err)
			return strings.Contains(string(raw), "func "+by.test+"(") && strings.Contains(string(raw), `"`+block.line)
		})
		if !there {
			t.Errorf("%s has no %s that types %q", by.folder, by.test, block.line)
		}
	}
}

// TestEveryPageIsTyped: a block of commands on any page is run by a test.
func TestEveryPageIsTyped(t *testing.T) {
	t.Parallel()
	known := slices.Concat(onWaterWorks, onAFleet, ofTheTrail, ofCertificates)
	known = slices.AppendSeq(known, maps.Keys(byOthers))
	used := map[typed]bool{}
	for _, page := range allPages(t) {
		if elsewhere[page] != "" {
			continue
		}
		for _, block := range commands(t, page) {
			i := slices.IndexFunc(known, func(k typed) bool { return k.page == page && strings.HasPrefix(block, k.line) })
			if i < 0 || used[known[i]] {
				t.Errorf("%s: no test runs\n%s", page, block)
				continue
			}
			used[known[i]] = true
		}
	}
	for _, k := range known {
		if !used[k] {
			t.Errorf("%s has no block that begins with %q", k.page, k.line)
		}
	}
}

// allPages are those that people read; decisions say what was so when they were made.
func allPages(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*.md", "docs/*.md", "charts/*/*.md", "config/samples/*/README.md"} {
		paths, err := filepath.Glob(root(pattern))
		must(t, err)
		for _, path := range paths {
			page, err := filepath.Rel(root(), path)
			must(t, err)
			out = append(out, page)
		}
	}
	return out
}

// commands are the blocks of a page, without the prompt that some begin with.
func commands(t *testing.T, file string) []string {
	t.Helper()
	raw, err := os.ReadFile(root(file))
	must(t, err)
	out := page.Blocks(string(raw), page.Shell...)
	for i := range out {
		out[i] = strings.TrimPrefix(out[i], "$ ")
	}
	return out
}

// script is the whole of a block.
func (b typed) script(t *testing.T) string {
	t.Helper()
	all := commands(t, b.page)
	i := slices.IndexFunc(all, func(block string) bool { return strings.HasPrefix(block, b.line) })
	if i < 0 {
		t.Fatalf("%s has no block that begins with %q", b.page, b.line)
	}
	return all[i]
}

// typeAll runs blocks of pages, with some words for others.
func (p *plant) typeAll(t *testing.T, blocks []typed, words ...string) {
	t.Helper()
	for _, b := range blocks {
		if _, err := p.run(t, strings.NewReplacer(words...).Replace(b.script(t))); err != nil {
			t.Errorf("%s: %v", b.page, err)
		}
	}
}

// types runs one, without which there is nothing to go on with, and returns what it printed.
func (p *plant) types(t *testing.T, b typed, words ...string) string {
	t.Helper()
	return p.does(t, strings.NewReplacer(words...).Replace(b.script(t)))
}

// does runs what a page says in words, or leaves to its reader.
func (p *plant) does(t *testing.T, script string) string {
	t.Helper()
	out, err := p.run(t, script)
	must(t, err)
	return out
}

func TestPagesOnTheWaterWorks(t *testing.T) {
	t.Parallel()
	p := startWaterWorks(t)
	_, err := p.run(t, "kubectl create clusterrolebinding jane --clusterrole=zonewarden-site-administrator --user=jane")
	must(t, err)
	p.typeMentioned(t)
	p.typeAll(t, onWaterWorks)
}

// TestPagesOfAFleet: Argo CD itself is not there, only definitions by the names of its kinds.
func TestPagesOfAFleet(t *testing.T) {
	t.Parallel()
	p := startPlant(t, cilium)
	p.use(t, theChart)
	p.follow(t, "Install it", 0, 1)
	p.startOperator(t)
	_, err := p.run(t, "kubectl create namespace argocd; kubectl -n argocd create configmap argocd-cm; kubectl apply -f - <<'E'\n"+
		kindOf("argoproj.io/v1alpha1", "applicationsets", "ApplicationSet")+"---\n"+kindOf("argoproj.io/v1alpha1", "appprojects", "AppProject")+"E\n"+
		"kubectl wait crd applicationsets.argoproj.io appprojects.argoproj.io --for=condition=Established --timeout=30s")
	must(t, err)
	p.typeAll(t, onAFleet, "sites/ww-17", "config/samples/fleet/sites/ww-17", "config/samples/fleet/sites/ww-17", "config/samples/fleet/sites/ww-17")
}

// kindOf defines a kind by its name alone.
func kindOf(group, plural, kind string) string {
	group, version, _ := strings.Cut(group, "/")
	return "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: " + plural + "." + group + "}\n" +
		"spec: {group: " + group + ", scope: Namespaced, names: {plural: " + plural + ", kind: " + kind + "}, versions: [{name: " + version + ", served: true, storage: true, " +
		"schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}\n"
}
