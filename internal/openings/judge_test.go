// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package openings_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/internal/openings"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// words are what waits, in words.
func words(j openings.Judgement) []string {
	var out []string
	for _, w := range j.Waiting {
		out = append(out, fmt.Sprintf("%s opens %s", w.ObjectRef, strings.Join(w.Opens, ", ")))
	}
	return out
}

const room = "namespaces: [ROOMS]"

// cells has the cell select its namespaces by a label.
var cells = []string{"namespaces: [CELLS]", "namespaceSelector: {matchLabels: {in: cell}}", "{name: cell, labels: {scope: ot}}", "{name: cell, labels: {scope: ot, in: cell}}"}

// many are more values than a screen would list.
const many = "a-00, a-01, a-02, a-03, a-04, a-05, a-06, a-07, a-08, a-09, a-10, a-11, a-12, a-13, a-14, a-15, a-16, a-17, a-18, a-19"

// changes are edits of the plant, and what of them waits.
var changes = map[string]struct {
	before, after []string
	more          string
	want          []string
}{
	"nothing": {},
	"a new conduit into the cell": {more: conduit("new", "room", "cell"), want: []string{
		"Conduit/new opens room -> cell https 443/TCP",
	}},
	"one out of it":                {more: conduit("new", "cell", "room")},
	"one that is suspended":        {more: strings.Replace(conduit("new", "room", "cell"), "flows:", "suspended: true, flows:", 1)},
	"one within the cell":          {more: conduit("new", "cell", "cell")},
	"one that is refused anyway":   {more: strings.Replace(conduit("new", "room", "cell"), "https", "no-such", 1)},
	"one that says the same again": {more: strings.Replace(conduit("new", "room, workloads: {matchLabels: {app: scada}}", "cell, workloads: {matchLabels: {app: opc}}"), "https", "opcua-tcp", 1)},
	"a flow more": {after: []string{"protocol: opcua-tcp}", "protocol: opcua-tcp}, {port: 9000, transport: TCP}"}, want: []string{
		"Conduit/poll opens room -> cell 9000/TCP",
	}},
	"a flow less": {before: []string{"protocol: opcua-tcp}", "protocol: opcua-tcp}, {port: 9000, transport: TCP}"}},
	"another flow": {after: []string{"protocol: opcua-tcp}", "protocol: modbus-tls}"}, want: []string{
		"Conduit/poll opens room -> cell modbus-tls 802/TCP",
	}},
	"another reason":  {after: []string{"need: values, riskOwner: owner-a", "need: more values, riskOwner: owner-c"}},
	"it is suspended": {after: []string{"flows: [{protocol: opcua-tcp}]", "suspended: true, flows: [{protocol: opcua-tcp}]"}},
	"it is not suspended any more": {before: []string{"flows: [{protocol: opcua-tcp}]", "suspended: true, flows: [{protocol: opcua-tcp}]"}, want: []string{
		"Conduit/poll opens room -> cell opcua-tcp 4840/TCP",
	}},
	"an end that is wider, for pods that are not there yet": {after: []string{"{zone: room, workloads: {matchLabels: {app: scada}}}", "{zone: room, workloads: {matchLabels: {app: later}}}"}, want: []string{
		"Conduit/poll opens room -> cell opcua-tcp 4840/TCP",
	}},
	"an end that lists one value more, of many": {
		before: []string{"matchLabels: {app: scada}", "matchExpressions: [{key: app, operator: In, values: [" + many + "]}]"},
		after:  []string{"matchLabels: {app: scada}", "matchExpressions: [{key: app, operator: In, values: [" + many + ", zulu]}]"},
		want:   []string{"Conduit/poll opens room -> cell opcua-tcp 4840/TCP"},
	},
	"an end that excepted a label": {
		before: []string{"matchLabels: {app: scada}", "matchExpressions: [{key: stray, operator: DoesNotExist}]"},
		after:  []string{", workloads: {matchLabels: {app: scada}}", ""},
		want:   []string{"Conduit/poll opens room -> cell opcua-tcp 4840/TCP"},
	},
	"an end that excepts fewer values": {
		before: []string{"matchLabels: {app: scada}", "matchExpressions: [{key: app, operator: NotIn, values: [red, blue]}]"},
		after:  []string{"matchLabels: {app: scada}", "matchExpressions: [{key: app, operator: NotIn, values: [red]}]"},
		want:   []string{"Conduit/poll opens room -> cell opcua-tcp 4840/TCP"},
	},
	"an end that asked for a label": {
		before: []string{"matchLabels: {app: opc}", "matchExpressions: [{key: app, operator: Exists}]"},
		after:  []string{", workloads: {matchLabels: {app: opc}}", ""},
		want:   []string{"Conduit/poll opens room -> cell opcua-tcp 4840/TCP"},
	},
	"an end that narrows what it excepts": {
		before: []string{"matchLabels: {app: scada}", "matchExpressions: [{key: app, operator: NotIn, values: [red]}]"},
		after:  []string{"matchLabels: {app: scada}", "matchExpressions: [{key: app, operator: NotIn, values: [red, blue]}]"},
	},
	"a responder more": {after: []string{"[{zone: cell, workloads: {matchLabels: {app: opc}}}]", "[{zone: cell, workloads: {matchLabels: {app: opc}}}, {zone: room, workloads: {matchLabels: {app: hmi}}}]"}},
	"flows in both directions": {before: []string{"HIGH", "2"}, after: []string{"HIGH", "2"}, more: strings.Replace(conduit("new", "cell", "room"), "{protocol: https}", "{protocol: ether-s-io}", 1), want: []string{
		"Conduit/new opens room -> cell ether-s-io 6060/UDP",
	}},
	"the room takes in a namespace that is not there yet": {after: []string{"ROOMS", "room, annex"}, want: []string{
		"Zone/room opens room -> cell opcua-tcp 4840/TCP",
	}},
	"the room selects namespaces by more": {before: append([]string{room, "namespaceSelector: {matchLabels: {in: room}}"}, cells...), after: append([]string{room, "namespaceSelector: {matchExpressions: [{key: in, operator: In, values: [room, annex]}]}"}, cells...), want: []string{
		"Zone/room opens room -> cell opcua-tcp 4840/TCP",
	}},
	"the room excepts fewer namespaces": {
		before: append([]string{room, "namespaceSelector: {matchLabels: {in: room}, matchExpressions: [{key: lab, operator: DoesNotExist}]}"}, cells...),
		after:  append([]string{room, "namespaceSelector: {matchLabels: {in: room}}"}, cells...),
		want:   []string{"Zone/room opens room -> cell opcua-tcp 4840/TCP"},
	},
	"the cell gives up pods": {after: []string{"CELLS", "cell"}, want: []string{
		"Zone/cell opens everything to guest/(another pod) +1 of zone cell, denied by no zone any more, everything to guest/(another pod) +2 of zone cell, denied by no zone any more",
	}},
	"the cell gives them to the room": {after: []string{"CELLS", "cell", "ROOMS", "room, guest"}, want: []string{
		"Zone/cell opens everything to guest/(another pod) +1 of zone cell, denied by no zone any more, everything to guest/(another pod) +2 of zone cell, denied by no zone any more",
	}},
	"the cell's level falls below":    {after: []string{"HIGH", "1"}, want: []string{"Zone/cell opens zone cell to a target level of 1, from 3"}},
	"it falls, and not below":         {after: []string{"HIGH", "2"}},
	"the room's rises":                {after: []string{"slTarget: {all: 1}", "slTarget: {all: 3}"}},
	"the cell is lifted":              {after: []string{"MODE", "Observe"}},
	"the cell is lifted and widened":  {after: []string{"MODE", "Observe", "protocol: opcua-tcp}", "protocol: opcua-tcp}, {port: 9000, transport: TCP}"}, want: []string{"Conduit/poll opens room -> cell 9000/TCP"}},
	"the cell is lifted and given up": {after: []string{"MODE", "Observe", "CELLS", "cell"}, want: []string{"Zone/cell opens everything to guest/(another pod) +1 of zone cell, denied by no zone any more, everything to guest/(another pod) +2 of zone cell, denied by no zone any more"}},
	"the cell denies again":           {before: []string{"MODE", "Observe"}},
	"the cell denies again, and is given up": {before: []string{"MODE", "Observe"}, after: []string{"CELLS", "cell"}, want: []string{
		"Zone/cell opens everything to guest/(another pod) +1 of zone cell, denied by no zone any more, everything to guest/(another pod) +2 of zone cell, denied by no zone any more",
	}},
	"devices of their own": {more: "\n---\napiVersion: zonewarden.io/v1alpha1\nkind: Zone\nmetadata: {name: field, annotations: {zonewarden.io/author: ada}}\n" +
		"spec: {purdue: L1, type: Control, owner: o, slTarget: {all: 3}, enforcement: Enforce, members: {assets: {cidrs: [10.30.1.1/32, 10.30.1.2/32]}}}"},
	"nobody within the cell any more":  {after: []string{"enforcement: MODE", "internalTraffic: Deny, enforcement: Enforce"}},
	"everybody within the cell":        {before: []string{"enforcement: MODE", "internalTraffic: Deny, enforcement: Enforce"}, want: []string{"Zone/cell opens cell -> cell everything"}},
	"a panel is put where screens are": {before: []string{"PANEL", "nowhere"}, want: []string{"Asset/panel opens room -> cell https 443/TCP"}},
	"a panel is taken away":            {after: []string{"PANEL", "nowhere"}},
	"a panel is put into the cell":     {after: []string{"PANEL", "cell"}, want: []string{"Asset/panel opens cell -> cell everything"}},
	"a panel has another address":      {after: []string{"10.20.2.1", "10.20.2.9"}, want: []string{"Asset/panel opens room -> cell https 443/TCP"}},
	"a panel has another owner":        {after: []string{"role: HMI", "role: HMI, vendor: Somebody"}},
	"a new zone, and a conduit from it": {
		more: "\n---\napiVersion: zonewarden.io/v1alpha1\nkind: Zone\nmetadata: {name: annex, annotations: {zonewarden.io/author: ada}}\n" +
			"spec: {purdue: L2, type: Control, owner: o, slTarget: {all: 1}, enforcement: Enforce, members: {workloads: [{namespaces: [annex]}]}}" +
			conduit("a-new", "annex", "cell") + conduit("b-new", "annex", "room"),
		want: []string{"Conduit/a-new opens annex -> cell https 443/TCP"},
	},
	"a new cell, and a conduit into it": {
		more: "\n---\napiVersion: zonewarden.io/v1alpha1\nkind: Zone\nmetadata: {name: annex, annotations: {zonewarden.io/author: ada}}\n" +
			"spec: {purdue: L2, type: Control, owner: o, slTarget: {all: 2}, enforcement: Enforce, members: {workloads: [{namespaces: [annex]}]}}" +
			conduit("a-new", "room", "annex") + conduit("b-new", "annex", "room"),
		want: []string{"Conduit/a-new opens room -> annex https 443/TCP"},
	},
	"many at once, some of which open": {more: conduit("c1", "room", "cell") + conduit("c2", "cell", "room") + conduit("c3", "room", "cell") + conduit("c4", "room", "room"), want: []string{
		"Conduit/c1 opens room -> cell https 443/TCP", "Conduit/c3 opens room -> cell https 443/TCP",
	}},
}

func TestWhatWaits(t *testing.T) {
	t.Parallel()
	for name, tt := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := written(stands(t, tt.before...), read(t, tt.more, tt.after...))
			j := openings.Judge(s, nil)
			if diff := cmp.Diff(tt.want, words(j)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			s.Held = j.Held()
			m := topology.Resolve(s)
			for ref := range s.Held {
				if m.Verdicts[ref].Accepted() {
					t.Errorf("%s is accepted", ref)
				}
			}
			s.Site.Spec.Openings = nil
			if rest := openings.Judge(s, nil); len(rest.Waiting) > 0 {
				t.Errorf("on a site that asks for no approval, %v waits", words(rest))
			}
		})
	}
}

// TestAPlantAnew: where nothing has been accepted yet, the conduits into the cell and its
// devices wait, although its pods were denied nothing before.
func TestAPlantAnew(t *testing.T) {
	t.Parallel()
	want := []string{
		"Asset/plc opens cell -> cell everything",
		"Conduit/poll opens room -> cell opcua-tcp 4840/TCP",
		"Conduit/screens opens room -> cell https 443/TCP",
	}
	j := openings.Judge(written(topology.Snapshot{}, read(t, "")), nil)
	if diff := cmp.Diff(want, words(j)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
