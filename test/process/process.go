// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package process runs programs as children that are stopped by the process id they
// were started under, never by name, and keeps what they print.
package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// A Process is a child of this one.
type Process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when the process is gone
}

// Start starts the program at path, in a process group of its own. Env is added to
// this process's own.
//
// It does not ask for a parent death signal: that is sent when the thread ends which
// happened to fork, be it long before this process ends. See hack/kube for what is
// done instead.
func Start(path string, args, env []string, output io.Writer) (*Process, error) {
	p := &Process{
		name: filepath.Base(path),
		cmd:  exec.Command(path, args...),
		done: make(chan struct{}),
	}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout = output
	p.cmd.Stderr = output
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = 10 * time.Second // what it started may hold its output
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.name, err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // how it ended matters to nobody, that it ended does
	}()
	return p, nil
}

// Stop asks the process to end, kills it if it has not ended after timeout, which is
// an error, and returns when it is gone.
func (p *Process) Stop(timeout time.Duration) error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(timeout):
	}
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return fmt.Errorf("stopping %s: killed after %s", p.name, timeout)
}

// Kill ends the process at once, as a power cut would, and returns when it is gone.
func (p *Process) Kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return nil
}

// Done is closed when the process is gone.
func (p *Process) Done() <-chan struct{} { return p.done }

// ID is the process id.
func (p *Process) ID() int { return p.cmd.Process.Pid }

func (p *Process) signal(s os.Signal) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	// os.Process knows its own child, so this cannot hit a later process with the
	// same id.
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("sending %s to %s: %w", s, p.name, err)
	}
	return nil
}

// tailSize is how much of the processes' output is kept for error messages.
const tailSize = 4 << 10

// Output collects what several processes print.
type Output struct {
	mu   sync.Mutex
	to   io.Writer // may be nil
	last []byte
}

// NewOutput passes everything on to another writer, one goroutine at a time; nil
// discards it.
func NewOutput(to io.Writer) *Output { return &Output{to: to} }

// Write passes b on. It always succeeds, because a process whose output is not taken
// would die of it.
func (o *Output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = append(o.last, b...)
	if surplus := len(o.last) - tailSize; surplus > 0 {
		o.last = append(o.last[:0], o.last[surplus:]...)
	}
	if o.to != nil {
		_, _ = o.to.Write(b)
	}
	return len(b), nil
}

// Tail returns the last of what was written.
func (o *Output) Tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.last)
}
