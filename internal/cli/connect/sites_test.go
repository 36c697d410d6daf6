// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package connect

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/zonewarden/zonewarden/internal/cli/output"
)

const twoContexts = `apiVersion: v1
kind: Config
current-context: b
clusters: [{name: c, cluster: {server: "https://192.0.2.1"}}]
contexts: [{name: a, context: {cluster: c}}, {name: b, context: {cluster: c}}]
`

// kubeconfigs are what KUBECONFIG names: content of a file, or a path that is no file.
var kubeconfigs = map[string]func(t *testing.T) string{
	"two contexts": func(t *testing.T) string { t.Helper(); return kubeconfigOf(t, twoContexts) },
	"malformed":    func(t *testing.T) string { t.Helper(); return kubeconfigOf(t, "contexts: [") },
	// Whoever runs tests may be root, who may read everything: a folder nobody reads as a file.
	"unreadable": func(t *testing.T) string { t.Helper(); return t.TempDir() },
}

func kubeconfigOf(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// read is what a command prints that reads each site by do, and its error in words.
func read(t *testing.T, do func(at *Session) error, args ...string) (string, string) {
	t.Helper()
	var out bytes.Buffer
	s := New(genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out}, time.Now)
	var sites Sites
	var format output.Format
	cmd := &cobra.Command{Use: "read", RunE: func(*cobra.Command, []string) error {
		return sites.Read(s, &format, func(at *Session) (any, func(), error) {
			return []string{"answer"}, func() { out.WriteString("answer\n") }, do(at)
		})
	}}
	sites.AddFlags(cmd, s)
	format.AddFlag(cmd)
	cmd.SetArgs(args)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.ExecuteContext(t.Context())
	if err == nil {
		return out.String(), ""
	}
	return out.String(), err.Error()
}

// TestKubeconfigIsReadWhenNeeded: not for one site that is not asked (-f), and never passed over
// where a cluster or a context is meant.
func TestKubeconfigIsReadWhenNeeded(t *testing.T) {
	files := func(*Session) error { return nil }
	cluster := func(at *Session) error { _, err := at.Client(); return err }
	for name, tt := range map[string]struct {
		kubeconfig string
		do         func(*Session) error
		args       []string
		out, err   string
	}{
		"files, malformed":           {"malformed", files, nil, "answer\n", ""},
		"files, unreadable":          {"unreadable", files, nil, "answer\n", ""},
		"files, unreadable, as JSON": {"unreadable", files, []string{"-o", "json"}, "[\n  \"answer\"\n]\n", ""},
		"a cluster, malformed":       {"malformed", cluster, nil, "answer\n", "reading the kubeconfig: "},
		"a cluster, unreadable":      {"unreadable", cluster, nil, "answer\n", "reading the kubeconfig: "},
		"contexts, malformed":        {"malformed", files, []string{"--contexts", "a"}, "", "reading the kubeconfig: "},
		"all contexts, unreadable":   {"unreadable", files, []string{"--all-contexts"}, "", "reading the kubeconfig: "},
		"one that is not there":      {"two contexts", files, []string{"--contexts", "z"}, "", `--contexts: there is no context "z" in the kubeconfig`},
		"both flags":                 {"two contexts", files, []string{"--contexts", "a", "--all-contexts"}, "", "--contexts, --all-contexts: give one of them"},
		"all contexts":               {"two contexts", files, []string{"--all-contexts"}, "--- a\nanswer\n--- b\nanswer\n", ""},
		"one fails, the other counts": {
			"two contexts",
			func(at *Session) error {
				if at.Context() == "a" {
					return errors.New("out of reach")
				}
				return nil
			},
			[]string{"--all-contexts"},
			"--- a\nanswer\n--- b\nanswer\n",
			"a: out of reach",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", kubeconfigs[tt.kubeconfig](t))
			out, err := read(t, tt.do, tt.args...)
			if diff := cmp.Diff(tt.out, out); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if !strings.HasPrefix(err, tt.err) || (tt.err == "") != (err == "") {
				t.Errorf("the error is %q, want %q", err, tt.err)
			}
		})
	}
}
