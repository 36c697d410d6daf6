// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package flows

import (
	"encoding/binary"
	"net/netip"
)

type (
	ipv4 = [4]byte
	ipv6 = [16]byte
)

// key is a key of Cilium's conntrack maps: ipv4_ct_tuple and ipv6_ct_tuple in Cilium's
// bpf/lib/common.h, seen in v1.20. There, addresses are named as in a reply and ports
// as in the first packet; here, all as in the first packet:
//
//	Source       daddr    who opened the flow
//	Destination  saddr    who answers
//	Port         dport    in network byte order
//	SourcePort   sport    in network byte order
//	Protocol     nexthdr
//	Direction    flags
//
// How it comes to that (bpf/lib/conntrack.h, for a packet of the opener): a program
// at a pod fills daddr and saddr from the packet (TAIL_CT_LOOKUP4 in bpf_lxc.c), and
// ct_extract_ports4 puts the packet's two ports, source first, into dport and
// sport. That is the key of the flow that this packet would answer, and __ct_lookup4
// asks for it first, with TUPLE_F_IN where the packet leaves a pod and TUPLE_F_OUT
// where it enters one (ct_lookup_select_tuple_type, SCOPE_BIDIR). If it is not there,
// ipv4_ct_tuple_reverse swaps addresses, ports and direction, and with that key
// ct_create4 makes the entry. So the flow has
//
//   - an OUT entry, where the opener's packet left a pod (or the host, with the host
//     firewall),
//   - an IN entry, where it entered one,
//   - both, on the one node that has both ends.
//
// The two differ in flags alone, and no entry of the flow is the other way round: one
// that is, is a flow opened by the other end. Replies match the same keys
// from the far side and pass without policy (CT_REPLY).
//
// Where addresses are translated:
//
//   - Service: the destination is translated before the OUT entry is made, so it names
//     the backend. The frontend is in an entry with TUPLE_F_SERVICE (lb4_local), which
//     has ports the other way, remembers a backend and lets nothing pass. It is no flow,
//     and stays.
//   - Node port (nodeport_svc_lb4, nodeport_dsr_ingress_ipv4): the node that was asked
//     makes an OUT entry from the client to the backend. At a backend on the same
//     node there is the IN entry by the same name; at another node, the IN entry
//     has the address that the first node masqueraded as.
//   - Masquerading to the outside: the OUT entry at the pod is older than it and has the
//     pod's address. A node's own flow that is masqueraded (snat_v4_nat_handle_mapping,
//     needs_ct) has an OUT entry by the address it had before. NAT mappings are
//     in maps of their own, and Cilium collects those without an entry here.
//   - A pod that reaches itself by its Service: one end has Cilium's loopback address
//     (169.254.42.1). Policy does not apply to it.
type key[A ipv4 | ipv6] struct {
	Source      A
	Destination A
	Port        [2]byte
	SourcePort  [2]byte
	Protocol    uint8
	Direction   uint8
}

// The flags of a key: TUPLE_F_OUT and so on.
//
// An entry with TUPLE_F_RELATED lets the ICMP errors pass that answer any flow between
// two addresses in one direction: ct_create4 makes it with each flow, with ports 0 and
// the ICMP of the family as protocol, in the map that is not for TCP.
const (
	directionOut     = 0
	directionIn      = 1
	directionRelated = 2
	directionService = 4
)

// keyOf is false for a flow that has no key in this family.
func keyOf[A ipv4 | ipv6](f Flow, direction uint8) (key[A], bool) {
	k := key[A]{Direction: direction}
	number, known := numberOf(f.Transport)
	if !known || !put(&k.Source, f.Source) || !put(&k.Destination, f.Destination) {
		return key[A]{}, false
	}
	k.Protocol = number
	binary.BigEndian.PutUint16(k.Port[:], f.Port)
	binary.BigEndian.PutUint16(k.SourcePort[:], f.SourcePort)
	return k, true
}

// flow is false where the entry is for no flow: of a Service, for ICMP.
func (k key[A]) flow() (Flow, bool) {
	transport, known := transportOf(k.Protocol)
	if !known || k.Direction&^directionIn != 0 {
		return Flow{}, false
	}
	return Flow{
		Source: get(&k.Source), Destination: get(&k.Destination),
		SourcePort: binary.BigEndian.Uint16(k.SourcePort[:]),
		Port:       binary.BigEndian.Uint16(k.Port[:]),
		Transport:  transport,
	}, true
}

// related is the key of the entry for ICMP errors that this entry has a part in. It is
// false where it has none.
func (k key[A]) related() (key[A], bool) {
	if k.Direction&^directionIn != 0 {
		return key[A]{}, false
	}
	r := key[A]{Source: k.Source, Destination: k.Destination, Direction: k.Direction | directionRelated}
	r.Protocol = numberICMP
	if _, v6 := any(&r.Source).(*ipv6); v6 {
		r.Protocol = numberICMPv6
	}
	return r, true
}

func put[A ipv4 | ipv6](to *A, from netip.Addr) bool {
	switch to := any(to).(type) {
	case *ipv4:
		if !from.Is4() {
			return false
		}
		*to = from.As4()
	case *ipv6:
		if !from.Is6() || from.Is4In6() {
			return false
		}
		*to = from.As16()
	}
	return true
}

func get[A ipv4 | ipv6](from *A) netip.Addr {
	switch from := any(from).(type) {
	case *ipv4:
		return netip.AddrFrom4(*from)
	case *ipv6:
		return netip.AddrFrom16(*from)
	}
	return netip.Addr{}
}
