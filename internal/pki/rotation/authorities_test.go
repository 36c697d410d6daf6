// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// TestAuthorities: each step of an authority, and each reason for which one waits.
func TestAuthorities(t *testing.T) {
	for _, c := range []transition{
		{"none", edits(fresh, func(f *rotation.Facts) { f.Zones[0].Authorities = nil }), "make a First; x NoAuthority Idle; y publish "},
		{"the first", edits(fresh, func(f *rotation.Facts) { f.Zones[0].Authorities[0].Current = false }), "current a1; x NoAuthority Idle"},
		{"due by time", func(f *rotation.Facts) {
			f.Clock.Now = start.Add((1725 - 460) * days)
			x(f).Secret.Leaf.NotAfter = f.Clock.Now.Add(70 * days)
			y(f).Secret.Leaf.NotAfter = f.Clock.Now.Add(70 * days)
		}, "make a Time; make b Time"},
		{"asked", func(f *rotation.Facts) { f.Zones[0].Asked = "a1" }, "make a Asked"},
		{"asked in a freeze", edits(func(f *rotation.Facts) { f.Zones[0].Asked = "a1" }, storm), "a Frozen"},
		{"asked, with people", edits(people, func(f *rotation.Facts) { f.Zones[0].Asked = "a1" }), "make a Asked; a AwaitsSignature"},
		{"to people", func(f *rotation.Facts) { f.Zones[0].Signer = rotation.People }, "make a Signer; a AwaitsSignature"},
		{"to an issuer", func(f *rotation.Facts) { f.Zones[0].Signer = "issuer" }, "make a Signer; a AwaitsIssuer"},
		{"back from an issuer", edits(issuer, func(f *rotation.Facts) { f.Zones[0].Signer = rotation.Here }), "make a Signer"},
		{"an issuer's, due by time, for other names", edits(issuer, func(f *rotation.Facts) {
			f.Zones[0].Asked, f.Zones[0].Authorities[0].Permits = "a1", nil
		}), ""},
		{"what goes on while people make another", edits(coming, func(f *rotation.Facts) {
			f.Zones[0].Signer = rotation.People
		}), "make a Signer; current a2"},
		{"made, and published", edits(coming, func(f *rotation.Facts) { y(f).Secret.Bundle = y(f).Secret.Bundle[:1] }), "a Publishing; y publish a1,a2"},
		{"made, in a freeze", edits(coming, storm, func(f *rotation.Facts) { y(f).Secret.Bundle = y(f).Secret.Bundle[:1] }), "a Frozen"},
		{"published, restart to read", edits(coming, unread), "a Publishing; y restart Trust"},
		{"published, outside", edits(coming, unread, night), "a Publishing; y OutsideWindow AwaitingWindow"},
		{"published, read", coming, "current a2"},
		{"published, no pods", edits(coming, unread, func(f *rotation.Facts) { y(f).Workload.Pods = 0 }), "current a2"},
		{"published, reads by itself", edits(coming, unread, func(f *rotation.Facts) { y(f).Policy = rotation.Signal }), "current a2"},
		{"published, a peer outside", edits(coming, peer(rotation.ListsAuthority)), "a Publishing"},
		{"published, it trusts it", edits(coming, peer(rotation.ListsAuthority, "a2")), "current a2"},
		{"published, the one before ended", edits(coming, unread, night, func(f *rotation.Facts) { f.Zones[0].Authorities[0].NotAfter = start.Add(-days) }), "current a2; y OutsideWindow AwaitingWindow"},
		{"not known since when", edits(coming, func(f *rotation.Facts) { y(f).Secret.Bundle[1].Since = time.Time{} }), "a Publishing; y publish a1,a2"},
		{"current", changed, "a Retiring; x issue a2 next"},
		{"nothing needs the old one", edits(changed, func(f *rotation.Facts) { x(f).Secret.Leaf.Authority = "a2" }), "y publish a2"},
		{"the old one may run", edits(changed, swapped, night, func(f *rotation.Facts) { x(f).Secret.Leaf.Authority = "a2" }), "a Retiring; x OutsideWindow AwaitingWindow"},
		{"nothing needs it, in a freeze", edits(changed, storm, func(f *rotation.Facts) { x(f).Secret.Leaf.Authority = "a2" }), ""},
		{"no bundle holds it", edits(changed, func(f *rotation.Facts) {
			x(f).Secret.Leaf.Authority = "a2"
			y(f).Secret.Bundle = y(f).Secret.Bundle[1:]
		}), "retire a1"},
		{"it ended", edits(changed, func(f *rotation.Facts) { f.Zones[0].Authorities[0].NotAfter = start }), "retire a1; x issue a2 next; y publish a2"},
		{"two are current", edits(coming, func(f *rotation.Facts) { f.Zones[0].Authorities[1].Current = true }), "a TwoCurrent; x NoAuthority Idle"},
		{"none of two is current", edits(coming, func(f *rotation.Facts) { f.Zones[0].Authorities[0].Current = false }), "a NoneCurrent; x NoAuthority Idle"},
		{"the same twice", func(f *rotation.Facts) {
			f.Zones[0].Authorities = append(f.Zones[0].Authorities, authority("a1", 2, false))
		}, "a AmbiguousAuthorities; x NoAuthority Idle"},
		{"a lost one stays while it is used", func(f *rotation.Facts) { f.Zones[0].Authorities = []rotation.Authority{authority("a2", 2, false)} }, "a Publishing; x NoAuthority Idle; y publish a1,a2"},
		{"a conduit opens", func(f *rotation.Facts) { x(f).Reaches = []string{"a", "b"} }, "x publish a1,b1"},
		{"a conduit opens in a freeze", edits(storm, func(f *rotation.Facts) { x(f).Reaches = []string{"a", "b"} }), ""},
		{"a conduit closes", func(f *rotation.Facts) { x(f).Reaches = nil }, "x publish "},
		{"a conduit closes, frozen, the clock untrusted", edits(storm, batch, drift, func(f *rotation.Facts) { x(f).Reaches = nil }), "x publish ; x ClockUntrusted Idle; y ClockUntrusted Idle"},
		{"a conduit closes, no rules", edits(noSite, func(f *rotation.Facts) { x(f).Reaches = nil }), "x publish ; x NoSite Idle; y NoSite Idle"},
		{"what is not known is not withdrawn", func(f *rotation.Facts) { x(f).Zone, x(f).Reaches = "", nil }, "a Unused; x ZoneUnknown Idle"},
	} {
		c.try(t)
	}
}

// TestNextOfWhatIsRead: an authority goes on when the files are read, also where the one
// that reads them waits for something else.
func TestNextOfWhatIsRead(t *testing.T) {
	f := quiet()
	edits(coming, unread)(&f)
	c := y(&f)
	c.Policy, c.Asked, c.Frozen = rotation.Signal, "leaf-y", "batch"
	c.Secret.Bundle[1].Since = start.Add(-time.Minute)
	d := rotation.Decide(f)
	if want := start.Add(9 * time.Minute); !d.Next.Equal(want) || d.Certificates[1].Reason != rotation.ReasonFrozen {
		t.Errorf("next %s, want %s: %s", d.Next, want, sum(d))
	}
}
