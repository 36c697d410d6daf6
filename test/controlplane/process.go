// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

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

// A process is a child of this one.
type process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when the process is gone
}

// startProcess starts the program at path, in a process group of its own.
//
// It does not ask for a parent death signal: that is sent when the thread ends which
// happened to fork, be it long before this process ends. See hack/kube for what is
// done instead.
func startProcess(path string, args []string, output io.Writer) (*process, error) {
	p := &process{
		name: filepath.Base(path),
		cmd:  exec.Command(path, args...),
		done: make(chan struct{}),
	}
	p.cmd.Stdout = output
	p.cmd.Stderr = output
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.name, err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // how it ended matters to nobody, that it ended does
	}()
	return p, nil
}

// stop asks the process to end, kills it if it has not ended after timeout, which is
// an error, and returns when it is gone.
func (p *process) stop(timeout time.Duration) error {
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

func (p *process) signal(s os.Signal) error {
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

// output collects what several processes print.
type output struct {
	mu   sync.Mutex
	to   io.Writer // may be nil
	last []byte
}

// Write passes b on. It always succeeds, because a process whose output is not taken
// would die of it.
func (o *output) Write(b []byte) (int, error) {
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

// tail returns the last of what was written.
func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.last)
}
