// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// askEveryZone has a conduit join as many zones as the guard asks for one by one, each time
// with another of them that is not the author's: each must be asked for.
func askEveryZone(t *testing.T) {
	mine := append([]string{"z-24"}, zonesUpTo(23)...)
	author := site.callers[wideAuthor].dryRun()
	if err := create(conduitOf("all", mine[0], mine[1:]...))(t.Context(), author); err != nil {
		t.Errorf("all of them the author's: %v", err)
	}
	for i := range mine {
		zones := append([]string(nil), mine...)
		zones[i] = "foreign"
		err := create(conduitOf("but-one", zones[0], zones[1:]...))(t.Context(), author)
		if outcomeOf(err) != refusedByGuard || !strings.Contains(sentence(err), "zones/foreign") {
			t.Errorf("zone %d of %d is not the author's: %v", i+1, len(mine), err)
		}
	}
	// Before and after a change count together.
	if err := create(conduitOf("changed", mine[0], mine[1:13]...))(t.Context(), site.callers[wideAuthor]); err != nil {
		t.Fatal(err)
	}
	others, err := json.Marshal(map[string]any{"spec": map[string]any{"initiator": map[string]any{"zone": "foreign"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := merge(zonewarden, "Conduit", "changed", string(others))(t.Context(), author); outcomeOf(err) != refusedByGuard || policyOf(err) != byConduits {
		t.Errorf("a conduit led to a zone that is not the author's: %v", err)
	}
	if err := remove(zonewarden, "Conduit", "changed")(t.Context(), site.callers[wideAuthor]); err != nil {
		t.Errorf("deleting it: %v", err)
	}
}

// many repeats a piece of YAML, with %d for its number.
func many(n int, piece string) string {
	out := make([]string, 0, n)
	for i := range n {
		out = append(out, fmt.Sprintf(piece, i))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// largeObjects are as large as real ones get, and larger. What evaluating a policy may cost is
// limited, and an overrun refuses.
var largeObjects = []routine{
	{name: "a pod of 200 containers with 5 ports each", as: developer, do: create(`
apiVersion: v1
kind: Pod
metadata: {name: large, namespace: cell-1}
spec: {containers: ` + many(200, "{name: c%d, image: i, ports: "+strings.ReplaceAll(many(5, "{name: p%d, containerPort: 80}"), "%", "%%")+"}") + `}`)},
	{name: "a Deployment of the same", as: developer, do: create(workload("apps/v1", "Deployment", "spec: {"+selector+", template: {metadata: {labels: {app: spoof}}, spec: {containers: "+
		many(200, "{name: c%d, image: i, ports: "+strings.ReplaceAll(many(5, "{name: p%d, containerPort: 80}"), "%", "%%")+"}")+"}}}"))},
	{name: "a NetworkPolicy of 2,000 rules, out of scope", as: neighbour, do: create(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: large, namespace: office}
spec: {podSelector: {}, ingress: ` + many(2000, "{ports: [{port: 1%d}]}") + `}`)},
	{name: "a CiliumNetworkPolicy of 1,000 specs, out of scope, made and changed", as: neighbour, do: each(create(`
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: large, namespace: office}
specs: `+many(1000, "{endpointSelector: {matchLabels: {app: a%d}}, ingress: [{fromEntities: [host]}]}")),
		merge(ciliumV2, "CiliumNetworkPolicy", "office/large", `{"metadata":{"annotations":{"a":"b"}}}`), remove(ciliumV2, "CiliumNetworkPolicy", "office/large"))},
	{name: "an EndpointSlice of 1,000 endpoints, out of scope, made and changed", as: neighbour, do: each(
		create(with(handmade, "NS", "office", "forged", "large", "IPv4", "IPv6", "[{addresses: [10.9.0.5]}]", many(1000, `{addresses: ["fd00::1%d"]}`))),
		merge("discovery.k8s.io/v1", "EndpointSlice", "office/large", `{"endpoints":[]}`), remove("discovery.k8s.io/v1", "EndpointSlice", "office/large"))},
	{name: "a Service with 200 ports", as: developer, do: create(with(service, "NS", "cell-1", "TYPE", "ClusterIP", "[{port: 80}]", many(200, "{name: p%d, port: 1%[1]d}")))},
	{name: "a namespace with 100 labels", as: landlord, do: create("apiVersion: v1\nkind: Namespace\nmetadata: {name: large, labels: {" + strings.Trim(many(100, "k%d: v"), "[]") + "}}")},
	{name: "a group of 2,000 networks", as: operator, do: applyAs(parse(with(group, "{name: NAME}", "{name: zone-large, labels: {app.kubernetes.io/managed-by: zonewarden}}",
		"[10.9.0.0/16]", many(2000, `"fd00:%d::/64"`)))[0], "zonewarden")},
}

func takeLargeObjects(t *testing.T) {
	for _, r := range largeObjects {
		t.Run(r.name, func(t *testing.T) {
			if err := r.do(t.Context(), site.callers[r.as]); err != nil {
				t.Error(abridged(err))
			}
		})
	}
	for _, o := range [][3]string{
		{"v1", "Pod", "cell-1/large"},
		{"apps/v1", "Deployment", "cell-1/spoof"},
		{networking, "NetworkPolicy", "office/large"},
		{"v1", "Service", "cell-1/open"},
		{"v1", "Namespace", "large"},
		{ciliumV2, "CiliumCIDRGroup", "zone-large"},
	} {
		if err := remove(o[0], o[1], o[2], client.GracePeriodSeconds(0))(t.Context(), site.callers[administrator]); err != nil {
			t.Errorf("removing %s: %v", o[2], err)
		}
	}
}

func abridged(err error) string {
	const most = 500
	return fmt.Sprintf("%.*s", most, err)
}

// checkTypes has the controller manager say what it thinks of the expressions: it knows the
// schemas of the kinds that they are about.
func checkTypes(t *testing.T) {
	err := site.eventually("every policy was looked at", func() error {
		var policies admissionregistrationv1.ValidatingAdmissionPolicyList
		if err := site.callers[administrator].List(t.Context(), &policies, client.HasLabels{"zonewarden.io/guard"}); err != nil {
			return err
		}
		if len(policies.Items) == 0 {
			return fmt.Errorf("there are none")
		}
		for _, p := range policies.Items {
			if p.Status.ObservedGeneration != p.Generation || p.Status.TypeChecking == nil {
				return fmt.Errorf("%s was not", p.Name)
			}
			for _, w := range p.Status.TypeChecking.ExpressionWarnings {
				t.Errorf("%s: %s: %s", p.Name, w.FieldRef, w.Warning)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
