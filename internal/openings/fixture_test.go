// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package openings_test

import (
	"maps"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/openings"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// site has a room, and a cell of a high target level with a PLC and a guest of its own.
const site = `
apiVersion: zonewarden.io/v1alpha1
kind: Site
metadata: {name: site}
spec: {id: a, scope: {namespaceSelector: {matchLabels: {scope: ot}}}, zoneLabelKeys: [app], openings: {approvedFrom: 2, approvals: COUNT}}
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
kind: Namespace
metadata: {name: guest, labels: {scope: ot}}
---
apiVersion: v1
kind: Pod
metadata: {namespace: room, name: scada-0, labels: {app: scada}}
---
apiVersion: v1
kind: Pod
metadata: {namespace: cell, name: opc-0, labels: {app: opc}}
---
apiVersion: v1
kind: Pod
metadata: {namespace: guest, name: guest-0, labels: {app: guest}}
---
apiVersion: zonewarden.io/v1alpha1
kind: Asset
metadata: {name: plc, labels: {at: cell}, annotations: {zonewarden.io/author: ada}}
spec: {tag: "=K01", addresses: [10.20.1.1], role: PLC}
---
apiVersion: zonewarden.io/v1alpha1
kind: Asset
metadata: {name: panel, labels: {at: PANEL}, annotations: {zonewarden.io/author: ada}}
spec: {tag: "=K02", addresses: [10.20.2.1], role: HMI}
---
apiVersion: zonewarden.io/v1alpha1
kind: Zone
metadata: {name: room, annotations: {zonewarden.io/author: ada}}
spec: {purdue: L2, type: Control, owner: o, slTarget: {all: 1}, enforcement: Enforce, members: {workloads: [{namespaces: [ROOMS]}], assets: {selector: {matchLabels: {at: room}}}}}
---
apiVersion: zonewarden.io/v1alpha1
kind: Zone
metadata: {name: cell, annotations: {zonewarden.io/author: ada}}
spec: {purdue: L2, type: Control, owner: o, slTarget: {all: 1, RDF: HIGH}, enforcement: MODE, members: {workloads: [{namespaces: [CELLS]}], assets: {selector: {matchLabels: {at: cell}}}}}
---
apiVersion: zonewarden.io/v1alpha1
kind: Conduit
metadata: {name: poll, annotations: {zonewarden.io/author: ada}}
spec: {initiator: {zone: room, workloads: {matchLabels: {app: scada}}}, responders: [{zone: cell, workloads: {matchLabels: {app: opc}}}], flows: [{protocol: opcua-tcp}], why: {need: values, riskOwner: owner-a}}
---
apiVersion: zonewarden.io/v1alpha1
kind: Conduit
metadata: {name: screens, annotations: {zonewarden.io/author: ada}}
spec: {initiator: {zone: room, assets: {selector: {matchLabels: {at: room}}}}, responders: [{zone: cell}], flows: [{protocol: https}], why: {need: values, riskOwner: owner-a}}
`

// another is a conduit; NAME, FROM and TO are put in.
const another = `
---
apiVersion: zonewarden.io/v1alpha1
kind: Conduit
metadata: {name: NAME, annotations: {zonewarden.io/author: ada}}
spec: {initiator: {zone: FROM}, responders: [{zone: TO}], flows: [{protocol: https}], why: {need: values, riskOwner: owner-b}}
`

func conduit(name, from, to string) string {
	return strings.NewReplacer("NAME", name, "FROM", from, "TO", to).Replace(strings.TrimRight(another, "\n"))
}

// read is the plant with words replaced, and more manifests.
func read(t *testing.T, more string, replace ...string) topology.Snapshot {
	t.Helper()
	words := append(replace, "MODE", "Enforce", "HIGH", "3", "COUNT", "1", "ROOMS", "room", "CELLS", "cell, guest", "PANEL", "room")
	text := strings.NewReplacer(words...).Replace(strings.TrimSpace(site) + more)
	s, err := policytest.ReadSnapshot([]byte(strings.TrimSpace(text)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// accept writes into the statuses what the operator does of what it has accepted.
func accept(s topology.Snapshot, approvals ...*v1alpha1.Approval) {
	m := topology.Resolve(s)
	accepted := func(kind, name string) bool {
		return m.Verdicts[topology.ObjectRef{Kind: kind, Name: name}].Accepted()
	}
	for _, z := range s.Zones {
		if accepted(topology.KindZone, z.Name) {
			z.Status.LastGood = &v1alpha1.ZoneLastGood{Generation: z.Generation, Spec: *z.Spec.DeepCopy()}
		}
	}
	for _, a := range s.Assets {
		if accepted(topology.KindAsset, a.Name) {
			spent := openings.Spent(a, approvals)
			a.Status.LastGood = &v1alpha1.AssetLastGood{Generation: a.Generation, Spec: *a.Spec.DeepCopy(), Labels: map[string]string{}, Spent: spent}
			maps.Copy(a.Status.LastGood.Labels, a.Labels)
			a.Status.Zone = m.AssetZones[a.Name]
		}
	}
	for _, c := range s.Conduits {
		if accepted(topology.KindConduit, c.Name) {
			c.Status.LastGood = &v1alpha1.ConduitLastGood{Generation: c.Generation, Spec: *c.Spec.DeepCopy()}
		}
	}
}

// written is what somebody writes over what stands: it keeps the statuses, and each object
// whose spec changes gets the next generation.
func written(stands, over topology.Snapshot) topology.Snapshot {
	for _, z := range over.Zones {
		old := find(stands.Zones, z)
		z.Status = old.Status
		inherit(old, z, equality.Semantic.DeepEqual(old.Spec, z.Spec))
	}
	for _, a := range over.Assets {
		old := find(stands.Assets, a)
		a.Status = old.Status
		inherit(old, a, equality.Semantic.DeepEqual(old.Spec, a.Spec))
	}
	for _, c := range over.Conduits {
		old := find(stands.Conduits, c)
		c.Status = old.Status
		inherit(old, c, equality.Semantic.DeepEqual(old.Spec, c.Spec))
	}
	return over
}

type pointer[T any] interface {
	*T
	metav1.Object
}

func find[T any, P pointer[T]](list []P, as P) P {
	for _, o := range list {
		if o.GetName() == as.GetName() {
			return o
		}
	}
	return P(new(T))
}

func inherit(old, o metav1.Object, same bool) {
	o.SetUID(types.UID("uid-of-" + o.GetName()))
	o.SetGeneration(max(1, old.GetGeneration()))
	if !same && old.GetGeneration() > 0 {
		o.SetGeneration(old.GetGeneration() + 1)
	}
}

// stands is the plant as it was accepted, before anybody asked for approvals.
func stands(t *testing.T, replace ...string) topology.Snapshot {
	t.Helper()
	return standing(t, "", replace...)
}

// standing is that with more manifests.
func standing(t *testing.T, more string, replace ...string) topology.Snapshot {
	t.Helper()
	s := written(topology.Snapshot{}, read(t, more, replace...))
	asked := s.Site.Spec.Openings
	s.Site.Spec.Openings = nil
	accept(s)
	s.Site.Spec.Openings = asked
	return s
}
