// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"slices"
	"strings"
	"time"

	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// start is when most tests begin: a Monday noon in Berlin, in a window.
var start = time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC)

// long is so long ago that everything has been read.
var long = start.Add(-50 * days)

func leaf(name, authority string, since time.Time) *rotation.Leaf {
	return &rotation.Leaf{
		Fingerprint: name, Serial: name, NotBefore: start.Add(-60 * days), NotAfter: start.Add(300 * days),
		Authority: authority, Digest: "d", Since: since,
	}
}

func certificate(name, zone, other string) rotation.Certificate {
	return rotation.Certificate{
		Namespace: "plant", Name: name, Zone: zone, Digest: "d", Names: []string{"plant.svc"}, Lifetime: "400d", RenewBefore: "60d",
		Secret: rotation.Secret{
			Leaf: leaf("leaf-"+name, zone+"1", long), Bundle: []rotation.Trusted{{ID: other + "1", Zone: other, Since: long}},
		},
		Reaches: []string{other}, Policy: rotation.Restart,
		Workload: &rotation.Workload{
			Key: "Deployment/" + name, Known: true, Pods: 2, Oldest: long.Add(days), Ready: true, MayDisrupt: true,
		},
	}
}

func authority(id string, number int64, current bool) rotation.Authority {
	return rotation.Authority{
		ID: id, Generation: number, Current: current, NotBefore: start.Add(-100 * days), NotAfter: start.Add(1725 * days), Permits: []string{"plant.svc"},
	}
}

// quiet is a site in which nothing is to be done: two zones with a conduit between them.
func quiet() rotation.Facts {
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return rotation.Facts{
		Clock: rotation.Clock{Now: start, Trusted: true},
		Site: &rotation.Site{
			Location: loc, Windows: []rotation.Window{{Name: "noon", Schedule: "0 12 * * *", Duration: "2h"}},
			NearExpiry: rotation.NearExpiry{Within: "3d", Action: rotation.Wait},
		},
		Zones: []rotation.Zone{
			{Name: "a", Authorities: []rotation.Authority{authority("a1", 1, true)}},
			{Name: "b", Authorities: []rotation.Authority{authority("b1", 1, true)}},
		},
		Certificates: []rotation.Certificate{certificate("x", "a", "b"), certificate("y", "b", "a")},
	}
}

// sum is what a decision is about, in a line: actions and reasons.
func sum(d rotation.Decision) string {
	var out []string
	for _, z := range d.Zones {
		if z.Make != nil {
			out = append(out, "make "+z.Zone+" "+string(z.Make.Cause))
		}
		if z.MakeCurrent != "" {
			out = append(out, "current "+z.MakeCurrent)
		}
		for _, id := range z.Retire {
			out = append(out, "retire "+id)
		}
		if !slices.Contains([]rotation.Reason{rotation.ReasonCurrent, rotation.ReasonMaking, rotation.ReasonMakingCurrent}, z.Reason) {
			out = append(out, z.Zone+" "+string(z.Reason))
		}
	}
	for _, c := range d.Certificates {
		out = append(out, line(c)...)
	}
	return strings.Join(out, "; ")
}

func line(c rotation.CertificateDecision) []string {
	var out []string
	add := func(is bool, what string) {
		if is {
			out = append(out, c.Name+" "+what)
		}
	}
	if c.Issue != nil {
		place := " next"
		if c.Issue.InPlace {
			place = " in place"
		}
		add(true, "issue "+c.Issue.Authority+place)
	}
	if c.Swap != nil {
		add(true, "swap "+c.Swap.Fingerprint)
	}
	add(c.Publish, "publish "+strings.Join(ids(c.Bundle), ","))
	add(c.Drop, "drop")
	if c.Restart != nil {
		add(true, "restart "+string(c.Restart.Cause))
	}
	add(!slices.Contains([]rotation.Reason{rotation.ReasonIdle, rotation.ReasonIssuing, rotation.ReasonSwapping}, c.Reason) && c.Restart == nil,
		strings.TrimSuffix(string(c.Reason)+" "+string(c.Step), " Restarting"))
	return out
}
