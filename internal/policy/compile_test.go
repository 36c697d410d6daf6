// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/admintier"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// setInWords is what has to be equal of two sets.
type setInWords struct {
	Objects  []string
	Findings map[topology.ObjectRef][]v1alpha1.Finding
}

func inWords(s policy.Set) setInWords {
	return setInWords{Objects: objectsInWords(s.Objects), Findings: s.Findings}
}

func objectsInWords(objects []*policy.Object) []string {
	var out []string
	for _, o := range objects {
		words := fmt.Sprintf("%s of %s: %s %s/%s %s", o.Part, o.Source, o.GVK, o.Namespace, o.Name, o.Digest)
		if wire := wireDigest(o); wire != o.Digest {
			words += notItsOwn + wire
		}
		out = append(out, words)
	}
	return out
}

const notItsOwn = ", but over the wire goes "

// wireDigest is the digest of what is written.
func wireDigest(o *policy.Object) string {
	var content map[string]any
	if err := json.Unmarshal(o.JSON(), &content); err != nil {
		return err.Error()
	}
	return policy.DigestOf(content)
}

// change changes one thing of a snapshot and leaves what was before as it was.
// base is the snapshot that the sequence started with.
type change func(t *rapid.T, s *topology.Snapshot, base topology.Snapshot)

func toggle[T comparable](value *T, one, other T) {
	if *value == one {
		*value = other
	} else {
		*value = one
	}
}

// onOne changes a copy of one element of the list.
func onOne[T any, P interface {
	*T
	DeepCopy() *T
}](list func(*topology.Snapshot) *[]*T, change func(*rapid.T, P),
) change {
	return func(t *rapid.T, s *topology.Snapshot, _ topology.Snapshot) {
		l := list(s)
		if len(*l) == 0 {
			return
		}
		i := rapid.IntRange(0, len(*l)-1).Draw(t, "which")
		*l = slices.Clone(*l)
		(*l)[i] = P((*l)[i]).DeepCopy()
		change(t, (*l)[i])
	}
}

func onZone(f func(*rapid.T, *v1alpha1.Zone)) change {
	return onOne(func(s *topology.Snapshot) *[]*v1alpha1.Zone { return &s.Zones }, f)
}

func onConduit(f func(*rapid.T, *v1alpha1.Conduit)) change {
	return onOne(func(s *topology.Snapshot) *[]*v1alpha1.Conduit { return &s.Conduits }, f)
}

func onSite(f func(*v1alpha1.SiteSpec)) change {
	return func(_ *rapid.T, s *topology.Snapshot, _ topology.Snapshot) {
		if s.Site != nil {
			s.Site = s.Site.DeepCopy()
			f(&s.Site.Spec)
		}
	}
}

// comeOrGo takes one out of the list, or puts all back.
func comeOrGo[T any](list func(*topology.Snapshot) *[]T) change {
	return func(t *rapid.T, s *topology.Snapshot, base topology.Snapshot) {
		l := list(s)
		if len(*l) < len(*list(&base)) {
			*l = *list(&base)
		} else if len(*l) > 0 {
			i := rapid.IntRange(0, len(*l)-1).Draw(t, "which")
			*l = slices.Delete(slices.Clone(*l), i, i+1)
		}
	}
}

// drawSelector returns, among others, one by a label that Cilium does not see.
func drawSelector(t *rapid.T) *metav1.LabelSelector {
	return rapid.SampledFrom([]*metav1.LabelSelector{
		nil,
		{MatchLabels: map[string]string{"app": "hmi"}},
		{MatchLabels: map[string]string{"app": "gateway"}},
		{MatchLabels: map[string]string{"pod-template-hash": "x"}},
	}).Draw(t, "selector")
}

var changes = map[string]change{
	"nothing": func(*rapid.T, *topology.Snapshot, topology.Snapshot) {},
	"site": func(_ *rapid.T, s *topology.Snapshot, base topology.Snapshot) {
		toggle(&s.Site, base.Site, nil)
	},
	"fail mode": onSite(func(s *v1alpha1.SiteSpec) {
		toggle(&s.FailMode, v1alpha1.FailModeClosed, v1alpha1.FailModeLastKnown)
	}),
	"unzoned": onSite(func(s *v1alpha1.SiteSpec) {
		toggle(&s.UnzonedWorkloads, v1alpha1.UnzonedDeny, v1alpha1.UnzonedReport)
	}),
	"guard": func(t *rapid.T, s *topology.Snapshot, base topology.Snapshot) {
		layers := rapid.SliceOfDistinct(rapid.SampledFrom([]v1alpha1.GuardLayer{v1alpha1.GuardDatapath, v1alpha1.GuardAdminTier}), rapid.ID).Draw(t, "layers")
		onSite(func(s *v1alpha1.SiteSpec) { s.Guard.Layers = layers })(t, s, base)
	},
	"dns port": onSite(func(s *v1alpha1.SiteSpec) { toggle(&s.Platform.DNS.Port, 53, 5353) }),
	"api address": onSite(func(s *v1alpha1.SiteSpec) {
		if s.Platform.APIServer.Addresses == nil {
			s.Platform.APIServer.Addresses = []string{"192.0.2.1"}
		} else {
			s.Platform.APIServer.Addresses = nil
		}
	}),
	"enforcement": onZone(func(_ *rapid.T, z *v1alpha1.Zone) {
		toggle(&z.Spec.Enforcement, v1alpha1.EnforcementEnforce, v1alpha1.EnforcementObserve)
	}),
	"internal traffic": onZone(func(_ *rapid.T, z *v1alpha1.Zone) {
		toggle(&z.Spec.InternalTraffic, v1alpha1.PermissionAllow, v1alpha1.PermissionDeny)
	}),
	"api server": onZone(func(_ *rapid.T, z *v1alpha1.Zone) {
		toggle(&z.Spec.PlatformServices.APIServer, v1alpha1.PermissionAllow, v1alpha1.PermissionDeny)
	}),
	"networks": onZone(func(t *rapid.T, z *v1alpha1.Zone) {
		own := v1alpha1.CIDR(fmt.Sprintf("10.77.%d.0/24", len(z.Name))) // not another zone's
		z.Spec.Members.Assets = rapid.SampledFrom([]*v1alpha1.AssetMembers{
			nil, {CIDRs: []v1alpha1.CIDR{own}}, {CIDRs: []v1alpha1.CIDR{own, "10.78.0.0/24"}}, {CIDRs: []v1alpha1.CIDR{"fd00:77::/64"}},
		}).Draw(t, "assets").DeepCopy()
	}),
	"members": onZone(func(t *rapid.T, z *v1alpha1.Zone) {
		for i := range z.Spec.Members.Workloads {
			z.Spec.Members.Workloads[i].PodSelector = drawSelector(t)
		}
	}),
	"release": onZone(func(_ *rapid.T, z *v1alpha1.Zone) {
		if z.Annotations == nil {
			z.Annotations = map[string]string{v1alpha1.AnnotationAllowRelease: "plant is closed"}
		} else {
			z.Annotations = nil
		}
	}),
	"zone anew":     onZone(func(_ *rapid.T, z *v1alpha1.Zone) { z.UID += "+" }),
	"conduit anew":  onConduit(func(_ *rapid.T, c *v1alpha1.Conduit) { c.UID += "+" }),
	"suspended":     onConduit(func(_ *rapid.T, c *v1alpha1.Conduit) { c.Spec.Suspended = !c.Spec.Suspended }),
	"initiator end": onConduit(func(t *rapid.T, c *v1alpha1.Conduit) { c.Spec.Initiator.Workloads = drawSelector(t) }),
	"port": onConduit(func(t *rapid.T, c *v1alpha1.Conduit) {
		c.Spec.Flows = []v1alpha1.Flow{{
			Transport: rapid.SampledFrom([]v1alpha1.Transport{v1alpha1.TransportTCP, v1alpha1.TransportUDP}).Draw(t, "transport"),
			Port:      new(rapid.Int32Range(502, 504).Draw(t, "port")),
		}}
	}),
	"direction": onConduit(func(_ *rapid.T, c *v1alpha1.Conduit) {
		c.Spec.Initiator, c.Spec.Responders[0] = c.Spec.Responders[0], c.Spec.Initiator
	}),
	"a zone":      comeOrGo(func(s *topology.Snapshot) *[]*v1alpha1.Zone { return &s.Zones }),
	"a conduit":   comeOrGo(func(s *topology.Snapshot) *[]*v1alpha1.Conduit { return &s.Conduits }),
	"an asset":    comeOrGo(func(s *topology.Snapshot) *[]*v1alpha1.Asset { return &s.Assets }),
	"a namespace": comeOrGo(func(s *topology.Snapshot) *[]topology.Namespace { return &s.Namespaces }),
}

func namesOf(all map[string]change) []string {
	var names []string
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// loadCases loads the inputs of the golden cases.
func loadCases(t *testing.T) []topology.Snapshot {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "*", "in.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var out []topology.Snapshot
	for _, path := range paths {
		s, err := policytest.LoadSnapshot(path)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// newCompiler makes every layer that a Site can ask for.
func newCompiler(b policy.Backend) *policy.Compiler {
	return policy.NewCompiler(b).WithAdminTier(admintier.Guard{})
}

// TestRememberingChangesNothing: whatever a compiler compiled before, it makes
// the objects that one without a past makes.
func TestRememberingChangesNothing(t *testing.T) {
	cases := loadCases(t)
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.SampledFrom(cases).Draw(t, "case")
		remembering := map[string]*policy.Compiler{}
		for name, b := range backends {
			remembering[name] = newCompiler(b)
		}
		s := base
		var done []string
		for range rapid.IntRange(10, 30).Draw(t, "steps") {
			for name, b := range backends {
				m := topology.Resolve(s)
				want, got := inWords(newCompiler(b).Compile(m)), inWords(remembering[name].Compile(m))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%s: after %v (-fresh +remembering)\n%s", name, done, diff)
				}
				if words := strings.Join(got.Objects, "\n"); strings.Contains(words, notItsOwn) {
					t.Fatalf("%s: after %v\n%s", name, done, words)
				}
			}
			what := rapid.SampledFrom(namesOf(changes)).Draw(t, "change")
			done = append(done, what)
			changes[what](t, &s, base)
		}
	})
}

// TestEveryChangeIsSeen keeps the property above from going round in circles:
// each change gives another set on some backend and in some case.
func TestEveryChangeIsSeen(t *testing.T) {
	cases := loadCases(t)
	for name, change := range changes {
		changesSet := false
		// Every case is tried: some changes matter in one of them alone.
		for _, base := range cases {
			rapid.Check(t, func(t *rapid.T) {
				if changesSet {
					return
				}
				after := base
				change(t, &after, base)
				for _, b := range backends {
					before := inWords(newCompiler(b).Compile(topology.Resolve(base)))
					changesSet = changesSet || !cmp.Equal(before, inWords(newCompiler(b).Compile(topology.Resolve(after))))
				}
			})
		}
		if changesSet != (name != "nothing") {
			t.Errorf("%s: changes the objects: %t", name, changesSet)
		}
	}
}

// counting counts what is compiled.
type counting struct {
	policy.Backend
	calls []string
}

func (c *counting) Zone(s *topology.Site, z *topology.Zone) ([]*policy.Object, []v1alpha1.Finding) {
	c.calls = append(c.calls, "Zone/"+z.Name)
	return c.Backend.Zone(s, z)
}

func (c *counting) Conduit(s *topology.Site, d *topology.Conduit) ([]*policy.Object, []v1alpha1.Finding) {
	c.calls = append(c.calls, "Conduit/"+d.Name)
	return c.Backend.Conduit(s, d)
}

func TestOnlyWhatChangedIsCompiled(t *testing.T) {
	s, err := policytest.LoadSnapshot(filepath.Join("testdata", "cell-with-assets", "in.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	b := &counting{Backend: backends["cilium"]}
	c := policy.NewCompiler(b)
	compiles := func(what string, want ...string) {
		t.Helper()
		b.calls = nil
		c.Compile(topology.Resolve(s))
		if diff := cmp.Diff(want, b.calls); diff != "" {
			t.Errorf("%s: (-want +have)\n%s", what, diff)
		}
	}
	all := []string{"Zone/cell-filtration", "Zone/supervision", "Conduit/scada-plc01", "Conduit/scada-polls"}
	compiles("at first", all...)
	compiles("nothing")
	s.Conduits[1].Spec.Suspended = true
	compiles("a conduit", "Conduit/"+s.Conduits[1].Name)
	s.Site.Spec.FailMode = v1alpha1.FailModeClosed
	compiles("the site", all...)
	site := s.Site
	s.Site = nil
	compiles("no site")
	s.Site = site
	compiles("the same site again")
}

func TestWithoutSiteNothingIsWanted(t *testing.T) {
	for _, s := range loadCases(t) {
		for name, b := range backends {
			c := policy.NewCompiler(b)
			if set := c.Compile(topology.Resolve(s)); len(set.Objects) == 0 {
				t.Errorf("%s: no objects with a Site", name)
			}
			without := topology.Resolve(s)
			without.Site = nil
			for _, c := range []*policy.Compiler{c, policy.NewCompiler(b)} {
				if set := c.Compile(without); len(set.Objects)+len(set.Findings) > 0 {
					t.Errorf("%s: without a Site: %+v", name, inWords(set))
				}
			}
		}
	}
}
