// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package hold

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sys/unix"
)

// Shield makes the process one that its peers cannot reach into. Where the program's file
// has the setuid bit and the pod lets that count, the process leaves the user that it was
// started as for the file's owner, for good.
func Shield() error {
	if owner := unix.Geteuid(); owner != unix.Getuid() {
		if err := syscall.Setresuid(owner, owner, owner); err != nil {
			return fmt.Errorf("becoming the owner of the program: %w", err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("making the process not dumpable: %w", err)
	}
	return nil
}

// ignored are all signals that a process may send and that would do something here. Not
// among them: SIGTERM, which ends; SIGCHLD, which reaps; SIGURG, which the Go runtime
// sends to itself; SIGKILL and SIGSTOP, which no first process gets from its namespace.
var ignored = []os.Signal{
	unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGABRT, unix.SIGUSR1, unix.SIGUSR2, unix.SIGPIPE,
	unix.SIGALRM, unix.SIGCONT, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGXCPU, unix.SIGXFSZ,
	unix.SIGVTALRM, unix.SIGPROF, unix.SIGWINCH, unix.SIGIO, unix.SIGPWR,
}

// Ignore takes the effect from every signal that is not needed.
func Ignore() {
	signal.Ignore(ignored...)
}

// Run reaps until the context ends, which is no error. It ends early if somebody tampers
// with the process.
func Run(ctx context.Context) error {
	died := make(chan os.Signal, 1)
	signal.Notify(died, unix.SIGCHLD)
	defer signal.Stop(died)
	began, err := standing()
	if err != nil {
		return err
	}
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-died:
			reap(ctx)
		case <-look.C:
			// A SIGCHLD that came while one waited is merged with it.
			reap(ctx)
			if err := began.unchanged(); err != nil {
				return err
			}
		}
	}
}

// reap collects every child that has died.
func reap(ctx context.Context) {
	for {
		pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil || pid <= 0:
			return
		default:
			logr.FromContextOrDiscard(ctx).V(1).Info("reaped", "pid", pid)
		}
	}
}

// Processes counts the others in this PID namespace, as /proc shows them.
func Processes() int {
	all, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	n := 0
	self := strconv.Itoa(os.Getpid())
	for _, e := range all {
		if _, err := strconv.Atoi(e.Name()); err == nil && e.Name() != self {
			n++
		}
	}
	return n
}
