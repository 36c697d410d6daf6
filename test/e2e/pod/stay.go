// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// detached is this program again, in a session of its own, without its parent's files.
func detached(args ...string) *exec.Cmd {
	cmd := exec.Command("/pod", args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// linger leaves a process behind whose parent has gone as well.
func linger(args []string) error {
	return detached(append([]string{"stay"}, args...)...).Run()
}

// stay is the parent, and then, by the file that it inherits or by a variable, the child.
func stay(args []string) error {
	if os.Getenv("CHILD") == "" {
		return leaveBehind(args)
	}
	signal.Ignore()
	after := time.After(atMost)
	if len(args) == 0 {
		<-after
		return nil
	}
	conn, err := net.FileConn(os.NewFile(3, "inherited"))
	if err != nil {
		return err
	}
	return push(conn, after)
}

func leaveBehind(args []string) error {
	cmd := detached(append([]string{"stay"}, args...)...)
	cmd.Env = append(os.Environ(), "CHILD=yes")
	if len(args) > 0 {
		conn, err := dial(args[0])
		if err != nil {
			return err
		}
		f, err := conn.(*net.TCPConn).File()
		if err != nil {
			return err
		}
		cmd.ExtraFiles = []*os.File{f}
	}
	return cmd.Start()
}

// push writes into a connection until nobody takes it.
func push(conn net.Conn, over <-chan time.Time) error {
	beat := time.NewTicker(10 * time.Millisecond)
	defer beat.Stop()
	for {
		select {
		case <-over:
			return nil
		case <-beat.C:
			if _, err := conn.Write([]byte{'.'}); err != nil {
				return err
			}
		}
	}
}

// bomb starts processes until it may start no more, or there are enough.
func bomb(args []string) error {
	most, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	for n := range most {
		cmd := detached("stay")
		cmd.Env = append(os.Environ(), "CHILD=yes")
		if err := cmd.Start(); err != nil {
			fmt.Println(n)
			return fmt.Errorf("after %d: %w", n, err)
		}
	}
	fmt.Println(most)
	return nil
}

// starve keeps the processors busy and then makes the first process one that gets them
// when nobody else wants them.
func starve(args []string) error {
	if err := detached("spin", args[0]).Start(); err != nil {
		return err
	}
	// Its threads are busy when the first process is made idle: it would notice before.
	time.Sleep(300 * time.Millisecond)
	tasks, err := filepath.Glob("/proc/1/task/*")
	if err != nil {
		return err
	}
	var errs []error
	for _, task := range tasks {
		id, err := strconv.Atoi(filepath.Base(task))
		errs = append(errs, err, idle(id))
	}
	return errors.Join(errs...)
}

// spin is busy with n threads.
func spin(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	signal.Ignore()
	runtime.GOMAXPROCS(n + 1)
	for range n {
		go func() {
			runtime.LockOSThread()
			for n := 0; n >= 0; n = (n + 1) & 0xff {
				// Without a call, so that nothing but the kernel interrupts it.
				continue
			}
		}()
	}
	time.Sleep(atMost)
	return nil
}

// fill writes in small pieces, so that it does not itself need the memory.
func fill(args []string) error {
	mib, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	f, err := os.Create(args[0])
	if err != nil {
		return err
	}
	piece := make([]byte, 1<<20)
	for range mib {
		if _, err := f.Write(piece); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(f.Sync(), f.Close())
}
