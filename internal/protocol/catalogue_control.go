// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

// This file has the process control protocols that a standard or a user
// organisation defines. Those of one vendor are in catalogue_control_vendor.go.

// telecontrolProtocols are Modbus and the wide area protocols of utilities.
var telecontrolProtocols = []Protocol{
	{
		// 502/udp is registered too but hardly any device answers there.
		Key: "modbus-tcp", Name: "Modbus/TCP", Ports: ports(tcp(502)),
		Class: ClassControl, Security: SecurityCleartext, SecureAlternative: "modbus-tls",
		Initiator: InitiatorClient,
		Source:    "IANA port registry (mbap); Modbus Organization", Confidence: ConfidenceSure,
	},
	{
		Key: "modbus-tls", Name: "Modbus/TCP Security", Ports: ports(tcp(802)),
		Class: ClassControl, Security: SecuritySecure,
		SecureAdvice: "both sides need X.509 certificates; the role of the client is in its certificate",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (mbap-s); Modbus/TCP Security specification", Confidence: ConfidenceSure,
	},
	{
		Key: "dnp3", Name: "DNP3 (IEEE 1815)", Ports: ports(tcp(20000), udp(20000)),
		Class: ClassControl, Security: SecurityCleartext, SecureAlternative: "dnp3-tls",
		SecureAdvice: "DNP3 Secure Authentication on the same port authenticates commands but encrypts nothing",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (dnp); IEEE 1815", Confidence: ConfidenceSure,
	},
	{
		Key: "dnp3-tls", Name: "DNP3 over TLS", Ports: ports(tcp(19999)),
		Class: ClassControl, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (dnp-sec)", Confidence: ConfidenceSure,
	},
	{
		Key: "iec104", Name: "IEC 60870-5-104", Ports: ports(tcp(2404)),
		Class: ClassControl, Security: SecurityCleartext, SecureAlternative: "iec104-tls",
		Initiator: InitiatorClient,
		Source:    "IANA port registry (iec-104); IEC 60870-5-104", Confidence: ConfidenceSure,
	},
	{
		// Some products ship no default for the secured variant (WinCC OA).
		Key: "iec104-tls", Name: "IEC 60870-5-104 over TLS (IEC 62351-3)", Ports: ports(tcp(19998)),
		Class: ClassControl, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (iec-104-sec)", Confidence: ConfidenceSure,
	},
	{
		Key: "dlms-cosem", Name: "DLMS/COSEM (IEC 62056)", Ports: ports(tcp(4059), udp(4059)),
		Class: ClassControl, Security: SecurityOptional,
		SecureAdvice: "a DLMS security suite with authenticated and encrypted messages on the same port",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (dlms-cosem)", Confidence: ConfidenceSure,
	},
	{
		Key: "c12-22", Name: "ANSI C12.22", Ports: ports(tcp(1153), udp(1153)),
		Class: ClassControl, Security: SecurityOptional,
		SecureAdvice: "the C12.22 ciphertext mode with authentication on the same port",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (c1222-acse)", Confidence: ConfidenceSure,
	},
}

// substationProtocols are those of IEC 61850, IEC 60870-6 and IEEE C37.118.
var substationProtocols = []Protocol{
	{
		Key: "iec61850-mms", Name: "IEC 61850 MMS", Ports: ports(tcp(102)),
		Class: ClassControl, Security: SecurityCleartext, SecureAlternative: "iec61850-mms-tls",
		Initiator: InitiatorClient,
		Source:    "IANA port registry (iso-tsap); IEC 61850-8-1", Confidence: ConfidenceSure,
	},
	{
		Key: "iec61850-mms-tls", Name: "IEC 61850 MMS over TLS (IEC 62351-4)", Ports: ports(tcp(3782)),
		Class: ClassControl, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (iso-tp0s); Beckhoff TF6510 manual", Confidence: ConfidenceSure,
	},
	{
		Key: "iccp-tase2", Name: "ICCP / TASE.2 (IEC 60870-6)", Ports: ports(tcp(102)),
		Class: ClassControl, Security: SecurityCleartext, SecureAlternative: "iccp-tase2-tls",
		// Either control centre may be the one that calls; the conduit says
		// which by its choice of client.
		Initiator: InitiatorClient,
		Source:    "IANA port registry (iso-tsap); Oracle Live Energy Connect manual", Confidence: ConfidenceSure,
	},
	{
		Key: "iccp-tase2-tls", Name: "Secure ICCP / TASE.2 over TLS (IEC 62351-4)", Ports: ports(tcp(3782)),
		Class: ClassControl, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (iso-tp0s); Oracle Live Energy Connect manual", Confidence: ConfidenceSure,
	},
	{
		Key: "goose", Name: "IEC 61850 GOOSE", EtherType: 0x88B8, Layer2: true, Multicast: true,
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "IEC 62351-6, and a VLAN that does not leave the cell",
		Initiator:    InitiatorBoth,
		Source:       "IEC 61850-8-1; IEEE EtherType registry", Confidence: ConfidenceSure,
	},
	{
		Key: "sv", Name: "IEC 61850 sampled values", EtherType: 0x88BA, Layer2: true, Multicast: true,
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "IEC 62351-6, and a VLAN that does not leave the cell",
		Initiator:    InitiatorBoth,
		Source:       "IEC 61850-9-2; IEEE EtherType registry", Confidence: ConfidenceSure,
	},
	{
		// The publisher sends unasked. Any device may be one, hence Both.
		Key: "r-goose", Name: "Routable GOOSE", Ports: ports(udp(102)), Multicast: true,
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "IEC 62351-6 with signature and encryption; not every relay supports it",
		Initiator:    InitiatorBoth,
		Source:       "IEC TR 61850-90-5, not seen at first hand", Confidence: ConfidenceUnsure,
	},
	{
		Key: "r-sv", Name: "Routable sampled values", Ports: ports(udp(102)), Multicast: true,
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "IEC 62351-6 with signature and encryption; not every device supports it",
		Initiator:    InitiatorBoth,
		Source:       "IEC TR 61850-90-5, not seen at first hand", Confidence: ConfidenceUnsure,
	},
	{
		Key: "ieee-c37-118", Name: "IEEE C37.118 synchrophasors (TCP)", Ports: ports(tcp(4712)),
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "a tunnel between the zones; the standard has no protection of its own",
		Initiator:    InitiatorClient,
		Source:       "IEEE C37.118 by way of the Wireshark wiki; Siemens SIMEAS R-PMU manual", Confidence: ConfidenceSure,
	},
	{
		// Apart from the TCP entry because a PMU may stream to 4713 unasked,
		// to a unicast or a multicast address.
		Key: "ieee-c37-118-udp", Name: "IEEE C37.118 synchrophasors (UDP)", Ports: ports(udp(4713)),
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "a tunnel between the zones; the standard has no protection of its own",
		Initiator:    InitiatorBoth, Multicast: true,
		Source: "IEEE C37.118 by way of the Wireshark wiki; Siemens SIMEAS R-PMU manual", Confidence: ConfidenceSure,
	},
}

// opcAdvice holds for every OPC UA endpoint: the port is the same with and
// without protection, so the mode has to be set on the server.
const opcAdvice = "mode SignAndEncrypt with a current security policy on the same port, and mode None switched off"

// opcProtocols are OPC UA, its vendor ports and OPC Classic.
var opcProtocols = []Protocol{
	{
		Key: "opcua-tcp", Name: "OPC UA (binary over TCP)", Ports: ports(tcp(4840)),
		Class: ClassControl, Security: SecurityOptional, SecureAdvice: opcAdvice,
		Initiator: InitiatorClient,
		Source:    "IANA port registry (opcua-tcp); OPC 10000-6", Confidence: ConfidenceSure,
	},
	{
		Key: "opcua-tls", Name: "OPC UA over TLS", Ports: ports(tcp(4843)),
		Class: ClassControl, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (opcua-tls)", Confidence: ConfidenceSure,
	},
	{
		// Products also offer this mapping on 443; then a conduit says so.
		Key: "opcua-https", Name: "OPC UA over HTTPS", Ports: ports(tcp(4843)),
		Class: ClassControl, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (opcua-tls); products differ", Confidence: ConfidenceUnsure,
	},
	{
		// The publisher is the server: it sends to subscribers unasked.
		Key: "opcua-pubsub", Name: "OPC UA PubSub (UDP)", Ports: ports(udp(4840)),
		Class: ClassControl, Security: SecurityOptional,
		SecureAdvice: "message security SignAndEncrypt with a security key server",
		Initiator:    InitiatorServer, Multicast: true,
		Source: "IANA port registry (opcua-udp); OPC 10000-14", Confidence: ConfidenceSure,
	},
	{
		Key: "opcua-lds", Name: "OPC UA local discovery server", Ports: ports(tcp(4840)),
		Class: ClassControl, Security: SecurityOptional,
		SecureAdvice: "configure the endpoints by hand and leave discovery closed",
		Initiator:    InitiatorClient,
		Source:       "OPC 10000-12", Confidence: ConfidenceSure,
	},
	{
		// There is no default for the listening client: open source stacks
		// use 8888, 65300 and others. So the conduit names the port.
		Key: "opcua-reverse", Name: "OPC UA reverse connect", PortChosenBySite: true,
		Class: ClassControl, Security: SecurityOptional, SecureAdvice: opcAdvice,
		Initiator: InitiatorServer,
		Source:    "OPC 10000-6 (ReverseHello); the standard has no default port", Confidence: ConfidenceSure,
	},
	{
		Key: "opcua-ignition", Name: "OPC UA server of Ignition", Ports: ports(tcp(62541)),
		Class: ClassControl, Security: SecurityOptional, SecureAdvice: opcAdvice,
		Initiator: InitiatorClient,
		Source:    "Inductive Automation, Ignition OPC UA server manual", Confidence: ConfidenceSure,
	},
	{
		Key: "opcua-kepware", Name: "OPC UA server of Kepware", Ports: ports(tcp(49320)),
		Class: ClassControl, Security: SecurityOptional, SecureAdvice: opcAdvice,
		Initiator: InitiatorClient,
		Source:    "PTC Kepware defaults as used by public OPC UA clients", Confidence: ConfidenceSure,
	},
	{
		Key: "opcua-aveva-pcs", Name: "OPC UA server of AVEVA Platform Common Services", Ports: ports(tcp(48031)),
		Class: ClassControl, Security: SecurityOptional, SecureAdvice: opcAdvice,
		Initiator: InitiatorClient,
		Source:    "AVEVA System Platform port list", Confidence: ConfidenceSure,
	},
	{
		// The samples count upwards from here, one port for each server.
		Key: "opcua-dotnet-sample", Name: "OPC UA reference server (.NET)", Ports: ports(tcp(62541)),
		Class: ClassControl, Security: SecurityOptional, SecureAdvice: opcAdvice,
		Initiator: InitiatorClient,
		Source:    "OPC Foundation UA-.NETStandard samples", Confidence: ConfidenceSure,
	},
	{
		Key: "opc-da", Name: "OPC Classic (DA, HDA, A&E over DCOM)",
		Ports: ports(tcp(135), tcpRange(49152, 65535)), Dynamic: true,
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "OPC UA, or an OPC tunneller at both ends; DCOM does not belong between zones",
		// The server calls back to the client for subscriptions.
		Initiator: InitiatorBoth,
		Source:    "IANA port registry (epmap); AVEVA System Platform port list", Confidence: ConfidenceSure,
	},
}

// fieldProtocols are EtherNet/IP, PROFINET, EtherCAT, building automation and
// process instrumentation.
var fieldProtocols = []Protocol{
	{
		Key: "ethernet-ip", Name: "EtherNet/IP explicit messaging", Ports: ports(tcp(44818), udp(44818)),
		Class: ClassControl, Security: SecurityCleartext, SecureAlternative: "cip-security",
		Initiator: InitiatorClient,
		Source:    "IANA port registry (EtherNet-IP-2); Beckhoff TF6281 manual", Confidence: ConfidenceSure,
	},
	{
		Key: "ethernet-ip-io", Name: "EtherNet/IP implicit I/O", Ports: ports(udp(2222)),
		Class: ClassControl, Security: SecurityCleartext, SecureAlternative: "cip-security-io",
		Initiator: InitiatorBoth, Multicast: true,
		Source: "IANA port registry (EtherNet-IP-1); Beckhoff TF6281 manual", Confidence: ConfidenceSure,
	},
	{
		Key: "cip-security", Name: "CIP Security, explicit messaging over TLS", Ports: ports(tcp(2221)),
		Class: ClassControl, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (EtherNet-IP-S)", Confidence: ConfidenceSure,
	},
	{
		Key: "cip-security-io", Name: "CIP Security, I/O over DTLS", Ports: ports(udp(2221)),
		Class: ClassControl, Security: SecuritySecure, Initiator: InitiatorBoth,
		Source: "IANA port registry (EtherNet-IP-S)", Confidence: ConfidenceSure,
	},
	{
		Key: "profinet-io", Name: "PROFINET IO over UDP", Ports: ports(udpRange(34962, 34964)),
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "PROFINET Security Class 2 or 3; the cyclic data is usually profinet-rt and no policy sees it",
		Initiator:    InitiatorBoth, Multicast: true,
		Source: "IANA port registry (profinet-rt, profinet-rtm, profinet-cm)", Confidence: ConfidenceSure,
	},
	{
		Key: "profinet-rt", Name: "PROFINET real time frames", EtherType: 0x8892, Layer2: true, Multicast: true,
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "PROFINET Security Class 2 or 3, and a VLAN that does not leave the cell",
		Initiator:    InitiatorBoth,
		Source:       "IEEE EtherType registry (PROFINET)", Confidence: ConfidenceSure,
	},
	{
		Key: "profinet-dcp", Name: "PROFINET discovery and configuration", EtherType: 0x8892, Layer2: true, Multicast: true,
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "PROFINET Security Class 1 refuses DCP writes",
		Initiator:    InitiatorClient,
		Source:       "IEEE EtherType registry (PROFINET)", Confidence: ConfidenceSure,
	},
	{
		Key: "ethercat", Name: "EtherCAT", EtherType: 0x88A4, Layer2: true, Multicast: true,
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "a network of its own behind the controller",
		Initiator:    InitiatorClient,
		Source:       "IEEE EtherType registry (EtherCAT)", Confidence: ConfidenceSure,
	},
	{
		Key: "ethercat-udp", Name: "EtherCAT over UDP", Ports: ports(udp(34980)),
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "a network of its own behind the controller",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (ethercat)", Confidence: ConfidenceSure,
	},
	{
		// Sites with several BACnet networks go on up to 47823; opening those
		// by default would be sixteen times as much as most need.
		Key: "bacnet-ip", Name: "BACnet/IP", Ports: ports(udp(47808)),
		Class: ClassControl, Security: SecurityCleartext, SecureAlternative: "bacnet-sc",
		SecureAdvice: "across subnets use a BBMD, which is unicast, or change to BACnet/SC",
		Initiator:    InitiatorBoth, Multicast: true,
		Source: "IANA port registry (bacnet); ASHRAE 135", Confidence: ConfidenceSure,
	},
	{
		Key: "bacnet-sc", Name: "BACnet Secure Connect", PortChosenBySite: true,
		Class: ClassControl, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "ASHRAE 135 (secure WebSocket to the hub, no fixed port; 443 is common)", Confidence: ConfidenceUnsure,
	},
	{
		// Routing is multicast; tunnelling servers send to the client unasked.
		Key: "knxnet-ip", Name: "KNXnet/IP", Ports: ports(udp(3671)),
		Class: ClassControl, Security: SecurityOptional,
		SecureAdvice: "KNX IP Secure on the same port",
		Initiator:    InitiatorBoth, Multicast: true,
		Source: "IANA port registry (efcp, used by KNX); ISO 22510", Confidence: ConfidenceSure,
	},
	{
		// Some UDP servers answer from another port than 5094 and need a range
		// that nobody documents. TCP has no such trouble.
		Key: "hart-ip", Name: "HART-IP", Ports: ports(tcp(5094), udp(5094)),
		Class: ClassControl, Security: SecurityOptional,
		SecureAdvice: "TLS or DTLS of the 2020 revision where the gateway has it, on the same port; prefer TCP",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (hart-ip); Wireshark wiki", Confidence: ConfidenceSure,
	},
	{
		Key: "ff-hse", Name: "FOUNDATION Fieldbus HSE", Ports: ports(tcpRange(1089, 1091), udpRange(1089, 1091)),
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "a network of its own behind the linking device",
		Initiator:    InitiatorBoth, Multicast: true,
		Source: "IANA port registry (ff-annunc, ff-fms, ff-sm)", Confidence: ConfidenceSure,
	},
	{
		Key: "ff-hse-lan-redundancy", Name: "FOUNDATION Fieldbus HSE LAN redundancy", Ports: ports(tcp(3622), udp(3622)),
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "a network of its own behind the linking device",
		Initiator:    InitiatorBoth, Multicast: true,
		Source: "IANA port registry (ff-lr-port), not re-read", Confidence: ConfidenceUnsure,
	},
	{
		Key: "secs-gem", Name: "SECS/GEM over HSMS (SEMI E37)", Ports: ports(tcp(5000)),
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "a tunnel between the zones; HSMS has no protection of its own",
		// HSMS passive equipment listens, which is the common setting.
		Initiator: InitiatorClient,
		Source:    "ICS port lists; SEMI E37 fixes no port and the WinCC OA manual names none", Confidence: ConfidenceUnsure,
	},
	{
		// What the agent reads from the machine. mtconnect-agent is what
		// clients read from the agent.
		Key: "mtconnect", Name: "MTConnect adapter (SHDR)", Ports: ports(tcp(7878)),
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "run the agent next to the adapter and let only the agent be reached",
		Initiator:    InitiatorClient,
		Source:       "MTConnect reference agent; ICS port lists", Confidence: ConfidenceSure,
	},
	{
		Key: "mtconnect-agent", Name: "MTConnect agent (HTTP)", Ports: ports(tcp(5000)),
		Class: ClassControl, Security: SecurityCleartext,
		SecureAdvice: "TLS in the configuration of agents from version 2.0",
		Initiator:    InitiatorClient,
		Source:       "MTConnect reference agent, often changed", Confidence: ConfidenceUnsure,
	},
}
