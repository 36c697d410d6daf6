// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cilium

import (
	"net/netip"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/policy/api"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Zone returns the zone's group of addresses and its floor. Neither has an owner:
// what denies, and what it refers to, outlives its declaration and us.
func (Backend) Zone(site *topology.Site, z *topology.Zone) ([]*policy.Object, []v1alpha1.Finding) {
	source := topology.ObjectRef{Kind: topology.KindZone, Name: z.Name}
	var objects []*policy.Object
	if z.HasAssets {
		objects = append(objects, policy.NewObject(assetGroup(z), policy.PartAssets, source, string(z.UID), nil))
	}
	if len(z.Workloads) > 0 {
		floor := newPolicy(zoneName(z.Name), floorRules(site, z))
		objects = append(objects, policy.NewObject(floor, policy.PartFloor, source, string(z.UID), nil))
	}
	return objects, findings(z)
}

// assetGroup exists also while no device matches: floors and conduits name it,
// and a group that is not there would be an error to whoever reads the policy.
func assetGroup(z *topology.Zone) *ciliumv2.CiliumCIDRGroup {
	cidrs := make([]api.CIDR, 0, len(z.Networks))
	for _, n := range z.Networks {
		cidrs = append(cidrs, api.CIDR(n.String()))
	}
	return &ciliumv2.CiliumCIDRGroup{
		TypeMeta:   typeMeta(ciliumv2.CCGKindDefinition),
		ObjectMeta: metav1.ObjectMeta{Name: zoneName(z.Name)},
		Spec:       ciliumv2.CiliumCIDRGroupSpec{ExternalCIDRs: cidrs},
	}
}

func floorRules(site *topology.Site, z *topology.Zone) api.Rules {
	var rules api.Rules
	for _, w := range z.Workloads {
		ingress, egress := floorIngress(z), floorEgress(site, z)
		if misread(w) {
			// It may take in pods that are not meant: it may deny them, not open anything.
			ingress, egress = []api.IngressRule{fromHost()}, orNothing(nil)
		}
		rules = append(rules, &api.Rule{
			EndpointSelector:  podsOf(w),
			EnableDefaultDeny: defaultDeny(z.Enforce),
			Ingress:           ingress,
			Egress:            egress,
			Description:       "zone " + z.Name + ": floor",
		})
		if w.DenyRest && z.Enforce && len(w.PodSelectors) > 0 {
			rules = append(rules, restRule(z, w))
		}
	}
	return rules
}

// restRule denies the pods of the namespaces that are in no zone. It selects the
// members as well, and takes nothing from them: allows add up.
func restRule(z *topology.Zone, w topology.Workloads) *api.Rule {
	return &api.Rule{
		EndpointSelector:  namespacesOf(w),
		EnableDefaultDeny: defaultDeny(true),
		Ingress:           []api.IngressRule{fromHost()},
		Egress:            orNothing(nil),
		Description:       "zone " + z.Name + ": pods of its namespaces in no zone",
	}
}

func floorIngress(z *topology.Zone) []api.IngressRule {
	rules := []api.IngressRule{fromHost()}
	if !z.InternalTraffic {
		return rules
	}
	if pods := selectorsOf(expressible(z.Workloads)); len(pods) > 0 {
		rules = append(rules, api.IngressRule{
			IngressCommonRule: api.IngressCommonRule{FromEndpoints: pods},
		})
	}
	if z.HasAssets {
		rules = append(rules, api.IngressRule{
			IngressCommonRule: api.IngressCommonRule{FromCIDRSet: groupOf(z)},
		})
	}
	return rules
}

func floorEgress(site *topology.Site, z *topology.Zone) []api.EgressRule {
	var rules []api.EgressRule
	if pods := selectorsOf(expressible(z.Workloads)); z.InternalTraffic && len(pods) > 0 {
		rules = append(rules, api.EgressRule{
			EgressCommonRule: api.EgressCommonRule{ToEndpoints: pods},
		})
	}
	if z.InternalTraffic && z.HasAssets {
		rules = append(rules, api.EgressRule{
			EgressCommonRule: api.EgressCommonRule{ToCIDRSet: groupOf(z)},
		})
	}
	if z.DNS {
		rules = append(rules, toDNS(site.DNS)...)
	}
	if ports := single(protocol.TCP, site.API.Port); z.APIServer && ports != nil {
		rules = append(rules, api.EgressRule{
			EgressCommonRule: api.EgressCommonRule{ToEntities: api.EntitySlice{api.EntityKubeAPIServer}},
			ToPorts:          ports,
		})
	}
	return orNothing(rules)
}

// orNothing makes sure that the direction has a section: Cilium denies a
// direction by default only when the rule has an entry for it. An entry without
// peers and ports is such an entry and allows nothing.
func orNothing(rules []api.EgressRule) []api.EgressRule {
	if len(rules) == 0 {
		return []api.EgressRule{{}}
	}
	return rules
}

// fromHost admits the node that the pod is on: the kubelet's probes.
func fromHost() api.IngressRule {
	return api.IngressRule{
		IngressCommonRule: api.IngressCommonRule{FromEntities: api.EntitySlice{api.EntityHost}},
	}
}

// groupOf refers to the zone's group of addresses, so that a device that comes or
// goes costs one small write.
func groupOf(z *topology.Zone) api.CIDRRuleSlice {
	return api.CIDRRuleSlice{{CIDRGroupRef: api.CIDRGroupRef(zoneName(z.Name))}}
}

func toDNS(dns topology.DNS) []api.EgressRule {
	ports := both(dns.Port)
	if ports == nil {
		return nil
	}
	var rules []api.EgressRule
	if dns.Namespace != "" && len(dns.PodLabels) > 0 {
		pods := podsOf(topology.Workloads{
			Namespaces:   []string{dns.Namespace},
			PodSelectors: []*metav1.LabelSelector{{MatchLabels: dns.PodLabels}},
		})
		rules = append(rules, api.EgressRule{
			EgressCommonRule: api.EgressCommonRule{ToEndpoints: []api.EndpointSelector{pods}},
			ToPorts:          ports,
		})
	}
	if len(dns.Addresses) == 0 {
		return rules
	}
	// An address on the node itself (NodeLocal DNSCache, Talos host DNS) has the
	// identity host, which no CIDR matches; one outside the cluster has not.
	return append(rules,
		api.EgressRule{
			EgressCommonRule: api.EgressCommonRule{ToCIDRSet: cidrsOf(hostNetworks(dns.Addresses))},
			ToPorts:          both(dns.Port),
		},
		api.EgressRule{
			EgressCommonRule: api.EgressCommonRule{ToEntities: api.EntitySlice{api.EntityHost}},
			ToPorts:          both(dns.Port),
		})
}

// hostNetworks returns /32 or /128 of each address.
func hostNetworks(addresses []netip.Addr) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(addresses))
	for _, a := range addresses {
		out = append(out, netip.PrefixFrom(a, a.BitLen()))
	}
	return out
}

func cidrsOf(networks []netip.Prefix) api.CIDRRuleSlice {
	out := make(api.CIDRRuleSlice, 0, len(networks))
	for _, n := range networks {
		out = append(out, api.CIDRRule{Cidr: api.CIDR(n.String())})
	}
	return out
}
