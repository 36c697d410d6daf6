// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// act is one write.
type act struct {
	name string
	do   func()
}

// acts are the writes of a decision.
func (w *world) acts(d rotation.Decision) []act {
	var out []act
	add := func(name string, do func()) { out = append(out, act{name, do}) }
	for _, zd := range d.Zones {
		z := w.zone(zd.Zone)
		if zd.Make != nil {
			if _, asked := w.unsigned[z.Name]; zd.Make.Signer == rotation.Here {
				add("make "+z.Name, func() { w.makeAuthority(z, *zd.Make) })
			} else if !asked {
				add("request "+z.Name, func() { w.unsigned[z.Name] = *zd.Make })
			}
		}
		if zd.MakeCurrent != "" {
			add("current "+zd.MakeCurrent, func() {
				for i := range z.Authorities {
					z.Authorities[i].Current = z.Authorities[i].ID == zd.MakeCurrent
				}
			})
		}
		for _, id := range zd.Retire {
			add("retire "+id, func() { w.retire(z, id) })
		}
	}
	for i, cd := range d.Certificates {
		out = append(out, w.actsOf(i, cd)...)
	}
	return out
}

func (w *world) actsOf(i int, cd rotation.CertificateDecision) []act {
	var out []act
	p := w.plants[i]
	add := func(name string, do func()) { out = append(out, act{name + " " + p.Name, do}) }
	if is := cd.Issue; is != nil {
		if old, asked := w.unsignedLeaf[i]; is.Signer == rotation.Here {
			add("issue", func() { w.issue(p, *is, cd.Bundle) })
		} else if answer := w.issuer.answers[i]; answer != nil && answer.Authority == is.Authority && answer.Digest == is.Digest {
			add("take", func() { w.take(i, p) })
		} else if !asked || old.Authority != is.Authority || old.Digest != is.Digest {
			add("request", func() { w.unsignedLeaf[i] = *is })
		}
	}
	if s := cd.Swap; s != nil {
		add("swap "+s.Fingerprint, func() { w.swap(p, *s, cd.Bundle) })
	}
	if cd.Publish {
		add(fmt.Sprint("publish ", ids(cd.Bundle)), func() { p.Secret.Bundle = w.dated(cd.Bundle); w.write(p) })
	}
	if cd.Drop {
		add("drop", func() { p.Next = nil })
	}
	if r := cd.Restart; r != nil {
		add("restart for "+string(r.Cause), func() { w.restart(p, *r) })
	}
	return out
}

func ids(bundle []rotation.Trusted) []string {
	var out []string
	for _, t := range bundle {
		out = append(out, t.ID)
	}
	return out
}

func (w *world) zone(name string) *rotation.Zone {
	i := slices.IndexFunc(w.zones, func(z *rotation.Zone) bool { return z.Name == name })
	return w.zones[i]
}

func (w *world) makeAuthority(z *rotation.Zone, a rotation.NewAuthority) {
	w.serial++
	var n int64 = 1
	for _, old := range z.Authorities {
		n = max(n, old.Generation+1)
	}
	z.Authorities = append(z.Authorities, rotation.Authority{
		ID: fmt.Sprintf("%s%d-%d", z.Name, n, w.serial), Generation: n, Signer: a.Signer,
		NotBefore: w.now.Add(-time.Hour), NotAfter: a.Until, Permits: a.Permits,
	})
}

// retire: nothing may run that was issued by what goes. Another zone may have the same.
func (w *world) retire(z *rotation.Zone, id string) {
	for _, p := range w.plants {
		if slices.ContainsFunc(w.zone(p.Zone).Authorities, func(a rotation.Authority) bool { return a.ID == id }) && p.Zone != z.Name {
			continue
		}
		for _, x := range p.processes {
			if x.read != nil && x.read.leaf != nil && x.read.leaf.Authority == id && w.now.Before(x.read.leaf.NotAfter) {
				w.fail("%s: %s goes while %s runs on it", w.now, id, p.Name)
			}
		}
	}
	z.Authorities = slices.DeleteFunc(z.Authorities, func(a rotation.Authority) bool { return a.ID == id })
}

func (w *world) newLeaf(is rotation.Issue) *rotation.Leaf {
	w.serial++
	return &rotation.Leaf{
		Fingerprint: fmt.Sprintf("leaf%d", w.serial), Serial: fmt.Sprint(w.serial), NotBefore: w.now.Add(-time.Hour), NotAfter: is.Until,
		Authority: is.Authority, Digest: is.Digest, Since: w.now,
	}
}

func (w *world) issue(p *plant, is rotation.Issue, bundle []rotation.Trusted) {
	leaf := w.newLeaf(is)
	if !is.InPlace {
		p.Next = leaf
		return
	}
	leaf.First = is.First
	p.Secret = rotation.Secret{Leaf: leaf, Bundle: w.dated(bundle)}
	w.write(p)
}

func (w *world) swap(p *plant, s rotation.Swap, bundle []rotation.Trusted) {
	if p.Next == nil || p.Next.Fingerprint != s.Fingerprint {
		w.fail("%s: %s has nothing to swap", w.now, p.Name)
	}
	leaf := *p.Next
	leaf.Since, leaf.First = w.now, s.First
	if p.Secret.Leaf == nil {
		p.Secret = rotation.Secret{Bundle: w.dated(bundle)}
	} else {
		w.checkAllowed(p, "swap")
		p.Secret.Before = s.Before
	}
	p.Secret.Leaf = &leaf
	w.write(p)
}

func (w *world) dated(bundle []rotation.Trusted) []rotation.Trusted {
	out := slices.Clone(bundle)
	for i := range out {
		if out[i].Since.IsZero() {
			out[i].Since = w.now
		}
	}
	return out
}

func (w *world) restart(p *plant, r rotation.RestartNow) {
	w.checkAllowed(p, "restart")
	if p.Policy != rotation.Restart {
		w.fail("%s: %s is restarted with policy %s", w.now, p.Name, p.Policy)
	}
	if p.Workload.Restarted.Equal(w.now) {
		w.fail("%s: %s is restarted twice", w.now, p.Name)
	}
	p.Workload.Restarted = w.now
	if r.Cause == rotation.CauseLeaf {
		if p.restarts[p.Secret.Leaf.Fingerprint]++; p.restarts[p.Secret.Leaf.Fingerprint] > 1 {
			w.fail("%s: %s is restarted again for %s", w.now, p.Name, p.Secret.Leaf.Fingerprint)
		}
	}
	w.replace(p)
}

// replace replaces all pods within minutes.
func (w *world) replace(p *plant) {
	for _, x := range p.processes {
		if x.read != nil {
			x.replaced = w.now.Add(time.Duration(w.draw("takes", 0, 8)) * time.Minute)
		}
	}
}

// checkAllowed: inside a window and no freeze, as this test reads them, unless what runs
// is about to run out and the Site says so.
func (w *world) checkAllowed(p *plant, what string) {
	ends := p.Secret.Leaf.NotAfter
	least := func(l *rotation.Leaf) {
		if l != nil && l.NotAfter.Before(ends) {
			ends = l.NotAfter
		}
	}
	least(p.Secret.Before)
	for _, x := range p.processes {
		if x.read != nil {
			least(x.read.leaf)
		}
	}
	action := w.site.NearExpiry.Action
	if w.now.Before(ends.Add(-days)) {
		action = rotation.Wait
	}
	hour := w.now.In(w.site.Location).Hour()
	inWindow := len(w.site.Windows) == 0 && p.Policy != rotation.Restart || len(w.site.Windows) > 0 && (hour == 12 || hour == 13)
	frozen := len(w.site.Freezes) > 0 || p.Frozen != ""
	if !w.clock || !inWindow && action == rotation.Wait || frozen && action != rotation.IgnoreFreezes {
		w.fail("%s: %s of %s: clock %t, window %t, frozen %t, %s", w.now, what, p.Name, w.clock, inWindow, frozen, action)
	}
}

// control decides once, and carries out a part of it in any order: it is killed then.
func (w *world) control(kill func(of int) int) (rotation.Decision, int) {
	d := rotation.Decide(w.facts())
	for i, c := range d.Certificates {
		says := slices.ContainsFunc(c.Conditions, func(c rotation.Condition) bool {
			return (c.Type == rotation.ConditionDeferred || c.Type == rotation.ConditionExpiring) && c.Status == rotation.True
		})
		if p := w.plants[i]; !says {
			p.said = time.Time{}
		} else if p.said.IsZero() {
			p.said = w.now
		}
	}
	acts := w.acts(d)
	n := kill(len(acts))
	for i := range n {
		k := w.draw("which write", i, len(acts)-1)
		acts[i], acts[k] = acts[k], acts[i]
		w.log = append(w.log, w.now.Format(time.DateTime)+" "+acts[i].name)
		acts[i].do()
		w.did[strings.Fields(acts[i].name)[0]]++
		w.happen()
		w.check()
	}
	if n == len(acts) {
		w.checkClosed()
	}
	return d, len(acts)
}

// checkClosed: after a whole decision no Secret holds an authority without a conduit.
func (w *world) checkClosed() {
	for _, p := range w.plants {
		for _, t := range p.Secret.Bundle {
			if _, open := w.conduits[pair(p.Zone, t.Zone)]; !open {
				w.fail("%s: %s trusts %s without a conduit", w.now, p.Name, t.ID)
			}
		}
	}
}

func whole(of int) int { return of }

// settle decides until nothing is asked for any more.
func (w *world) settle() rotation.Decision {
	for range 50 {
		if d, n := w.control(whole); n == 0 {
			return d
		}
	}
	w.fail("%s: it asks for more and more", w.now)
	return rotation.Decision{}
}
