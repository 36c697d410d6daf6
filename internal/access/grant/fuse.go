// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const kindJob = "Job"

// fuse is a Job that runs no pod. At its deadline it has failed, and what has failed is
// deleted at once, with what it owns: by the Job controller, the TTL controller and the
// garbage collector, none of which is ours.
func (in *Input) fuse(namespace string) *Object {
	o := in.seal(&batchv1.Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: batchv1.SchemeGroupVersion.String(), Kind: kindJob},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: Name(in.Window.Name)},
		Spec: batchv1.JobSpec{
			Parallelism:             new(int32(0)),
			Completions:             new(int32(1)),
			BackoffLimit:            new(int32(0)),
			TTLSecondsAfterFinished: new(int32(0)),
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				RestartPolicy:                corev1.RestartPolicyNever,
				AutomountServiceAccountToken: new(false),
				EnableServiceLinks:           new(false),
				SecurityContext:              podSecurity(""),
				Containers: []corev1.Container{{
					Name: "fuse",
					// Never run. Were it, it would print a line and end.
					Image:           in.Operator.Image,
					Command:         []string{program, "version"},
					Resources:       relayResources(nil),
					SecurityContext: containerSecurity(),
				}},
			}},
		},
	})
	o.Manifest.(*batchv1.Job).Spec.ActiveDeadlineSeconds = seconds(in.Left)
	return o
}

// fuseReference makes a fuse an owner. It does not hold up the fuse's deletion: what
// blocks that would keep what was granted.
func fuseReference(window string, uid types.UID) metav1.OwnerReference {
	return metav1.OwnerReference{
		APIVersion: batchv1.SchemeGroupVersion.String(), Kind: kindJob, Name: Name(window), UID: uid,
	}
}
