// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant

import (
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
	// atTimes is one that has no pods most of the time: a job.
	atTimes bool
}

// controllersLabels are those that controllers give pods by themselves: no template has them.
var controllersLabels = []string{
	appsv1.DefaultDeploymentUniqueLabelKey, appsv1.ControllerRevisionHashLabelKey, "pod-template-generation",
	appsv1.StatefulSetPodNameLabel, appsv1.PodIndexLabel,
	batchv1.JobNameLabel, batchv1.ControllerUidLabel, batchv1.JobCompletionIndexAnnotation, "job-name", "controller-uid",
}

// workloadsWithoutPods are those of files, as namespace/name and sorted, that no pod here
// looks like: what their pods may do is not in what is said of the pods that are here.
// Where pods may not be read none is known to be one, and a job without pods is no new one.
func (p *Plant) workloadsWithoutPods(files *Plant) []string {
	if p.Unlisted("pods") {
		return nil
	}
	keys := p.podKeys()
	var out []string
	for _, w := range files.workloads {
		if w.atTimes && p.Live {
			continue
		}
		if !slices.ContainsFunc(p.Pods, func(pod topology.Pod) bool { return w.looksLike(pod, keys) }) {
			out = append(out, w.namespace+"/"+w.name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// looksLike says that a pod is one of the workload's for every zone and conduit: what pods are
// not selected by makes no difference.
func (w workload) looksLike(pod topology.Pod, keys []string) bool {
	return pod.Namespace == w.namespace && !slices.ContainsFunc(keys, func(key string) bool {
		declared, is := w.labels[key]
		carried, was := pod.Labels[key]
		return is != was || declared != carried
	})
}

// podKeys are the labels by which zones and conduits select pods, without those of controllers.
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
	return slices.DeleteFunc(out, func(key string) bool { return slices.Contains(controllersLabels, key) })
}
