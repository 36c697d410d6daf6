// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import "slices"

const conduitBase = `
apiVersion: zonewarden.io/v1alpha1
kind: Conduit
metadata: {name: historian-reads-filtration}
spec:
  initiator: {zone: site-historian}
  responders: [{zone: filtration}]
  flows: [{protocol: opcua-tcp}]
  why: {need: process values for reporting, riskOwner: plant manager}
`

var conduitKind = kind{
	name:      "Conduit",
	resource:  "conduits",
	shortName: "cdt",
	base:      conduitBase,
	rules:     conduitRules,
	status:    conduitStatusRules,
	columns: []column{
		{name: "Initiator", kind: "string", value: "site-historian"},
		{name: "Responders", kind: "string", value: "filtration, dosing"},
		{name: "Flows", kind: "string", value: "opcua-tcp 4840/TCP"},
		{name: "Enforced-By", kind: "string", value: "Cluster"},
		{name: "Accepted", kind: "string", value: "True"},
		{name: "Programmed", kind: "string", value: "False"},
		{name: "Findings", kind: "integer", value: int64(7)},
		{name: "Risk-Owner", kind: "string", wide: true, value: "plant manager"},
		{name: "Reason", kind: "string", wide: true, value: "Accepted"},
		{name: "Age", kind: "date"},
	},
	revision: "spec.suspended: true",
	sampleStatus: `
status.responderSummary: filtration, dosing
status.flowSummary: opcua-tcp 4840/TCP
status.enforcedBy: Cluster
status.findingCount: 7
`,
	defaults: `
initiator: {zone: site-historian}
responders: [{zone: filtration}]
data: Both
flows: [{protocol: opcua-tcp}]
why: {need: process values for reporting, riskOwner: plant manager}
`,
}

func conduitRules() []rule {
	return slices.Concat(
		objectName("the name of a Conduit is at most 63 characters long and has no dots, because policies and labels are named after it"),
		required("spec", "spec.initiator", "spec.responders", "spec.flows", "spec.why"),
		intoItselfRules,
		endRules("spec.initiator"),
		responderRules,
		list("spec.responders", "{zone: zone-%d}", 1, 32),
		endRules("spec.responders[0]"),
		choice("spec.data", "ToInitiator", "FromInitiator", "Both"),
		list("spec.flows", "{port: 10%02d, transport: TCP}", 1, 32),
		flowRules,
		protocolRules,
		text("spec.flows[0].protocol", 1, 63)[:1], // none: see protocolRules
		under("spec.flows: [{port: 1, transport: TCP}]", number("spec.flows[0].port", 1, 65535)),
		choice("spec.flows[0].declaredMode", "None", "Sign", "SignAndEncrypt"),
		under("spec.flows: [{port: 9000}]", choice("spec.flows[0].transport", "TCP", "UDP", "SCTP")),
		required("spec.why.need", "spec.why.riskOwner"),
		text("spec.why.need", 1, 1024),
		text("spec.why.riskOwner", 1, 256),
		text("spec.why.ifLost", 0, 1024),
		text("spec.why.ifAbused", 0, 1024),
		text("spec.why.approval", 0, 256),
		date("spec.reviewBy"),
		levels("spec.slTarget"),
		exceptionRules(),
		under("spec.externalEnforcement: {device: FW-OT-1}",
			required("spec.externalEnforcement.device"),
			text("spec.externalEnforcement.device", 1, 128),
			text("spec.externalEnforcement.reference", 0, 128)),
		conduitYAMLRules,
	)
}

const (
	ontoItself      = "spec: a conduit from a zone to itself must narrow one of its ends to workloads or assets"
	withinOneZone   = "spec.initiator.zone: filtration\n"
	labelsOfScanner = "{matchLabels: {app: scanner}}"
)

var intoItselfRules = []rule{
	{
		name: "a conduit into its own zone may narrow the initiator to workloads", accepted: withinOneZone + "spec.initiator.workloads: " + labelsOfScanner,
		refused: withinOneZone, because: []string{ontoItself},
	},
	{name: "a conduit into its own zone may narrow the initiator to assets", accepted: withinOneZone + "spec.initiator.assets: {names: [hmi-1]}"},
	{name: "a conduit into its own zone may narrow the responder to workloads", accepted: withinOneZone + "spec.responders[0].workloads: " + labelsOfScanner},
	{name: "a conduit into its own zone may narrow the responder to assets", accepted: withinOneZone + "spec.responders[0].assets: {names: [plc-1]}"},
	{
		name:     "one responder of several may be the initiator's own zone",
		accepted: withinOneZone + "spec.responders: [{zone: dosing}, {zone: filtration, assets: {names: [plc-1]}}]",
		refused:  withinOneZone + "spec.responders: [{zone: dosing, assets: {names: [plc-1]}}, {zone: filtration}]",
		because:  []string{ontoItself},
	},
}

var responderRules = []rule{
	{
		name: "the initiator is more than the name of a zone", accepted: "spec.initiator: {zone: dosing}", refused: "spec.initiator: dosing",
		because: []string{"spec.initiator: must be of type object"},
	},
	{
		name: "a zone responds once", accepted: "spec.responders: [{zone: filtration}, {zone: dosing}]",
		refused: "spec.responders: [{zone: filtration}, {zone: filtration, assets: {names: [plc-1]}}]",
		because: []string{"spec.responders[1]: Duplicate value"},
	},
	{
		name: "the responders are a list", refused: "spec.responders: filtration",
		because: []string{"spec.responders: must be of type array"},
	},
	{
		name: "flows are a list", refused: "spec.flows: opcua-tcp",
		because: []string{"spec.flows: must be of type array"},
	},
}

// endRules says what an end of a conduit is.
func endRules(end string) []rule {
	names := end + ".assets.names"
	either := []string{end + ".assets: give either names or selector"}
	return slices.Concat(
		required(end+".zone"),
		text(end+".zone", 1, 63),
		selector(end+".workloads", "an empty selector says nothing; leave workloads out to mean the whole zone"),
		selector(end+".assets.selector", "an empty selector says nothing; leave assets out to mean the whole zone"),
		set(names, "plc-%d", 1, 64),
		text(names+"[0]", 1, 63),
		[]rule{
			{name: end + ".assets says which", accepted: names + ": [plc-1]", refused: end + ".assets: {}", because: either},
			{
				name: end + ".assets are named or selected, not both", accepted: end + ".assets.selector: {matchLabels: {a: b}}",
				refused: join(names+": [plc-1]", end+".assets.selector: {matchLabels: {a: b}}"), because: either,
			},
			{
				name: end + " may be narrowed to workloads and to assets", accepted: join(names+": [plc-1]", end+".workloads: {matchLabels: {a: b}}"),
			},
			{
				name: end + " names a zone that is a number in quotes", accepted: end + `.zone: "17"`, refused: end + ".zone: 17",
				because: []string{end + ".zone: must be of type string"},
			},
		},
	)
}

const (
	needsProtocol  = "spec.flows[0]: name a protocol of the catalogue, or a port with its transport"
	needsTransport = "spec.flows[0]: a port needs its transport: TCP, UDP or SCTP"
	needsPort      = "spec.flows[0]: a transport without a port says nothing"
	wrongRange     = "spec.flows[0]: endPort needs port and must not be lower"
	noSuchPort     = "spec.flows[0].endPort: should be "
)

// flowRules are about what is in a flow together.
var flowRules = []rule{
	{name: "a flow is a protocol or a port", accepted: "spec.flows: [{protocol: dnp3}]", refused: "spec.flows: [{}]", because: []string{needsProtocol, needsTransport}},
	{
		name: "a mode is no flow", accepted: "spec.flows: [{protocol: opcua-tcp, declaredMode: Sign}]",
		refused: "spec.flows: [{declaredMode: Sign}]", because: []string{needsProtocol, needsTransport},
	},
	{
		name: "a port alone needs a transport", accepted: "spec.flows: [{port: 9000, transport: TCP}]",
		refused: "spec.flows: [{port: 9000}]", because: []string{needsTransport},
	},
	{name: "a protocol may have a port of its own", accepted: "spec.flows: [{protocol: opcua-tcp, port: 48031}]"},
	{
		name: "a protocol's transport goes with a port", accepted: "spec.flows: [{protocol: opcua-tcp, port: 48031, transport: TCP}]",
		refused: "spec.flows: [{protocol: opcua-tcp, transport: TCP}]", because: []string{needsPort},
	},
	{
		name: "a transport alone is no flow", accepted: "spec.flows: [{port: 1, transport: UDP}]",
		refused: "spec.flows: [{transport: UDP}]", because: []string{needsProtocol, needsPort},
	},
	{
		name: "a range goes upwards", accepted: "spec.flows: [{port: 9000, endPort: 9010, transport: TCP}]",
		refused: "spec.flows: [{port: 9000, endPort: 8999, transport: TCP}]", because: []string{wrongRange},
	},
	{
		name: "a range may be one port", accepted: "spec.flows: [{port: 9000, endPort: 9000, transport: TCP}]",
		refused: "spec.flows: [{endPort: 9000, protocol: dnp3}]", because: []string{wrongRange},
	},
	{
		name: "a range ends at 65535", accepted: "spec.flows: [{port: 9000, endPort: 65535, transport: TCP}]",
		refused: "spec.flows: [{port: 9000, endPort: 65536, transport: TCP}]", because: []string{noSuchPort + "less than or equal to 65535"},
	},
	{
		name: "a range ends at 1 or later", accepted: "spec.flows: [{port: 1, endPort: 1, transport: TCP}]",
		refused: "spec.flows: [{port: 1, endPort: 0, transport: TCP}]", because: []string{noSuchPort + "greater than or equal to 1", wrongRange},
	},
	{
		name: "every flow is looked at", accepted: "spec.flows: [{protocol: dnp3}, {protocol: iec104}]",
		refused: "spec.flows: [{protocol: dnp3}, {port: 9000}]", because: []string{"spec.flows[1]: a port needs its transport: TCP, UDP or SCTP"},
	},
	{name: "a flow may be there twice, as its list is somebody's", accepted: "spec.flows: [{protocol: dnp3}, {protocol: dnp3}]"},
}

const protocolPattern = "spec.flows[0].protocol: should match '^[a-z0-9][a-z0-9-]*$'"

var protocolRules = []rule{
	{
		name: "a protocol is in lower case", accepted: "spec.flows: [{protocol: modbus-tcp}]",
		refused: "spec.flows: [{protocol: Modbus-TCP}]", because: []string{protocolPattern},
	},
	{
		name: "a protocol has a name", accepted: "spec.flows: [{protocol: s7comm}]",
		refused: `spec.flows: [{protocol: ""}]`, because: []string{protocolPattern},
	},
	{
		name: "a protocol has no slash", accepted: "spec.flows: [{port: 502, transport: TCP}]",
		refused: "spec.flows: [{protocol: 502/tcp}]", because: []string{protocolPattern},
	},
	{
		name: "a port is no protocol", accepted: "spec.flows: [{protocol: iec104}]",
		refused: "spec.flows: [{protocol: 502}]", because: []string{"spec.flows[0].protocol: must be of type string"},
	},
	{
		name: "a port has no quotes", accepted: "spec.flows: [{port: 502, transport: TCP}]",
		refused: `spec.flows: [{port: "502", transport: TCP}]`, because: []string{"spec.flows[0].port: must be of type integer"},
	},
}

func exceptionRules() []rule {
	const exception = "spec.exceptions: [{rule: LevelSkip, reason: r, compensating: c}]"
	// There are fewer rules than exceptions may be listed.
	tooMany := list("spec.exceptions", "{rule: LevelSkip, reason: r%d, compensating: c}", 0, 16)[0]
	tooMany.accepted = exception
	tooMany.because = append(tooMany.because, "spec.exceptions[1]: Duplicate value")
	field := "spec.exceptions[0]"
	return append(under(exception,
		required(field+".rule", field+".reason", field+".compensating"),
		choice(field+".rule", "LevelSkip", "DMZBypass", "Cleartext", "AdminProtocol", "PersonToPerson",
			"DynamicPorts", "SecurityLevelLowered", "ObsoleteAsset"),
		text(field+".reason", 1, 1024),
		text(field+".compensating", 1, 1024),
		date(field+".until"),
	), tooMany, rule{
		name:     "a rule is excepted from once",
		accepted: "spec.exceptions: [{rule: LevelSkip, reason: r, compensating: c}, {rule: Cleartext, reason: r, compensating: c}]",
		refused:  "spec.exceptions: [{rule: LevelSkip, reason: r, compensating: c}, {rule: LevelSkip, reason: s, compensating: d}]",
		because:  []string{"spec.exceptions[1]: Duplicate value"},
	})
}

var conduitYAMLRules = []rule{
	{
		name: "what happens if it is lost needs quotes if it is No", accepted: `spec.why.ifLost: "no"`, refused: "spec.why.ifLost: no",
		because: []string{"spec.why.ifLost: must be of type string"},
	},
	{
		name: "an approval that is a number needs quotes", accepted: `spec.why.approval: "4711"`, refused: "spec.why.approval: 4711",
		because: []string{"spec.why.approval: must be of type string"},
	},
	{
		name: "a conduit is suspended or not", accepted: "spec.suspended: on", refused: `spec.suspended: "on"`,
		because: []string{"spec.suspended: must be of type boolean"},
	},
}

func conduitStatusRules() []rule {
	flow := "status.flows[0]"
	return slices.Concat(
		commonStatusRules(),
		choice("status.enforcedBy", "Cluster", "External", "Nobody"),
		list("status.flows", "{responder: zone-%d, pairs: p, enforcedBy: Cluster}", 0, 32),
		under("status.flows: [{responder: filtration, pairs: workloads to assets, enforcedBy: Cluster}]",
			required(flow+".responder", flow+".pairs", flow+".enforcedBy"),
			choice(flow+".enforcedBy", "Cluster", "External", "Nobody")),
		lastGoodRules(conduitBase),
	)
}
