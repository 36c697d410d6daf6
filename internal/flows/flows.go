// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package flows

import (
	"context"
	"errors"
	"net/netip"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

// Flow is one tracked flow as policy sees it.
//
// Source opened it. Destination and Port are what answers, after any translation of
// the destination: the pod behind a Service or a node port.
//
// Source is the address before this node masqueraded it, where this node did. A flow
// that another node masqueraded, such as one to a node port there, comes from that
// node's address here, and policy here saw nothing else either.
type Flow struct {
	Source, Destination netip.Addr
	SourcePort, Port    uint16
	Transport           protocol.Transport
}

// Table is where a node keeps its tracked flows. It may be used by several
// goroutines.
type Table interface {
	// Name is "Cilium" or "Kernel".
	Name() string
	// Flows calls yield for each flow of TCP, UDP or SCTP that is tracked now, in no
	// order, until yield returns false. A flow comes once, however many entries
	// it has. What opens or ends meanwhile may or may not be among them.
	Flows(ctx context.Context, yield func(Flow) bool) error
	// End removes every entry of exactly these flows and returns for how many of them
	// an entry was removed. A flow that is gone already is no error. After an error,
	// some may be left: the call can be repeated.
	End(ctx context.Context, flows []Flow) (int, error)
}

// Names of tables.
const (
	NameCilium = "Cilium"
	NameKernel = "Kernel"
)

// ErrNoTable says that there is no such table on this node.
var ErrNoTable = errors.New("no table of tracked flows")

// ErrUnknownLayout says that there is a table, in a form that we cannot read.
var ErrUnknownLayout = errors.New("this Cilium's conntrack layout is not known")

// Open returns Cilium's table where its maps are pinned below bpfRoot, and the kernel's
// in the network namespace at netnsPath otherwise. See OpenCilium and OpenKernel.
//
// Pinned maps outlive Cilium until the node restarts, so where another network plugin
// took over since, only the caller can know that the kernel's table is the one.
func Open(bpfRoot, netnsPath string) (Table, error) {
	table, err := OpenCilium(bpfRoot)
	if errors.Is(err, ErrNoTable) {
		return OpenKernel(netnsPath)
	}
	return table, err
}

// normal has IPv4 addresses as such, as the tables have.
func (f Flow) normal() Flow {
	f.Source, f.Destination = f.Source.Unmap(), f.Destination.Unmap()
	return f
}

// numbers of the protocols on the wire.
const (
	numberICMP   = 1
	numberTCP    = 6
	numberUDP    = 17
	numberICMPv6 = 58
	numberSCTP   = 132
)

// transportOf is false for what has no ports and is no flow to us.
func transportOf(number uint8) (protocol.Transport, bool) {
	switch number {
	case numberTCP:
		return protocol.TCP, true
	case numberUDP:
		return protocol.UDP, true
	case numberSCTP:
		return protocol.SCTP, true
	default:
		return "", false
	}
}

func numberOf(t protocol.Transport) (uint8, bool) {
	switch t {
	case protocol.TCP:
		return numberTCP, true
	case protocol.UDP:
		return numberUDP, true
	case protocol.SCTP:
		return numberSCTP, true
	default:
		return 0, false
	}
}

// once remembers flows in the 14 or 38 bytes that they need: a Flow has five
// times that, and there may be half a million.
type once struct {
	v4 map[key[ipv4]]struct{}
	v6 map[key[ipv6]]struct{}
}

func newOnce() *once {
	return &once{v4: map[key[ipv4]]struct{}{}, v6: map[key[ipv6]]struct{}{}}
}

// first is true the first time that it is asked for a flow.
func (o *once) first(f Flow) bool {
	if k, ok := keyOf[ipv4](f, directionOut); ok {
		return add(o.v4, k)
	}
	k, ok := keyOf[ipv6](f, directionOut)
	return ok && add(o.v6, k)
}

func add[K comparable](set map[K]struct{}, k K) bool {
	before := len(set)
	set[k] = struct{}{}
	return len(set) > before
}
