// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package flows

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

var sameAddresses = cmpopts.EquateComparable(netip.Addr{})

func flow(transport protocol.Transport, source, destination string) Flow {
	from, to := netip.MustParseAddrPort(source), netip.MustParseAddrPort(destination)
	return Flow{
		Source: from.Addr(), SourcePort: from.Port(),
		Destination: to.Addr(), Port: to.Port(), Transport: transport,
	}
}

// keys in Cilium's maps, byte by byte: daddr, saddr, dport, sport, nexthdr, flags. Its
// own reader (cilium-dbg bpf ct list) says the same of them, of the first:
// TCP OUT 10.1.0.5:49152 -> 10.2.0.9:502.
var keys = []struct {
	name      string
	flow      Flow
	direction uint8
	raw       string
}{
	{
		name: "at the opener", flow: flow(protocol.TCP, "10.1.0.5:49152", "10.2.0.9:502"), direction: directionOut,
		raw: "0a010005 0a020009 01f6 c000 06 00",
	}, {
		name: "at what answers", flow: flow(protocol.TCP, "10.1.0.5:49152", "10.2.0.9:502"), direction: directionIn,
		raw: "0a010005 0a020009 01f6 c000 06 01",
	}, {
		name: "UDP", flow: flow(protocol.UDP, "192.0.2.7:34964", "10.2.0.9:34964"), direction: directionIn,
		raw: "c0000207 0a020009 8894 8894 11 01",
	}, {
		name: "SCTP", flow: flow(protocol.SCTP, "10.1.0.5:1", "10.2.0.9:65535"), direction: directionOut,
		raw: "0a010005 0a020009 ffff 0001 84 00",
	}, {
		name: "IPv6 at the opener", flow: flow(protocol.TCP, "[fd00::5]:49152", "[fd00:2::9]:4840"), direction: directionOut,
		raw: "fd000000000000000000000000000005 fd000002000000000000000000000009 12e8 c000 06 00",
	}, {
		name: "IPv6 at what answers", flow: flow(protocol.UDP, "[fd00::5]:49152", "[fd00:2::9]:4840"), direction: directionIn,
		raw: "fd000000000000000000000000000005 fd000002000000000000000000000009 12e8 c000 11 01",
	},
}

func TestAKeyIsReadAsTheFlowOfItsOpener(t *testing.T) {
	for _, c := range keys {
		t.Run(c.name, func(t *testing.T) {
			raw := unhex(t, c.raw)
			var got Flow
			var is bool
			if c.flow.Source.Is4() {
				got, is = decode[ipv4](t, raw).flow()
			} else {
				got, is = decode[ipv6](t, raw).flow()
			}
			if diff := cmp.Diff(c.flow, got, sameAddresses); !is || diff != "" {
				t.Errorf("is a flow: %t (-want +got):\n%s", is, diff)
			}
		})
	}
}

func TestAKeyIsWrittenAsItIsRead(t *testing.T) {
	for _, c := range keys {
		t.Run(c.name, func(t *testing.T) {
			var got []byte
			if c.flow.Source.Is4() {
				k, _ := keyOf[ipv4](c.flow, c.direction)
				got = encode(t, k)
			} else {
				k, _ := keyOf[ipv6](c.flow, c.direction)
				got = encode(t, k)
			}
			if want := unhex(t, c.raw); !bytes.Equal(want, got) {
				t.Errorf("want %x, got %x", want, got)
			}
		})
	}
}

// The steps of the C code, in its order and by its names, from the opener's packet to
// the key of the entry.
func TestTheKeyIsTheOneThatCiliumsProgramMakes(t *testing.T) {
	const opener, other = "10.1.0.5:49152", "10.2.0.9:502"
	saddr, daddr := netip.MustParseAddrPort(opener), netip.MustParseAddrPort(other)
	for name, direction := range map[string]uint8{"CT_EGRESS": directionOut, "CT_INGRESS": directionIn} {
		t.Run(name, func(t *testing.T) {
			var made struct { // struct ipv4_ct_tuple
				Daddr, Saddr [4]byte
				Dport, Sport uint16
				Nexthdr      uint8
				Flags        uint8
			}
			made.Daddr, made.Saddr = daddr.Addr().As4(), saddr.Addr().As4() // TAIL_CT_LOOKUP4
			made.Dport, made.Sport = saddr.Port(), daddr.Port()             // ct_extract_ports4: as in the packet, to &tuple->dport
			made.Nexthdr = 6
			made.Flags = directionIn // ct_lookup_select_tuple_type
			if name == "CT_INGRESS" {
				made.Flags = directionOut
			}
			made.Daddr, made.Saddr = made.Saddr, made.Daddr // ipv4_ct_tuple_reverse
			made.Dport, made.Sport = made.Sport, made.Dport
			made.Flags ^= directionIn

			raw, err := binary.Append(nil, binary.BigEndian, made)
			if err != nil {
				t.Fatal(err)
			}
			k, _ := keyOf[ipv4](flow(protocol.TCP, opener, other), direction)
			if got := encode(t, k); !bytes.Equal(raw, got) {
				t.Errorf("want %x, got %x", raw, got)
			}
		})
	}
}

func TestAnEntryThatLetsNoPacketsOfAFlowPassIsNoFlow(t *testing.T) {
	for name, raw := range map[string]string{
		"service": "0a600001 0a010005 c000 0050 06 04",
		"related": "0a010005 0a020009 0000 0000 01 02",
		"echo":    "0a010005 0a020009 1234 0000 01 00",
		"GRE":     "0a010005 0a020009 0000 0000 2f 00",
		"empty":   "00000000 00000000 0000 0000 00 00",
	} {
		t.Run(name, func(t *testing.T) {
			if f, is := decode[ipv4](t, unhex(t, raw)).flow(); is {
				t.Errorf("got %v", f)
			}
		})
	}
}

func TestTheEntryForErrorsIsOfTheSameAddressesAndDirection(t *testing.T) {
	out, _ := keyOf[ipv4](flow(protocol.TCP, "10.1.0.5:49152", "10.2.0.9:502"), directionOut)
	in, _ := keyOf[ipv6](flow(protocol.UDP, "[fd00::5]:49152", "[fd00:2::9]:4840"), directionIn)
	related4, _ := out.related()
	related6, _ := in.related()
	if want, got := "0a010005 0a020009 0000 0000 01 02", encode(t, related4); !bytes.Equal(unhex(t, want), got) {
		t.Errorf("want %s, got %x", want, got)
	}
	want := "fd000000000000000000000000000005 fd000002000000000000000000000009 0000 0000 3a 03"
	if got := encode(t, related6); !bytes.Equal(unhex(t, want), got) {
		t.Errorf("want %s, got %x", want, got)
	}
	if _, has := related4.related(); has {
		t.Error("an entry for errors has one itself")
	}
}

func TestAFlowThatNoTableCanHaveHasNoKey(t *testing.T) {
	mixed := flow(protocol.TCP, "10.1.0.5:49152", "[fd00::9]:502")
	for name, f := range map[string]Flow{
		"nothing":            {},
		"two families":       mixed,
		"no such transport":  flow("ICMP", "10.1.0.5:1", "10.2.0.9:2"),
		"IPv4 in the longer": flow(protocol.TCP, "[::ffff:10.1.0.5]:1", "[::ffff:10.2.0.9]:2"),
	} {
		t.Run(name, func(t *testing.T) {
			if k, has := keyOf[ipv4](f, directionOut); has {
				t.Errorf("IPv4: %v", k)
			}
			if k, has := keyOf[ipv6](f, directionOut); has {
				t.Errorf("IPv6: %v", k)
			}
			if newOnce().first(f) {
				t.Error("it is remembered")
			}
		})
	}
	if _, has := keyOf[ipv4](flow(protocol.TCP, "[::ffff:10.1.0.5]:1", "10.2.0.9:2").normal(), directionOut); !has {
		t.Error("a normal flow has IPv4 addresses in the longer form")
	}
}

func TestAFlowIsFirstOnce(t *testing.T) {
	seen := newOnce()
	for _, c := range keys {
		again := c.direction == directionIn && c.flow.Transport == protocol.TCP // the entry at the other end
		if seen.first(c.flow) == again {
			t.Errorf("%s: first is %t", c.name, !again)
		}
	}
	mirrored := flow(protocol.TCP, "10.2.0.9:502", "10.1.0.5:49152")
	if !seen.first(mirrored) {
		t.Error("a flow that the other side opened is taken for this one")
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func decode[A ipv4 | ipv6](t *testing.T, raw []byte) key[A] {
	t.Helper()
	return *read(t, raw, &key[A]{})
}

func encode[A ipv4 | ipv6](t *testing.T, k key[A]) []byte {
	t.Helper()
	raw, err := binary.Append(nil, binary.NativeEndian, k)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// read reads as the maps are read: memory as it is.
func read[T any](t *testing.T, raw []byte, into *T) *T {
	t.Helper()
	n, err := binary.Decode(raw, binary.NativeEndian, into)
	if err != nil || n != len(raw) {
		t.Fatalf("%d of %d bytes: %v", n, len(raw), err)
	}
	return into
}
