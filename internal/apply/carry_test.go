// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"testing"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// The floor of a zone denies its devices, which only the group lets in.
func TestFloorWaitsForItsGroup(t *testing.T) {
	s := newServer(t)
	s.fails["apply zone-g"] = errRefused
	s.carry(&apply.Plan{Groups: create(group("g", 1)), Floors: create(policy.NewObject(networkPolicy("floor-g", 1), policy.PartFloor, zoneRef("g"), uid, nil))}, nil)
	s.wantWrites("apply zone-g")
}

// The floor still stands: without its allow the zone's traffic is cut.
func TestAllowStaysUntilTheZoneIsOpen(t *testing.T) {
	s := newServer(t)
	s.fails["apply zone-a"] = errRefused
	open := update(floor("a", 0))
	s.carry(&apply.Plan{Transitions: list(open), Removals: list(replace(allow("c", 1)))}, map[string][]topology.ObjectRef{"a": {conduitRef("c")}})
	s.wantWrites("apply zone-a")
}

// The first allow isolates: with the zone's name taken, what the conduit does not name is cut.
func TestAllowWaitsForTheOpenFloor(t *testing.T) {
	s := newServer(t)
	s.live["zone-a"] = map[string]string{}
	s.carry(&apply.Plan{Transitions: create(floor("a", 0)), Conduits: create(allow("c", 1)), Floors: create(floor("a", 1))}, map[string][]topology.ObjectRef{"a": {conduitRef("c")}})
	s.wantWrites()
}
