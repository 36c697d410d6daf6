// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import "sigs.k8s.io/controller-runtime/pkg/client"

const (
	byState       = "zonewarden-plugin-state"
	byRoutes      = "zonewarden-plugin-routes"
	byConfig      = "zonewarden-plugin-config"
	byAttachments = "zonewarden-attachments"
)

const (
	endpoint = `
apiVersion: cilium.io/v2
kind: CiliumEndpoint
metadata: {name: forged, namespace: cell-1}
status: {identity: {id: 4711}, networking: {addressing: [{ipv4: 10.9.0.5}]}}`
	identity = `
apiVersion: cilium.io/v2
kind: CiliumIdentity
metadata: {name: "4712"}
security-labels: {k8s:io.kubernetes.pod.namespace: historian}`
	slice = `
apiVersion: cilium.io/v2alpha1
kind: CiliumEndpointSlice
metadata: {name: forged}
namespace: cell-1
endpoints: [{name: forged, id: 4711}]`
	ciliumNode = `
apiVersion: cilium.io/v2
kind: CiliumNode
metadata: {name: forged}
spec: {addresses: [{ip: 10.9.0.5, type: InternalIP}]}`
	redirect = `
apiVersion: cilium.io/v2
kind: CiliumLocalRedirectPolicy
metadata: {name: steal, namespace: NS}
spec:
  redirectFrontend: {addressMatcher: {ip: 10.20.1.11, toPorts: [{port: "502", protocol: TCP}]}}
  redirectBackend: {localEndpointSelector: {matchLabels: {app: mail}}, toPorts: [{port: "502", protocol: TCP}]}`
	gateway = `
apiVersion: cilium.io/v2
kind: CiliumEgressGatewayPolicy
metadata: {name: steal}
spec:
  selectors: [{podSelector: {}}]
  destinationCIDRs: [10.20.0.0/16]
  egressGateway: {nodeSelector: {}, egressIP: 10.9.0.5}`
	envoy = `
apiVersion: cilium.io/v2
kind: CiliumEnvoyConfig
metadata: {name: steal, namespace: cell-1}
spec: {resources: []}`
	envoyEverywhere = `
apiVersion: cilium.io/v2
kind: CiliumClusterwideEnvoyConfig
metadata: {name: steal}
spec: {resources: []}`
	nodeConfig = `
apiVersion: cilium.io/v2
kind: CiliumNodeConfig
metadata: {name: audit, namespace: NS}
spec: {nodeSelector: {}, defaults: {policy-audit-mode: "true"}}`
	attachment = `
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {name: plant-lan, namespace: NS}
spec: {config: "{}"}`
	audit = `{"data":{"policy-audit-mode":"true"}}`
)

// attacksOnThePluginsKinds forge what the network plugin works from, lead traffic past
// its policies, or turn them off.
var attacksOnThePluginsKinds = []attack{
	{name: "CiliumEndpoint: an address of one's own for another identity", as: tenant, do: create(endpoint), want: refusedByGuard, by: byState, says: "the network plugin's own"},
	{name: "CiliumEndpoint: edit one", as: tenant, do: merge(ciliumV2, "CiliumEndpoint", "cell-1/pump", `{"status":{"identity":{"id":4711}}}`), want: refusedByGuard, by: byState, says: "the network plugin's own"},
	{name: "CiliumEndpoint: delete one", as: tenant, do: remove(ciliumV2, "CiliumEndpoint", "cell-1/pump"), want: refusedByGuard, by: byState, says: "the network plugin's own"},
	{name: "CiliumEndpoint: delete all of a namespace", as: tenant, do: removeAll(ciliumV2, "CiliumEndpoint", "cell-1"), want: refusedByGuard, by: byState, says: "the network plugin's own"},
	{name: "CiliumEndpoint", as: controllers, do: create(endpoint), want: refusedByGuard, by: byState, says: "the network plugin's own"},
	{name: "CiliumEndpoint", as: networkEditor, do: create(endpoint), want: refusedByGuard, by: byState, says: "exempt on sites/site"},
	{name: "CiliumEndpoint", as: argo, do: create(endpoint), want: refusedByGuard, by: byState, says: "the network plugin's own"},
	{name: "CiliumEndpoint", as: vendorSA, do: create(endpoint), want: refusedByRBAC},
	{name: "CiliumIdentity: another zone's labels for an identity", as: tenant, do: create(identity), want: refusedByRBAC},
	{name: "CiliumIdentity: another zone's labels for an identity", as: networkEditor, do: create(identity), want: refusedByGuard, by: byState, says: "exempt on sites/site"},
	{name: "CiliumIdentity: edit one", as: networkEditor, do: merge(ciliumV2, "CiliumIdentity", "4711", `{"security-labels":{"k8s:app":"tank"}}`), want: refusedByGuard, by: byState, says: "exempt on sites/site"},
	{name: "CiliumEndpointSlice", as: networkEditor, do: create(slice), want: refusedByGuard, by: byState, says: "exempt on sites/site"},
	{name: "CiliumNode: an address of the office as a node's", as: networkEditor, do: create(ciliumNode), want: refusedByGuard, by: byState, says: "exempt on sites/site"},
	{name: "CiliumNode: delete one", as: networkEditor, do: remove(ciliumV2, "CiliumNode", "node-1"), want: refusedByGuard, by: byState, says: "exempt on sites/site"},
	{name: "CiliumLocalRedirectPolicy from before the guard, edited", as: tenant, do: merge(ciliumV2, "CiliumLocalRedirectPolicy", "cell-1/from-before", `{"spec":{"description":"mine"}}`), want: refusedByGuard, by: byRoutes, says: "exempt on sites/site"},
	{name: "CiliumLocalRedirectPolicy from before the guard, deleted", as: tenant, do: remove(ciliumV2, "CiliumLocalRedirectPolicy", "cell-1/from-before"), want: refusedByGuard, by: byRoutes, says: "exempt on sites/site"},
	{name: "CiliumDatapathPlugin: programs of one's own in the datapath", as: networkEditor, do: create("apiVersion: cilium.io/v2alpha1\nkind: CiliumDatapathPlugin\nmetadata: {name: steal}\nspec: {attachmentPolicy: Always, version: v1}"), want: refusedByGuard, by: byRoutes, says: "exempt on sites/site"},
	{name: "CiliumLocalRedirectPolicy: a PLC's address led to a pod", as: tenant, do: create(with(redirect, "NS", "cell-1")), want: refusedByGuard, by: byRoutes, says: "exempt on sites/site"},
	{name: "CiliumLocalRedirectPolicy, out of scope", as: neighbour, do: create(with(redirect, "NS", "office")), want: refusedByGuard, by: byRoutes, says: "exempt on sites/site"},
	{name: "CiliumLocalRedirectPolicy", as: argo, do: create(with(redirect, "NS", "cell-1")), want: refusedByGuard, by: byRoutes, says: "let a site administrator write it"},
	{name: "CiliumEgressGatewayPolicy", as: networkEditor, do: create(gateway), want: refusedByGuard, by: byRoutes, says: "exempt on sites/site"},
	{name: "CiliumEnvoyConfig", as: tenant, do: create(envoy), want: refusedByGuard, by: byRoutes, says: "zonewarden-network-plugin"},
	{name: "CiliumClusterwideEnvoyConfig", as: networkEditor, do: create(envoyEverywhere), want: refusedByGuard, by: byRoutes, says: "exempt on sites/site"},
	{name: "CiliumNodeConfig: audit mode on every node", as: tenant, do: create(with(nodeConfig, "NS", "cell-1")), want: refusedByGuard, by: byRoutes, says: "exempt on sites/site"},
	{name: "cilium-config: audit mode", as: networkEditor, do: merge("v1", "ConfigMap", "kube-system/cilium-config", audit), want: refusedByGuard, by: byConfig, says: "can turn every policy off"},
	{
		name: "cilium-config: audit mode", as: agentOperator, do: merge("v1", "ConfigMap", "kube-system/cilium-config", audit), want: accepted,
		because: "it is the network plugin itself, bound to zonewarden-network-plugin", undo: merge("v1", "ConfigMap", "kube-system/cilium-config", `{"data":{"policy-audit-mode":"false"}}`),
	},
	{name: "cilium-config: audit mode", as: argo, do: merge("v1", "ConfigMap", "kube-system/cilium-config", audit), want: refusedByGuard, by: byConfig + "-accounts", says: "can turn every policy off"},
	{name: "cilium-config: binary data", as: networkEditor, do: merge("v1", "ConfigMap", "kube-system/cilium-config", `{"binaryData":{"enable-policy":"bmV2ZXI="}}`), want: refusedByGuard, by: byConfig, says: "can turn every policy off"},
	{name: "cilium-config: delete it", as: networkEditor, do: remove("v1", "ConfigMap", "kube-system/cilium-config"), want: refusedByGuard, by: byConfig, says: "can turn every policy off"},
	{
		name: "cilium-config: delete it in a collection", as: networkEditor, do: removeAll("v1", "ConfigMap", "kube-system", client.MatchingFields{"metadata.name": "cilium-config"}),
		want: refusedByGuard, by: byConfig, says: "can turn every policy off",
	},
	{name: "cilium-config in another namespace", as: tenant, do: create(`
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: cell-1}
data: {enable-policy: never}`), want: refusedByGuard, by: byConfig, says: "can turn every policy off"},
	{name: "NetworkAttachmentDefinition", as: tenant, do: create(with(attachment, "NS", "cell-1")), want: refusedByGuard, by: byAttachments, says: "let a site administrator define them"},
	{name: "NetworkAttachmentDefinition", as: argo, do: create(with(attachment, "NS", "cell-1")), want: refusedByGuard, by: byAttachments, says: "let a site administrator define them"},
}
