// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

type edit func(f *rotation.Facts)

func x(f *rotation.Facts) *rotation.Certificate { return &f.Certificates[0] }
func y(f *rotation.Facts) *rotation.Certificate { return &f.Certificates[1] }

// rotating has a leaf that is due and one that is staged.
func rotating(f *rotation.Facts) {
	x(f).Asked, x(f).Next = "leaf-x", leaf("next", "a1", start)
}

// swapped has a new leaf in place that nothing has read.
func swapped(f *rotation.Facts) { x(f).Secret.Leaf.Since = start.Add(-time.Hour) }

// coming has a new authority that everybody has read but nobody is issued by.
func coming(f *rotation.Facts) {
	f.Zones[0].Authorities = append(f.Zones[0].Authorities, authority("a2", 2, false))
	y(f).Secret.Bundle = append(y(f).Secret.Bundle, rotation.Trusted{ID: "a2", Zone: "a", Since: long})
}

// changed has a new authority that signs.
func changed(f *rotation.Facts) {
	coming(f)
	f.Zones[0].Authorities[0].Current, f.Zones[0].Authorities[1].Current = false, true
}

// unread has not read the authority that comes.
func unread(f *rotation.Facts) { y(f).Secret.Bundle[1].Since = start.Add(-time.Hour) }

func night(f *rotation.Facts) { f.Clock.Now = start.Add(-time.Minute) }
func storm(f *rotation.Facts) {
	f.Site.Freezes = []rotation.Freeze{{Name: "storm", Reason: "it blows"}}
}
func batch(f *rotation.Facts)  { x(f).Frozen = "batch" }
func drift(f *rotation.Facts)  { f.Clock.Trusted = false }
func noSite(f *rotation.Facts) { f.Site = nil }
func people(f *rotation.Facts) { signedBy(f, rotation.People) }
func issuer(f *rotation.Facts) { signedBy(f, "issuer") }
func signedBy(f *rotation.Facts, s rotation.Signer) {
	f.Zones[0].Signer, f.Zones[0].Authorities[0].Signer = s, s
}
func fresh(f *rotation.Facts) { x(f).Secret, x(f).Workload.Pods = rotation.Secret{}, 0 }

// soon makes what runs end within the Site's time.
func soon(action rotation.Action) edit {
	return func(f *rotation.Facts) {
		f.Site.NearExpiry.Action = action
		x(f).Secret.Leaf.NotAfter = start.Add(2 * days)
	}
}

// ran out a minute ago.
func ranOut(f *rotation.Facts) { x(f).Secret.Leaf.NotAfter = start.Add(-time.Minute) }

// before is what ran until the swap, and ends soon.
func before(action rotation.Action) edit {
	return func(f *rotation.Facts) {
		f.Site.NearExpiry.Action = action
		x(f).Secret.Before = leaf("old", "a1", long)
		x(f).Secret.Before.NotAfter = start.Add(2 * days)
	}
}

func policy(p rotation.Policy) edit { return func(f *rotation.Facts) { x(f).Policy = p } }

func edits(list ...edit) edit {
	return func(f *rotation.Facts) {
		for _, e := range list {
			e(f)
		}
	}
}

func seenAs(serial string) edit {
	return func(f *rotation.Facts) { x(f).Probe = &rotation.Probe{At: start, Serial: serial} }
}

func peer(lists rotation.Lists, acknowledged ...string) edit {
	return func(f *rotation.Facts) {
		x(f).Peers = []rotation.Peer{{Name: "plc", Lists: lists, Acknowledged: acknowledged}}
	}
}

// transition is what is decided of quiet after an edit.
type transition struct {
	name string
	edit edit
	want string
}

func (c transition) try(t *testing.T) {
	t.Helper()
	f := quiet()
	c.edit(&f)
	if got := sum(rotation.Decide(f)); got != c.want {
		t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
	}
}

// transitions are each step, and each reason for which one waits.
var transitions = []transition{
	{"nothing to do", edits(), ""},
	{"the first leaf", fresh, "x issue a1 in place"},
	{"the first leaf in a freeze of the Site", edits(fresh, storm), "x issue a1 in place"},
	{"the first leaf, frozen itself", edits(fresh, batch), "x Frozen Requested"},
	{"the first leaf by an issuer", edits(fresh, issuer), "x issue a1 next; x AwaitsIssuer Requested"},
	{"an issuer's leaf of half its life", edits(issuer, func(f *rotation.Facts) {
		x(f).Secret.Leaf.NotBefore, x(f).Secret.Leaf.NotAfter = start.Add(-10*days), start.Add(11*days)
	}), ""},
	{"an issuer's leaf of more than half its life", edits(issuer, func(f *rotation.Facts) {
		x(f).Secret.Leaf.NotBefore, x(f).Secret.Leaf.NotAfter = start.Add(-11*days), start.Add(10*days)
	}), "x issue a1 next; x AwaitsIssuer Requested"},
	{"the first leaf by people", edits(fresh, people), "x issue a1 next; x AwaitsSignature Requested"},
	{"the first leaf that people signed", edits(fresh, rotating), "x swap next"},
	{"due by time", func(f *rotation.Facts) { x(f).Secret.Leaf.NotAfter = start.Add(60 * days) }, "x issue a1 next"},
	{"not due yet", func(f *rotation.Facts) { x(f).Secret.Leaf.NotAfter = start.Add(60*days + 1) }, ""},
	{"due, cut by its authority", func(f *rotation.Facts) {
		x(f).Secret.Leaf.NotAfter = start.Add(30 * days)
		f.Zones[0].Authorities[0].NotAfter = start.Add(30 * days)
	}, "make a Time"},
	{"what is asked for changed", func(f *rotation.Facts) { x(f).Digest = "e" }, "x issue a1 next"},
	{"somebody asked", func(f *rotation.Facts) { x(f).Asked = "leaf-x" }, "x issue a1 next"},
	{"somebody asked for one that is gone", func(f *rotation.Facts) { x(f).Asked = "gone" }, ""},
	{"due in a freeze", edits(func(f *rotation.Facts) { x(f).Digest = "e" }, storm), "x Frozen Requested"},
	{"due, the clock untrusted", edits(func(f *rotation.Facts) { x(f).Digest = "e" }, drift), "x ClockUntrusted Idle; y ClockUntrusted Idle"},
	{"due, no rules", edits(func(f *rotation.Facts) { x(f).Digest = "e" }, noSite), "x NoSite Idle; y NoSite Idle"},
	{"due, the authority ended", edits(func(f *rotation.Facts) { x(f).Digest = "e"; f.Zones[0].Authorities[0].NotAfter = start }), "make a Time; x AuthorityEnded Requested"},
	{"due, another name", func(f *rotation.Facts) { x(f).Digest, x(f).Names = "e", []string{"n"} }, "make a Names; x NamesBeyondAuthority Requested"},
	{"staged, in a window", rotating, "x swap next"},
	{"staged, outside", edits(rotating, night), "x OutsideWindow AwaitingWindow"},
	{"staged, in a freeze", edits(rotating, storm), "x Frozen Issued"},
	{"staged, frozen itself", edits(rotating, batch), "x Frozen Issued"},
	{"staged, the Site has no window", edits(rotating, func(f *rotation.Facts) { f.Site.Windows = nil }), "x NoWindow AwaitingWindow"},
	{"staged, no window, reads by itself", edits(rotating, policy(rotation.Signal), func(f *rotation.Facts) { f.Site.Windows = nil }), "x swap next"},
	{"staged, a window that there is not", edits(rotating, policy(rotation.None), func(f *rotation.Facts) { x(f).Windows = []string{"never"} }), "x NoWindow AwaitingWindow"},
	{"staged, for another digest", edits(rotating, func(f *rotation.Facts) { x(f).Next.Digest = "e" }), "x issue a1 next"},
	{"staged, by another authority", edits(rotating, func(f *rotation.Facts) { x(f).Next.Authority = "a0" }), "x issue a1 next"},
	{"staged, and nothing is due", edits(rotating, func(f *rotation.Facts) { x(f).Asked = "" }), "x drop"},
	{"in place and still staged", edits(rotating, func(f *rotation.Facts) { x(f).Asked = ""; *x(f).Next = *x(f).Secret.Leaf }), "x drop"},
	{"staged, a peer lists certificates", edits(rotating, peer(rotation.ListsCertificate)), "x OutsidePeers AwaitingPeers"},
	{"staged, it trusts it", edits(rotating, peer(rotation.ListsCertificate, "next")), "x swap next"},
	{"staged, a peer lists authorities, which is the same", edits(rotating, peer(rotation.ListsAuthority)), "x swap next"},
	{"staged, a peer lists authorities, another", edits(changed, rotating, peer(rotation.ListsAuthority), func(f *rotation.Facts) { x(f).Next.Authority = "a2" }), "a Retiring; x OutsidePeers AwaitingPeers"},
	{"staged, a peer has not read", edits(changed, rotating, unread, night, func(f *rotation.Facts) { x(f).Next.Authority = "a2" }), "a Retiring; x PeersNotReady AwaitingPeers; y OutsideWindow AwaitingWindow"},
	{"staged, a lower wave is due", edits(rotating, func(f *rotation.Facts) { x(f).Wave = 1; y(f).Asked = "leaf-y" }), "x Wave Issued; y issue b1 next"},
	{"staged, a lower wave reads", edits(rotating, func(f *rotation.Facts) { x(f).Wave = 1; y(f).Secret.Leaf.Since = start.Add(-time.Hour) }), "x Wave Issued; y restart Leaf"},
	{"staged, a higher wave is due", edits(rotating, func(f *rotation.Facts) { y(f).Wave, y(f).Asked = 1, "leaf-y" }), "x swap next; y issue b1 next"},
	{"staged, near, the Site waits", edits(rotating, soon(rotation.Wait), night), "x OutsideWindow AwaitingWindow"},
	{"staged, near, whatever the window", edits(rotating, soon(rotation.IgnoreWindows), night), "x swap next"},
	{"staged, near, but a freeze", edits(rotating, soon(rotation.IgnoreWindows), storm), "x Frozen Issued"},
	{"staged, near, whatever the freeze", edits(rotating, soon(rotation.IgnoreFreezes), storm, batch, night), "x swap next"},
	{"staged, not near yet", edits(rotating, func(f *rotation.Facts) { f.Site.NearExpiry.Action = rotation.IgnoreFreezes }, storm), "x Frozen Issued"},
	{"staged, near, a lower wave is due", edits(rotating, soon(rotation.Wait), func(f *rotation.Facts) { x(f).Wave = 1; y(f).Asked = "leaf-y" }), "x swap next; y issue b1 next"},
	{"run out, nobody is waited for", edits(rotating, ranOut, peer(rotation.ListsCertificate)), "x swap next"},
	{"run out, the Site waits", edits(rotating, ranOut, night, func(f *rotation.Facts) { f.Clock.Now = start.Add(-time.Second) }), "x OutsideWindow AwaitingWindow"},
	{"swapped, restart", swapped, "x restart Leaf"},
	{"swapped, the files may be old", edits(swapped, func(f *rotation.Facts) { x(f).Secret.Leaf.Since = start.Add(-time.Minute) }), "x FilesSettling Verifying"},
	{"swapped, outside", edits(swapped, night), "x OutsideWindow AwaitingWindow"},
	{"swapped, in a freeze", edits(swapped, storm), "x Frozen AwaitingWindow"},
	{"swapped, pods are replaced for another reason", edits(swapped, func(f *rotation.Facts) { x(f).Workload.RollingOut = true }), "x RollingOut AwaitingWindow"},
	{"swapped, pods are not ready", edits(swapped, func(f *rotation.Facts) { x(f).Workload.Ready = false }), "x PodsNotReady AwaitingWindow"},
	{"swapped, what ran has run out, pods are not ready", edits(swapped, before(rotation.Wait), func(f *rotation.Facts) {
		x(f).Workload.Ready, x(f).Workload.MayDisrupt, x(f).Secret.Before.NotAfter = false, false, start
	}), "x restart Leaf"},
	{"swapped, the budget", edits(swapped, func(f *rotation.Facts) { x(f).Workload.MayDisrupt = false }), "x DisruptionBudget AwaitingWindow"},
	{"swapped, the workload is not known", edits(swapped, func(f *rotation.Facts) { x(f).Workload.Known = false }), "x WorkloadUnknown Verifying"},
	{"swapped, asked already", edits(swapped, func(f *rotation.Facts) { x(f).Workload.Restarted = start.Add(-30 * time.Minute) }), "x Restarting"},
	{"swapped, asked before it was", edits(swapped, func(f *rotation.Facts) { x(f).Workload.Restarted = start.Add(-55 * time.Minute) }), "x restart Leaf"},
	{"swapped, pods are new", edits(swapped, func(f *rotation.Facts) { x(f).Workload.Oldest = start.Add(-50 * time.Minute) }), ""},
	{"swapped, pods found perhaps the old file", edits(swapped, func(f *rotation.Facts) { x(f).Workload.Oldest = start.Add(-51 * time.Minute) }), "x restart Leaf"},
	{"first, pods that waited for it", edits(swapped, func(f *rotation.Facts) {
		x(f).Secret.Leaf.First = true
		x(f).Workload.Oldest = start.Add(-59 * time.Minute)
	}), ""},
	{"swapped, no pods", edits(swapped, func(f *rotation.Facts) { x(f).Workload.Pods = 0 }), ""},
	{"swapped, reads by itself", edits(swapped, policy(rotation.Signal)), ""},
	{"swapped, reads by itself, not yet", edits(swapped, policy(rotation.Signal), func(f *rotation.Facts) { x(f).Secret.Leaf.Since = start.Add(-9 * time.Minute) }), "x FilesSettling Verifying"},
	{"swapped, somebody has to restart", edits(swapped, policy(rotation.None)), "x AwaitsRestart Verifying"},
	{"swapped, one pod serves it", edits(swapped, seenAs("leaf-x"), func(f *rotation.Facts) { x(f).Workload.Pods = 1 }), ""},
	{"swapped, one of two serves it", edits(swapped, seenAs("leaf-x")), "x restart Leaf"},
	{"pods are new and serve another", edits(swapped, seenAs("old"), func(f *rotation.Facts) { x(f).Workload.Oldest = start.Add(-50 * time.Minute) }), "x ServesOther Verifying"},
	{"swapped, what runs is near, whatever the window", edits(swapped, before(rotation.IgnoreWindows), night), "x restart Leaf"},
	{"swapped, what runs is near, the Site waits", edits(swapped, before(rotation.Wait), night), "x OutsideWindow AwaitingWindow"},
	{"two certificates of one workload restart it once", edits(swapped, func(f *rotation.Facts) {
		y(f).Secret.Leaf.Since, y(f).Workload = start.Add(-time.Hour), x(f).Workload
	}), "x restart Leaf; y Restarting"},
	{"its zone is not known", func(f *rotation.Facts) { x(f).Zone, x(f).Reaches = "", nil }, "a Unused; x ZoneUnknown Idle"},
	{"it lives shorter than its renewal", func(f *rotation.Facts) { x(f).RenewBefore = "400d" }, "x InvalidCertificate Idle"},
}

// TestTransitions of certificates.
func TestTransitions(t *testing.T) {
	for _, c := range transitions {
		c.try(t)
	}
}
