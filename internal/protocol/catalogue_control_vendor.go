// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

// tunnelAdvice is for protocols that have no protected variant at all.
const tunnelAdvice = "keep it inside the cell, or put a tunnel or a protocol gateway between the zones"

// controllerProtocols are the protocols of controllers of one maker or of one
// runtime system.
var controllerProtocols = []Protocol{
	{
		Key: "s7comm", Name: "Siemens S7comm", Ports: ports(tcp(102)),
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "controllers and TIA Portal versions that use TLS, which stays on port 102 (s7comm-plus)",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (iso-tsap); Siemens manuals", Confidence: ConfidenceSure,
	},
	{
		Key: "s7comm-plus", Name: "Siemens S7comm-plus", Ports: ports(tcp(102)),
		Class: ClassControl, Security: SecurityOptional,
		SecureAdvice: "secure PG/PC and HMI communication with TLS only, on the same port",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (iso-tsap); Siemens manuals", Confidence: ConfidenceSure,
	},
	{
		// The same number as EtherNet/IP I/O, but TCP and much older.
		Key: "ab-cspv4", Name: "Allen-Bradley CSPv4 / PCCC", Ports: ports(tcp(2222)),
		Class: ClassControl, Security: SecurityCleartext, SecureAdvice: tunnelAdvice,
		Initiator: InitiatorClient,
		Source:    "two ICS port lists", Confidence: ConfidenceSure,
	},
	{
		// UMAS is function code 90 inside Modbus: whoever may speak Modbus may
		// program the controller.
		Key: "umas", Name: "Schneider Electric UMAS (inside Modbus)", Ports: ports(tcp(502)),
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "a Modbus proxy that refuses function code 90; no port separates it from modbus-tcp",
		Initiator:    InitiatorClient,
		Source:       "public analyses of UMAS; IANA port registry (mbap)", Confidence: ConfidenceUnsure,
	},
	{
		Key: "omron-fins", Name: "Omron FINS", Ports: ports(udp(9600), tcp(9600)),
		Class: ClassControl, Security: SecurityCleartext, SecureAdvice: tunnelAdvice,
		Initiator: InitiatorClient,
		Source:    "two ICS port lists; IANA has 9600 for another name", Confidence: ConfidenceSure,
	},
	{
		Key: "melsec-slmp", Name: "Mitsubishi MELSEC (MC protocol, SLMP)", PortChosenBySite: true,
		Class: ClassControl, Security: SecurityCleartext, SecureAdvice: tunnelAdvice,
		Initiator: InitiatorClient,
		Source:    "set in the controller; 5006/udp and 5007/tcp in lists, 5000 to 5002 and 3001 in manuals", Confidence: ConfidenceUnsure,
	},
	{
		// The master calls by directed broadcast and the stations answer by
		// unicast, which connection tracking does not join together.
		Key: "cclink-ief-basic", Name: "CC-Link IE Field Basic", Ports: ports(udpRange(61450, 61451)),
		Class: ClassControl, Security: SecurityCleartext, SecureAdvice: tunnelAdvice,
		Initiator: InitiatorBoth, Multicast: true,
		Source: "Mitsubishi MELSERVO MR-J4-GF manual", Confidence: ConfidenceSure,
	},
	{
		Key: "codesys-v3", Name: "CODESYS V3 (TCP)", Ports: ports(tcpRange(11740, 11743)),
		Class: ClassControl, Security: SecurityOptional,
		SecureAdvice: "encrypted communication enforced in the controller, on the same port",
		Initiator:    InitiatorClient,
		Source:       "CODESYS FAQ, port list of the runtime", Confidence: ConfidenceSure,
	},
	{
		// Apart from the TCP entry because the block driver broadcasts and sends
		// from both sides.
		Key: "codesys-v3-udp", Name: "CODESYS V3 (UDP)", Ports: ports(udpRange(1740, 1743)),
		Class: ClassControl, Security: SecurityOptional,
		SecureAdvice: "encrypted communication enforced in the controller; prefer codesys-v3 between zones",
		Initiator:    InitiatorBoth, Multicast: true,
		Source: "CODESYS FAQ, port list of the runtime", Confidence: ConfidenceSure,
	},
	{
		Key: "codesys-v2", Name: "CODESYS V2", Ports: ports(tcpRange(1200, 1201)),
		Class: ClassControl, Security: SecurityCleartext, SecureAdvice: tunnelAdvice,
		Initiator: InitiatorClient,
		Source:    "AVEVA communication driver manual; CODESYS manual", Confidence: ConfidenceSure,
	},
	{
		Key: "codesys-v2-wago", Name: "CODESYS V2 on WAGO controllers", Ports: ports(tcp(2455)),
		Class: ClassControl, Security: SecurityCleartext, SecureAdvice: tunnelAdvice,
		Initiator: InitiatorClient,
		Source:    "IANA port registry (wago-io-system); two ICS port lists", Confidence: ConfidenceSure,
	},
	{
		Key: "ge-srtp", Name: "GE SRTP", Ports: ports(tcpRange(18245, 18246)),
		Class: ClassControl, Security: SecurityCleartext, SecureAdvice: tunnelAdvice,
		Initiator: InitiatorClient,
		Source:    "two ICS port lists", Confidence: ConfidenceSure,
	},
	{
		Key: "beckhoff-ads", Name: "Beckhoff ADS", Ports: ports(tcp(48898)),
		Class: ClassControl, Security: SecurityCleartext, SecureAlternative: "beckhoff-ads-secure",
		Initiator: InitiatorClient,
		Source:    "Beckhoff Secure ADS manual", Confidence: ConfidenceSure,
	},
	{
		Key: "beckhoff-ads-secure", Name: "Beckhoff Secure ADS", Ports: ports(tcp(8016)),
		Class: ClassControl, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (ads-s); Beckhoff Secure ADS manual", Confidence: ConfidenceSure,
	},
	{
		Key: "red-lion-crimson", Name: "Red Lion Crimson", Ports: ports(tcp(789)),
		Class: ClassControl, Security: SecurityCleartext, SecureAdvice: tunnelAdvice,
		Initiator: InitiatorClient,
		Source:    "two ICS port lists", Confidence: ConfidenceSure,
	},
	{
		// One widely copied list has 1926, a slip of the pen.
		Key: "pcworx", Name: "Phoenix Contact PC Worx", Ports: ports(tcp(1962)),
		Class: ClassControl, Security: SecurityCleartext, SecureAdvice: tunnelAdvice,
		Initiator: InitiatorClient,
		Source:    "two ICS port lists", Confidence: ConfidenceSure,
	},
	{
		Key: "proconos", Name: "ProConOS / MULTIPROG", Ports: ports(tcp(20547)),
		Class: ClassControl, Security: SecurityCleartext, SecureAdvice: tunnelAdvice,
		Initiator: InitiatorClient,
		Source:    "two ICS port lists", Confidence: ConfidenceSure,
	},
	{
		Key: "fanuc-focas", Name: "FANUC FOCAS", Ports: ports(tcp(8193)),
		Class: ClassControl, Security: SecurityCleartext, SecureAdvice: tunnelAdvice,
		Initiator: InitiatorClient,
		Source:    "two ICS port lists", Confidence: ConfidenceSure,
	},
	{
		Key: "ether-s-io", Name: "Saia Ether-S-I/O", Ports: ports(udp(6060)),
		Class: ClassControl, Security: SecurityCleartext, SecureAdvice: tunnelAdvice,
		// Cyclic data, so both sides send first.
		Initiator: InitiatorBoth,
		Source:    "two ICS port lists", Confidence: ConfidenceSure,
	},
	{
		// The nodes pass a token round by broadcast.
		Key: "fl-net", Name: "FL-net (JEM 1479)", Ports: ports(udpRange(55000, 55003)),
		Class: ClassControl, Security: SecurityCleartext, SecureAdvice: tunnelAdvice,
		Initiator: InitiatorBoth, Multicast: true,
		Source: "Hitachi FL.NET and Sharp JW manuals; ICS port lists", Confidence: ConfidenceSure,
	},
}

// buildingVendorProtocols are those of building automation.
var buildingVendorProtocols = []Protocol{
	{
		Key: "niagara-fox", Name: "Tridium Niagara Fox", Ports: ports(tcp(1911)),
		Class: ClassControl, Security: SecurityCleartext, SecureAlternative: "niagara-foxs",
		Initiator: InitiatorClient,
		Source:    "two ICS port lists", Confidence: ConfidenceSure,
	},
	{
		Key: "niagara-foxs", Name: "Tridium Niagara Fox over TLS", Ports: ports(tcp(4911)),
		Class: ClassControl, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "two ICS port lists", Confidence: ConfidenceSure,
	},
}

// instrumentVendorProtocols are those of flow computers, remote terminal units
// and tank gauges.
var instrumentVendorProtocols = []Protocol{
	{
		Key: "bsap", Name: "Bristol BSAP over IP", Ports: ports(udp(1234)),
		Class: ClassControl, Security: SecurityCleartext, SecureAdvice: tunnelAdvice,
		Initiator: InitiatorClient,
		Source:    "two ICS port lists", Confidence: ConfidenceSure,
	},
	{
		Key: "roc-plus", Name: "Emerson ROC Plus", Ports: ports(tcp(4000)),
		Class: ClassControl, Security: SecurityCleartext, SecureAdvice: tunnelAdvice,
		Initiator: InitiatorClient,
		Source:    "two ICS port lists", Confidence: ConfidenceSure,
	},
	{
		Key: "atg", Name: "Automatic tank gauge (Veeder-Root)", Ports: ports(tcp(10001)),
		Class: ClassControl, Security: SecurityCleartext, SecureAdvice: tunnelAdvice,
		Initiator: InitiatorClient,
		Source:    "two ICS port lists", Confidence: ConfidenceSure,
	},
}

// safetyProtocols are those of safety instrumented systems. TriStation is the one
// that the TRITON malware spoke.
var safetyProtocols = []Protocol{
	{
		Key: "tristation", Name: "Triconex TriStation", Ports: ports(udp(1502)), Safety: true,
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "only from a workstation inside the safety zone, with the key switch in RUN",
		Initiator:    InitiatorClient,
		Source:       "public analyses of the TRITON malware; no vendor document seen", Confidence: ConfidenceUnsure,
	},
	{
		Key: "tsaa", Name: "Triconex System Access Application", Ports: ports(udp(1500)), Safety: true,
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "a read-only gateway inside the safety zone",
		Initiator:    InitiatorClient,
		Source:       "no public document seen", Confidence: ConfidenceUnsure,
	},
}
