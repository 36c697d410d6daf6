// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package flows

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// What package nl has no name for, from linux/netfilter/nfnetlink.h and
// nfnetlink_conntrack.h.
const (
	subsystemConntrack = 1 // NFNL_SUBSYS_CTNETLINK
	messageStats       = 5 // IPCTNL_MSG_CT_GET_STATS
)

// conversation is a netlink socket to one namespace's conntrack. The package's own
// reader makes two dozen allocations for an entry, and its remover does not say which
// entries it removed, so both are here.
type conversation struct {
	sockets map[int]*nl.SocketHandle
}

// converse opens one. The socket stays in its namespace, the thread does not.
func converse(netnsPath string) (*conversation, error) {
	target := netns.None()
	if netnsPath != "" {
		var err error
		if target, err = netns.GetFromPath(netnsPath); err != nil {
			return nil, fmt.Errorf("opening network namespace %s: %w", netnsPath, err)
		}
		defer func() { _ = target.Close() }() // the socket holds the namespace
	}
	socket, err := nl.GetNetlinkSocketAt(target, netns.None(), unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("opening a netlink socket: %w", err)
	}
	c := &conversation{sockets: map[int]*nl.SocketHandle{unix.NETLINK_NETFILTER: {Socket: socket}}}
	if err := socket.SetReceiveTimeout(&nl.SocketTimeoutTv); err != nil {
		c.close()
		return nil, fmt.Errorf("setting a timeout: %w", err)
	}
	return c, nil
}

func (c *conversation) close() {
	_ = c.sockets[unix.NETLINK_NETFILTER].Close() // the descriptor is gone either way
}

// ask sends a message and calls each for every one that comes back, until it returns
// false. family is AF_UNSPEC for all.
func (c *conversation) ask(message, flags int, family uint8, attributes []byte, each func([]byte) bool) error {
	request := nl.NewNetlinkRequest(subsystemConntrack<<8|message, flags)
	request.Sockets = c.sockets
	request.AddData(&nl.Nfgenmsg{NfgenFamily: family, Version: nl.NFNETLINK_V0})
	request.AddRawData(attributes)
	return request.ExecuteIter(unix.NETLINK_NETFILTER, 0, each)
}

func ignore([]byte) bool { return true }

// dump is every entry, of both families.
func (c *conversation) dump(each func([]byte) bool) error {
	return c.ask(nl.IPCTNL_MSG_CT_GET, unix.NLM_F_DUMP, unix.AF_UNSPEC, nil, each)
}

// remove removes an entry by its identity. Without a tuple, the kernel would remove
// all, so there is no calling it without one.
func (c *conversation) remove(e *entry) error {
	return c.ask(nl.IPCTNL_MSG_CT_DELETE, unix.NLM_F_ACK, e.family, e.identity(), ignore)
}

// entry is an entry as it came, not copied, good until the next one.
type entry struct {
	flow   Flow
	family uint8
	// Attributes as the kernel sent them: original tuple, zone, number. The number is
	// made of the entry's place in memory and its reply tuple (nf_ct_get_id). So a flow
	// that began anew in between and was translated to elsewhere is not taken for the
	// old one. The very same flow may be, and that is the one to end.
	original, zone, id []byte
}

// kept is a copy that does not hold on to the whole read that the entry came in.
func (e entry) kept() entry {
	e.original, e.zone, e.id = slices.Clone(e.original), slices.Clone(e.zone), slices.Clone(e.id)
	return e
}

// identity is what names this entry and no other.
func (e *entry) identity() []byte {
	return slices.Concat(e.original, e.zone, e.id)
}

// parseEntry reads a message about an entry. It is false where that is no flow of ours.
//
// The opener is the source of the original direction. What answers is the source of
// the reply direction: the destination after its translation. Where the opener was
// masqueraded, the reply goes to another address than the opener's.
func parseEntry(message []byte) (entry, bool) {
	if len(message) < nl.SizeofNfgenmsg {
		return entry{}, false
	}
	e := entry{family: message[0]}
	var original, reply tuple
	for rest := message[nl.SizeofNfgenmsg:]; len(rest) > 0; {
		a, next, ok := cut(rest)
		if !ok {
			return entry{}, false
		}
		rest = next
		switch a.kind {
		case nl.CTA_TUPLE_ORIG:
			original, e.original = parseTuple(a.value), a.raw
		case nl.CTA_TUPLE_REPLY:
			reply = parseTuple(a.value)
		case nl.CTA_ZONE:
			e.zone = a.raw
		case nl.CTA_ID:
			e.id = a.raw
		}
	}
	transport, known := transportOf(original.protocol)
	if !known || !original.source.IsValid() || !reply.source.IsValid() {
		return entry{}, false
	}
	e.flow = Flow{
		Source: original.source, SourcePort: original.port,
		Destination: reply.source, Port: reply.port,
		Transport: transport,
	}
	return e, true
}

// tuple is the sending end of one direction.
type tuple struct {
	source   netip.Addr
	port     uint16
	protocol uint8
}

func parseTuple(b []byte) tuple {
	var t tuple
	for {
		a, rest, ok := cut(b)
		if !ok {
			return t
		}
		b = rest
		switch a.kind {
		case nl.CTA_TUPLE_IP:
			t.source = parseSource(a.value)
		case nl.CTA_TUPLE_PROTO:
			t.protocol, t.port = parseProtocol(a.value)
		}
	}
}

func parseSource(b []byte) netip.Addr {
	for {
		a, rest, ok := cut(b)
		if !ok {
			return netip.Addr{}
		}
		b = rest
		if a.kind == nl.CTA_IP_V4_SRC || a.kind == nl.CTA_IP_V6_SRC {
			source, _ := netip.AddrFromSlice(a.value)
			return source
		}
	}
}

func parseProtocol(b []byte) (number uint8, port uint16) {
	for {
		a, rest, ok := cut(b)
		if !ok {
			return number, port
		}
		b = rest
		switch {
		case a.kind == nl.CTA_PROTO_NUM && len(a.value) == 1:
			number = a.value[0]
		case a.kind == nl.CTA_PROTO_SRC_PORT && len(a.value) == 2:
			port = binary.BigEndian.Uint16(a.value)
		}
	}
}

// attribute is a netlink attribute; raw has its header and padding.
type attribute struct {
	kind       uint16
	value, raw []byte
}

// cut takes the first attribute off. It is false at the end and where there is none.
func cut(b []byte) (first attribute, rest []byte, ok bool) {
	const header, align = unix.NLA_HDRLEN, unix.NLA_ALIGNTO
	if len(b) < header {
		return attribute{}, nil, false
	}
	size := int(binary.NativeEndian.Uint16(b))
	if size < header || size > len(b) {
		return attribute{}, nil, false
	}
	padded := min((size+align-1)&^(align-1), len(b))
	kind := binary.NativeEndian.Uint16(b[2:]) & nl.NLA_TYPE_MASK
	return attribute{kind: kind, value: b[header:size], raw: b[:padded]}, b[padded:], true
}
