// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
)

var update = flag.Bool("update", false, "write the golden files anew")

const waterWorks = "../../../config/samples/water-works"

var today = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

// run runs a command on the water works, as files.
func run(t *testing.T, command func(*connect.Session) *cobra.Command, args ...string) (string, exit.Code) {
	t.Helper()
	var out bytes.Buffer
	s := connect.New(genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out}, func() time.Time { return today })
	cmd := command(s)
	cmd.SetArgs(append(args, "-f", waterWorks))
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
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-golden +got; -update writes it)\n%s", path, diff)
	}
}

func TestScreens(t *testing.T) {
	tests := map[string]struct {
		command func(*connect.Session) *cobra.Command
		args    []string
		code    exit.Code
	}{
		"matrix":              {Command, nil, exit.OK},
		"matrix-of-a-zone":    {Command, []string{"--zone", "cell-filtration", "--members"}, exit.OK},
		"matrix-no-such-zone": {Command, []string{"--zone", "cell-filtratoin"}, exit.Failed},
		"explain-passes":      {ExplainCommand, []string{"ww-historian/historian", "ww-filtration/opcua-server-0", "4840"}, exit.OK},
		"explain-internal":    {ExplainCommand, []string{"ww-filtration/modbus-gateway", "=A01+K01-PLC_01", "502/tcp"}, exit.OK},
		"explain-dns":         {ExplainCommand, []string{"ww-historian/historian", "10.20.9.5", "123/UDP"}, exit.OK},
		"explain-firewall":    {ExplainCommand, []string{"10.20.0.21", "10.20.3.21", "502"}, exit.OK},
		"explain-nobody":      {ExplainCommand, []string{"plc-filter-03", "10.20.3.11", "502"}, exit.OK},
		"explain-devices":     {ExplainCommand, []string{"10.9.1.20", "10.20.3.11", "502"}, exit.Bad},
		"explain-observe":     {ExplainCommand, []string{"outside", "ww-dosing/opcua-server", "22"}, exit.OK},
		"explain-refused":     {ExplainCommand, []string{"ww-enterprise/reporting", "ww-filtration/opcua-server", "502"}, exit.Bad},
		"explain-no-zone":     {ExplainCommand, []string{"203.0.113.5", "ww-filtration/opcua-server", "502"}, exit.Bad},
		"explain-who":         {ExplainCommand, []string{"nobody", "outside", "502"}, exit.Failed},
		"explain-port":        {ExplainCommand, []string{"outside", "outside", "99999"}, exit.Failed},
		"explain-transport":   {ExplainCommand, []string{"outside", "outside", "53/ICMP"}, exit.Failed},
		"blast-radius":        {BlastCommand, []string{"ww-dmz/jump-host"}, exit.OK},
		"blast-of-a-device":   {BlastCommand, []string{"=A01+K02-PLC_03"}, exit.OK},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out, code := run(t, tt.command, tt.args...)
			if code != tt.code {
				t.Errorf("exit %d, want %d", code, tt.code)
			}
			golden(t, name, out)
		})
	}
}

// TestForPrograms: JSON says what the screens say, with lists that are never null.
func TestForPrograms(t *testing.T) {
	for name, command := range map[string]func(*connect.Session) *cobra.Command{"matrix": Command, "explain": ExplainCommand, "blast": BlastCommand} {
		args := map[string][]string{
			"matrix": {"--pairs", "-o", "json"}, "explain": {"ww-historian/historian", "ww-filtration/opcua-server", "4840", "-o", "json"},
			"blast": {"ww-dmz/jump-host", "-o", "json"},
		}[name]
		out, _ := run(t, command, args...)
		var content map[string]any
		if err := json.Unmarshal([]byte(out), &content); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for key, value := range content {
			if value == nil {
				t.Errorf("%s: %s is null", name, key)
			}
		}
		if content["site"] != "ww-17" || content["kind"] == "" {
			t.Errorf("%s is of %v, %v", name, content["site"], content["kind"])
		}
	}
}
