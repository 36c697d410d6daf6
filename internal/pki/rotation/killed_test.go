// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// slow is a world in which everything takes as long as it may.
func slow(label string, low, high int) int {
	if label == "lag" || label == "takes" {
		return high
	}
	return low
}

// standing is a site in which everything has come to rest, with each policy on both sides.
func standing(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, slow)
	w.addZone("a", rotation.Here)
	w.addZone("b", rotation.Here)
	w.conduits[pair("a", "b")] = w.now
	w.add("a", rotation.Restart, 0, 2, rotation.Peer{Name: "plc", Lists: rotation.ListsAuthority})
	w.add("b", rotation.Signal, 1, 1, rotation.Peer{Name: "hmi", Lists: rotation.ListsCertificate})
	w.add("b", rotation.None, 0, 1)
	w.add("a", rotation.Restart, 1, 1).Probe = &rotation.Probe{}
	w.rest()
	return w
}

// killed goes on for days, is killed after one write, or after each, and goes on.
func killed(w *world, after int) (writes int) {
	for hour := range 24 * 4 {
		for range 30 {
			_, n := w.control(func(of int) int {
				if after < 0 {
					return min(of, 1)
				}
				if writes <= after && after < writes+of {
					return after - writes + 1
				}
				return of
			})
			if after < 0 {
				n = min(n, 1)
			} else if writes <= after && after < writes+n {
				n = after - writes + 1
			}
			if writes += n; n == 0 {
				break
			}
		}
		w.acknowledge()
		if hour%12 == 5 {
			w.replace(w.plants[2])
		}
		w.pass(w.now.Add(time.Hour))
	}
	return writes
}

// TestKilledAfterEachWrite: of a rotation of leaves and of one of authorities, each write
// may be the last before the controller is killed.
func TestKilledAfterEachWrite(t *testing.T) {
	for name, begin := range map[string]func(*world){
		"leaves": func(w *world) {
			for _, p := range w.plants {
				p.Asked = p.Secret.Leaf.Fingerprint
			}
		},
		"authorities": func(w *world) {
			for _, z := range w.zones {
				z.Asked = z.Authorities[0].ID
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := standing(t)
			begin(w)
			all := killed(w, 1<<30)
			for after := -1; after < all; after++ {
				w := standing(t)
				was := fmt.Sprint(serials(w))
				begin(w)
				killed(w, after)
				w.rest()
				if is := fmt.Sprint(serials(w)); is == was {
					t.Fatalf("killed after write %d: nothing rotated: %s", after, is)
				}
			}
			t.Logf("killed after each of %d writes, and after every one", all)
		})
	}
}

func serials(w *world) []string {
	var out []string
	for _, p := range w.plants {
		out = append(out, p.Secret.Leaf.Serial)
	}
	return out
}
