// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package openings_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/openings"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// zoned is a zone of a level with members.
func zoned(name string, level int, enforcement, members string) string {
	return fmt.Sprintf("\n---\napiVersion: zonewarden.io/v1alpha1\nkind: Zone\nmetadata: {name: %s, annotations: {zonewarden.io/author: ada}}\n"+
		"spec: {purdue: L2, type: Control, owner: o, slTarget: {all: %d}, enforcement: %s, members: {%s}}", name, level, enforcement, members)
}

const (
	guests = "workloads: [{namespaces: [guest]}]"
	trends = "workloads: [{namespaces: [cell], podSelector: {matchLabels: {app: trend}}}]"
	atSide = "assets: {selector: {matchLabels: {at: side}}}"
	atCell = "assets: {selector: {matchExpressions: [{key: at, operator: In, values: [cell]}]}}"
	inSide = "assets: {cidrs: [10.30.1.1/32]}"

	annexes = "workloads: [{namespaces: [annex]}]"
	halls   = "workloads: [{namespaces: [hall]}]"
	yards   = "workloads: [{namespaces: [yard]}]"
)

// vault is a device of a high level, to which the yard is let through.
var vault = zoned("vault", 3, "Enforce", "assets: {cidrs: [10.40.1.1/32]}") + conduit("vault", "yard", "vault")

// Words of the plant, and what stands for them.
var (
	givesGuests  = []string{"CELLS", "cell"}
	plcToSide    = []string{"{name: plc, labels: {at: cell}", "{name: plc, labels: {at: side}"}
	hasNetwork   = []string{"assets: {selector: {matchLabels: {at: cell}}}", "assets: {selector: {matchLabels: {at: cell}}, cidrs: [10.30.1.1/32]}"}
	deniesRest   = []string{"zoneLabelKeys: [app]", "zoneLabelKeys: [app], unzonedWorkloads: Deny"}
	ofTwo        = append([]string{"namespaces: [CELLS]", "namespaces: [cell], podSelector: {matchExpressions: [{key: app, operator: In, values: [opc, hist]}]}"}, deniesRest...)
	ofOne        = append([]string{"namespaces: [CELLS]", "namespaces: [cell], podSelector: {matchLabels: {app: opc}}"}, deniesRest...)
	selectsOther = []string{"assets: {selector: {matchLabels: {at: cell}}}", "assets: {selector: {matchLabels: {at: nowhere}}}"}
)

// given are pods and devices that the cell gives up, and what waits before anybody else may
// have them.
var given = map[string]struct {
	stood         string
	before, after []string
	more          string
	want          []string
	// out are declarations that do not wait, and are refused as long as the cell has it all.
	out []string
}{
	"pods to a new zone of a lower level, and a conduit to them": {
		after: givesGuests, more: zoned("side", 1, "Enforce", guests) + conduit("new", "room", "side"),
		want: []string{"Zone/cell opens everything to guest/(another pod) +1 of zone cell, denied by no zone any more, everything to guest/(another pod) +2 of zone cell, denied by no zone any more"},
		out:  []string{"Conduit/new", "Zone/side"},
	},
	"pods to one that is judged before the cell": {
		after: givesGuests, more: zoned("a-side", 1, "Enforce", guests) + conduit("new", "room", "a-side"),
		want: []string{"Zone/cell opens guest/(another pod) +1 of zone cell to zone a-side of a target level of 1, guest/(another pod) +2 of zone cell to zone a-side of a target level of 1"},
		out:  []string{"Conduit/new", "Zone/a-side"},
	},
	"pods to a zone of another name that is as high": {after: givesGuests, more: zoned("side", 2, "Enforce", guests)},
	"a device to a new zone of a lower level, and a conduit to it": {
		after: plcToSide, more: zoned("side", 1, "Enforce", atSide) + conduit("new", "room", "side"),
		want: []string{"Asset/plc opens =K01 (10.20.1.1) of zone cell to zone side of a target level of 1"},
	},
	"a device to a zone of another name that is as high": {after: plcToSide, more: zoned("side", 3, "Enforce", atSide)},
	"a device to nobody": {after: plcToSide},
	"a network to a new zone of a lower level, and a conduit to it": {
		before: hasNetwork, more: zoned("side", 1, "Enforce", inSide) + conduit("new", "room", "side"),
		want: []string{"Zone/cell opens 10.30.1.1 of zone cell to zone side of a target level of 1"},
		out:  []string{"Conduit/new", "Zone/side"},
	},
	"a network to a zone that is as high": {before: hasNetwork, more: zoned("side", 2, "Enforce", inSide)},
	"a network to a zone that is as high, beside what waits": {
		before: hasNetwork, after: []string{"ROOMS", "room, annex"}, more: zoned("side", 2, "Enforce", inSide),
		want: []string{"Zone/room opens room -> cell opcua-tcp 4840/TCP"},
	},
	"a network to nobody": {before: hasNetwork},
	"devices by the zones that select them": {
		after: selectsOther, more: zoned("side", 1, "Enforce", atCell) + conduit("new", "room", "side"),
		want: []string{"Zone/cell opens =K01 (10.20.1.1) of zone cell to zone side of a target level of 1"},
	},
	"pods of a low zone to one whose conduit leads to a device, beside what has no part in it": {
		stood: vault + zoned("hall", 1, "Enforce", annexes) + zoned("shed", 1, "Enforce", halls) + zoned("yard", 1, "Enforce", yards),
		more:  vault + zoned("hall", 1, "Enforce", strings.ReplaceAll(annexes, "annex", "lobby")) + zoned("shed", 1, "Enforce", inSide) + zoned("yard", 1, "Enforce", "workloads: [{namespaces: [yard, annex]}]"),
		want:  []string{"Zone/hall opens yard -> vault https 443/TCP", "Zone/yard opens yard -> vault https 443/TCP"},
	},
	"pods that the rest of their namespace denies": {
		before: ofTwo, after: ofOne,
		want: []string{"Zone/cell opens cell/(another pod) +1 of zone cell, in no zone any more"},
	},
	"pods that it does not deny while another zone there is in Observe": {
		stood: zoned("trend", 1, "Observe", trends), more: zoned("trend", 1, "Observe", trends), before: ofTwo, after: ofOne,
		want: []string{"Zone/cell opens cell/(another pod) +1 of zone cell, in no zone any more"},
	},
}

func TestWhatAZoneGivesUpWaits(t *testing.T) {
	t.Parallel()
	for name, tt := range given {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := written(standing(t, tt.stood, tt.before...), read(t, tt.more, tt.after...))
			first := openings.Judge(s, nil)
			if diff := cmp.Diff(tt.want, words(first)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			s.Held = first.Held()
			if diff := cmp.Diff(tt.out, refused(s)); diff != "" {
				t.Errorf("what is refused besides (-want +got)\n%s", diff)
			}
			accept(s)
			s.Held = nil
			if diff := cmp.Diff(first.Held(), openings.Judge(s, nil).Held(), cmp.Comparer(func(_, _ v1alpha1.Finding) bool { return true })); diff != "" {
				t.Errorf("with the rest accepted, other things wait (-first +then)\n%s", diff)
			}
		})
	}
}

// refused are the declarations that do not wait, and are not accepted.
func refused(s topology.Snapshot) []string {
	var out []string
	for ref, v := range topology.Resolve(s).Verdicts {
		if _, waits := s.Held[ref]; !waits && !v.Accepted() {
			out = append(out, ref.String())
		}
	}
	slices.Sort(out)
	return out
}
