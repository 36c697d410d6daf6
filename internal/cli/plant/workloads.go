// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant

import (
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/internal/topology"
)

// workload is what a manifest makes pods by, and the labels that it gives them.
type workload struct {
	namespace, name string
	labels          map[string]string
}

// controllersLabels are those that controllers give pods by themselves. Manifests have them
// when they were read off a cluster.
var controllersLabels = []string{
	appsv1.DefaultDeploymentUniqueLabelKey, appsv1.ControllerRevisionHashLabelKey, "pod-template-generation",
	appsv1.StatefulSetPodNameLabel, appsv1.PodIndexLabel,
	batchv1.JobNameLabel, batchv1.ControllerUidLabel, batchv1.JobCompletionIndexAnnotation, "job-name", "controller-uid",
}

// withoutControllers are the labels that people gave.
func withoutControllers(labels map[string]string) map[string]string {
	out := maps.Clone(labels)
	maps.DeleteFunc(out, func(key, _ string) bool { return slices.Contains(controllersLabels, key) })
	return out
}

// workloadsWithoutPods are those of files, as namespace/name and sorted, that no pod here
// looks like: what their pods may do is not in what is said of the pods that are here.
// Where pods may not be read none is known to be one.
func (p *Plant) workloadsWithoutPods(files *Plant) []string {
	if p.podsUnseen {
		return nil
	}
	keys := p.podKeys()
	var out []string
	for _, w := range files.workloads {
		if !slices.ContainsFunc(p.Pods, func(pod topology.Pod) bool { return w.looksLike(pod, p.Live, keys) }) {
			out = append(out, w.namespace+"/"+w.name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// looksLike says that a pod is labelled as the workload's would be. A cluster's pods carry
// labels of others, such as those of a service mesh, besides the template's: of those only
// what pods are selected by would make a difference.
func (w workload) looksLike(pod topology.Pod, live bool, keys []string) bool {
	if pod.Namespace != w.namespace {
		return false
	}
	declared, carried := withoutControllers(w.labels), withoutControllers(pod.Labels)
	if live {
		maps.DeleteFunc(carried, func(key, _ string) bool { return !has(declared, key) && !slices.Contains(keys, key) })
	}
	return maps.Equal(declared, carried)
}

// podKeys are the labels by which zones and conduits select pods.
func (p *Plant) podKeys() []string {
	var out []string
	add := func(s *metav1.LabelSelector) {
		if s != nil {
			out = append(out, topology.SelectorKeys(s)...)
		}
	}
	for _, z := range p.Zones {
		for _, w := range z.Spec.Members.Workloads {
			add(w.PodSelector)
		}
	}
	for _, c := range p.Conduits {
		add(c.Spec.Initiator.Workloads)
		for _, r := range c.Spec.Responders {
			add(r.Workloads)
		}
	}
	return out
}
