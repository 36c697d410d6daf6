// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/internal/policy/identity"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// class is the pods of a zone, or of none, that policies cannot tell apart: they have
// the same namespace and the same labels, except those that policies do not see.
type class struct {
	zone *topology.Zone
	// pod is the first of them by name, and stands for all.
	pod       *topology.Pod
	addresses []netip.Addr
}

// sample is the cluster as policies are asked about it.
type sample struct {
	namespaces map[string]map[string]string
	cluster    verdict.Cluster
	networks   []netip.Prefix
	// classes by key, so that two samples of the same cluster are equal.
	classes []class
	// byNamespace are the indexes of classes.
	byNamespace map[string][]int
}

func (s *surroundings) sample() *sample {
	out := &sample{namespaces: map[string]map[string]string{}, byNamespace: map[string][]int{}, networks: s.clusterNetworks()}
	for _, ns := range s.Snapshot.Namespaces {
		out.namespaces[ns.Name] = ns.Labels
	}
	out.cluster = verdict.Cluster{Namespaces: out.namespaces, Nodes: s.nodes()}
	classes, taken := map[string]*class{}, map[netip.Addr]bool{}
	for i := range s.Snapshot.Pods {
		p := &s.Snapshot.Pods[i]
		addresses := addressesOf(p, i, taken)
		out.cluster.Pods = append(out.cluster.Pods, verdict.Pod{
			Namespace: p.Namespace, Name: p.Name, Labels: p.Labels, Addresses: addresses, HostNetwork: p.HostNetwork,
		})
		if p.HostNetwork || len(addresses) == 0 {
			continue
		}
		z := s.members.ZoneOf(*p)
		key := classKey(z, p)
		if c := classes[key]; c == nil || p.Name < c.pod.Name {
			classes[key] = &class{zone: z, pod: p, addresses: addresses}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(classes)) {
		c := *classes[key]
		out.byNamespace[c.pod.Namespace] = append(out.byNamespace[c.pod.Namespace], len(out.classes))
		out.classes = append(out.classes, c)
	}
	return out
}

// addressesOf are a pod's addresses. One that has none yet, or one that another has
// still, gets one out of those that nobody may have (240.0.0.0/4): so what is open for
// it is known before it runs.
func addressesOf(p *topology.Pod, i int, taken map[netip.Addr]bool) []netip.Addr {
	var out []netip.Addr
	for _, ip := range p.Addresses {
		if a, err := netip.ParseAddr(ip.IP); err == nil && (p.HostNetwork || !taken[a.Unmap()]) {
			a = a.Unmap()
			taken[a] = true
			out = append(out, a)
		}
	}
	if len(out) == 0 && !p.HostNetwork {
		var reserved [4]byte
		binary.BigEndian.PutUint32(reserved[:], 240<<24+uint32(i)+1) //nolint:gosec // no cluster has that many pods
		out = append(out, netip.AddrFrom4(reserved))
	}
	return out
}

func classKey(z *topology.Zone, p *topology.Pod) string {
	parts := make([]string, 0, 2+len(p.Labels))
	for k, v := range p.Labels {
		if !identity.LeavesOut(k) {
			parts = append(parts, k+"="+v)
		}
	}
	slices.Sort(parts)
	zone := ""
	if z != nil {
		zone = z.Name
	}
	return p.Namespace + " " + zone + " " + strings.Join(parts, ",")
}

// clusterNetworks are the pod, service and node ranges that are known, sorted.
func (s *surroundings) clusterNetworks() []netip.Prefix {
	var stated []string
	if s.Snapshot.Site != nil {
		for _, n := range s.Snapshot.Site.Spec.ClusterNetworks {
			stated = append(stated, string(n))
		}
	}
	for _, n := range s.Snapshot.Nodes {
		stated = append(stated, n.Networks...)
	}
	var out []netip.Prefix
	for _, n := range stated {
		if p, ok := parseNetwork(n); ok {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, netip.Prefix.Compare)
	return slices.Compact(out)
}

// parseNetwork reads a network, or an address as a network of one.
func parseNetwork(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), true
}

// nodes are the addresses of all nodes, sorted.
func (s *surroundings) nodes() []netip.Addr {
	var out []netip.Addr
	for _, n := range s.Snapshot.Nodes {
		for _, address := range n.Networks {
			if a, err := netip.ParseAddr(address); err == nil {
				out = append(out, a)
			}
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}

// selecting are the indexes of the classes that an object could select.
func (s *sample) selecting(namespace string) []int {
	if namespace != "" {
		return s.byNamespace[namespace]
	}
	all := make([]int, len(s.classes))
	for i := range all {
		all[i] = i
	}
	return all
}

// ends are all far ends, as the rules have them.
type ends struct {
	*sample
	of    [][]*verdict.End // by class
	nodes []*verdict.End
	// list is used again and again.
	list []*verdict.End
}

func (s *sample) ends(r *verdict.Rules) *ends {
	out := &ends{sample: s, of: make([][]*verdict.End, len(s.classes))}
	for i := range s.classes {
		for _, a := range s.classes[i].addresses {
			out.of[i] = append(out.of[i], r.End(a))
		}
	}
	for _, a := range s.cluster.Nodes {
		out.nodes = append(out.nodes, r.End(a))
	}
	return out
}

// from are the far ends for the pods of a zone: first those that have nothing to do with
// zones, then other zones, then the zone itself, then nodes. They are good until it is
// called again.
func (e *ends) from(z *topology.Zone) verdict.Ends {
	e.list = e.list[:0]
	for _, wanted := range []func(*topology.Zone) bool{
		func(other *topology.Zone) bool { return other == nil },
		func(other *topology.Zone) bool { return other != nil && other != z },
		func(other *topology.Zone) bool { return other == z },
	} {
		for i := range e.classes {
			if wanted(e.classes[i].zone) {
				e.list = append(e.list, e.of[i]...)
			}
		}
	}
	e.list = append(e.list, e.nodes...)
	return verdict.Ends{Inside: e.list, Cluster: e.networks}
}
