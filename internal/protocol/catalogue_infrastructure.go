// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

// infrastructureProtocols are names, time, logs, monitoring, directories and
// generic web.
var infrastructureProtocols = []Protocol{
	{
		Key: "dns", Name: "DNS", Ports: ports(udp(53), tcp(53)),
		Class: ClassInfrastructure, Security: SecurityCleartext, SecureAlternative: "dns-tls",
		Initiator: InitiatorClient,
		Source:    "IANA port registry (domain)", Confidence: ConfidenceSure,
	},
	{
		Key: "dns-tls", Name: "DNS over TLS", Ports: ports(tcp(853)),
		Class: ClassInfrastructure, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (domain-s); RFC 7858", Confidence: ConfidenceSure,
	},
	{
		// Not replaced by nts-ke: the time itself stays on this port.
		Key: "ntp", Name: "NTP", Ports: ports(udp(123)),
		Class: ClassInfrastructure, Security: SecurityOptional,
		SecureAdvice: "NTS (RFC 8915): add nts-ke for the keys, the authenticated time stays on this port",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (ntp)", Confidence: ConfidenceSure,
	},
	{
		Key: "nts-ke", Name: "NTS key establishment", Ports: ports(tcp(4460)),
		Class: ClassInfrastructure, Security: SecuritySecure,
		SecureAdvice: "a conduit for NTS needs ntp as well",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (ntske); RFC 8915", Confidence: ConfidenceSure,
	},
	{
		Key: "ptp", Name: "PTP (IEEE 1588) over UDP", Ports: ports(udpRange(319, 320)), Multicast: true,
		Class: ClassInfrastructure, Security: SecurityCleartext,
		SecureAdvice: "a boundary clock for each zone; the authentication of IEEE 1588-2019 where devices have it",
		Initiator:    InitiatorBoth,
		Source:       "IANA port registry (ptp-event, ptp-general)", Confidence: ConfidenceSure,
	},
	{
		Key: "ptp-l2", Name: "PTP (IEEE 1588) over Ethernet", EtherType: 0x88F7, Layer2: true, Multicast: true,
		Class: ClassInfrastructure, Security: SecurityCleartext,
		SecureAdvice: "a boundary clock for each zone",
		Initiator:    InitiatorBoth,
		Source:       "IEEE 1588; IEEE EtherType registry", Confidence: ConfidenceSure,
	},
	{
		// The sender of the messages is the client, the collector the server.
		Key: "syslog", Name: "Syslog (UDP)", Ports: ports(udp(514)),
		Class: ClassInfrastructure, Security: SecurityCleartext, SecureAlternative: "syslog-tls",
		Initiator: InitiatorClient,
		Source:    "IANA port registry (syslog); RFC 5426", Confidence: ConfidenceSure,
	},
	{
		Key: "syslog-tcp", Name: "Syslog (TCP)", Ports: ports(tcp(601)),
		Class: ClassInfrastructure, Security: SecurityCleartext, SecureAlternative: "syslog-tls",
		Initiator: InitiatorClient,
		Source:    "IANA port registry (syslog-conn)", Confidence: ConfidenceSure,
	},
	{
		Key: "syslog-tls", Name: "Syslog over TLS", Ports: ports(tcp(6514)),
		Class: ClassInfrastructure, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (syslog-tls); RFC 5425", Confidence: ConfidenceSure,
	},
	{
		Key: "syslog-dtls", Name: "Syslog over DTLS", Ports: ports(udp(6514)),
		Class: ClassInfrastructure, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (syslog-tls); RFC 6012", Confidence: ConfidenceSure,
	},
	{
		// A writable community makes this administration; a port cannot tell.
		Key: "snmp", Name: "SNMP", Ports: ports(udp(161)),
		Class: ClassInfrastructure, Security: SecurityOptional, SecureAlternative: "snmp-tls",
		SecureAdvice: "SNMPv3 with authPriv and versions 1 and 2c off, on the same port",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (snmp)", Confidence: ConfidenceSure,
	},
	{
		Key: "snmp-tls", Name: "SNMP over TLS or DTLS", Ports: ports(tcp(10161), udp(10161)),
		Class: ClassInfrastructure, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (snmptls, snmpdtls); RFC 6353", Confidence: ConfidenceSure,
	},
	{
		// The roles are those of snmp: the manager is the client and listens here.
		Key: "snmp-trap", Name: "SNMP traps and informs (the agent dials the manager)", Ports: ports(udp(162)),
		Class: ClassInfrastructure, Security: SecurityOptional, SecureAlternative: "snmp-trap-tls",
		SecureAdvice: "SNMPv3 with authPriv, on the same port",
		Initiator:    InitiatorServer,
		Source:       "IANA port registry (snmptrap)", Confidence: ConfidenceSure,
	},
	{
		Key: "snmp-trap-tls", Name: "SNMP traps over TLS or DTLS", Ports: ports(tcp(10162), udp(10162)),
		Class: ClassInfrastructure, Security: SecuritySecure, Initiator: InitiatorServer,
		Source: "IANA port registry (snmptls-trap, snmpdtls-trap); RFC 6353", Confidence: ConfidenceSure,
	},
	{
		Key: "ldap", Name: "LDAP", Ports: ports(tcp(389)),
		Class: ClassInfrastructure, Security: SecurityOptional, SecureAlternative: "ldaps",
		SecureAdvice: "StartTLS required by the server, on the same port",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (ldap)", Confidence: ConfidenceSure,
	},
	{
		Key: "ldaps", Name: "LDAP over TLS", Ports: ports(tcp(636)),
		Class: ClassInfrastructure, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (ldaps)", Confidence: ConfidenceSure,
	},
	{
		// Secure in the sense that its messages protect themselves.
		Key: "kerberos", Name: "Kerberos", Ports: ports(tcp(88), udp(88)),
		Class: ClassInfrastructure, Security: SecuritySecure,
		SecureAdvice: "pre-authentication required and only AES encryption types",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (kerberos); RFC 4120", Confidence: ConfidenceSure,
	},
	{
		Key: "http", Name: "HTTP", Ports: ports(tcp(80)),
		Class: ClassInfrastructure, Security: SecurityCleartext, SecureAlternative: "https",
		Initiator: InitiatorClient,
		Source:    "IANA port registry (http)", Confidence: ConfidenceSure,
	},
	{
		Key: "https", Name: "HTTPS", Ports: ports(tcp(443)),
		Class: ClassInfrastructure, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (https)", Confidence: ConfidenceSure,
	},
}

// clusterInfrastructureProtocols carry the cluster network. They run between
// nodes and are on the list of what isolation must never block.
var clusterInfrastructureProtocols = []Protocol{
	{
		// Each node probes every other.
		Key: "cilium-health", Name: "Cilium health probes", Ports: ports(tcp(4240)),
		Class: ClassInfrastructure, Security: SecurityCleartext,
		SecureAdvice: "between nodes only; node encryption of Cilium covers it",
		Initiator:    InitiatorBoth,
		Source:       "Cilium documentation, system requirements", Confidence: ConfidenceSure,
	},
	{
		Key: "hubble", Name: "Hubble flow server", Ports: ports(tcp(4244)),
		Class: ClassInfrastructure, Security: SecurityOptional,
		SecureAdvice: "TLS between relay and nodes, on the same port (the default of the chart)",
		Initiator:    InitiatorClient,
		Source:       "Cilium documentation, system requirements", Confidence: ConfidenceSure,
	},
	{
		// The default of the Linux kernel, Cilium and Flannel. The registered
		// port, which Calico uses, is vxlan-iana.
		Key: "vxlan", Name: "VXLAN (Linux default port)", Ports: ports(udp(8472)),
		Class: ClassInfrastructure, Security: SecurityCleartext,
		SecureAdvice: "encryption by the network plugin (WireGuard or IPsec)",
		Initiator:    InitiatorBoth,
		Source:       "Cilium documentation, system requirements; IANA has 8472 for another name", Confidence: ConfidenceSure,
	},
	{
		Key: "vxlan-iana", Name: "VXLAN (registered port)", Ports: ports(udp(4789)),
		Class: ClassInfrastructure, Security: SecurityCleartext,
		SecureAdvice: "encryption by the network plugin (WireGuard or IPsec)",
		Initiator:    InitiatorBoth,
		Source:       "IANA port registry (vxlan); RFC 7348", Confidence: ConfidenceSure,
	},
	{
		// WireGuard itself has no port; other plugins use 51820 and following.
		Key: "wireguard", Name: "WireGuard (Cilium)", Ports: ports(udp(51871)),
		Class: ClassInfrastructure, Security: SecuritySecure, Initiator: InitiatorBoth,
		Source: "Cilium documentation, WireGuard encryption", Confidence: ConfidenceSure,
	},
}
