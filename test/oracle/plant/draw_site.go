// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

var cells = []string{"a", "b", "c", "d", ""}

// zone draws the zone of a number. by says how the zones of the site are told apart.
func (d dice) zone(i, by int) v1alpha1.ZoneSpec {
	s := v1alpha1.ZoneSpec{
		Purdue: v1alpha1.LevelL2, Type: v1alpha1.ZoneTypeControl, SLTarget: level(1), Owner: "plant",
		Enforcement:     pick(d, "enforcement", v1alpha1.EnforcementEnforce, v1alpha1.EnforcementEnforce, v1alpha1.EnforcementEnforce, v1alpha1.EnforcementObserve),
		InternalTraffic: pick(d, "internal", v1alpha1.PermissionAllow, v1alpha1.PermissionAllow, v1alpha1.PermissionDeny),
	}
	if d.rarely("DMZ", 5) {
		s.Purdue, s.Type = v1alpha1.LevelDMZ, v1alpha1.ZoneTypeDMZ
	}
	s.PlatformServices = v1alpha1.PlatformServices{
		DNS:       pick(d, "DNS", v1alpha1.PermissionAllow, v1alpha1.PermissionAllow, v1alpha1.PermissionDeny),
		APIServer: pick(d, "API", v1alpha1.PermissionDeny, v1alpha1.PermissionAllow),
	}
	if i == 0 || !d.rarely("devices only", 8) {
		s.Members.Workloads = d.workloads(i, by)
	}
	if len(s.Members.Workloads) == 0 || d.upTo("devices", 1) > 0 {
		s.Members.Assets = d.devices(i)
	}
	return s
}

func level(l v1alpha1.SecurityLevel) v1alpha1.SecurityLevels { return v1alpha1.SecurityLevels{All: &l} }

// workloads draws in one of the ways in which zones are told apart, or in none.
func (d dice) workloads(i, by int) []v1alpha1.WorkloadMembers {
	if d.rarely("another way", 12) {
		by = d.upTo("this zone by", 8)
	}
	switch by {
	case 0, 1, 2: // a namespace each
		w := v1alpha1.WorkloadMembers{Namespaces: []string{plantNamespaces[i%len(plantNamespaces)]}}
		if d.rarely("narrowed", 4) {
			w.PodSelector = d.zonePods()
		}
		return []v1alpha1.WorkloadMembers{w}
	case 3, 4, 5: // a cell each in shared namespaces
		return []v1alpha1.WorkloadMembers{{
			Namespaces:  plantNamespaces[:2+d.upTo("shared namespaces", 2)],
			PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"cell": cells[i%len(cells)]}},
		}}
	case 6, 7: // namespaces with another value of a label each
		value := cells[i%len(cells)]
		if d.byNamespace == "kubernetes.io/metadata.name" {
			value = plantNamespaces[i%len(plantNamespaces)]
		}
		w := v1alpha1.WorkloadMembers{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{d.byNamespace: value}}}
		if i == 0 && d.rarely("all but one value", 4) {
			w.NamespaceSelector = d.selector("all but", d.byNamespace, value)
		}
		if d.rarely("narrowed", 4) {
			w.PodSelector = d.zonePods()
		}
		return []v1alpha1.WorkloadMembers{w}
	}
	var out []v1alpha1.WorkloadMembers
	for range 1 + d.upTo("entries", 1) {
		out = append(out, d.anyWorkloads())
	}
	return out
}

func (d dice) someNamespaces() []string {
	pool := append(slices.Clone(plantNamespaces), "missing", "office")
	if !d.rarely("any namespace", 20) {
		pool = plantNamespaces
	}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(pool), 1, 3, rapid.ID).Draw(d.t, "namespaces")
}

func (d dice) anyWorkloads() v1alpha1.WorkloadMembers {
	var w v1alpha1.WorkloadMembers
	if d.upTo("by label", 1) == 0 {
		w.Namespaces = d.someNamespaces()
	} else {
		w.NamespaceSelector = d.selector("namespace label", d.byNamespace, "a", "b", "")
		if d.rarely("two demands", 4) {
			more := d.selector("more namespace label", "team", "a", "b")
			w.NamespaceSelector.MatchExpressions = append(w.NamespaceSelector.MatchExpressions, more.MatchExpressions...)
		}
	}
	if d.upTo("narrowed", 2) > 0 {
		w.PodSelector = d.zonePods()
	}
	return w
}

func (d dice) zonePods() *metav1.LabelSelector {
	key := pick(d, "zone key", "cell", "cell", "line")
	if d.rarely("careless zone key", 20) {
		key = "app"
	}
	if d.strange != "" && d.upTo("by strange zone key", 1) == 0 {
		return d.selector("strange zone pods", d.strange, valueOf(d, d.strange), "a")
	}
	s := d.selector("zone pods", key, cells...)
	if d.rarely("two labels", 4) {
		more := d.selector("more zone pods", "line", "a", "b")
		s.MatchExpressions = append(s.MatchExpressions, more.MatchExpressions...)
	}
	return s
}

// devices draws networks around 10.1.0.0, 10.2.0.0, ...: a zone's own, pieces that
// touch, and now and then another zone's.
func (d dice) devices(i int) *v1alpha1.AssetMembers {
	out := &v1alpha1.AssetMembers{}
	if d.upTo("select assets", 2) > 0 {
		out.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"in": fmt.Sprintf("z%d", i)}}
		if d.rarely("asset selector form", 4) {
			out.Selector = d.selector("assets", "in", fmt.Sprintf("z%d", i), "z0")
		}
	}
	for range d.upTo("networks", 2) {
		out.CIDRs = append(out.CIDRs, d.network(i))
	}
	if out.Selector == nil && len(out.CIDRs) == 0 {
		out.CIDRs = []v1alpha1.CIDR{d.network(i)}
	}
	return out
}

func (d dice) network(i int) v1alpha1.CIDR {
	if d.rarely("another's network", 16) {
		i = d.upTo("whose", 2)
	}
	form := pick(d, "network", "10.%d.0.0/16", "10.%d.1.0/24", "10.%d.1.128/25", "10.%d.2.0/24", "10.%d.1.7/32",
		"::ffff:10.%d.3.0/120", "fd00:%d::/48", "fd00:%d:0:1::/64")
	if d.rarely("bad network", 30) {
		form = pick(d, "bad", "10.%d.1.1/24", "%d.0.0.0/7", "10.%d.0.0")
	}
	return v1alpha1.CIDR(fmt.Sprintf(form, i+10))
}

func (d dice) asset(i int) v1alpha1.AssetSpec {
	s := v1alpha1.AssetSpec{Tag: fmt.Sprintf("t%d", i), Role: "PLC", SharedAddress: d.rarely("shared", 3)}
	if d.rarely("another's tag", 8) {
		s.Tag = "t0"
	}
	for range 1 + d.upTo("more addresses", 1) {
		whose := d.upTo("in the network of", 2) + 10
		form := pick(d, "address", "10.%d.1.1", "10.%d.1.7", "10.%d.1.130", "10.%d.9.1", "10.%d.9.16/28", "fd00:%d::1", "fd00:%d:0:1::7", "::ffff:10.%d.8.8")
		if d.rarely("bad address", 12) {
			form = pick(d, "bad", "10.42.%d.1", "10.%d.0.0/16", "10.%d.1.1/24")
		}
		s.Addresses = append(s.Addresses, v1alpha1.AssetAddress(fmt.Sprintf(form, whose)))
	}
	return s
}

func (d dice) conduit(p Plant) v1alpha1.ConduitSpec {
	s := v1alpha1.ConduitSpec{
		Initiator: d.end(p), Data: v1alpha1.DataBoth, Suspended: d.rarely("suspended", 8),
		Why:                 v1alpha1.Justification{Need: "n", RiskOwner: "o"},
		ExternalEnforcement: &v1alpha1.ExternalEnforcement{Device: "FW-1"},
	}
	for _, rule := range []v1alpha1.RuleName{"DynamicPorts", "AdminProtocol", "Cleartext"} {
		s.Exceptions = append(s.Exceptions, v1alpha1.RuleException{Rule: rule, Reason: "r", Compensating: "c"})
	}
	for range 1 + max(0, d.upTo("responders", 4)-2) {
		e := d.end(p)
		same := slices.ContainsFunc(s.Responders, func(o v1alpha1.ConduitEnd) bool { return o.Zone == e.Zone })
		if !same {
			s.Responders = append(s.Responders, e)
		}
	}
	for range 1 + d.upTo("flows", 2) {
		s.Flows = append(s.Flows, d.flow())
	}
	if d.rarely("many ports", 12) {
		for i := range int32(45) {
			s.Flows = append(s.Flows, bare(v1alpha1.TransportTCP, 20000+3*i, 20000+3*i))
		}
	}
	return s
}

// end narrows by what its zone has, mostly.
func (d dice) end(p Plant) v1alpha1.ConduitEnd {
	z := pick(d, "end", p.Zones...)
	e := v1alpha1.ConduitEnd{Zone: z.Name}
	careless := d.rarely("careless", 12)
	if careless {
		e.Zone = pick(d, "no such zone", z.Name, "nix")
	}
	if d.rarely("narrow pods", 3) && (careless || len(z.Spec.Members.Workloads) > 0) {
		e.Workloads = d.endPods()
	}
	if d.rarely("narrow assets", 6) && (careless || z.Spec.Members.Assets != nil) {
		e.Assets = d.endAssets(p, z.Name, careless)
	}
	return e
}

func (d dice) endAssets(p Plant, zone string, careless bool) *v1alpha1.AssetSelection {
	var own []string
	for _, a := range p.Assets {
		if careless || a.Labels["in"] == zone {
			own = append(own, a.Name)
		}
	}
	if len(own) > 0 && d.upTo("by name", 1) == 0 {
		return &v1alpha1.AssetSelection{Names: []string{pick(d, "end asset", own...)}}
	}
	return &v1alpha1.AssetSelection{Selector: d.selector("end assets", "kind", "plc", "drive", "")}
}

func (d dice) endPods() *metav1.LabelSelector {
	if d.strange != "" && d.upTo("by strange end key", 1) == 0 {
		return d.selector("strange end pods", d.strange, valueOf(d, d.strange), "a")
	}
	switch key := pick(d, "end key", "app", "app", "app", "cell", "line"); key {
	case "app":
		return d.selector("end pods", key, "hmi", "gateway", "")
	default:
		return d.selector("end pods", key, cells...)
	}
}

func (d dice) flow() v1alpha1.Flow {
	proto := func(key string) v1alpha1.Flow { return v1alpha1.Flow{Protocol: key} }
	own := bare(v1alpha1.TransportTCP, 48010, 48010)
	own.Protocol = "opcua-tcp"
	everyTransport := bare("", 44820, 44821)
	everyTransport.Protocol = "ethernet-ip"
	if d.rarely("bad flow", 30) {
		return pick(d, "bad", proto("nix"), v1alpha1.Flow{}, bare(v1alpha1.TransportTCP, 9010, 9000), proto("bacnet-sc"), bare("", 80, 80))
	}
	if d.rarely("any protocol", 6) {
		return proto(pick(d, "protocol", protocol.All()...).Key)
	}
	return pick(d, "flow", proto("modbus-tcp"), proto("modbus-tcp"), proto("https"), proto("ethernet-ip-io"), proto("bacnet-ip"), proto("opc-da"),
		proto("ff-hse"), proto("goose"), own, everyTransport,
		bare(v1alpha1.TransportTCP, 9000, 9000), bare(v1alpha1.TransportUDP, 9000, 9010), bare(v1alpha1.TransportUDP, 9005, 9020),
		bare(v1alpha1.TransportSCTP, 2905, 2906), bare(v1alpha1.TransportTCP, 1, 2), bare(v1alpha1.TransportTCP, 65535, 65535),
		bare(v1alpha1.TransportUDP, 1, 65535), bare(v1alpha1.TransportTCP, 53, 53))
}

// bare is a port without a protocol; one port without an endPort.
func bare(t v1alpha1.Transport, first, last int32) v1alpha1.Flow {
	f := v1alpha1.Flow{Transport: t, Port: &first}
	if last != first {
		f.EndPort = &last
	}
	return f
}
