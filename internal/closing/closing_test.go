// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package closing_test

import (
	"net/netip"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/internal/closing"
	"github.com/zonewarden/zonewarden/internal/flows"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

// floor denies the pods of namespace plant what is not allowed.
const floor = `
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata:
  name: zone-plant
  uid: floor
  resourceVersion: "1"
  labels: {app.kubernetes.io/managed-by: zonewarden, zonewarden.io/kind: Zone, zonewarden.io/name: plant}
specs:
  - endpointSelector: {matchLabels: {"k8s:io.kubernetes.pod.namespace": plant}}
    enableDefaultDeny: {ingress: true, egress: true}
    ingress: [{fromEntities: [host]}]
    egress: [{}]
`

// conduit allows the office to connect to the plant.
const conduit = `
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: conduit-office, uid: conduit, resourceVersion: "2"}
specs:
  - endpointSelector: {matchLabels: {"k8s:io.kubernetes.pod.namespace": plant}}
    enableDefaultDeny: {ingress: false, egress: false}
    ingress:
      - fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": office}}]
        toPorts: [{ports: [{port: "4840", protocol: TCP}]}]
`

// others is a namespace user's own isolation of namespace office.
const others = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: others, namespace: office, uid: others, resourceVersion: "3"}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
`

// unheard is a policy of a kind that nobody here understands.
const unheard = `
apiVersion: cilium.io/v3
kind: Unheard
metadata: {name: unheard, uid: unheard, resourceVersion: "4"}
`

var (
	office  = pod("office", "desk", "10.0.0.1")
	hall    = pod("office", "hall", "10.0.0.3")
	plant   = pod("plant", "server", "10.0.0.2")
	start   = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	opcua   = flow("10.0.0.2", 4840)
	lateral = flow("10.0.0.3", 4840)
)

func pod(namespace, name, address string) verdict.Pod {
	return verdict.Pod{Namespace: namespace, Name: name, Addresses: []netip.Addr{netip.MustParseAddr(address)}}
}

// flow is one that the desk opens.
func flow(to string, port uint16) flows.Flow {
	return flows.Flow{
		Source: office.Addresses[0], Destination: netip.MustParseAddr(to),
		SourcePort: 50000, Port: port, Transport: protocol.TCP,
	}
}

func rules(t *testing.T, pods []verdict.Pod, objects ...string) *verdict.Rules {
	t.Helper()
	c := verdict.Cluster{Pods: pods, Namespaces: map[string]map[string]string{"office": {}, "plant": {}}}
	for _, doc := range objects {
		var o map[string]any
		if err := yaml.Unmarshal([]byte(doc), &o); err != nil {
			t.Fatal(err)
		}
		c.Objects = append(c.Objects, o)
	}
	return verdict.New(c)
}

var endings = map[string]struct {
	before, now []string
	pods        []verdict.Pod
	flow        flows.Flow
	ends        bool
	closed      string
}{
	"a flow of a conduit that was deleted": {
		before: []string{floor, conduit}, now: []string{floor}, flow: opcua, ends: true, closed: "conduit-office",
	},
	"a flow of a conduit that stands": {
		before: []string{floor, conduit}, now: []string{floor, conduit}, flow: opcua,
	},
	"a flow that was refused before": {
		before: []string{floor}, now: []string{floor}, flow: opcua,
	},
	"a flow of a zone that begins to deny": {
		before: nil, now: []string{floor}, flow: opcua, ends: true,
	},
	"a flow of another port": {
		before: []string{floor, conduit}, now: []string{floor}, flow: flow("10.0.0.2", 22),
	},
	"a flow of no pod under a floor, closed by somebody else": {
		before: []string{floor}, now: []string{floor, others}, flow: lateral,
	},
	"a flow to an address that changed hands": {
		before: []string{floor, conduit}, now: []string{floor},
		pods: []verdict.Pod{office, hall, pod("plant", "another", "10.0.0.2")}, flow: opcua,
	},
	"a flow of a pod that is gone": {
		before: []string{floor, conduit}, now: []string{floor}, pods: []verdict.Pod{hall, plant}, flow: opcua,
	},
	"a flow that was perhaps admitted": {
		before: []string{floor, conduit, unheard}, now: []string{floor}, flow: flow("10.0.0.2", 22), ends: true, closed: "unheard",
	},
	"a flow that is perhaps admitted still": {
		before: []string{floor, conduit}, now: []string{floor, unheard}, flow: opcua,
	},
}

func TestWhatEnds(t *testing.T) {
	pods := []verdict.Pod{office, hall, plant}
	for name, tt := range endings {
		t.Run(name, func(t *testing.T) {
			after := pods
			if tt.pods != nil {
				after = tt.pods
			}
			var h closing.Hunt
			h.Changed(rules(t, pods, tt.before...), start)
			closed, ends := h.Ends(tt.flow, rules(t, after, tt.now...), start)
			if ends != tt.ends || closed != tt.closed {
				t.Errorf("ends %t, closed %q; want %t, %q", ends, closed, tt.ends, tt.closed)
			}
		})
	}
}

// What was closed is hunted until the network plugin has had its time, and no longer.
func TestAHuntEnds(t *testing.T) {
	pods := []verdict.Pod{office, plant}
	open, shut := rules(t, pods, floor, conduit), rules(t, pods, floor)
	var h closing.Hunt
	if _, again := h.Next(start); again {
		t.Error("there is a hunt before anything was closed")
	}
	h.Changed(open, start)
	last := time.Duration(0)
	for at := start; ; {
		d, again := h.Next(at)
		if !again {
			if took := at.Sub(start); took < closing.Patience {
				t.Errorf("the hunt ended after %s, want %s at least", took, closing.Patience)
			}
			break
		}
		if d < last || d <= 0 || d > time.Second {
			t.Errorf("%s after the change the next look is in %s, before it was %s", at.Sub(start), d, last)
		}
		if _, ends := h.Ends(opcua, shut, at); !ends {
			t.Errorf("%s after the change the flow lives on", at.Sub(start))
		}
		last, at = d, at.Add(d)
	}
	if _, ends := h.Ends(opcua, shut, start.Add(2*closing.Patience)); ends {
		t.Error("a flow ends although the hunt is over")
	}
}

// A burst of changes does not make a closing forgotten: not at once, and a flow that was
// found not at all.
func TestABurstOfChanges(t *testing.T) {
	pods := []verdict.Pod{office, plant}
	open, shut := rules(t, pods, floor, conduit), rules(t, pods, floor)
	var h closing.Hunt
	h.Changed(open, start)
	burst := func(n int) {
		for range n {
			h.Changed(shut, start)
		}
	}
	burst(12)
	if _, ends := h.Ends(opcua, shut, start); !ends {
		t.Error("the flow lives on after a few changes")
	}
	burst(100)
	if closed, ends := h.Ends(opcua, shut, start.Add(time.Second)); !ends || closed != "conduit-office" {
		t.Errorf("after many changes: ends %t, closed by %q", ends, closed)
	}
	if _, ends := h.Ends(opcua, open, start.Add(time.Second)); ends {
		t.Error("a flow that is admitted again ends")
	}
	if _, again := h.Next(start.Add(time.Hour)); again {
		t.Error("flows that were found are never forgotten")
	}
}

// What is refused at a start ends when it still is after a while: the closing itself
// was not seen.
func TestAfterAStart(t *testing.T) {
	pods := []verdict.Pod{office, plant}
	open, shut := rules(t, pods, floor, conduit), rules(t, pods, floor)
	other := flow("10.0.0.2", 22)
	var h closing.Hunt
	h.Start(opcua, shut, start)
	for _, tt := range []struct {
		what  string
		flow  flows.Flow
		rules *verdict.Rules
		after time.Duration
		ends  bool
	}{
		{"at once", opcua, shut, 0, false},
		{"when it has settled", opcua, shut, closing.Settling, true},
		{"one that opened later", other, shut, closing.Settling, false},
		{"admitted meanwhile", opcua, open, closing.Settling, false},
	} {
		if _, ends := h.Ends(tt.flow, tt.rules, start.Add(tt.after)); ends != tt.ends {
			t.Errorf("%s: ends %t, want %t", tt.what, ends, tt.ends)
		}
	}
	if _, again := h.Next(start.Add(time.Hour)); again {
		t.Error("suspects are never forgotten")
	}
	var none closing.Hunt
	none.Start(opcua, open, start)
	if _, again := none.Next(start); again {
		t.Error("an admitted flow is a suspect")
	}
}
