// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// guardsOf are guards as a backend for Cilium may make them: each enforced zone denies,
// whoever allows it, what it has no conduit for with another zone, and every address
// that is no device of a zone.
func guardsOf(m *topology.Model) []*policy.Object {
	var out []*policy.Object
	for _, z := range m.Zones {
		if !z.Enforce || len(z.Workloads) == 0 {
			continue
		}
		egress, ingress := []any{world(m, "toCIDRSet")}, []any{world(m, "fromCIDRSet")}
		for _, o := range m.Zones {
			if o != z {
				egress = append(egress, forbidden(o, "to", portsBetween(m, z, o))...)
				ingress = append(ingress, forbidden(o, "from", portsBetween(m, o, z))...)
			}
		}
		u := &unstructured.Unstructured{Object: map[string]any{}}
		u.SetGroupVersionKind(apply.GVKClusterwidePolicy)
		u.SetName(policy.GuardPrefix + z.Name)
		if z.Release {
			u.SetAnnotations(map[string]string{v1alpha1.AnnotationRelease: uid})
		}
		var specs []any
		for _, w := range z.Workloads {
			specs = append(specs, map[string]any{
				"endpointSelector":  selectorOf(w),
				"enableDefaultDeny": map[string]any{"ingress": false, "egress": false},
				"egressDeny":        egress, "ingressDeny": ingress,
			})
		}
		u.Object["specs"] = specs
		out = append(out, policy.NewObject(u.DeepCopy(), policy.PartGuard, zoneRef(z.Name), uid, nil))
	}
	return out
}

// world is every address but those of devices.
func world(m *topology.Model, field string) map[string]any {
	except := []any{}
	for _, z := range m.Zones {
		for _, n := range z.Networks {
			except = append(except, n.String())
		}
	}
	return map[string]any{field: []any{map[string]any{"cidr": "0.0.0.0/0", "except": except}}}
}

// portsBetween are those that some conduit opens from one zone to another.
func portsBetween(m *topology.Model, from, to *topology.Zone) []uint16 {
	var out []uint16
	for _, c := range m.Conduits {
		for _, r := range c.Responders {
			if c.Suspended {
				continue
			}
			if c.Initiator.Zone == from && r.Zone == to {
				for _, p := range c.Ports {
					out = append(out, p.First)
				}
			}
			if r.Zone == from && c.Initiator.Zone == to {
				for _, p := range c.BothWays {
					out = append(out, p.First)
				}
			}
		}
	}
	return out
}

// forbidden are the entries against a zone's workloads and devices.
func forbidden(z *topology.Zone, direction string, open []uint16) []any {
	var ports []any
	for _, p := range sitePorts {
		if !slices.Contains(open, p) {
			ports = append(ports, map[string]any{"port": fmt.Sprint(p), "protocol": "TCP"})
		}
	}
	if len(ports) == 0 {
		return nil
	}
	var out []any
	entry := func(field string, peers ...any) {
		e := map[string]any{field: peers}
		if len(open) > 0 {
			e["toPorts"] = []any{map[string]any{"ports": ports}}
		}
		out = append(out, e)
	}
	for _, w := range z.Workloads {
		entry(direction+"Endpoints", selectorOf(w))
	}
	if z.HasAssets {
		entry(direction+"CIDRSet", map[string]any{"cidrGroupRef": "zone-" + z.Name})
	}
	return out
}

// selectorOf is the selector of an entry as Cilium has it.
func selectorOf(w topology.Workloads) map[string]any {
	labels := map[string]any{"k8s:io.kubernetes.pod.namespace": w.Namespaces[0]}
	var demands []any
	s := topology.And(append([]*metav1.LabelSelector{{}}, w.PodSelectors...)...)
	for k, v := range s.MatchLabels {
		labels["k8s:"+k] = v
	}
	for _, e := range s.MatchExpressions {
		values := []any{}
		for _, v := range e.Values {
			values = append(values, v)
		}
		demands = append(demands, map[string]any{"key": "k8s:" + e.Key, "operator": string(e.Operator), "values": values})
	}
	return map[string]any{"matchLabels": labels, "matchExpressions": demands}
}
