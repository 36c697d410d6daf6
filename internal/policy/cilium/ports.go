// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium

import (
	"slices"
	"strconv"

	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

// maxPorts is the most that Cilium takes in one port rule.
const maxPorts = 40

// portRules returns the ports in rules of at most maxPorts each; several rules
// admit what any of them admits. It returns nil, and the caller then makes no
// rule at all, when there are no ports.
func portRules(ranges []protocol.PortRange) api.PortRules {
	var ports []api.PortProtocol
	for _, r := range ranges {
		if r.First == 0 {
			continue // to Cilium port 0 is every port
		}
		p := api.PortProtocol{Port: strconv.Itoa(int(r.First)), Protocol: api.L4Proto(r.Transport)}
		if r.Last > r.First {
			p.EndPort = int32(r.Last)
		}
		ports = append(ports, p)
	}
	var rules api.PortRules
	for chunk := range slices.Chunk(ports, maxPorts) {
		rules = append(rules, api.PortRule{Ports: slices.Clip(chunk)})
	}
	return rules
}

// both returns a port on the two transports of a name service.
func both(port uint16) api.PortRules {
	return portRules([]protocol.PortRange{
		{Transport: protocol.UDP, First: port, Last: port},
		{Transport: protocol.TCP, First: port, Last: port},
	})
}

func single(transport protocol.Transport, port uint16) api.PortRules {
	return portRules([]protocol.PortRange{{Transport: transport, First: port, Last: port}})
}
