// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// labelled is a template with a zone's label, for an application.
const labelled = `{metadata: {labels: {app: APP, plant.example/cell: "1"}}, spec: {restartPolicy: POLICY, containers: [{name: c, image: i}]}}`

func deployed(app string) string {
	return with(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: APP, namespace: cell-1}
spec: {selector: {matchLabels: {app: APP}}, template: `+always(labelled)+"}", "APP", app)
}

// image rolls out another one.
const image = `{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"new"}]}}}}`

// routinesOfControllers are those of Kubernetes' own controllers, each with its account.
var routinesOfControllers = []routine{
	{
		name: "a CronJob makes Jobs, and they make pods with a zone's label", as: siteAdmin, do: create(with(`
apiVersion: batch/v1
kind: CronJob
metadata: {name: backup, namespace: cell-1}
spec: {schedule: "* * * * *", jobTemplate: {spec: {template: `+never(labelled)+"}}}", "APP", "backup")),
		then: podsAppear("backup", 1, ""), late: true, undo: remove("batch/v1", "CronJob", "cell-1/backup"),
	},
	{
		name: "a Conduit that fails Closed is deleted, and the garbage collector takes its policy", as: siteAdmin,
		do: ownedPolicy("closing", remove(zonewarden, "Conduit", "closing")), then: isGone(ciliumV2, "CiliumClusterwideNetworkPolicy", "conduit-closing"),
	},
	{
		name: "the same in the foreground (kubectl delete --cascade=foreground)", as: siteAdmin,
		do:   ownedPolicy("closing-too", remove(zonewarden, "Conduit", "closing-too", client.PropagationPolicy(metav1.DeletePropagationForeground))),
		then: isGone(zonewarden, "Conduit", "closing-too"),
	},
	{name: "a fuse Job's time is over: it goes, and with it the grants that it owns", as: administrator, do: fuse, then: all(
		isGone("batch/v1", "Job", "cell-1/window-fused"), isGone(ciliumV2, "CiliumNetworkPolicy", "cell-1/window-fused"),
		isGone(networking, "NetworkPolicy", "cell-1/window-fused"), isGone("rbac.authorization.k8s.io/v1", "RoleBinding", "cell-1/window-fused"))},
	{name: "a namespace is deleted with our policies and pods in it", as: siteAdmin, do: scrappedNamespace, then: isGone("v1", "Namespace", "cell-scrapped")},
	{
		name: "an autoscaler scales what has a zone's label (HorizontalPodAutoscaler)", as: siteAdmin, do: each(create(deployed("dosing")), create(`
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: dosing, namespace: cell-1}
spec: {minReplicas: 2, maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: dosing}}`)),
		then: podsAppear("dosing", 2, ""), late: true,
		undo: each(remove("autoscaling/v2", "HorizontalPodAutoscaler", "cell-1/dosing"), remove("apps/v1", "Deployment", "cell-1/dosing")),
	},
	{name: "a Deployment makes pods with a zone's label", as: siteAdmin, do: create(deployed("press")), then: podsAppear("press", 1, "")},
	{name: "scale a Deployment, as an autoscaler does", as: developer, do: merge("apps/v1", "Deployment", "cell-1/press", `{"spec":{"replicas":3}}`, "scale"), then: podsAppear("press", 3, "")},
	{name: "roll out another image beside a zone's label", as: developer, do: merge("apps/v1", "Deployment", "cell-1/press", image), then: podsAppear("press", 1, "new"), undo: remove("apps/v1", "Deployment", "cell-1/press")},
	{
		name: "scale a Deployment from before the guard that uses the node's network", as: developer,
		do:   each(merge("apps/v1", "Deployment", "cell-1/old-gateway", `{"metadata":{"labels":{"a":"b"}},"spec":{"template":{"spec":{"containers":[{"name":"gateway","image":"new"}]}}}}`), merge("apps/v1", "Deployment", "cell-1/old-gateway", `{"spec":{"replicas":1}}`)),
		then: podsAppear("old-gateway", 1, ""), undo: merge("apps/v1", "Deployment", "cell-1/old-gateway", `{"spec":{"replicas":0}}`),
	},
	{
		name: "a StatefulSet makes pods with a zone's label, and revisions", as: siteAdmin, do: create(with(`
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: APP, namespace: cell-1}
spec: {podManagementPolicy: Parallel, selector: {matchLabels: {app: APP}}, template: `+always(labelled)+"}", "APP", "logger")),
		then: all(podsAppear("logger", 1, ""), revisionsAppear("logger", 1)),
	},
	{
		name: "a StatefulSet rolls out another image", as: developer, do: merge("apps/v1", "StatefulSet", "cell-1/logger", image),
		then: all(podsAppear("logger", 1, "new"), revisionsAppear("logger", 2)), undo: remove("apps/v1", "StatefulSet", "cell-1/logger"),
	},
	{
		name: "a DaemonSet makes pods with a zone's label, and revisions", as: siteAdmin, do: create(with(`
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: APP, namespace: cell-1}
spec: {selector: {matchLabels: {app: APP}}, template: `+with(always(labelled), "spec: {", "spec: {tolerations: [{operator: Exists}], ")+"}", "APP", "sensor")),
		then: all(podsAppear("sensor", 1, ""), revisionsAppear("sensor", 1)),
	},
	{
		name: "a DaemonSet rolls out another image", as: developer, do: merge("apps/v1", "DaemonSet", "cell-1/sensor", image),
		then: all(podsAppear("sensor", 1, "new"), revisionsAppear("sensor", 2)), undo: remove("apps/v1", "DaemonSet", "cell-1/sensor"),
	},
	{name: "a Job makes pods with a zone's label", as: siteAdmin, do: create(with(`
apiVersion: batch/v1
kind: Job
metadata: {name: APP, namespace: cell-1}
spec: {template: `+never(labelled)+"}", "APP", "recipe")), then: podsAppear("recipe", 1, ""), undo: remove("batch/v1", "Job", "cell-1/recipe", client.PropagationPolicy(metav1.DeletePropagationBackground))},
	{name: "a ReplicationController makes pods with a zone's label", as: siteAdmin, do: create(with(`
apiVersion: v1
kind: ReplicationController
metadata: {name: APP, namespace: cell-1}
spec: {template: `+always(labelled)+"}", "APP", "relic")), then: podsAppear("relic", 1, ""), undo: remove("v1", "ReplicationController", "cell-1/relic")},
	{
		name: "make the ReplicaSets, Jobs and pods of checked templates under one account", as: controllers, do: each(
			create(workload("apps/v1", "ReplicaSet", "spec: {replicas: 0, "+selector+", template: "+always(zoned)+"}")),
			create(workload("batch/v1", "Job", "spec: {parallelism: 0, template: "+never(zoned)+"}")),
			create(podWithLabel)),
		undo: each(remove("apps/v1", "ReplicaSet", "cell-1/spoof"), remove("batch/v1", "Job", "cell-1/spoof"), remove("v1", "Pod", "cell-1/spoof", client.GracePeriodSeconds(0))),
	},
	{name: "collect garbage, write endpoints and revisions under one account", as: controllers, do: each(
		remove(networking, "NetworkPolicy", "cell-1/zone-cell-1"), remove(ciliumV2, "CiliumEndpoint", "cell-1/pump"),
		redirectSlice, create(`
apiVersion: apps/v1
kind: ControllerRevision
metadata: {name: archive-7, namespace: cell-1}
revision: 7
data: {}`)), undo: each(remove("apps/v1", "ControllerRevision", "cell-1/archive-7"), create("apiVersion: cilium.io/v2\nkind: CiliumEndpoint\nmetadata: {name: pump, namespace: cell-1}"))},
}

// ownedPolicy makes a Conduit and the policy of it, which it owns, and then does as told.
func ownedPolicy(name string, then request) request {
	return func(ctx context.Context, c *caller) error {
		o := parse(conduitOf(name, "historian", "cell-1"))[0]
		if err := c.Create(ctx, o); err != nil {
			return err
		}
		p := parse(with(clusterwide, "NAME", "conduit-"+name))[0]
		p.SetLabels(ours)
		p.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: zonewarden, Kind: "Conduit", Name: name, UID: o.GetUID()}})
		if err := applyAs(p, "zonewarden")(ctx, site.callers[operator]); err != nil {
			return err
		}
		return then(ctx, c)
	}
}

// fuse makes a Job without pods that owns grants and ends a second later.
func fuse(ctx context.Context, c *caller) error {
	job := parse(`
apiVersion: batch/v1
kind: Job
metadata: {name: window-fused, namespace: cell-1}
spec: {parallelism: 0, activeDeadlineSeconds: 1, ttlSecondsAfterFinished: 0, template: {spec: {restartPolicy: Never, containers: [{name: none, image: none}]}}}`)[0]
	if err := c.Create(ctx, job); err != nil {
		return err
	}
	owner := []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: job.GetName(), UID: job.GetUID()}}
	grants := parse(`
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: window-fused, namespace: cell-1, labels: {app.kubernetes.io/managed-by: zonewarden}}
spec: {endpointSelector: {matchLabels: {app: pump}}, ingress: [{fromCIDR: [10.9.0.5/32]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: window-fused, namespace: cell-1, labels: {app.kubernetes.io/managed-by: zonewarden}}
spec: {podSelector: {matchLabels: {app: pump}}, ingress: [{from: [{ipBlock: {cidr: 10.9.0.5/32}}]}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: window-fused, namespace: cell-1}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: vendor}]`)
	for i, as := range []name{operator, operator, administrator} {
		grants[i].SetOwnerReferences(owner)
		if err := applyAs(grants[i], "zonewarden")(ctx, site.callers[as]); err != nil {
			return err
		}
	}
	return nil
}

// scrappedNamespace makes one in scope, with what is in one, and deletes it.
func scrappedNamespace(ctx context.Context, c *caller) error {
	if err := create(`
apiVersion: v1
kind: Namespace
metadata: {name: cell-scrapped, labels: {zonewarden.io/scope: ot, plant.example/site: ww-17, plant.example/owner: ot}}`)(ctx, c); err != nil {
		return err
	}
	for _, o := range manifests("testdata/own-objects.yaml") {
		if o.GetNamespace() == "" {
			continue
		}
		o.SetNamespace("cell-scrapped")
		if err := applyAs(o, "zonewarden")(ctx, site.callers[operator]); err != nil {
			return err
		}
	}
	return each(
		create("apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: cell-scrapped}\nspec: {containers: [{name: c, image: i}]}"),
		remove("v1", "Namespace", "cell-scrapped"))(ctx, c)
}

// isGone waits for the end of an object.
func isGone(apiVersion, kind, path string) func(context.Context) error {
	return func(ctx context.Context) error { return site.gone(ctx, apiVersion, kind, path) }
}

func all(waits ...func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		var errs []error
		for _, w := range waits {
			errs = append(errs, w(ctx))
		}
		return errors.Join(errs...)
	}
}

// podsAppear waits for so many pods of an application, with an image unless it is "".
func podsAppear(app string, n int, image string) func(context.Context) error {
	return func(ctx context.Context) error {
		return site.eventually(fmt.Sprintf("there are %d pods of %s", n, app), func() error {
			var pods corev1.PodList
			if err := site.callers[administrator].List(ctx, &pods, client.InNamespace("cell-1"), client.MatchingLabels{"app": app}); err != nil {
				return err
			}
			found := 0
			for _, p := range pods.Items {
				if image == "" || p.Spec.Containers[0].Image == image {
					found++
				}
			}
			if found < n {
				return fmt.Errorf("there are %d", found)
			}
			return nil
		})
	}
}

// revisionsAppear waits for so many ControllerRevisions.
func revisionsAppear(app string, n int) func(context.Context) error {
	return func(ctx context.Context) error {
		return site.eventually(fmt.Sprintf("there are %d revisions of %s", n, app), func() error {
			found, err := site.objectsOf(ctx, "apps/v1", "ControllerRevision", client.InNamespace("cell-1"), client.MatchingLabels{"app": app})
			if err == nil && len(found) < n {
				return fmt.Errorf("there are %d", len(found))
			}
			return err
		})
	}
}

// sliceHolds waits until a controller has put an address into a service's slice.
func sliceHolds(service, address string) func(context.Context) error {
	return func(ctx context.Context) error {
		return site.eventually("the slice of "+service+" holds "+address, func() error {
			var slices discoveryv1.EndpointSliceList
			if err := site.callers[administrator].List(ctx, &slices, client.InNamespace("cell-1"), client.MatchingLabels{discoveryv1.LabelServiceName: service}); err != nil {
				return err
			}
			for _, s := range slices.Items {
				for _, e := range s.Endpoints {
					if e.Addresses[0] == address {
						return nil
					}
				}
			}
			return fmt.Errorf("there are %d slices without it", len(slices.Items))
		})
	}
}
