// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"testing"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// largeSite has zones of two sorts, each with ten conduits, twenty pods and a
// device: some with a namespace of their own, and five at a time that share one
// and are told apart by a label of their pods.
func largeSite(zones int) Snapshot {
	s := Snapshot{Now: now, Site: site()}
	for i := range zones {
		name, ns := fmt.Sprintf("zone-%04d", i), fmt.Sprintf("ns-%04d", i)
		entry := inNamespaces(ns)
		if shares := i%8 == 0 || i%2 == 1; shares {
			ns = fmt.Sprintf("ns-%04d", i/8*8)
			entry = podsIn(sel("cell="+name), ns)
		}
		if i%2 == 0 {
			s.Namespaces = append(s.Namespaces, namespace(ns, "scope=ot"))
		}
		s.Zones = append(s.Zones, zone(name, of(entry), assetsOf("in="+name)))
		address := v1alpha1.AssetAddress(fmt.Sprintf("10.%d.%d.1", 100+i/250, i%250))
		s.Assets = append(s.Assets, asset("asset-"+name, "in="+name, address))
		for p := range 20 {
			s.Pods = append(s.Pods, Pod{Namespace: ns, Name: fmt.Sprintf("%s-%d", name, p), Labels: set("cell=" + name + ",app=a")})
		}
		for c := range 10 {
			s.Conduits = append(s.Conduits, conduit(fmt.Sprintf("%s-%d", name, c), name, fmt.Sprintf("zone-%04d", (i+c+1)%zones)))
		}
	}
	return s
}

func BenchmarkResolve(b *testing.B) {
	for _, zones := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("zones=%d", zones), func(b *testing.B) {
			s := largeSite(zones)
			if m := Resolve(s); len(m.Zones) != zones || len(m.Conduits) != 10*zones {
				b.Fatalf("%d zones and %d conduits are in force", len(m.Zones), len(m.Conduits))
			}
			b.ReportAllocs()
			for b.Loop() {
				Resolve(s)
			}
		})
	}
}
