// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/zonewarden/zonewarden/internal/clock"
)

// asChild makes the test's program print a reading, in whatever confinement it was started.
const asChild = "ZONEWARDEN_TEST_READ"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) == "" {
		os.Exit(m.Run())
	}
	r, err := Read("n1")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		os.Exit(1)
	}
}

func TestReadsThisKernel(t *testing.T) {
	before := time.Now()
	r, err := Read("n1")
	after := time.Now()
	if err != nil {
		t.Fatal(err)
	}
	if r.Wall.Before(before.Round(0).Add(-time.Microsecond)) || r.Wall.After(after.Round(0)) {
		t.Errorf("the wall clock reads %s, not between %s and %s", r.Wall, before, after)
	}
	if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(r.BootID) {
		t.Errorf("boot id %q", r.BootID)
	}
	var info unix.Sysinfo_t // counts whole seconds of the same clock
	if err := unix.Sysinfo(&info); err != nil {
		t.Fatal(err)
	}
	if off := time.Duration(info.Uptime)*time.Second - r.SinceBoot; off < -time.Minute || off > time.Minute {
		t.Errorf("since boot %s, the kernel's uptime differs by %s", r.SinceBoot, off)
	}
	if r.Node != "n1" {
		t.Errorf("node %q", r.Node)
	}
	t.Logf("%+v", r)
}

func TestTwoLooksAgree(t *testing.T) {
	first, err := Read("n1")
	if err != nil {
		t.Fatal(err)
	}
	second, err := Read("n1")
	if err != nil {
		t.Fatal(err)
	}
	if second.BootID != first.BootID || second.SinceBoot < first.SinceBoot || second.Synchronised != first.Synchronised {
		t.Errorf("%+v, then %+v", first, second)
	}
	// Two looks at a clock that nobody sets differ by the same in wall clock and boot time.
	if stray := second.Wall.Sub(first.Wall) - (second.SinceBoot - first.SinceBoot); stray.Abs() > 2*closest {
		t.Errorf("the clocks part by %s", stray)
	}
	v, s := clock.Decide(clock.State{}, first, clock.Rules{HardwareClockGood: true})
	if !v.Trusted() {
		t.Fatalf("%s: %s", v.Reason, v.Message)
	}
	if v, _ = clock.Decide(s, second, clock.Rules{HardwareClockGood: true}); !v.Trusted() || v.Now.Before(first.Wall) {
		t.Errorf("%s: %s", v.Reason, v.Message)
	}
}

// An operator's pod has no capability, another user, and namespaces of its own.
func TestNeedsNoPrivilege(t *testing.T) {
	here, err := Read("n1")
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), "/proc/self/exe")
	child.Env = []string{asChild + "=1"}
	child.Stderr = os.Stderr
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 65532, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 65532, HostID: os.Getgid(), Size: 1}},
	}
	text, err := child.Output()
	if err != nil {
		t.Fatalf("reading without privilege: %v", err)
	}
	var r clock.Reading
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if r.BootID != here.BootID || r.Synchronised != here.Synchronised || r.SinceBoot < here.SinceBoot {
		t.Errorf("inside %+v, outside %+v", r, here)
	}
}

func TestSynced(t *testing.T) {
	for name, c := range map[string]struct {
		state  int
		status int32
		want   bool
	}{
		"ok":                        {unix.TIME_OK, unix.STA_PLL | unix.STA_NANO, true},
		"a leap second to come":     {unix.TIME_INS, unix.STA_INS, true},
		"in a leap second":          {unix.TIME_OOP, unix.STA_INS, true},
		"not synchronised":          {unix.TIME_ERROR, unix.STA_UNSYNC, false},
		"the flag alone":            {unix.TIME_OK, unix.STA_UNSYNC, false},
		"a lost pulse each second":  {unix.TIME_ERROR, unix.STA_PPSFREQ, false},
		"never told, as at a start": {unix.TIME_ERROR, unix.STA_UNSYNC | unix.STA_NANO, false},
	} {
		t.Run(name, func(t *testing.T) {
			if synced(c.state, c.status) != c.want {
				t.Errorf("synced is %t", !c.want)
			}
		})
	}
}
