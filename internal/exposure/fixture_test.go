// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/internal/exposure"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/policy/networkpolicy"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/topology"
)

var backends = map[string]policy.Backend{"cilium": cilium.Backend{}, "networkpolicy": networkpolicy.Backend{}}

// plant is testdata/plant.yaml: supervision (namespace scada) opens OPC UA from its HMI to
// the cell (namespace cell), drives send alarms to the cell's gateways, the lab observes.
func plant(tb testing.TB) topology.Snapshot {
	tb.Helper()
	s, err := loaded()
	if err != nil {
		tb.Fatal(err)
	}
	s.Namespaces, s.Pods, s.Conduits = slices.Clone(s.Namespaces), slices.Clone(s.Pods), slices.Clone(s.Conduits)
	for i, c := range s.Conduits {
		s.Conduits[i] = c.DeepCopy()
	}
	for i := range s.Pods {
		s.Pods[i].Addresses = []corev1.PodIP{{IP: fmt.Sprintf("10.42.0.%d", i+1)}}
	}
	s.Nodes = []topology.Node{{Name: "edge-1", Networks: []string{"10.42.0.0/24", "192.168.7.1"}}}
	return s
}

var loaded = sync.OnceValues(func() (topology.Snapshot, error) { return policytest.LoadSnapshot("testdata/plant.yaml") })

func input(tb testing.TB, s *topology.Snapshot, b policy.Backend, foreign ...string) exposure.Input {
	tb.Helper()
	m := topology.Resolve(*s)
	in := exposure.Input{Snapshot: s, Model: m, Objects: policy.NewCompiler(b).Compile(m).Objects}
	for i, doc := range foreign {
		in.Foreign = append(in.Foreign, object(tb, doc, i))
	}
	return in
}

func object(tb testing.TB, doc string, i int) map[string]any {
	tb.Helper()
	var o map[string]any
	if err := yaml.UnmarshalStrict([]byte(doc), &o); err != nil {
		tb.Fatalf("%v in %s", err, doc)
	}
	metadata := o["metadata"].(map[string]any)
	metadata["uid"], metadata["resourceVersion"] = fmt.Sprint("uid-", i), "1"
	return o
}

// looked is what was found as "zone Kind: name" and "conduit scada-cell: by".
func looked(in exposure.Input) []string {
	w := exposure.Watcher{}
	return lines(in, w.Look(in))
}

func lines(in exposure.Input, r *exposure.Report) []string {
	var out []string
	for _, z := range in.Model.Zones {
		for _, g := range r.Zone(z.Name) {
			for _, name := range g.Names {
				out = append(out, z.Name+" "+g.Kind+": "+name)
			}
		}
	}
	for _, f := range r.SiteFindings() {
		out = append(out, "site "+f.Reason+": "+f.Message)
	}
	for _, c := range in.Model.Conduits {
		if by, blocked := r.BlockedBy(c.Name); blocked {
			out = append(out, "conduit "+c.Name+": "+by)
		}
	}
	return out
}

// np is a NetworkPolicy, cnp a CiliumNetworkPolicy, ccnp one that is clusterwide.
func np(namespace, spec string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: " + namespace + "}\nspec: {" + spec + "}\n"
}

func cnp(namespace, spec string) string {
	return "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: " + namespace + "}\nspec: {" + spec + "}\n"
}

func ccnp(spec string) string {
	return "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: p}\nspec: {" + spec + "}\n"
}

func in(namespace string) string {
	return "endpointSelector: {matchLabels: {'k8s:io.kubernetes.pod.namespace': " + namespace + "}}"
}

const everyPod = "podSelector: {}"

// brief shortens "cell ForeignPolicy: NetworkPolicy/cell/p lets a -> b 1/TCP pass" to
// "cell ForeignPolicy a -> b 1/TCP".
func brief(line string) string {
	head, name, _ := strings.Cut(line, ": ")
	if _, flow, ok := strings.Cut(name, " lets "); ok {
		return head + " " + strings.TrimSuffix(flow, " pass")
	}
	if _, flow, ok := strings.Cut(name, " may let "); ok {
		return head + " " + strings.TrimSuffix(flow, " pass")
	}
	return line
}
