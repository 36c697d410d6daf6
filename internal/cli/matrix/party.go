// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/internal/cli/matrix/workload"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
	"github.com/zonewarden/zonewarden/internal/reach"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// party is whom somebody means by a name.
type party struct {
	// name as it is shown.
	name string
	// place in the view.
	place int
	// addresses that it is known to have.
	addresses []netip.Addr
	// service of the cluster that has a device's address as well.
	service string
}

// find resolves NAMESPACE/POD, NAMESPACE/WORKLOAD, an asset's tag or name, an address,
// "outside", or a service of the cluster as the matrix names it.
func find(p *plant.Plant, v *reach.View, name string) (party, error) {
	switch name {
	case "outside", reach.OutsideName:
		return party{name: reach.OutsideName, place: v.Named(reach.OutsideName)}, nil
	case topology.PlatformDNS, topology.PlatformAPI:
		return serviceOf(v, name), nil
	}
	if a, err := netip.ParseAddr(name); err == nil {
		return findAddress(p, v, a)
	}
	for _, asset := range p.Assets {
		if asset.Name == name || asset.Spec.Tag == name {
			return findAsset(v, asset.Name, name, p.Model())
		}
	}
	if namespace, pod, ok := strings.Cut(name, "/"); ok {
		if found, err := findPod(p, v, namespace, pod); err != nil || found.place >= 0 {
			return found, err
		}
	}
	return party{}, fmt.Errorf("%q is no pod or workload (NAMESPACE/NAME), no asset by tag or name, no address and not \"outside\", %q or %q",
		name, topology.PlatformDNS, topology.PlatformAPI)
}

func findAddress(p *plant.Plant, v *reach.View, a netip.Addr) (party, error) {
	for _, pod := range p.Pods {
		for _, ip := range pod.Addresses {
			if own, err := netip.ParseAddr(ip.IP); err == nil && own == a && !pod.HostNetwork {
				return partyOf(v, pod), nil
			}
		}
	}
	i, service := v.Address(a), serviceAt(v, a)
	out := party{name: a.String(), place: i, addresses: []netip.Addr{a}, service: service}
	switch {
	case v.Places[i].Kind == reach.Devices:
		out.name = v.Places[i].Name()
		return out, nil
	case service != "":
		out.name, out.place = service, v.Named(service)
		return out, nil
	}
	return out, refuseOwn(p, a)
}

func findAsset(v *reach.View, name, shown string, m *topology.Model) (party, error) {
	for _, z := range m.Zones {
		for _, a := range z.Assets {
			if a.Name == name && len(a.Addresses) > 0 {
				i := v.Address(a.Addresses[0].Addr())
				return party{name: v.Places[i].Name(), place: i, addresses: []netip.Addr{a.Addresses[0].Addr()}}, nil
			}
		}
	}
	return party{}, fmt.Errorf("asset %q is in no zone", shown)
}

// findPod finds a pod by its name, or the first of a workload; at no place where there is
// neither.
func findPod(p *plant.Plant, v *reach.View, namespace, name string) (party, error) {
	var of []made
	for _, pod := range p.Pods {
		if pod.Namespace != namespace || pod.HostNetwork {
			continue
		}
		if pod.Name == name {
			return partyOf(v, pod), nil
		}
		if by := workload.Of(pod, name); !by.None() {
			of = append(of, made{by, pod})
		}
	}
	name = namespace + "/" + name
	if len(of) == 0 {
		return party{name: name, place: v.Named(name)}, nil // one that is expected
	}
	first, err := firstOf(of)
	if err != nil {
		return party{}, fmt.Errorf("%q is more than one workload: %w", name, err)
	}
	return partyOf(v, first), nil
}

// made is a pod with the workload that made it.
type made struct {
	by  workload.Maker
	pod topology.Pod
}

// firstOf is the first pod of the one workload that there is. Of a kind, what labels tell
// goes before what only has such a name; and whatever is called so before the ReplicaSet of
// a Deployment that is called otherwise.
func firstOf(of []made) (topology.Pod, error) {
	told := map[bool]int{true: 0, false: 1}
	slices.SortFunc(of, func(a, b made) int {
		return cmp.Or(cmp.Compare(a.by.Kind, b.by.Kind), cmp.Compare(told[a.by.Told], told[b.by.Told]), cmp.Compare(a.pod.Name, b.pod.Name))
	})
	firsts := slices.CompactFunc(of, func(a, b made) bool { return a.by.Kind == b.by.Kind })
	if len(firsts) > 1 {
		firsts = slices.DeleteFunc(firsts, func(m made) bool { return m.by.Kind == workload.ReplicaSet })
	}
	if len(firsts) == 1 {
		return firsts[0].pod, nil
	}
	var names []string
	for _, m := range firsts {
		names = append(names, m.pod.Namespace+"/"+m.pod.Name)
	}
	return topology.Pod{}, fmt.Errorf("say which pod, %s", strings.Join(names, " or "))
}

func partyOf(v *reach.View, pod topology.Pod) party {
	out := party{name: pod.Namespace + "/" + pod.Name, place: v.Pod(pod)}
	for _, ip := range pod.Addresses {
		if a, err := netip.ParseAddr(ip.IP); err == nil {
			out.addresses = append(out.addresses, a)
		}
	}
	return out
}

// in says where a party is.
func (w party) in(v *reach.View) string {
	z := v.Zones[w.place]
	switch {
	case z != nil && z.Enforce && v.Places[w.place].Kind == reach.Pods:
		return fmt.Sprintf("zone %s, %s, Enforce", z.Name, z.Level)
	case z != nil && v.Places[w.place].Kind == reach.Pods:
		return fmt.Sprintf("zone %s, %s, Observe", z.Name, z.Level)
	case z != nil:
		return fmt.Sprintf("zone %s, %s, a device", z.Name, z.Level)
	case v.Places[w.place].Kind == reach.Platform:
		return "a service of the cluster"
	case v.Places[w.place].Kind == reach.Pods && v.Denied[w.place]:
		return "a pod in no zone, denied everything"
	case v.Places[w.place].Kind == reach.Pods:
		return "a pod in no zone"
	}
	return "outside every zone"
}
