// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package probe_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/zonewarden/zonewarden/internal/probe"
)

// mainThread takes what is to run on the main thread.
var mainThread = make(chan func())

func init() { runtime.LockOSThread() }

func TestMain(m *testing.M) {
	ended := make(chan int)
	go func() { ended <- m.Run() }()
	for {
		select {
		case do := <-mainThread:
			do()
		case code := <-ended:
			os.Exit(code)
		}
	}
}

// A thread that lost the right to go back must not run anybody else's code.
func TestThreadThatCannotGoBackEnds(t *testing.T) {
	l := newLab(t)
	losesItsWay(t, filepath.Join(l.folder, "a"), probe.Inside)
	everyThreadIsHome(t)
}

// The main thread cannot end: left in a namespace, it would keep that for good.
func TestMainThreadStaysHome(t *testing.T) {
	l := newLab(t)
	done := make(chan struct{})
	mainThread <- func() {
		defer close(done)
		losesItsWay(t, filepath.Join(l.folder, "a"), probe.Enter)
	}
	<-done
	everyThreadIsHome(t)
}

// losesItsWay gives up the right to go back inside a namespace, and waits until the
// thread that did so is gone.
func losesItsWay(t *testing.T, path string, enter func(int, func() error) error) {
	t.Helper()
	ns, err := os.Open(path)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = ns.Close() }()
	var tid int
	err = enter(int(ns.Fd()), func() error {
		tid = unix.Gettid()
		var none [2]unix.CapUserData // capabilities are a thread's own
		return unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0])
	})
	if err != nil {
		t.Error(err)
	}
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if _, err := os.Stat("/proc/self/task/" + strconv.Itoa(tid)); os.IsNotExist(err) {
			return
		}
	}
	t.Error("the thread still runs")
}

func everyThreadIsHome(t *testing.T) {
	t.Helper()
	home, err := os.Readlink(thisNamespace)
	must(t, err)
	links, err := filepath.Glob("/proc/self/task/*/ns/net")
	must(t, err)
	for _, link := range links {
		if at, err := os.Readlink(link); err == nil && at != home {
			t.Errorf("%s is %s, not %s", link, at, home)
		}
	}
}
