// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package hold

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// ErrTampered is a session that somebody tried to make last longer.
var ErrTampered = errors.New("somebody tampers with the process")

// state is what another process can change about this one by its ID.
type state struct {
	limits  []unix.Rlimit
	threads schedule
}

// schedule is how a thread gets the processor.
type schedule struct {
	policy   uint32
	priority int32
}

func standing() (*state, error) {
	limits, err := limitsNow()
	if err != nil {
		return nil, err
	}
	threads, err := scheduleOf(0)
	if err != nil {
		return nil, err
	}
	return &state{limits: limits, threads: threads}, nil
}

// unchanged compares, for every thread: each can be changed by itself.
func (s *state) unchanged() error {
	limits, err := limitsNow()
	if err != nil {
		return err
	}
	if !slices.Equal(limits, s.limits) {
		return fmt.Errorf("%w: its resource limits have changed", ErrTampered)
	}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return fmt.Errorf("looking at the threads: %w", err)
	}
	for _, t := range tasks {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		now, err := scheduleOf(id)
		switch {
		case errors.Is(err, unix.ESRCH): // a thread that has ended
		case err != nil:
			return err
		case now != s.threads:
			return fmt.Errorf("%w: its scheduling has changed", ErrTampered)
		}
	}
	return nil
}

// resources is how many limits Linux has; RLIMIT_RTTIME, 15, is the last.
const resources = 16

func limitsNow() ([]unix.Rlimit, error) {
	limits := make([]unix.Rlimit, resources)
	for i := range limits {
		if err := unix.Prlimit(0, i, nil, &limits[i]); err != nil {
			return nil, fmt.Errorf("reading resource limit %d: %w", i, err)
		}
	}
	return limits, nil
}

func scheduleOf(thread int) (schedule, error) {
	attr, err := unix.SchedGetAttr(thread, 0)
	if err != nil {
		return schedule{}, fmt.Errorf("reading how thread %d is scheduled: %w", thread, err)
	}
	return schedule{policy: attr.Policy, priority: attr.Nice}, nil
}
