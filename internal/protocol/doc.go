// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package protocol is the catalogue of the protocols a conduit may carry.
//
// It answers four questions about a protocol named in a conduit: which ports it
// listens on, which side opens the connection, how well it protects itself, and
// whether a network policy can carry it out at all.
//
// # Contract
//
// The package is pure: it reads no file, clock, environment or network, keeps no
// state a caller can change, and gives the same answer for the same arguments for
// ever. Every value it hands out is a copy. All functions are safe for concurrent
// use.
//
// # Roles
//
// Client and Server name the roles in the protocol, not the direction of the
// first packet. The client asks, the server owns the process data or the service.
// Initiator says which of the two opens the connection:
//
//   - InitiatorClient: the server listens on Ports, the client dials it.
//   - InitiatorServer: the roles keep their names, but the client listens on
//     Ports and the server dials out (OPC UA reverse connect, SNMP traps). A rule
//     written the usual way round would open the wrong direction.
//   - InitiatorBoth: each side sends first to Ports on the other (cyclic UDP
//     input and output). A rule in one direction only works by luck, as long as
//     a connection tracking entry happens to live.
//
// # Classes
//
// A class is about what a permitted connection lets its user do:
//
//   - Control reads or writes the process.
//   - Historian moves recorded data or queries a data store.
//   - Messaging goes through a broker or a data bus.
//   - Admin gives interactive or administrative control of the thing at the other
//     end: a shell, a screen, a file system, its configuration or its programs. It
//     belongs in a time-limited access window and not in a standing conduit.
//   - Infrastructure is what other traffic needs in order to work: names, time,
//     logs, directories, generic web. http and https are here and not in Admin,
//     because the port alone does not make a web service an administration
//     interface.
//   - PersonToPerson is mail, chat and telephony, which IEC 62443-3-3 SR 5.3 keeps
//     out of control systems.
//
// Where one port serves two purposes the entry has the class of its normal
// operation, and where the purposes have ports of their own they are separate
// entries (niagara-fox and niagara-platform). An engineering protocol that shares
// its port with process data (codesys-v3, s7comm, umas) is Control: a policy on
// ports cannot tell a download from a read, so calling it Admin would promise a
// separation that is not there.
//
// # What the catalogue does not know
//
// A port does not prove a protocol. SharesPortWith names the others that use the
// same port, and a report must then say "port-level only". For the same reason no
// entry says whether it can write: reads and writes of one protocol share a port.
//
// Security describes the protocol on its default port, as far as that can be told
// from the outside. Optional means that the protocol can protect itself but the
// port looks the same when it does not, so somebody has to state it and be
// believed.
//
// Dynamic entries choose further ports at run time. Their Ports are those known
// beforehand; a conduit needs a range for the rest.
package protocol
