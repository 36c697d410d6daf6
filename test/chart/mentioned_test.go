// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	fenced    = regexp.MustCompile("(?ms)^```.*?^```$")
	mentioned = regexp.MustCompile("`((?:kubectl|helm|make|go test) [^`]+)`")
	target    = regexp.MustCompile(`(?m)^([a-z0-9-]+):`)
	testNames = regexp.MustCompile(`(?m)^func ((?:Test|Benchmark)\w+)\(`)
	flags     = regexp.MustCompile(`(?:^|\s)(--[a-z-]+|-[a-z])\b`)
)

// inSentences are the commands that pages mention within sentences, and where.
func inSentences(t *testing.T, program string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, page := range allPages(t) {
		raw, err := os.ReadFile(root(page))
		must(t, err)
		for _, m := range mentioned.FindAllStringSubmatch(fenced.ReplaceAllString(string(raw), ""), -1) {
			if command := strings.Join(strings.Fields(m[1]), " "); strings.HasPrefix(command, program+" ") {
				out[command] = page
			}
		}
	}
	if len(out) == 0 {
		t.Fatalf("no page mentions %s", program)
	}
	return out
}

// TestTargetsAndTestsAreThere: what pages mention of make and of Go's tests exists by that name.
func TestTargetsAndTestsAreThere(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(root("Makefile"))
	must(t, err)
	var targets []string
	for _, m := range target.FindAllStringSubmatch(string(raw), -1) {
		targets = append(targets, m[1])
	}
	for command, page := range inSentences(t, "make") {
		words := strings.Fields(command)
		if !slices.Contains(targets, words[1]) {
			t.Errorf("%s: there is no %s", page, command)
		}
		if _, only, some := strings.Cut(command, "E2E="); some {
			hasTests(t, page, "test/e2e", only)
		}
	}
	for command, page := range inSentences(t, "go test") {
		folder := regexp.MustCompile(`\./\S+`).FindString(command)
		if found, err := filepath.Glob(root(strings.TrimSuffix(folder, "/..."), "*")); err != nil || len(found) == 0 {
			t.Errorf("%s: there is no %s", page, folder)
		}
		for _, m := range regexp.MustCompile(`-(?:run|bench) (\S+)`).FindAllStringSubmatch(command, -1) {
			hasTests(t, page, folder, m[1])
		}
	}
}

// hasTests of names that each part of a pattern is in; ^$ is none.
func hasTests(t *testing.T, page, folder, pattern string) {
	t.Helper()
	files, err := filepath.Glob(root(folder, "*_test.go"))
	must(t, err)
	var names []string
	for _, file := range files {
		raw, err := os.ReadFile(file)
		must(t, err)
		for _, m := range testNames.FindAllStringSubmatch(string(raw), -1) {
			names = append(names, strings.TrimPrefix(m[1], "Benchmark"), m[1])
		}
	}
	for _, want := range strings.FieldsFunc(strings.Trim(strings.Trim(pattern, `"'`), "^$"), func(r rune) bool { return r == '|' || r == '\\' }) {
		if !slices.ContainsFunc(names, func(name string) bool { return regexp.MustCompile(want).MatchString(name) }) {
			t.Errorf("%s: %s has no %s", page, folder, want)
		}
	}
}

// typeMentioned runs what pages mention of kubectl: what reads as it stands, what writes as far
// as the API server goes without storing it, and of what needs more than there is here the help.
func (p *plant) typeMentioned(t *testing.T) {
	t.Helper()
	p.does(t, "kubectl apply -f - <<'E'\n"+kindOf("monitoring.coreos.com/v1", "servicemonitors", "ServiceMonitor")+"---\n"+
		kindOf("monitoring.coreos.com/v1", "prometheusrules", "PrometheusRule")+"E\n"+
		"kubectl wait crd servicemonitors.monitoring.coreos.com prometheusrules.monitoring.coreos.com --for=condition=Established --timeout=30s")
	for _, program := range []string{"kubectl", "helm"} {
		commands := inSentences(t, program)
		for _, command := range slices.Sorted(maps.Keys(commands)) {
			switch words := strings.Fields(command); {
			case words[1] == "zonewarden":
				p.helps(t, commands[command], command, "kubectl zonewarden")
			case p.reads(command):
				p.typesOne(t, commands[command], command)
			case p.writes(command):
				p.typesOne(t, commands[command], command+" --dry-run=server")
			default:
				p.helps(t, commands[command], command, program)
			}
		}
	}
}

func (p *plant) reads(command string) bool {
	return regexp.MustCompile(`^kubectl( -n \S+)? (get|describe|auth)\b`).MatchString(command)
}

// writes is what names something to write.
func (p *plant) writes(command string) bool {
	return regexp.MustCompile(`^kubectl (apply -[fk] \S|(patch|delete) \S+ \S)`).MatchString(command)
}

// mentionedWords stand for those that a reader puts in the place of a page's.
var mentionedWords = strings.NewReplacer("get ...", "get vaw", "get -o", "get vaw -o", "NAMESPACE", "ww-filtration", "NAME", "some-name")

// typesOne holds that the API server knows what is asked for. What has a name of an example
// need not be there.
func (p *plant) typesOne(t *testing.T, page, command string) {
	t.Helper()
	if out, err := p.run(t, mentionedWords.Replace(command)); err != nil && !strings.Contains(out, "(NotFound)") {
		t.Errorf("%s: %v", page, err)
	}
}

// helps holds that a command is there, with the flags that the page gives it.
func (p *plant) helps(t *testing.T, page, command, program string) {
	t.Helper()
	rest := strings.TrimPrefix(strings.TrimPrefix(command, program), " ")
	var verbs []string
	for word := range strings.FieldsSeq(rest) {
		if !regexp.MustCompile(`^[a-z][a-z-]*$`).MatchString(word) {
			break
		}
		verbs = append(verbs, word)
	}
	if program == "kubectl" && slices.Contains([]string{"delete", "get"}, verbs[0]) {
		verbs = verbs[:1] // what follows is a kind
	}
	name := strings.Join(append([]string{program}, verbs...), " ")
	out, err := p.run(t, strings.Replace(name, "kubectl zonewarden", "kubectl-zonewarden", 1)+" --help")
	if err != nil || !regexp.MustCompile(`(?m)^\s+`+name+`\b`).MatchString(out) {
		t.Errorf("%s: there is no %s: %v", page, name, err)
	}
	for _, m := range flags.FindAllStringSubmatch(rest, -1) {
		if !regexp.MustCompile(`(?m)^\s+(-\w, )?` + m[1] + `\b`).MatchString(out) {
			t.Errorf("%s: %s has no %s", page, name, m[1])
		}
	}
}
