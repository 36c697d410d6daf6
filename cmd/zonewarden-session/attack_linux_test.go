// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// tampering is what a process may do to another of its user.
var tampering = []string{"limit its files", "lower its priority", "idle scheduling"}

// attack tries everything that one process can do to another, or only one thing, and
// prints what it was told, by the name of the try. Empty means that it worked.
func attack(only string) {
	result := map[string]string{}
	for name, try := range attacks() {
		if only != "" && name != only {
			continue
		}
		result[name] = ""
		if err := try(); err != nil {
			result[name] = err.Error()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		os.Exit(1)
	}
}

func attacks() map[string]func() error {
	all := map[string]func() error{
		"ptrace attach":        func() error { return unix.PtraceAttach(1) },
		"ptrace seize":         func() error { return unix.PtraceSeize(1) },
		"write its memory":     writeMemory,
		"open its memory":      open("/proc/1/mem", os.O_RDWR),
		"read its environment": open("/proc/1/environ", os.O_RDONLY),
		"read its maps":        open("/proc/1/maps", os.O_RDONLY),
		"its system call":      func() error { _, err := os.ReadFile("/proc/1/syscall"); return err },
		"make it slow to wake": func() error { return os.WriteFile("/proc/1/timerslack_ns", []byte("9999999999"), 0) },
		"list its files":       func() error { _, err := os.ReadDir("/proc/1/fd"); return err },
		"its executable":       open("/proc/1/exe", os.O_RDONLY),
		"its root":             func() error { _, err := os.ReadDir("/proc/1/root/"); return err },
		"take its files":       takeFile,
		"spare it from OOM":    func() error { return os.WriteFile("/proc/1/oom_score_adj", []byte("-1000"), 0) },
		"limit its files": func() error {
			return unix.Prlimit(1, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: 3}, nil)
		},
		"lower its priority": func() error { return unix.Setpriority(unix.PRIO_PROCESS, 1, 19) },
		"idle scheduling": func() error {
			return unix.SchedSetAttr(1, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0)
		},
		"pin it to one processor": func() error {
			var one unix.CPUSet
			one.Set(0)
			return unix.SchedSetaffinity(1, &one)
		},
	}
	for _, s := range []unix.Signal{
		unix.SIGSTOP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGKILL, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT,
		unix.SIGUSR1, unix.SIGALRM, unix.SIGXCPU, unix.SIGPROF, unix.SIGPIPE,
	} {
		all["signal "+unix.SignalName(s)] = func() error { return unix.Kill(1, s) }
	}
	return all
}

func open(name string, flags int) func() error {
	return func() error {
		f, err := os.OpenFile(name, flags, 0)
		if err == nil {
			_ = f.Close()
		}
		return err
	}
}

func writeMemory() error {
	b := []byte{0}
	local := []unix.Iovec{{Base: &b[0], Len: 1}}
	remote := []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&b[0])), Len: 1}} //nolint:gosec // an address that may be anything
	_, err := unix.ProcessVMWritev(1, local, remote, 0)
	return err
}

func takeFile() error {
	fd, err := unix.PidfdOpen(1, 0)
	if err != nil {
		return err
	}
	_, err = unix.PidfdGetfd(fd, 0, 0)
	return err
}
