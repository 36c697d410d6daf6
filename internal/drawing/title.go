// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package drawing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Title is what the title block says, each in words.
type Title struct {
	Site, ID, Description string
	// Of says what the drawing is of: a cluster, or a directory.
	Of                    string
	Drawn, Revision, Hash string
	// Approved by whom and when; Unapproved where nobody is known to have.
	Approved []string
	// Findings of the rules.
	Findings string
	// Conduits and Flows by who enforces them, Members of the zones, open Windows.
	Conduits, Flows, Members, Windows string
}

// Unapproved is what the drawing says when no approval is known.
const Unapproved = "NOT APPROVED"

const notKnown = "not known"

func (a *arranger) title() Title {
	p, d := a.plant, a.drawing
	t := Title{
		Site: cmp.Or(plain(p.Title), plain(p.ID), "Site without a name"), ID: cmp.Or(plain(p.ID), notKnown),
		Description: plain(p.Description),
		Of:          "directory " + cmp.Or(plain(p.Source.Name), notKnown) + ", not a cluster",
		Drawn:       notKnown, Revision: cmp.Or(plain(p.Revision), notKnown), Hash: cmp.Or(plain(p.Hash), notKnown),
		Approved: a.approved(), Findings: notKnown,
		Conduits: d.Counts.conduits(), Flows: d.Counts.flows(),
		Members: fmt.Sprintf("%s, %s, %s", Several(len(a.model.Zones), "zone"), podCount(d.Counts.Pods, p.PodsUnseen), Several(d.Counts.Devices, "device")),
		Windows: Several(len(d.Windows), "open window"),
	}
	if p.Windows == nil {
		t.Windows = "open windows not known"
	}
	if p.Source.Cluster {
		t.Of = strings.TrimSpace("cluster " + plain(p.Source.Name))
	}
	if !p.Drawn.IsZero() {
		t.Drawn = p.Drawn.Format("2006-01-02 15:04 MST")
	}
	if p.Findings != nil {
		t.Findings = Several(p.Findings.Errors, "error") + ", " + Several(p.Findings.Warnings, "warning")
	}
	return t
}

func (a *arranger) approved() []string {
	var out []string
	sorted := slices.SortedFunc(slices.Values(a.plant.Approvals), func(x, y Approval) int {
		return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.By, y.By), cmp.Compare(x.Reference, y.Reference))
	})
	for _, ap := range sorted {
		words := cmp.Or(plain(ap.By), notKnown)
		if !ap.At.IsZero() {
			words += ", " + ap.At.Format("2006-01-02")
		}
		if ap.Reference != "" {
			words += ", " + plain(ap.Reference)
		}
		out = append(out, words)
	}
	if len(out) == 0 {
		return []string{Unapproved}
	}
	return out
}

// approvers of one object in words. In a directory anybody could have written them.
func (a *arranger) approvers(names []string) string {
	if !a.plant.Source.Cluster {
		return ""
	}
	return plain(strings.Join(names, ", "))
}

// conduits as "31 conduits: 22 us, 5 firewall, 4 nobody".
func (n Counts) conduits() string {
	parts := []string{fmt.Sprintf("%d us", n.Us)}
	for _, p := range []struct {
		count int
		what  string
		rare  bool
	}{
		{n.Observed, "us (only observed)", true},
		{n.External, "firewall", false},
		{n.Nobody, "nobody", false},
		{n.Suspended, "suspended", true},
	} {
		if p.count > 0 || !p.rare {
			parts = append(parts, fmt.Sprintf("%d %s", p.count, p.what))
		}
	}
	return Several(n.Conduits, "conduit") + ": " + strings.Join(parts, ", ")
}

func (n Counts) flows() string {
	f := n.Flows
	return fmt.Sprintf("%s: %d us, %d firewall, %d nobody", Several(int(f.Cluster+f.External+f.Nobody), "flow"), f.Cluster, f.External, f.Nobody)
}

// podCount does not say of pods that nobody could count that there are none.
func podCount(n int, unseen bool) string {
	if unseen {
		return "pods " + notKnown
	}
	return Several(n, "pod")
}

// Several counts things: "1 pod", "2 pods".
func Several(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
