// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

// allPorts, without a last port, is every port of a transport to Cilium. A range that
// begins with it would be as well, whatever its end.
const allPorts = "0"

// denyPorts are ports that a deny is for. To Cilium no rules are all ports, and all
// protocols; here they are that only where every says so.
type denyPorts struct {
	rules api.PortDenyRules
	every bool
}

// everyPort is every protocol that there is, those without ports too.
var everyPort = denyPorts{every: true}

func (p denyPorts) none() bool { return !p.every && len(p.rules) == 0 }

// otherPorts returns every port but the open ones, in rules of at most maxPorts each.
func otherPorts(open []protocol.PortRange) denyPorts {
	var ports []api.PortProtocol
	for _, transport := range []protocol.Transport{protocol.TCP, protocol.UDP, protocol.SCTP} {
		ports = append(ports, gaps(transport, open)...)
	}
	var out denyPorts
	for chunk := range slices.Chunk(ports, maxPorts) {
		out.rules = append(out.rules, api.PortDenyRule{Ports: slices.Clip(chunk)})
	}
	return out
}

// gaps returns the ports of one transport between the open ranges, which may overlap.
func gaps(transport protocol.Transport, open []protocol.PortRange) []api.PortProtocol {
	ranges := slices.DeleteFunc(slices.Clone(open), func(r protocol.PortRange) bool { return r.Transport != transport })
	if len(ranges) == 0 {
		return []api.PortProtocol{{Port: allPorts, Protocol: api.L4Proto(transport)}}
	}
	slices.SortFunc(ranges, func(a, b protocol.PortRange) int { return cmp.Compare(a.First, b.First) })
	var out []api.PortProtocol
	next := 1
	between := func(first, last int) {
		switch {
		case first < last:
			out = append(out, api.PortProtocol{Port: strconv.Itoa(first), EndPort: int32(last), Protocol: api.L4Proto(transport)}) //nolint:gosec // a port
		case first == last:
			out = append(out, api.PortProtocol{Port: strconv.Itoa(first), Protocol: api.L4Proto(transport)})
		}
	}
	for _, r := range ranges {
		between(next, int(r.First)-1)
		next = max(next, int(r.Last)+1)
	}
	between(next, 65535)
	return out
}
