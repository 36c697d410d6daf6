// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

func TestZoneNetworks(t *testing.T) {
	const at = "spec.members.assets.cidrs"
	office := func(list ...v1alpha1.CIDR) []any { return []any{zone("z", of(), cidrs(list...))} }
	wide, one, invalid, own := []string{"Error " + at + " WideNetwork"}, []string{"Error " + at + "[0] WideNetwork"},
		[]string{"Error " + at + "[0] InvalidNetwork"}, []string{"Error " + at + "[0] ClusterNetwork"}
	node := Node{Name: "n", Networks: []string{"10.77.0.0/24", "192.0.2.7", "nonsense"}}
	runFindings(t, map[string]findingCase{
		"a network of the office":              {office("10.9.0.0/16"), "Zone/z", nil, ""},
		"the Internet":                         {office("0.0.0.0/0"), "Zone/z", one, "Internet"},
		"its halves":                           {office("0.0.0.0/1", "128.0.0.0/1"), "Zone/z", []string{"Error " + at + "[0] WideNetwork", "Error " + at + "[1] WideNetwork"}, ""},
		"the Internet of IPv6":                 {office("::/0"), "Zone/z", one, ""},
		"IPv4 as a whole, in the form of IPv6": {office("::ffff:0:0/96"), "Zone/z", one, "0.0.0.0/0"},
		"a /8":                                 {office("44.0.0.0/8"), "Zone/z", nil, ""},
		"a /7":                                 {office("44.0.0.0/7"), "Zone/z", one, ""},
		"four /8":                              {office("20.0.0.0/8", "30.0.0.0/8", "40.0.0.0/8", "50.0.0.0/8"), "Zone/z", nil, ""},
		"five /8":                              {office("20.0.0.0/8", "30.0.0.0/8", "40.0.0.0/8", "50.0.0.0/8", "60.0.0.0/8"), "Zone/z", wide, "in pieces"},
		"four /8 and a bit":                    {office("20.0.0.0/8", "30.0.0.0/8", "40.0.0.0/8", "50.0.0.0/8", "60.0.0.0/24"), "Zone/z", wide, ""},
		"four /8 and a bit of one of them":     {office("20.0.0.0/8", "30.0.0.0/8", "40.0.0.0/8", "50.0.0.0/8", "50.0.0.0/24"), "Zone/z", nil, ""},
		"an IPv6 /20":                          {office("2a00::/20"), "Zone/z", nil, ""},
		"an IPv6 /19":                          {office("2a00::/19"), "Zone/z", one, ""},
		"five IPv6 /20":                        {office("2a00::/20", "2b00::/20", "2c00::/20", "2d00::/20", "2e00::/20"), "Zone/z", wide, ""},
		"host bits":                            {office("10.9.0.1/16"), "Zone/z", invalid, "did you mean 10.9.0.0/16"},
		"host bits in the form of IPv6":        {office("::ffff:10.9.0.1/112"), "Zone/z", invalid, "did you mean 10.9.0.0/16"},
		"no network":                           {office("10.9.0.0/33"), "Zone/z", invalid, ""},
		"a mix of IPv4 and IPv6":               {office("::ffff:0:0/64"), "Zone/z", invalid, "mixes"},
		"the pod network":                      {office("10.42.7.0/24"), "Zone/z", own, "10.42.0.0/16"},
		"around the pod network":               {office("10.0.0.0/8"), "Zone/z", own, ""},
		"beside the pod network":               {office("10.43.0.0/24"), "Zone/z", nil, ""},
		"the pod network in the form of IPv6":  {office("::ffff:10.42.7.0/120"), "Zone/z", own, ""},
		"a node's range":                       {append(office("10.77.0.128/25"), node), "Zone/z", own, "10.77.0.0/24"},
		"a node itself":                        {append(office("192.0.2.0/24"), node), "Zone/z", own, "192.0.2.7/32"},
		"the field names the mistake": {
			office("10.9.0.1/16", "10.42.7.0/24"), "Zone/z",
			[]string{"Error " + at + "[0] InvalidNetwork", "Error " + at + "[1] ClusterNetwork"},
			"",
		},
	})
}

func TestZoneWorkloads(t *testing.T) {
	const at = "spec.members.workloads[0]"
	exprs := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "job", Operator: metav1.LabelSelectorOpExists}}}
	out, in := namespace("out", "cell=x"), namespace("in", "cell=x,scope=ot")
	runFindings(t, map[string]findingCase{
		"a listed label key":                  {[]any{zone("z", of(podsIn(sel("cell=a"), "z")))}, "Zone/z", nil, ""},
		"a key that anybody may set":          {[]any{zone("z", of(podsIn(sel("cell=a,job=b"), "z")))}, "Zone/z", []string{"Error " + at + ".podSelector ZoneLabelKey"}, `"job"`},
		"such a key in an expression":         {[]any{zone("z", of(podsIn(exprs, "z")))}, "Zone/z", []string{"Error " + at + ".podSelector ZoneLabelKey"}, `"job"`},
		"a namespace out of scope":            {[]any{out, zone("z", of(inNamespaces("out")))}, "Zone/z", []string{"Error " + at + " NamespaceOutOfScope"}, `"out"`},
		"one selected by label":               {[]any{out, in, zone("z", of(inSelected(sel("cell=x"))))}, "Zone/z", []string{"Warning " + at + " NamespaceOutOfScope"}, ""},
		"one in scope selected by label":      {[]any{in, zone("z", of(inSelected(sel("cell=x"))))}, "Zone/z", nil, ""},
		"a namespace that is not there yet":   {[]any{zone("z", of(inNamespaces("missing")))}, "Zone/z", []string{"Warning " + at + ".namespaces NamespaceNotFound"}, ""},
		"a namespace selector without sense":  {[]any{zone("z", of(inSelected(badSelector())))}, "Zone/z", []string{"Error " + at + ".namespaceSelector InvalidSelector"}, ""},
		"a namespace selector without labels": {[]any{zone("z", of(inSelected(sel(""))))}, "Zone/z", []string{"Error " + at + ".namespaceSelector InvalidSelector"}, "everything"},
		"a pod selector without sense":        {[]any{zone("z", of(podsIn(badSelector(), "z")))}, "Zone/z", []string{"Error " + at + ".podSelector InvalidSelector"}, ""},
		"a pod selector without labels":       {[]any{zone("z", of(podsIn(sel(""), "z")))}, "Zone/z", []string{"Error " + at + ".podSelector InvalidSelector"}, ""},
		"no namespaces at all":                {[]any{zone("z", of(podsIn(sel("cell=a"))))}, "Zone/z", []string{"Error " + at + " InvalidSelector"}, ""},
		"an asset selector without labels":    {[]any{zone("z", assetsOf(""))}, "Zone/z", []string{"Error spec.members.assets.selector InvalidSelector"}, ""},
	})
}

func TestZoneParents(t *testing.T) {
	runFindings(t, map[string]findingCase{
		"a parent":                       {[]any{zone("a"), zone("b", parent("a"))}, "Zone/b", nil, ""},
		"no such parent":                 {[]any{zone("b", parent("a"))}, "Zone/b", []string{"Warning spec.parent ParentNotFound"}, ""},
		"its own parent":                 {[]any{zone("b", parent("b"))}, "Zone/b", []string{"Warning spec.parent ParentCycle"}, ""},
		"parents in a circle":            {[]any{zone("a", parent("c")), zone("b", parent("a")), zone("c", parent("b"))}, "Zone/b", []string{"Warning spec.parent ParentCycle"}, ""},
		"a circle above warns here also": {[]any{zone("a", parent("c")), zone("c", parent("a")), zone("d", parent("a"))}, "Zone/d", []string{"Warning spec.parent ParentCycle"}, ""},
	})
}

func TestAssetFindings(t *testing.T) {
	const at = "spec.addresses[0]"
	runFindings(t, map[string]findingCase{
		"an address":                 {[]any{asset("a", "", "10.1.0.1", "fd00::1", "10.1.1.0/24")}, "Asset/a", nil, ""},
		"host bits":                  {[]any{asset("a", "", "10.1.1.1/24")}, "Asset/a", []string{"Error " + at + " InvalidNetwork"}, ""},
		"no address":                 {[]any{asset("a", "", "300.1.1.1")}, "Asset/a", []string{"Error " + at + " InvalidNetwork"}, ""},
		"an address with a zone":     {[]any{asset("a", "", "fe80::1%eth0")}, "Asset/a", []string{"Error " + at + " InvalidNetwork"}, ""},
		"a /23":                      {[]any{asset("a", "", "10.1.0.0/23")}, "Asset/a", []string{"Error " + at + " WideNetwork"}, ""},
		"an IPv6 /63":                {[]any{asset("a", "", "fd00::/63")}, "Asset/a", []string{"Error " + at + " WideNetwork"}, ""},
		"IPv4 in the form of IPv6":   {[]any{asset("a", "", "::ffff:10.0.0.0/104")}, "Asset/a", []string{"Error " + at + " WideNetwork", "Error " + at + " ClusterNetwork"}, ""},
		"a pod's address":            {[]any{asset("a", "", "10.1.0.1", "10.42.0.9")}, "Asset/a", []string{"Error spec.addresses[1] ClusterNetwork"}, ""},
		"two tags":                   {[]any{asset("a", "", "10.1.0.1"), asset("b", "", "10.1.0.2")}, "Asset/b", nil, ""},
		"one tag twice":              {[]any{asset("a", "", "10.1.0.1"), tagged(asset("b", "", "10.1.0.2"), "=a")}, "Asset/b", []string{"Error spec.tag DuplicateTag"}, "a's already"},
		"one tag twice: the other":   {[]any{asset("a", "", "10.1.0.1"), tagged(asset("b", "", "10.1.0.2"), "=a")}, "Asset/a", nil, ""},
		"one address twice":          {[]any{asset("a", "", "10.1.0.1"), asset("b", "", "10.1.0.1")}, "Asset/b", []string{"Warning " + at + " DuplicateAddress"}, ""},
		"both say that it is so":     {[]any{shared(asset("a", "", "10.1.0.1")), shared(asset("b", "", "10.1.0.1"))}, "Asset/b", nil, ""},
		"only one says that it is":   {[]any{asset("a", "", "10.1.0.1"), shared(asset("b", "", "10.1.0.1"))}, "Asset/b", []string{"Warning " + at + " DuplicateAddress"}, ""},
		"one address in two scripts": {[]any{asset("a", "", "10.1.0.1"), asset("b", "", "::ffff:10.1.0.1")}, "Asset/b", []string{"Warning " + at + " DuplicateAddress"}, ""},
	})
}

func tagged(a *v1alpha1.Asset, tag string) *v1alpha1.Asset {
	a.Spec.Tag = tag
	return a
}

func shared(a *v1alpha1.Asset) *v1alpha1.Asset {
	a.Spec.SharedAddress = true
	return a
}

func TestSiteFindings(t *testing.T) {
	with := func(change func(*v1alpha1.SiteSpec)) []any { return []any{site(change), zone("z")} }
	runFindings(t, map[string]findingCase{
		"a site":                      {with(func(*v1alpha1.SiteSpec) {}), "Site/site", nil, ""},
		"no such time zone":           {with(func(s *v1alpha1.SiteSpec) { s.TimeZone = "Mars/Base" }), "Site/site", []string{"Error spec.timeZone InvalidTimeZone"}, ""},
		"the zone of this machine":    {with(func(s *v1alpha1.SiteSpec) { s.TimeZone = "Local" }), "Site/site", []string{"Error spec.timeZone InvalidTimeZone"}, ""},
		"a cluster network amiss":     {with(func(s *v1alpha1.SiteSpec) { s.ClusterNetworks[0] = "10.42.0.1/16" }), "Site/site", []string{"Error spec.clusterNetworks[0] InvalidNetwork"}, ""},
		"a DNS address amiss":         {with(func(s *v1alpha1.SiteSpec) { s.Platform.DNS.Addresses = []string{"10.0.0.1", "10.0.0.0/24"} }), "Site/site", []string{"Error spec.platform.dns.addresses[1] InvalidNetwork"}, ""},
		"an API address amiss":        {with(func(s *v1alpha1.SiteSpec) { s.Platform.APIServer.Addresses = []string{"x"} }), "Site/site", []string{"Error spec.platform.apiServer.addresses[0] InvalidNetwork"}, ""},
		"a mistake of the site's":     {with(func(s *v1alpha1.SiteSpec) { s.TimeZone = "Mars/Base" }), "Zone/z", nil, ""},
		"a scope that is everything":  {with(func(s *v1alpha1.SiteSpec) { s.Scope.NamespaceSelector = *sel("") }), "Site/site", []string{"Error spec.scope.namespaceSelector InvalidSelector"}, "every namespace"},
		"a scope that cannot be told": {with(func(s *v1alpha1.SiteSpec) { s.Scope.NamespaceSelector = *badSelector() }), "Zone/z", []string{"Error  NoSite"}, ""},
	})
}

func TestWithoutSite(t *testing.T) {
	s := snapshot(zone("z"), zone("y"), asset("a", "", "10.1.0.1"), conduit("c", "y", "z"))
	persist(s, Resolve(s))
	s.Site = nil
	m := Resolve(s)
	if m.Site != nil || len(m.Zones)+len(m.Conduits)+len(m.AssetZones) != 0 {
		t.Errorf("something is in force without a Site: %+v", m)
	}
	if len(m.Verdicts) != 4 {
		t.Errorf("%d verdicts, want one on each of 4 objects", len(m.Verdicts))
	}
	for ref, v := range m.Verdicts {
		if v.InForce || !v.Has(v1alpha1.ReasonNoSite) || len(v.Findings) != 1 {
			t.Errorf("%v: %+v, want NoSite alone", ref, v)
		}
	}
}
