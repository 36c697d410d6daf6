// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/zonewarden/zonewarden/internal/clock"
)

const (
	bootIDFile = "/proc/sys/kernel/random/boot_id"
	// closest is how far apart the wall clock and the time since boot may be read. Package
	// clock compares them to a tolerance of minutes; a process that was stopped between the
	// two would look like a jump.
	closest = 10 * time.Millisecond
	// tries bounds how often a look that was interrupted is taken again.
	tries = 100
)

var errInterrupted = errors.New("reading the clocks: interrupted each time")

// Read looks at the clocks of this machine, which is named node.
func Read(node string) (clock.Reading, error) {
	id, err := os.ReadFile(bootIDFile)
	if err != nil {
		return clock.Reading{}, fmt.Errorf("reading the boot id: %w", err)
	}
	r := clock.Reading{Node: node, BootID: strings.TrimSpace(string(id))}
	for range tries {
		before, err := sinceBoot()
		if err != nil {
			return clock.Reading{}, err
		}
		if r.Wall, r.Synchronised, err = wall(); err != nil {
			return clock.Reading{}, err
		}
		if r.SinceBoot, err = sinceBoot(); err != nil {
			return clock.Reading{}, err
		}
		if r.SinceBoot-before <= closest {
			return r, nil
		}
	}
	return clock.Reading{}, errInterrupted
}

func sinceBoot() (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0, fmt.Errorf("reading the time since boot: %w", err)
	}
	return time.Duration(t.Nano()), nil
}

// wall reads the clock and whether it is synchronised in one call, so that no step comes
// between the two.
func wall() (now time.Time, synchronised bool, err error) {
	var t unix.Timex // modes 0: nothing is changed
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("reading the clock and its synchronisation: %w", err)
	}
	fraction := time.Duration(t.Time.Usec) * time.Microsecond
	if t.Status&unix.STA_NANO != 0 {
		fraction = time.Duration(t.Time.Usec)
	}
	sec, _ := t.Time.Unix()
	return time.Unix(sec, int64(fraction)), synced(state, t.Status), nil
}

// synced needs both: TIME_ERROR also tells of a lost pulse-per-second signal that the
// clock was to follow.
func synced(state int, status int32) bool {
	return state != unix.TIME_ERROR && status&unix.STA_UNSYNC == 0
}
