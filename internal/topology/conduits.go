// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// resolveConduits checks every conduit and returns those in force, by name.
func (r *resolver) resolveConduits() []*Conduit {
	var out []*Conduit
	reports := map[string]*conduitCandidate{}
	remembered := make(map[types.UID]rememberedConduit, len(r.snapshot.Conduits))
	for _, d := range r.snapshot.Conduits {
		c := conduitCandidateOf(d)
		reports[d.Name] = c
		c.hold(r.snapshot.Held)
		context := r.conduitContext(d)
		built := r.recall(d, c, context)
		if built == nil {
			if built = r.resolveConduit(c); built != nil {
				built.Fingerprint = conduitFingerprint(built)
			}
		}
		r.keep(remembered, d, c, built, context)
		if built != nil {
			out = append(out, built)
		}
	}
	r.memory.conduits = remembered
	slices.SortFunc(out, func(a, b *Conduit) int { return cmp.Compare(a.Name, b.Name) })
	for _, broken := range protocolsThroughDMZ(out) {
		reports[broken.conduit].report.warn("spec.flows", v1alpha1.ReasonNoProtocolBreak,
			"%s goes into DMZ zone %q by this conduit and on by conduit %q with the same protocol and the same workloads, so the DMZ breaks nothing; end it at a replica or a broker there",
			broken.protocol, broken.dmz, broken.other)
	}
	for _, c := range reports {
		r.verdicts[c.ref] = c.verdict()
	}
	return out
}

func conduitCandidateOf(d *v1alpha1.Conduit) *conduitCandidate {
	var good *v1alpha1.ConduitSpec
	var generation int64
	if d.Status.LastGood != nil {
		good, generation = &d.Status.LastGood.Spec, d.Status.LastGood.Generation
	}
	return newCandidate(KindConduit, d, &d.Spec, good, generation)
}

// resolveConduit returns the conduit in force, or nil. All rules are checked, so
// that a user sees every finding at once.
func (r *resolver) resolveConduit(c *conduitCandidate) *Conduit {
	built := r.buildConduit(c, &c.report)
	if built != nil {
		r.checkRules(c.spec, built, &c.report)
	}
	if !c.report.failed() {
		return built
	}
	suspended := c.spec.Suspended
	c.demote()
	if c.spec == nil {
		return nil
	}
	// What was accepted stays in force whatever the rules say today; only what
	// it names must still be there.
	built = r.buildConduit(c, &report{})
	if built == nil {
		c.spec = nil
		return nil
	}
	built.Kept = true
	// Closing holds whatever else is wrong with the edit that closes.
	built.Suspended = built.Suspended || suspended
	return built
}

// buildConduit resolves what the spec names. It returns nil when a zone is not in
// force; everything else that is missing is left out and reported.
func (r *resolver) buildConduit(c *conduitCandidate, rep *report) *Conduit {
	spec := c.spec
	flows := resolveFlows(spec.Flows, rep)
	initiator, ok := r.resolveEnd("spec.initiator", spec.Initiator, rep)
	responders := make([]End, 0, len(spec.Responders))
	for i, d := range spec.Responders {
		end, found := r.resolveEnd(fmt.Sprintf("spec.responders[%d]", i), d, rep)
		ok = ok && found
		responders = append(responders, end)
	}
	if !ok {
		return nil
	}
	built := &Conduit{
		Name: c.ref.Name, UID: c.uid,
		Initiator: initiator, Responders: responders,
		Flows: flows, Data: spec.Data, Suspended: spec.Suspended,
	}
	built.Ports, built.BothWays = portsOf(flows)
	if spec.ExternalEnforcement != nil {
		built.External = spec.ExternalEnforcement.Device
	}
	return built
}

// resolveEnd resolves one end. ok is false when its zone is not in force.
func (r *resolver) resolveEnd(path string, d v1alpha1.ConduitEnd, rep *report) (end End, ok bool) {
	z := r.inForce[d.Zone]
	if z == nil {
		if _, declared := r.zoneByName[d.Zone]; declared {
			rep.error(path+".zone", v1alpha1.ReasonZoneNotAccepted, "zone %q is not accepted; see its own conditions", d.Zone)
		} else {
			rep.error(path+".zone", v1alpha1.ReasonZoneNotFound, "there is no zone %q", d.Zone)
		}
		return End{}, false
	}
	whole := d.Workloads == nil && d.Assets == nil
	end = End{Zone: z, WholeZone: whole, Narrowed: !whole}
	if whole {
		end.Workloads, end.Networks = z.Workloads, z.Networks
	}
	if d.Workloads != nil {
		end.Workloads = narrowWorkloads(path, z, d.Workloads, rep)
	}
	if len(end.Workloads) > 0 && d.Workloads != nil {
		r.checkNarrowingKeys(path, z, d.Workloads, rep)
	}
	if d.Assets != nil {
		end.Networks = r.narrowAssets(path, z, d.Assets, rep)
	}
	if len(end.Workloads) == 0 && len(end.Networks) == 0 {
		rep.warn(path, v1alpha1.ReasonEmptyEnd, "nothing in zone %q is meant by this end now, so nothing passes", d.Zone)
	}
	return end, true
}

// narrowWorkloads joins the end's selector to each entry of the zone.
func narrowWorkloads(path string, z *Zone, s *metav1.LabelSelector, rep *report) []Workloads {
	if len(z.Workloads) == 0 {
		rep.error(path+".workloads", v1alpha1.ReasonEmptyEnd, "zone %q has no workloads to narrow to", z.Name)
		return nil
	}
	if !checkSelector(path+".workloads", s, rep) {
		return nil
	}
	out := make([]Workloads, 0, len(z.Workloads))
	for _, w := range z.Workloads {
		w.PodSelectors = append(slices.Clone(w.PodSelectors), s)
		w.DenyRest = false
		out = append(out, w)
	}
	return out
}

// checkNarrowingKeys warns of keys that nobody guards: whoever may label pods of the zone
// takes part in the conduit.
func (r *resolver) checkNarrowingKeys(path string, z *Zone, s *metav1.LabelSelector, rep *report) {
	for _, k := range SelectorKeys(s) {
		if !slices.Contains(r.site.zoneLabelKeys, k) {
			rep.warn(path+".workloads", v1alpha1.ReasonZoneLabelKey,
				"label key %q is not in the Site's zoneLabelKeys %v, so whoever may label pods in zone %q decides which of them this end means; add it there to have it guarded",
				k, r.site.zoneLabelKeys, z.Name)
		}
	}
}

// narrowAssets returns the networks of the assets that the end names.
func (r *resolver) narrowAssets(path string, z *Zone, s *v1alpha1.AssetSelection, rep *report) []netip.Prefix {
	if !z.HasAssets {
		rep.error(path+".assets", v1alpha1.ReasonEmptyEnd, "zone %q has no assets to narrow to", z.Name)
		return nil
	}
	var out []netip.Prefix
	if s.Selector != nil {
		if !checkSelector(path+".assets.selector", s.Selector, rep) {
			return nil
		}
		for _, a := range z.Assets {
			if matches(s.Selector, a.Labels) {
				out = append(out, a.Addresses...)
			}
		}
		return mergeNetworks(out)
	}
	for _, name := range s.Names {
		i := slices.IndexFunc(z.Assets, func(a *Asset) bool { return a.Name == name })
		if i >= 0 {
			out = append(out, z.Assets[i].Addresses...)
			continue
		}
		r.reportMissingAsset(path+".assets.names", name, z, rep)
	}
	return mergeNetworks(out)
}

func (r *resolver) reportMissingAsset(path, name string, z *Zone, rep *report) {
	if r.assetByRef[ObjectRef{Kind: KindAsset, Name: name}] == nil {
		rep.error(path, v1alpha1.ReasonAssetNotFound, "there is no asset %q", name)
		return
	}
	where := "in no zone"
	if other := r.assetZones[name]; other != "" {
		where = fmt.Sprintf("in zone %q", other)
	}
	rep.error(path, v1alpha1.ReasonAssetNotInZone, "asset %q is %s, not in %q", name, where, z.Name)
}
