// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

type (
	zoneCandidate    = candidate[v1alpha1.ZoneSpec]
	assetCandidate   = candidate[v1alpha1.AssetSpec]
	conduitCandidate = candidate[v1alpha1.ConduitSpec]
)

// resolver carries one resolution from the snapshot to the model.
type resolver struct {
	snapshot Snapshot
	today    string // in the Site's time zone
	site     *siteContext
	verdicts map[ObjectRef]*Verdict

	namespaces map[string]Namespace
	zones      []*zoneCandidate
	zoneMeta   map[string]*v1alpha1.Zone
	zoneByName map[string]*zoneCandidate
	members    map[string][]Workloads // by zone, as in force
	cidrs      map[string][]netip.Prefix
	assets     []*assetCandidate
	assetByRef map[ObjectRef]*assetCandidate
	assetMeta  map[string]*v1alpha1.Asset
	assetZones map[string]string

	inForce map[string]*Zone

	memory     *Memory
	rulesPrint string
	zonePrints map[string]string
}

// siteContext is what the Site says, resolved.
type siteContext struct {
	spec            *v1alpha1.SiteSpec
	model           *Site
	inScope         func(Namespace) bool
	zoneLabelKeys   []string
	clusterNetworks []netip.Prefix
}

// Resolve makes the model of a snapshot. See the package documentation for what
// it promises.
func Resolve(s Snapshot) *Model { return (&Memory{}).Resolve(s) }

func newResolver(s Snapshot) *resolver {
	r := &resolver{
		snapshot:   s,
		today:      s.Now.UTC().Format(time.DateOnly),
		verdicts:   map[ObjectRef]*Verdict{},
		namespaces: map[string]Namespace{},
		zoneMeta:   map[string]*v1alpha1.Zone{},
		zoneByName: map[string]*zoneCandidate{},
		assetByRef: map[ObjectRef]*assetCandidate{},
		assetMeta:  map[string]*v1alpha1.Asset{},
		inForce:    map[string]*Zone{},
		zonePrints: map[string]string{},
	}
	for _, ns := range s.Namespaces {
		r.namespaces[ns.Name] = ns
	}
	return r
}

func (r *resolver) resolve() *Model {
	if !r.resolveSite() {
		r.refuseAll()
		return &Model{Verdicts: r.verdicts, AssetZones: map[string]string{}}
	}
	r.admitZones()
	r.admitAssets()
	r.settle()
	zones := r.buildZones()
	unzoned := countPods(zones, r.snapshot.Pods)
	conduits := r.resolveConduits()
	r.finish(unzoned)
	return &Model{
		Site: r.site.model, Zones: zones, Conduits: conduits,
		Verdicts: r.verdicts, AssetZones: r.assetZones, Unzoned: unzoned,
	}
}

// refuseAll says of every object that there is no Site to judge it by.
func (r *resolver) refuseAll() {
	refuse := func(kind string, m metav1.Object) {
		var rep report
		rep.error("", v1alpha1.ReasonNoSite,
			"there is no usable Site; create the one named \"site\". Until then nothing is opened, denied or removed")
		ref := ObjectRef{Kind: kind, Name: m.GetName()}
		r.verdicts[ref] = &Verdict{Ref: ref, UID: m.GetUID(), Generation: m.GetGeneration(), Findings: rep.findings}
	}
	for _, z := range r.snapshot.Zones {
		refuse(KindZone, z)
	}
	for _, c := range r.snapshot.Conduits {
		refuse(KindConduit, c)
	}
	for _, a := range r.snapshot.Assets {
		refuse(KindAsset, a)
	}
}

// settle takes out of force what cannot stand beside something of higher rank,
// until nothing conflicts. Each round demotes at least one object, and an
// object is demoted at most twice, so it ends.
func (r *resolver) settle() {
	for {
		for r.demoteDuplicateTags() {
		}
		r.placeMembers()
		r.placeAssets()
		if !r.demoteOverlappingWorkloads() && !r.demoteOverlappingNetworks() {
			return
		}
	}
}

func (r *resolver) finish(unzoned []Pod) {
	for _, z := range r.zones {
		r.verdicts[z.ref] = z.verdict()
	}
	for _, a := range r.assets {
		r.verdicts[a.ref] = a.verdict()
	}
	r.reportUnzoned(unzoned)
	for _, v := range r.verdicts {
		sortFindings(v.Findings)
	}
}

// buildZones makes the zones in force, sorted by name.
func (r *resolver) buildZones() []*Zone {
	var out []*Zone
	assets := r.assetsByZone()
	for _, c := range r.zones {
		if c.spec == nil {
			continue
		}
		z := r.buildZone(c, assets[c.ref.Name])
		r.inForce[z.Name] = z
		out = append(out, z)
	}
	slices.SortFunc(out, func(a, b *Zone) int { return cmp.Compare(a.Name, b.Name) })
	r.markDenyRest(out)
	for _, z := range out {
		z.Fingerprint = zoneFingerprint(z)
	}
	return out
}

func (r *resolver) buildZone(c *zoneCandidate, assets []*Asset) *Zone {
	z := &Zone{
		Name:  c.ref.Name,
		UID:   c.uid,
		Level: c.spec.Purdue,
		Type:  c.spec.Type,
		SL:    resolveLevels(c.spec.SLTarget),
		// Observe holds whatever else is wrong: a deny must be liftable at night.
		Enforce: c.spec.Enforcement == v1alpha1.EnforcementEnforce &&
			r.zoneMeta[c.ref.Name].Spec.Enforcement != v1alpha1.EnforcementObserve,
		InternalTraffic: c.spec.InternalTraffic != v1alpha1.PermissionDeny,
		DNS:             c.spec.PlatformServices.DNS != v1alpha1.PermissionDeny,
		APIServer:       c.spec.PlatformServices.APIServer == v1alpha1.PermissionAllow,
		Workloads:       r.members[c.ref.Name],
		HasAssets:       c.spec.Members.Assets != nil,
		Assets:          assets,
		Release:         r.zoneMeta[c.ref.Name].Annotations[v1alpha1.AnnotationAllowRelease] != "",
		Kept:            c.kept,
	}
	networks := slices.Clone(r.cidrs[c.ref.Name])
	for _, a := range assets {
		networks = append(networks, a.Addresses...)
	}
	z.Networks = mergeNetworks(networks)
	return z
}

// markDenyRest says for each entry whether pods of its namespaces that are in no
// zone are denied: not where a zone in Observe shares the namespaces, because
// Observe denies nothing.
func (r *resolver) markDenyRest(zones []*Zone) {
	if r.site.spec.UnzonedWorkloads != v1alpha1.UnzonedDeny {
		return
	}
	var observing []Workloads
	for _, z := range zones {
		if !z.Enforce {
			observing = append(observing, z.Workloads...)
		}
	}
	for _, z := range zones {
		for i := range z.Workloads {
			w := &z.Workloads[i]
			if !z.Enforce || len(w.PodSelectors) == 0 {
				continue
			}
			shared := slices.ContainsFunc(observing, func(o Workloads) bool { return shareNamespace(*w, o) })
			if shared {
				r.zoneByName[z.Name].report.warn("spec.members.workloads", v1alpha1.ReasonUnzonedNotDenied,
					"pods of these namespaces that are in no zone are not denied, because a zone in Observe shares the namespaces; set it to Enforce")
			}
			w.DenyRest = !shared
		}
	}
}
