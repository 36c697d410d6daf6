// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import "net/http"

const (
	byAccess    = "zonewarden-access"
	byNodes     = "zonewarden-node-access"
	byServices  = "zonewarden-services"
	byStatus    = "zonewarden-service-status"
	byEndpoints = "zonewarden-endpoints"
	byManaged   = "zonewarden-managed-slices"
	byManagedE  = "zonewarden-managed-endpoints"
)

const (
	pump     = "/api/v1/namespaces/cell-1/pods/pump"
	execPump = pump + "/exec?command=sh&stdout=true"
	debug    = `{"spec":{"ephemeralContainers":[{"name":"debug","image":"busybox"}]}}`
)

// attacksByAccess reach into a pod through the API server, which no network policy sees.
var attacksByAccess = []attack{
	{name: "exec", as: tenant, do: connect(http.MethodPost, execPump), want: refusedByGuard, by: byAccess, says: "ask for an access window"},
	{name: "exec, by a web socket", as: tenant, do: connect(http.MethodGet, execPump), want: refusedByGuard, by: byAccess, says: "ask for an access window"},
	{name: "exec", as: developer, do: connect(http.MethodPost, execPump), want: refusedByGuard, by: byAccess, says: "enter on sites/site"},
	{name: "exec", as: argo, do: connect(http.MethodPost, execPump), want: refusedByGuard, by: byAccess, says: "enter on sites/site"},
	{name: "exec", as: vendorSA, do: connect(http.MethodPost, execPump), want: refusedByRBAC},
	{name: "attach", as: tenant, do: connect(http.MethodPost, pump+"/attach?stdout=true"), want: refusedByGuard, by: byAccess, says: "enter on sites/site"},
	{name: "port-forward", as: tenant, do: connect(http.MethodPost, pump+"/portforward"), want: refusedByGuard, by: byAccess, says: "enter on sites/site"},
	{name: "proxy to a pod", as: tenant, do: connect(http.MethodGet, pump+"/proxy/"), want: refusedByGuard, by: byAccess, says: "enter on sites/site"},
	{name: "proxy to a service", as: tenant, do: connect(http.MethodGet, "/api/v1/namespaces/cell-1/services/pump:9000/proxy/"), want: refusedByGuard, by: byAccess, says: "enter on sites/site"},
	{name: "ephemeral container (kubectl debug)", as: tenant, do: merge("v1", "Pod", "cell-1/pump", debug, "ephemeralcontainers"), want: refusedByGuard, by: byAccess, says: "enter on sites/site"},
	{name: "ephemeral container (kubectl debug)", as: developer, do: merge("v1", "Pod", "cell-1/pump", debug, "ephemeralcontainers"), want: refusedByRBAC},
	{name: "proxy to a node's kubelet", as: networkEditor, do: connect(http.MethodPost, "/api/v1/nodes/node-1/proxy/run/cell-1/pump/pump"), want: refusedByGuard, by: byNodes, says: "enter on sites/site"},
	{name: "proxy to a node's kubelet, disguised as monitoring", as: networkEditor, do: connect(http.MethodGet, "/api/v1/nodes/node-1/proxy/metrics/%2e%2e/pods"), want: refusedByGuard, by: byNodes, says: "enter on sites/site"},
	{name: "proxy to a node's kubelet", as: argo, do: connect(http.MethodPost, "/api/v1/nodes/node-1/proxy/run/cell-1/pump/pump"), want: refusedByGuard, by: byNodes, says: "enter on sites/site"},
	{name: "proxy to a node's kubelet", as: tenant, do: connect(http.MethodPost, "/api/v1/nodes/node-1/proxy/run/cell-1/pump/pump"), want: refusedByRBAC},
	{
		name: "exec out of scope", as: neighbour, do: connect(http.MethodPost, "/api/v1/namespaces/office/pods/mail/exec?command=sh"), want: accepted,
		because: "the pod is in no zone, and what it reaches from there is up to the policies",
	},
}

const service = `
apiVersion: v1
kind: Service
metadata: {name: open, namespace: NS}
spec: {type: TYPE, selector: {app: pump}, ports: [{port: 80}]}`

const handmade = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: forged, namespace: NS}
addressType: IPv4
endpoints: [{addresses: [10.9.0.5]}]`

// attacksByExposure bring the outside in by services.
var attacksByExposure = []attack{
	{name: "Service of type NodePort", as: tenant, do: create(with(service, "NS", "cell-1", "TYPE", "NodePort")), want: refusedByGuard, by: byServices, says: "use ClusterIP and declare a Conduit"},
	{name: "Service of type LoadBalancer", as: developer, do: create(with(service, "NS", "cell-1", "TYPE", "LoadBalancer")), want: refusedByGuard, by: byServices, says: "expose on sites/site"},
	{name: "Service of type NodePort", as: vendorSA, do: create(with(service, "NS", "cell-1", "TYPE", "NodePort")), want: refusedByGuard, by: byServices, says: "expose on sites/site"},
	{name: "Service of type NodePort", as: argo, do: create(with(service, "NS", "cell-1", "TYPE", "NodePort")), want: refusedByGuard, by: byServices, says: "expose on sites/site"},
	{name: "make a Service a NodePort", as: developer, do: merge("v1", "Service", "cell-1/pump", `{"spec":{"type":"NodePort"}}`), want: refusedByGuard, by: byServices, says: "expose on sites/site"},
	{name: "lead a NodePort from before the guard to other pods", as: developer, do: merge("v1", "Service", "cell-1/from-before", `{"spec":{"selector":{"app":"pump"}}}`), want: refusedByGuard, by: byServices, says: "expose on sites/site"},
	{name: "open a further port on a NodePort from before the guard", as: developer, do: merge("v1", "Service", "cell-1/from-before",
		`{"spec":{"ports":[{"name":"http","port":80},{"name":"ssh","port":22}]}}`), want: refusedByGuard, by: byServices, says: "expose on sites/site"},
	{name: "a PLC's address as a Service's externalIPs", as: tenant, do: create(`
apiVersion: v1
kind: Service
metadata: {name: steal, namespace: cell-1}
spec: {externalIPs: [10.20.1.11], ports: [{port: 502}]}`), want: refusedByGuard, by: byServices, says: "expose on sites/site"},
	{name: "a PLC's address as a Service's externalIPs, out of scope", as: neighbour, do: merge("v1", "Service", "office/mail", `{"spec":{"externalIPs":["10.20.1.11"]}}`), want: refusedByGuard, by: byServices, says: "expose on sites/site"},
	{name: "a PLC's address as a load balancer's, out of scope", as: neighbour, do: merge("v1", "Service", "office/mail",
		`{"status":{"loadBalancer":{"ingress":[{"ip":"10.20.1.11"}]}}}`, "status"), want: refusedByGuard, by: byStatus, says: "may write services/status in all namespaces"},
	{name: "EndpointSlice by hand", as: tenant, do: create(with(handmade, "NS", "cell-1")), want: refusedByGuard, by: byEndpoints, says: "give the Service a selector"},
	{name: "EndpointSlice that a controller made, led elsewhere", as: tenant, do: redirectSlice, want: refusedByGuard, by: byManaged, says: "give the Service a selector"},
	{name: "EndpointSlice that a controller made, led elsewhere", as: argo, do: redirectSlice, want: refusedByGuard, by: byManaged, says: "give the Service a selector"},
	{name: "EndpointSlice that a controller made, its label taken off", as: tenant, do: disownSlice, want: refusedByGuard, by: byManaged + "|" + byEndpoints, says: "give the Service a selector"},
	{
		name: "EndpointSlice by hand, with the label of a controller's", as: tenant, do: create(with(handmade, "name: forged", "name: forged, labels: {endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io}", "NS", "cell-1")),
		want: refusedByGuard, by: byManaged, says: "leave the label endpointslice.kubernetes.io/managed-by out",
	},
	{
		name: "EndpointSlice by hand, emptied and filled", as: tenant, do: each(create(with(handmade, "[{addresses: [10.9.0.5]}]", "[]", "NS", "cell-1")),
			merge("discovery.k8s.io/v1", "EndpointSlice", "cell-1/forged", `{"endpoints":[{"addresses":["10.9.0.5"]}]}`)), want: refusedByGuard, by: byEndpoints, says: "give the Service a selector",
		undo: remove("discovery.k8s.io/v1", "EndpointSlice", "cell-1/forged"),
	},
	{name: "Endpoints by hand, with the label of a controller's", as: vendorSA, do: create(`
apiVersion: v1
kind: Endpoints
metadata: {name: forged, namespace: cell-1, labels: {endpoints.kubernetes.io/managed-by: endpoint-controller}}
subsets: [{addresses: [{ip: 10.9.0.5}], ports: [{port: 9000}]}]`), want: refusedByGuard, by: byManagedE, says: "give the Service a selector"},
	{name: "Endpoints by hand", as: vendorSA, do: create(`
apiVersion: v1
kind: Endpoints
metadata: {name: forged, namespace: cell-1}
subsets: [{addresses: [{ip: 10.9.0.5}], ports: [{port: 9000}]}]`), want: refusedByGuard, by: byEndpoints, says: "give the Service a selector"},
	{
		name: "EndpointSlice by hand out of scope, with a pod of a zone", as: neighbour, do: create(with(handmade, "NS", "office", "10.9.0.5", "10.42.0.7")), want: accepted,
		because: "the zone's policies hold at its pod, whichever Service leads there", undo: remove("discovery.k8s.io/v1", "EndpointSlice", "office/forged"),
	},
	{
		name: "Ingress to a service in scope", as: developer, do: create(`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: open, namespace: cell-1}
spec: {defaultBackend: {service: {name: pump, port: {number: 9000}}}}`), want: accepted,
		because: "its controller reaches the pods by a Conduit or not at all; the operator reports it", undo: remove(networking, "Ingress", "cell-1/open"),
	},
	{name: "Service without a selector", as: tenant, do: create(`
apiVersion: v1
kind: Service
metadata: {name: hollow, namespace: cell-1}
spec: {ports: [{port: 80}]}`), want: accepted, because: "nobody but the site's administrators can give it endpoints", undo: remove("v1", "Service", "cell-1/hollow")},
}
