// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
)

var update = flag.Bool("update", false, "write what commands print into docs/plugin.md and testdata")

const page = "../../docs/plugin.md"

var (
	block  = regexp.MustCompile("(?s)```console\n(.*?)```")
	prompt = regexp.MustCompile(`^(\S+), (\w{3}) (\d\d:\d\d)\$ kubectl zonewarden (.*)$`)
	days   = map[string]string{"Sun": "2026-11-22", "Mon": "2026-11-23"}
	word   = regexp.MustCompile(`"([^"]*)"|(\S+)`)

	// What is another each time: names that the API server makes, whose trail it is, and
	// the API server's own time.
	suffix = regexp.MustCompile(`\b(acme-drives-2026-11-23|acme-night|pump-01-night)-[b-z2-9]{5}\b`)
	uid    = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	head   = regexp.MustCompile(`head: (\d+):[0-9a-f]{64}`)
	taken  = regexp.MustCompile(`(?m)^( (?:Approve|Arm) +\S+ +)\d{4}-\d\d-\d\d \d\d:\d\d`)
)

func still(s string) string {
	s = suffix.ReplaceAllString(s, "$1-7kq2x")
	s = uid.ReplaceAllString(s, "0d4a1f6e-93c5-4b7e-a1f2-5c8d7e6f9a0b")
	s = head.ReplaceAllString(s, "head: $1:"+strings.Repeat("9f3c", 16))
	return taken.ReplaceAllString(s, "${1}2026-11-22 15:02")
}

// typed answers a question, and shows it as a terminal does.
type typed struct {
	answer string
	screen io.Writer
}

func (k *typed) Read(b []byte) (int, error) {
	if k.answer == "" {
		return 0, io.EOF
	}
	n := copy(b, k.answer)
	fmt.Fprint(k.screen, k.answer[:n])
	k.answer = k.answer[n:]
	return n, nil
}

// The runs in the page are those that the commands make, one after the other.
func TestPage(t *testing.T) {
	p := shared
	fresh(t, p)
	withOpenings(t, p, 2)
	p.waits(t, "panel-dosing")
	operate(t, p)
	twoCertificates(t, p)
	raw, err := os.ReadFile(page)
	must(t, err)
	got := block.ReplaceAllStringFunc(string(raw), func(s string) string {
		return "```console\n" + p.replay(t, block.FindStringSubmatch(s)[1]) + "```"
	})
	if *update {
		must(t, os.WriteFile(page, []byte(got), 0o600))
		return
	}
	if diff := cmp.Diff(string(raw), got); diff != "" {
		t.Errorf("%s (-page +run; -update writes it):\n%s", page, diff)
	}
}

// replay types the commands of a block again. Of what is between them only answers count.
func (p *plant) replay(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range lines {
		m := prompt.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		answer := ""
		for _, next := range lines[i+1:] {
			if prompt.MatchString(next) {
				break
			}
			if next == "y" || strings.HasSuffix(next, "[y/N] y") {
				answer = "y\n"
			}
		}
		fmt.Fprintln(&out, line)
		out.WriteString(p.screen(t, m, answer))
	}
	return out.String()
}

// screen is what a user sees of one command.
func (p *plant) screen(t *testing.T, m []string, answer string) string {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	at, err := time.ParseInLocation("2006-01-02 15:04", days[m[2]]+" "+m[3], berlin)
	must(t, err)
	p.await(t, at)
	var args []string
	for _, w := range word.FindAllStringSubmatch(m[4], -1) {
		args = append(args, strings.ReplaceAll(w[1]+w[2], "config/samples/", config+"/samples/"))
	}
	var screen bytes.Buffer
	streams := genericiooptions.IOStreams{In: &typed{answer, &screen}, Out: &screen, ErrOut: &screen}
	cli.Run(t.Context(), streams, p.clock, append(args, "--kubeconfig", p.kubeconfigs[m[1]]))
	p.await(t, at)
	return still(strings.ReplaceAll(screen.String(), config+"/samples/", "config/samples/"))
}

// await sets the clock, and waits until the operator has looked at it.
func (p *plant) await(t *testing.T, at time.Time) {
	t.Helper()
	p.setNow(at)
	if p.operator != nil {
		must(t, p.operator.settle(t.Context()))
	}
}

// fresh takes away what other tests made.
func fresh(t *testing.T, p *plant) {
	t.Helper()
	clear := func() {
		for _, o := range []client.Object{&v1alpha1.VendorAccessWindow{}, &v1alpha1.AccessLock{}} {
			if err := p.admin.DeleteAllOf(context.Background(), o); err != nil {
				t.Error(err)
			}
		}
	}
	clear()
	t.Cleanup(clear)
}

func TestHelpNamesTheExitCodes(t *testing.T) {
	got := shared.as(t, "nobody", "", "--help")
	expect(t, got, exit.OK, exit.Help, "access", "audit", "--context", "--as ")
}
