// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net/http"

	certificatesv1 "k8s.io/api/certificates/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// routinesOfOperators are those of ours, of GitOps, of the network plugin and of vendors.
var routinesOfOperators = []routine{
	{name: "write, change and delete every object of ours by server-side apply", as: operator, do: everyObject},
	{name: "keep the audit trail and the clock's mark: make, write, delete", as: operator, do: each(
		create(segment), remove("v1", "ConfigMap", "zonewarden-system/zonewarden-audit-1-9-deadbeef"),
		rewrite("v1", "ConfigMap", "zonewarden-system/zonewarden-audit"), rewrite("v1", "ConfigMap", "zonewarden-system/zonewarden-clock"))},
	{
		name: "keep the keys: make one, note that the other signed", as: operator, do: each(
			create(sessionKey), rewrite("v1", "Secret", "zonewarden-system/zonewarden-audit-key")),
		undo: remove("v1", "Secret", "zonewarden-system/zonewarden-session-key"),
	},
	{name: "write statuses", as: operator, do: merge(zonewarden, "Conduit", "history", `{"status":{"observedGeneration":1}}`, "status")},

	{
		name: "apply Zones, Conduits, Assets, Deployments, ConfigMaps", as: argo, do: each(
			create(with(swallow, "swallow", "synced", "[cell-1, cell-2, historian]", "[synced]")), create(conduitOf("synced", "cell-1", "synced")),
			create("apiVersion: zonewarden.io/v1alpha1\nkind: Asset\nmetadata: {name: synced}\nspec: {tag: synced, addresses: [10.20.1.99], role: PLC}"),
			create(workload("apps/v1", "Deployment", "spec: {"+selector+", template: {metadata: {labels: {app: spoof}}, spec: {containers: [{name: c, image: i}]}}}")),
			create("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: synced, namespace: cell-1}")),
		undo: each(remove(zonewarden, "Conduit", "synced"), remove(zonewarden, "Zone", "synced"), remove(zonewarden, "Asset", "synced"),
			remove("apps/v1", "Deployment", "cell-1/spoof"), remove("v1", "ConfigMap", "cell-1/synced")),
	},
	{name: "track a namespace in scope by its labels, and set pod security", as: argo, do: each(
		merge("v1", "Namespace", "historian", `{"metadata":{"labels":{"argocd.argoproj.io/instance":"plant","app.kubernetes.io/part-of":"plant","pod-security.kubernetes.io/warn":"baseline"}}}`),
		merge("v1", "Namespace", "historian", `{"metadata":{"labels":{"argocd.argoproj.io/instance":null}}}`))},
	{name: "label a namespace out of scope as it likes", as: argo, do: merge("v1", "Namespace", "office", `{"metadata":{"labels":{"team":"b"}}}`)},
	{name: "prune a Conduit", as: argo, do: each(create(conduitOf("pruned", "cell-1", "historian")), remove(zonewarden, "Conduit", "pruned", client.PropagationPolicy("Foreground")))},

	{name: "CiliumEndpoint: make, change, delete", as: agent, do: each(create(endpoint), merge(ciliumV2, "CiliumEndpoint", "cell-1/forged", `{"status":{"identity":{"id":7}}}`),
		remove(ciliumV2, "CiliumEndpoint", "cell-1/forged"))},
	{
		name: "CiliumIdentity and CiliumNode", as: agent, do: each(create(identity), create(ciliumNode)),
		undo: each(remove(ciliumV2, "CiliumIdentity", "4712"), remove(ciliumV2, "CiliumNode", "forged")),
	},
	{name: "CiliumEndpointSlice, CiliumEnvoyConfig, and collecting endpoints", as: agentOperator, do: each(create(slice), remove("cilium.io/v2alpha1", "CiliumEndpointSlice", "forged"),
		create(envoy), remove(ciliumV2, "CiliumEnvoyConfig", "cell-1/steal"), remove(ciliumV2, "CiliumEndpoint", "cell-1/pump"))},
	{name: "annotate cilium-config", as: agentOperator, do: merge("v1", "ConfigMap", "kube-system/cilium-config", `{"metadata":{"annotations":{"a":"b"}}}`)},
	{name: "give a load balancer its address", as: agentOperator, do: merge("v1", "Service", "office/mail", `{"status":{"loadBalancer":{"ingress":[{"ip":"10.9.0.80"}]}}}`, "status")},

	{
		name: "ask for a certificate, and renew it in its Secret", as: certManager, do: each(askCertificate, create(certificate),
			merge("v1", "Secret", "cell-1/opcua", `{"data":{"tls.crt":"bmV3"}}`), remove("v1", "Secret", "cell-1/opcua")),
		undo: remove("certificates.k8s.io/v1", "CertificateSigningRequest", "pump"),
	},

	{
		name: "pods and StatefulSets without anything special, in scope", as: vendorSA, do: each(
			create("apiVersion: v1\nkind: Pod\nmetadata: {name: made, namespace: cell-1}\nspec: {containers: [{name: c, image: i}]}"),
			create(workload("apps/v1", "StatefulSet", "spec: {"+selector+", template: {metadata: {labels: {app: spoof}}, spec: {containers: [{name: c, image: i}]}}}"))),
		undo: each(remove("v1", "Pod", "cell-1/made", client.GracePeriodSeconds(0)), remove("apps/v1", "StatefulSet", "cell-1/spoof")),
	},
	{name: "Endpoints as a lock: annotations and no addresses", as: vendorSA, do: each(create("apiVersion: v1\nkind: Endpoints\nmetadata: {name: leader, namespace: cell-1}"),
		merge("v1", "Endpoints", "cell-1/leader", `{"metadata":{"annotations":{"leader":"a"}}}`)), undo: remove("v1", "Endpoints", "cell-1/leader")},
	{
		name: "pod on the node's network in kube-system", as: vendorSA, do: create(with(pod(onNode), "cell-1", "kube-system")),
		undo: remove("v1", "Pod", "kube-system/spoof", client.GracePeriodSeconds(0)),
	},
	{name: "other ConfigMaps of kube-system: make, change, delete", as: networkEditor, do: each(create("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other, namespace: kube-system}"),
		merge("v1", "ConfigMap", "kube-system/other", audit), remove("v1", "ConfigMap", "kube-system/other"))},
	{name: "CiliumCIDRGroups and CiliumClusterwideNetworkPolicies from before the guard: annotate, delete", as: networkEditor, do: each(
		create(with(group, "NAME", "foreign")), merge(ciliumV2, "CiliumCIDRGroup", "foreign", `{"metadata":{"annotations":{"a":"b"}}}`), remove(ciliumV2, "CiliumCIDRGroup", "foreign"))},
}

// askCertificate makes a CertificateSigningRequest.
func askCertificate(ctx context.Context, c *caller) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	asked, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "pump"}}, key)
	if err != nil {
		return err
	}
	return c.Create(ctx, &certificatesv1.CertificateSigningRequest{
		ObjectMeta: metav1.ObjectMeta{Name: "pump"},
		Spec: certificatesv1.CertificateSigningRequestSpec{
			Request:    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: asked}),
			SignerName: "zonewarden.io/test", Usages: []certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature},
		},
	})
}

// everyObject applies what stands again, then changed, then deletes and makes it anew.
func everyObject(ctx context.Context, c *caller) error {
	for _, o := range manifests("testdata/own-objects.yaml") {
		changed := o.DeepCopy()
		changed.SetAnnotations(map[string]string{"zonewarden.io/source-uid": "another"})
		path := o.GetName()
		if o.GetNamespace() != "" {
			path = o.GetNamespace() + "/" + path
		}
		if err := each(applyAs(o, "zonewarden"), applyAs(changed, "zonewarden"),
			remove(o.GetAPIVersion(), o.GetKind(), path), applyAs(o, "zonewarden"))(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// routinesOutOfScope are everything that is refused in scope. Each of the four namespaces
// misses the scope by one expression of its selector.
var routinesOutOfScope = []routine{
	{name: "policies that allow all, where the site is another", as: neighbour, do: create(with(allowAll, "NS", "out-by-site"))},
	{name: "policies that allow all, where the kind is excluded", as: neighbour, do: create(with(allowAll, "NS", "out-by-kind"))},
	{name: "policies that allow all, where the owner is missing", as: neighbour, do: create(with(allowAll, "NS", "out-by-owner"))},
	{name: "policies that allow all, where it is retired", as: neighbour, do: create(with(allowAll, "NS", "out-by-retirement"))},
	{name: "CiliumNetworkPolicy that allows all", as: neighbour, do: create(`
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: allow-all, namespace: office}
spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}]}`)},
	{name: "exec, port-forward, debug, the proxies", as: neighbour, do: each(
		ignoringNodes(connect(http.MethodPost, "/api/v1/namespaces/office/pods/mail/exec?command=sh")),
		ignoringNodes(connect(http.MethodPost, "/api/v1/namespaces/office/pods/mail/portforward")),
		merge("v1", "Pod", "office/mail", debug, "ephemeralcontainers"))},
	{name: "NodePort", as: neighbour, do: create(with(service, "NS", "office", "TYPE", "NodePort"))},
	{name: "pods on the node's network, with host ports, interfaces, and a zone's label", as: neighbour, do: each(
		create(with(pod(onNode), "cell-1", "office")), create(with(pod(portForever), "cell-1", "office", "spoof", "ports")),
		create(with(pod(multus), "cell-1", "office", "spoof", "multus")), create(with(podWithLabel, "cell-1", "office", "spoof", "labelled")))},
	{name: "the same by templates", as: neighbour, do: each(
		create(with(workload("apps/v1", "Deployment", "spec: {replicas: 0, "+selector+", template: "+onNode+"}"), "cell-1", "office")),
		create(with(workload("apps/v1", "ReplicaSet", "spec: {replicas: 0, "+selector+", template: "+always(zoned)+"}"), "cell-1", "office")))},
	{name: "EndpointSlice by hand, NetworkAttachmentDefinition, ControllerRevision", as: neighbour, do: each(create(with(handmade, "NS", "office")), create(with(attachment, "NS", "office")), create(`
apiVersion: apps/v1
kind: ControllerRevision
metadata: {name: hand, namespace: office}
revision: 1
data: {}`))},
}

// ignoringNodes goes on after an answer about the node that is not there.
func ignoringNodes(r request) request {
	return func(ctx context.Context, c *caller) error {
		if err := r(ctx, c); outcomeOf(err) != accepted {
			return err
		}
		return nil
	}
}
