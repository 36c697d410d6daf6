// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"cmp"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/zonewarden/zonewarden/internal/topology"
)

// The kinds.
const (
	Deployment  = "Deployment"
	ReplicaSet  = "ReplicaSet"
	StatefulSet = "StatefulSet"
	DaemonSet   = "DaemonSet"
	Job         = "Job"
	CronJob     = "CronJob"
)

// formerJobName is the label of a Job's pods beside the one with a prefix, and before it.
const formerJobName = "job-name"

// Maker is the workload that made a pod. The zero value is none.
type Maker struct {
	// Kind of it. Told by the name alone it is the first that makes such names.
	Kind string
	// Told says that the pod's labels say so.
	Told bool
}

// Of is the workload of this name that made a pod, none when no workload of this name did.
func Of(pod topology.Pod, name string) Maker {
	hash, set := pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey], pod.Labels[appsv1.StatefulSetPodNameLabel]
	job := cmp.Or(pod.Labels[batchv1.JobNameLabel], pod.Labels[formerJobName])
	var kind string
	switch {
	case hash != "":
		kind = ofTemplate(pod.Name, name, hash)
	case job != "":
		kind = ofJob(job, name)
	case set != "":
		kind = where(StatefulSet, isOrdinal(after(pod.Name, name)))
	case pod.Labels[appsv1.ControllerRevisionHashLabelKey] != "":
		kind = where(DaemonSet, generated(pod.Name, name))
	default:
		return Maker{Kind: byName(after(pod.Name, name))}
	}
	return Maker{Kind: kind, Told: kind != ""}
}

// None says that there is none.
func (m Maker) None() bool { return m.Kind == "" }

// Is says that it may be of a kind.
func (m Maker) Is(kind string) bool { return m.Kind == kind || !m.None() && !m.Told }

// where is a kind, or none.
func where(kind string, is bool) string {
	if is {
		return kind
	}
	return ""
}

// after is what a pod's name has after a workload's and a hyphen, nothing for one that does
// not begin so.
func after(pod, name string) string {
	if rest, is := strings.CutPrefix(pod, name+"-"); is {
		return rest
	}
	return ""
}

// ofTemplate knows a Deployment by its name, and its ReplicaSet, which has the template's
// hash in its own.
func ofTemplate(pod, name, hash string) string {
	switch {
	case generated(pod, name+"-"+hash):
		return Deployment
	case strings.HasSuffix(name, "-"+hash) && generated(pod, name):
		return ReplicaSet
	}
	return ""
}

// ofJob knows a Job by its name, and the CronJob that made it at some minute.
func ofJob(job, name string) string {
	switch {
	case job == name:
		return Job
	case isMinute(after(job, name)):
		return CronJob
	}
	return ""
}

// byName knows a workload by what the name of its pod has after its own.
func byName(rest string) string {
	i := strings.LastIndex(rest, "-")
	switch {
	case isRandom(rest):
		return DaemonSet // or a Job, or a ReplicaSet by itself
	case isOrdinal(rest):
		return StatefulSet
	case i < 0 || !isRandom(rest[i+1:]):
		return ""
	}
	return byMiddle(rest[:i])
}

// byMiddle knows it by what there is before the five characters of the API server.
func byMiddle(middle string) string {
	minute, index, indexed := strings.Cut(middle, "-")
	switch {
	case isMinute(minute) && (!indexed || isOrdinal(index)):
		return CronJob
	case isHash(middle):
		return Deployment
	case isOrdinal(middle):
		return Job // one of its indexes
	}
	return ""
}
