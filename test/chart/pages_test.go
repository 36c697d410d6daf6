// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// elsewhere are pages whose commands other tests run, each of them or all that can be.
var elsewhere = map[string]string{
	"README.md":                   "TestREADME, and .ci/run",
	"CONTRIBUTING.md":             ".ci/run",
	"docs/install.md":             "TestEveryCommandIsRun",
	"docs/openings.md":            "TestOpenings",
	"docs/plugin.md":              "TestPage of internal/cli",
	"docs/tutorial.md":            "TestTutorial",
	"docs/verify.md":              "docs/verify_test.go and hack/release; cosign, skopeo and crane are run by none",
	"charts/zonewarden/README.md": "it is generated: the same as docs/install.md",
}

// line begins a block, and typed is how: the water works, or one of the sample fleet.
type typed struct{ page, line string }

// onWaterWorks are blocks in the order in which they are run on the water works.
var onWaterWorks = []typed{
	{"docs/guard.md", "kubectl get validatingadmissionpolicies"},
	{"docs/guard.md", "kubectl auth can-i exempt"},
	{"docs/concepts.md", "kubectl apply -k config/node"},
	{"docs/certificates.md", "kubectl apply -k config/certificates"},
	{"config/samples/certificates/README.md", "kubectl apply -k"},
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

// notTyped are blocks that no test types as they stand, and what of them is tried where.
var notTyped = map[typed]string{
	{"docs/access.md", "kubectl zonewarden access request"}:                                                    "by two people: TestPage and the stories of internal/cli",
	{"docs/access.md", "kubectl -n zonewarden-access exec"}:                                                    "needs a kubelet: test/e2e opens sessions in such pods",
	{"docs/access.md", "kubectl get secret window-NAME"}:                                                       "needs an open window: controllers/windows_role_test.go reads the token",
	{"docs/access.md", "kubectl zonewarden access lock"}:                                                       "needs an open window: the stories of internal/cli lock",
	{"docs/access.md", "go test ./cmd/zonewarden-session"}:                                                     "a benchmark",
	{"docs/audit.md", "kubectl get vendoraccesswindow NAME"}:                                                   "needs jq: internal/audit has what it writes in canonical_test.go",
	{"docs/audit.md", "kubectl -n zonewarden-system create secret generic zonewarden-syslog"}:                  "controllers/trail_syslog_test.go sends with these files",
	{"docs/audit.md", "ns=zonewarden-system"}:                                                                  "needs jq; nobody runs it",
	{"docs/audit.md", "key=$1 previous="}:                                                                      "needs jq and xxd; nobody runs it",
	{"docs/audit.md", "openssl genpkey -algorithm ed25519 -out next.pem\nkubectl -n zonewarden-system patch"}:  "controllers/trail_keys_test.go writes the same Secret",
	{"docs/audit.md", "openssl genpkey -algorithm ed25519 -out next.pem\nkubectl -n zonewarden-system create"}: "controllers/trail_test.go does the same to the Secret",
	{"docs/audit.md", "kubectl -n zonewarden-system delete configmap"}:                                         "controllers/trail_test.go does the same to the Secret",
	{"docs/certificates.md", "kubectl zonewarden certs request"}:                                               "TestPage and certs_test of internal/cli",
	{"docs/certificates.md", "kubectl zonewarden certs rotate"}:                                                "TestPage of internal/cli",
	{"docs/certificates.md", "kubectl zonewarden certs acknowledge"}:                                           "certs_test of internal/cli",
}

// TestEveryPageIsTyped: a block of commands on any page is run by a test, or listed here with
// what is tried of it.
func TestEveryPageIsTyped(t *testing.T) {
	t.Parallel()
	known := slices.Concat(onWaterWorks, onAFleet)
	for k := range notTyped {
		known = append(known, k)
	}
	used := map[typed]bool{}
	for _, pattern := range []string{"*.md", "docs/*.md", "charts/*/*.md", "config/samples/*/README.md"} {
		paths, err := filepath.Glob(root(pattern))
		must(t, err)
		for _, path := range paths {
			page, err := filepath.Rel(root(), path)
			must(t, err)
			if elsewhere[page] != "" {
				continue
			}
			for _, block := range commands(t, page) {
				i := slices.IndexFunc(known, func(k typed) bool { return k.page == page && strings.HasPrefix(block, k.line) })
				if i < 0 {
					t.Errorf("%s: no test runs\n%s", page, block)
					continue
				}
				used[known[i]] = true
			}
		}
	}
	for _, k := range known {
		if !used[k] {
			t.Errorf("%s has no block that begins with %q", k.page, k.line)
		}
	}
}

var shell = regexp.MustCompile("(?ms)^```(?:sh|console|bash)\n(.*?)^```$")

// commands are the blocks of a page.
func commands(t *testing.T, page string) []string {
	t.Helper()
	raw, err := os.ReadFile(root(page))
	must(t, err)
	var out []string
	for _, m := range shell.FindAllStringSubmatch(string(raw), -1) {
		out = append(out, m[1])
	}
	return out
}

// typeAll runs blocks of pages, with some words for others.
func (p *plant) typeAll(t *testing.T, blocks []typed, words ...string) {
	t.Helper()
	for _, b := range blocks {
		all := commands(t, b.page)
		i := slices.IndexFunc(all, func(block string) bool { return strings.HasPrefix(block, b.line) })
		if i < 0 {
			t.Fatalf("%s has no block that begins with %q", b.page, b.line)
		}
		if _, err := p.run(t, strings.NewReplacer(words...).Replace(all[i])); err != nil {
			t.Errorf("%s: %v", b.page, err)
		}
	}
}

func TestPagesOnTheWaterWorks(t *testing.T) {
	t.Parallel()
	p := startWaterWorks(t)
	_, err := p.run(t, "kubectl create clusterrolebinding jane --clusterrole=zonewarden-site-administrator --user=jane")
	must(t, err)
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
		argoKind("applicationsets", "ApplicationSet")+"---\n"+argoKind("appprojects", "AppProject")+"E\n"+
		"kubectl wait crd applicationsets.argoproj.io appprojects.argoproj.io --for=condition=Established --timeout=30s")
	must(t, err)
	p.typeAll(t, onAFleet, "sites/ww-17", "config/samples/fleet/sites/ww-17", "config/samples/fleet/sites/ww-17", "config/samples/fleet/sites/ww-17")
}

func argoKind(plural, kind string) string {
	return "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: " + plural + ".argoproj.io}\n" +
		"spec: {group: argoproj.io, scope: Namespaced, names: {plural: " + plural + ", kind: " + kind + "}, versions: [{name: v1alpha1, served: true, storage: true, " +
		"schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}\n"
}
