// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// referenceRows has the rows of the reference table and the keys that each became,
// so that no row is lost.
var referenceRows = map[string]string{
	"modbus-tcp":             "modbus-tcp",
	"modbus-tls":             "modbus-tls",
	"dnp3":                   "dnp3",
	"dnp3-tls":               "dnp3-tls",
	"iec104":                 "iec104",
	"iec104-tls":             "iec104-tls",
	"iec61850-mms":           "iec61850-mms iec61850-mms-tls",
	"iccp-tase2":             "iccp-tase2 iccp-tase2-tls",
	"s7comm / s7comm-plus":   "s7comm s7comm-plus",
	"goose, sv":              "goose sv r-goose r-sv",
	"ethernet-ip explicit":   "ethernet-ip",
	"ethernet-ip implicit":   "ethernet-ip-io",
	"cip-security":           "cip-security cip-security-io",
	"ab-cspv4":               "ab-cspv4",
	"opcua-tcp":              "opcua-tcp opcua-pubsub opcua-lds",
	"opcua-tls/https":        "opcua-tls opcua-https",
	"opcua vendor ports":     "opcua-ignition opcua-kepware opcua-aveva-pcs opcua-dotnet-sample",
	"opcua-reverse":          "opcua-reverse",
	"opc-da":                 "opc-da",
	"profinet-io":            "profinet-io profinet-rt profinet-dcp",
	"ethercat":               "ethercat ethercat-udp",
	"bacnet-ip":              "bacnet-ip",
	"bacnet-sc":              "bacnet-sc",
	"hart-ip":                "hart-ip",
	"omron-fins":             "omron-fins",
	"melsec / slmp":          "melsec-slmp",
	"cclink-ief-basic":       "cclink-ief-basic",
	"codesys-v3":             "codesys-v3 codesys-v3-udp codesys-gateway",
	"codesys-v2":             "codesys-v2 codesys-v2-wago",
	"ge-srtp":                "ge-srtp",
	"ff-hse":                 "ff-hse ff-hse-lan-redundancy",
	"beckhoff-ads":           "beckhoff-ads beckhoff-ads-secure beckhoff-ads-discovery",
	"niagara-fox":            "niagara-fox niagara-foxs niagara-platform niagara-platform-tls",
	"one vendor each":        "red-lion-crimson pcworx proconos bsap roc-plus atg fanuc-focas secs-gem mtconnect mtconnect-agent ether-s-io fl-net",
	"ieee-c37.118":           "ieee-c37-118 ieee-c37-118-udp",
	"meters and buildings":   "dlms-cosem c12-22 knxnet-ip",
	"safety and umas":        "tristation tsaa umas",
	"mqtt / sparkplug-b":     "mqtt mqtt-tls mqtt-ws mqtt-wss sparkplug-b sparkplug-b-tls",
	"amqp":                   "amqp amqps",
	"coap / coaps":           "coap coaps",
	"dds-rtps":               "dds-rtps",
	"kafka, nats":            "kafka kafka-tls nats",
	"pi-data-archive":        "pi-data-archive",
	"pi-af":                  "pi-af pi-af-sql mssql",
	"pi-connector-relay":     "pi-connector-relay pi-connector-dcm",
	"pi-web-api / pi-vision": "pi-web-api pi-vision",
	"aveva-historian":        "aveva-historian aveva-historian-classic aveva-historian-http aveva-historian-https aveva-suitelink aveva-idas-classic",
	"ignition-gateway":       "ignition-gateway ignition-gateway-https ignition-gateway-network ignition-gateway-network-two-way opcua-ignition",
	"kepware":                "opcua-kepware kepware-config-api kepware-config-api-tls",
	"databases":              "influxdb postgres mssql mssql-browser mysql grafana",
	"syslog":                 "syslog syslog-tcp syslog-tls",
	"ntp and others":         "ntp nts-ke ptp dns snmp snmp-trap snmp-tls snmp-trap-tls ldap ldaps kerberos",
	"rdp and others":         "rdp vnc ssh telnet winrm winrm-https smb ftp tftp http https",
	"kube":                   "kube-apiserver kubelet dns cilium-health hubble vxlan wireguard",
	"SR 5.3":                 "smtp smtp-submission smtps imap imaps pop3 xmpp sip",
}

func TestEveryReferenceRowIsPresent(t *testing.T) {
	for row, keys := range referenceRows {
		for key := range strings.FieldsSeq(keys) {
			if _, ok := Lookup(key); !ok {
				t.Errorf("row %q: %s is missing", row, key)
			}
		}
	}
}

var (
	keyForm     = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	classes     = []Class{ClassControl, ClassHistorian, ClassMessaging, ClassAdmin, ClassInfrastructure, ClassPersonToPerson}
	securities  = []Security{SecurityCleartext, SecurityOptional, SecuritySecure}
	initiators  = []Initiator{InitiatorClient, InitiatorServer, InitiatorBoth}
	confidences = []Confidence{ConfidenceSure, ConfidenceUnsure}
)

func TestEntriesAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range declaredProtocols() {
		t.Run(p.Key, func(t *testing.T) {
			if !keyForm.MatchString(p.Key) || len(p.Key) > 40 {
				t.Error("malformed key")
			}
			if seen[p.Key] {
				t.Error("key is not unique")
			}
			seen[p.Key] = true
			if strings.TrimSpace(p.Name) == "" || strings.TrimSpace(p.Source) == "" {
				t.Error("Name or Source is empty")
			}
			if !slices.Contains(classes, p.Class) || !slices.Contains(securities, p.Security) ||
				!slices.Contains(initiators, p.Initiator) || !slices.Contains(confidences, p.Confidence) {
				t.Errorf("unknown value in %+v", p)
			}
			if strings.HasSuffix(p.SecureAdvice, ".") {
				t.Error("SecureAdvice ends with a stop; messages add their own")
			}
			checkPorts(t, p)
			checkProtection(t, p)
		})
	}
}

func checkPorts(t *testing.T, p Protocol) {
	t.Helper()
	for i, r := range p.Ports {
		if r.First == 0 || r.Last < r.First {
			t.Errorf("bad range %+v", r)
		}
		if r.Transport != TCP && r.Transport != UDP && r.Transport != SCTP {
			t.Errorf("unknown transport %q", r.Transport)
		}
		if slices.ContainsFunc(p.Ports[i+1:], r.overlaps) {
			t.Errorf("%+v overlaps another range of the entry", r)
		}
	}
	if p.Enforceable() == p.Layer2 {
		t.Error("exactly the layer 2 entries are not enforceable")
	}
	switch {
	case p.Layer2:
		// 0x0600 is the lowest value that is a type and not a length.
		if len(p.Ports) != 0 || p.PortChosenBySite || p.Dynamic || p.EtherType < 0x0600 {
			t.Error("a layer 2 entry has an EtherType and no ports")
		}
	case p.EtherType != 0:
		t.Error("EtherType without Layer2")
	case p.PortChosenBySite == (len(p.Ports) > 0):
		t.Error("needs default ports or PortChosenBySite, and not both")
	}
}

func checkProtection(t *testing.T, p Protocol) {
	t.Helper()
	if p.Security == SecuritySecure {
		if p.SecureAlternative != "" {
			t.Error("a secure entry needs no alternative")
		}
		return
	}
	if p.SecureAlternative == "" && p.SecureAdvice == "" && p.Class != ClassPersonToPerson {
		t.Error("nobody is told what to do instead")
	}
	if p.SecureAlternative == "" {
		return
	}
	alt, ok := Lookup(p.SecureAlternative)
	if !ok || alt.Security != SecuritySecure {
		t.Errorf("SecureAlternative %q is not a secure entry", p.SecureAlternative)
	}
	if portsOverlap(p.Ports, alt.Ports) {
		t.Errorf("SecureAlternative %q has the same port, which is SecureAdvice", p.SecureAlternative)
	}
}

// keysWhere returns the sorted keys of the entries that satisfy the condition.
func keysWhere(cond func(Protocol) bool) []string {
	keys := []string{}
	for _, p := range All() {
		if cond(p) {
			keys = append(keys, p.Key)
		}
	}
	return keys
}

// TestFlags pins the flags that decide whether a conduit is refused or gets a
// different rule, so that neither a lost nor an added one goes unnoticed.
func TestFlags(t *testing.T) {
	for _, tt := range []struct {
		name string
		cond func(Protocol) bool
		want string
	}{
		{
			"not enforceable", func(p Protocol) bool { return !p.Enforceable() },
			"ethercat goose profinet-dcp profinet-rt ptp-l2 sv",
		},
		{"safety", func(p Protocol) bool { return p.Safety }, "tristation tsaa"},
		{
			"dynamic", func(p Protocol) bool { return p.Dynamic },
			"aveva-idas-classic dds-rtps ftp opc-da sip sips tftp",
		},
		{
			"server dials", func(p Protocol) bool { return p.Initiator == InitiatorServer },
			"opcua-pubsub opcua-reverse snmp-trap snmp-trap-tls",
		},
		{
			"both dial", func(p Protocol) bool { return p.Enforceable() && p.Initiator == InitiatorBoth },
			"aveva-idas-classic bacnet-ip cclink-ief-basic cilium-health cip-security-io codesys-v3-udp dds-rtps " +
				"ether-s-io ethernet-ip-io ff-hse ff-hse-lan-redundancy fl-net ieee-c37-118-udp " +
				"ignition-gateway-network-two-way knxnet-ip opc-da profinet-io ptp r-goose r-sv sip sips " +
				"vxlan vxlan-iana wireguard",
		},
		{
			"multicast", func(p Protocol) bool { return p.Enforceable() && p.Multicast },
			"bacnet-ip beckhoff-ads-discovery cclink-ief-basic codesys-v3-udp dds-rtps ethernet-ip-io ff-hse " +
				"ff-hse-lan-redundancy fl-net ieee-c37-118-udp knxnet-ip opcua-pubsub profinet-io ptp r-goose r-sv",
		},
		{
			"site chooses", func(p Protocol) bool { return p.PortChosenBySite },
			"bacnet-sc melsec-slmp mqtt-ws mqtt-wss opcua-reverse",
		},
		{
			"unsure", func(p Protocol) bool { return p.Confidence == ConfidenceUnsure },
			"bacnet-sc ff-hse-lan-redundancy ignition-gateway-network-two-way kafka-tls kepware-config-api " +
				"kepware-config-api-tls melsec-slmp mqtt-ws mqtt-wss mtconnect-agent opcua-https pi-vision " +
				"pi-web-api r-goose r-sv secs-gem tristation tsaa umas",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := keysWhere(tt.cond); !slices.Equal(got, strings.Fields(tt.want)) {
				t.Errorf("got %v\nwant %v", got, strings.Fields(tt.want))
			}
		})
	}
}

func TestSharesPortWith(t *testing.T) {
	for key, want := range map[string]string{
		"s7comm":             "iccp-tase2 iec61850-mms s7comm-plus",
		"iec61850-mms":       "iccp-tase2 s7comm s7comm-plus",
		"modbus-tcp":         "umas",
		"modbus-tls":         "",
		"ab-cspv4":           "", // 2222/tcp, while EtherNet/IP I/O has 2222/udp
		"r-goose":            "r-sv",
		"goose":              "",
		"bacnet-sc":          "",
		"amqp":               "pi-connector-dcm",
		"https":              "kube-apiserver pi-vision pi-web-api",
		"mssql":              "",
		"opcua-kepware":      "opc-da", // inside its dynamic range
		"aveva-idas-classic": "opc-da smb",
	} {
		p, _ := Lookup(key)
		if got := p.SharesPortWith(); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: got %v, want %v", key, got, strings.Fields(want))
		}
	}
}

func TestByPort(t *testing.T) {
	for _, tt := range []struct {
		transport Transport
		port      uint16
		want      string
	}{
		{TCP, 102, "iccp-tase2 iec61850-mms s7comm s7comm-plus"},
		{UDP, 102, "r-goose r-sv"},
		{TCP, 11740, "codesys-v3"},
		{TCP, 11743, "codesys-v3"},
		{TCP, 11744, ""},
		{TCP, 11739, ""},
		{SCTP, 102, ""},
		{TCP, 65535, "opc-da"},
		{UDP, 0, ""},
	} {
		var got []string
		for _, p := range ByPort(tt.transport, tt.port) {
			got = append(got, p.Key)
		}
		if !slices.Equal(got, strings.Fields(tt.want)) {
			t.Errorf("%d/%s: got %v, want %v", tt.port, tt.transport, got, strings.Fields(tt.want))
		}
	}
}

func TestLookup(t *testing.T) {
	for _, key := range []string{"", "modbus", "MODBUS-TCP", "modbus-tcp "} {
		if p, ok := Lookup(key); ok || p.Key != "" {
			t.Errorf("Lookup(%q) must be exact, got %v", key, p.Key)
		}
	}
	for _, p := range All() {
		if got, ok := Lookup(p.Key); !ok || got.Key != p.Key {
			t.Errorf("Lookup(%q) = %v, %v", p.Key, got.Key, ok)
		}
	}
}

func TestClosest(t *testing.T) {
	for key, want := range map[string]string{
		"modbus": "modbus-tcp", "modbsu-tcp": "modbus-tcp", "Modbus_TCP": "modbus-tcp", "modbus-rtu": "modbus-tcp",
		"opcua": "opcua-tcp", "OPC UA": "opcua-tcp", "opc_ua_tcp": "opcua-tcp", "opc-da": "opc-da", "opcda": "opc-da",
		"s7": "s7comm", "s7-comm-plus": "s7comm-plus", "mms": "iec61850-mms", "iccp": "iccp-tase2", "tase2": "iccp-tase2",
		"slmp": "melsec-slmp", "ads": "beckhoff-ads", "fins": "omron-fins", "ethernetip": "ethernet-ip",
		"EtherNet/IP": "ethernet-ip", "profinet": "profinet-io", "bacnet": "bacnet-ip", "dnp-3": "dnp3", "iec-104": "iec104",
		"postgresql": "postgres", "postgresql-server": "postgres", "snpm": "snmp", "sssh": "ssh", "kubernetes-apiserver": "", "c37.118": "ieee-c37-118",
		"": "", "-": "", "q": "", "zzzz": "", "bananas": "", "жж": "", strings.Repeat("modbus", 1000): "",
	} {
		if got := Closest(key); got != want {
			t.Errorf("Closest(%.20q) = %q, want %q", key, got, want)
		}
	}
	for _, p := range All() {
		if got := Closest(p.Key); got != p.Key {
			t.Errorf("Closest(%q) = %q, want the key itself", p.Key, got)
		}
	}
}

func FuzzClosest(f *testing.F) {
	f.Add("modbus")
	f.Fuzz(func(t *testing.T, key string) {
		got := Closest(key)
		if _, known := Lookup(got); got != "" && !known {
			t.Errorf("Closest(%q) = %q, which is not a key", key, got)
		}
	})
}

func TestEditDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"ab", "", 2}, {"ab", "ba", 1}, {"snmp", "slmp", 1}, {"modbus", "modbuss", 1}, {"abc", "cab", 2}} {
		if got := editDistance(tt.a, tt.b); got != tt.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

// TestCallersCannotChangeTheCatalogue scribbles over everything that is handed
// out and looks whether any of it shows.
func TestCallersCannotChangeTheCatalogue(t *testing.T) {
	scribble := func(p *Protocol) {
		p.Key, p.Security = "changed", SecuritySecure
		for i := range p.Ports {
			p.Ports[i] = PortRange{SCTP, 1, 1}
		}
	}
	all := All()
	if !slices.IsSortedFunc(all, func(a, b Protocol) int { return cmp.Compare(a.Key, b.Key) }) {
		t.Error("All is not sorted by key")
	}
	before := map[string]string{}
	for _, p := range all {
		before[p.Key] = written(p)
	}
	for i := range all {
		scribble(&all[i])
	}
	found := ByPort(TCP, 102)
	for i := range found {
		scribble(&found[i])
	}
	p, _ := Lookup("modbus-tcp")
	scribble(&p)

	after := map[string]string{}
	for _, p := range All() {
		after[p.Key] = written(p)
	}
	if !maps.Equal(before, after) {
		t.Error("a caller changed the catalogue")
	}
}
