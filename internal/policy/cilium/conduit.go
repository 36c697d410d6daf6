// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium

import (
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Conduit returns one object with the rules of both ends, or none when the
// conduit is suspended or no end has a pod to put a policy on.
//
// What is open is the exact product of ends and ports: at each responder only
// the initiator may enter, and at the initiator the ports to all responders are
// the same.
func (Backend) Conduit(site *topology.Site, c *topology.Conduit) ([]*policy.Object, []v1alpha1.Finding) {
	if c.Suspended {
		return nil, nil
	}
	rules := initiatorRules(c)
	for _, r := range c.Responders {
		rules = append(rules, responderRules(c, r)...)
	}
	if len(rules) == 0 {
		return nil, conduitFindings(c)
	}
	source := topology.ObjectRef{Kind: topology.KindConduit, Name: c.Name}
	object := policy.NewObject(newPolicy(conduitName(c.Name), rules),
		policy.PartConduit, source, string(c.UID), policy.ConduitOwner(site, c))
	return []*policy.Object{object}, conduitFindings(c)
}

// initiatorRules lets the initiator out to every responder, and on the ports
// that work both ways lets the responders in.
func initiatorRules(c *topology.Conduit) api.Rules {
	out, in := portRules(c.Ports), portRules(c.BothWays)
	var zones []string
	for _, r := range c.Responders {
		zones = append(zones, r.Zone.Name)
	}
	var rules api.Rules
	for _, w := range expressible(c.Initiator.Workloads) {
		var egress []api.EgressRule
		var ingress []api.IngressRule
		for _, r := range c.Responders {
			egress = append(egress, toEnd(r, out)...)
			ingress = append(ingress, fromEnd(r, in)...)
		}
		rules = appendRule(rules, c, w, strings.Join(zones, ", "), ingress, egress)
	}
	return rules
}

// responderRules lets the initiator in at one responder, and on the ports that
// work both ways lets the responder out to it.
func responderRules(c *topology.Conduit, r topology.End) api.Rules {
	var rules api.Rules
	for _, w := range expressible(r.Workloads) {
		ingress := fromEnd(c.Initiator, portRules(c.Ports))
		egress := toEnd(c.Initiator, portRules(c.BothWays))
		rules = appendRule(rules, c, w, r.Zone.Name, ingress, egress)
	}
	return rules
}

// appendRule leaves out a rule that would open nothing: Cilium refuses an object
// with a rule that has no section.
func appendRule(rules api.Rules, c *topology.Conduit, w topology.Workloads, to string,
	ingress []api.IngressRule, egress []api.EgressRule,
) api.Rules {
	if len(ingress)+len(egress) == 0 {
		return rules
	}
	return append(rules, &api.Rule{
		EndpointSelector:  podsOf(w),
		EnableDefaultDeny: defaultDeny(false),
		Ingress:           ingress,
		Egress:            egress,
		Description:       "conduit " + c.Name + ": " + c.Initiator.Zone.Name + " to " + to,
	})
}

// toEnd returns the egress rules towards an end; none without peers or ports.
// Pods and networks are rules of their own: Cilium takes one kind of peer a rule.
func toEnd(e topology.End, ports api.PortRules) []api.EgressRule {
	if ports == nil {
		return nil
	}
	var rules []api.EgressRule
	if pods := selectorsOf(expressible(e.Workloads)); len(pods) > 0 {
		rules = append(rules, api.EgressRule{
			EgressCommonRule: api.EgressCommonRule{ToEndpoints: pods}, ToPorts: ports.DeepCopy(),
		})
	}
	if networks := networksOf(e); len(networks) > 0 {
		rules = append(rules, api.EgressRule{
			EgressCommonRule: api.EgressCommonRule{ToCIDRSet: networks}, ToPorts: ports.DeepCopy(),
		})
	}
	return rules
}

// fromEnd is toEnd for ingress.
func fromEnd(e topology.End, ports api.PortRules) []api.IngressRule {
	if ports == nil {
		return nil
	}
	var rules []api.IngressRule
	if pods := selectorsOf(expressible(e.Workloads)); len(pods) > 0 {
		rules = append(rules, api.IngressRule{
			IngressCommonRule: api.IngressCommonRule{FromEndpoints: pods}, ToPorts: ports.DeepCopy(),
		})
	}
	if networks := networksOf(e); len(networks) > 0 {
		rules = append(rules, api.IngressRule{
			IngressCommonRule: api.IngressCommonRule{FromCIDRSet: networks}, ToPorts: ports.DeepCopy(),
		})
	}
	return rules
}

// networksOf names the zone's group of addresses where all of it is meant.
func networksOf(e topology.End) api.CIDRRuleSlice {
	if e.WholeZone && e.Zone.HasAssets {
		return groupOf(e.Zone)
	}
	return cidrsOf(e.Networks)
}

// expressible leaves out entries that could match more pods than declared. A finding
// says so.
func expressible(entries []topology.Workloads) []topology.Workloads {
	return slices.DeleteFunc(slices.Clone(entries), misread)
}
