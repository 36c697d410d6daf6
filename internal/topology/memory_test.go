// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"
)

// versioned gives every conduit a UID and a resourceVersion that changes with its
// content, as the API server does.
func versioned(t *rapid.T, s Snapshot) Snapshot {
	s = deepCopy(s)
	for _, c := range s.Conduits {
		c.UID = types.UID("uid-" + c.Name)
		c.ResourceVersion = ""
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		h := fnv.New64a()
		_, _ = h.Write(raw)
		c.ResourceVersion = fmt.Sprint(h.Sum64())
	}
	return s
}

// TestMemoryChangesNothing resolves a history of edits with memory and without.
func TestMemoryChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := generator{t}
		s := g.objects()
		var memory Memory
		for range 6 {
			now := versioned(t, s)
			fresh := Resolve(now)
			if diff := cmp.Diff(fresh, memory.Resolve(now), equateNetworks); diff != "" {
				t.Fatalf("memory changed the model:\n%s", diff)
			}
			persist(s, fresh)
			if g.rarely("time passes", 3) {
				s.Now = s.Now.AddDate(10, 0, 0)
			}
			g.editOne(&s)
		}
	})
}

// TestMemoryIsUsed: every conduit in force as declared is remembered, or the
// property above would hold for a memory that is always empty.
func TestMemoryIsUsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := versioned(t, generator{t}.objects())
		var memory Memory
		m := memory.Resolve(s)
		for _, c := range m.Conduits {
			if _, ok := memory.conduits[types.UID("uid-"+c.Name)]; !ok && !c.Kept {
				t.Fatalf("conduit %s is in force and not remembered", c.Name)
			}
		}
	})
}
