// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
)

// found is how soon something of others has to be reported.
const found = 5 * time.Second

func allowAll() *networkingv1.NetworkPolicy {
	return &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: "cell", Name: "allow-all"},
		Spec:       networkingv1.NetworkPolicySpec{Ingress: []networkingv1.NetworkPolicyIngressRule{{}}},
	}
}

func manifest(t *testing.T, doc string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict([]byte(doc), &u.Object); err != nil {
		t.Fatal(err)
	}
	return u
}

func denyAll(t *testing.T, namespace string) *unstructured.Unstructured {
	t.Helper()
	return manifest(t, "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: deny-all, namespace: "+namespace+"}\n"+
		"spec: {endpointSelector: {}, ingressDeny: [{fromEntities: [all]}]}\n")
}

// livePlant is the small plant with a pod in each zone, carried out and clean.
func (w *world) livePlant() {
	w.t.Helper()
	w.startOperator()
	w.plant()
	w.make(pod("supervision", "hmi"), pod("cell", "gateway"))
	w.havePolicies(plantPolicies...)
	w.eventually("the pods are counted", func() error {
		z := zone("cell")
		w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(z), z))
		if z.Status.Workloads != 1 {
			return fmt.Errorf("%d", z.Status.Workloads)
		}
		return nil
	})
	w.clean("cell")
}

func (w *world) clean(name string) {
	w.t.Helper()
	z := zone(name)
	w.condition(z, v1alpha1.ConditionExposed, metav1.ConditionFalse, v1alpha1.ReasonNothingFound)
	if len(z.Status.Findings) > 0 {
		w.t.Errorf("findings: %v", z.Status.Findings)
	}
}

// exposed waits until a zone says this reason, with these words in its message and in
// a finding.
func (w *world) exposed(name, reason string, words ...string) {
	w.t.Helper()
	z := zone(name)
	message := w.condition(z, v1alpha1.ConditionExposed, metav1.ConditionTrue, reason)
	i := slices.IndexFunc(z.Status.Findings, func(f v1alpha1.Finding) bool { return f.Reason == reason })
	if i < 0 || z.Status.Findings[i].Severity != v1alpha1.SeverityWarning {
		w.t.Fatalf("no warning among the findings: %v", z.Status.Findings)
	}
	for _, word := range words {
		for _, text := range []string{message, z.Status.Findings[i].Message} {
			if !strings.Contains(text, word) {
				w.t.Errorf("%q is not in %q", word, text)
			}
		}
	}
}

// event waits for one about a conduit or zone.
func (w *world) event(name, reason, kind string) {
	w.t.Helper()
	w.eventually("an event tells of "+reason, func() error {
		var events eventsv1.EventList
		w.must(w.List(w.ctx(), &events))
		if !slices.ContainsFunc(events.Items, func(e eventsv1.Event) bool {
			return e.Regarding.Name == name && e.Reason == reason && e.Type == kind
		}) {
			return fmt.Errorf("none of %d", len(events.Items))
		}
		return nil
	})
}

// TestForeignAllowIsReported measures too how long that takes.
func TestForeignAllowIsReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.livePlant()
	var took []time.Duration
	for range 10 {
		start := time.Now()
		w.make(allowAll())
		w.exposed("cell", v1alpha1.ReasonForeignPolicy, "NetworkPolicy/cell/allow-all", "192.0.2.1 -> cell/gateway 22/TCP")
		took = append(took, time.Since(start))
		w.must(w.Delete(w.ctx(), allowAll()))
		w.clean("cell")
	}
	slices.Sort(took)
	t.Logf("reported after %s (median of %d), at most %s", took[len(took)/2], len(took), took[len(took)-1])
	if typical := took[len(took)/2]; typical > found {
		t.Errorf("it took %s", typical)
	}
	w.clean("supervision")
	w.event("cell", v1alpha1.ReasonForeignPolicy, corev1.EventTypeWarning)
	w.event("cell", v1alpha1.ReasonNothingFound, corev1.EventTypeNormal)
	w.condition(site(), v1alpha1.ConditionExposed, metav1.ConditionFalse, v1alpha1.ReasonNothingFound)
}

func TestForeignAllowBeforeTheOperator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.make(namespace("cell"), allowAll(), pod("cell", "gateway"))
	w.startOperator()
	w.plant()
	w.exposed("cell", v1alpha1.ReasonForeignPolicy, "allow-all")
	message := w.condition(site(), v1alpha1.ConditionExposed, metav1.ConditionTrue, v1alpha1.ReasonForeignPolicy)
	if !strings.Contains(message, "ForeignPolicy in cell") {
		t.Error(message)
	}
	z := zone("cell")
	w.change(z, func() { z.Spec.Enforcement = v1alpha1.EnforcementObserve })
	w.condition(z, v1alpha1.ConditionExposed, metav1.ConditionUnknown, v1alpha1.ReasonObserving)
	if len(z.Status.Findings) > 0 {
		t.Errorf("findings: %v", z.Status.Findings)
	}
}

// TestOursByItsLabelsAlone: an object that says that it is ours is judged as what it is.
func TestOursByItsLabelsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.livePlant()
	fake := allowAll()
	fake.Labels = map[string]string{
		v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue, v1alpha1.LabelKind: "Zone", v1alpha1.LabelName: "nowhere",
	}
	w.make(fake)
	w.exposed("cell", v1alpha1.ReasonForeignPolicy, "NetworkPolicy/cell/allow-all")
	w.must(w.Delete(w.ctx(), fake))
	w.clean("cell")

	// In a kind that we do not write the label says nothing at all.
	open := manifest(t, "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: open, namespace: cell, labels: {app.kubernetes.io/managed-by: zonewarden}}\n"+
		"spec: {endpointSelector: {}, egress: [{toEntities: [world]}]}\n")
	w.make(open)
	w.exposed("cell", v1alpha1.ReasonForeignPolicy, "CiliumNetworkPolicy/cell/open", "cell/gateway -> 192.0.2.1 22/TCP")
}

// TestChangeOfAForeignPolicy: an edit that narrows it to what is declared ends it.
func TestChangeOfAForeignPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.livePlant()
	p := allowAll()
	w.make(p)
	w.exposed("cell", v1alpha1.ReasonForeignPolicy, "allow-all")
	w.change(p, func() {
		p.Spec.Ingress[0].From = []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{}}}
	})
	w.clean("cell")
}

func TestConduitBlocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.livePlant()
	w.moreConduits(2)
	c := conduit("scada-cell", "", "", "")
	w.make(denyAll(t, "cell"))
	message := w.condition(c, v1alpha1.ConditionBlocked, metav1.ConditionTrue, v1alpha1.ReasonForeignDeny)
	if want := "CiliumNetworkPolicy/cell/deny-all refuses supervision/hmi -> cell/gateway 4840/TCP"; message != want {
		t.Errorf("%q, want %q", message, want)
	}
	w.condition(conduit("more-01", "", "", ""), v1alpha1.ConditionBlocked, metav1.ConditionTrue, v1alpha1.ReasonForeignDeny)
	w.clean("cell") // it opens nothing
	w.must(w.Delete(w.ctx(), denyAll(t, "cell")))
	for _, name := range []string{"scada-cell", "more-00", "more-01"} {
		c := conduit(name, "", "", "")
		w.eventually("nothing is said of it any more", func() error {
			w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(c), c))
			if said := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionBlocked); said != nil {
				return fmt.Errorf("%+v", said)
			}
			return nil
		})
	}
	w.event("scada-cell", v1alpha1.ReasonForeignDeny, corev1.EventTypeWarning)
	w.event("scada-cell", v1alpha1.ReasonNotBlocked, corev1.EventTypeNormal)
}

// TestWhatNoPolicyHolds is what leads around policies.
func TestWhatNoPolicyHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.livePlant()
	host := pod("cell", "driver")
	host.Spec.HostNetwork = true
	multus := pod("cell", "fieldbus")
	multus.Annotations = map[string]string{"k8s.v1.cni.cncf.io/networks": "macvlan"}
	port := pod("cell", "panel")
	port.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 5900, HostPort: 5900}}
	web := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "cell", Name: "web"},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeNodePort, Selector: map[string]string{"app": "web"}, Ports: []corev1.ServicePort{{Port: 80}},
		},
	}
	ingress := &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: "cell", Name: "web"},
		Spec: networkingv1.IngressSpec{DefaultBackend: &networkingv1.IngressBackend{
			Service: &networkingv1.IngressServiceBackend{Name: "web", Port: networkingv1.ServiceBackendPort{Number: 80}},
		}},
	}
	server := pod("cell", "server")
	server.Labels = map[string]string{"app": "web"}
	w.make(server)
	for _, step := range []struct {
		object client.Object
		reason string
		words  string
	}{
		{ingress, "", ""},
		{web, v1alpha1.ReasonExposedService, "NodePort Service cell/web"},
		{port, v1alpha1.ReasonHostPort, "cell/panel 5900/TCP"},
		{multus, v1alpha1.ReasonSecondInterface, "cell/fieldbus"},
		{host, v1alpha1.ReasonHostNetwork, "cell/driver"},
	} { // each is worse than the one before
		w.make(step.object)
		if step.reason != "" {
			w.exposed("cell", step.reason, step.words)
		}
	}
	w.change(web, func() { web.Spec.Type = corev1.ServiceTypeClusterIP })
	for _, p := range []client.Object{host, multus, port} {
		w.must(w.Delete(w.ctx(), p, client.GracePeriodSeconds(0)))
	}
	w.exposed("cell", v1alpha1.ReasonExposedIngress, "Ingress cell/web by Service web")
	w.must(w.Delete(w.ctx(), ingress))
	w.clean("cell")
}

// TestServiceAtADevice: who answers at a device's address has what is sent to it.
func TestServiceAtADevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.livePlant()
	w.make(&corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "supervision", Name: "plc"},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": "none"}, Ports: []corev1.ServicePort{{Port: 502}}, ExternalIPs: []string{"10.20.1.11"},
		},
	})
	w.exposed("cell", v1alpha1.ReasonExposedService, "ClusterIP Service supervision/plc at 10.20.1.11, the address of asset plc-1")
}

func TestPodsInNoZone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.livePlant()
	w.make(namespace("spare"))
	host := pod("spare", "driver")
	host.Spec.HostNetwork = true
	w.make(host)
	s := site()
	w.condition(s, v1alpha1.ConditionExposed, metav1.ConditionTrue, v1alpha1.ReasonHostNetwork)
	if !slices.ContainsFunc(s.Status.Findings, func(f v1alpha1.Finding) bool {
		return f.Reason == v1alpha1.ReasonHostNetwork && strings.Contains(f.Message, "spare/driver")
	}) {
		t.Errorf("findings: %v", s.Status.Findings)
	}
	w.clean("cell")
}

func TestCiliumRefusesAPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.livePlant()
	say := func(name, status, message string) {
		w.eventually("Cilium says so", func() error {
			p := w.policy(name)
			p.Object["status"] = map[string]any{"conditions": []any{map[string]any{
				"type": "Valid", "status": status, "message": message, "lastTransitionTime": "2026-11-25T00:00:00Z",
			}}}
			return w.Status().Update(w.ctx(), p)
		})
	}
	c, z := conduit("scada-cell", "", "", ""), zone("cell")
	say("conduit-scada-cell", "False", "port 70000 is no port")
	message := w.condition(c, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonInvalidPolicy)
	if want := "Cilium does not take CiliumClusterwideNetworkPolicy/conduit-scada-cell: port 70000 is no port"; message != want {
		t.Errorf("%q, want %q", message, want)
	}
	w.condition(z, v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)
	say("zone-cell", "False", "no")
	w.condition(z, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonInvalidPolicy)
	w.eventually("the Site counts both", func() error {
		message := w.condition(site(), v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonInvalidPolicy)
		if !strings.Contains(message, "2 zones or conduits") {
			return errors.New(message)
		}
		return nil
	})
	say("conduit-scada-cell", "True", "")
	say("zone-cell", "True", "")
	w.condition(c, v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)
	w.condition(site(), v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)
	// Its word stands, also for what is written anew, until it has another.
	say("conduit-scada-cell", "False", "port 70000 is no port")
	w.condition(c, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonInvalidPolicy)
	w.change(c, func() { c.Spec.Flows = []v1alpha1.Flow{{Protocol: "modbus-tls"}} })
	w.condition(c, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonInvalidPolicy)
}

// TestAdminTier: kinds that come later are watched, and named where they select.
func TestAdminTier(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.livePlant()
	crd := &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: objectMeta("clusternetworkpolicies.policy.networking.k8s.io"),
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: "policy.networking.k8s.io", Scope: apiextensionsv1.ClusterScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: "clusternetworkpolicies", Singular: "clusternetworkpolicy", Kind: "ClusterNetworkPolicy", ListKind: "ClusterNetworkPolicyList"},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: "v1alpha9", Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
					Type: "object", XPreserveUnknownFields: new(true),
				}},
			}},
		},
	}
	crd.Annotations = map[string]string{"api-approved.kubernetes.io": "https://github.com/kubernetes/enhancements/pull/1"}
	w.make(crd)
	t.Cleanup(func() { w.must(client.IgnoreNotFound(w.Delete(w.ctx(), crd))) })
	policy := manifest(t, "apiVersion: policy.networking.k8s.io/v1alpha9\nkind: ClusterNetworkPolicy\nmetadata: {name: accept}\n"+
		"spec: {tier: Admin, priority: 1, subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: cell}}}, ingress: [{action: Accept, from: [{namespaces: {}}]}]}\n")
	w.eventually("the kind is served", func() error { return w.Create(w.ctx(), policy.DeepCopy()) })
	w.exposed("cell", v1alpha1.ReasonNotUnderstood, "ClusterNetworkPolicy/accept")
	w.clean("supervision")
	w.must(w.Delete(w.ctx(), crd))
	w.clean("cell")
}

// TestForeignPolicyAtOurName is not taken for ours, and its rules are seen.
func TestForeignPolicyAtOurName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	foreign := &unstructured.Unstructured{Object: map[string]any{"specs": []any{map[string]any{
		"endpointSelector": map[string]any{"matchLabels": map[string]any{"k8s:io.kubernetes.pod.namespace": "supervision"}},
		"egress":           []any{map[string]any{"toEntities": []any{"world"}}},
	}}}}
	foreign.SetGroupVersionKind(apply.GVKClusterwidePolicy)
	foreign.SetName("conduit-scada-cell")
	w.make(foreign, namespace("supervision"), pod("supervision", "hmi"))
	w.startOperator()
	w.plant()
	w.condition(conduit("scada-cell", "", "", ""), v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonForeignObject)
	w.exposed("supervision", v1alpha1.ReasonForeignPolicy, "CiliumClusterwideNetworkPolicy/conduit-scada-cell")
}
