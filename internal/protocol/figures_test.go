// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"fmt"
	"strings"
	"testing"
)

// figure is one line typed in by hand from the reference table and the documents
// behind it, never generated from the catalogue: a wrong edit of the data has to
// be made twice to go unnoticed. Ports are written as in the reference; "site"
// means that the site chooses, "l2 88b8" is an EtherType.
type figure struct {
	key, ports string
	class      Class
	security   Security
}

const (
	control   = ClassControl
	hist      = ClassHistorian
	mess      = ClassMessaging
	admin     = ClassAdmin
	infra     = ClassInfrastructure
	person    = ClassPersonToPerson
	cleartext = SecurityCleartext
	opt       = SecurityOptional
	secure    = SecuritySecure
)

var figures = []figure{
	{"modbus-tcp", "502/tcp", control, cleartext},
	{"modbus-tls", "802/tcp", control, secure},
	{"dnp3", "20000/tcp 20000/udp", control, cleartext},
	{"dnp3-tls", "19999/tcp", control, secure},
	{"iec104", "2404/tcp", control, cleartext},
	{"iec104-tls", "19998/tcp", control, secure},
	{"iec61850-mms", "102/tcp", control, cleartext},
	{"iec61850-mms-tls", "3782/tcp", control, secure},
	{"iccp-tase2", "102/tcp", control, cleartext},
	{"iccp-tase2-tls", "3782/tcp", control, secure},
	{"s7comm", "102/tcp", control, cleartext},
	{"s7comm-plus", "102/tcp", control, opt},
	{"goose", "l2 88b8", control, cleartext},
	{"sv", "l2 88ba", control, cleartext},
	{"r-goose", "102/udp", control, cleartext},
	{"r-sv", "102/udp", control, cleartext},
	{"ethernet-ip", "44818/tcp 44818/udp", control, cleartext},
	{"ethernet-ip-io", "2222/udp", control, cleartext},
	{"cip-security", "2221/tcp", control, secure},
	{"cip-security-io", "2221/udp", control, secure},
	{"ab-cspv4", "2222/tcp", control, cleartext},
	{"opcua-tcp", "4840/tcp", control, opt},
	{"opcua-pubsub", "4840/udp", control, opt},
	{"opcua-lds", "4840/tcp", control, opt},
	{"opcua-tls", "4843/tcp", control, secure},
	{"opcua-https", "4843/tcp", control, secure},
	{"opcua-ignition", "62541/tcp", control, opt},
	{"opcua-kepware", "49320/tcp", control, opt},
	{"opcua-aveva-pcs", "48031/tcp", control, opt},
	{"opcua-dotnet-sample", "62541/tcp", control, opt},
	{"opcua-reverse", "site", control, opt},
	{"opc-da", "135/tcp 49152-65535/tcp", control, cleartext},
	{"profinet-io", "34962-34964/udp", control, cleartext},
	{"profinet-rt", "l2 8892", control, cleartext},
	{"profinet-dcp", "l2 8892", control, cleartext},
	{"ethercat", "l2 88a4", control, cleartext},
	{"ethercat-udp", "34980/udp", control, cleartext},
	{"bacnet-ip", "47808/udp", control, cleartext},
	{"bacnet-sc", "site", control, secure},
	{"hart-ip", "5094/tcp 5094/udp", control, opt},
	{"omron-fins", "9600/udp 9600/tcp", control, cleartext},
	{"melsec-slmp", "site", control, cleartext},
	{"cclink-ief-basic", "61450-61451/udp", control, cleartext},
	{"codesys-v3", "11740-11743/tcp", control, opt},
	{"codesys-v3-udp", "1740-1743/udp", control, opt},
	{"codesys-gateway", "1217/tcp", admin, opt},
	{"codesys-v2", "1200-1201/tcp", control, cleartext},
	{"codesys-v2-wago", "2455/tcp", control, cleartext},
	{"ge-srtp", "18245-18246/tcp", control, cleartext},
	{"ff-hse", "1089-1091/tcp 1089-1091/udp", control, cleartext},
	{"ff-hse-lan-redundancy", "3622/tcp 3622/udp", control, cleartext},
	{"beckhoff-ads", "48898/tcp", control, cleartext},
	{"beckhoff-ads-secure", "8016/tcp", control, secure},
	{"beckhoff-ads-discovery", "48899/udp", admin, cleartext},
	{"niagara-fox", "1911/tcp", control, cleartext},
	{"niagara-foxs", "4911/tcp", control, secure},
	{"niagara-platform", "3011/tcp", admin, cleartext},
	{"niagara-platform-tls", "5011/tcp", admin, secure},
	{"red-lion-crimson", "789/tcp", control, cleartext},
	{"pcworx", "1962/tcp", control, cleartext},
	{"proconos", "20547/tcp", control, cleartext},
	{"bsap", "1234/udp", control, cleartext},
	{"roc-plus", "4000/tcp", control, cleartext},
	{"atg", "10001/tcp", control, cleartext},
	{"fanuc-focas", "8193/tcp", control, cleartext},
	{"secs-gem", "5000/tcp", control, cleartext},
	{"mtconnect", "7878/tcp", control, cleartext},
	{"mtconnect-agent", "5000/tcp", control, cleartext},
	{"ether-s-io", "6060/udp", control, cleartext},
	{"fl-net", "55000-55003/udp", control, cleartext},
	{"ieee-c37-118", "4712/tcp", control, cleartext},
	{"ieee-c37-118-udp", "4713/udp", control, cleartext},
	{"dlms-cosem", "4059/tcp 4059/udp", control, opt},
	{"c12-22", "1153/tcp 1153/udp", control, opt},
	{"knxnet-ip", "3671/udp", control, opt},
	{"tristation", "1502/udp", control, cleartext},
	{"tsaa", "1500/udp", control, cleartext},
	{"umas", "502/tcp", control, cleartext},
	{"mqtt", "1883/tcp", mess, cleartext},
	{"mqtt-tls", "8883/tcp", mess, secure},
	{"mqtt-ws", "site", mess, cleartext},
	{"mqtt-wss", "site", mess, secure},
	{"sparkplug-b", "1883/tcp", mess, cleartext},
	{"sparkplug-b-tls", "8883/tcp", mess, secure},
	{"amqp", "5672/tcp", mess, cleartext},
	{"amqps", "5671/tcp", mess, secure},
	{"coap", "5683/udp", mess, cleartext},
	{"coaps", "5684/udp 5684/tcp", mess, secure},
	{"dds-rtps", "7400-7649/udp", mess, opt},
	{"kafka", "9092/tcp", mess, opt},
	{"kafka-tls", "9093/tcp", mess, secure},
	{"nats", "4222/tcp", mess, opt},
	{"pi-data-archive", "5450/tcp", hist, opt},
	{"pi-af", "5457/tcp", hist, opt},
	{"pi-af-sql", "5459/tcp", hist, opt},
	{"pi-connector-relay", "5671/tcp", hist, secure},
	{"pi-connector-dcm", "5672/tcp", hist, secure},
	{"pi-web-api", "443/tcp", hist, secure},
	{"pi-vision", "443/tcp", hist, secure},
	{"aveva-historian", "32565/tcp", hist, opt},
	{"aveva-historian-classic", "32568/tcp", hist, cleartext},
	{"aveva-historian-http", "32569/tcp", hist, cleartext},
	{"aveva-historian-https", "32573/tcp", hist, secure},
	{"aveva-suitelink", "5413/tcp", hist, cleartext},
	{"aveva-idas-classic", "135-139/tcp 135-139/udp 445/tcp 445/udp", hist, cleartext},
	{"ignition-gateway", "8088/tcp", hist, cleartext},
	{"ignition-gateway-https", "8043/tcp", hist, secure},
	{"ignition-gateway-network", "8060/tcp", hist, secure},
	{"ignition-gateway-network-two-way", "8060/tcp", hist, secure},
	{"kepware-config-api", "57412/tcp", admin, cleartext},
	{"kepware-config-api-tls", "57512/tcp", admin, secure},
	{"influxdb", "8086/tcp", hist, opt},
	{"postgres", "5432/tcp", hist, opt},
	{"mssql", "1433/tcp", hist, opt},
	{"mssql-browser", "1434/udp", hist, cleartext},
	{"mysql", "3306/tcp", hist, opt},
	{"grafana", "3000/tcp", hist, opt},
	{"syslog", "514/udp", infra, cleartext},
	{"syslog-tcp", "601/tcp", infra, cleartext},
	{"syslog-tls", "6514/tcp", infra, secure},
	{"syslog-dtls", "6514/udp", infra, secure},
	{"ntp", "123/udp", infra, opt},
	{"nts-ke", "4460/tcp", infra, secure},
	{"ptp", "319-320/udp", infra, cleartext},
	{"ptp-l2", "l2 88f7", infra, cleartext},
	{"dns", "53/udp 53/tcp", infra, cleartext},
	{"dns-tls", "853/tcp", infra, secure},
	{"snmp", "161/udp", infra, opt},
	{"snmp-tls", "10161/tcp 10161/udp", infra, secure},
	{"snmp-trap", "162/udp", infra, opt},
	{"snmp-trap-tls", "10162/tcp 10162/udp", infra, secure},
	{"ldap", "389/tcp", infra, opt},
	{"ldaps", "636/tcp", infra, secure},
	{"kerberos", "88/tcp 88/udp", infra, secure},
	{"http", "80/tcp", infra, cleartext},
	{"https", "443/tcp", infra, secure},
	{"rdp", "3389/tcp 3389/udp", admin, opt},
	{"vnc", "5900-5909/tcp", admin, cleartext},
	{"x11", "6000-6063/tcp", admin, cleartext},
	{"ssh", "22/tcp", admin, secure},
	{"telnet", "23/tcp", admin, cleartext},
	{"winrm", "5985/tcp", admin, opt},
	{"winrm-https", "5986/tcp", admin, secure},
	{"smb", "445/tcp", admin, opt},
	{"ftp", "21/tcp", admin, cleartext},
	{"tftp", "69/udp", admin, cleartext},
	{"kube-apiserver", "443/tcp 6443/tcp", admin, secure},
	{"kubelet", "10250/tcp", admin, secure},
	{"cilium-health", "4240/tcp", infra, cleartext},
	{"hubble", "4244/tcp", infra, opt},
	{"vxlan", "8472/udp", infra, cleartext},
	{"vxlan-iana", "4789/udp", infra, cleartext},
	{"wireguard", "51871/udp", infra, secure},
	{"smtp", "25/tcp", person, opt},
	{"smtp-submission", "587/tcp", person, opt},
	{"smtps", "465/tcp", person, secure},
	{"imap", "143/tcp", person, opt},
	{"imaps", "993/tcp", person, secure},
	{"pop3", "110/tcp", person, opt},
	{"pop3s", "995/tcp", person, secure},
	{"xmpp", "5222/tcp", person, opt},
	{"sip", "5060/udp 5060/tcp", person, cleartext},
	{"sips", "5061/tcp", person, secure},
}

// written puts the ports of an entry the way the figures have them.
func written(p Protocol) string {
	if p.PortChosenBySite {
		return "site"
	}
	if p.Layer2 {
		return fmt.Sprintf("l2 %04x", p.EtherType)
	}
	var parts []string
	for _, r := range p.Ports {
		transport := strings.ToLower(string(r.Transport))
		if r.First == r.Last {
			parts = append(parts, fmt.Sprintf("%d/%s", r.First, transport))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d/%s", r.First, r.Last, transport))
		}
	}
	return strings.Join(parts, " ")
}

func TestFigures(t *testing.T) {
	typed := map[string]bool{}
	for _, want := range figures {
		if typed[want.key] {
			t.Errorf("%s is typed twice", want.key)
		}
		typed[want.key] = true
		p, ok := Lookup(want.key)
		if !ok {
			t.Errorf("%s is missing", want.key)
			continue
		}
		got := figure{p.Key, written(p), p.Class, p.Security}
		if got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	for _, p := range All() {
		if !typed[p.Key] {
			t.Errorf("%s has no figure: type it in from its source", p.Key)
		}
	}
}
