// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package edits changes the manifests of a plant by chance, as people do in Git: for tests
// that apply one change after the other.
package edits

import (
	"fmt"
	"math/rand/v2"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// Plant is what is declared.
type Plant struct {
	Site     *v1alpha1.Site
	Zones    []*v1alpha1.Zone
	Conduits []*v1alpha1.Conduit
	Assets   []*v1alpha1.Asset
}

// Read takes the objects of our kinds among manifests.
func Read(objects []*unstructured.Unstructured) (*Plant, error) {
	p := &Plant{}
	for _, o := range objects {
		var into any
		switch o.GetKind() {
		case "Site":
			p.Site = &v1alpha1.Site{}
			into = p.Site
		case "Zone":
			p.Zones = append(p.Zones, &v1alpha1.Zone{})
			into = p.Zones[len(p.Zones)-1]
		case "Conduit":
			p.Conduits = append(p.Conduits, &v1alpha1.Conduit{})
			into = p.Conduits[len(p.Conduits)-1]
		case "Asset":
			p.Assets = append(p.Assets, &v1alpha1.Asset{})
			into = p.Assets[len(p.Assets)-1]
		default:
			continue
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, into); err != nil {
			return nil, fmt.Errorf("reading %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return p, nil
}

// Objects are the manifests.
func (p *Plant) Objects() ([]*unstructured.Unstructured, error) {
	all := []any{p.Site}
	for _, z := range p.Zones {
		all = append(all, z)
	}
	for _, c := range p.Conduits {
		all = append(all, c)
	}
	for _, a := range p.Assets {
		all = append(all, a)
	}
	var out []*unstructured.Unstructured
	for _, o := range all {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
		if err != nil {
			return nil, err
		}
		delete(content, "status")
		unstructured.RemoveNestedField(content, "metadata", "creationTimestamp")
		out = append(out, &unstructured.Unstructured{Object: content})
	}
	return out, nil
}

func (p *Plant) copied() *Plant {
	out := &Plant{Site: p.Site.DeepCopy()}
	for _, z := range p.Zones {
		out.Zones = append(out.Zones, z.DeepCopy())
	}
	for _, c := range p.Conduits {
		out.Conduits = append(out.Conduits, c.DeepCopy())
	}
	for _, a := range p.Assets {
		out.Assets = append(out.Assets, a.DeepCopy())
	}
	return out
}

// Chance draws edits.
type Chance struct {
	*rand.Rand

	made int
}

// New draws the same edits for the same seed.
func New(seed uint64) *Chance { return &Chance{Rand: rand.New(rand.NewPCG(seed, 1))} }

func pick[T any](c *Chance, list ...T) T { return list[c.IntN(len(list))] }

// Edit is a copy of the plant with one to three edits, and what they are.
func (c *Chance) Edit(p *Plant) (after *Plant, what []string) {
	after = p.copied()
	edits := []func(*Plant) string{
		c.mode, c.internal, c.platform, c.flows, c.flows, c.narrow, c.narrow, c.suspend, c.drop, c.add, c.add,
		c.device, c.moveDevice, c.site, c.overlap,
	}
	for range 1 + c.IntN(3) {
		what = append(what, pick(c, edits...)(after))
	}
	return after, what
}

func (c *Chance) mode(p *Plant) string {
	z := pick(c, p.Zones...)
	z.Spec.Enforcement = pick(c, v1alpha1.EnforcementObserve, v1alpha1.EnforcementEnforce, v1alpha1.EnforcementEnforce)
	return fmt.Sprintf("zone %s: %s", z.Name, z.Spec.Enforcement)
}

func (c *Chance) permission() v1alpha1.Permission {
	return pick(c, v1alpha1.PermissionAllow, v1alpha1.PermissionDeny)
}

func (c *Chance) internal(p *Plant) string {
	z := pick(c, p.Zones...)
	z.Spec.InternalTraffic = c.permission()
	return fmt.Sprintf("zone %s: internalTraffic %s", z.Name, z.Spec.InternalTraffic)
}

func (c *Chance) platform(p *Plant) string {
	z := pick(c, p.Zones...)
	z.Spec.PlatformServices = v1alpha1.PlatformServices{DNS: c.permission(), APIServer: c.permission()}
	return fmt.Sprintf("zone %s: platformServices %v", z.Name, z.Spec.PlatformServices)
}

// Flows are all that edits may draw: bare ports, protocols, one that there is not, and one
// that the rules refuse.
func Flows() []v1alpha1.Flow {
	var out []v1alpha1.Flow
	for port := int32(9000); port < 9002; port++ {
		out = append(out, v1alpha1.Flow{Port: &port, Transport: v1alpha1.TransportTCP}, v1alpha1.Flow{Port: &port, Transport: v1alpha1.TransportUDP})
	}
	for _, name := range []string{"https", "opcua-tcp", "modbus-tls", "syslog-tls", "mqtt-tls", "no-such-protocol", "ssh", "modbus-tcp"} {
		out = append(out, v1alpha1.Flow{Protocol: name})
	}
	return out
}

func (c *Chance) flow() v1alpha1.Flow { return pick(c, Flows()...) }

func (c *Chance) flows(p *Plant) string {
	d := pick(c, p.Conduits...)
	if len(d.Spec.Flows) > 1 && c.IntN(2) == 0 {
		d.Spec.Flows = slices.Delete(slices.Clone(d.Spec.Flows), 0, 1)
	} else {
		d.Spec.Flows = append(slices.Clone(d.Spec.Flows), c.flow())
	}
	return fmt.Sprintf("conduit %s: %d flows", d.Name, len(d.Spec.Flows))
}

func (c *Chance) narrow(p *Plant) string {
	d := pick(c, p.Conduits...)
	e := &d.Spec.Initiator
	if c.IntN(2) == 0 {
		e = &d.Spec.Responders[c.IntN(len(d.Spec.Responders))]
	}
	e.Assets = nil
	e.Workloads = nil
	if c.IntN(4) > 0 {
		e.Workloads = &metav1.LabelSelector{MatchLabels: map[string]string{"app": pick(c, "historian", "opcua-server", "scada", "jump-host", "nobody-yet")}}
	}
	return fmt.Sprintf("conduit %s: an end is %v of %s", d.Name, e.Workloads, e.Zone)
}

func (c *Chance) suspend(p *Plant) string {
	d := pick(c, p.Conduits...)
	d.Spec.Suspended = !d.Spec.Suspended
	return fmt.Sprintf("conduit %s: suspended %t", d.Name, d.Spec.Suspended)
}

func (c *Chance) drop(p *Plant) string {
	if len(p.Conduits) < 5 {
		return "nothing is dropped"
	}
	i := c.IntN(len(p.Conduits))
	name := p.Conduits[i].Name
	p.Conduits = slices.Delete(p.Conduits, i, i+1)
	return "conduit " + name + ": gone"
}

func (c *Chance) add(p *Plant) string {
	c.made++
	from, to := pick(c, p.Zones...), pick(c, p.Zones...)
	d := pick(c, p.Conduits...).DeepCopy()
	d.ObjectMeta = metav1.ObjectMeta{Name: fmt.Sprintf("drawn-%d", c.made)}
	d.Spec.Initiator = v1alpha1.ConduitEnd{Zone: from.Name}
	d.Spec.Responders = []v1alpha1.ConduitEnd{{Zone: to.Name}}
	if from == to || c.IntN(2) == 0 {
		d.Spec.Responders[0].Workloads = &metav1.LabelSelector{MatchLabels: map[string]string{"app": pick(c, "historian", "opcua-server", "scada")}}
	}
	d.Spec.Flows, d.Spec.Exceptions, d.Spec.Suspended = []v1alpha1.Flow{c.flow(), c.flow()}, nil, false
	p.Conduits = append(p.Conduits, d)
	return fmt.Sprintf("conduit %s: new, %s to %s", d.Name, from.Name, to.Name)
}

func (c *Chance) device(p *Plant) string {
	a := pick(c, p.Assets...)
	a.Spec.Addresses = []v1alpha1.AssetAddress{v1alpha1.AssetAddress(fmt.Sprintf("10.20.%d.%d", c.IntN(10), 100+c.IntN(8)))}
	return fmt.Sprintf("asset %s: at %s", a.Name, a.Spec.Addresses[0])
}

func (c *Chance) moveDevice(p *Plant) string {
	a := pick(c, p.Assets...)
	a.Labels = map[string]string{"plant.example/zone": pick(c, p.Zones...).Name}
	return fmt.Sprintf("asset %s: labelled into %s", a.Name, a.Labels["plant.example/zone"])
}

func (c *Chance) site(p *Plant) string {
	p.Site.Spec.UnzonedWorkloads = pick(c, v1alpha1.UnzonedDeny, v1alpha1.UnzonedReport)
	p.Site.Spec.Guard.Layers = pick(c, []v1alpha1.GuardLayer{v1alpha1.GuardAdmission}, []v1alpha1.GuardLayer{v1alpha1.GuardAdmission, v1alpha1.GuardDatapath})
	return fmt.Sprintf("site: unzoned pods %s, guard %v", p.Site.Spec.UnzonedWorkloads, p.Site.Spec.Guard.Layers)
}

// overlap lets a zone claim a network that may be somebody else's.
func (c *Chance) overlap(p *Plant) string {
	z := pick(c, p.Zones...)
	if z.Spec.Members.Assets == nil {
		z.Spec.Members.Assets = &v1alpha1.AssetMembers{}
	}
	z.Spec.Members.Assets.CIDRs = []v1alpha1.CIDR{v1alpha1.CIDR(fmt.Sprintf("10.%d.0.0/16", pick(c, 9, 77, 78, 79)))}
	return fmt.Sprintf("zone %s: has %s", z.Name, z.Spec.Members.Assets.CIDRs[0])
}
