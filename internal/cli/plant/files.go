// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant

import (
	"fmt"
	"maps"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/manifest"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// FromFiles is the site that manifests declare, as if a cluster had just what is in them:
// pods as their workloads would make them, Cilium where the Site leaves the choice. What
// the API server would refuse is not in it.
func FromFiles(name string, set *manifest.Set, now time.Time) (*Plant, error) {
	return fromFiles(name, set, now, false)
}

// FromFilesAsWritten takes in what the API server would refuse as well, as far as it can be
// read, so that all that is wrong with it is found at once.
func FromFilesAsWritten(name string, set *manifest.Set, now time.Time) (*Plant, error) {
	return fromFiles(name, set, now, true)
}

func fromFiles(name string, set *manifest.Set, now time.Time, refusedToo bool) (*Plant, error) {
	p := &Plant{Name: name, Files: set, Cilium: true}
	p.Now = now
	for _, d := range set.Documents {
		refused := set.Refused(d)
		if refused && !refusedToo {
			continue
		}
		if err := p.take(d.Object); err != nil && !refused {
			return nil, fmt.Errorf("reading %s in %s:%d: %w", d.Name(), d.File, d.Line, err)
		}
	}
	p.assumeNamespaces(p.namedByZones())
	if !refusedToo {
		p.accept()
	}
	if p.Site != nil && p.Site.Spec.Backend == v1alpha1.BackendAuto {
		p.Assumed = append(p.Assumed, "the Cilium backend, which the Site leaves open")
	}
	return p, nil
}

// take takes one object in, if it is of a kind that says something about the site.
func (p *Plant) take(u *unstructured.Unstructured) error {
	switch u.GroupVersionKind().GroupKind().String() {
	case "Site.zonewarden.io":
		return declare(p, u, func(o *v1alpha1.Site) { p.Site = o })
	case "Zone.zonewarden.io":
		return declare(p, u, func(o *v1alpha1.Zone) { p.Zones = append(p.Zones, o) })
	case "Conduit.zonewarden.io":
		return declare(p, u, func(o *v1alpha1.Conduit) { p.Conduits = append(p.Conduits, o) })
	case "Asset.zonewarden.io":
		return declare(p, u, func(o *v1alpha1.Asset) { p.Assets = append(p.Assets, o) })
	case "WorkloadCertificate.zonewarden.io":
		return declare(p, u, func(o *v1alpha1.WorkloadCertificate) { p.Certificates = append(p.Certificates, o) })
	case "Namespace":
		p.Namespaces = append(p.Namespaces, topology.Namespace{Name: u.GetName(), Labels: withName(u.GetLabels(), u.GetName())})
		return nil
	}
	return p.takeWorkload(u)
}

// declare decodes an object of ours as the API server would keep it.
func declare[T any, P copied[T]](p *Plant, u *unstructured.Unstructured, take func(P)) error {
	into := P(new(T))
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, into); err != nil {
		return err
	}
	into.SetUID(types.UID("declared/" + u.GetKind() + "/" + u.GetName()))
	into.SetGeneration(1)
	// What is read first counts as older: of two that overlap it stays.
	p.read++
	into.SetCreationTimestamp(metav1.NewTime(p.Now.Add(time.Duration(p.read) * time.Second)))
	take(into)
	return nil
}

// withName adds the label that the API server gives every namespace.
func withName(labels map[string]string, name string) map[string]string {
	out := map[string]string{corev1.LabelMetadataName: name}
	maps.Copy(out, labels)
	return out
}

// takeWorkload adds the pods that a workload would have: one for each replica, and one of
// what has as many as there are nodes or jobs.
func (p *Plant) takeWorkload(u *unstructured.Unstructured) error {
	var template *corev1.PodTemplateSpec
	replicas := int32(1)
	var err error
	read := func(into any) {
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, into)
	}
	switch u.GroupVersionKind().GroupKind().String() {
	case "Deployment.apps":
		var o appsv1.Deployment
		read(&o)
		template, replicas = &o.Spec.Template, valueOr(o.Spec.Replicas, 1)
	case "StatefulSet.apps":
		var o appsv1.StatefulSet
		read(&o)
		template, replicas = &o.Spec.Template, valueOr(o.Spec.Replicas, 1)
	case "DaemonSet.apps":
		var o appsv1.DaemonSet
		read(&o)
		template = &o.Spec.Template
	case "Job.batch":
		var o batchv1.Job
		read(&o)
		template = &o.Spec.Template
	case "CronJob.batch":
		var o batchv1.CronJob
		read(&o)
		template = &o.Spec.JobTemplate.Spec.Template
	case "Pod":
		var o corev1.Pod
		read(&o)
		o.Namespace = namespaceOf(u)
		p.Pods = append(p.Pods, topology.PodOf(&o))
		p.workloads = append(p.workloads, workload{namespace: o.Namespace, name: o.Name, labels: o.Labels})
		return err
	case "Service":
		var o corev1.Service
		read(&o)
		if svc, reachable := topology.ServiceOf(&o); reachable {
			p.Services = append(p.Services, svc)
		}
		return err
	default:
		return nil
	}
	for i := range replicas {
		pod := topology.PodOf(&corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec})
		pod.Namespace, pod.Name = namespaceOf(u), fmt.Sprintf("%s-%d", u.GetName(), i)
		p.Pods = append(p.Pods, pod)
	}
	if replicas > 0 {
		p.workloads = append(p.workloads, workload{namespaceOf(u), u.GetName(), template.Labels, u.GroupVersionKind().Group == batchv1.GroupName})
	}
	return err
}

func valueOr(n *int32, otherwise int32) int32 {
	if n == nil {
		return otherwise
	}
	return *n
}

func namespaceOf(u *unstructured.Unstructured) string {
	if ns := u.GetNamespace(); ns != "" {
		return ns
	}
	return metav1.NamespaceDefault
}
