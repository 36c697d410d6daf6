// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// SiteName is the only name that a Site can have.
const SiteName = "site"

// maxNamed is how many names a message lists before it only counts.
const maxNamed = 10

// resolveSite reads the Site. It returns false when there is none, or none whose
// scope can be told: then nothing is in force and nothing is removed.
func (r *resolver) resolveSite() bool {
	site := r.snapshot.Site
	if site == nil {
		return false
	}
	var rep report
	usable := r.readSite(site, &rep)
	ref := ObjectRef{Kind: KindSite, Name: site.Name}
	r.verdicts[ref] = &Verdict{
		Ref: ref, UID: site.UID, Generation: site.Generation,
		Findings: rep.findings,
		InForce:  usable,
		// A Site with a mistake that can be lived with is in force without it.
		Kept: usable && rep.failed(),
	}
	return usable
}

func (r *resolver) readSite(site *v1alpha1.Site, rep *report) bool {
	spec := &site.Spec
	// "Local" would read the machine's zone, which is not the plant's.
	if zone, err := time.LoadLocation(spec.TimeZone); err != nil || spec.TimeZone == "Local" {
		rep.error("spec.timeZone", v1alpha1.ReasonInvalidTimeZone,
			"%q is not an IANA time zone; dates are read as UTC until it is, for example Europe/Berlin", spec.TimeZone)
	} else {
		r.today = r.snapshot.Now.In(zone).Format(time.DateOnly)
	}
	scope, err := metav1.LabelSelectorAsSelector(&spec.Scope.NamespaceSelector)
	if err != nil || scope.Empty() {
		rep.error("spec.scope.namespaceSelector", v1alpha1.ReasonInvalidSelector,
			"the scope cannot be told (%v); nothing is changed until it can", describe(err))
		return false
	}
	r.site = &siteContext{
		spec:            spec,
		inScope:         func(ns Namespace) bool { return scope.Matches(labels.Set(ns.Labels)) },
		zoneLabelKeys:   spec.ZoneLabelKeys,
		clusterNetworks: r.clusterNetworks(spec, rep),
		model: &Site{
			UID:      site.UID,
			FailMode: spec.FailMode,
			Rules:    spec.Rules,
			Guard: Guard{
				Admission: slices.Contains(spec.Guard.Layers, v1alpha1.GuardAdmission),
				Datapath:  slices.Contains(spec.Guard.Layers, v1alpha1.GuardDatapath),
				AdminTier: slices.Contains(spec.Guard.Layers, v1alpha1.GuardAdminTier),
			},
			Access:           len(spec.Access.JumpHosts) > 0,
			PolicyMapEntries: int(spec.Platform.PolicyMapEntries),
			DNS: DNS{
				Namespace: spec.Platform.DNS.Namespace,
				PodLabels: spec.Platform.DNS.PodLabels,
				Port:      uint16(spec.Platform.DNS.Port), //nolint:gosec // bounded by the CRD
				Addresses: addresses("spec.platform.dns.addresses", spec.Platform.DNS.Addresses, rep),
			},
			API: APIServer{
				Port:      uint16(spec.Platform.APIServer.Port), //nolint:gosec // bounded by the CRD
				Addresses: addresses("spec.platform.apiServer.addresses", spec.Platform.APIServer.Addresses, rep),
			},
		},
	}
	r.site.model.Fingerprint = siteFingerprint(r.site.model)
	return true
}

func describe(err error) string {
	if err == nil {
		return "it selects every namespace"
	}
	return err.Error()
}

// addresses parses single addresses; a bad one is left out and reported.
func addresses(path string, list []string, rep *report) []netip.Addr {
	var out []netip.Addr
	for i, s := range list {
		p, err := ParseNetwork(s)
		if err != nil || !p.IsSingleIP() {
			rep.error(fmt.Sprintf("%s[%d]", path, i), v1alpha1.ReasonInvalidNetwork,
				"%q is not an IP address; it is left out", s)
			continue
		}
		out = append(out, p.Addr())
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return out
}

// clusterNetworks are the pod, service and node ranges in which no device can be.
func (r *resolver) clusterNetworks(spec *v1alpha1.SiteSpec, rep *report) []netip.Prefix {
	var out []netip.Prefix
	for i, c := range spec.ClusterNetworks {
		p, err := ParseNetwork(string(c))
		if err != nil {
			rep.error(fmt.Sprintf("spec.clusterNetworks[%d]", i), v1alpha1.ReasonInvalidNetwork, "%v; it is left out", err)
			continue
		}
		out = append(out, p)
	}
	for _, n := range r.snapshot.Nodes {
		for _, s := range n.Networks {
			if p, err := ParseNetwork(s); err == nil {
				out = append(out, p)
			}
		}
	}
	return mergeNetworks(out)
}

// inCluster returns the cluster's own network that a prefix touches.
func (s *siteContext) inCluster(p netip.Prefix) (netip.Prefix, bool) {
	for _, own := range s.clusterNetworks {
		if own.Overlaps(p) {
			return own, true
		}
	}
	return netip.Prefix{}, false
}

// reportUnzoned tells on the Site which pods no zone has taken in.
func (r *resolver) reportUnzoned(unzoned []Pod) {
	if len(unzoned) == 0 {
		return
	}
	var names []string
	for _, p := range unzoned {
		if len(names) == maxNamed {
			names = append(names, "...")
			break
		}
		names = append(names, p.Namespace+"/"+p.Name)
	}
	advice := "label them into a zone, or set unzonedWorkloads: Deny"
	if r.site.spec.UnzonedWorkloads == v1alpha1.UnzonedDeny {
		advice = "they are denied all traffic; label them into a zone"
	}
	v := r.verdicts[ObjectRef{Kind: KindSite, Name: r.snapshot.Site.Name}]
	rep := report{findings: v.Findings}
	rep.warn("spec.unzonedWorkloads", v1alpha1.ReasonUnzonedWorkloads,
		"%d pods are in no zone although their namespace holds an enforced one: %v; %s",
		len(unzoned), names, advice)
	v.Findings = rep.findings
}
