// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package change_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/change"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// plant has a control room and a cell with one PLC; MODE, FLOWS and so on are put in.
const plant = `
apiVersion: zonewarden.io/v1alpha1
kind: Site
metadata: {name: site}
spec: {id: a, scope: {namespaceSelector: {matchLabels: {scope: ot}}}, zoneLabelKeys: [app]}
---
apiVersion: v1
kind: Namespace
metadata: {name: room, labels: {scope: ot}}
---
apiVersion: v1
kind: Namespace
metadata: {name: cell, labels: {scope: ot}}
---
apiVersion: v1
kind: Pod
metadata: {namespace: room, name: scada-0, labels: {app: scada}}
---
apiVersion: v1
kind: Pod
metadata: {namespace: room, name: hmi-0, labels: {app: hmi}}
---
apiVersion: v1
kind: Pod
metadata: {namespace: cell, name: opc-0, labels: {app: opc}}
---
apiVersion: zonewarden.io/v1alpha1
kind: Asset
metadata: {name: plc, labels: {at: cell}}
spec: {tag: "=K01", addresses: [10.20.1.1], role: PLC}
---
apiVersion: zonewarden.io/v1alpha1
kind: Zone
metadata: {name: room}
spec: {purdue: L2, type: Control, owner: o, slTarget: {all: 1}, enforcement: Enforce, members: {workloads: [{namespaces: [room]}]}}
---
apiVersion: zonewarden.io/v1alpha1
kind: Zone
metadata: {name: cell}
spec: {purdue: L2, type: TYPE, owner: o, slTarget: {all: 1}, enforcement: MODE, members: {workloads: [{namespaces: [cell]}], assets: {selector: {matchLabels: {at: cell}}}}}
---
apiVersion: zonewarden.io/v1alpha1
kind: Conduit
metadata: {name: poll}
spec: {initiator: {zone: room, workloads: {matchLabels: {app: scada}}}, responders: [{zone: cell, workloads: {matchLabels: {app: opc}}}], flows: [{protocol: opcua-tcp}], why: {need: values, riskOwner: owner-a}}
---
apiVersion: zonewarden.io/v1alpha1
kind: Conduit
metadata: {name: links}
spec: {initiator: {zone: cell, assets: {names: [plc]}}, responders: [{zone: cell, assets: {names: [plc]}}], flows: [{protocol: modbus-tcp}], why: {need: values, riskOwner: owner-b}}
`

// side reads the plant with some of its words replaced.
func side(t *testing.T, replace ...string) change.Side {
	t.Helper()
	text := strings.NewReplacer(append(replace, "MODE", "Enforce", "TYPE", "Control")...).Replace(plant)
	s, err := policytest.ReadSnapshot([]byte(strings.TrimSpace(text)))
	if err != nil {
		t.Fatal(err)
	}
	return change.Side{Snapshot: s, Model: topology.Resolve(s)}
}

// words are a change in words.
func words(c *change.Change) []string {
	var out []string
	for _, o := range c.Objects {
		out = append(out, o.String()+" "+string(o.Verb))
	}
	flows := func(sign string, list []change.Flow) {
		for _, f := range list {
			text := fmt.Sprintf("%s %v -> %v: %s by %s (%s)", sign, f.From.Members, f.To.Members, f.What, f.By, f.Because)
			if f.NothingDenied {
				text += " nothing denied"
			}
			if f.StillPasses != "" {
				text += " but " + f.StillPasses
			}
			out = append(out, text)
		}
	}
	flows("+", c.Opens)
	flows("-", c.Closes)
	for _, d := range c.Denied {
		out = append(out, fmt.Sprintf("denied in %q: %v, but %v", d.Zone, d.Pods, d.Passes))
	}
	for _, d := range c.Released {
		out = append(out, fmt.Sprintf("released of %q: %v", d.Zone, d.Pods))
	}
	for _, f := range c.Findings {
		if f.Severity == v1alpha1.SeverityError {
			out = append(out, fmt.Sprintf("%s %s %s kept=%t", f.Object, f.Path, f.Reason, f.Kept))
		}
	}
	if len(c.Safety) > 0 {
		out = append(out, "safety "+strings.Join(c.Safety, " "))
	}
	return out
}

// changes are edits of the plant, before and after.
var changes = map[string]struct{ before, after, want []string }{
	"nothing": {},
	"a flow more": {nil, []string{"protocol: opcua-tcp}", "protocol: opcua-tcp}, {port: 9000, transport: TCP}"}, []string{
		"Conduit/poll changed", "+ [room/scada-0] -> [cell/opc-0]: 9000/TCP by poll (conduit poll is changed)",
	}},
	"an end that is wider, also for pods that are not there yet": {nil, []string{"{zone: room, workloads: {matchLabels: {app: scada}}}", "{zone: room}"}, []string{
		"Conduit/poll changed", "+ [room/hmi-0] -> [cell/opc-0]: opcua-tcp 4840/TCP by poll (conduit poll is changed)",
	}},
	"an end that is another": {nil, []string{"{zone: room, workloads: {matchLabels: {app: scada}}}", "{zone: room, workloads: {matchLabels: {app: hmi}}}"}, []string{
		"Conduit/poll changed",
		"+ [room/hmi-0] -> [cell/opc-0]: opcua-tcp 4840/TCP by poll (conduit poll is changed)",
		"- [room/scada-0] -> [cell/opc-0]: opcua-tcp 4840/TCP by poll (conduit poll is changed)",
	}},
	"one that is suspended": {nil, []string{"flows: [{protocol: opcua-tcp}]", "suspended: true, flows: [{protocol: opcua-tcp}]"}, []string{
		"Conduit/poll changed", "- [room/scada-0] -> [cell/opc-0]: opcua-tcp 4840/TCP by poll (conduit poll is changed)",
	}},
	"a zone that begins to deny": {[]string{"MODE", "Observe"}, nil, []string{
		"Zone/cell changed",
		`denied in "cell": [cell/(any pod)], but [-> (dns) 53/TCP, 53/UDP -> cell everything]`,
		`denied in "cell": [cell/opc-0], but [-> (dns) 53/TCP, 53/UDP -> cell everything <- room opcua-tcp 4840/TCP (poll)]`,
	}},
	"a zone that stops denying": {nil, []string{"MODE", "Observe"}, []string{
		"Zone/cell changed", `released of "cell": [cell/(any pod)]`, `released of "cell": [cell/opc-0]`,
	}},
	"traffic within a zone": {nil, []string{"enforcement: MODE", "internalTraffic: Deny, enforcement: Enforce"}, []string{
		"Zone/cell changed",
		"- [=K01 (10.20.1.1) cell/(any pod) cell/opc-0] -> [=K01 (10.20.1.1) cell/(any pod) cell/opc-0]: everything by internal (zone cell is changed)",
	}},
	"a device with another address": {nil, []string{"10.20.1.1", "10.20.1.2"}, []string{
		"Asset/plc changed",
		"+ [=K01 (10.20.1.2)] -> [cell/(any pod) cell/opc-0]: everything by internal (asset plc is changed)",
		"+ [cell/(any pod) cell/opc-0] -> [=K01 (10.20.1.2)]: everything by internal (asset plc is changed)",
		"- [=K01 (10.20.1.1)] -> [cell/(any pod) cell/opc-0]: everything by internal (asset plc is changed)",
		"- [cell/(any pod) cell/opc-0] -> [=K01 (10.20.1.1)]: everything by internal (asset plc is changed)",
	}},
	"a mistake, which opens nothing": {nil, []string{"protocol: opcua-tcp}", "protocol: no-such}"}, []string{
		"Conduit/poll changed", "- [room/scada-0] -> [cell/opc-0]: opcua-tcp 4840/TCP by poll (conduit poll is changed)",
		"Conduit/poll spec.flows[0].protocol UnknownProtocol kept=false",
	}},
	"where nothing is denied": {
		[]string{"MODE", "Observe", "slTarget: {all: 1}, enforcement: Enforce, members: {workloads: [{namespaces: [room]}]}", "slTarget: {all: 1}, enforcement: Observe, members: {workloads: [{namespaces: [room]}]}"},
		[]string{"MODE", "Observe", "slTarget: {all: 1}, enforcement: Enforce, members: {workloads: [{namespaces: [room]}]}", "slTarget: {all: 1}, enforcement: Observe, members: {workloads: [{namespaces: [room]}]}", "protocol: opcua-tcp", "protocol: https"},
		[]string{
			"Conduit/poll changed",
			"+ [room/scada-0] -> [cell/opc-0]: https 443/TCP by poll (conduit poll is changed) nothing denied",
			"- [room/scada-0] -> [cell/opc-0]: opcua-tcp 4840/TCP by poll (conduit poll is changed) nothing denied",
		},
	},
	"a safety zone": {[]string{"TYPE", "Safety"}, []string{"TYPE", "Safety", "protocol: opcua-tcp}", "protocol: opcua-tcp}, {port: 9000, transport: TCP}"}, []string{
		"Conduit/poll changed", "+ [room/scada-0] -> [cell/opc-0]: 9000/TCP by poll (conduit poll is changed)", "safety cell",
	}},
}

func TestCompare(t *testing.T) {
	for name, tt := range changes {
		t.Run(name, func(t *testing.T) {
			c := change.Compare(side(t, tt.before...), side(t, tt.after...))
			if diff := cmp.Diff(tt.want, words(c)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if c.None() != (len(tt.want) == 0) {
				t.Errorf("it says that nothing changes: %t", c.None())
			}
		})
	}
}
