// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

const (
	byTemplates = "zonewarden-templates"
	byRevisions = "zonewarden-revisions"
)

// zoned is the template of a pod with a zone's label.
const zoned = `{metadata: {labels: {app: spoof, plant.example/cell: "2"}}, spec: {restartPolicy: POLICY, containers: [{name: c, image: i}]}}`

// workload is one of a kind in cell-1, with a template.
func workload(apiVersion, kind, spec string) string {
	return "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {name: spoof, namespace: cell-1}\n" + spec
}

const (
	selector    = "selector: {matchLabels: {app: spoof}}"
	onNode      = `{metadata: {labels: {app: spoof}}, spec: {hostNetwork: true, containers: [{name: c, image: i}]}}`
	onNodeOnce  = `{metadata: {labels: {app: spoof}}, spec: {restartPolicy: Never, hostNetwork: true, containers: [{name: c, image: i}]}}`
	multus      = `{metadata: {labels: {app: spoof}, annotations: {k8s.v1.cni.cncf.io/networks: plant-lan}}, spec: {containers: [{name: c, image: i}]}}`
	portForever = `{metadata: {labels: {app: spoof}}, spec: {containers: [{name: c, image: i, ports: [{containerPort: 80, hostPort: 8080}]}]}}`
	portFirst   = `{metadata: {labels: {app: spoof}}, spec: {initContainers: [{name: a, image: i, ports: [{containerPort: 80, hostPort: 8080}]}], containers: [{name: c, image: i}]}}`
)

const (
	sayHost = "exempt on sites/site"
	sayCell = "assign on sites/site"
)

// attacksByTemplate have Kubernetes' own controllers make the pod, or leave the network.
var attacksByTemplate = []attack{
	{name: "Deployment with a zone's label in its template", as: tenant, do: create(workload("apps/v1", "Deployment", "spec: {"+selector+", template: "+always(zoned)+"}")), want: refusedByGuard, by: byTemplates, says: sayCell},
	{name: "Deployment with a zone's label in its template", as: developer, do: create(workload("apps/v1", "Deployment", "spec: {"+selector+", template: "+always(zoned)+"}")), want: refusedByGuard, by: byTemplates, says: sayCell},
	{name: "Deployment with a zone's label in its template", as: vendorSA, do: create(workload("apps/v1", "Deployment", "spec: {"+selector+", template: "+always(zoned)+"}")), want: refusedByGuard, by: byTemplates, says: sayCell},
	{name: "Deployment with a zone's label in its template", as: argo, do: create(workload("apps/v1", "Deployment", "spec: {"+selector+", template: "+always(zoned)+"}")), want: refusedByGuard, by: byTemplates, says: sayCell},
	{name: "change a zone's label in a template", as: developer, do: merge("apps/v1", "Deployment", "cell-1/mixer",
		`{"spec":{"template":{"metadata":{"labels":{"plant.example/cell":"2"}}}}}`), want: refusedByGuard, by: byTemplates, says: sayCell},
	{name: "take a zone's label out of a template", as: developer, do: merge("apps/v1", "Deployment", "cell-1/mixer",
		`{"spec":{"template":{"metadata":{"labels":{"plant.example/cell":null}}}}}`), want: refusedByGuard, by: byTemplates, says: sayCell},
	{name: "StatefulSet with a zone's label", as: tenant, do: create(workload("apps/v1", "StatefulSet", "spec: {"+selector+", template: "+always(zoned)+"}")), want: refusedByGuard, by: byTemplates, says: sayCell},
	{name: "DaemonSet with a zone's label", as: tenant, do: create(workload("apps/v1", "DaemonSet", "spec: {"+selector+", template: "+always(zoned)+"}")), want: refusedByGuard, by: byTemplates, says: sayCell},
	{name: "StatefulSet with a zone's label", as: vendorSA, do: create(workload("apps/v1", "StatefulSet", "spec: {"+selector+", template: "+always(zoned)+"}")), want: refusedByGuard, by: byTemplates, says: sayCell},
	{
		name: "custom resource with a zone's label in its pod template (Argo Rollouts)", as: tenant, do: create(workload("argoproj.io/v1alpha1", "Rollout", "spec: {"+selector+", template: "+always(zoned)+"}")), want: accepted,
		because: "its operator is refused when it makes a ReplicaSet or a pod of it, see a vendor's operator", undo: remove("argoproj.io/v1alpha1", "Rollout", "cell-1/spoof"),
	},
	{name: "ReplicaSet with a zone's label", as: tenant, do: create(workload("apps/v1", "ReplicaSet", "spec: {"+selector+", template: "+always(zoned)+"}")), want: refusedByGuard, by: byTemplates, says: sayCell},
	{name: "ReplicationController with a zone's label", as: tenant, do: create(workload("v1", "ReplicationController", "spec: {template: "+always(zoned)+"}")), want: refusedByGuard, by: byTemplates, says: sayCell},
	{name: "Job with a zone's label", as: tenant, do: create(workload("batch/v1", "Job", "spec: {template: "+never(zoned)+"}")), want: refusedByGuard, by: byTemplates, says: sayCell},
	{name: "CronJob with a zone's label", as: tenant, do: create(workload("batch/v1", "CronJob", `spec: {schedule: "* * * * *", jobTemplate: {spec: {template: `+never(zoned)+"}}}")), want: refusedByGuard, by: byTemplates, says: sayCell},
	{name: "PodTemplate with a zone's label", as: tenant, do: create(workload("v1", "PodTemplate", "template: "+always(zoned))), want: refusedByGuard, by: byTemplates, says: sayCell},
	{name: "ControllerRevision to roll a StatefulSet back to", as: tenant, do: create(`
apiVersion: apps/v1
kind: ControllerRevision
metadata: {name: archive-forged, namespace: cell-1, labels: {app: archive}}
revision: 7
data: {spec: {template: {metadata: {labels: {app: archive, plant.example/cell: "2"}}}}}`), want: refusedByGuard, by: byRevisions, says: "change the StatefulSet"},
	{name: "ControllerRevision that a StatefulSet seems to own", as: tenant, do: create(`
apiVersion: apps/v1
kind: ControllerRevision
metadata:
  name: archive-forged
  namespace: cell-1
  labels: {app: archive}
  ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: archive, uid: 00000000-0000-0000-0000-000000000000, controller: true}]
revision: 7
data: {}`), want: refusedByGuard, by: byRevisions, says: "change the StatefulSet"},

	{name: "pod on the node's network", as: tenant, do: create(pod(onNode)), want: refusedByGuard, by: byPods, says: sayHost},
	{name: "pod on the node's network", as: vendorSA, do: create(pod(onNode)), want: refusedByGuard, by: byPods, says: sayHost},
	{name: "pod on the node's network", as: argo, do: create(pod(onNode)), want: refusedByGuard, by: byPods, says: sayHost},
	{name: "Deployment on the node's network", as: tenant, do: create(workload("apps/v1", "Deployment", "spec: {"+selector+", template: "+onNode+"}")), want: refusedByGuard, by: byTemplates, says: sayHost},
	{name: "move a Deployment to the node's network", as: developer, do: merge("apps/v1", "Deployment", "cell-1/mixer", `{"spec":{"template":{"spec":{"hostNetwork":true}}}}`), want: refusedByGuard, by: byTemplates, says: sayHost},
	{name: "CronJob on the node's network", as: tenant, do: create(workload("batch/v1", "CronJob", `spec: {schedule: "* * * * *", jobTemplate: {spec: {template: `+onNodeOnce+"}}}")), want: refusedByGuard, by: byTemplates, says: sayHost},
	{name: "pod with a second interface (Multus)", as: tenant, do: create(pod(multus)), want: refusedByGuard, by: byPods, says: "annotation of Multus"},
	{name: "pod that leaves the default network (Multus)", as: tenant, do: create(with(pod(multus), "k8s.v1.cni.cncf.io/networks", "v1.multus-cni.io/default-network")), want: refusedByGuard, by: byPods, says: "annotation of Multus"},
	{name: "second interface by annotating a pod that is not scheduled yet", as: tenant, do: merge("v1", "Pod", "cell-1/unbound",
		`{"metadata":{"annotations":{"k8s.v1.cni.cncf.io/networks":"plant-lan"}}}`), want: refusedByGuard, by: byPods, says: "annotation of Multus"},
	{name: "second interface by a pod's status", as: tenant, do: merge("v1", "Pod", "cell-1/unbound",
		`{"metadata":{"annotations":{"k8s.v1.cni.cncf.io/networks":"plant-lan"}}}`, "status"), want: refusedByGuard, by: byPodStatus, says: "change the pod itself"},
	{name: "second interface by binding a pod to a node", as: tenant, do: bind("cell-1/unbound", `{annotations: {k8s.v1.cni.cncf.io/networks: plant-lan}}`), want: refusedByGuard, by: byBindings, says: "change the pod itself"},
	{name: "Deployment with a second interface", as: tenant, do: create(workload("apps/v1", "Deployment", "spec: {"+selector+", template: "+multus+"}")), want: refusedByGuard, by: byTemplates, says: "annotation of Multus"},
	{name: "pod with a host port", as: tenant, do: create(pod(portForever)), want: refusedByGuard, by: byPods, says: "leave hostPort out and declare a Conduit"},
	{name: "pod with a host port of an init container", as: tenant, do: create(pod(portFirst)), want: refusedByGuard, by: byPods, says: "expose on sites/site"},
	{name: "DaemonSet with a host port", as: tenant, do: create(workload("apps/v1", "DaemonSet", "spec: {"+selector+", template: "+portForever+"}")), want: refusedByGuard, by: byTemplates, says: "expose on sites/site"},
}
