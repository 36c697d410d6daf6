// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package networkpolicy

import (
	"fmt"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Zone returns the floor in each namespace, none while the zone is in Observe.
// The findings come in Observe as well: that is when somebody can act on them.
func (Backend) Zone(site *topology.Site, z *topology.Zone) ([]*policy.Object, []v1alpha1.Finding) {
	if len(z.Workloads) == 0 {
		return nil, nil
	}
	if !z.Enforce {
		return nil, findings(site, z)
	}
	return floors(site, z), findings(site, z)
}

func floors(site *topology.Site, z *topology.Zone) []*policy.Object {
	var objects []*policy.Object
	eachPlace(z.Workloads, func(namespace string, pods *metav1.LabelSelector) {
		objects = append(objects, floor(z, namespace, floorName(z.Name, pods), networkingv1.NetworkPolicySpec{
			PodSelector: *pods,
			PolicyTypes: bothDirections(),
			Ingress:     floorIngress(z),
			Egress:      floorEgress(site, z),
		}))
	})
	return append(objects, rest(z)...)
}

// rest denies the pods of the zone's namespaces that are in no zone. It selects
// the members as well, and takes nothing from them: allows add up.
func rest(z *topology.Zone) []*policy.Object {
	var namespaces []string
	for _, w := range z.Workloads {
		if w.DenyRest && len(w.PodSelectors) > 0 {
			namespaces = append(namespaces, w.Matching...)
		}
	}
	slices.Sort(namespaces)
	var objects []*policy.Object
	for _, namespace := range slices.Compact(namespaces) {
		deny := networkingv1.NetworkPolicySpec{PolicyTypes: bothDirections()}
		objects = append(objects, floor(z, namespace, restName(z.Name), deny))
	}
	return objects
}

func floor(z *topology.Zone, namespace, name string, spec networkingv1.NetworkPolicySpec) *policy.Object {
	source := topology.ObjectRef{Kind: topology.KindZone, Name: z.Name}
	return policy.NewObject(newPolicy(namespace, name, *spec.DeepCopy()), policy.PartFloor, source, string(z.UID), nil)
}

func floorIngress(z *topology.Zone) []networkingv1.NetworkPolicyIngressRule {
	if !z.InternalTraffic {
		return nil
	}
	return []networkingv1.NetworkPolicyIngressRule{{From: peersOf(z.Workloads, z.Networks)}}
}

func floorEgress(site *topology.Site, z *topology.Zone) []networkingv1.NetworkPolicyEgressRule {
	var rules []networkingv1.NetworkPolicyEgressRule
	if z.InternalTraffic {
		rules = append(rules, networkingv1.NetworkPolicyEgressRule{To: peersOf(z.Workloads, z.Networks)})
	}
	if s := dns(site.DNS); z.DNS && s.opens() {
		rules = append(rules, networkingv1.NetworkPolicyEgressRule{To: s.peers, Ports: s.ports})
	}
	if s := apiServer(site.API); z.APIServer && s.opens() {
		rules = append(rules, networkingv1.NetworkPolicyEgressRule{To: s.peers, Ports: s.ports})
	}
	return rules
}

func dns(d topology.DNS) section {
	var pods []topology.Workloads
	if d.Namespace != "" && len(d.PodLabels) > 0 {
		pods = []topology.Workloads{{
			Namespaces:   []string{d.Namespace},
			PodSelectors: []*metav1.LabelSelector{{MatchLabels: d.PodLabels}},
		}}
	}
	return section{
		peers: append(peersOf(pods, nil), addressPeers(d.Addresses)...),
		ports: portsOf(
			protocol.PortRange{Transport: protocol.UDP, First: d.Port, Last: d.Port},
			protocol.PortRange{Transport: protocol.TCP, First: d.Port, Last: d.Port},
		),
	}
}

func apiServer(a topology.APIServer) section {
	return section{
		peers: addressPeers(a.Addresses),
		ports: portsOf(protocol.PortRange{Transport: protocol.TCP, First: a.Port, Last: a.Port}),
	}
}

// findings says what this backend cannot do for a zone.
func findings(site *topology.Site, z *topology.Zone) []v1alpha1.Finding {
	var out []v1alpha1.Finding
	add := func(severity v1alpha1.Severity, path, message string) {
		out = append(out, v1alpha1.Finding{
			Severity: severity,
			Path:     path,
			Reason:   v1alpha1.ReasonBackendCannot,
			Message:  message,
		})
	}
	for i, w := range z.Workloads {
		if w.NamespaceSelector != nil {
			add(v1alpha1.SeverityWarning, fmt.Sprintf("spec.members.workloads[%d].namespaceSelector", i),
				"NetworkPolicy objects stand in existing namespaces: a namespace created later is open until the "+
					"operator has seen it; list namespaces by name, or use Cilium")
		}
	}
	if z.APIServer && len(site.API.Addresses) == 0 {
		add(v1alpha1.SeverityError, "spec.platformServices.apiServer",
			"NetworkPolicy knows the Kubernetes API by address only, so it is not opened: list the API servers in "+
				"Site.spec.platform.apiServer.addresses")
	}
	return out
}
