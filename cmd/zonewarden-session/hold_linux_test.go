// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/session/boot"
	"github.com/zonewarden/zonewarden/internal/session/until"
)

// The users of a session pod.
const (
	holder = "65532"
	vendor = "1000"
)

// sessionPod runs the command as the first process of a PID namespace with a /proc of its
// own, as a user without rights.
func sessionPod(t *testing.T, args ...string) *process {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("a PID namespace needs root")
	}
	readable(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	wrapper := append([]string{"unshare", "--pid", "--fork", "--mount-proc"}, as(holder)...)
	return start(t, append(wrapper, self), append([]string{"hold"}, args...)...)
}

// setuidPod is the same, started as the vendor's user from a program file with the setuid
// bit that belongs to the holder, with privilege escalation allowed.
func setuidPod(t *testing.T, args ...string) *process {
	t.Helper()
	readable(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := t.TempDir() + "/zonewarden-session"
	b, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	id, err := strconv.Atoi(holder)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(program, b, 0o600), os.Chown(program, id, id), os.Chmod(program, 0o711|os.ModeSetuid)); err != nil {
		t.Fatal(err)
	}
	for dir := filepath.Dir(program); dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	wrapper := []string{"unshare", "--pid", "--fork", "--mount-proc"}
	for _, w := range as(vendor) {
		if w != "--no-new-privs" {
			wrapper = append(wrapper, w)
		}
	}
	return start(t, append(wrapper, program), append([]string{"hold"}, args...)...)
}

// readable lets other users run the test's program.
func readable(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name := self; name != os.TempDir() && name != "/"; name = filepath.Dir(name) {
		if err := os.Chmod(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// as drops all rights, as a pod's security context does.
func as(user string) []string {
	return []string{"setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--bounding-set", "-all", "--no-new-privs"}
}

// exec runs the test's program inside the pod, like kubectl exec.
func (p *process) exec(t *testing.T, user, role string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	words := append([]string{"-t", strconv.Itoa(p.first), "-p", "-m"}, as(user)...)
	cmd := exec.Command("nsenter", append(words, self)...)
	cmd.Env = append(os.Environ(), roleEnv+"="+role, "GORACE=atexit_sleep_ms=0")
	return cmd
}

// daemon leaves its parent, ignores what can be ignored, and stays.
func daemon() {
	signal.Ignore()
	_, _ = syscall.Setsid()
	fmt.Println("here")
	for {
		time.Sleep(time.Hour)
	}
}

// inNamespace lists the processes that share a PID namespace with a process.
func inNamespace(t *testing.T, link string) []string {
	t.Helper()
	all, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var in []string
	for _, e := range all {
		if l, err := os.Readlink("/proc/" + e.Name() + "/ns/pid"); err == nil && l == link {
			in = append(in, e.Name())
		}
	}
	return in
}

// try runs the attacker to its end.
func (p *process) try(t *testing.T, user, role string) map[string]string {
	t.Helper()
	cmd := p.exec(t, user, role)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("attacking: %v", err)
	}
	var result map[string]string
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatalf("attacking: %q: %v", out, err)
	}
	return result
}

// TestAnotherUserCanDoNothing to the first process, which is there and ends in time, and
// everything that was left behind with it.
func TestAnotherUserCanDoNothing(t *testing.T) {
	t.Run("started as another user", func(t *testing.T) { testAnotherUser(t, sessionPod(t, "-first", long)) })
	// As kubectl exec has it: the container's user is the vendor's.
	t.Run("by the setuid bit", func(t *testing.T) { testAnotherUser(t, setuidPod(t, "-first", long)) })
}

func testAnotherUser(t *testing.T, p *process) {
	link, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", p.first))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		d := p.exec(t, vendor, "daemon")
		out, err := d.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 4)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Wait() })
	}
	for name, told := range p.try(t, vendor, "attacker") {
		if told == "" {
			t.Errorf("%s: it worked", name)
		}
	}
	if n := p.status(t).Processes; n != 3 {
		t.Errorf("it counts %d others, not 3", n)
	}
	if in := inNamespace(t, link); len(in) != 4 {
		t.Fatalf("in the namespace: %v", in)
	}
	end := p.tell(t, 300*time.Millisecond)
	if code := p.exit(t); code != exitEnded {
		t.Errorf("exit code %d: %s", code, p.log.String())
	}
	if late := boot.Now().Sub(end); late < -5*time.Millisecond || late > tolerance {
		t.Errorf("it ended %s late", late)
	}
	if in := inNamespace(t, link); len(in) != 0 {
		t.Errorf("left behind: %v", in)
	}
}

// TestTheSameUserCannotReachIn: kubectl exec enters as the user of the container.
func TestTheSameUserCannotReachIn(t *testing.T) {
	p := sessionPod(t, "-first", long)
	for name := range attacks() {
		switch {
		case slices.Contains(tampering, name), strings.HasPrefix(name, "signal "), name == "pin it to one processor":
			continue // allowed; what comes of it is tested beside this
		}
		if told := p.try(t, holder, "attacker:"+name)[name]; told == "" {
			t.Errorf("%s: it worked", name)
		}
	}
}

// TestTamperingEndsTheSession, each kind by itself.
func TestTamperingEndsTheSession(t *testing.T) {
	for _, name := range tampering {
		p := sessionPod(t, "-first", long)
		if told := p.try(t, holder, "attacker:"+name)[name]; told != "" {
			t.Errorf("%s: refused: %s", name, told)
		}
		if code := p.exit(t); code != exitFailed || !strings.Contains(p.log.String(), "tampers") {
			t.Errorf("%s: exit code %d: %s", name, code, p.log.String())
		}
	}
}

// TestSignalsOfTheSameUserDoNothing, SIGSTOP and SIGKILL among them.
func TestSignalsOfTheSameUserDoNothing(t *testing.T) {
	p := sessionPod(t, "-first", long)
	for _, s := range []string{"STOP", "KILL", "TSTP", "HUP", "INT", "QUIT", "ABRT", "USR1", "ALRM", "XCPU", "PROF", "PWR"} {
		cmd := exec.Command("nsenter", append(append([]string{"-t", strconv.Itoa(p.first), "-p", "-m"}, as(holder)...),
			"sh", "-c", "kill -"+s+" 1")...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", s, err, out)
		}
	}
	if left := p.status(t).Remaining; left < time.Minute || left > 2*time.Minute {
		t.Errorf("%s remain", left)
	}
	end := p.tell(t, 200*time.Millisecond)
	p.exit(t)
	if late := boot.Now().Sub(end); late > tolerance {
		t.Errorf("it ended %s late", late)
	}
}

// TestOrphansAreReaped: a shell leaves processes behind, which end.
func TestOrphansAreReaped(t *testing.T) {
	p := sessionPod(t, "-first", long)
	shell := exec.Command("nsenter", "-t", strconv.Itoa(p.first), "-p", "-m", "sh", "-c", "for i in 1 2 3 4 5; do (sleep 0.05 &); done")
	if out, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for end := time.Now().Add(patience); p.status(t).Processes != 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d are left", p.status(t).Processes)
		}
	}
}

// TestBusyShellsDoNotDelayTheEnd: as many as the processors cannot serve.
func TestBusyShellsDoNotDelayTheEnd(t *testing.T) {
	p := sessionPod(t, "-first", "1m")
	for range 20 {
		hog := p.exec(t, vendor, "hog")
		if err := hog.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = hog.Wait() })
	}
	end := p.tell(t, time.Second)
	p.exit(t)
	late := boot.Now().Sub(end)
	t.Logf("it ended %s late", late)
	if late > tolerance {
		t.Errorf("it ended %s late", late)
	}
}

// TestOccupyingTheControlPortKeepsNobodyOut: a shell shares the pod's network.
func TestOccupyingTheControlPortKeepsNobodyOut(t *testing.T) {
	p := sessionPod(t, "-first", long)
	flooding, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		var held []net.Conn
		for n := 0; ; n++ {
			conn, err := net.Dial("tcp", p.control)
			if errors.Is(err, syscall.ECONNREFUSED) {
				break // it has ended
			}
			if err == nil {
				held = append(held, conn)
			}
			if n == 300 {
				close(flooding)
			}
		}
		for _, c := range held {
			_ = c.Close()
		}
	}()
	<-flooding
	end := p.tellUntilItHears(t)
	if late := boot.Now().Sub(end); late > tolerance {
		t.Errorf("revoked %s late", late)
	}
	<-done
}

// tellUntilItHears tells that it is over as the operator does: again, when nobody heard it. It
// returns when the last was told.
func (p *process) tellUntilItHears(t *testing.T) (last boot.Instant) {
	t.Helper()
	for by := time.Now().Add(patience); time.Now().Before(by); {
		last = boot.Now()
		if conn, err := net.Dial("tcp", p.control); err == nil {
			_, _ = until.Tell(t.Context(), conn, operator, window, pod, func() time.Duration { return 0 })
			_ = conn.Close()
		}
		select {
		case <-p.ended:
			return last
		case <-time.After(250 * time.Millisecond):
		}
	}
	t.Fatal("it has not ended")
	return last
}
