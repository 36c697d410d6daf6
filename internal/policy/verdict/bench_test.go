// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict_test

import (
	"fmt"
	"net/netip"
	"strconv"
	"testing"

	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

const (
	zones    = 1000
	conduits = 10000
	perZone  = 5
)

// large is a site of a thousand zones and ten thousand conduits, each tenth of
// which leads to zone 0. The objects are as the compiler for Cilium makes them.
func large() verdict.Cluster {
	c := verdict.Cluster{Namespaces: map[string]map[string]string{}}
	of := func(zone int) map[string]any {
		return map[string]any{"matchLabels": map[string]any{"k8s:io.kubernetes.pod.namespace": fmt.Sprintf("ns-%d", zone)}}
	}
	for z := range zones {
		namespace := fmt.Sprintf("ns-%d", z)
		c.Namespaces[namespace] = map[string]string{"kubernetes.io/metadata.name": namespace}
		for i := range perZone {
			c.Pods = append(c.Pods, verdict.Pod{
				Namespace: namespace, Name: strconv.Itoa(i), Labels: map[string]string{"app": "hmi", "tier": strconv.Itoa(i)},
				Addresses: []netip.Addr{addressOf(z, i)},
			})
		}
		c.Objects = append(c.Objects, policyObject("zone-"+namespace, map[string]any{
			"endpointSelector": of(z), "enableDefaultDeny": map[string]any{"ingress": true, "egress": true},
			"ingress": []any{map[string]any{"fromEntities": []any{"host"}}, map[string]any{"fromEndpoints": []any{of(z)}}},
			"egress":  []any{map[string]any{"toEndpoints": []any{of(z)}}},
		}))
	}
	open := map[string]any{"ingress": false, "egress": false}
	for i := range conduits {
		from, to := i%zones, (i*7+i/zones+1)%zones
		if i%10 == 0 {
			to = 0
		}
		ports := []any{map[string]any{"ports": []any{map[string]any{"port": "4840", "protocol": "TCP"}}}}
		c.Objects = append(c.Objects, policyObject(fmt.Sprintf("conduit-%d", i),
			map[string]any{"endpointSelector": of(from), "enableDefaultDeny": open, "egress": []any{
				map[string]any{"toEndpoints": []any{of(to)}, "toPorts": ports},
			}},
			map[string]any{"endpointSelector": of(to), "enableDefaultDeny": open, "ingress": []any{
				map[string]any{"fromEndpoints": []any{of(from)}, "toPorts": ports},
			}}))
	}
	return c
}

func policyObject(name string, specs ...any) map[string]any {
	return map[string]any{
		"apiVersion": "cilium.io/v2", "kind": "CiliumClusterwideNetworkPolicy",
		"metadata": map[string]any{"name": name, "uid": name, "resourceVersion": "1"}, "specs": specs,
	}
}

func addressOf(zone, i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(zone >> 8), byte(zone), byte(i + 1)})
}

func BenchmarkNew(b *testing.B) {
	c := large()
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			verdict.New(c)
		}
	})
	b.Run("one object changed", func(b *testing.B) {
		b.ReportAllocs()
		var p verdict.Parser
		p.Rules(c)
		metadata := c.Objects[zones]["metadata"].(map[string]any)
		for i := 0; b.Loop(); i++ {
			metadata["resourceVersion"] = strconv.Itoa(i)
			p.Rules(c)
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	rules := verdict.New(large())
	for name, f := range map[string]verdict.Flow{
		"admitted":         {Source: addressOf(1, 0), Destination: addressOf(8, 1), Transport: protocol.TCP, Port: 4840},
		"refused":          {Source: addressOf(1, 0), Destination: addressOf(500, 1), Transport: protocol.TCP, Port: 4840},
		"another port":     {Source: addressOf(1, 0), Destination: addressOf(8, 1), Transport: protocol.TCP, Port: 22},
		"at a hub":         {Source: addressOf(10, 0), Destination: addressOf(0, 1), Transport: protocol.TCP, Port: 4840},
		"refused at one":   {Source: addressOf(11, 0), Destination: addressOf(0, 1), Transport: protocol.TCP, Port: 4840},
		"from the outside": {Source: netip.MustParseAddr("198.51.100.1"), Destination: addressOf(8, 1), Transport: protocol.TCP, Port: 4840},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rules.Judge(f)
			}
		})
	}
}

// BenchmarkFirstJudge is what the first flow of a pod costs.
func BenchmarkFirstJudge(b *testing.B) {
	c := large()
	rules, next := verdict.New(c), 0
	for b.Loop() {
		if next == len(c.Pods) {
			b.StopTimer()
			rules, next = verdict.New(c), 0
			b.StartTimer()
		}
		rules.Floors(c.Pods[next].Addresses[0])
		next++
	}
}
