// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"cmp"
	"slices"
	"sync"
)

// Transport is a layer 4 protocol, spelled as Kubernetes spells it in a port of a
// network policy.
type Transport string

// The transports a network policy can name.
const (
	TCP  Transport = "TCP"
	UDP  Transport = "UDP"
	SCTP Transport = "SCTP"
)

// PortRange is a run of ports of one transport, both ends included. Last equals
// First for a single port.
type PortRange struct {
	Transport   Transport
	First, Last uint16
}

// overlaps tells whether the two ranges have a port in common.
func (r PortRange) overlaps(o PortRange) bool {
	return r.Transport == o.Transport && r.First <= o.Last && o.First <= r.Last
}

// Class says what a connection lets its user do. The package documentation has
// the rule for each.
type Class string

// The classes.
const (
	ClassControl        Class = "Control"
	ClassHistorian      Class = "Historian"
	ClassMessaging      Class = "Messaging"
	ClassAdmin          Class = "Admin"
	ClassInfrastructure Class = "Infrastructure"
	ClassPersonToPerson Class = "PersonToPerson"
)

// Security says how a protocol protects its own traffic on its default port.
type Security string

// The levels of protection, worst first.
const (
	// SecurityCleartext has no protection, or only what nobody can rely on.
	SecurityCleartext Security = "Cleartext"
	// SecurityOptional can authenticate and encrypt, but the same port also
	// accepts peers that do not.
	SecurityOptional Security = "Optional"
	// SecuritySecure is always authenticated and encrypted.
	SecuritySecure Security = "Secure"
)

// Initiator is the side that opens the connection.
type Initiator string

// The initiators.
const (
	// InitiatorClient is the usual case: the server listens, the client dials.
	InitiatorClient Initiator = "Client"
	// InitiatorServer is the flipped case: the client listens and the server,
	// usually a device, dials out.
	InitiatorServer Initiator = "Server"
	// InitiatorBoth means that each side sends first to the port of the other.
	InitiatorBoth Initiator = "Both"
)

// Confidence says how well the ports of an entry are known.
type Confidence string

// The confidences.
const (
	// ConfidenceSure has two independent sources, or a registry, a standard or a
	// document of the vendor.
	ConfidenceSure Confidence = "Sure"
	// ConfidenceUnsure is to be verified on the plant before it is relied upon.
	ConfidenceUnsure Confidence = "Unsure"
)

// Protocol is one entry of the catalogue.
type Protocol struct {
	// Key identifies the entry in a conduit: lower case letters, digits and
	// single hyphens, for example "modbus-tcp". Keys are API and never change.
	Key string
	// Name is the name people use.
	Name string
	// Ports are the default ports. Empty if PortChosenBySite or Layer2.
	Ports []PortRange
	// PortChosenBySite means that there is no default worth opening: the product
	// or the site chooses, and a conduit has to name the port.
	PortChosenBySite bool
	// Class is what a connection lets its user do.
	Class Class
	// Security is how the protocol protects itself on its default port.
	Security Security
	// SecureAlternative is the key of an entry whose Security is Secure and that
	// does the same work on another port, or "".
	SecureAlternative string
	// SecureAdvice is what to do when the protection is not another port, for
	// example a mode of the same protocol. A sentence without the final stop, or
	// "".
	SecureAdvice string
	// Initiator is the side that opens the connection.
	Initiator Initiator
	// Multicast means that ordinary operation, not only a search by an
	// engineering tool, uses multicast or broadcast. Network policy cannot
	// express that; what it permits between single addresses may be useless.
	Multicast bool
	// Dynamic means that further ports are negotiated at run time, so that a
	// conduit needs a range.
	Dynamic bool
	// Layer2 means Ethernet frames without IP. No network policy sees them.
	Layer2 bool
	// Safety means a protocol of a safety instrumented system, to be refused from
	// outside a safety zone.
	Safety bool
	// EtherType is the type field of the frame if Layer2, and 0 otherwise.
	EtherType uint16
	// Source says in words where the ports come from.
	Source string
	// Confidence says how well the ports are known.
	Confidence Confidence
}

// Enforceable tells whether a policy on layer 3 and 4 can carry this protocol
// out. It is false for Ethernet frames without IP. True does not mean
// comfortable: look at Multicast and Dynamic too.
func (p Protocol) Enforceable() bool {
	return !p.Layer2
}

// SharesPortWith returns the keys of the other catalogue entries whose default
// ports overlap with the ports of p, sorted. If there are any, the port alone does
// not prove the protocol. It is empty for an entry without ports.
func (p Protocol) SharesPortWith() []string {
	var keys []string
	for _, other := range catalogue().sorted {
		if other.Key != p.Key && portsOverlap(p.Ports, other.Ports) {
			keys = append(keys, other.Key)
		}
	}
	return keys
}

func portsOverlap(a, b []PortRange) bool {
	for _, x := range a {
		if slices.ContainsFunc(b, x.overlaps) {
			return true
		}
	}
	return false
}

// clone returns a copy that shares no memory with p.
func (p Protocol) clone() Protocol {
	p.Ports = slices.Clone(p.Ports)
	return p
}

// Lookup returns the entry with exactly this key. Closest helps with the message
// when there is none.
func Lookup(key string) (Protocol, bool) {
	p, ok := catalogue().byKey[key]
	if !ok {
		return Protocol{}, false
	}
	return p.clone(), true
}

// All returns the catalogue sorted by key. It is a fresh copy: the caller may
// change it.
func All() []Protocol {
	sorted := catalogue().sorted
	all := make([]Protocol, len(sorted))
	for i, p := range sorted {
		all[i] = p.clone()
	}
	return all
}

// ByPort returns the entries that have this port among their defaults, sorted by
// key. More than one means that the port does not prove the protocol; none means
// only that the catalogue does not know it.
func ByPort(t Transport, port uint16) []Protocol {
	return ByRange(PortRange{Transport: t, First: port, Last: port})
}

// ByRange is ByPort for every port of a range at once.
func ByRange(r PortRange) []Protocol {
	var found []Protocol
	for _, p := range catalogue().sorted {
		if slices.ContainsFunc(p.Ports, r.overlaps) {
			found = append(found, p.clone())
		}
	}
	return found
}

// index is the catalogue arranged for reading. It is shared between callers, so
// nothing in it may leave the package without clone.
type index struct {
	byKey  map[string]Protocol
	sorted []Protocol
	// declared has the order of the source files, which puts the usual protocol
	// of a family first. Closest breaks ties with it.
	declared []string
}

// catalogue builds the index on first use, so that a program that never asks pays
// nothing and there is no work at package initialisation.
var catalogue = sync.OnceValue(func() index {
	all := declaredProtocols()
	ix := index{byKey: make(map[string]Protocol, len(all)), sorted: all}
	for _, p := range all {
		ix.byKey[p.Key] = p
		ix.declared = append(ix.declared, p.Key)
	}
	slices.SortFunc(ix.sorted, func(a, b Protocol) int { return cmp.Compare(a.Key, b.Key) })
	return ix
})

// declaredProtocols returns all entries in the order of the source files, in a
// slice of its own. The entries still share their Ports with the data.
func declaredProtocols() []Protocol {
	return slices.Concat(
		telecontrolProtocols, substationProtocols, opcProtocols, fieldProtocols,
		controllerProtocols, buildingVendorProtocols, instrumentVendorProtocols, safetyProtocols,
		historianProtocols, databaseProtocols,
		messagingProtocols, personToPersonProtocols,
		adminProtocols, clusterAdminProtocols,
		infrastructureProtocols, clusterInfrastructureProtocols,
	)
}

// tcp, udp, tcpRange and udpRange keep the data files readable.
func tcp(port uint16) PortRange             { return PortRange{TCP, port, port} }
func udp(port uint16) PortRange             { return PortRange{UDP, port, port} }
func tcpRange(first, last uint16) PortRange { return PortRange{TCP, first, last} }
func udpRange(first, last uint16) PortRange { return PortRange{UDP, first, last} }

// ports makes the list of an entry.
func ports(r ...PortRange) []PortRange { return r }
