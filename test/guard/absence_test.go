// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/zonewarden/zonewarden/test/controlplane"
)

const (
	definitions    = "apiextensions.k8s.io/v1"
	siteDefinition = "sites.zonewarden.io"
)

// What is tried: plain pods, and what the guard is about.
var (
	plainPod    = create("apiVersion: v1\nkind: Pod\nmetadata: {name: plain, namespace: office}\nspec: {containers: [{name: c, image: i}]}")
	systemPod   = create("apiVersion: v1\nkind: Pod\nmetadata: {name: plain, namespace: kube-system}\nspec: {containers: [{name: c, image: i}]}")
	openPolicy  = create(with(allowAll, "NS", "cell-1"))
	editedFloor = merge(networking, "NetworkPolicy", "cell-1/zone-cell-1", `{"spec":{"ingress":[{}]}}`)
)

// breakGlass is what docs/guard.md tells to do when the guard itself is the trouble:
// kubectl delete validatingadmissionpolicybindings,validatingadmissionpolicies -l zonewarden.io/guard.
var breakGlass = each(
	removeAll(admissions, "ValidatingAdmissionPolicyBinding", "", client.HasLabels{"zonewarden.io/guard"}),
	removeAll(admissions, "ValidatingAdmissionPolicy", "", client.HasLabels{"zonewarden.io/guard"}))

// TestAbsence takes away what the guard needs to know, one after the other, and tells what
// then happens in scope and out of it.
func TestAbsence(t *testing.T) {
	t.Parallel()
	c, err := startCluster(t.Context(), controlplane.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.stop)
	a := absence{c}
	for _, o := range manifests("testdata/namespaces.yaml") {
		a.must(t, c.apply(t.Context(), o))
	}
	// Each goes on where the one before it ended.
	_ = t.Run("guard before the definitions", a.guardFirst) &&
		t.Run("no Site", a.noSite) &&
		t.Run("a Site", a.withSite) &&
		t.Run("API server restarted", a.restarted) &&
		t.Run("Site deleted", a.siteDeleted) &&
		t.Run("definition deleted", a.definitionDeleted) &&
		t.Run("API server restarted without the definition", a.restartedWithoutDefinition)
}

type absence struct{ *cluster }

func (a absence) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// define installs our definitions.
func (a absence) define(t *testing.T) {
	t.Helper()
	_, err := envtest.InstallCRDs(a.plane.Config(), envtest.CRDInstallOptions{Paths: []string{"../../config/crd"}, MaxTime: patience})
	a.must(t, err)
}

// guardFirst installs the guard where nothing is known yet: every request that a policy
// with a parameter looks at is refused, whoever asks, until the definitions are there or
// the glass is broken.
func (a absence) guardFirst(t *testing.T) {
	a.must(t, a.raiseGuard(t.Context()))
	a.must(t, a.refused(t.Context(), "a pod out of scope is refused for want of the definition", administrator, plainPod))
	if err := plainPod(t.Context(), a.callers[administrator].dryRun()); !strings.Contains(err.Error(), "paramKind") {
		t.Errorf("the refusal does not say what is missing: %v", err)
	}
	a.must(t, a.becomes(t.Context(), accepted, "a pod of kube-system passes", administrator, systemPod))
	a.must(t, breakGlass(t.Context(), a.callers[administrator]))
	a.must(t, a.becomes(t.Context(), accepted, "without the guard a pod passes", administrator, plainPod))

	a.must(t, a.raiseGuard(t.Context()))
	a.must(t, a.refused(t.Context(), "with it again it does not", administrator, plainPod))
	a.define(t)
	began := time.Now()
	a.must(t, a.becomes(t.Context(), accepted, "with the definitions a pod passes", administrator, plainPod))
	t.Logf("%s after the definitions were served", time.Since(began).Round(100*time.Millisecond))
}

// noSite: nothing is in scope, and what needs no Site holds.
func (a absence) noSite(t *testing.T) {
	// Pods wait for the Site's kind to be known, and namespaces for that of Zones.
	a.must(t, a.eventually("a namespace is made", func() error {
		return a.apply(t.Context(), object("v1", "Namespace", "zonewarden-system"))
	}))
	roles, err := kustomized("../../config/rbac")
	a.must(t, err)
	a.must(t, a.apply(t.Context(), append(roles, manifests("testdata/accounts.yaml")...)...))
	for _, o := range manifests("testdata/own-objects.yaml") {
		a.must(t, applyAs(o, "zonewarden")(t.Context(), a.callers[operator]))
	}
	a.must(t, a.becomes(t.Context(), accepted, "without a Site policies are free", tenant, openPolicy))
	a.must(t, a.refused(t.Context(), "floors are held", tenant, editedFloor))
	a.must(t, a.refused(t.Context(), "the network plugin's objects are held", tenant, create(endpoint)))
}

func (a absence) withSite(t *testing.T) {
	a.must(t, a.apply(t.Context(), ofKind("Site", "testdata/plant.yaml")))
	a.must(t, a.refused(t.Context(), "with a Site policies are held", tenant, openPolicy))
	a.must(t, a.becomes(t.Context(), accepted, "out of scope they are free", neighbour, create(with(allowAll, "NS", "office"))))
}

// restarted: it takes the API server up to half a minute to find the definition again. Until
// then it refuses what a policy with a parameter looks at.
func (a absence) restarted(t *testing.T) {
	a.must(t, errors.Join(a.plane.StopAPIServer(), a.plane.StartAPIServer()))
	began := time.Now()
	if err := openPolicy(t.Context(), a.callers[tenant].dryRun()); outcomeOf(err) != refusedByGuard {
		t.Errorf("just after its start the API server admits what the guard refuses: %v", err)
	}
	a.must(t, a.becomes(t.Context(), accepted, "a pod passes", administrator, plainPod))
	t.Logf("a pod passes %s after the API server said that it is ready", time.Since(began).Round(10*time.Millisecond))
	a.must(t, a.refused(t.Context(), "policies are held still", tenant, openPolicy))
}

// routinesOfARunningPlant must never wait for the Site.
var routinesOfARunningPlant = []routine{
	{name: "a kubelet reports a pod's status", as: node, do: patched(types.StrategicMergePatchType, "v1", "Pod", "cell-1/here",
		`{"status":{"phase":"Running","podIP":"10.42.0.7","podIPs":[{"ip":"10.42.0.7"}]}}`, "status")},
	{name: "the scheduler binds a pod", as: administrator, do: bind("cell-1/there", "{labels: {topology.kubernetes.io/zone: a}}")},
	{name: "a controller fills a slice", as: controllers, do: create(with(handmade, "NS", "cell-1", "name: forged", "name: filled, labels: {endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io}"))},
	{name: "a controller fills endpoints", as: controllers, do: create(`
apiVersion: v1
kind: Endpoints
metadata: {name: filled, namespace: cell-1, labels: {endpoints.kubernetes.io/managed-by: endpoint-controller}}
subsets: [{addresses: [{ip: 10.42.0.7}], ports: [{port: 9000}]}]`)},
	{name: "the operator writes a floor", as: operator, do: ownFloor},
	{name: "the operator writes a conduit", as: operator, do: applyAs(parse(with(clusterwide, "{name: NAME}", "{name: conduit-x, labels: {app.kubernetes.io/managed-by: zonewarden}}"))[0], "zonewarden")},
	{name: "the garbage collector closes it", as: controllers, do: remove(ciliumV2, "CiliumClusterwideNetworkPolicy", "conduit-x")},
	{name: "Cilium makes and drops an endpoint", as: agent, do: each(create(endpoint), remove(ciliumV2, "CiliumEndpoint", "cell-1/forged"))},
	{name: "a pod is deleted", as: tenant, do: remove("v1", "Pod", "cell-1/there", client.GracePeriodSeconds(0))},
	{name: "a ConfigMap is made and deleted", as: tenant, do: each(create("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: cell-1}"), remove("v1", "ConfigMap", "cell-1/c"))},
	{name: "a namespace is finalized", as: administrator, do: finalize("out-by-site", "")},
	{name: "an administrator closes a Conduit", as: administrator, do: remove(zonewarden, "Conduit", "short")},
	{name: "a load balancer reports its address", as: agentOperator, do: merge("v1", "Service", "office/mail", `{"status":{"loadBalancer":{"ingress":[{"ip":"10.9.0.80"}]}}}`, "status")},
}

func (a absence) siteDeleted(t *testing.T) {
	a.must(t, each(merge(zonewarden, "Site", "site", `{"metadata":{"annotations":{"zonewarden.io/allow-release":"test"}}}`),
		remove(zonewarden, "Site", "site"))(t.Context(), a.callers[administrator]))
	a.must(t, a.becomes(t.Context(), accepted, "without the Site policies are free", tenant, openPolicy))
	a.must(t, a.refused(t.Context(), "floors are held", tenant, editedFloor))
	a.must(t, a.apply(t.Context(), ofKind("Site", "testdata/plant.yaml")))
	a.must(t, a.refused(t.Context(), "the Site is back", tenant, openPolicy))
}

// definitionDeleted: its objects are deleted with it, so nothing is in scope.
func (a absence) definitionDeleted(t *testing.T) {
	a.must(t, deleteDefinition(t.Context(), a.callers[administrator]))
	a.must(t, a.gone(t.Context(), definitions, "CustomResourceDefinition", siteDefinition))
	a.must(t, a.becomes(t.Context(), accepted, "without the definition policies are free", tenant, openPolicy))
	a.must(t, a.becomes(t.Context(), accepted, "and pods pass", administrator, plainPod))
	a.must(t, a.refused(t.Context(), "floors are held", tenant, editedFloor))

	a.define(t)
	a.must(t, a.apply(t.Context(), ofKind("Site", "testdata/plant.yaml")))
	began := time.Now()
	a.must(t, a.refused(t.Context(), "with definition and Site again policies are held", tenant, openPolicy))
	t.Logf("%s after definition and Site were made anew", time.Since(began).Round(100*time.Millisecond))
	a.must(t, deleteDefinition(t.Context(), a.callers[administrator]))
	a.must(t, a.gone(t.Context(), definitions, "CustomResourceDefinition", siteDefinition))
}

// deleteDefinition deletes the Site's, as meant.
var deleteDefinition = each(
	merge(definitions, "CustomResourceDefinition", siteDefinition, `{"metadata":{"annotations":{"zonewarden.io/allow-release":"test"}}}`),
	remove(definitions, "CustomResourceDefinition", siteDefinition))

// restartedWithoutDefinition is guardFirst again, on a plant that runs: what it needs to go on
// is not refused.
func (a absence) restartedWithoutDefinition(t *testing.T) {
	a.must(t, a.apply(t.Context(), parse("apiVersion: v1\nkind: Node\nmetadata: {name: node-1}")...))
	a.must(t, create(with(service, "open", "mail", "NS", "office", "TYPE", "LoadBalancer"))(t.Context(), a.callers[administrator]))
	for _, p := range []string{"here", "there"} {
		a.must(t, create("apiVersion: v1\nkind: Pod\nmetadata: {name: "+p+", namespace: cell-1}\nspec: {containers: [{name: c, image: i}]}")(t.Context(), a.callers[administrator]))
	}
	a.must(t, bind("cell-1/here", "{}")(t.Context(), a.callers[administrator]))
	a.must(t, create(conduitOf("short", "a", "b"))(t.Context(), a.callers[administrator]))
	a.must(t, errors.Join(a.plane.StopAPIServer(), a.plane.StartAPIServer()))

	a.must(t, a.refused(t.Context(), "a pod out of scope is refused", administrator, plainPod))
	a.must(t, a.becomes(t.Context(), accepted, "a pod of kube-system passes", administrator, systemPod))
	a.must(t, a.refused(t.Context(), "nothing is opened: the Site may ask for its author", administrator, create(conduitOf("late", "a", "b"))))
	for _, r := range routinesOfARunningPlant {
		if err := r.do(t.Context(), a.callers[r.as]); err != nil {
			t.Errorf("meanwhile, %s: %v", r.name, err)
		}
	}
	a.must(t, a.refused(t.Context(), "a floor is held", tenant, editedFloor))
	a.must(t, breakGlass(t.Context(), a.callers[administrator]))
	a.must(t, a.becomes(t.Context(), accepted, "without the guard a pod passes", administrator, plainPod))
}

// ownFloor is the operator's write of a floor.
func ownFloor(ctx context.Context, c *caller) error {
	return applyAs(ofKind("NetworkPolicy", "testdata/own-objects.yaml"), "zonewarden")(ctx, c)
}
