// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"testing"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
)

// The floor of a zone denies its devices, which only the group lets in.
func TestFloorWaitsForItsGroup(t *testing.T) {
	s := newServer(t)
	s.fails["apply zone-g"] = errRefused
	s.carry(&apply.Plan{Groups: create(group("g", 1)), Floors: create(policy.NewObject(networkPolicy("floor-g", 1), policy.PartFloor, zoneRef("g"), uid, nil))}, nil)
	s.wantWrites("apply zone-g")
}
