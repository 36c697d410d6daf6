// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// fingerprint is a hash over the JSON of what a policy is made of. Backends reuse
// what they compiled for as long as it stays the same, which is what makes the
// cost of a change follow the change and not the plant.
func fingerprint(parts ...any) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, p := range parts {
		if err := enc.Encode(p); err != nil {
			// The parts are plain data of this package, so this is a bug here.
			panic(fmt.Sprintf("encoding %T: %v", p, err))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func siteFingerprint(s *Site) string {
	return fingerprint(s.UID, s.FailMode, s.DNS, s.API, s.Access)
}

func zoneFingerprint(z *Zone) string {
	return fingerprint(z.UID, z.Name, z.Enforce, z.InternalTraffic, z.DNS, z.APIServer,
		z.Workloads, z.HasAssets, z.Networks, z.Release)
}

// conduitFingerprint leans on the fingerprints of the zones, so that it is cheap
// for ten thousand conduits.
func conduitFingerprint(c *Conduit) string {
	parts := []any{c.UID, c.Name, c.Suspended, c.Ports, c.BothWays, endFingerprint(c.Initiator)}
	for _, r := range c.Responders {
		parts = append(parts, endFingerprint(r))
	}
	return fingerprint(parts...)
}

func endFingerprint(e End) []any {
	parts := []any{e.Zone.Name, e.Zone.Fingerprint, e.WholeZone}
	if e.Narrowed {
		parts = append(parts, e.Workloads, e.Networks)
	}
	return parts
}
