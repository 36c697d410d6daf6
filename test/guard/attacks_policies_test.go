// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import "sigs.k8s.io/controller-runtime/pkg/client"

const (
	allowAll = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-all, namespace: NS}
spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}`
	adminAccept = `
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: let-in}
spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Accept, from: [{namespaces: {}}]}]}`
	clusterwide = `
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: NAME}
spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}]}`
)

const (
	byForeign        = "zonewarden-foreign-policies"
	byForeignCluster = "zonewarden-foreign-cluster-policies"
	byOwn            = "zonewarden-own-objects"
	byNames          = "zonewarden-reserved-names"
)

// attacksByPolicy add a policy, because policies add up.
var attacksByPolicy = []attack{
	{name: "NetworkPolicy that allows all", as: tenant, do: create(with(allowAll, "NS", "cell-1")), want: refusedByGuard, by: byForeign, says: "declare what shall pass as a Conduit"},
	{name: "NetworkPolicy that allows all", as: developer, do: create(with(allowAll, "NS", "cell-1")), want: refusedByGuard, by: byForeign, says: "Conduit"},
	{name: "NetworkPolicy that allows all", as: argo, do: create(with(allowAll, "NS", "cell-1")), want: refusedByGuard, by: byForeign, says: "Conduit"},
	{name: "NetworkPolicy that allows all, in a namespace of somebody else", as: neighbour, do: create(with(allowAll, "NS", "cell-1")), want: refusedByRBAC},
	{
		name: "NetworkPolicy that allows all, out of scope", as: neighbour, do: create(with(allowAll, "NS", "office")), want: accepted,
		because: "it selects the pods of its own namespace, and to reach a zone both ends must allow", undo: remove(networking, "NetworkPolicy", "office/allow-all"),
	},
	{name: "NetworkPolicy that allows one pod in", as: tenant, do: create(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: let-in, namespace: cell-1}
spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: mail}}}]}]}`), want: refusedByGuard, by: byForeign, says: "Conduit"},
	{name: "NetworkPolicy that allows everything out", as: tenant, do: create(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: let-out, namespace: cell-1}
spec: {podSelector: {}, policyTypes: [Egress], egress: [{}]}`), want: refusedByGuard, by: byForeign, says: "Conduit"},
	{name: "NetworkPolicy with rules for a direction that it does not declare (Cilium follows them)", as: tenant, do: create(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: undeclared, namespace: cell-1}
spec: {podSelector: {}, policyTypes: [Ingress], egress: [{}]}`), want: refusedByGuard, by: byForeign, says: "Conduit"},
	{name: "NetworkPolicy from before the guard, widened", as: tenant, do: merge(networking, "NetworkPolicy", "cell-1/from-before",
		`{"spec":{"policyTypes":["Ingress","Egress"],"egress":[{}]}}`), want: refusedByGuard, by: byForeign, says: "Conduit"},
	{
		name: "NetworkPolicy that denies all", as: tenant, do: create(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-all, namespace: cell-1}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}`), want: accepted,
		because: "it allows nothing; where the zone is not enforced it cuts pods that its author could delete", undo: remove(networking, "NetworkPolicy", "cell-1/deny-all"),
	},
	{name: "CiliumNetworkPolicy that allows all", as: tenant, do: create(`
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: allow-all, namespace: cell-1}
spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}], egress: [{toEntities: [all]}]}`), want: refusedByGuard, by: byForeign, says: "Conduit"},
	{name: "CiliumNetworkPolicy that denies in an enforced zone (it beats every conduit)", as: tenant, do: create(`
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: cut, namespace: cell-1}
spec: {endpointSelector: {}, ingressDeny: [{fromEntities: [all]}]}`), want: refusedByGuard, by: byForeign, says: "Conduit"},
	{name: "CiliumNetworkPolicy from before the guard, with rules added in specs", as: tenant, do: merge(ciliumV2, "CiliumNetworkPolicy", "cell-1/from-before",
		`{"specs":[{"endpointSelector":{},"ingress":[{"fromEntities":["all"]}]}]}`), want: refusedByGuard, by: byForeign, says: "Conduit"},
	{name: "NetworkPolicy of Calico", as: tenant, do: create(`
apiVersion: crd.projectcalico.org/v1
kind: NetworkPolicy
metadata: {name: allow-all, namespace: cell-1}
spec: {selector: all(), ingress: [{action: Allow}]}`), want: refusedByGuard, by: byForeign, says: "Conduit"},
	{name: "NetworkPolicy of Antrea", as: tenant, do: create(`
apiVersion: crd.antrea.io/v1beta1
kind: NetworkPolicy
metadata: {name: allow-all, namespace: cell-1}
spec: {priority: 1, tier: emergency}`), want: refusedByGuard, by: byForeign, says: "Conduit"},
	{name: "CiliumClusterwideNetworkPolicy that allows all", as: tenant, do: create(with(clusterwide, "NAME", "allow-all")), want: refusedByRBAC},
	{name: "CiliumClusterwideNetworkPolicy that allows all", as: networkEditor, do: create(with(clusterwide, "NAME", "allow-all")), want: refusedByGuard, by: byForeignCluster, says: "exempt on sites/site"},
	{name: "CiliumClusterwideNetworkPolicy that allows all", as: argo, do: create(with(clusterwide, "NAME", "allow-all")), want: refusedByGuard, by: byForeignCluster, says: "Conduit"},
	{name: "ClusterNetworkPolicy, Admin tier, Accept (it beats every deny)", as: networkEditor, do: create(adminAccept), want: refusedByGuard, by: byForeignCluster, says: "Conduit"},
	{name: "ClusterNetworkPolicy, Admin tier, Accept", as: argo, do: create(adminAccept), want: refusedByGuard, by: byForeignCluster, says: "Conduit"},
	{name: "AdminNetworkPolicy", as: networkEditor, do: create(`
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: let-in}
spec: {priority: 1}`), want: refusedByGuard, by: byForeignCluster, says: "Conduit"},
	{name: "BaselineAdminNetworkPolicy", as: networkEditor, do: create(`
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec: {}`), want: refusedByGuard, by: byForeignCluster, says: "Conduit"},
	{name: "CiliumCIDRGroup of one's own", as: networkEditor, do: create(`
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: {name: office}
spec: {externalCIDRs: [10.9.0.0/16]}`), want: accepted, because: "no policy of ours refers to it", undo: remove(ciliumV2, "CiliumCIDRGroup", "office")},
}

var ours = client.MatchingLabels{"app.kubernetes.io/managed-by": "zonewarden"}

// attacksOnOwnObjects edit, forge and delete what the operator wrote.
var attacksOnOwnObjects = []attack{
	{name: "edit a floor", as: networkEditor, do: merge(ciliumV2, "CiliumClusterwideNetworkPolicy", "zone-cell-1",
		`{"specs":[{"endpointSelector":{"matchLabels":{"app":"nothing"}},"ingress":[{"fromEntities":["host"]}]}]}`), want: refusedByGuard, by: byOwn + "|" + byNames, says: "Zone"},
	{name: "edit a floor", as: tenant, do: merge(networking, "NetworkPolicy", "cell-1/zone-cell-1", `{"spec":{"ingress":[{}]}}`), want: refusedByGuard, by: byOwn, says: "change the Zone or Conduit"},
	{name: "edit a floor", as: siteAdmin, do: merge(networking, "NetworkPolicy", "cell-1/zone-cell-1", `{"spec":{"ingress":[{}]}}`), want: refusedByGuard, by: byOwn, says: "change the Zone or Conduit"},
	{name: "edit a floor (it may delete, as the garbage collector)", as: controllers, do: merge(networking, "NetworkPolicy", "cell-1/zone-cell-1", `{"spec":{"ingress":[{}]}}`), want: refusedByGuard, by: byOwn, says: "change the Zone or Conduit"},
	{name: "take our label off a floor", as: tenant, do: merge(networking, "NetworkPolicy", "cell-1/zone-cell-1",
		`{"metadata":{"labels":{"app.kubernetes.io/managed-by":null}}}`), want: refusedByGuard, by: byOwn, says: "change the Zone or Conduit"},
	{
		name: "own a floor by server-side apply, by force and under our field manager", as: tenant,
		do: applyAs(parse(with(allowAll, "NS", "cell-1", "allow-all", "zone-cell-1, labels: {app.kubernetes.io/managed-by: zonewarden}"))[0], "zonewarden"), want: refusedByGuard, by: byOwn, says: "change the Zone or Conduit",
	},
	{name: "have a floor collected as garbage, by an owner reference", as: tenant, do: merge(networking, "NetworkPolicy", "cell-1/zone-cell-1",
		`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"gone","uid":"00000000-0000-0000-0000-000000000000"}]}}`), want: refusedByGuard, by: byOwn, says: "change the Zone or Conduit"},
	{name: "delete a floor", as: tenant, do: remove(networking, "NetworkPolicy", "cell-1/zone-cell-1"), want: refusedByGuard, by: byOwn, says: "change the Zone or Conduit"},
	{name: "delete floors as a collection", as: tenant, do: removeAll(networking, "NetworkPolicy", "cell-1", ours), want: refusedByGuard, by: byOwn, says: "change the Zone or Conduit"},
	{name: "delete a floor", as: networkEditor, do: remove(ciliumV2, "CiliumClusterwideNetworkPolicy", "zone-cell-1"), want: refusedByGuard, by: byOwn + "|" + byNames, says: "Zone"},
	{name: "delete a floor", as: argo, do: remove(networking, "NetworkPolicy", "cell-1/zone-cell-1"), want: refusedByGuard, by: byOwn, says: "change the Zone or Conduit"},
	{name: "delete a policy of a window, which may deny", as: tenant, do: remove(ciliumV2, "CiliumNetworkPolicy", "cell-1/window-vendor"), want: refusedByGuard, by: byOwn, says: "change the Zone or Conduit"},
	{name: "delete what closes a window", as: developer, do: remove(ciliumV2, "CiliumNetworkPolicy", "cell-1/window-vendor"), want: refusedByRBAC},
	{name: "finalizer that keeps a window's policy from going", as: tenant, do: merge(ciliumV2, "CiliumNetworkPolicy", "cell-1/window-vendor",
		`{"metadata":{"finalizers":["example.com/stay"]}}`), want: refusedByGuard, by: byOwn, says: "change the Zone or Conduit"},
	{
		name: "say in a policy's status that Cilium refuses it", as: tenant, do: merge(ciliumV2, "CiliumNetworkPolicy", "cell-1/window-vendor",
			`{"status":{"conditions":[{"type":"Valid","status":"False"}]}}`, "status"), want: accepted,
		because: "nothing passes or stops by a status, and the probes of the node agent tell (EnforcementVerified)",
		undo:    merge(ciliumV2, "CiliumNetworkPolicy", "cell-1/window-vendor", `{"status":null}`, "status"),
	},
	{name: "open every port of a conduit", as: networkEditor, do: merge(ciliumV2, "CiliumClusterwideNetworkPolicy", "conduit-history",
		`{"specs":[{"endpointSelector":{},"ingress":[{"fromEntities":["all"]}]}]}`), want: refusedByGuard, by: byOwn + "|" + byNames, says: "Conduit"},
	{
		name: "own a conduit by server-side apply, by force and under a field manager of one's own", as: networkEditor,
		do: applyAs(parse(with(clusterwide, "NAME", "conduit-history"))[0], "kubectl"), want: refusedByGuard, by: byOwn + "|" + byNames, says: "Conduit",
	},
	{name: "delete a conduit's policy, which cuts the plant", as: networkEditor, do: remove(ciliumV2, "CiliumClusterwideNetworkPolicy", "conduit-history"), want: refusedByGuard, by: byOwn + "|" + byNames, says: "Conduit"},
	{name: "delete what denies around a zone (layer Datapath)", as: networkEditor, do: remove(ciliumV2, "CiliumClusterwideNetworkPolicy", "guard-cell-1"), want: refusedByGuard, by: byOwn + "|" + byNames, says: "Zone"},
	{name: "widen a window", as: tenant, do: merge(ciliumV2, "CiliumNetworkPolicy", "cell-1/window-vendor", `{"spec":{"ingress":[{"fromEntities":["all"]}]}}`), want: refusedByGuard, by: byOwn, says: "change the Zone or Conduit"},
	{name: "add the office to a zone's devices (CiliumCIDRGroup)", as: networkEditor, do: merge(ciliumV2, "CiliumCIDRGroup", "zone-cell-1",
		`{"spec":{"externalCIDRs":["10.9.0.0/16"]}}`), want: refusedByGuard, by: byOwn + "|" + byNames, says: "Zone"},
	{name: "delete an Admin-tier deny", as: networkEditor, do: remove(tiers, "ClusterNetworkPolicy", "zone-cell-1"), want: refusedByGuard, by: byOwn + "|" + byNames, says: "Zone"},
	{name: "forge our label on a NetworkPolicy", as: tenant, do: create(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: forged, namespace: cell-1, labels: {app.kubernetes.io/managed-by: zonewarden}}
spec: {podSelector: {}, ingress: [{}]}`), want: refusedByGuard, by: byOwn, says: "leave the label out"},
	{name: "put our label on a NetworkPolicy from before the guard", as: tenant, do: merge(networking, "NetworkPolicy", "cell-1/from-before",
		`{"metadata":{"labels":{"app.kubernetes.io/managed-by":"zonewarden"}}}`), want: refusedByGuard, by: byOwn, says: "leave the label out"},
	{name: "forge our label on a CiliumNetworkPolicy", as: tenant, do: create(`
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: window-forged, namespace: cell-1, labels: {app.kubernetes.io/managed-by: zonewarden}}
spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}]}`), want: refusedByGuard, by: byOwn, says: "leave the label out"},
	{name: "forge our label on a CiliumClusterwideNetworkPolicy", as: networkEditor, do: create(`
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: forged, labels: {app.kubernetes.io/managed-by: zonewarden}}
spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}]}`), want: refusedByGuard, by: byOwn, says: "leave the label out"},
	{name: "forge our label on a ClusterNetworkPolicy", as: argo, do: create(`
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: forged, labels: {app.kubernetes.io/managed-by: zonewarden}}
spec: {tier: Admin, priority: 1, subject: {namespaces: {}}}`), want: refusedByGuard, by: byOwn, says: "leave the label out"},
	{name: "take the name of a zone's devices before us", as: networkEditor, do: create(with(group, "NAME", "zone-new")), want: refusedByGuard, by: byNames, says: "take another name"},
	{name: "take the name of a conduit before us", as: networkEditor, do: create(with(group, "NAME", "conduit-new")), want: refusedByGuard, by: byNames, says: "take another name"},
	{name: "take the name of a guard before us", as: networkEditor, do: create(with(group, "NAME", "guard-new")), want: refusedByGuard, by: byNames, says: "take another name"},
	{name: "take the name of a window before us", as: networkEditor, do: create(with(group, "NAME", "window-new")), want: refusedByGuard, by: byNames, says: "take another name"},
	{name: "take the name of an order before us", as: networkEditor, do: create(with(group, "NAME", "order-new")), want: refusedByGuard, by: byNames, says: "take another name"},
	{name: "take the name of a zone's devices before us", as: controllers, do: create(with(group, "NAME", "zone-new")), want: refusedByGuard, by: byNames, says: "take another name"},
	{name: "take a name of ours by a generated one", as: networkEditor, do: create(`
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: {generateName: zone-}
spec: {externalCIDRs: [10.9.0.0/16]}`), want: refusedByGuard, by: byNames, says: "take another name"},
	{name: "take a name of ours before us", as: argo, do: create(with(group, "NAME", "zone-new")), want: refusedByGuard, by: byNames, says: "take another name"},
	{name: "edit a policy from before the guard under a name of ours", as: networkEditor, do: merge(ciliumV2, "CiliumClusterwideNetworkPolicy", "zone-from-before",
		`{"metadata":{"labels":{"a":"b"}}}`), want: refusedByGuard, by: byNames, says: "take another name"},
	{name: "edit a policy from before the guard under a name of ours", as: siteAdmin, do: merge(ciliumV2, "CiliumClusterwideNetworkPolicy", "zone-from-before",
		`{"metadata":{"labels":{"a":"b"}}}`), want: refusedByGuard, by: byNames, says: "take another name"},
	{
		name: "delete a policy from before the guard under a name of ours", as: networkEditor,
		do: remove(ciliumV2, "CiliumClusterwideNetworkPolicy", "zone-from-before"), want: refusedByGuard, by: byNames, says: "declare a Zone or Conduit",
	},
}

const group = `
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: {name: NAME}
spec: {externalCIDRs: [10.9.0.0/16]}`
