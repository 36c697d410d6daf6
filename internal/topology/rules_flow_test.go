// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"testing"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

// between is a conduit from SCADA to a PLC zone of a security level.
func between(level int32, opts ...conduitOption) []any {
	return []any{scada(), plc(sl(level)), conduit("c", "scada", "plc", opts...)}
}

// inside is a conduit inside one zone of a security level.
func inside(level int32, opts ...conduitOption) []any {
	opts = append(opts, func(c *v1alpha1.ConduitSpec) { c.Responders[0].Workloads = sel("app=b") })
	return []any{scada(sl(level)), conduit("c", "scada", "scada", opts...)}
}

func TestCleartextRule(t *testing.T) {
	modbus := flows(proto("modbus-tcp"))
	opc := func(m v1alpha1.DeclaredMode) conduitOption { return flows(withMode("opcua-tcp", m)) }
	two, three := v1alpha1.SecurityLevel(1), v1alpha1.SecurityLevel(3)
	confidential := v1alpha1.SecurityLevels{All: &two, DC: &three}
	integral := v1alpha1.SecurityLevels{All: &two, SI: &three}
	vector := func(l v1alpha1.SecurityLevels, opts ...conduitOption) []any {
		return []any{scada(), plc(func(z *v1alpha1.Zone) { z.Spec.SLTarget = l }), conduit("c", "scada", "plc", opts...)}
	}
	const at = "spec.flows[0].protocol"
	warn, refuse, undeclared := []string{"Warning " + at + " Cleartext"}, []string{"Error " + at + " Cleartext"}, []string{"Warning " + at + " UndeclaredMode"}
	runFindings(t, map[string]findingCase{
		"at SL 1 nothing is said":                       {between(1, modbus), "Conduit/c", nil, ""},
		"at SL 2 it warns":                              {between(2, modbus), "Conduit/c", warn, "use modbus-tls"},
		"at SL 3 it refuses":                            {between(3, modbus), "Conduit/c", refuse, "use modbus-tls"},
		"an exception lifts the refusal":                {between(3, modbus, except("Cleartext")), "Conduit/c", nil, ""},
		"inside one zone it may":                        {inside(4, modbus), "Conduit/c", nil, ""},
		"protected traffic may at any level":            {between(4, flows(proto("modbus-tls"))), "Conduit/c", nil, ""},
		"confidentiality alone refuses":                 {vector(confidential, modbus), "Conduit/c", refuse, ""},
		"integrity alone refuses":                       {vector(integral, modbus), "Conduit/c", refuse, ""},
		"mode None is cleartext":                        {between(3, opc(v1alpha1.ModeNone)), "Conduit/c", refuse, "mode None"},
		"mode None at SL 2":                             {between(2, opc(v1alpha1.ModeNone)), "Conduit/c", warn, ""},
		"Sign does for integrity":                       {vector(integral, opc(v1alpha1.ModeSign)), "Conduit/c", nil, ""},
		"Sign does not do for confidentiality":          {vector(confidential, opc(v1alpha1.ModeSign)), "Conduit/c", refuse, "SignAndEncrypt"},
		"SignAndEncrypt does for both":                  {between(4, opc(v1alpha1.ModeSignAndEncrypt)), "Conduit/c", nil, ""},
		"no mode warns from SL 2":                       {between(2, opc("")), "Conduit/c", undeclared, ""},
		"no mode at SL 4 still only warns":              {between(4, opc("")), "Conduit/c", undeclared, ""},
		"no mode at SL 1 is nothing":                    {between(1, opc("")), "Conduit/c", nil, ""},
		"a mode does not help a protocol that has none": {between(3, flows(withMode("modbus-tcp", v1alpha1.ModeSignAndEncrypt))), "Conduit/c", refuse, ""},
		"the site may refuse later": {
			append(between(4, modbus), rules(func(r *v1alpha1.SegmentationRules) { r.CleartextRefuseFrom = 5 })),
			"Conduit/c", warn, "",
		},
		"and warn earlier": {
			append(between(1, modbus), rules(func(r *v1alpha1.SegmentationRules) { r.CleartextWarnFrom = 0 })),
			"Conduit/c", warn, "",
		},
	})
}

func TestClassRules(t *testing.T) {
	const at = "spec.flows[0].protocol"
	ssh, mail := flows(proto("ssh")), flows(proto("smtps"))
	warn := rules(func(r *v1alpha1.SegmentationRules) {
		r.AdminProtocols, r.PersonToPerson = v1alpha1.RuleWarn, v1alpha1.RuleWarn
	})
	up := func(opts ...conduitOption) []any {
		return []any{office(), dmz(), conduit("c", "dmz", "office", opts...)}
	}
	runFindings(t, map[string]findingCase{
		"administration does not stand open":   {between(1, ssh), "Conduit/c", []string{"Error " + at + " AdminProtocol"}, "access window"},
		"not even inside a zone":               {inside(1, ssh), "Conduit/c", []string{"Error " + at + " AdminProtocol"}, ""},
		"the site may only warn of it":         {append(between(1, ssh), warn), "Conduit/c", []string{"Warning " + at + " AdminProtocol"}, ""},
		"an exception lifts it":                {between(1, ssh, except("AdminProtocol")), "Conduit/c", nil, ""},
		"mail has no business in operations":   {between(1, mail), "Conduit/c", []string{"Error " + at + " PersonToPerson"}, ""},
		"the site may only warn of mail":       {append(between(1, mail), warn), "Conduit/c", []string{"Warning " + at + " PersonToPerson"}, ""},
		"an exception lifts the rule for mail": {between(1, mail, except("PersonToPerson")), "Conduit/c", nil, ""},
		"mail between DMZ and office":          {up(mail), "Conduit/c", nil, ""},
	})
}

func TestWhatPoliciesCannotCarry(t *testing.T) {
	const at = "spec.flows[0].protocol"
	runFindings(t, map[string]findingCase{
		"frames below IP": {
			between(1, flows(proto("goose"))), "Conduit/c",
			[]string{"Error " + at + " NotEnforceable", "Warning spec.externalEnforcement EnforcedByNobody"},
			"",
		},
		"frames that a device filters":            {between(1, flows(proto("goose")), external()), "Conduit/c", nil, ""},
		"frames have no port":                     {between(1, flows(onPort("goose", port("TCP", 1))), external()), "Conduit/c", []string{"Error spec.flows[0].port TransportMismatch"}, ""},
		"multicast":                               {between(1, flows(proto("bacnet-ip"))), "Conduit/c", []string{"Warning " + at + " Multicast"}, ""},
		"ports that are chosen at run time":       {between(1, flows(proto("opc-da"))), "Conduit/c", []string{"Error " + at + " DynamicPorts"}, "OPC UA"},
		"ports chosen at run time, excepted":      {between(1, flows(proto("opc-da")), except("DynamicPorts")), "Conduit/c", nil, ""},
		"ports chosen at run time inside a zone":  {inside(1, flows(proto("opc-da"))), "Conduit/c", nil, ""},
		"a protocol that nobody knows":            {between(1, flows(proto("modbus-tpc"))), "Conduit/c", []string{"Error " + at + " UnknownProtocol"}, `did you mean "modbus-tcp"`},
		"a protocol like nothing":                 {between(1, flows(proto("qqqqqqqqqqqqq"))), "Conduit/c", []string{"Error " + at + " UnknownProtocol"}, "catalogue"},
		"a port is the site's choice":             {between(1, flows(proto("melsec-slmp"))), "Conduit/c", []string{"Error spec.flows[0].port PortRequired"}, ""},
		"a port without its transport":            {between(1, flows(onPort("melsec-slmp", port("", 5007)))), "Conduit/c", []string{"Error spec.flows[0].transport PortRequired"}, "5007"},
		"a port with its transport":               {between(1, flows(onPort("melsec-slmp", port("TCP", 5007)))), "Conduit/c", nil, ""},
		"a transport that the protocol lacks":     {between(1, flows(onPort("modbus-tcp", port("UDP", 502)))), "Conduit/c", []string{"Error spec.flows[0].transport TransportMismatch"}, "not on UDP"},
		"one that it has":                         {between(1, flows(onPort("modbus-tcp", port("TCP", 1502)))), "Conduit/c", nil, ""},
		"the transport of the protocol by itself": {between(1, flows(onPort("modbus-tcp", port("", 1502)))), "Conduit/c", nil, ""},
	})
}

// A manifest read from a file has not passed the CRD.
func TestFlowsThatTheCRDWouldRefuse(t *testing.T) {
	end := int32(9)
	at := func(p string) []string { return []string{"Error spec.flows[0]" + p + " PortRequired"} }
	runFindings(t, map[string]findingCase{
		"nothing at all":          {between(1, flows(v1alpha1.Flow{})), "Conduit/c", at(""), ""},
		"a port of no transport":  {between(1, flows(port("", 9000))), "Conduit/c", at(".transport"), ""},
		"an end without a start":  {between(1, flows(v1alpha1.Flow{Protocol: "modbus-tcp", EndPort: &end})), "Conduit/c", at(".endPort"), ""},
		"port 0":                  {between(1, flows(port("TCP", 0))), "Conduit/c", at(".port"), ""},
		"a port beyond the last":  {between(1, flows(port("TCP", 65536+502))), "Conduit/c", at(".port"), ""},
		"a range beyond the last": {between(1, flows(port("TCP", 60000, 70000))), "Conduit/c", at(".port"), ""},
		"a range backwards":       {between(1, flows(port("TCP", 10, 9))), "Conduit/c", at(".port"), ""},
		"a negative port":         {between(1, flows(onPort("modbus-tcp", port("TCP", -1)))), "Conduit/c", at(".port"), ""},
	})
}

// A protocol does not become harmless by another name.
func TestDisguises(t *testing.T) {
	const at = "spec.flows[0].port"
	admin, clear := []string{"Error " + at + " AdminProtocol"}, []string{"Error " + at + " Cleartext"}
	both := []string{"Error " + at + " AdminProtocol", "Error " + at + " Cleartext"}
	runFindings(t, map[string]findingCase{
		"a bare port of nobody":                    {between(4, flows(port("TCP", 9099))), "Conduit/c", nil, ""},
		"SSH by its port":                          {between(1, flows(port("TCP", 22))), "Conduit/c", admin, "ssh"},
		"SSH by its port, excepted":                {between(1, flows(port("TCP", 22)), except("AdminProtocol")), "Conduit/c", nil, ""},
		"22/UDP is nobody's":                       {between(1, flows(port("UDP", 22))), "Conduit/c", nil, ""},
		"Modbus by its port":                       {between(3, flows(port("TCP", 502))), "Conduit/c", clear, "modbus-tcp"},
		"Modbus by its port at SL 2":               {between(2, flows(port("TCP", 502))), "Conduit/c", []string{"Warning " + at + " Cleartext"}, ""},
		"Modbus by its port at SL 1":               {between(1, flows(port("TCP", 502))), "Conduit/c", nil, ""},
		"Modbus by its port inside a zone":         {inside(3, flows(port("TCP", 502))), "Conduit/c", nil, ""},
		"modbus-tls on Modbus's port":              {between(3, flows(onPort("modbus-tls", port("TCP", 502)))), "Conduit/c", clear, "modbus-tcp"},
		"modbus-tls on its own port":               {between(3, flows(onPort("modbus-tls", port("TCP", 802)))), "Conduit/c", nil, ""},
		"https on the port of RDP":                 {between(1, flows(onPort("https", port("TCP", 3389)))), "Conduit/c", admin, "rdp"},
		"https on its own port, which is others'":  {between(1, flows(onPort("https", port("TCP", 443)))), "Conduit/c", nil, ""},
		"a range that hides RDP":                   {between(1, flows(port("TCP", 3300, 3400))), "Conduit/c", admin, "rdp"},
		"a range beside it":                        {between(1, flows(port("TCP", 3390, 3391))), "Conduit/c", nil, ""},
		"a named range hides no RDP":               {between(1, flows(onPort("https", port("TCP", 3380, 3389)))), "Conduit/c", admin, "rdp"},
		"a named range with a port of its own":     {between(1, flows(onPort("https", port("TCP", 440, 450)))), "Conduit/c", admin, "smb"},
		"all ports":                                {between(3, flows(port("TCP", 1, 65535))), "Conduit/c", append(both, "Error "+at+" PersonToPerson", "Error spec.flows[0].endPort DynamicPorts"), "and others"},
		"FTP by its port, its data ports aside":    {between(3, flows(port("TCP", 21))), "Conduit/c", both, "ftp"},
		"a high port is not OPC's because of DCOM": {between(3, flows(port("TCP", 50123))), "Conduit/c", nil, ""},
		"mail by its port":                         {between(1, flows(port("TCP", 25))), "Conduit/c", []string{"Error " + at + " PersonToPerson"}, "smtp"},
	})
}

// Writing down the default port of a protocol changes nothing.
func TestOwnPortIsNoDisguise(t *testing.T) {
	for _, p := range protocol.All() {
		for _, r := range p.Ports {
			if p.Confidence != protocol.ConfidenceSure || p.Dynamic {
				continue
			}
			f := onPort(p.Key, port(v1alpha1.Transport(r.Transport), int32(r.First), int32(r.Last)))
			without := Resolve(snapshot(between(3, flows(proto(p.Key)))...)).Verdicts[ObjectRef{KindConduit, "c"}]
			with := Resolve(snapshot(between(3, flows(f))...)).Verdicts[ObjectRef{KindConduit, "c"}]
			if len(with.Findings) != len(without.Findings) {
				t.Errorf("%s on %v: %v, by its name only: %v", p.Key, r, with.Findings, without.Findings)
			}
		}
	}
}

func TestSourceAddressLost(t *testing.T) {
	service := func(change func(*Service)) Service {
		s := Service{Namespace: "scada", Name: "opc", Type: "NodePort", Selector: set("app=opc")}
		change(&s)
		return s
	}
	devices := plc(of(), cidrs("10.1.0.0/24"))
	objects := func(s Service, opts ...conduitOption) []any {
		return []any{devices, scada(), s, conduit("c", "plc", "scada", opts...)}
	}
	other := func(c *v1alpha1.ConduitSpec) { c.Responders[0].Workloads = sel("app=web") }
	lost := []string{"Warning spec.responders[0].zone SourceAddressLost"}
	runFindings(t, map[string]findingCase{
		"a node port hides the device":      {objects(service(func(*Service) {})), "Conduit/c", lost, "NodePort service scada/opc"},
		"one that keeps the source":         {objects(service(func(s *Service) { s.KeepsSource = true })), "Conduit/c", nil, ""},
		"one in another namespace":          {objects(service(func(s *Service) { s.Namespace = "mes" })), "Conduit/c", nil, ""},
		"one for other pods":                {objects(service(func(*Service) {}), other), "Conduit/c", nil, ""},
		"one that selects nothing":          {objects(service(func(s *Service) { s.Selector = nil })), "Conduit/c", nil, ""},
		"pods as initiator lose no address": {[]any{plc(), scada(), service(func(*Service) {}), conduit("c", "plc", "scada")}, "Conduit/c", nil, ""},
	})
}

func TestEnforcedByNobody(t *testing.T) {
	devices := func() []any {
		return []any{plc(of(), cidrs("10.1.0.0/24")), scada(of(), cidrs("10.2.0.0/24"))}
	}
	nobody := []string{"Warning spec.externalEnforcement EnforcedByNobody"}
	mixed := []any{plc(of(), cidrs("10.1.0.0/24")), scada(cidrs("10.2.0.0/24"))}
	narrow := func(c *v1alpha1.ConduitSpec) { c.Initiator.Workloads = sel("app=poll") }
	runFindings(t, map[string]findingCase{
		"devices at both ends":            {append(devices(), conduit("c", "scada", "plc")), "Conduit/c", nobody, "assets to assets"},
		"devices with a firewall between": {append(devices(), conduit("c", "scada", "plc", external())), "Conduit/c", nil, ""},
		"devices beside workloads":        {append(mixed, conduit("c", "scada", "plc")), "Conduit/c", nobody, "assets to assets"},
		"devices that are not there yet": {
			[]any{plc(of(), assetsOf("in=plc")), scada(of(), cidrs("10.2.0.0/24")), conduit("c", "scada", "plc")},
			"Conduit/c",
			append([]string{"Warning spec.responders[0] EmptyEnd"}, nobody...), "",
		},
		"narrowed to the workloads":        {append(mixed, conduit("c", "scada", "plc", narrow)), "Conduit/c", nil, ""},
		"workloads at one end are a point": {[]any{plc(of(), cidrs("10.1.0.0/24")), scada(), conduit("c", "scada", "plc")}, "Conduit/c", nil, ""},
	})
}

func TestNoProtocolBreak(t *testing.T) {
	in := conduit("in", "office", "dmz", flows(proto("https")))
	out := func(f v1alpha1.Flow, opts ...conduitOption) *v1alpha1.Conduit {
		return conduit("out", "dmz", "mes", append(opts, flows(f))...)
	}
	through := []string{"Warning spec.flows NoProtocolBreak"}
	part := func(app string) conduitOption {
		return func(c *v1alpha1.ConduitSpec) {
			c.Initiator.Workloads = sel("app=" + app)
			c.Responders[0].Workloads = sel("app=" + app)
		}
	}
	bare := func(n int32) v1alpha1.Flow { return port("TCP", n) }
	plant := []any{office(), dmz(), mes()}
	with := func(c ...any) []any { return append(c, plant...) }
	runFindings(t, map[string]findingCase{
		"the same protocol on both sides":      {with(in, out(proto("https"))), "Conduit/in", through, `"out"`},
		"another one inside":                   {with(in, out(proto("modbus-tls"))), "Conduit/in", nil, ""},
		"the same bare port":                   {with(conduit("in", "office", "dmz", flows(bare(9099))), out(bare(9099))), "Conduit/in", through, "9099/TCP"},
		"another bare port":                    {with(conduit("in", "office", "dmz", flows(bare(9099))), out(bare(9098))), "Conduit/in", nil, ""},
		"the same protocol at other workloads": {with(conduit("in", "office", "dmz", flows(proto("https")), part("a")), out(proto("https"), part("b"))), "Conduit/in", nil, ""},
		"upwards as well":                      {with(conduit("up", "mes", "dmz", flows(proto("https"))), conduit("in", "dmz", "office", flows(proto("https")))), "Conduit/in", through, `"up"`},
	})
}

// Every mistake is reported, not the first.
func TestAllFindingsOfAnObject(t *testing.T) {
	c := conduit("c", "mes", "plc", flows(proto("ssh"), proto("modbus-tcp"), proto("modbus-tpc"), proto("melsec-slmp"), port("TCP", 3389)), func(c *v1alpha1.ConduitSpec) {
		c.Responders = append(c.Responders, v1alpha1.ConduitEnd{Zone: "scada", Assets: &v1alpha1.AssetSelection{Names: []string{"nix"}}})
		c.ReviewBy = day("2020-01-01")
	})
	wide := zone("wide", cidrs("0.0.0.0/0", "10.1.0.1/24", "10.42.1.0/24"), of(podsIn(sel("job=x"), "missing", "office-apps")), parent("nobody"))
	outside := namespace("office-apps", "")
	objects := []any{plc(sl(3)), mes(), scada(cidrs("10.3.0.0/24")), c, wide, outside}
	runFindings(t, map[string]findingCase{
		"a conduit": {objects, "Conduit/c", []string{
			"Error spec.flows[0].protocol AdminProtocol", "Error spec.flows[1].protocol Cleartext", "Error spec.flows[2].protocol UnknownProtocol",
			"Error spec.flows[3].port PortRequired", "Error spec.flows[3].protocol Cleartext", "Error spec.flows[4].port AdminProtocol",
			"Error spec.responders[0].zone LevelSkip", "Error spec.responders[1].assets.names AssetNotFound",
			"Warning spec.responders[1] EmptyEnd", "Warning spec.reviewBy ReviewOverdue",
		}, ""},
		"a zone": {objects, "Zone/wide", []string{
			"Error spec.members.assets.cidrs[0] WideNetwork", "Error spec.members.assets.cidrs[1] InvalidNetwork", "Error spec.members.assets.cidrs[2] ClusterNetwork",
			"Error spec.members.workloads[0] NamespaceOutOfScope", "Error spec.members.workloads[0].podSelector ZoneLabelKey",
			"Warning spec.members.workloads[0].namespaces NamespaceNotFound", "Warning spec.parent ParentNotFound",
		}, ""},
	})
}
