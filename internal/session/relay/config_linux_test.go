// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package relay_test

import (
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/session/relay"
)

func TestListenRefuses(t *testing.T) {
	good := relay.Target{Transport: relay.TCP, Listen: 5020, To: netip.MustParseAddrPort("10.0.0.1:502")}
	to := func(s string) relay.Target {
		return relay.Target{Transport: relay.TCP, Listen: 1, To: netip.MustParseAddrPort(s)}
	}
	tests := []struct {
		name   string
		change func(*relay.Config)
	}{
		{"no source", func(c *relay.Config) { c.Sources = nil }},
		{"no prefix", func(c *relay.Config) { c.Sources = []netip.Prefix{{}} }},
		{"host bits", func(c *relay.Config) { c.Sources = []netip.Prefix{netip.MustParsePrefix("10.0.0.1/8")} }},
		{"an IPv4 prefix in IPv6 clothes", func(c *relay.Config) { c.Sources = []netip.Prefix{netip.MustParsePrefix("::ffff:0:0/96")} }},
		{"no target", func(c *relay.Config) { c.Targets = nil }},
		{"too many targets", func(c *relay.Config) { c.Targets = slices.Repeat(c.Targets, 257) }},
		{"a port twice", func(c *relay.Config) { c.Targets = append(c.Targets, good) }},
		{"another transport", func(c *relay.Config) { c.Targets[0].Transport = "SCTP" }},
		{"no address", func(c *relay.Config) { c.Targets[0].To = netip.AddrPort{} }},
		{"no port", func(c *relay.Config) { c.Targets[0] = to("10.0.0.1:0") }},
		{"everywhere", func(c *relay.Config) { c.Targets[0] = to("0.0.0.0:1") }},
		{"a group", func(c *relay.Config) { c.Targets[0] = to("[ff02::1]:1") }},
		{"everybody", func(c *relay.Config) { c.Targets[0] = to("255.255.255.255:1") }},
		{"no sessions", func(c *relay.Config) { c.MaxSessions = 0 }},
		{"too many sessions", func(c *relay.Config) { c.MaxSessions = 65537 }},
		{"more sessions than files", func(c *relay.Config) { c.MaxSessions = 60000 }},
		{"a negative idle time", func(c *relay.Config) { c.Idle = -1 }},
		{"flows for ever", func(c *relay.Config) { c.FlowIdle = 0 }},
		{"no time to connect", func(c *relay.Config) { c.DialTimeout = 0 }},
		{"a foreign address", func(c *relay.Config) { c.Address = netip.MustParseAddr("192.0.2.1") }},
	}
	files := openFiles(t)
	for _, tt := range tests {
		c := relay.Config{
			Address: netip.MustParseAddr("127.0.0.1"), Sources: everywhere, Targets: []relay.Target{good},
			MaxSessions: 10, FlowIdle: time.Second, DialTimeout: time.Second,
		}
		tt.change(&c)
		if _, err := relay.Listen(t.Context(), c); err == nil {
			t.Errorf("%s: accepted", tt.name)
		}
	}
	// What tests before this one left may be closed meanwhile.
	if now := openFiles(t); now > files {
		t.Errorf("%d files are left open", now-files)
	}
}

// TestListenOpensAllOrNothing: the second port is taken.
func TestListenOpensAllOrNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	to := netip.MustParseAddrPort("10.0.0.1:502")
	port := taken.Addr().(*net.TCPAddr).AddrPort().Port()
	files := openFiles(t)
	_, err = relay.Listen(t.Context(), relay.Config{
		Address: netip.MustParseAddr("127.0.0.1"), Sources: everywhere,
		Targets:     []relay.Target{{Transport: relay.TCP, To: to}, {Transport: relay.UDP, To: to}, {Transport: relay.TCP, Listen: port, To: to}},
		MaxSessions: 10, FlowIdle: time.Second, DialTimeout: time.Second,
	})
	if err == nil || openFiles(t) > files {
		t.Errorf("error %v, %d files more are open", err, openFiles(t)-files)
	}
}
