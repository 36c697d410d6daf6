// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNeighboursAreReached: of those whom nothing tells apart from the one that was taken
// over, all but itself are reached, by whatever way there is.
func TestNeighboursAreReached(t *testing.T) {
	const closed = ", internalTraffic: Deny"
	relay := zone("relay", "") + "\n---\n" + conduit("cell", "relay") + "\n---\n" + pod("relay", "broker")
	tests := map[string]struct {
		documents []string
		from      string
		// want is whom of the starter's zone, after how many connections.
		want map[string]int
	}{
		"within the zone":           {[]string{zone("cell", ""), pod("cell", "hmi"), pod("cell", "plc-gateway")}, "cell/hmi", map[string]int{"cell/plc-gateway": 1}},
		"nobody beside it":          {[]string{zone("cell", ""), deployment("cell", "hmi", 1)}, "cell/hmi", map[string]int{}},
		"a replica of its own":      {[]string{zone("cell", ""), deployment("cell", "hmi", 2)}, "cell/hmi", map[string]int{"cell/hmi-1": 1}},
		"from the second replica":   {[]string{zone("cell", ""), deployment("cell", "hmi", 2)}, "cell/hmi-1", map[string]int{"cell/hmi-0": 1}},
		"nothing within the zone":   {[]string{zone("cell", closed), pod("cell", "hmi"), pod("cell", "plc-gateway")}, "cell/hmi", map[string]int{}},
		"there and not back":        {[]string{zone("cell", closed), pod("cell", "hmi"), pod("cell", "plc-gateway"), relay}, "cell/hmi", map[string]int{}},
		"there and back":            {[]string{zone("cell", closed), pod("cell", "hmi"), pod("cell", "plc-gateway"), relay, conduit("relay", "cell")}, "cell/hmi", map[string]int{"cell/plc-gateway": 2}},
		"back to nobody but itself": {[]string{zone("cell", closed), pod("cell", "hmi"), relay, conduit("relay", "cell")}, "cell/hmi", map[string]int{}},
		"in no zone":                {[]string{zone("cell", ""), pod("other", "a"), pod("other", "b")}, "other/a", map[string]int{"other/b": 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := declared(t, append([]string{hall("")}, tt.documents...)...)
			v := viewOf(p)
			from, err := find(p, v, tt.from)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int{}
			for i, step := range blast(p, v, from).Steps {
				for _, r := range step {
					for _, member := range r.Members {
						if r.Zone == v.ZoneName(from.place) {
							got[member] = i + 1
						}
					}
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
