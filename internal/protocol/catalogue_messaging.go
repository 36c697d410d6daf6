// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

// messagingProtocols are brokers and data buses.
var messagingProtocols = []Protocol{
	{
		Key: "mqtt", Name: "MQTT", Ports: ports(tcp(1883)),
		Class: ClassMessaging, Security: SecurityCleartext, SecureAlternative: "mqtt-tls",
		Initiator: InitiatorClient,
		Source:    "IANA port registry (mqtt); OASIS MQTT", Confidence: ConfidenceSure,
	},
	{
		Key: "mqtt-tls", Name: "MQTT over TLS", Ports: ports(tcp(8883)),
		Class: ClassMessaging, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (secure-mqtt); OASIS MQTT", Confidence: ConfidenceSure,
	},
	{
		Key: "mqtt-ws", Name: "MQTT over WebSocket", PortChosenBySite: true,
		Class: ClassMessaging, Security: SecurityCleartext, SecureAlternative: "mqtt-wss",
		Initiator: InitiatorClient,
		Source:    "brokers differ: 8083 (EMQX), 9001 (Mosquitto examples)", Confidence: ConfidenceUnsure,
	},
	{
		Key: "mqtt-wss", Name: "MQTT over secure WebSocket", PortChosenBySite: true,
		Class: ClassMessaging, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "brokers differ: 8084 (EMQX), 443", Confidence: ConfidenceUnsure,
	},
	{
		Key: "sparkplug-b", Name: "Sparkplug B over MQTT", Ports: ports(tcp(1883)),
		Class: ClassMessaging, Security: SecurityCleartext, SecureAlternative: "sparkplug-b-tls",
		Initiator: InitiatorClient,
		Source:    "IANA port registry (mqtt); Eclipse Sparkplug", Confidence: ConfidenceSure,
	},
	{
		Key: "sparkplug-b-tls", Name: "Sparkplug B over MQTT with TLS", Ports: ports(tcp(8883)),
		Class: ClassMessaging, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (secure-mqtt); Eclipse Sparkplug", Confidence: ConfidenceSure,
	},
	{
		Key: "amqp", Name: "AMQP", Ports: ports(tcp(5672)),
		Class: ClassMessaging, Security: SecurityCleartext, SecureAlternative: "amqps",
		Initiator: InitiatorClient,
		Source:    "IANA port registry (amqp)", Confidence: ConfidenceSure,
	},
	{
		Key: "amqps", Name: "AMQP over TLS", Ports: ports(tcp(5671)),
		Class: ClassMessaging, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (amqps)", Confidence: ConfidenceSure,
	},
	{
		Key: "coap", Name: "CoAP", Ports: ports(udp(5683)),
		Class: ClassMessaging, Security: SecurityCleartext, SecureAlternative: "coaps",
		Initiator: InitiatorClient,
		Source:    "IANA port registry (coap); RFC 7252", Confidence: ConfidenceSure,
	},
	{
		Key: "coaps", Name: "CoAP over DTLS or TLS", Ports: ports(udp(5684), tcp(5684)),
		Class: ClassMessaging, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (coaps); RFC 7252, RFC 8323", Confidence: ConfidenceSure,
	},
	{
		// 7400 + 250 for each domain; discovery and data ports of domain 0 are
		// those up to the start of domain 1. A higher domain names its own range.
		Key: "dds-rtps", Name: "DDS (RTPS), domain 0", Ports: ports(udpRange(7400, 7649)), Dynamic: true,
		Class: ClassMessaging, Security: SecurityOptional,
		SecureAdvice: "DDS Security with authentication and encryption plugins on the same ports",
		Initiator:    InitiatorBoth, Multicast: true,
		Source: "IANA port registry (rtps-discovery); OMG DDSI-RTPS, default port numbers", Confidence: ConfidenceSure,
	},
	{
		// Any listener may use any protection on any port; 9092 is only a habit.
		Key: "kafka", Name: "Apache Kafka", Ports: ports(tcp(9092)),
		Class: ClassMessaging, Security: SecurityOptional, SecureAlternative: "kafka-tls",
		Initiator: InitiatorClient,
		Source:    "Apache Kafka documentation", Confidence: ConfidenceSure,
	},
	{
		// Without ZooKeeper the examples of Kafka have the controller on 9093.
		Key: "kafka-tls", Name: "Apache Kafka over TLS", Ports: ports(tcp(9093)),
		Class: ClassMessaging, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "habit, also used for the controller", Confidence: ConfidenceUnsure,
	},
	{
		Key: "nats", Name: "NATS", Ports: ports(tcp(4222)),
		Class: ClassMessaging, Security: SecurityOptional,
		SecureAdvice: "tls with verify in the server configuration, on the same port",
		Initiator:    InitiatorClient,
		Source:       "NATS documentation", Confidence: ConfidenceSure,
	},
}

// personToPersonProtocols are mail, chat and telephony. They are in the catalogue
// so that a conduit that asks for one is understood and refused in control zones.
var personToPersonProtocols = []Protocol{
	{
		Key: "smtp", Name: "Mail transfer (SMTP)", Ports: ports(tcp(25)),
		Class: ClassPersonToPerson, Security: SecurityOptional, SecureAlternative: "smtps",
		Initiator: InitiatorClient,
		Source:    "IANA port registry (smtp)", Confidence: ConfidenceSure,
	},
	{
		Key: "smtp-submission", Name: "Mail submission (SMTP with STARTTLS)", Ports: ports(tcp(587)),
		Class: ClassPersonToPerson, Security: SecurityOptional, SecureAlternative: "smtps",
		Initiator: InitiatorClient,
		Source:    "IANA port registry (submission); RFC 6409", Confidence: ConfidenceSure,
	},
	{
		Key: "smtps", Name: "Mail submission over TLS", Ports: ports(tcp(465)),
		Class: ClassPersonToPerson, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (submissions); RFC 8314", Confidence: ConfidenceSure,
	},
	{
		Key: "imap", Name: "Mail access (IMAP)", Ports: ports(tcp(143)),
		Class: ClassPersonToPerson, Security: SecurityOptional, SecureAlternative: "imaps",
		Initiator: InitiatorClient,
		Source:    "IANA port registry (imap)", Confidence: ConfidenceSure,
	},
	{
		Key: "imaps", Name: "Mail access (IMAP over TLS)", Ports: ports(tcp(993)),
		Class: ClassPersonToPerson, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (imaps)", Confidence: ConfidenceSure,
	},
	{
		Key: "pop3", Name: "Mail access (POP3)", Ports: ports(tcp(110)),
		Class: ClassPersonToPerson, Security: SecurityOptional, SecureAlternative: "pop3s",
		Initiator: InitiatorClient,
		Source:    "IANA port registry (pop3)", Confidence: ConfidenceSure,
	},
	{
		Key: "pop3s", Name: "Mail access (POP3 over TLS)", Ports: ports(tcp(995)),
		Class: ClassPersonToPerson, Security: SecuritySecure, Initiator: InitiatorClient,
		Source: "IANA port registry (pop3s)", Confidence: ConfidenceSure,
	},
	{
		Key: "xmpp", Name: "Chat (XMPP)", Ports: ports(tcp(5222)),
		Class: ClassPersonToPerson, Security: SecurityOptional,
		SecureAdvice: "require STARTTLS, on the same port",
		Initiator:    InitiatorClient,
		Source:       "IANA port registry (xmpp-client); RFC 6120", Confidence: ConfidenceSure,
	},
	{
		// The voice itself goes over ports that are agreed for each call.
		Key: "sip", Name: "Telephony signalling (SIP)", Ports: ports(udp(5060), tcp(5060)), Dynamic: true,
		Class: ClassPersonToPerson, Security: SecurityCleartext, SecureAlternative: "sips",
		Initiator: InitiatorBoth,
		Source:    "IANA port registry (sip); RFC 3261", Confidence: ConfidenceSure,
	},
	{
		Key: "sips", Name: "Telephony signalling (SIP over TLS)", Ports: ports(tcp(5061)), Dynamic: true,
		Class: ClassPersonToPerson, Security: SecuritySecure, Initiator: InitiatorBoth,
		Source: "IANA port registry (sips); RFC 3261", Confidence: ConfidenceSure,
	},
}
