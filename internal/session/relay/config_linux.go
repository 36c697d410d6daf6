// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Transport is what a target is reached by.
type Transport string

// The transports.
const (
	TCP Transport = "TCP"
	UDP Transport = "UDP"
)

// Target is one listening port and where it leads.
type Target struct {
	Transport Transport
	Listen    uint16
	To        netip.AddrPort
}

// Config is what a relay is started with.
type Config struct {
	// Address is where it listens; the zero Addr is everywhere.
	Address netip.Addr
	// Sources are the only addresses that it serves.
	Sources []netip.Prefix
	// Targets are the only things that it forwards to.
	Targets []Target
	// MaxSessions is how many sessions may live at one time.
	MaxSessions int
	// Idle is after how long without a byte a TCP connection is reset; zero is never.
	Idle time.Duration
	// FlowIdle is after how long without a datagram a UDP flow is forgotten. UDP has no
	// other end, so there is always one.
	FlowIdle time.Duration
	// DialTimeout is how long a target may take to accept a connection.
	DialTimeout time.Duration
}

// Limits of a configuration.
const (
	mostSessions = 65536
	mostTargets  = 256
)

func (c *Config) check() error {
	switch {
	case len(c.Sources) == 0:
		return errors.New("no source is listed")
	case len(c.Targets) == 0:
		return errors.New("no target is listed")
	case len(c.Targets) > mostTargets:
		return fmt.Errorf("more than %d targets", mostTargets)
	case c.MaxSessions < 1 || c.MaxSessions > mostSessions:
		return fmt.Errorf("%d sessions is not between 1 and %d", c.MaxSessions, mostSessions)
	case c.Idle < 0:
		return fmt.Errorf("an idle time of %s", c.Idle)
	case c.FlowIdle <= 0:
		return fmt.Errorf("an idle time of %s for flows", c.FlowIdle)
	case c.DialTimeout <= 0:
		return fmt.Errorf("%s for a target to accept", c.DialTimeout)
	}
	return errors.Join(c.checkSources(), c.checkTargets(), c.checkFiles())
}

func (c *Config) checkSources() error {
	for _, p := range c.Sources {
		if !p.IsValid() || p != p.Masked() || p.Addr().Is4In6() {
			return fmt.Errorf("source %s is not a prefix without host bits", p)
		}
	}
	return nil
}

func (c *Config) checkTargets() error {
	type port struct {
		transport Transport
		listen    uint16
	}
	taken := map[port]bool{}
	for i, t := range c.Targets {
		at := port{t.Transport, t.Listen}
		a := t.To.Addr()
		switch {
		case t.Transport != TCP && t.Transport != UDP:
			return fmt.Errorf("target %d: unknown transport %q", i, t.Transport)
		case t.Listen != 0 && taken[at]:
			return fmt.Errorf("target %d: %s port %d is listed twice", i, t.Transport, t.Listen)
		case !t.To.IsValid(), t.To.Port() == 0, a.IsUnspecified(), a.IsMulticast(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
			return fmt.Errorf("target %d: %s is not one host and port", i, t.To)
		}
		taken[at] = true
	}
	return nil
}

// checkFiles says before the first session what the last one would find out, when not
// even a revocation could be accepted any more. A connection has two sockets and, where
// both directions wait for who does not read, two pipes.
func (c *Config) checkFiles() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("reading how many files may be open: %w", err)
	}
	const each, others = 6, 256
	if need := uint64(each*c.MaxSessions + others); need > limit.Cur { //nolint:gosec // at most mostSessions
		return fmt.Errorf("%d sessions may need %d open files, and %d are allowed", c.MaxSessions, need, limit.Cur)
	}
	return nil
}

// admits says whether a is among the sources.
func (c *Config) admits(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, p := range c.Sources {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
