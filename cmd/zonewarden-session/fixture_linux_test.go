// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/zonewarden/zonewarden/internal/session/boot"
	"github.com/zonewarden/zonewarden/internal/session/until"
)

const (
	window   = "5c2a-window"
	pod      = "91fe-pod"
	patience = 20 * time.Second
	// tolerance is for a machine that is busy, and for a second that the race detector
	// sleeps in a setuid program. Lateness is measured by a benchmark.
	tolerance = 3 * time.Second
	// long is a first bound that no test reaches. What a test that was killed leaves
	// behind ends with it.
	long = "2m"
	// roleEnv says what the test's own program does instead of testing.
	roleEnv = "ZONEWARDEN_SESSION_ROLE"
)

var operator = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

// TestMain lets the test's program be the command, or somebody inside a session pod.
func TestMain(m *testing.M) {
	switch role, only, _ := strings.Cut(os.Getenv(roleEnv), ":"); role {
	case "":
		os.Exit(m.Run())
	case "command":
		main()
	case "attacker":
		attack(only)
	case "hog":
		hog()
	case "daemon":
		daemon()
	}
}

// hog keeps a processor busy.
func hog() {
	for n := 1; n != 0; n += 2 {
	}
}

// process is the command in a process of its own.
type process struct {
	*exec.Cmd
	control string
	first   int // its process ID, which is another than Cmd's inside unshare
	ended   chan struct{}
	log     strings.Builder // complete when it has ended
}

// start runs the command. The program is the test's own, or the last word of a wrapper
// that has it as its only child.
func start(tb testing.TB, wrapper []string, args ...string) *process {
	tb.Helper()
	words := []string{"/proc/self/exe"}
	if len(wrapper) > 0 {
		words = slices.Clone(wrapper)
	}
	words = append(words, args[0], "-window", window, "-pod", pod, "-control", "127.0.0.1:0",
		"-operator", (&key{operator.Public().(ed25519.PublicKey)}).String())
	words = append(words, args[1:]...)
	p := &process{Cmd: exec.Command(words[0], words[1:]...), ended: make(chan struct{})}
	// With the race detector a program sleeps a second before it exits, unless told not to.
	p.Env = append(os.Environ(), roleEnv+"=command", "GORACE=atexit_sleep_ms=0")
	stderr, err := p.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := p.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.stop)
	ready := make(chan string, 1)
	go func() {
		p.read(stderr, ready)
		_ = p.Wait()
		close(p.ended)
	}()
	select {
	case p.control = <-ready:
	case <-p.ended:
		tb.Fatalf("it did not start: %s", p.log.String())
	case <-time.After(patience):
		tb.Fatal("it does not say that it has started")
	}
	p.first = p.Process.Pid
	if len(wrapper) > 0 {
		p.first = onlyChild(tb, p.first)
	}
	return p
}

// read keeps the log, and finds the address of the control port in it.
func (p *process) read(stderr io.Reader, ready chan<- string) {
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		fmt.Fprintln(&p.log, lines.Text())
		var said struct{ Msg, Control string }
		if json.Unmarshal(lines.Bytes(), &said) == nil && said.Msg == "starting" {
			ready <- said.Control
		}
	}
}

// stop kills it and, where it is in a PID namespace, everything in that.
func (p *process) stop() {
	_ = unix.Kill(p.first, unix.SIGKILL)
	_ = p.Process.Kill()
	<-p.ended
}

func onlyChild(tb testing.TB, pid int) int {
	tb.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		tb.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		tb.Fatalf("children of %d: %q", pid, b)
	}
	return child
}

// exit waits for the end and returns the exit code.
func (p *process) exit(tb testing.TB) int {
	tb.Helper()
	select {
	case <-p.ended:
		return p.ProcessState.ExitCode()
	case <-time.After(patience):
		tb.Fatal("it has not ended")
		return -1
	}
}

func (p *process) conn(tb testing.TB) net.Conn {
	tb.Helper()
	conn, err := net.Dial("tcp", p.control)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

// tell moves the end and returns an instant that the new end is not before.
func (p *process) tell(tb testing.TB, remaining time.Duration) boot.Instant {
	tb.Helper()
	earliest := boot.Now().Add(remaining)
	conn := p.conn(tb)
	_, err := until.Tell(tb.Context(), conn, operator, window, pod, func() time.Duration { return remaining })
	if err != nil && !errors.Is(err, until.ErrNoReply) {
		tb.Fatal(err)
	}
	_ = conn.Close()
	return earliest
}

func (p *process) status(tb testing.TB) *until.Status {
	tb.Helper()
	s, err := until.Ask(tb.Context(), p.conn(tb), operator, window, pod)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// startRelay runs a relay to the target and returns where it listens.
func startRelay(tb testing.TB, target string, args ...string) (p *process, address string) {
	tb.Helper()
	transport, _, _ := strings.Cut(target, "/")
	_, to, _ := strings.Cut(target, "/")
	all := append([]string{"relay", "-from", "127.0.0.0/8", "-listen", "127.0.0.1", "-target", transport + "/0=" + to}, args...)
	p = start(tb, nil, all...)
	port := p.status(tb).Targets[0].Listen
	return p, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port).String()
}

// device is a TCP target: it hands out what it accepts.
func device(tb testing.TB) (address string, conns <-chan net.Conn) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	all := make(chan net.Conn, 4096)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all <- conn
		}
	}()
	return l.Addr().String(), all
}

func dial(tb testing.TB, address string) net.Conn {
	tb.Helper()
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	return conn
}
