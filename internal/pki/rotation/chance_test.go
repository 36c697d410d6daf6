// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// TestWorld: whatever happens, in whatever order, and wherever the controller is killed,
// what trusted each other goes on to do so, nothing runs out unsaid, nothing is done
// outside windows, closed conduits leave no trust, and it all comes to rest.
func TestWorld(t *testing.T) {
	did := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string, low, high int) int { return rapid.IntRange(low, high).Draw(t, label) }
		w := newWorld(t, draw)
		w.did = did
		w.found()
		for range draw("events", 20, 160) {
			w.event()
			if draw("controls", 0, 9) > 0 {
				w.control(func(of int) int { return draw("writes before it is killed", 0, of) })
			}
			w.pass(w.now.Add(w.while()))
		}
		w.rest()
	})
	t.Logf("written: %v", did)
}

var policies = []rotation.Policy{rotation.Restart, rotation.Signal, rotation.None}

var signers = []rotation.Signer{rotation.Here, rotation.People, "issuer"}

// found builds a site.
func (w *world) found() {
	w.addZone("a", rotation.Here)
	w.addZone("b", signers[w.draw("signer", 0, len(signers)-1)])
	w.addZone("c", signers[w.draw("signer", 0, len(signers)-1)])
	if w.draw("windows", 0, 5) == 0 {
		w.site.Windows = nil
	}
	w.site.NearExpiry.Action = []rotation.Action{rotation.Wait, rotation.IgnoreWindows, rotation.IgnoreFreezes}[w.draw("action", 0, 2)]
	for range w.draw("plants", 2, 4) {
		var peers []rotation.Peer
		switch w.draw("peers", 0, 5) {
		case 0:
			peers = []rotation.Peer{{Name: "plc", Lists: rotation.ListsAuthority}}
		case 1:
			peers = []rotation.Peer{{Name: "hmi", Lists: rotation.ListsCertificate}}
		}
		p := w.add(string(rune('a'+w.draw("zone", 0, 2))), policies[w.draw("policy", 0, 2)], w.draw("wave", 0, 2), w.draw("pods", 0, 2), peers...)
		if w.draw("probed", 0, 2) == 0 {
			p.Probe = &rotation.Probe{}
		}
	}
	for _, c := range [][2]string{{"a", "b"}, {"b", "c"}, {"a", "a"}} {
		if w.draw("conduit", 0, 3) > 0 {
			w.conduits[c] = w.now
		}
	}
}

// while is how long until something else happens: minutes mostly, or hours.
func (w *world) while() time.Duration {
	if w.draw("long", 0, 2) == 0 {
		return time.Duration(w.draw("minutes", 1, 25)) * time.Minute
	}
	return time.Duration(w.draw("hours", 1, 9)) * time.Hour
}

// event is something that people, or chance, do.
func (w *world) event() {
	p := w.plants[w.draw("plant", 0, len(w.plants)-1)]
	switch w.draw("event", 0, 24) {
	case 0, 1:
		w.toggleConduit()
	case 2:
		w.site.Freezes = append(w.site.Freezes, rotation.Freeze{Name: "storm", Reason: "it blows"})
	case 3, 4:
		w.site.Freezes = nil
	case 5:
		p.Frozen = "batch"
	case 6, 7:
		p.Frozen = ""
	case 8:
		w.clock = false
	case 9, 10, 11:
		w.clock = true
	case 12, 13:
		w.acknowledge()
	case 14:
		w.sign()
	case 22:
		w.issuer.ends = w.now // it has another authority with the next that it signs
	case 23:
		w.zones[w.draw("whose", 0, 2)].Signer = signers[w.draw("signer", 0, len(signers)-1)]
	case 15, 16:
		w.log = append(w.log, w.now.Format(time.DateTime)+" somebody restarts "+p.Name)
		w.replace(p)
	case 17:
		if n := len(p.processes); n > 0 {
			w.log = append(w.log, w.now.Format(time.DateTime)+" a pod fails of "+p.Name)
			p.processes[w.draw("fails", 0, n-1)] = w.start(p)
		}
	case 18:
		if p.Secret.Leaf != nil {
			p.Asked = p.Secret.Leaf.Fingerprint
		}
	case 19:
		p.Digest = fmt.Sprint("d", w.draw("digest", 1, 3))
	case 20:
		w.askAuthority()
	case 21:
		if w.draw("names", 0, 3) == 0 {
			p.Names, p.Digest = []string{"plant.svc", "plant.example"}, "d4"
		}
	default:
		p.unready = w.draw("unready", 0, 2) == 0
	}
}

func (w *world) toggleConduit() {
	zones := []string{"a", "b", "c"}
	key := pair(zones[w.draw("from", 0, 2)], zones[w.draw("to", 0, 2)])
	if _, open := w.conduits[key]; open {
		delete(w.conduits, key)
		w.log = append(w.log, fmt.Sprint(w.now.Format(time.DateTime), " closed ", key))
		return
	}
	w.conduits[key] = w.now
	w.log = append(w.log, fmt.Sprint(w.now.Format(time.DateTime), " opened ", key))
}

func (w *world) askAuthority() {
	z := w.zones[w.draw("zone", 0, len(w.zones)-1)]
	for _, a := range z.Authorities {
		if a.Current {
			z.Asked = a.ID
		}
	}
}

// acknowledge says that every peer trusts all that there is.
func (w *world) acknowledge() {
	for _, p := range w.plants {
		for i := range p.Peers {
			for _, a := range w.zone(p.Zone).Authorities {
				p.Peers[i].Acknowledged = append(p.Peers[i].Acknowledged, a.ID)
			}
			for _, l := range []*rotation.Leaf{p.Secret.Leaf, p.Next} {
				if l != nil {
					p.Peers[i].Acknowledged = append(p.Peers[i].Acknowledged, l.Fingerprint)
				}
			}
		}
	}
}

// rest lets everything be done, and asks whether it comes to an end: at some instant
// nothing is to be done at all.
func (w *world) rest() {
	w.site.Freezes, w.clock = nil, true
	if len(w.site.Windows) == 0 {
		for _, p := range w.plants {
			if p.Policy == rotation.Restart {
				return // it never may, and says so
			}
		}
	}
	for _, p := range w.plants {
		p.Frozen, p.unready = "", false
	}
	var d rotation.Decision
	for hour := range 24 * 20 {
		w.sign()
		w.acknowledge()
		d = w.settle()
		if hour > 24 && slices.IndexFunc(d.Certificates, func(c rotation.CertificateDecision) bool { return c.Step != rotation.Idle || c.Cause != "" }) < 0 &&
			slices.IndexFunc(d.Zones, func(z rotation.ZoneDecision) bool {
				return z.Reason != rotation.ReasonCurrent && z.Reason != rotation.ReasonUnused
			}) < 0 {
			w.working()
			return
		}
		if hour%12 == 5 {
			for _, p := range w.plants {
				if p.Policy == rotation.None {
					w.replace(p)
				}
			}
		}
		w.pass(w.now.Add(time.Hour))
	}
	for _, c := range d.Certificates {
		w.log = append(w.log, fmt.Sprintf("%s %s %s %s: %s", c.Name, c.Step, c.Cause, c.Reason, c.Message))
	}
	for _, z := range d.Zones {
		w.log = append(w.log, fmt.Sprintf("%s %s: %s", z.Zone, z.Reason, z.Message))
	}
	w.fail("%s: it does not come to rest", w.now)
}

// working: at rest all that has a conduit trusts each other.
func (w *world) working() {
	for i, a := range w.plants {
		for _, b := range w.plants[:i] {
			if _, open := w.conduits[pair(a.Zone, b.Zone)]; open && len(a.processes) > 0 && len(b.processes) > 0 {
				if why := missing(a, b) + missing(b, a); why != "" {
					w.fail("%s: at rest, %s", w.now, why)
				}
			}
		}
	}
}

// TestNextIsSoonEnough: until the instant that a decision names nothing changes.
func TestNextIsSoonEnough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string, low, high int) int { return rapid.IntRange(low, high).Draw(t, label) }
		w := newWorld(t, draw)
		w.found()
		for range draw("events", 5, 40) {
			w.event()
			w.control(func(of int) int { return draw("writes before it is killed", 0, of) })
			w.pass(w.now.Add(w.while()))
		}
		f := w.facts()
		d := rotation.Decide(f)
		if names(w.acts(d)) != names(w.acts(rotation.Decide(f))) {
			t.Fatal("equal facts decide otherwise")
		}
		for range 3 {
			ahead := 30 * days
			if !d.Next.IsZero() {
				ahead = d.Next.Sub(f.Clock.Now) - 1
			}
			g := f
			g.Clock.Now = f.Clock.Now.Add(time.Duration(draw("part", 0, 1000)) * (ahead / 1000))
			if was, is := names(w.acts(d)), names(w.acts(rotation.Decide(g))); was != is {
				t.Fatalf("at %s: %s; at %s: %s; next %s", f.Clock.Now, was, g.Clock.Now, is, d.Next)
			}
		}
	})
}

func names(acts []act) string {
	var out []string
	for _, a := range acts {
		out = append(out, a.name)
	}
	return fmt.Sprint(out)
}
