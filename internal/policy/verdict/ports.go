// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"math"
	"strconv"
	"strings"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

// transports is a set of transports.
type transports uint8

const (
	tcp transports = 1 << iota
	udp
	sctp
	allTransports = tcp | udp | sctp
)

// transportOf returns no transport for one that is not known.
func transportOf(t protocol.Transport) transports {
	switch t {
	case protocol.TCP:
		return tcp
	case protocol.UDP:
		return udp
	case protocol.SCTP:
		return sctp
	default:
		return 0
	}
}

// ports of an entry: any, or those in ranges.
type ports struct {
	any    bool
	ranges []portRange
}

// portRange is a run of ports; limit is maybe where it does not decide alone.
type portRange struct {
	transports  transports
	first, last uint16
	limit       truth
}

func (p *ports) match(t transports, port uint16) truth {
	if p.any {
		return yes
	}
	result := no
	for _, r := range p.ranges {
		if r.transports&t != 0 && r.first <= port && port <= r.last {
			result = result.or(r.limit)
		}
	}
	return result
}

// everyPort is every port of these transports.
func everyPort(t transports, limit truth) portRange {
	return portRange{transports: t, first: 0, last: math.MaxUint16, limit: limit}
}

// numbered is a range by numbers; one that makes no sense may be any port.
func numbered(t transports, first, last int64, limit truth) portRange {
	if last == 0 {
		last = first
	}
	if first < 1 || last < first || last > math.MaxUint16 {
		return everyPort(t, maybe)
	}
	//nolint:gosec // bounded above
	return portRange{transports: t, first: uint16(first), last: uint16(last), limit: limit}
}

// portless are protocols besides the transports that Cilium's rules can name.
var portless = map[string]bool{
	"ICMP": true, "ICMPV6": true, "VRRP": true, "IGMP": true,
	"GRE": true, "IPIP": true, "IPV6": true, "ESP": true, "AH": true,
}

// ciliumTransports reads a protocol of Cilium's. A protocol that is not known may
// be any.
func ciliumTransports(name string) (transports, truth) {
	name = strings.ToUpper(name)
	switch {
	case name == "" || name == "ANY":
		return allTransports, yes
	case portless[name]:
		return 0, yes
	}
	if t := transportOf(protocol.Transport(name)); t != 0 {
		return t, yes
	}
	return allTransports, maybe
}

// ciliumPort reads a port of Cilium's, where 0 is any. A name is of a port in the
// pod's own spec, which is not known here.
func ciliumPort(port string, end int64, t transports, limit truth) portRange {
	number, err := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || len(port) > 1 && port[0] == '0':
		return everyPort(t, maybe)
	case number == 0 && end == 0:
		return everyPort(t, limit)
	default:
		return numbered(t, int64(number), end, limit)
	}
}
