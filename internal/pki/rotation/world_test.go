// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // the zones that are tested, on any machine

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// chance draws a number between two, both included.
type chance func(label string, low, high int) int

// delay is the trust delay of the world.
const delay = 10 * time.Minute

// version is what was written to a Secret at an instant.
type version struct {
	at     time.Time
	leaf   *rotation.Leaf
	bundle []rotation.Trusted
}

// process holds in memory what it has read.
type process struct {
	started time.Time
	read    *version
	// sees are the versions that come to its files, and when.
	sees []seen
	// replaced is when it is replaced, zero for not.
	replaced time.Time
}

type seen struct {
	at   time.Time
	what *version
}

// plant is a workload with its certificate.
type plant struct {
	rotation.Certificate
	versions  []*version
	processes []*process
	unready   bool
	// said is since when every decision said that something waits or runs out.
	said time.Time
	// restarts counts those for a leaf, by its fingerprint.
	restarts map[string]int
}

// world is a site in which time passes.
type world struct {
	t      rapid.TB
	draw   chance
	now    time.Time
	clock  bool
	site   rotation.Site
	zones  []*rotation.Zone
	plants []*plant
	// conduits join zones, by pair.
	conduits map[[2]string]time.Time
	// worked are pairs of plants that did trust each other.
	worked map[[2]int]bool
	// unsigned are what people have to make.
	unsigned     map[string]rotation.NewAuthority
	issuer       signingIssuer
	unsignedLeaf map[int]rotation.Issue
	serial       int
	// did counts writes by their kind.
	did map[string]int
	log []string
}

const days = 24 * time.Hour

func newWorld(t rapid.TB, draw chance) *world {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return &world{
		t: t, draw: draw, now: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC), clock: true,
		site: rotation.Site{
			Location: berlin, Windows: []rotation.Window{{Name: "noon", Schedule: "0 12 * * *", Duration: "2h"}},
			NearExpiry: rotation.NearExpiry{Within: "1d", Action: rotation.Wait}, WarnBefore: "2d", TrustDelay: "10m", AuthorityLifetime: "40d",
		},
		conduits: map[[2]string]time.Time{}, worked: map[[2]int]bool{},
		unsigned: map[string]rotation.NewAuthority{}, unsignedLeaf: map[int]rotation.Issue{}, did: map[string]int{},
	}
}

func (w *world) addZone(name string, signer rotation.Signer) {
	w.zones = append(w.zones, &rotation.Zone{Name: name, Signer: signer})
}

func (w *world) add(zone string, policy rotation.Policy, wave, pods int, peers ...rotation.Peer) *plant {
	name := fmt.Sprintf("w%d", len(w.plants))
	p := &plant{restarts: map[string]int{}, Certificate: rotation.Certificate{
		Namespace: "plant", Name: name, Zone: zone, Digest: "d1", Names: []string{"plant.svc"}, Lifetime: "8d", RenewBefore: "3d",
		Policy: policy, Wave: wave, Peers: peers, Workload: &rotation.Workload{Key: "Deployment/" + name},
	}}
	for range pods {
		p.processes = append(p.processes, &process{started: w.now})
	}
	w.plants = append(w.plants, p)
	return p
}

func pair(a, b string) [2]string {
	if b < a {
		a, b = b, a
	}
	return [2]string{a, b}
}

func (w *world) reaches(zone string) []string {
	var out []string
	for p := range w.conduits {
		switch zone {
		case p[0]:
			out = append(out, p[1])
		case p[1]:
			out = append(out, p[0])
		}
	}
	slices.Sort(out)
	return out
}

// facts are what a controller sees now.
func (w *world) facts() rotation.Facts {
	f := rotation.Facts{Clock: rotation.Clock{Now: w.now, Trusted: w.clock, Reason: "drift"}, Site: new(w.site)}
	f.Site.Freezes = slices.Clone(w.site.Freezes)
	for _, z := range w.zones {
		zone := *z
		zone.Authorities = slices.Clone(z.Authorities)
		f.Zones = append(f.Zones, zone)
	}
	for _, p := range w.plants {
		c := p.Certificate
		c.Reaches, c.Secret.Bundle = w.reaches(c.Zone), slices.Clone(c.Secret.Bundle)
		load := *p.Workload
		load.Known, load.Ready, load.MayDisrupt = true, !p.unready, true
		for _, x := range p.processes {
			if x.read == nil { // it waits for its files
				continue
			}
			if load.Pods++; load.Pods == 1 || x.started.Before(load.Oldest) {
				load.Oldest = x.started
			}
			load.RollingOut = load.RollingOut || !x.replaced.IsZero()
		}
		c.Workload = &load
		if c.Probe != nil && len(p.processes) > 0 {
			x := p.processes[w.draw("which is seen", 0, len(p.processes)-1)]
			c.Probe = &rotation.Probe{}
			if x.read != nil && x.read.leaf != nil {
				c.Probe = &rotation.Probe{At: w.now, Serial: x.read.leaf.Serial}
			}
		}
		f.Certificates = append(f.Certificates, c)
	}
	return f
}

// write puts the Secret as it stands on its way to the files.
func (w *world) write(p *plant) {
	v := &version{at: w.now, bundle: slices.Clone(p.Secret.Bundle)}
	if p.Secret.Leaf != nil {
		v.leaf = new(*p.Secret.Leaf)
	}
	p.versions = append(p.versions, v)
	for _, x := range p.processes {
		if x.read == nil { // it waited for its files
			x.started, x.read = w.now, v
			continue
		}
		at := w.now.Add(w.lag())
		if n := len(x.sees); n > 0 && at.Before(x.sees[n-1].at) {
			at = x.sees[n-1].at
		}
		x.sees = append(x.sees, seen{at, v})
	}
}

func (w *world) lag() time.Duration {
	return time.Duration(w.draw("lag", 0, int(delay/time.Minute))) * time.Minute
}

// start begins a process. Its files may be as old as the delay.
func (w *world) start(p *plant) *process {
	x := &process{started: w.now}
	if len(p.versions) == 0 {
		return x
	}
	first := len(p.versions) - 1
	for first > 0 && p.versions[first].at.After(w.now.Add(-delay)) {
		first--
	}
	i := w.draw("which file", first, len(p.versions)-1)
	x.read = p.versions[i]
	for _, v := range p.versions[i+1:] {
		x.sees = append(x.sees, seen{w.now.Add(w.lag()), v})
	}
	for j := 1; j < len(x.sees); j++ {
		if x.sees[j].at.Before(x.sees[j-1].at) {
			x.sees[j].at = x.sees[j-1].at
		}
	}
	// Nothing comes later than the delay after it was written.
	for j := range x.sees {
		if last := x.sees[j].what.at.Add(delay); x.sees[j].at.After(last) {
			x.sees[j].at = last
		}
	}
	return x
}

// pass lets time go to an instant, and looks at everything that happens on the way.
func (w *world) pass(to time.Time) {
	for {
		next := to
		for _, p := range w.plants {
			for _, x := range p.processes {
				if len(x.sees) > 0 && x.sees[0].at.Before(next) {
					next = x.sees[0].at
				}
				if !x.replaced.IsZero() && x.replaced.Before(next) {
					next = x.replaced
				}
			}
		}
		if next.After(w.now) {
			w.now = next
		}
		w.happen()
		w.check()
		if !w.now.Before(to) {
			return
		}
	}
}

// happen does what is due: files change, pods are replaced.
func (w *world) happen() {
	for _, p := range w.plants {
		for i, x := range p.processes {
			for len(x.sees) > 0 && !x.sees[0].at.After(w.now) {
				if p.Policy == rotation.Signal {
					x.read = x.sees[0].what
				}
				x.sees = x.sees[1:]
			}
			if !x.replaced.IsZero() && !x.replaced.After(w.now) {
				p.processes[i] = w.start(p)
			}
		}
	}
}

// check looks at whom everything that runs trusts.
func (w *world) check() {
	for i, a := range w.plants {
		w.checkLeaves(a)
		for j, b := range w.plants[:i] {
			key := [2]int{i, j}
			// What has run out has stopped already: nobody waits for anybody then.
			if _, open := w.conduits[pair(a.Zone, b.Zone)]; !open || w.ranOut(a) || w.ranOut(b) {
				delete(w.worked, key)
				continue
			}
			why := missing(a, b) + missing(b, a)
			if w.worked[key] && why != "" {
				w.fail("%s: %s and %s did trust each other: %s", w.now, a.Name, b.Name, why)
			}
			if why == "" && w.quiet(a, b) && w.quiet(b, a) {
				w.worked[key] = true
			}
		}
	}
}

// quiet says that every file is as its Secret, by which one trusts the other too.
func (w *world) quiet(p, q *plant) bool {
	n := len(p.versions)
	if n == 0 || !p.versions[n-1].at.Add(delay).Before(w.now) {
		return false
	}
	return q.Secret.Leaf != nil && slices.ContainsFunc(p.versions[n-1].bundle, func(t rotation.Trusted) bool { return t.ID == q.Secret.Leaf.Authority })
}

// missing says which process of one does not trust what a process of the other shows.
func missing(a, b *plant) string {
	for _, x := range a.processes {
		for _, y := range b.processes {
			if x.read == nil || y.read == nil || y.read.leaf == nil {
				return "nothing is read"
			}
			if !slices.ContainsFunc(x.read.bundle, func(t rotation.Trusted) bool { return t.ID == y.read.leaf.Authority }) {
				return fmt.Sprintf("%s of %s does not trust %s of %s", a.Name, x.read.at.Format(time.DateTime), y.read.leaf.Authority, b.Name)
			}
		}
	}
	return ""
}

// ranOut says that a process shows a leaf that has run out, or would if it read again.
func (w *world) ranOut(p *plant) bool {
	ended := func(l *rotation.Leaf) bool { return l != nil && !w.now.Before(l.NotAfter) }
	return ended(p.Secret.Leaf) || slices.ContainsFunc(p.processes, func(x *process) bool { return x.read != nil && ended(x.read.leaf) })
}

// checkLeaves: nothing runs out that was not said to, a day before. An issuer may give less
// than that.
func (w *world) checkLeaves(p *plant) {
	for _, x := range p.processes {
		if x.read == nil || x.read.leaf == nil || w.now.Before(x.read.leaf.NotAfter) || x.read.leaf.Since.After(x.read.leaf.NotAfter.Add(-2*days)) {
			continue
		}
		if p.said.IsZero() || p.said.After(x.read.leaf.NotAfter.Add(-days)) {
			w.fail("%s: %s of %s ran out at %s, said since %s", w.now, x.read.leaf.Fingerprint, p.Name, x.read.leaf.NotAfter, p.said)
		}
	}
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	for _, line := range w.log[max(0, len(w.log)-60):] {
		w.t.Log(line)
	}
	w.t.Fatalf(format, args...)
}
