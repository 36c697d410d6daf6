// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/zonewarden/zonewarden/internal/exposure"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// realistic is a pod as a Deployment's, with what controllers and a network plugin put
// on it.
func realistic(i int) *corev1.Pod {
	workload := i % 200
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: fmt.Sprintf("zone-%04d", i/20), Name: fmt.Sprintf("historian-7d9c5b8f6d-%05d", i), GenerateName: "historian-7d9c5b8f6d-",
			UID: "1c9c1f56-0b1e-4c9e-9f10-000000000000", ResourceVersion: fmt.Sprint(1000000 + i),
			Labels: map[string]string{
				"app.kubernetes.io/name": fmt.Sprintf("historian-%d", workload), "app.kubernetes.io/instance": "site", "app.kubernetes.io/part-of": "mes",
				"zonewarden.io/cell": fmt.Sprint(workload % 4), "pod-template-hash": fmt.Sprintf("7d9c5b8f%d", workload),
			},
			Annotations: map[string]string{
				"kubectl.kubernetes.io/restartedAt": "2026-11-25T00:00:00Z", "checksum/config": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
				"prometheus.io/scrape": "true",
			},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "historian-7d9c5b8f6d", UID: "5e1b7f56-0b1e-4c9e-9f10-000000000000"}},
			ManagedFields:   []metav1.ManagedFieldsEntry{{Manager: "kube-controller-manager", FieldsV1: metav1.NewFieldsV1(strings.Repeat("x", 2000))}},
		},
		Spec: corev1.PodSpec{
			NodeName: "edge-1", ServiceAccountName: "historian",
			Containers: []corev1.Container{{
				Name: "c", Image: "registry.example/historian:1.2.3", Ports: []corev1.ContainerPort{{ContainerPort: 4840}},
				Env: []corev1.EnvVar{{Name: "A", Value: "b"}, {Name: "C", Value: "d"}},
			}},
			Volumes: []corev1.Volume{{Name: "data"}},
		},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: fmt.Sprintf("10.42.%d.%d", i/250, i%250), PodIPs: []corev1.PodIP{{IP: fmt.Sprintf("10.42.%d.%d", i/250, i%250)}}},
	}
	return p
}

// decoded is the pod as it comes off the wire: nothing shared with another.
func decoded(tb testing.TB, i int) *corev1.Pod {
	tb.Helper()
	raw, err := realistic(i).Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	out := &corev1.Pod{}
	if err := out.Unmarshal(raw); err != nil {
		tb.Fatal(err)
	}
	return out
}

// BenchmarkPodMemory is what 2,000 pods take in the cache, in bytes for each: as they
// are kept, and by their metadata, as they were.
func BenchmarkPodMemory(b *testing.B) {
	const pods = 2000
	measure := func(name string, keep func(*corev1.Pod) any) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var before, after runtime.MemStats
				kept := make([]any, pods)
				runtime.GC()
				runtime.ReadMemStats(&before)
				for i := range pods {
					kept[i] = keep(decoded(b, i))
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/pods, "B/pod")
				runtime.KeepAlive(kept)
			}
		})
	}
	strip := &stripPod{}
	measure("kept", func(p *corev1.Pod) any {
		out, err := strip.strip(p)
		if err != nil {
			b.Fatal(err)
		}
		return out
	})
	metadataOnly := cache.TransformStripManagedFields()
	measure("metadata", func(p *corev1.Pod) any {
		out, err := metadataOnly(&metav1.PartialObjectMetadata{ObjectMeta: p.ObjectMeta})
		if err != nil {
			b.Fatal(err)
		}
		return out
	})
	measure("typed", func(p *corev1.Pod) any {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name, ResourceVersion: p.ResourceVersion, Labels: p.Labels},
			Status:     corev1.PodStatus{PodIPs: p.Status.PodIPs},
		}
	})
}

func stripped(t *testing.T, s *stripPod, p *corev1.Pod) *pod {
	t.Helper()
	out, err := s.strip(p)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.strip(out)
	if err != nil || again != out {
		t.Errorf("a second time: %v, %v", again, err)
	}
	return out.(*pod)
}

func TestWhatIsKeptOfAPod(t *testing.T) {
	t.Parallel()
	meta := metav1.ObjectMeta{Namespace: "zone-0000", Name: "historian-7d9c5b8f6d-00000", ResourceVersion: "1000000", Labels: realistic(0).Labels}
	addresses := []corev1.PodIP{{IP: "10.42.0.0"}}
	for name, tc := range map[string]struct {
		edit func(*corev1.Pod)
		want pod
	}{
		"plain":        {func(*corev1.Pod) {}, pod{addresses: addresses}},
		"host network": {func(p *corev1.Pod) { p.Spec.HostNetwork = true }, pod{addresses: addresses, hostNetwork: true}},
		"port":         {func(p *corev1.Pod) { p.Spec.Containers[0].Ports[0].HostPort = 4841 }, pod{addresses: addresses, hostPorts: []string{"4841/"}}},
		"port of a side": {func(p *corev1.Pod) {
			p.Spec.InitContainers = []corev1.Container{{Ports: []corev1.ContainerPort{{HostPort: 69, Protocol: "UDP"}}}}
		}, pod{addresses: addresses, hostPorts: []string{"69/UDP"}}},
		"networks":      {func(p *corev1.Pod) { p.Annotations[topology.AnnotationNetworks] = `[{"name":"macvlan"}]` }, pod{addresses: addresses, furtherInterfaces: true}},
		"no networks":   {func(p *corev1.Pod) { p.Annotations[topology.AnnotationNetworks] = " [] " }, pod{addresses: addresses}},
		"another first": {func(p *corev1.Pod) { p.Annotations[topology.AnnotationDefaultNetwork] = "bridge" }, pod{addresses: addresses, furtherInterfaces: true}},
		"over":          {func(p *corev1.Pod) { p.Status.Phase, p.Spec.HostNetwork = corev1.PodSucceeded, true }, pod{}},
		"failed":        {func(p *corev1.Pod) { p.Status.Phase, p.Spec.HostNetwork = corev1.PodFailed, true }, pod{}},
		"without one":   {func(p *corev1.Pod) { p.Status.PodIPs = nil }, pod{}},
	} {
		p := decoded(t, 0)
		tc.edit(p)
		tc.want.ObjectMeta = meta
		if diff := cmp.Diff(&tc.want, stripped(t, &stripPod{}, p), cmp.AllowUnexported(pod{})); diff != "" {
			t.Errorf("%s (-want +kept)\n%s", name, diff)
		}
	}
}

// TestPodsShareWhatTheyHaveInCommon and nothing of it mixes up.
func TestPodsShareWhatTheyHaveInCommon(t *testing.T) {
	t.Parallel()
	s := &stripPod{}
	same, other := stripped(t, s, decoded(t, 0)), stripped(t, s, decoded(t, 200))
	if reflect.ValueOf(same.Labels).Pointer() != reflect.ValueOf(other.Labels).Pointer() {
		t.Error("the labels of pods of one workload are there twice")
	}
	for i := range 3 * mostCommon {
		p := decoded(t, 0)
		p.Labels = map[string]string{"a": fmt.Sprint(i), "b": "c"}
		if got := stripped(t, s, p).Labels["a"]; got != fmt.Sprint(i) {
			t.Fatalf("pod %d has the labels of %s", i, got)
		}
	}
	if len(s.labels) > mostCommon || len(s.words) > mostCommon {
		t.Errorf("%d labels and %d words are remembered", len(s.labels), len(s.words))
	}
}

func passes(p predicate.Predicate, before, after client.Object) bool {
	return p.Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after})
}

func TestWhichChangesOfPodsMatter(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		edit func(*corev1.Pod)
		want bool
	}{
		"nothing":       {func(*corev1.Pod) {}, false},
		"version":       {func(p *corev1.Pod) { p.ResourceVersion = "2" }, false},
		"conditions":    {func(p *corev1.Pod) { p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady}} }, false},
		"a note":        {func(p *corev1.Pod) { p.Annotations["note"] = "n" }, false},
		"labels":        {func(p *corev1.Pod) { p.Labels["app"] = "x" }, true},
		"an address":    {func(p *corev1.Pod) { p.Status.PodIPs = append(p.Status.PodIPs, corev1.PodIP{IP: "fd00::1"}) }, true},
		"end":           {func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }, true},
		"host network":  {func(p *corev1.Pod) { p.Spec.HostNetwork = true }, true},
		"host port":     {func(p *corev1.Pod) { p.Spec.Containers[0].Ports[0].HostPort = 1 }, true},
		"an interface":  {func(p *corev1.Pod) { p.Annotations[topology.AnnotationNetworks] = "a" }, true},
		"another image": {func(p *corev1.Pod) { p.Spec.Containers[0].Image = "b" }, false},
	} {
		s, after := &stripPod{}, decoded(t, 0)
		tc.edit(after)
		if got := passes(podChanged, stripped(t, s, decoded(t, 0)), stripped(t, s, after)); got != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestWhichChangesOfServicesMatter(t *testing.T) {
	t.Parallel()
	service := func() *corev1.Service {
		return &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "cell", Name: "web", Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"a": "b"}},
			Spec: corev1.ServiceSpec{
				Type: corev1.ServiceTypeNodePort, Selector: map[string]string{"app": "web"}, ExternalTrafficPolicy: corev1.ServiceExternalTrafficPolicyLocal,
				Ports:       []corev1.ServicePort{{Protocol: "TCP", Port: 80, TargetPort: intstr.FromInt32(8080), NodePort: 30080}, {Protocol: "UDP", Port: 81, TargetPort: intstr.FromString("trap")}},
				ExternalIPs: []string{"10.20.1.11"},
			},
			Status: corev1.ServiceStatus{LoadBalancer: corev1.LoadBalancerStatus{Ingress: []corev1.LoadBalancerIngress{{IP: "192.168.7.80"}, {Hostname: "web.example"}}}},
		}
	}
	kept, err := stripService(service())
	if err != nil {
		t.Fatal(err)
	}
	want := exposure.Service{
		Namespace: "cell", Name: "web", Type: "NodePort", Selector: map[string]string{"app": "web"}, KeepsSource: true,
		Targets:   []protocol.PortRange{{Transport: protocol.TCP, First: 8080, Last: 8080}, {Transport: protocol.UDP}},
		Addresses: []string{"10.20.1.11", "192.168.7.80"},
	}
	if diff := cmp.Diff(want, serviceOf(kept.(*corev1.Service))); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
	for name, tc := range map[string]struct {
		edit func(*corev1.Service)
		want bool
	}{
		"nothing":     {func(*corev1.Service) {}, false},
		"a note":      {func(s *corev1.Service) { s.Annotations["note"] = "n" }, false},
		"node port":   {func(s *corev1.Service) { s.Spec.Ports[0].NodePort = 30081 }, false},
		"type":        {func(s *corev1.Service) { s.Spec.Type = corev1.ServiceTypeClusterIP }, true},
		"selector":    {func(s *corev1.Service) { s.Spec.Selector["app"] = "x" }, true},
		"policy":      {func(s *corev1.Service) { s.Spec.ExternalTrafficPolicy = "Cluster" }, true},
		"target":      {func(s *corev1.Service) { s.Spec.Ports[0].TargetPort = intstr.FromInt32(1) }, true},
		"external IP": {func(s *corev1.Service) { s.Spec.ExternalIPs = nil }, true},
		"its address": {func(s *corev1.Service) { s.Status.LoadBalancer.Ingress = nil }, true},
	} {
		after := service()
		tc.edit(after)
		if got := passes(serviceChanged, service(), after); got != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestWhereAnIngressLeads(t *testing.T) {
	t.Parallel()
	to := func(name string) networkingv1.IngressBackend {
		return networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: name}}
	}
	ingress := &networkingv1.Ingress{Spec: networkingv1.IngressSpec{
		DefaultBackend: new(to("b")), TLS: []networkingv1.IngressTLS{{SecretName: "s"}},
		Rules: []networkingv1.IngressRule{
			{Host: "no.paths"},
			{IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{
				{Backend: to("a")}, {Backend: to("b")}, {Backend: networkingv1.IngressBackend{Resource: &corev1.TypedLocalObjectReference{Name: "bucket"}}},
			}}}},
		},
	}}
	kept, err := stripIngress(ingress.DeepCopy())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, backendsOf(kept.(*networkingv1.Ingress))); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
	other := ingress.DeepCopy()
	other.Spec.Rules = nil
	if passes(ingressChanged, ingress, ingress.DeepCopy()) || !passes(ingressChanged, ingress, other) {
		t.Error("a change of where it leads does not matter, or another does")
	}
}
