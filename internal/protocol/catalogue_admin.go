// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

// adminProtocols give interactive or administrative control of the thing at the
// other end, and so belong in an access window. File transfer is among them
// because who may write files on a controller or an operator station may change
// what it runs.
var adminProtocols = []Protocol{
	{
		Key: "ssh", Name: "SSH (also SFTP and SCP)", Ports: ports(tcp(22)),
		Class: ClassAdmin, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (ssh)", Confidence: ConfidenceSure,
	},
	{
		Key: "telnet", Name: "Telnet", Ports: ports(tcp(23)),
		Class: ClassAdmin, Security: SecurityCleartext, SecureAlternative: "ssh",
		Initiator: InitiatorClient,
		Source:    "IANA port registry (telnet)", Confidence: ConfidenceSure,
	},
	{
		Key: "rdp", Name: "Remote Desktop", Ports: ports(tcp(3389), udp(3389)),
		Class: ClassAdmin, Security: SecurityOptional,
		SecureAdvice: "require TLS and network level authentication, on the same port",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (ms-wbt-server)", Confidence: ConfidenceSure,
	},
	{
		// One port for each display. 5900 itself is registered as rfb.
		Key: "vnc", Name: "VNC (RFB)", Ports: ports(tcpRange(5900, 5909)),
		Class: ClassAdmin, Security: SecurityCleartext,
		SecureAdvice: "through SSH, or a VNC product that always encrypts",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (rfb); RFC 6143", Confidence: ConfidenceSure,
	},
	{
		// The display is the server here: the program on the far machine dials it.
		Key: "x11", Name: "X Window System", Ports: ports(tcpRange(6000, 6063)),
		Class: ClassAdmin, Security: SecurityCleartext, SecureAlternative: "ssh",
		SecureAdvice: "X11 forwarding inside SSH",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (x11)", Confidence: ConfidenceSure,
	},
	{
		Key: "winrm", Name: "Windows Remote Management (HTTP)", Ports: ports(tcp(5985)),
		Class: ClassAdmin, Security: SecurityOptional, SecureAlternative: "winrm-https",
		SecureAdvice: "message encryption by Kerberos, with AllowUnencrypted off",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (wsman); Microsoft documentation", Confidence: ConfidenceSure,
	},
	{
		Key: "winrm-https", Name: "Windows Remote Management (HTTPS)", Ports: ports(tcp(5986)),
		Class: ClassAdmin, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (wsmans); Microsoft documentation", Confidence: ConfidenceSure,
	},
	{
		// Not only shares: service control and scheduled tasks run over it.
		Key: "smb", Name: "SMB file sharing and remote administration", Ports: ports(tcp(445)),
		Class: ClassAdmin, Security: SecurityOptional,
		SecureAdvice: "SMB 3 with encryption required, on the same port",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (microsoft-ds)", Confidence: ConfidenceSure,
	},
	{
		// Data goes over a second connection: from port 20 of the server in active
		// mode, to a port that the server names in passive mode.
		Key: "ftp", Name: "FTP", Ports: ports(tcp(21)), Dynamic: true,
		Class: ClassAdmin, Security: SecurityCleartext, SecureAlternative: "ssh",
		SecureAdvice: "SFTP, which is part of SSH",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (ftp)", Confidence: ConfidenceSure,
	},
	{
		// The answer comes from another port of the server.
		Key: "tftp", Name: "TFTP", Ports: ports(udp(69)), Dynamic: true,
		Class: ClassAdmin, Security: SecurityCleartext, SecureAlternative: "ssh",
		SecureAdvice: "SFTP, which is part of SSH; boot loaders that know only TFTP stay inside the cell",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (tftp); RFC 1350", Confidence: ConfidenceSure,
	},
	{
		Key: "codesys-gateway", Name: "CODESYS gateway (engineering)", Ports: ports(tcp(1217)),
		Class: ClassAdmin, Security: SecurityOptional,
		SecureAdvice: "run the gateway on the engineering station and keep this port local",
		Initiator:    InitiatorClient,
		Source:       "CODESYS FAQ, port list of the runtime", Confidence: ConfidenceSure,
	},
	{
		// Search and adding of routes, which decide who may speak ADS at all.
		Key: "beckhoff-ads-discovery", Name: "Beckhoff ADS search and route set-up", Ports: ports(udp(48899)), Multicast: true,
		Class: ClassAdmin, Security: SecurityCleartext,
		SecureAdvice: "enter the routes by hand and switch ADS discovery off",
		Initiator:    InitiatorClient,
		Source:       "Beckhoff Secure ADS manual", Confidence: ConfidenceSure,
	},
	{
		Key: "niagara-platform", Name: "Tridium Niagara platform daemon", Ports: ports(tcp(3011)),
		Class: ClassAdmin, Security: SecurityCleartext, SecureAlternative: "niagara-platform-tls",
		Initiator: InitiatorClient,
		Source:    "two ICS port lists", Confidence: ConfidenceSure,
	},
	{
		Key: "niagara-platform-tls", Name: "Tridium Niagara platform daemon over TLS", Ports: ports(tcp(5011)),
		Class: ClassAdmin, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "two ICS port lists", Confidence: ConfidenceSure,
	},
	{
		Key: "kepware-config-api", Name: "Kepware configuration API (HTTP)", Ports: ports(tcp(57412)),
		Class: ClassAdmin, Security: SecurityCleartext, SecureAlternative: "kepware-config-api-tls",
		Initiator: InitiatorClient,
		Source:    "product default, no vendor port list seen", Confidence: ConfidenceUnsure,
	},
	{
		Key: "kepware-config-api-tls", Name: "Kepware configuration API (HTTPS)", Ports: ports(tcp(57512)),
		Class: ClassAdmin, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "product default, no vendor port list seen", Confidence: ConfidenceUnsure,
	},
}

// clusterAdminProtocols control the cluster itself. They are also on the list of
// what isolation must never block from inside the cluster: the class says what an
// outsider could do with them, not that they may be cut.
var clusterAdminProtocols = []Protocol{
	{
		// 6443 is the endpoint, 443 the service address in front of it.
		Key: "kube-apiserver", Name: "Kubernetes API server", Ports: ports(tcp(443), tcp(6443)),
		Class: ClassAdmin, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "Kubernetes documentation, ports and protocols", Confidence: ConfidenceSure,
	},
	{
		Key: "kubelet", Name: "Kubernetes kubelet API", Ports: ports(tcp(10250)),
		Class: ClassAdmin, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "Kubernetes documentation, ports and protocols", Confidence: ConfidenceSure,
	},
}
