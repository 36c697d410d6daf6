// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// statusMemory knows the conduits whose status needed no write, and what it was
// made of. A plant has ten conduits for each zone, and nearly all stay as they are.
type statusMemory map[types.UID]statusBasis

// statusBasis is all that the status of a conduit without findings depends on, if
// it is not suspended.
type statusBasis struct {
	version     string
	fingerprint string
	backend     v1alpha1.Backend
	// blocked is what others refuse of it.
	blocked string
}

// stands says that a conduit's status needs no look.
func (m statusMemory) stands(o *outcome, d *v1alpha1.Conduit) bool {
	basis, plain := basisOf(o, d)
	return plain && m[d.UID] == basis
}

// note remembers that a conduit's status is as it should be.
func (m *statusMemory) note(o *outcome, d *v1alpha1.Conduit) {
	if *m == nil {
		*m = statusMemory{}
	}
	if basis, plain := basisOf(o, d); plain {
		(*m)[d.UID] = basis
	}
}

// forget starts anew when most of what is remembered is of conduits that are gone.
func (m *statusMemory) forget(conduits int) {
	if len(*m) > 2*conduits+64 {
		*m = nil
	}
}

// basisOf is the basis of a conduit that is in force as declared, open, written,
// and without anything to say about it; plain is false for every other.
func basisOf(o *outcome, d *v1alpha1.Conduit) (basis statusBasis, plain bool) {
	ref := topology.ObjectRef{Kind: topology.KindConduit, Name: d.Name}
	model, v := o.conduits[d.Name], o.model.Verdicts[ref]
	plain = model != nil && !model.Suspended && v.Accepted() && len(v.Findings) == 0 && o.held == "" && o.backend.usable() &&
		len(o.set.Findings[ref]) == 0 && len(o.result.Failed[ref]) == 0 && o.refused[ref] == ""
	if !plain {
		return statusBasis{}, false
	}
	blocked, _ := o.blockedBy(d.Name)
	return statusBasis{version: d.ResourceVersion, fingerprint: model.Fingerprint, backend: o.backend.chosen, blocked: blocked}, true
}
