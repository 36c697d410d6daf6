// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package networkpolicy

import "strconv"

// The parts of a name are joined by dots. Names of zones and conduits are full of
// hyphens, and joined by hyphens the second entry of zone "cell" and the floor of
// zone "cell-2" would be one object.
const joint = "."

// floorName is zone-NAME, and zone-NAME.2 for the zone's second workloads entry.
func floorName(zone string, entry int) string {
	return "zone-" + zone + nth(entry)
}

// restName names the policy for pods in no zone.
func restName(zone string) string {
	return "zone-" + zone + joint + "rest"
}

// outName names a conduit's policy at its initiator.
func outName(conduit string, entry int) string {
	return "conduit-" + conduit + joint + "out" + nth(entry)
}

// inName names a conduit's policy at a responder.
func inName(conduit, zone string, entry int) string {
	return "conduit-" + conduit + joint + "in" + joint + zone + nth(entry)
}

// nth counts workloads entries as people do, and says nothing for the first.
func nth(entry int) string {
	if entry == 0 {
		return ""
	}
	return joint + strconv.Itoa(entry+1)
}
