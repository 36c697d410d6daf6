// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// line is somebody outside to whom a process in a pod talks all the time.
type line struct {
	net.Listener
	mu   sync.Mutex
	last time.Time
}

// hearken answers at a node's address until the test ends.
func hearken(t *testing.T, address string) *line {
	t.Helper()
	l, err := net.Listen("tcp4", net.JoinHostPort(address, "0"))
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	out := &line{Listener: l}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go out.listen(conn)
		}
	}()
	return out
}

func (l *line) listen(conn net.Conn) {
	b := make([]byte, 64)
	for {
		if _, err := conn.Read(b); err != nil {
			_ = conn.Close()
			return
		}
		l.mu.Lock()
		l.last = time.Now()
		l.mu.Unlock()
	}
}

// Last is when the last byte came.
func (l *line) Last() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// forward is a port-forward of an administrator's kubectl to a pod's port, and the address
// at which it listens.
func (a *accessPlant) forward(pod *corev1.Pod, port int) string {
	a.t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(a.t.Context()), stage.Kubectl(), "--kubeconfig", a.Kubeconfig,
		"port-forward", "--namespace", pod.Namespace, pod.Name, fmt.Sprintf(":%d", port))
	out, err := cmd.StdoutPipe()
	must(a.t, err)
	must(a.t, cmd.Start())
	a.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	said := bufio.NewScanner(out)
	said.Scan()
	at := regexp.MustCompile(`127\.0\.0\.1:[0-9]+`).FindString(said.Text())
	if at == "" {
		a.t.Fatalf("kubectl port-forward says %q", said.Text())
	}
	go func() {
		for said.Scan() {
			continue // what it prints has to go somewhere
		}
	}()
	return at
}

// forwarded listens to what beats in a session pod, through a port-forward.
func (a *accessPlant) forwarded(pod *corev1.Pod) *line {
	a.t.Helper()
	const port = 9300
	a.executes(pod, "beat", fmt.Sprint(port))
	conn, err := net.Dial("tcp", a.forward(pod, port))
	must(a.t, err)
	l := &line{}
	go l.listen(conn)
	stage.Until(a.t, settles, "the session pod is heard through a port-forward", func() bool { return !l.Last().IsZero() })
	return l
}

// notForwarded holds that a relay takes nothing from a port-forward, which reaches it from
// inside its own pod.
func (a *accessPlant) notForwarded(relay *corev1.Pod) {
	a.t.Helper()
	conn, err := net.Dial("tcp", a.forward(relay, firstRelayPort))
	must(a.t, err)
	defer func() { _ = conn.Close() }()
	must(a.t, conn.SetDeadline(time.Now().Add(settles)))
	// A question that the drive would answer.
	_, _ = conn.Write([]byte("e12345678"))
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		a.t.Errorf("the relay answers %d byte through a port-forward, although it is not the jump host's", n)
	}
}
