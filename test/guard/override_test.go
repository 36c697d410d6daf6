// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// override is what the guard lets its administrators do, and what then becomes of it.
type override struct {
	name string
	as   name
	do   request
	// then is what happens next, for people; TestReverts shows it.
	then string
	// opens is what the evaluator has to find, by zone and kind; nothing new where it is empty.
	opens []string
	undo  request
}

const (
	staysReported = "stays; the operator reports it by name. With the layer Datapath it is overridden"
	staysSeen     = "stays; the operator reports the pod"
	reverted      = "put back by the operator within a second, and counted"
)

// overrides are possible by design: the guard holds whoever is below the site's
// administrators.
var overrides = []override{
	{name: "NetworkPolicy that allows all", as: siteAdmin, do: create(with(allowAll, "NS", "cell-1")), then: staysReported, opens: []string{"cell-1 ForeignPolicy: NetworkPolicy/cell-1/allow-all"}, undo: remove(networking, "NetworkPolicy", "cell-1/allow-all")},
	{name: "CiliumClusterwideNetworkPolicy that allows all", as: siteAdmin, do: create(with(clusterwide, "NAME", "allow-all")), then: staysReported, opens: []string{"cell-1 ForeignPolicy: CiliumClusterwideNetworkPolicy/allow-all"}, undo: remove(ciliumV2, "CiliumClusterwideNetworkPolicy", "allow-all")},
	{name: "ClusterNetworkPolicy, Admin tier, Accept", as: siteAdmin, do: create(adminAccept), then: "stays and beats every deny below its tier; the operator reports it by name. With the layer AdminTier it is overridden", opens: []string{"cell-1 NotUnderstood: ClusterNetworkPolicy/let-in"}, undo: remove(tiers, "ClusterNetworkPolicy", "let-in")},
	{name: "policy from before the guard under a name of ours, deleted", as: siteAdmin, do: remove(ciliumV2, "CiliumClusterwideNetworkPolicy", "zone-from-before"), then: "ours takes its place"},
	{
		name: "pod on the node's network, by itself and by a Deployment", as: siteAdmin, do: each(create(pod(onNode)),
			create(workload("apps/v1", "Deployment", "spec: {replicas: 0, "+selector+", template: "+onNode+"}"))), then: staysSeen, opens: []string{"cell-1 HostNetwork: cell-1/spoof"},
		undo: each(remove("v1", "Pod", "cell-1/spoof", client.GracePeriodSeconds(0)), remove("apps/v1", "Deployment", "cell-1/spoof")),
	},
	{
		name: "second interface, host port, zone's label", as: siteAdmin, do: each(create(pod(multus)), create(with(pod(portForever), "spoof", "ports")), create(with(podWithLabel, "spoof", "labelled"))), then: staysSeen,
		opens: []string{"cell-1 SecondInterface: cell-1/spoof", "cell-1 HostPort: cell-1/ports 8080/TCP"},
		undo:  each(remove("v1", "Pod", "cell-1/spoof", client.GracePeriodSeconds(0)), remove("v1", "Pod", "cell-1/ports", client.GracePeriodSeconds(0)), remove("v1", "Pod", "cell-1/labelled", client.GracePeriodSeconds(0))),
	},
	{name: "zone's label changed on a pod, by its status and by a binding", as: siteAdmin, do: each(merge("v1", "Pod", "cell-1/pump", moved),
		merge("v1", "Pod", "cell-1/pump", `{"metadata":{"labels":{"plant.example/cell":"1"}}}`)), then: "the pod is in the other zone"},
	{name: "labels of scope and zone on a namespace", as: siteAdmin, do: each(merge("v1", "Namespace", "office", `{"metadata":{"labels":{"zonewarden.io/scope":"ot","plant.example/zone":"cell-1"}}}`),
		merge("v1", "Namespace", "office", `{"metadata":{"labels":{"zonewarden.io/scope":null,"plant.example/zone":null}}}`),
		create("apiVersion: v1\nkind: Namespace\nmetadata: {name: historian-standby}")), then: "the namespace is in the zone", undo: remove("v1", "Namespace", "historian-standby")},
	{name: "exec, proxy to a pod, proxy to a node, ephemeral container", as: siteAdmin, do: each(ignoringNodes(connect(http.MethodPost, execPump)), ignoringNodes(connect(http.MethodGet, pump+"/proxy/")),
		ignoringNodes(connect(http.MethodPost, "/api/v1/nodes/node-1/proxy/run/cell-1/pump/pump"))), then: "it is in the API server's audit log"},
	{
		name: "NodePort, externalIPs, EndpointSlice by hand", as: siteAdmin, do: each(create(with(service, "NS", "cell-1", "TYPE", "NodePort")),
			merge("v1", "Service", "cell-1/open", `{"spec":{"externalIPs":["10.9.0.80"]}}`), redirectSlice, create(`
apiVersion: apps/v1
kind: ControllerRevision
metadata: {name: by-hand, namespace: cell-1}
revision: 7
data: {}`)), then: "stays; the operator reports the service. The zone's policies hold at its pods",
		opens: []string{"cell-1 ExposedService: NodePort Service cell-1/open"},
		undo:  each(remove("v1", "Service", "cell-1/open"), remove("apps/v1", "ControllerRevision", "cell-1/by-hand")),
	},
	{
		name: "CiliumLocalRedirectPolicy, CiliumEndpoint, cilium-config, NetworkAttachmentDefinition", as: siteAdmin, do: each(create(with(redirect, "NS", "cell-1")), create(endpoint),
			merge("v1", "ConfigMap", "kube-system/cilium-config", audit), merge("v1", "ConfigMap", "kube-system/cilium-config", `{"data":{"policy-audit-mode":"false"}}`),
			create(with(attachment, "NS", "cell-1"))), then: "stays; the probes of the node agent see what passes (EnforcementVerified)",
		undo: each(remove(ciliumV2, "CiliumLocalRedirectPolicy", "cell-1/steal"), remove(ciliumV2, "CiliumEndpoint", "cell-1/forged"), remove("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", "cell-1/plant-lan")),
	},
	{name: "Zone that swallows others", as: argo, do: create(swallow), then: "the older zones win, the new one says `Overlap`", undo: remove(zonewarden, "Zone", "swallow")},
	{
		name: "zone put into Observe", as: argo, do: each(merge(zonewarden, "Zone", "cell-1", `{"spec":{"enforcement":"Observe"}}`), merge(zonewarden, "Zone", "cell-1", `{"spec":{"enforcement":"Enforce"}}`)),
		then: "it is declared, so it is done: who may write Zones decides. Give a GitOps account only what it syncs. Where the Site has openings it is refused",
	},
	{name: "floor edited", as: administrator, do: merge(networking, "NetworkPolicy", "cell-1/zone-cell-1", `{"spec":{"ingress":[{}]}}`), then: reverted, opens: []string{"cell-1 ForeignPolicy: NetworkPolicy/cell-1/zone-cell-1"}},
	{name: "floor deleted", as: administrator, do: remove(ciliumV2, "CiliumClusterwideNetworkPolicy", "zone-cell-1"), then: reverted},
	{name: "the garbage collector's account impersonated, to delete a floor", as: administrator, do: impersonating("system:serviceaccount:kube-system:generic-garbage-collector",
		remove(ciliumV2, "CiliumCIDRGroup", "zone-cell-1")), then: reverted + ". Whoever may impersonate is a cluster administrator"},
	{name: "binding of the guard deleted", as: administrator, do: each(remove(admissions, "ValidatingAdmissionPolicyBinding", "lookout")), then: "the guard is open there; admission policies cannot guard themselves, the operator reports what is missing or changed"},
}

func tryOverrides(t *testing.T) {
	for _, o := range overrides {
		t.Run(o.name, func(t *testing.T) {
			before := mustFindOpenings(t)
			if err := o.do(t.Context(), site.callers[o.as]); outcomeOf(err) != accepted {
				t.Errorf("%s: %v", outcomeOf(err), err)
			}
			checkOpenings(t, o, before, mustFindOpenings(t))
			if o.undo != nil {
				if err := o.undo(t.Context(), site.callers[administrator]); err != nil {
					t.Errorf("undoing it: %v", err)
				}
			}
		})
	}
	for _, o := range manifests("testdata/own-objects.yaml") { // as the operator would
		if err := applyAs(o, "zonewarden")(t.Context(), site.callers[operator]); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d overrides\n%s", len(overrides), overrideTable())
}

// checkOpenings: what an override opens is found by name, so the judge of the attacks is not
// blind, and every other opens nothing.
func checkOpenings(t *testing.T, o override, before, after []string) {
	t.Helper()
	added := slices.DeleteFunc(after, func(line string) bool { return slices.Contains(before, line) })
	for _, want := range o.opens {
		if !slices.ContainsFunc(added, func(line string) bool { return strings.HasPrefix(line, want) }) {
			t.Errorf("%q is not found: %v", want, added)
		}
	}
	if len(o.opens) == 0 && len(added) > 0 {
		t.Errorf("it opens %v", added)
	}
}

// impersonating is a request under another's name.
func impersonating(user string, r request) request {
	return func(ctx context.Context, _ *caller) error {
		config := site.plane.Config()
		config.Impersonate = rest.ImpersonationConfig{UserName: user}
		c, err := newCaller(config)
		if err != nil {
			return err
		}
		return r(ctx, c)
	}
}
