// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/admintier"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// A site here is two namespaces with three cells each, one pod in each cell, and
// three devices. Zones take cells and devices; what a declaration says is small
// enough that two drawn one after the other meet everywhere.
const (
	namespaces = 2
	cells      = 3
	devices    = 3
	zones      = 3
	links      = 3
	cellLabel  = "cell"
)

var (
	sitePorts = []uint16{1, 2}
	apps      = []string{"a", "b"}
)

// declaration says who is where, and what joins them.
type declaration struct {
	// cell and device say in which zone each is, by number; -1 for none.
	cell     [namespaces * cells]int
	device   [devices]int
	zones    [zones]zoneSpec
	links    [links]linkSpec
	denyRest bool
	// style of selectors: 0 names the cells, 1 those that are not meant, 2 one cell
	// in each entry.
	style int
	// guarded zones forbid what no conduit is for, on Cilium, and in the Admin tier.
	guarded, adminTier bool
	// absent are namespaces that do not exist.
	absent [namespaces]bool
}

type zoneSpec struct {
	there, enforce, internal, dns, devices bool
}

type linkSpec struct {
	there, suspended bool
	from, to         endSpec
	// more is a second responder, where it is another zone than the first.
	more           endSpec
	ports, bothWay int // how many
}

type endSpec struct {
	zone int
	// narrow: 0 not, 1 and 2 to pods of an application, 3 to devices.
	narrow int
}

func drawDeclarationOf(t *rapid.T) declaration {
	var d declaration
	d.denyRest = rapid.Bool().Draw(t, "deny rest")
	d.guarded = rapid.IntRange(0, 2).Draw(t, "guarded") == 0
	d.adminTier = rapid.IntRange(0, 2).Draw(t, "admin tier") == 0
	d.style = rapid.IntRange(0, 2).Draw(t, "style")
	d.absent[rapid.IntRange(0, namespaces-1).Draw(t, "absent namespace")] = rapid.IntRange(0, 7).Draw(t, "absent") == 0
	for i := range d.cell {
		d.cell[i] = rapid.IntRange(-1, zones-1).Draw(t, "cell")
	}
	for i := range d.device {
		d.device[i] = rapid.IntRange(-1, zones-1).Draw(t, "device")
	}
	for i := range d.zones {
		d.zones[i] = drawZoneSpec(t)
	}
	for i := range d.links {
		d.links[i] = drawLinkSpec(t)
	}
	return d
}

func drawZoneSpec(t *rapid.T) zoneSpec {
	often := func(label string) bool { return rapid.IntRange(0, 3).Draw(t, label) > 0 }
	return zoneSpec{
		there: often("there"), enforce: often("enforce"), internal: rapid.Bool().Draw(t, "internal"),
		dns: rapid.Bool().Draw(t, "dns"), devices: rapid.Bool().Draw(t, "devices"),
	}
}

func drawLinkSpec(t *rapid.T) linkSpec {
	end := func(label string) endSpec {
		return endSpec{rapid.IntRange(0, zones-1).Draw(t, label), max(0, rapid.IntRange(-2, 3).Draw(t, label+" narrow"))}
	}
	l := linkSpec{
		there: rapid.IntRange(0, 3).Draw(t, "link") > 0, suspended: rapid.IntRange(0, 5).Draw(t, "suspended") == 0,
		from: end("from"), to: end("to"), more: end("more"),
		ports: rapid.IntRange(1, len(sitePorts)).Draw(t, "ports"),
	}
	l.bothWay = rapid.IntRange(0, l.ports).Draw(t, "both ways")
	return l
}

// drawEdit changes a few things of a declaration, or draws another one.
func drawEdit(t *rapid.T, d declaration) declaration {
	other := drawDeclarationOf(t)
	for range rapid.IntRange(1, 4).Draw(t, "edits") {
		i := rapid.IntRange(0, 5).Draw(t, "which")
		switch rapid.IntRange(0, 9).Draw(t, "edit") {
		case 0:
			d.cell[i] = other.cell[i]
		case 1:
			d.device[i%devices] = other.device[i%devices]
		case 2:
			d.zones[i%zones] = other.zones[i%zones]
		case 3:
			d.links[i%links] = other.links[i%links]
		case 4: // merged
			for j := range d.cell {
				if d.cell[j] == i%zones {
					d.cell[j] = (i + 1) % zones
				}
			}
		case 5:
			d.denyRest = other.denyRest
		case 6:
			d.zones[i%zones].enforce = other.zones[i%zones].enforce
		case 7:
			d.style = other.style
		case 8:
			d.absent, d.guarded, d.adminTier = other.absent, other.guarded, other.adminTier
		default:
			return other
		}
	}
	return d
}

// pod is in namespace and cell by the number of its place.
func placeOf(i int) (namespace, cell, app string) {
	return fmt.Sprintf("ns%d", i/cells), fmt.Sprintf("c%d", i%cells), apps[i%len(apps)]
}

func siteWorld() (policytest.World, []policytest.Endpoint) {
	w := policytest.World{
		Namespaces: map[string]map[string]string{"other": {"kubernetes.io/metadata.name": "other"}},
		Pods:       []policytest.Pod{{Namespace: "other", Name: "stray"}},
		Entities:   map[netip.Addr]string{},
	}
	ends := []policytest.Endpoint{"other/stray", "198.51.100.9"}
	for i := range namespaces * cells {
		namespace, cell, app := placeOf(i)
		w.Namespaces[namespace] = map[string]string{"kubernetes.io/metadata.name": namespace}
		w.Pods = append(w.Pods, policytest.Pod{Namespace: namespace, Name: cell, Labels: map[string]string{cellLabel: cell, "app": app}})
		ends = append(ends, policytest.Endpoint(namespace+"/"+cell))
	}
	for i := range devices {
		ends = append(ends, policytest.Endpoint(fmt.Sprintf("10.20.%d.7", i)))
	}
	return w, ends
}

// model is the declaration resolved. Zones that the next one has not are released.
func (d declaration) model(next *declaration) *topology.Model {
	m := &topology.Model{Site: &topology.Site{
		Fingerprint: "drawn",
		DNS:         topology.DNS{Namespace: "kube-system", PodLabels: map[string]string{"k8s-app": "kube-dns"}, Port: 53},
		API:         topology.APIServer{Port: 6443},
	}}
	byNumber := map[int]*topology.Zone{}
	for i, s := range d.zones {
		if !s.there {
			continue
		}
		z := &topology.Zone{
			Name: fmt.Sprintf("z%d", i), UID: uid, Enforce: s.enforce, InternalTraffic: s.internal, DNS: s.dns, HasAssets: s.devices,
			Release: next != nil && !next.zones[i].there, Workloads: d.workloads(i),
		}
		for j, zone := range d.device {
			if zone == i && s.devices {
				z.Networks = append(z.Networks, netip.MustParsePrefix(fmt.Sprintf("10.20.%d.7/32", j)))
			}
		}
		byNumber[i] = z
		m.Zones = append(m.Zones, z)
	}
	for i, l := range d.links {
		if c := l.conduit(i, byNumber); c != nil {
			m.Conduits = append(m.Conduits, c)
		}
	}
	return m
}

// workloads of a zone: one entry for each namespace in which it has cells.
func (d declaration) workloads(zone int) []topology.Workloads {
	var out []topology.Workloads
	for n := range namespaces {
		namespace := fmt.Sprintf("ns%d", n)
		var names, others []string
		rest := d.denyRest
		for c := range cells {
			in := d.cell[n*cells+c]
			if in == zone {
				names = append(names, fmt.Sprintf("c%d", c))
			} else {
				others = append(others, fmt.Sprintf("c%d", c))
			}
			if in >= 0 && d.zones[in].there && !d.zones[in].enforce {
				rest = false
			}
		}
		if len(names) == 0 {
			continue
		}
		w := topology.Workloads{Namespaces: []string{namespace}, DenyRest: rest}
		if !d.absent[n] {
			w.Matching = []string{namespace}
		}
		if len(names) == cells {
			out = append(out, w)
			continue
		}
		for _, s := range d.selectors(names, others) {
			w.PodSelectors = []*metav1.LabelSelector{s}
			out = append(out, w)
		}
	}
	return out
}

// selectors select the cells by these names, in the style of the declaration.
func (d declaration) selectors(names, others []string) []*metav1.LabelSelector {
	demand := func(op metav1.LabelSelectorOperator, values ...string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: cellLabel, Operator: op, Values: values}}}
	}
	switch d.style {
	case 0:
		return []*metav1.LabelSelector{demand(metav1.LabelSelectorOpIn, names...)}
	case 1:
		return []*metav1.LabelSelector{demand(metav1.LabelSelectorOpNotIn, others...)}
	}
	var out []*metav1.LabelSelector
	for _, name := range names {
		out = append(out, &metav1.LabelSelector{MatchLabels: map[string]string{cellLabel: name}})
	}
	return out
}

func (l linkSpec) conduit(i int, zones map[int]*topology.Zone) *topology.Conduit {
	from, to, more := zones[l.from.zone], zones[l.to.zone], zones[l.more.zone]
	if !l.there || from == nil || to == nil {
		return nil
	}
	c := &topology.Conduit{
		Name: fmt.Sprintf("k%d", i), UID: uid, Suspended: l.suspended,
		Initiator: l.from.end(from), Responders: []topology.End{l.to.end(to)},
	}
	if more != nil && more != to {
		c.Responders = append(c.Responders, l.more.end(more))
	}
	for _, p := range sitePorts[:l.ports] {
		c.Ports = append(c.Ports, protocol.PortRange{Transport: protocol.TCP, First: p, Last: p})
	}
	c.BothWays = slices.Clone(c.Ports[:l.bothWay])
	return c
}

func (e endSpec) end(z *topology.Zone) topology.End {
	out := topology.End{Zone: z, Narrowed: true}
	switch e.narrow {
	case 0:
		return topology.End{Zone: z, Workloads: z.Workloads, Networks: z.Networks, WholeZone: true}
	case 3:
		out.Networks = z.Networks
		return out
	}
	for _, w := range z.Workloads {
		w.PodSelectors = append(slices.Clone(w.PodSelectors), &metav1.LabelSelector{
			MatchLabels: map[string]string{"app": apps[e.narrow-1]},
		})
		out.Workloads = append(out.Workloads, w)
	}
	return out
}

// mode is how a declaration is carried out before and after.
type mode struct {
	old, wanted   policy.Backend
	before, after declaration
	// foreign are policies of other people, which stand all the time.
	foreign []*unstructured.Unstructured
}

// isAbsent says that an end is not there before, or not after.
func (m mode) isAbsent(end policytest.Endpoint) bool {
	for n := range namespaces {
		if strings.HasPrefix(string(end), fmt.Sprintf("ns%d/", n)) && (m.before.absent[n] || m.after.absent[n]) {
			return true
		}
	}
	return false
}

// isolatedByOthers says that there are policies of others at an end of a flow.
func (m mode) isolatedByOthers(f flow) bool {
	return slices.ContainsFunc(m.foreign, func(u *unstructured.Unstructured) bool {
		return strings.HasPrefix(string(f.from), u.GetNamespace()+"/") || strings.HasPrefix(string(f.to), u.GetNamespace()+"/")
	})
}

// drawForeign draws policies by which the people of a namespace isolate pods.
func drawForeign(t *rapid.T) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for n := range namespaces {
		if rapid.IntRange(0, 3).Draw(t, "foreign") > 0 {
			continue
		}
		u := &unstructured.Unstructured{}
		u.SetGroupVersionKind(apply.GVKNetworkPolicy)
		u.SetNamespace(fmt.Sprintf("ns%d", n))
		u.SetName("theirs")
		u.Object["spec"] = rapid.SampledFrom([]map[string]any{
			{"podSelector": map[string]any{}, "policyTypes": []any{"Ingress"}},
			{"podSelector": map[string]any{"matchLabels": map[string]any{"app": "a"}}, "policyTypes": []any{"Ingress", "Egress"}},
			{"podSelector": map[string]any{"matchExpressions": []any{
				map[string]any{"key": cellLabel, "operator": "NotIn", "values": []any{"c0"}},
			}}, "policyTypes": []any{"Egress"}, "egress": []any{map[string]any{}}},
		}).Draw(t, "theirs")
		out = append(out, u)
	}
	return out
}

// store is the cluster before the change.
func (m mode) store() *store {
	objects := m.before.compiled(&m.after, m.old)
	objects = slices.DeleteFunc(objects, func(o *policy.Object) bool {
		return m.isAbsent(policytest.Endpoint(o.Namespace + "/"))
	})
	s := newStore(objects)
	s.others(m.foreign)
	return s
}

// compiled is what a backend makes of a declaration, which another one follows.
func (d declaration) compiled(next *declaration, b policy.Backend) []*policy.Object {
	m := d.model(next)
	m.Site.Guard.AdminTier = d.adminTier
	objects := policy.NewCompiler(b).WithAdminTier(admintier.Guard{}).Compile(m).Objects
	if d.guarded && b == (cilium.Backend{}) {
		objects = append(objects, guardsOf(m)...)
	}
	return objects
}

// input is the plan's while the new declaration is there. One conduit more stands
// always, so that those which go do not look like all of them.
func (m mode) input() apply.Input {
	model := m.after.model(nil)
	refs := []topology.ObjectRef{conduitRef("stays")}
	for _, z := range model.Zones {
		refs = append(refs, zoneRef(z.Name))
	}
	declared := inForce(refs...)
	for _, c := range model.Conduits {
		declared[conduitRef(c.Name)] = apply.Declaration{UID: uid, InForce: true, Suspended: c.Suspended}
	}
	return apply.Input{
		Desired: m.after.compiled(nil, m.wanted), Declared: declared, ConduitCRD: serving(), Known: map[apply.Key]string{},
	}
}

func joinsOf(m *topology.Model) func(string) []topology.ObjectRef {
	return func(zone string) []topology.ObjectRef {
		var out []topology.ObjectRef
		for _, c := range m.Conduits {
			if c.Initiator.Zone.Name == zone || slices.ContainsFunc(c.Responders, func(e topology.End) bool { return e.Zone.Name == zone }) {
				out = append(out, conduitRef(c.Name))
			}
		}
		return out
	}
}
