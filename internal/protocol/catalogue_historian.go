// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

// historianProtocols are plant historians and the gateways that feed them.
var historianProtocols = []Protocol{
	{
		Key: "pi-data-archive", Name: "AVEVA PI Data Archive", Ports: ports(tcp(5450)),
		Class: ClassHistorian, Security: SecurityOptional,
		SecureAdvice: "Windows integrated security, which also encrypts, and no PI trusts",
		Initiator:    InitiatorClient,
		Source:       "AVEVA PI Server manuals; IANA has 5450 for another name", Confidence: ConfidenceSure,
	},
	{
		Key: "pi-af", Name: "AVEVA PI Asset Framework", Ports: ports(tcp(5457)),
		Class: ClassHistorian, Security: SecurityOptional,
		SecureAdvice: "Windows integrated security",
		Initiator:    InitiatorClient,
		Source:       "AVEVA PI Server installation manual", Confidence: ConfidenceSure,
	},
	{
		// The database behind PI AF is plain SQL Server: see mssql.
		Key: "pi-af-sql", Name: "AVEVA PI AF (SQL and OLEDB access)", Ports: ports(tcp(5459)),
		Class: ClassHistorian, Security: SecurityOptional,
		SecureAdvice: "Windows integrated security",
		Initiator:    InitiatorClient,
		Source:       "AVEVA PI Server installation manual", Confidence: ConfidenceSure,
	},
	{
		Key: "pi-connector-relay", Name: "AVEVA PI Connector Relay (AMQPS)", Ports: ports(tcp(5671)),
		Class: ClassHistorian, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "AVEVA PI Connector administration manual", Confidence: ConfidenceSure,
	},
	{
		// TLS, although 5672 is the port of plain AMQP elsewhere.
		Key: "pi-connector-dcm", Name: "AVEVA PI Data Collection Manager (AMQPS)", Ports: ports(tcp(5672)),
		Class: ClassHistorian, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "AVEVA PI Connector administration manual", Confidence: ConfidenceSure,
	},
	{
		Key: "pi-web-api", Name: "AVEVA PI Web API", Ports: ports(tcp(443)),
		Class: ClassHistorian, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "default of the installer, no port list seen", Confidence: ConfidenceUnsure,
	},
	{
		Key: "pi-vision", Name: "AVEVA PI Vision", Ports: ports(tcp(443)),
		Class: ClassHistorian, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "default of the installer, no port list seen", Confidence: ConfidenceUnsure,
	},
	{
		Key: "aveva-historian", Name: "AVEVA Historian (2023 R2 and later)", Ports: ports(tcp(32565)),
		Class: ClassHistorian, Security: SecurityOptional, SecureAlternative: "aveva-historian-https",
		SecureAdvice: "replication and remote IDAS have no other port: switch secured communication on",
		Initiator:    InitiatorClient,
		Source:       "AVEVA Historian, ports used", Confidence: ConfidenceSure,
	},
	{
		Key: "aveva-historian-classic", Name: "AVEVA Historian (2023 and earlier)", Ports: ports(tcp(32568)),
		Class: ClassHistorian, Security: SecurityCleartext, SecureAlternative: "aveva-historian-https",
		SecureAdvice: "replication and remote IDAS: upgrade and use aveva-historian with secured communication",
		Initiator:    InitiatorClient,
		Source:       "AVEVA Historian, ports used", Confidence: ConfidenceSure,
	},
	{
		// The lists of some releases call this HTTPS; the current one says HTTP.
		Key: "aveva-historian-http", Name: "AVEVA Historian Insight and REST (HTTP)", Ports: ports(tcp(32569)),
		Class: ClassHistorian, Security: SecurityCleartext, SecureAlternative: "aveva-historian-https",
		Initiator: InitiatorClient,
		Source:    "AVEVA Historian, ports used", Confidence: ConfidenceSure,
	},
	{
		Key: "aveva-historian-https", Name: "AVEVA Historian Insight and REST (HTTPS)", Ports: ports(tcp(32573)),
		Class: ClassHistorian, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "AVEVA Historian, ports used", Confidence: ConfidenceSure,
	},
	{
		Key: "aveva-suitelink", Name: "AVEVA SuiteLink", Ports: ports(tcp(5413)),
		Class: ClassHistorian, Security: SecurityCleartext,
		SecureAdvice: "OPC UA, or the encrypted SuiteLink of recent releases",
		Initiator:    InitiatorClient,
		Source:       "AVEVA Historian, ports used", Confidence: ConfidenceSure,
	},
	{
		Key: "aveva-idas-classic", Name: "AVEVA Historian classic remote IDAS (2014 R2 and earlier)",
		Ports: ports(tcpRange(135, 139), udpRange(135, 139), tcp(445), udp(445)), Dynamic: true,
		Class: ClassHistorian, Security: SecurityCleartext,
		SecureAdvice: "upgrade the remote IDAS; DCOM and NetBIOS do not belong between zones",
		// Two-way: it fetches its configuration and sends data.
		Initiator: InitiatorBoth,
		Source:    "AVEVA Historian, ports used", Confidence: ConfidenceSure,
	},
	{
		Key: "ignition-gateway", Name: "Ignition gateway web server (HTTP)", Ports: ports(tcp(8088)),
		Class: ClassHistorian, Security: SecurityCleartext, SecureAlternative: "ignition-gateway-https",
		Initiator: InitiatorClient,
		Source:    "Inductive Automation gateway.xml reference", Confidence: ConfidenceSure,
	},
	{
		Key: "ignition-gateway-https", Name: "Ignition gateway web server (HTTPS)", Ports: ports(tcp(8043)),
		Class: ClassHistorian, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "Inductive Automation gateway.xml reference", Confidence: ConfidenceSure,
	},
	{
		Key: "ignition-gateway-network", Name: "Ignition gateway network", Ports: ports(tcp(8060)),
		Class: ClassHistorian, Security: SecuritySecure,
		SecureAdvice: "require two-way authentication; if the peer has to dial back use ignition-gateway-network-two-way",
		Initiator:    InitiatorClient,
		Source:       "Inductive Automation gateway.xml reference and gateway network talk", Confidence: ConfidenceSure,
	},
	{
		// Sources disagree on whether one WebSocket is enough. The direction is
		// chosen by the key, so that the wider rule has to be asked for.
		Key: "ignition-gateway-network-two-way", Name: "Ignition gateway network, each side dials", Ports: ports(tcp(8060)),
		Class: ClassHistorian, Security: SecuritySecure, Initiator: InitiatorBoth,
		Source: "one third party troubleshooting page", Confidence: ConfidenceUnsure,
	},
}

// databaseProtocols are the data stores that plant data ends up in, and what
// draws it.
var databaseProtocols = []Protocol{
	{
		Key: "influxdb", Name: "InfluxDB", Ports: ports(tcp(8086)),
		Class: ClassHistorian, Security: SecurityOptional,
		SecureAdvice: "TLS on the same port and token authentication",
		Initiator:    InitiatorClient,
		Source:       "InfluxData documentation", Confidence: ConfidenceSure,
	},
	{
		Key: "postgres", Name: "PostgreSQL and TimescaleDB", Ports: ports(tcp(5432)),
		Class: ClassHistorian, Security: SecurityOptional,
		SecureAdvice: "only hostssl lines in pg_hba.conf, on the same port",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (postgresql)", Confidence: ConfidenceSure,
	},
	{
		Key: "mssql", Name: "Microsoft SQL Server", Ports: ports(tcp(1433)),
		Class: ClassHistorian, Security: SecurityOptional,
		SecureAdvice: "force encryption in the server, on the same port",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (ms-sql-s)", Confidence: ConfidenceSure,
	},
	{
		Key: "mssql-browser", Name: "Microsoft SQL Server Browser", Ports: ports(udp(1434)),
		Class: ClassHistorian, Security: SecurityCleartext,
		SecureAdvice: "name the TCP port in the connection string and leave the browser closed",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (ms-sql-m)", Confidence: ConfidenceSure,
	},
	{
		Key: "mysql", Name: "MySQL and MariaDB", Ports: ports(tcp(3306)),
		Class: ClassHistorian, Security: SecurityOptional,
		SecureAdvice: "require_secure_transport, on the same port",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (mysql)", Confidence: ConfidenceSure,
	},
	{
		Key: "grafana", Name: "Grafana", Ports: ports(tcp(3000)),
		Class: ClassHistorian, Security: SecurityOptional,
		SecureAdvice: "protocol https in its configuration, on the same port",
		Initiator:    InitiatorClient,
		Source:       "Grafana documentation", Confidence: ConfidenceSure,
	},
}
