// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// admitAssets checks each asset by itself, and for what must be unique.
func (r *resolver) admitAssets() {
	for _, a := range r.snapshot.Assets {
		var good *v1alpha1.AssetSpec
		var generation int64
		if a.Status.LastGood != nil {
			good, generation = &a.Status.LastGood.Spec, a.Status.LastGood.Generation
		}
		c := newCandidate(KindAsset, a, &a.Spec, good, generation)
		r.assets = append(r.assets, c)
		r.assetByRef[c.ref] = c
		r.assetMeta[a.Name] = a
	}
	slices.SortFunc(r.assets, func(a, b *assetCandidate) int { return cmp.Compare(a.ref.Name, b.ref.Name) })
	for _, c := range r.assets {
		r.checkAsset(c)
		c.hold(r.snapshot.Held)
		if c.report.failed() {
			c.demote()
		}
	}
}

// labelsOf are the labels of an asset in force. Those of a version from before labels were
// kept with it are as declared.
func (r *resolver) labelsOf(c *assetCandidate) map[string]string {
	a := r.assetMeta[c.ref.Name]
	if c.kept && a.Status.LastGood.Labels != nil {
		return a.Status.LastGood.Labels
	}
	return a.Labels
}

func (r *resolver) checkAsset(c *assetCandidate) {
	for i, a := range c.spec.Addresses {
		path := fmt.Sprintf("spec.addresses[%d]", i)
		p, err := ParseNetwork(string(a))
		if err != nil {
			c.report.error(path, v1alpha1.ReasonInvalidNetwork, "%v", err)
			continue
		}
		if tooWideForAsset(p) {
			c.report.error(path, v1alpha1.ReasonWideNetwork,
				"%s is wider than one asset may be (/24, IPv6: /64); put it into the zone's members.assets.cidrs", p)
		}
		if own, in := r.site.inCluster(p); in {
			c.report.error(path, v1alpha1.ReasonClusterNetwork,
				"%s lies in the cluster's own network %s, so it is not a device outside it", p, own)
		}
	}
	if l := c.spec.Lifecycle; l != nil && l.EndOfSupport != nil && r.isPast(*l.EndOfSupport) &&
		l.Status != v1alpha1.LifecycleEndOfSupport {
		c.report.warn("spec.lifecycle.endOfSupport", v1alpha1.ReasonSupportEnded,
			"the vendor's support ended on %s; plan its replacement and set status: EndOfSupport, which keeps the office away from it",
			*l.EndOfSupport)
	}
}

func tooWideForAsset(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() < 24
	}
	return p.Bits() < 64
}

// isPast says that a day is over in the Site's time zone. Dates in this form
// compare as text.
func (r *resolver) isPast(d v1alpha1.Date) bool { return string(d) < r.today }

// demoteDuplicateTags: a plant tag names one device, or the CLI could reach for
// the wrong one. It says whether it demoted any: what an asset falls back to has
// a tag as well.
func (r *resolver) demoteDuplicateTags() bool {
	demoted := false
	byTag := map[string][]*assetCandidate{}
	for _, c := range r.assets {
		if c.spec != nil {
			byTag[c.spec.Tag] = append(byTag[c.spec.Tag], c)
		}
	}
	for tag, same := range byTag {
		slices.SortFunc(same, func(a, b *assetCandidate) int { return compareRanks(a.rank(), b.rank()) })
		for _, loser := range same[1:] {
			loser.report.error("spec.tag", v1alpha1.ReasonDuplicateTag,
				"tag %q is %s's already; a plant tag names one device", tag, same[0].ref.Name)
			loser.demote()
			demoted = true
		}
	}
	return demoted
}

// placeAssets says in which zone each asset in force is. One that two zones
// select stays where it is, else it goes to the zone of higher rank: without the
// first, the second zone would take it over as soon as it is accepted.
func (r *resolver) placeAssets() {
	r.assetZones = map[string]string{}
	index := newSelectorIndex(r.zones)
	for _, c := range r.assets {
		if c.spec == nil {
			continue
		}
		zones := index.matching(r.labelsOf(c))
		if len(zones) == 0 {
			continue
		}
		here := r.assetMeta[c.ref.Name].Status.Zone
		slices.SortFunc(zones, func(a, b *zoneCandidate) int {
			switch here {
			case a.ref.Name:
				return -1
			case b.ref.Name:
				return 1
			default:
				return compareRanks(a.rank(), b.rank())
			}
		})
		r.assetZones[c.ref.Name] = zones[0].ref.Name
		for _, other := range zones[1:] {
			c.report.warn("metadata.labels", v1alpha1.ReasonOverlap,
				"zone %q selects this asset too; it stays in zone %q", other.ref.Name, zones[0].ref.Name)
			other.report.warn("spec.members.assets.selector", v1alpha1.ReasonOverlap,
				"asset %q is selected, but stays in zone %q", c.ref.Name, zones[0].ref.Name)
		}
	}
}

// claims are the networks of every zone in force, each with the object that
// put it there.
func (r *resolver) claims() []networkClaim {
	var out []networkClaim
	for _, z := range r.zones {
		for i, p := range r.cidrs[z.ref.Name] {
			out = append(out, networkClaim{
				prefix: p, zone: z.ref.Name, source: z.ref, path: fmt.Sprintf("spec.members.assets.cidrs[%d]", i),
			})
		}
	}
	for _, a := range r.assets {
		zone, placed := r.assetZones[a.ref.Name]
		if a.spec == nil || !placed {
			continue
		}
		for i, s := range a.spec.Addresses {
			if p, err := ParseNetwork(string(s)); err == nil {
				claim := networkClaim{prefix: p, zone: zone, source: a.ref, path: fmt.Sprintf("spec.addresses[%d]", i)}
				if z := r.editThatMoved(a, zone); z != nil {
					claim.source, claim.path = z.ref, "spec.members.assets.selector"
				}
				out = append(out, claim)
			}
		}
	}
	return out
}

// editThatMoved returns the zone that an asset is in because of that zone's edit:
// the asset is as it was, and the zone took it in, or the one that had it let it go.
func (r *resolver) editThatMoved(a *assetCandidate, zone string) *zoneCandidate {
	if !a.rank().inForce {
		return nil
	}
	for _, name := range []string{zone, r.assetMeta[a.ref.Name].Status.Zone} {
		if z := r.zoneByName[name]; z != nil && z.spec != nil && !z.rank().inForce {
			return z
		}
	}
	return nil
}

// demoteOverlappingNetworks finds addresses that two zones hold. What put the
// address into the second one is demoted: an asset alone where it was an asset,
// so that its mistake does not take a zone along.
func (r *resolver) demoteOverlappingNetworks() bool {
	demoted := map[ObjectRef]bool{}
	for _, pair := range conflictingClaims(r.claims()) {
		winner, loser := pair[0], pair[1]
		if demoted[winner.source] || demoted[loser.source] {
			continue
		}
		if r.compareClaims(winner, loser) > 0 {
			winner, loser = loser, winner
		}
		r.demoteClaim(loser, winner)
		demoted[loser.source] = true
	}
	return len(demoted) > 0
}

// compareClaims sorts the one that wins first. Where both or neither are in
// force, a zone wins over an asset, whichever is older.
func (r *resolver) compareClaims(a, b networkClaim) int {
	ra, rb := r.claimRank(a), r.claimRank(b)
	if ra.inForce == rb.inForce && a.source.Kind != b.source.Kind {
		if a.source.Kind == KindZone {
			return -1
		}
		return 1
	}
	return compareRanks(ra, rb)
}

// claimRank is the rank of what makes the claim. An asset whose labels moved it
// into another zone is not in force there, although its spec is.
func (r *resolver) claimRank(c networkClaim) rank {
	if c.source.Kind == KindZone {
		return r.zoneByName[c.source.Name].rank()
	}
	out := r.assetByRef[c.source].rank()
	out.inForce = out.inForce && r.assetMeta[c.source.Name].Status.Zone == c.zone
	return out
}

func (r *resolver) demoteClaim(loser, winner networkClaim) {
	const format = "%s overlaps with %s of %s in zone %q; an address can be in one zone only"
	args := []any{loser.prefix, winner.prefix, winner.source, winner.zone}
	if loser.source.Kind == KindZone {
		c := r.zoneByName[loser.source.Name]
		c.report.error(loser.path, v1alpha1.ReasonOverlap, format, args...)
		c.demote()
		return
	}
	c := r.assetByRef[loser.source]
	c.report.error(loser.path, v1alpha1.ReasonOverlap, format, args...)
	c.demote()
}

// assetsByZone builds the assets in force, by zone, sorted by name, and warns of
// addresses that two of them have without saying so.
func (r *resolver) assetsByZone() map[string][]*Asset {
	out := map[string][]*Asset{}
	first := map[netip.Prefix]*assetCandidate{}
	for _, c := range r.assets {
		if c.spec == nil {
			continue
		}
		a := r.buildAsset(c, first)
		if zone := r.assetZones[a.Name]; zone != "" {
			out[zone] = append(out[zone], a)
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b *Asset) int { return strings.Compare(a.Name, b.Name) })
	}
	return out
}

// buildAsset builds one asset in force. first knows who has an address already.
func (r *resolver) buildAsset(c *assetCandidate, first map[netip.Prefix]*assetCandidate) *Asset {
	a := &Asset{
		Name: c.ref.Name, Tag: c.spec.Tag, Labels: r.labelsOf(c),
		Obsolete: c.spec.Lifecycle != nil && c.spec.Lifecycle.Status == v1alpha1.LifecycleEndOfSupport,
	}
	for i, s := range c.spec.Addresses {
		p, err := ParseNetwork(string(s))
		if err != nil {
			continue
		}
		a.Addresses = append(a.Addresses, p)
		if other := first[p]; other != nil && !(c.spec.SharedAddress && other.spec.SharedAddress) {
			c.report.warn(fmt.Sprintf("spec.addresses[%d]", i), v1alpha1.ReasonDuplicateAddress,
				"%s is %s's address too; if both sit behind it, say sharedAddress: true on both", p, other.ref.Name)
		} else if other == nil {
			first[p] = c
		}
	}
	slices.SortFunc(a.Addresses, comparePrefixes)
	return a
}
