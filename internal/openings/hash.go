// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package openings

import (
	"fmt"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// HashPrefix is before the digits of a hash.
const HashPrefix = "sha256:"

// declared is what an approval is of.
type declared struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	Spec any    `json:"spec"`
	// Labels of an asset, which decide in which zone it is.
	Labels map[string]string `json:"labels,omitempty"`
}

// hash is spec.of.specHash of an Approval: "sha256:" and 64 hexadecimal digits.
func (d declared) hash() (string, error) {
	h, err := audit.HashJSON(d)
	if err != nil {
		return "", fmt.Errorf("hashing %s %s: %w", d.Kind, d.Name, err)
	}
	return HashPrefix + h.String(), nil
}

// HashZone is the hash by which a zone as declared is approved.
func HashZone(z *v1alpha1.Zone) (string, error) {
	return declared{Kind: topology.KindZone, Name: z.Name, Spec: z.Spec}.hash()
}

// HashConduit is the hash by which a conduit as declared is approved.
func HashConduit(c *v1alpha1.Conduit) (string, error) {
	return declared{Kind: topology.KindConduit, Name: c.Name, Spec: c.Spec}.hash()
}

// HashAsset is the hash by which an asset as declared is approved, labels included.
func HashAsset(a *v1alpha1.Asset) (string, error) {
	return declared{Kind: topology.KindAsset, Name: a.Name, Spec: a.Spec, Labels: a.Labels}.hash()
}
