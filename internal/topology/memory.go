// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// Memory makes the cost of resolving a site again follow what changed in it. It
// never changes the result: what is remembered of a conduit is used only while
// the conduit, its zones with their assets, the Site's rules, the services that
// are reachable from outside and the day are the same. The zero value remembers
// nothing yet. It is for one caller at a time.
type Memory struct {
	conduits map[types.UID]rememberedConduit
}

// rememberedConduit is a conduit that was accepted as declared.
type rememberedConduit struct {
	version  string // resourceVersion: of spec and status
	context  string
	built    *Conduit
	findings []v1alpha1.Finding
}

// Resolve is the package's Resolve, with memory.
func (m *Memory) Resolve(s Snapshot) *Model {
	r := newResolver(s)
	r.memory = m
	return r.resolve()
}

// recall returns the conduit as it was resolved before, seated in the zones of
// this model, or nil.
func (r *resolver) recall(d *v1alpha1.Conduit, c *conduitCandidate, context string) *Conduit {
	had, ok := r.memory.conduits[d.UID]
	if !ok || c.report.failed() || d.ResourceVersion == "" || had.version != d.ResourceVersion || had.context != context {
		return nil
	}
	c.report.findings = slices.Clone(had.findings)
	built := *had.built
	built.Initiator.Zone = r.inForce[built.Initiator.Zone.Name]
	built.Responders = slices.Clone(built.Responders)
	for i := range built.Responders {
		built.Responders[i].Zone = r.inForce[built.Responders[i].Zone.Name]
	}
	return &built
}

// keep remembers a conduit that is in force as declared.
func (r *resolver) keep(into map[types.UID]rememberedConduit, d *v1alpha1.Conduit, c *conduitCandidate, built *Conduit, context string) {
	if built == nil || c.kept || d.ResourceVersion == "" || context == "" {
		return
	}
	into[d.UID] = rememberedConduit{
		version: d.ResourceVersion, context: context, built: built, findings: slices.Clone(c.report.findings),
	}
}

// conduitContext is everything beside a conduit that its resolution depends on; ""
// when one of its zones is not in force.
func (r *resolver) conduitContext(d *v1alpha1.Conduit) string {
	if r.rulesPrint == "" {
		r.rulesPrint = fingerprint(r.site.model.Rules, r.today, r.snapshot.Services)
	}
	context := []string{r.rulesPrint}
	for _, name := range zonesOf(d) {
		z := r.inForce[name]
		if z == nil {
			return ""
		}
		if r.zonePrints[name] == "" {
			r.zonePrints[name] = fingerprint(z.Fingerprint, z.Level, z.Type, z.SL, z.Assets)
		}
		context = append(context, r.zonePrints[name])
	}
	return strings.Join(context, " ")
}

func zonesOf(d *v1alpha1.Conduit) []string {
	out := []string{d.Spec.Initiator.Zone}
	for _, e := range d.Spec.Responders {
		out = append(out, e.Zone)
	}
	return out
}
