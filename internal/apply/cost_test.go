// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"strings"
	"testing"

	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/policy/networkpolicy"
)

// cost is how many writes a change takes, and how many times it waits for agents.
type cost struct{ writes, waits int }

// The plants of which a change is measured: three zones, each with pods in two cells,
// two conduits to the third zone.
var (
	plainPlant   = plantOf(zoneSpec{there: true, enforce: true, internal: true})
	devicesPlant = plantOf(zoneSpec{there: true, enforce: true, internal: true, devices: true})
)

func plantOf(zone zoneSpec) declaration {
	link := func(from, to int) linkSpec {
		return linkSpec{there: true, from: endSpec{zone: from}, to: endSpec{zone: to}, more: endSpec{zone: to}, ports: 1}
	}
	return declaration{
		cell: [...]int{0, 0, 1, 1, 2, 2}, device: [...]int{0, 1, 2}, zones: [...]zoneSpec{zone, zone, zone},
		links: [...]linkSpec{link(0, 2), link(1, 2), {}},
	}
}

func restDenied(d declaration) declaration {
	d.denyRest = true
	return d
}

func guardedBy(d declaration) declaration {
	d.guarded = true
	return d
}

// TestWritesOfAChange holds what changes cost. On NetworkPolicy zone 1 has pods in two
// namespaces, the others in one each.
func TestWritesOfAChange(t *testing.T) {
	tests := []struct {
		name          string
		before        declaration
		edit          func(*declaration)
		cilium, plain cost
	}{
		{"nothing", plainPlant, func(*declaration) {}, cost{0, 0}, cost{0, 0}},
		{"a conduit's ports", plainPlant, func(d *declaration) { d.links[0].ports = 2 }, cost{1, 0}, cost{2, 0}},
		{"a zone's services", plainPlant, func(d *declaration) { d.zones[0].dns = true }, cost{1, 0}, cost{1, 0}},
		{"the services of a zone in two namespaces", plainPlant, func(d *declaration) { d.zones[1].dns = true }, cost{1, 0}, cost{2, 0}},
		{"a conduit comes", plainPlant, func(d *declaration) {
			d.links[2] = linkSpec{there: true, from: endSpec{zone: 0}, to: endSpec{zone: 1}, more: endSpec{zone: 1}, ports: 1}
		}, cost{1, 0}, cost{3, 0}},
		{"a conduit goes", plainPlant, func(d *declaration) { d.links[1].there = false }, cost{1, 0}, cost{3, 0}},
		{"a conduit is narrowed to an application", plainPlant, func(d *declaration) { d.links[0].from.narrow = 1 }, cost{1, 0}, cost{3, 0}},
		{"two conduits' ports", plainPlant, func(d *declaration) { d.links[0].ports, d.links[1].ports = 2, 2 }, cost{4, 0}, cost{10, 0}},
		{"a device", devicesPlant, func(d *declaration) { d.device[0] = 1 }, cost{2, 0}, cost{10, 0}},
		{"a cell", plainPlant, func(d *declaration) { d.cell[1] = 1 }, cost{8, 0}, cost{14, 0}},
		{"a cell, pods of no zone are denied", restDenied(plainPlant), func(d *declaration) { d.cell[1] = 1 }, cost{12, 0}, cost{14, 0}},
		{"a cell and a device", devicesPlant, func(d *declaration) { d.cell[1], d.device[0] = 1, 1 }, cost{14, 4}, cost{14, 0}},
		{"a zone is observed", plainPlant, func(d *declaration) { d.zones[0].enforce = false }, cost{1, 0}, cost{4, 0}},
		{"a zone is enforced", observed(plainPlant), func(d *declaration) { d.zones[0].enforce = true }, cost{1, 0}, cost{4, 0}},
		{"a zone of devices and pods comes with a conduit", without(devicesPlant), func(d *declaration) { d.zones[0].there = true }, cost{3, 1}, cost{5, 0}},
		{"a conduit's ports, guarded", guardedBy(plainPlant), func(d *declaration) { d.links[0].ports = 2 }, cost{6, 0}, cost{2, 0}},
		{"a zone comes beside one guarded", guardedBy(without(observedSecond(plainPlant))), func(d *declaration) { d.zones[0].there = true }, cost{5, 0}, cost{5, 0}},
		{"a device, guarded", guardedBy(devicesPlant), func(d *declaration) { d.device[0] = 1 }, cost{2, 0}, cost{10, 0}},
	}
	for _, tt := range tests {
		for backend, want := range map[policy.Backend]cost{cilium.Backend{}: tt.cilium, networkpolicy.Backend{}: tt.plain} {
			t.Run(tt.name+", "+nameOf(backend), func(t *testing.T) {
				m := mode{old: backend, wanted: backend, before: tt.before, after: tt.before}
				tt.edit(&m.after)
				requireCost(t, m, want)
			})
		}
	}
}

func nameOf(b policy.Backend) string {
	if b == (cilium.Backend{}) {
		return "Cilium"
	}
	return "NetworkPolicy"
}

func observed(d declaration) declaration {
	d.zones[0].enforce = false
	return d
}

func observedSecond(d declaration) declaration {
	d.zones[1].enforce = false
	return d
}

func without(d declaration) declaration {
	d.zones[0].there = false
	return d
}

func requireCost(t *testing.T, m mode, want cost) {
	t.Helper()
	s := m.store()
	s.pass(t.Context(), m.input(), s.writer(), m.after)
	have := cost{s.writes, len(s.log) - s.writes}
	if have != want {
		t.Errorf("%+v, want %+v:\n%s", have, want, strings.Join(s.log, "\n"))
	}
}

// TestWritesOfAnotherBackend: everything is written once and removed once.
func TestWritesOfAnotherBackend(t *testing.T) {
	for name, d := range map[string]declaration{"plain": plainPlant, "with devices": devicesPlant} {
		t.Run(name, func(t *testing.T) {
			both := [...]policy.Backend{cilium.Backend{}, networkpolicy.Backend{}}
			n := len(d.compiled(nil, both[0])) + len(d.compiled(nil, both[1]))
			waits := 1
			if name == "with devices" {
				waits = 2
			}
			requireCost(t, mode{old: both[0], wanted: both[1], before: d, after: d}, cost{n, waits})
			requireCost(t, mode{old: both[1], wanted: both[0], before: d, after: d}, cost{n, waits})
		})
	}
}
