// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// holder is the program of the first process of a session pod.
const holder = "/zonewarden/zonewarden-session"

// tries are what one call does, by name.
var tries = map[string]func() error{
	"trace":          trace,
	"memory":         open("/proc/1/mem", os.O_RDWR),
	"writev":         writeMemory,
	"take-files":     takeFile,
	"list-files":     func() error { _, err := os.ReadDir("/proc/1/fd"); return err },
	"environment":    open("/proc/1/environ", os.O_RDONLY),
	"root":           func() error { _, err := os.ReadDir("/proc/1/root/"); return err },
	"spare-from-oom": write("/proc/1/oom_score_adj", "-1000"),
	"slow-timers":    write("/proc/1/timerslack_ns", "9999999999"),
	"limit": func() error {
		return unix.Prlimit(1, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: 3}, nil)
	},
	"nice": func() error { return unix.Setpriority(unix.PRIO_PROCESS, 1, 19) },
	"idle": func() error { return idle(1) },
	"pin": func() error {
		var one unix.CPUSet
		one.Set(0)
		return unix.SchedSetaffinity(1, &one)
	},
	"kill":      func() error { return unix.Kill(1, unix.SIGKILL) },
	"stop":      func() error { return errors.Join(unix.Kill(1, unix.SIGSTOP), unix.Kill(1, unix.SIGTSTP)) },
	"terminate": func() error { return unix.Kill(1, unix.SIGTERM) },

	"overwrite-program": open(holder, os.O_RDWR),
	"replace-program":   func() error { return os.Rename("/tmp", holder) },
	"remove-program":    func() error { return os.Remove(holder) },
	"program-by-proc":   open("/proc/1/exe", os.O_RDWR),
	"writable-program": func() error {
		return unix.Mount("", "/zonewarden", "", unix.MS_REMOUNT|unix.MS_BIND, "")
	},
	"write-image": write("/pod.new", "x"),

	"mount":          func() error { return unix.Mount("tmpfs", "/tmp", "tmpfs", 0, "") },
	"mount-proc":     func() error { return unix.Mount("proc", "/tmp", "proc", 0, "") },
	"user-namespace": func() error { return unix.Unshare(unix.CLONE_NEWUSER) },
	"pid-namespace":  func() error { return unix.Unshare(unix.CLONE_NEWPID) },
	"time-namespace": func() error { return unix.Unshare(unix.CLONE_NEWTIME) },
	"enter-namespace": func() error {
		f, err := os.Open("/proc/1/ns/mnt")
		if err != nil {
			return err
		}
		return unix.Setns(int(f.Fd()), unix.CLONE_NEWNS)
	},
	"become-root": func() error { return unix.Setresuid(0, 0, 0) },
	"set-clock": func() error {
		return unix.ClockSettime(unix.CLOCK_REALTIME, &unix.Timespec{Sec: 1})
	},
	"sysctl":     write("/proc/sys/kernel/core_pattern", "|/pod tick"),
	"sysctl-net": write("/proc/sys/net/ipv4/ip_forward", "1"),
	"sysrq":      write("/proc/sysrq-trigger", "f"),
	"cgroup":     write("/sys/fs/cgroup/pids/pids.max", "max"),
	"device":     func() error { return unix.Mknod("/tmp/mem", unix.S_IFCHR|0o600, int(unix.Mkdev(1, 1))) },
	"raw-socket": func() error { return socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP) },
	"packets":    func() error { return socket(unix.AF_PACKET, unix.SOCK_RAW, 0) },
	"privileged": func() error { return unix.Setpriority(unix.PRIO_PROCESS, 0, -20) },
	"realtime": func() error {
		return unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0)
	},
	"token":       open("/var/run/secrets/kubernetes.io/serviceaccount/token", os.O_RDONLY),
	"host-socket": open("/run/containerd/containerd.sock", os.O_RDWR),
}

func try(args []string) error {
	do := tries[args[0]]
	if do == nil {
		return fmt.Errorf("there is no try %q", args[0])
	}
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return nil
}

func open(name string, flags int) func() error {
	return func() error {
		f, err := os.OpenFile(name, flags, 0)
		if err != nil {
			return err
		}
		return f.Close()
	}
}

func write(name, what string) func() error {
	return func() error { return os.WriteFile(name, []byte(what), 0o600) }
}

func socket(family, kind, protocol int) error {
	_, err := unix.Socket(family, kind, protocol)
	return err
}

// idle gives a process the processor when nobody else wants it.
func idle(pid int) error {
	return unix.SchedSetAttr(pid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0)
}

// trace is refused if both ways are.
func trace() error {
	if unix.PtraceAttach(1) == nil {
		return nil
	}
	return unix.PtraceSeize(1)
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

// atMost is how long anything here lasts.
const atMost = 4 * time.Minute
