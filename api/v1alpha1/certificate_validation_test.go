// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"fmt"
	"slices"
	"strings"
)

var certificateKind = kind{
	name:      "WorkloadCertificate",
	resource:  "workloadcertificates",
	namespace: "default",
	shortName: "wcert",
	base: `
apiVersion: zonewarden.io/v1alpha1
kind: WorkloadCertificate
metadata: {name: historian, namespace: default}
spec:
  profile: TLSServer
  dnsNames: [historian.ww-historian.svc]
  secretName: historian-tls
`,
	rules:  certificateRules,
	status: certificateStatusRules,
	columns: []column{
		{name: "Profile", kind: "string", value: "TLSServer"},
		{name: "Zone", kind: "string", value: "site-historian"},
		{name: "Ready", kind: "string", value: "True"},
		{name: "Not-After", kind: "string", value: "2028-01-02T02:00:00Z"},
		{name: "Next-Rotation", kind: "string", value: "2027-11-07T01:00:00Z"},
		{name: "Served", kind: "string", value: "Unknown"},
		{name: "Step", kind: "string", value: "AwaitingWindow"},
		{name: "Reason", kind: "string", wide: true, value: "Waiting"},
		{name: "Age", kind: "date"},
	},
	revision: "spec.lifetime: 200d",
	sampleStatus: `
status.zone: site-historian
status.step: AwaitingWindow
status.certificate: {serial: 1f, fingerprint: 2e, notBefore: "2026-11-28T02:00:00Z", notAfter: "2028-01-02T02:00:00Z"}
status.nextRotation: "2027-11-07T01:00:00Z"
`,
	defaults: `
profile: TLSServer
dnsNames: [historian.ww-historian.svc]
key: {from: Operator}
lifetime: 400d
renewBefore: 60d
secretName: historian-tls
`,
}

func certificateRules() []rule {
	return slices.Concat(
		objectName("the name of a WorkloadCertificate is at most 63 characters long and has no dots, because labels and the common name are made of it"),
		required("spec", "spec.profile", "spec.secretName"),
		under("spec.uris: [urn:ww-17:historian]", choice("spec.profile", "TLSServer", "TLSClient", "TLSPeer", "OPCUA")),
		text("spec.commonName", 1, 64),
		certifiedNameRules(), certifiedAddressRules(), uriRules(),
		keyRules(),
		under("spec.key.from: Application", pemRules("spec.request", "CERTIFICATE REQUEST", 16384, notARequest)),
		pemRules("spec.issued", "CERTIFICATE", 32768, notACertificate),
		under("spec.renewBefore: 1s", lifetime("spec.lifetime", tooLate)),
		under("spec.lifetime: 99999d", lifetime("spec.renewBefore")),
		lifetimeRules,
		secretNameRules,
		formatRules,
		outsidePeerRules(),
		under("spec.workloadRef: {kind: Deployment, name: historian}",
			required("spec.workloadRef.kind", "spec.workloadRef.name"),
			choice("spec.workloadRef.kind", "Deployment", "StatefulSet", "DaemonSet"),
			text("spec.workloadRef.name", 1, 253)),
		restartRules(),
		servesRules(),
		text("spec.frozen", 1, 256),
	)
}

// certifiedNameRules are about the names that a certificate is for.
func certifiedNameRules() []rule {
	const (
		field   = "spec.dnsNames"
		pattern = field + `[0]: should match '^(\*\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$'`
		none    = "spec: dnsNames or ipAddresses: whoever connects checks one of them"
	)
	entry := func(sentence, accepted, refused string, because ...string) rule {
		if because == nil {
			because = []string{pattern}
		}
		return rule{name: field + " " + sentence, accepted: field + ": [" + accepted + "]", refused: field + ": [" + refused + "]", because: because}
	}
	long := strings.Repeat("a.", 126)
	return append(set(field, "name-%d", 0, 32),
		entry("may stand for any name of one label", `"*.plant.example"`, `"plant.*.example"`),
		entry("are not all names", `"*.example"`, `"*"`),
		entry("are in lower case", "plc-1", "PLC-1"),
		entry("have no underscores", "plc-1", "plc_1"),
		entry("have no port", "plc-1", `"plc-1:4840"`),
		entry("have no dot at the end", "plant.example", "plant.example."),
		entry("have no lines", "plant.example", `"plant.example\n"`),
		entry("have labels of up to 63 characters", strings.Repeat("a", 63), strings.Repeat("a", 64)),
		entry("have up to 253 characters", long+"a", long+"aa", field+"[0]: may not be more than 253 bytes"),
		entry("are not empty", "a", `""`, field+"[0]: should be at least 1 chars long"),
		entry("are no addresses", "10.example", `"10.20.0.5"`, field+": dnsNames: an address is no name; put it into ipAddresses, where it is looked for"),
		rule{name: "a server has a name", accepted: field + ": [historian]", refused: field + ": null", because: []string{none}},
		rule{name: "an empty list of names is no name", accepted: field + ": null\nspec.ipAddresses: [10.20.0.5]", refused: field + ": []", because: []string{none}},
		rule{name: "a peer has a name", accepted: "spec.profile: TLSPeer", refused: "spec.profile: TLSPeer\n" + field + ": null", because: []string{none}},
		rule{name: "a client needs no name", accepted: "spec.profile: TLSClient\n" + field + ": null"},
	)
}

// certifiedAddressRules are about addresses. That an octet is not above 255 is checked by
// the operator.
func certifiedAddressRules() []rule {
	const (
		field   = "spec.ipAddresses"
		pattern = field + `[0]: should match '^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*)$'`
		long    = `"0000:0000:0000:0000:0000:ffff:192.168.100.100"`
	)
	entry := func(sentence, accepted, refused string, because ...string) rule {
		if because == nil {
			because = []string{pattern}
		}
		return rule{name: field + " " + sentence, accepted: field + ": [" + accepted + "]", refused: field + ": [" + refused + "]", because: because}
	}
	return append(set(field, "10.20.0.%d", 0, 16),
		entry("have four octets", "10.20.0.5", `"10.20.5"`),
		entry("are no networks", "10.20.0.5", `"10.20.0.0/24"`),
		entry("are no names", `"fd00:17::5"`, "historian"),
		entry("are no words of hexadecimal digits", `"fd00:17::5"`, "beef"),
		entry("have no interface", `"fe80::1"`, `"fe80::1%eth0"`),
		entry("are not too short", `"::"`, `":"`, field+"[0]: should be at least 2 chars long"),
		entry("are as long as they can be", long, strings.Replace(long, "ffff", "0ffff", 1), field+"[0]: may not be more than 45 bytes"),
	)
}

func uriRules() []rule {
	const (
		field   = "spec.uris"
		pattern = field + "[0]: should match '^[a-z][-+.a-z0-9]*:[!-~]+$'"
		one     = "spec: uris: an OPC UA certificate has exactly one, its ApplicationUri"
		opcua   = "spec.profile: OPCUA\n"
	)
	long := "urn:" + strings.Repeat("a", 508)
	return append(set(field, "urn:ww-17:server-%d", 0, 4),
		rule{name: "a URI has a scheme", accepted: field + `: ["urn:ww-17:opcua"]`, refused: field + ": [opcua]", because: []string{pattern}},
		rule{name: "a URI has no spaces", accepted: field + `: ["http://ww-17/OPC%20UA"]`, refused: field + `: ["http://ww-17/OPC UA"]`, because: []string{pattern}},
		rule{name: "a URI has a part after the scheme", accepted: field + `: ["a:b"]`, refused: field + `: ["a:"]`, because: []string{field + "[0]: should be at least 3 chars long"}},
		rule{name: "a URI has up to 512 characters", accepted: field + `: ["` + long + `"]`, refused: field + `: ["` + long + `a"]`, because: []string{field + "[0]: may not be more than 512 bytes"}},
		rule{name: "an OPC UA application has a URI", accepted: opcua + field + `: ["urn:a:b"]`, refused: opcua, because: []string{one}},
		rule{name: "an OPC UA application has one URI", accepted: field + `: ["urn:a:b", "urn:a:c"]`, refused: opcua + field + `: ["urn:a:b", "urn:a:c"]`, because: []string{one}},
		rule{name: "an empty list of URIs is no ApplicationUri", accepted: field + ": []", refused: opcua + field + ": []", because: []string{one}},
	)
}

func keyRules() []rule {
	const (
		from      = `spec.key.from: supported values: "Operator", "Application"`
		algorithm = `spec.key.algorithm: supported values: "RSA", "ECDSA"`
		size      = "spec.key: size: RSA keys have 2048 or 3072 bits, ECDSA keys 256 or 384"
		together  = "spec.key: algorithm and size go together"
		opcua     = "spec.profile: OPCUA\nspec.uris: [\"urn:a:b\"]\n"
		needed    = "spec: request: with key.from: Application the application's request (PKCS#10, PEM) is needed"
		only      = "spec: request: only with key.from: Application"
	)
	key := func(algorithm string, size int) string {
		return fmt.Sprintf("spec.key: {algorithm: %s, size: %d}", algorithm, size)
	}
	request := `spec.request: "` + pem("CERTIFICATE REQUEST", 64) + `"`
	application := "spec.key: {from: Application}"
	return []rule{
		{name: "the operator makes the key", accepted: "spec.key.from: Operator", refused: "spec.key.from: operator", because: []string{from}},
		{name: "the application makes the key", accepted: join(application, request), refused: application, because: []string{needed}},
		{name: "a request is for a key of the application", accepted: join(application, request), refused: request, because: []string{only}},
		{name: "an algorithm is one that devices know", accepted: key("ECDSA", 256), refused: key("Ed25519", 256), because: []string{algorithm}},
		{name: "RSA keys are not short", accepted: key("RSA", 2048), refused: key("RSA", 1024), because: []string{size}},
		{name: "RSA keys are not long", accepted: key("RSA", 3072), refused: key("RSA", 4096), because: []string{size}},
		{name: "ECDSA keys are not as long as RSA keys", accepted: key("ECDSA", 384), refused: key("ECDSA", 2048), because: []string{size}},
		{name: "ECDSA keys are not of P-521", refused: key("ECDSA", 521), accepted: key("ECDSA", 384), because: []string{size}},
		{name: "a key of size 0 is none", accepted: "spec.key: {}", refused: key("RSA", 0), because: []string{size}},
		{name: "an algorithm has a size", accepted: key("RSA", 2048), refused: "spec.key: {algorithm: RSA}", because: []string{together}},
		{name: "a size is of an algorithm", accepted: key("RSA", 2048), refused: "spec.key: {size: 2048}", because: []string{together}},
		{
			name: "an application's key is what it is", accepted: join(application, request),
			refused: join("spec.key: {from: Application, algorithm: RSA, size: 2048}", request), because: []string{"spec.key: algorithm: the application chose it"},
		},
		{
			name: "an OPC UA application has an RSA key", accepted: opcua + key("RSA", 3072), refused: opcua + key("ECDSA", 256),
			because: []string{"spec: key.algorithm: the security policies of OPC UA that are in use ask for RSA"},
		},
	}
}

const (
	notARequest     = "request: a certificate request as PEM, and never the private key, which stays where it is"
	notACertificate = "issued: a certificate as PEM, and never a private key"
)

// pem is a text of n characters that begins like PEM, as it stands in quotes in YAML.
func pem(kind string, n int) string {
	begin := "-----BEGIN " + kind + "-----"
	return begin + strings.Repeat("a", n-len(begin))
}

// pemRules say what is PEM of a kind.
func pemRules(field, kind string, longest int, message string) []rule {
	is := func(text string) string { return field + `: "` + text + `"` }
	good := is(pem(kind, 64))
	because := []string{field + ": " + message}
	return []rule{
		{name: field + " is not too short", accepted: good, refused: is(pem(kind, 63)), because: []string{field + ": should be at least 64 chars long"}},
		{
			name: field + " is not too long", accepted: is(pem(kind, longest)), refused: is(pem(kind, longest+1)),
			because: []string{fmt.Sprintf("%s: may not be more than %d bytes", field, longest)},
		},
		{name: field + " may have words before it", accepted: is(`Data:\n` + pem(kind, 64)), refused: is(strings.Repeat("a", 64)), because: because},
		{name: field + " is PEM of its kind", accepted: good, refused: is(pem("PKCS7", 64)), because: because},
		{name: field + " is no key", accepted: good, refused: is(pem("RSA PRIVATE KEY", 64)), because: because},
		{name: field + " has no key beside it", accepted: good, refused: is(pem(kind, 64) + `\n` + pem("PRIVATE KEY", 64)), because: because},
	}
}

const tooLate = "spec: renewBefore: must be shorter than lifetime, or it would be renewed for ever"

var lifetimeRules = func() []rule {
	because := []string{tooLate}
	times := func(lifetime, renewBefore string) string {
		return "spec.lifetime: " + lifetime + "\nspec.renewBefore: " + renewBefore
	}
	return []rule{
		{name: "it lives longer than it is renewed before its end", accepted: times("61d", "60d"), refused: times("60d", "60d"), because: because},
		{name: "days are not compared as texts", accepted: times("100d", "99d"), refused: times("99d", "100d"), because: because},
		{name: "a day has 24 hours", accepted: times("1d", "23h59m59s"), refused: times("1d", "24h"), because: because},
		{name: "hours are held against days", accepted: times("24h1s", "1d"), refused: times("24h", "1d"), because: because},
		{name: "minutes and seconds count", accepted: times("1h", "59m59s"), refused: times("1h", "60m"), because: because},
		{name: "a lifetime is held against the default of renewBefore", accepted: "spec.lifetime: 61d", refused: "spec.lifetime: 60d", because: because},
		{name: "renewBefore is held against the default of lifetime", accepted: "spec.renewBefore: 399d", refused: "spec.renewBefore: 400d", because: because},
		{name: "the longest of each is not too much", accepted: times("99999d", "99999h9999m99s"), refused: times("99999h", "99999d"), because: because},
	}
}()

var secretNameRules = func() []rule {
	const pattern = `spec.secretName: should match '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'`
	entry := func(sentence, accepted, refused string, because ...string) rule {
		return rule{name: "a Secret's name " + sentence, accepted: "spec.secretName: " + accepted, refused: "spec.secretName: " + refused, because: because}
	}
	return append(text("spec.secretName", 0, 240),
		entry("is not empty", "a", `""`, "spec.secretName: should be at least 1 chars long"),
		entry("is in lower case", "historian.tls", "Historian", pattern),
		entry("has no dot beside another", "a.b", "a..b", pattern),
		entry("has no dot beside a dash", "a-b.c", "a-.b", pattern),
	)
}()

var formatRules = []rule{
	{
		name: "a format is DER or PKCS12", accepted: "spec.formats: [DER, PKCS12]", refused: "spec.formats: [JKS]",
		because: []string{`spec.formats[0]: supported values: "DER", "PKCS12"`},
	},
	{
		name: "a format is there once", accepted: "spec.formats: [DER]", refused: "spec.formats: [DER, DER]",
		because: []string{"spec.formats[1]: Duplicate value"},
	},
	{
		name: "there are two formats", accepted: "spec.formats: [PKCS12, DER]", refused: "spec.formats: [DER, PKCS12, DER]",
		because: []string{"spec.formats: must have at most 2 items", "spec.formats[2]: Duplicate value"},
	},
	{
		name: "PKCS12 holds the key", accepted: `spec.key: {from: Application}` + "\nspec.formats: [DER]\n" + `spec.request: "` + pem("CERTIFICATE REQUEST", 64) + `"`,
		refused: `spec.key: {from: Application}` + "\nspec.formats: [PKCS12]\n" + `spec.request: "` + pem("CERTIFICATE REQUEST", 64) + `"`,
		because: []string{"spec: formats: PKCS12 holds the key, which is the application's"},
	},
}

func outsidePeerRules() []rule {
	const (
		peer    = "spec.outsidePeers[0]"
		pattern = peer + ".name: should match '^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$'"
	)
	return append(list("spec.outsidePeers", "{name: panel-%d}", 0, 32), under("spec.outsidePeers: [{name: HMI_01}]",
		required(peer+".name"),
		text(peer+".name", 0, 63),
		choice(peer+".trust", "Manual", "GDSPush"),
		choice(peer+".lists", "Authority", "Certificate"),
		[]rule{
			{name: "a peer's name is not empty", accepted: peer + ".name: a", refused: peer + `.name: ""`, because: []string{peer + ".name: should be at least 1 chars long"}},
			// It is the name of an annotation.
			{name: "a peer's name has no slash", accepted: peer + ".name: A03-K01.HMI_01", refused: peer + ".name: A03/HMI_01", because: []string{pattern}},
			{
				name: "a peer is there once", accepted: "spec.outsidePeers[1]: {name: HMI_02}", refused: "spec.outsidePeers[1]: {name: HMI_01, trust: GDSPush}",
				because: []string{"spec.outsidePeers[1]: Duplicate value"},
			},
		})...)
}

func restartRules() []rule {
	const ref = "spec.workloadRef: {kind: Deployment, name: historian}\n"
	return slices.Concat(
		under(ref+"spec.restart: {policy: Restart}",
			required("spec.restart.policy"),
			choice("spec.restart.policy", "Restart", "Signal", "None"),
			set("spec.restart.windows", "window-%d", 0, 16),
			text("spec.restart.windows[0]", 1, 63),
			number("spec.restart.wave", 0, 9)),
		[]rule{
			{
				name: "who restarts is named", accepted: ref + "spec.restart: {policy: Restart}", refused: "spec.restart: {policy: Restart}",
				because: []string{"spec: workloadRef: needed for restart.policy: Restart"},
			},
			{name: "who reads by itself need not be named", accepted: "spec.restart: {policy: Signal}"},
			{name: "who is restarted by hand need not be named", accepted: "spec.restart: {policy: None}"},
		},
	)
}

func servesRules() []rule {
	const serves = "spec.serves: {service: historian, port: 5432}"
	return append(under(serves,
		required("spec.serves.service", "spec.serves.port"),
		text("spec.serves.service", 1, 63),
		number("spec.serves.port", 1, 65535),
		choice("spec.serves.startTLS", "PostgreSQL")),
		rule{
			name: "who only connects serves nothing", accepted: "spec.profile: TLSPeer\n" + serves, refused: "spec.profile: TLSClient\n" + serves,
			because: []string{"spec: serves: who only connects shows its certificate nowhere, so leave it out with profile: TLSClient"},
		})
}

func certificateStatusRules() []rule {
	const (
		facts = `{serial: 1f, fingerprint: 2e, notBefore: "2026-11-28T02:00:00Z", notAfter: "2028-01-02T02:00:00Z"}`
		trust = `{zone: z, fingerprint: "f%d", notAfter: "2028-01-02T02:00:00Z"}`
		peer  = "{name: peer-%d, fingerprint: f, install: c, trusted: false}"
	)
	of := func(field string) []rule {
		return under(field+": "+facts,
			required(field+".serial", field+".fingerprint", field+".notBefore", field+".notAfter"),
			instant(field+".notBefore"), instant(field+".notAfter"))
	}
	once := func(field, entry string) []rule {
		first, second := fmt.Sprintf(entry, 0), fmt.Sprintf(entry, 1)
		return append(list(field, entry, 0, map[string]int{"status.trust": 256, "status.outsidePeers": 32}[field]), rule{
			name: field + " has no entry twice", accepted: field + ": [" + first + ", " + second + "]",
			refused: field + ": [" + first + ", " + first + "]", because: []string{field + "[1]: Duplicate value"},
		})
	}
	return slices.Concat(
		commonStatusRules(),
		choice("status.step", "Idle", "Requested", "Issued", "AwaitingPeers", "AwaitingWindow", "Restarting", "Verifying"),
		of("status.certificate"), of("status.next"),
		instant("status.nextRotation"),
		under(`status.served: {serial: 1f, since: "2026-11-28T02:00:00Z"}`,
			required("status.served.serial", "status.served.since"), instant("status.served.since")),
		once("status.trust", trust),
		under("status.trust: ["+fmt.Sprintf(trust, 0)+"]",
			required("status.trust[0].zone", "status.trust[0].fingerprint", "status.trust[0].notAfter"), instant("status.trust[0].notAfter")),
		once("status.outsidePeers", peer),
		under("status.outsidePeers: ["+fmt.Sprintf(peer, 0)+"]",
			required("status.outsidePeers[0].name", "status.outsidePeers[0].fingerprint", "status.outsidePeers[0].install", "status.outsidePeers[0].trusted")),
	)
}
