// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package flows

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

func nested(kind int, parts ...[]byte) []byte {
	return plain(kind|unix.NLA_F_NESTED, slices.Concat(parts...)...)
}

func plain(kind int, value ...byte) []byte {
	return nl.NewRtAttr(kind, value).Serialize()
}

// direction is a tuple as the kernel sends it.
func direction(kind int, number uint8, from, to string) []byte {
	source, destination := netip.MustParseAddrPort(from), netip.MustParseAddrPort(to)
	src, dst := nl.CTA_IP_V4_SRC, nl.CTA_IP_V4_DST
	if source.Addr().Is6() {
		src, dst = nl.CTA_IP_V6_SRC, nl.CTA_IP_V6_DST
	}
	return nested(
		kind,
		nested(nl.CTA_TUPLE_IP, plain(src, source.Addr().AsSlice()...), plain(dst, destination.Addr().AsSlice()...)),
		nested(
			nl.CTA_TUPLE_PROTO, plain(nl.CTA_PROTO_NUM, number),
			plain(nl.CTA_PROTO_SRC_PORT, binary.BigEndian.AppendUint16(nil, source.Port())...),
			plain(nl.CTA_PROTO_DST_PORT, binary.BigEndian.AppendUint16(nil, destination.Port())...),
		),
	)
}

func TestAKernelEntryIsReadAsPolicySeesIt(t *testing.T) {
	for _, c := range []struct {
		name                           string
		number                         uint8
		from, to, replyFrom, replyDest string
		want                           Flow
	}{
		{
			"as it is", 6, "10.1.0.5:49152", "10.2.0.9:502", "10.2.0.9:502", "10.1.0.5:49152",
			flow(protocol.TCP, "10.1.0.5:49152", "10.2.0.9:502"),
		}, {
			"to a service", 6, "10.1.0.5:49152", "10.96.0.1:80", "10.2.0.9:8080", "10.1.0.5:49152",
			flow(protocol.TCP, "10.1.0.5:49152", "10.2.0.9:8080"),
		}, {
			"masqueraded", 17, "10.1.0.5:49152", "192.0.2.1:53", "192.0.2.1:53", "172.16.0.1:61000",
			flow(protocol.UDP, "10.1.0.5:49152", "192.0.2.1:53"),
		}, {
			"to a node port, masqueraded", 132, "192.0.2.7:1000", "172.16.0.1:30080", "10.2.0.9:8080", "172.16.0.1:62000",
			flow(protocol.SCTP, "192.0.2.7:1000", "10.2.0.9:8080"),
		}, {
			"IPv6", 6, "[fd00::5]:49152", "[fd00:1::1]:80", "[fd00:2::9]:4840", "[fd00::5]:49152",
			flow(protocol.TCP, "[fd00::5]:49152", "[fd00:2::9]:4840"),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			original := direction(nl.CTA_TUPLE_ORIG, c.number, c.from, c.to)
			zone, id := plain(nl.CTA_ZONE, 0, 7), plain(nl.CTA_ID, 1, 2, 3, 4)
			message := slices.Concat(
				[]byte{unix.AF_INET, 0, 0, 0}, original,
				direction(nl.CTA_TUPLE_REPLY, c.number, c.replyFrom, c.replyDest),
				plain(nl.CTA_STATUS, 0, 0, 1, 0x8e), plain(nl.CTA_TIMEOUT, 0, 0, 0, 30), zone, id, plain(nl.CTA_USE, 0, 0, 0, 1),
			)
			e, is := parseEntry(message)
			if diff := cmp.Diff(c.want, e.flow, sameAddresses); !is || diff != "" {
				t.Errorf("is a flow: %t (-want +got):\n%s", is, diff)
			}
			if want, kept := slices.Concat(original, zone, id), e.kept(); !bytes.Equal(want, kept.identity()) {
				t.Errorf("want identity %x, got %x", want, kept.identity())
			}
			for n := range message { // whatever comes, it is read or left
				parseEntry(message[:n])
			}
		})
	}
}

func TestAKernelEntryOfNoFlowIsLeft(t *testing.T) {
	const a, b = "10.1.0.5:49152", "10.2.0.9:502"
	header := []byte{unix.AF_INET, 0, 0, 0}
	for name, message := range map[string][]byte{
		"nothing":      nil,
		"header":       header,
		"ICMP":         slices.Concat(header, direction(nl.CTA_TUPLE_ORIG, 1, a, b), direction(nl.CTA_TUPLE_REPLY, 1, b, a)),
		"no original":  slices.Concat(header, direction(nl.CTA_TUPLE_REPLY, 6, b, a)),
		"no reply":     slices.Concat(header, direction(nl.CTA_TUPLE_ORIG, 6, a, b)),
		"no addresses": slices.Concat(header, nested(nl.CTA_TUPLE_ORIG), nested(nl.CTA_TUPLE_REPLY)),
		"cut off":      slices.Concat(header, direction(nl.CTA_TUPLE_ORIG, 6, a, b)[:20]),
	} {
		t.Run(name, func(t *testing.T) {
			if e, is := parseEntry(message); is {
				t.Errorf("got %v", e.flow)
			}
		})
	}
}
