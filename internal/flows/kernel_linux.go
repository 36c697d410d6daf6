// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package flows

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// kernel is the table of the kernel, of one network namespace.
type kernel struct {
	netns string
}

// OpenKernel returns the kernel's own table, nf_conntrack, of the network namespace at
// netnsPath, or of the caller's own where that is "". The error is ErrNoTable where
// the kernel has none.
//
// A namespace that has a table tracks nothing all the same until a rule there looks at
// the state of flows, or translates addresses. There is no telling that from a
// namespace where nothing flows.
func OpenKernel(netnsPath string) (Table, error) {
	c, err := converse(netnsPath)
	if err == nil {
		err = c.ask(messageStats, unix.NLM_F_ACK, unix.AF_UNSPEC, nil, ignore)
		c.close()
	}
	for _, absent := range []error{unix.EINVAL, unix.EPROTONOSUPPORT, unix.EOPNOTSUPP} {
		if errors.Is(err, absent) {
			return nil, fmt.Errorf("the kernel has no conntrack by netlink (%w): %w", err, ErrNoTable)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("opening the kernel's conntrack: %w", err)
	}
	return &kernel{netns: netnsPath}, nil
}

func (*kernel) Name() string { return NameKernel }

func (k *kernel) Flows(ctx context.Context, yield func(Flow) bool) error {
	// Entries of several zones, and those whose opener's port was changed so that two
	// can reach one backend, may be one flow to us.
	seen := newOnce()
	err := k.entries(ctx, func(e *entry) bool {
		return !seen.first(e.flow) || yield(e.flow)
	})
	if err != nil {
		return fmt.Errorf("reading the kernel's flows: %w", err)
	}
	return nil
}

// entries calls each for every entry of a flow until each returns false.
func (k *kernel) entries(ctx context.Context, each func(*entry) bool) error {
	c, err := converse(k.netns)
	if err != nil {
		return err
	}
	defer c.close()
	return c.entries(ctx, each)
}

func (c *conversation) entries(ctx context.Context, each func(*entry) bool) error {
	var e entry // one for all, or each would be an allocation
	err := c.dump(func(message []byte) bool {
		if ctx.Err() != nil {
			return false
		}
		var is bool
		e, is = parseEntry(message)
		return !is || each(&e)
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// End looks through the whole table: the kernel finds an entry by its original tuple,
// and the destination there is the one before translation, which a Flow has not.
func (k *kernel) End(ctx context.Context, flows []Flow) (int, error) {
	if len(flows) == 0 {
		return 0, nil
	}
	c, err := converse(k.netns)
	if err != nil {
		return 0, err
	}
	defer c.close()
	wanted := make(map[Flow]struct{}, len(flows))
	for _, f := range flows {
		wanted[f.normal()] = struct{}{}
	}
	var found []entry
	err = c.entries(ctx, func(e *entry) bool {
		if _, is := wanted[e.flow]; is {
			found = append(found, e.kept())
		}
		return true
	})
	if err != nil {
		return 0, fmt.Errorf("looking for the kernel's flows: %w", err)
	}
	return c.removeAll(ctx, found)
}

// removeAll returns how many flows it removed an entry of.
func (c *conversation) removeAll(ctx context.Context, entries []entry) (int, error) {
	ended := newOnce()
	count := 0
	for i := range entries {
		if err := ctx.Err(); err != nil {
			return count, err
		}
		err := c.remove(&entries[i])
		if errors.Is(err, os.ErrNotExist) {
			continue // it ended by itself, or its place is another flow's by now
		}
		if err != nil {
			return count, fmt.Errorf("removing the kernel's entry of %v: %w", entries[i].flow, err)
		}
		if ended.first(entries[i].flow) {
			count++
		}
	}
	return count, nil
}
