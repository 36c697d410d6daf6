// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/zonewarden/zonewarden/internal/session/boot"
	"github.com/zonewarden/zonewarden/internal/session/until"
)

// TestARelayEndsWhenItWasToldTo, extended without a cut, and everything with it.
func TestARelayEndsWhenItWasToldTo(t *testing.T) {
	to, conns := device(t)
	p, at := startRelay(t, "tcp/"+to, "-first", "10s")
	client := dial(t, at)
	server := <-conns
	p.tell(t, 2*time.Second)
	end := p.tell(t, 3*time.Second)
	var n int
	for _, err := client.Write([]byte{1}); err == nil; _, err = client.Write([]byte{1}) {
		n++
		time.Sleep(time.Millisecond)
	}
	late := boot.Now().Sub(end)
	if late < -5*time.Millisecond || late > tolerance {
		t.Errorf("cut %s after the end", late)
	}
	if _, err := io.Copy(io.Discard, server); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the target sees %v", err)
	}
	if code := p.exit(t); code != exitEnded {
		t.Errorf("exit code %d: %s", code, p.log.String())
	}
	t.Logf("%d writes, cut %s after the end", n, late)
}

// TestOutOfTouchItEndsByItself, without ever having been told anything; also where the
// boot clock is a day ahead of the one that stands still while a machine sleeps, as after
// a day of sleep.
func TestOutOfTouchItEndsByItself(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, wrapper := range [][]string{nil, {"unshare", "--time", "--boottime", "86400", "--fork", self}} {
		begun := boot.Now()
		p := start(t, wrapper, "hold", "-first", "400ms")
		if code := p.exit(t); code != exitEnded {
			t.Errorf("exit code %d: %s", code, p.log.String())
		}
		if took := boot.Now().Sub(begun); took < 400*time.Millisecond || took > tolerance {
			t.Errorf("%v: it ended after %s", wrapper, took)
		}
	}
}

// TestNobodyAsksTheWallClock, which a test cannot set on a machine that others use.
// The times in log lines are the only exception, and not in these files.
func TestNobodyAsksTheWallClock(t *testing.T) {
	asks := regexp.MustCompile(`time\.(Now|Since|Until|After|AfterFunc|Tick)\b|CLOCK_(REALTIME|TAI|MONOTONIC)|Gettimeofday|WithDeadline`)
	var files []string
	for _, pattern := range []string{"*.go", "../../internal/session/*.go", "../../internal/session/*/*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	read := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		read++
		if found := asks.Find(b); found != nil {
			t.Errorf("%s asks %s", name, found)
		}
	}
	if read < 20 {
		t.Errorf("only %d files were looked at", read)
	}
}

// TestWhatIsNotTheOperatorsMovesNothing, on the wire of a process that runs.
func TestWhatIsNotTheOperatorsMovesNothing(t *testing.T) {
	p := start(t, nil, "hold", "-first", long)
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))
	hour := func() time.Duration { return 0 }
	for name, try := range map[string]func(net.Conn) error{
		"another key":    func(c net.Conn) error { _, err := until.Tell(t.Context(), c, other, window, pod, hour); return err },
		"another window": func(c net.Conn) error { _, err := until.Tell(t.Context(), c, operator, "w", pod, hour); return err },
		"another pod":    func(c net.Conn) error { _, err := until.Tell(t.Context(), c, operator, window, "p", hour); return err },
	} {
		if err := try(p.conn(t)); !errors.Is(err, until.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What was signed for one exchange, word for word in the next.
	recorded := record(t, p)
	replay := p.conn(t)
	if _, err := io.ReadFull(replay, make([]byte, 37)); err != nil {
		t.Fatal(err)
	}
	if _, err := replay.Write(recorded); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(replay); err != nil || len(b) < 6 || b[5] == 0 {
		t.Errorf("a replay is answered %x, %v", b, err)
	}
	for _, s := range []unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGUSR1, unix.SIGQUIT, unix.SIGCONT} {
		if err := p.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	if left := p.status(t).Remaining; left < 59*time.Minute || left > time.Hour {
		t.Errorf("%s remain", left)
	}
}

// record has the operator extend by an hour and returns his message.
func record(t *testing.T, p *process) []byte {
	t.Helper()
	tap := &tapped{Conn: p.conn(t)}
	if _, err := until.Tell(t.Context(), tap, operator, window, pod, func() time.Duration { return time.Hour }); err != nil {
		t.Fatal(err)
	}
	return tap.written
}

type tapped struct {
	net.Conn
	written []byte
}

func (t *tapped) Write(b []byte) (int, error) {
	t.written = append(t.written, b...)
	return t.Conn.Write(b)
}

// TestAKillDeliversNothingMore: not only the deadline, also SIGKILL throws away what the
// kernel still holds for the target.
func TestAKillDeliversNothingMore(t *testing.T) {
	to, conns := device(t)
	p, at := startRelay(t, "tcp/"+to)
	client := dial(t, at)
	server := <-conns
	_ = server.(*net.TCPConn).SetReadBuffer(4096)
	_ = client.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	sent, err := client.Write(make([]byte, 64<<20))
	if err == nil {
		t.Fatal("nothing waits")
	}
	_ = p.Process.Kill()
	p.exit(t)
	got, err := io.Copy(io.Discard, server)
	if !errors.Is(err, syscall.ECONNRESET) || got > int64(sent)/2 {
		t.Errorf("%d of %d bytes are delivered after the kill, then %v", got, sent, err)
	}
}

func TestTerminationEndsIt(t *testing.T) {
	for _, name := range []string{"hold", "relay"} {
		args := []string{name, "-first", long}
		if name == "relay" {
			args = append(args, "-from", "127.0.0.1", "-target", "udp/0=127.0.0.1:9")
		}
		p := start(t, nil, args...)
		if err := p.Process.Signal(unix.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if code := p.exit(t); code != exitEnded {
			t.Errorf("%s: exit code %d", name, code)
		}
	}
}

func TestConfiguration(t *testing.T) {
	t.Setenv("POD_UID", "")
	good := base64.StdEncoding.EncodeToString(operator.Public().(ed25519.PublicKey))
	common := []string{"-window", "w", "-pod", "p", "-operator", good}
	with := func(more ...string) []string { return append(append([]string{}, common...), more...) }
	tests := []struct {
		name string
		args []string
		env  string
		want string // part of the error; empty if there is none
	}{
		{"flags", with("-from", "10.0.0.1", "-from", "fd00::/8", "-target", "tcp/1=10.0.0.2:502", "-target", "udp/1=[fd00::1]:161"), "", ""},
		{"variable", nil, `{"window":"w","pod":"p","operator":"` + good + `","from":["10.0.0.1"],"target":"tcp/1=10.0.0.2:502"}`, ""},
		{"both", with("-from", "10.0.0.1"), `{"target":"tcp/1=10.0.0.2:502"}`, ""},
		{"one thing twice", with(), `{"window":"w"}`, "-window is given"},
		{"one thing twice, glued", with("--first=1s"), `{"first":"2s"}`, "-first is given"},
		{"no window", []string{"-pod", "p", "-operator", good}, "", "-window"},
		{"no pod", []string{"-window", "p", "-operator", good}, "", "-pod"},
		{"no key", []string{"-window", "p", "-pod", "p"}, "", "-operator"},
		{"half a key", []string{"-operator", good[:20]}, "", "bytes instead of 32"},
		{"no end", with("-first", "0s"), "", "-first"},
		{"a far end", with("-first", "9999h"), "", "-first"},
		{"surplus", with("x"), "", `unexpected argument "x"`},
		{"an unknown name", with(), `{"until":"x"}`, "until"},
		{"a number", with(), `{"idle":5}`, "cannot unmarshal"},
		{"two objects", with(), `{} {}`, "something follows"},
		{"a name as target", with("-target", "tcp/1=plc:502"), "", "target"},
		{"no port", with("-target", "tcp=10.0.0.1:502"), "", "transport/port"},
		{"a large port", with("-target", "tcp/65536=10.0.0.1:502"), "", "value out of range"},
		{"a name as source", with("-from", "jump"), "", "from"},
	}
	for _, tt := range tests {
		var stderr strings.Builder
		o, err := parse("relay", tt.args, tt.env, &stderr)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.want == "" && (o.window != "w" || len(o.relay.Sources) == 0 || len(o.relay.Targets) == 0):
			t.Errorf("%s: %+v", tt.name, o)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v does not say %q", tt.name, err, tt.want)
		}
	}
}

func TestExitCodes(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want int
	}{
		{nil, exitUsage},
		{[]string{"exec"}, exitUsage},
		{[]string{"help"}, exitEnded},
		{[]string{"relay", "-h"}, exitEnded},
		{[]string{"hold", "-target", "tcp/1=10.0.0.1:1"}, exitUsage},
		{[]string{"hold"}, exitUsage},
		{[]string{"hold", "-window", "w", "-pod", "p", "-operator", base64.StdEncoding.EncodeToString(make([]byte, 32)), "-control", "192.0.2.1:1"}, exitFailed},
	} {
		var stderr strings.Builder
		if got := command(boot.Now(), tt.args, "", &stderr); got != tt.want {
			t.Errorf("%v: exit code %d, want %d: %s", tt.args, got, tt.want, stderr.String())
		}
	}
}
