// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package boot

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Now reads the clock.
func Now() Instant {
	var t unix.Timespec
	// It fails for an unknown clock only, which this is not since Linux 2.6.39.
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		panic(fmt.Errorf("reading the boot clock: %w", err))
	}
	return Instant(t.Nano())
}

// Timer goes off at an instant that can be moved. It is made by NewTimer and must be
// closed.
type Timer struct {
	file *os.File
	fd   int
}

// NewTimer makes a timer that is not set.
func NewTimer() (*Timer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_BOOTTIME, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("making a timer on the boot clock: %w", err)
	}
	return &Timer{file: os.NewFile(uintptr(fd), "timerfd"), fd: fd}, nil
}

// Set moves the instant. One that is over goes off at once.
func (t *Timer) Set(at Instant) error {
	// Zero would be no alarm at all.
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(max(at, 1)))}
	if err := unix.TimerfdSettime(t.fd, unix.TFD_TIMER_ABSTIME, &spec, nil); err != nil {
		return fmt.Errorf("setting the timer: %w", err)
	}
	return nil
}

// Wait returns when the timer went off since it was last waited for, or was closed.
func (t *Timer) Wait() error {
	var count [8]byte
	if _, err := t.file.Read(count[:]); err != nil {
		return fmt.Errorf("waiting for the timer: %w", err)
	}
	return nil
}

// Close ends every Wait.
func (t *Timer) Close() error {
	return t.file.Close()
}
