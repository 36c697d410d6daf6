// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

const (
	// program in the operator's image.
	program = "/zonewarden-session"
	// controlPort is where a window's pod is told its end.
	controlPort = 7702
	// user of every process; no image of ours needs another.
	user = 65532

	container    = "session"
	programMount = "/zonewarden"
)

// session are the flags of zonewarden-session, by their names.
type session map[string]any

func (in *Input) session() session {
	return session{
		"window":   string(in.Window.UID),
		"operator": base64.StdEncoding.EncodeToString(in.Operator.Key),
	}
}

func (s session) env() []corev1.EnvVar {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("encoding flags: %v", err)) // strings
	}
	return []corev1.EnvVar{
		{Name: "POD_UID", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.uid"}}},
		{Name: "ZONEWARDEN_SESSION", Value: string(raw)},
	}
}

// relay is the pod that forwards.
func (in *Input) relay(targets []target) *Object {
	s := in.session()
	s["from"] = in.sources()
	s["max-sessions"] = fmt.Sprint(max(in.Grant.MaxSessions, 1))
	if in.Grant.IdleTimeout > 0 {
		s["idle"] = in.Grant.IdleTimeout.String()
	}
	var to []string
	for _, t := range targets {
		to = append(to, fmt.Sprintf("%s/%d=%s", strings.ToLower(string(t.transport)), t.listen, t.to))
	}
	s["target"] = to
	var given *v1alpha1.PodResources
	if in.Access.RelayPods != nil {
		given = in.Access.RelayPods.Resources
	}
	return in.pod(corev1.PodSpec{
		SecurityContext: podSecurity(""),
		Containers: []corev1.Container{{
			Name: container, Command: []string{program, "relay"}, Env: s.env(),
			Resources: relayResources(given), SecurityContext: containerSecurity(),
		}},
	})
}

// sessionPod is the pod that people work in. Its image is the site's; the first process is
// ours, put there by a container that runs before.
func (in *Input) sessionPod() *Object {
	rules := in.Access.SessionPods
	const volume, scratch = "program", "tmp"
	return in.pod(corev1.PodSpec{
		SecurityContext: podSecurity(rules.SeccompProfile),
		InitContainers: []corev1.Container{{
			Name: "program", Command: []string{program, "copy", programMount},
			Resources: relayResources(nil), SecurityContext: containerSecurity(),
			VolumeMounts: []corev1.VolumeMount{{Name: volume, MountPath: programMount}},
		}},
		Containers: []corev1.Container{{
			Name: container, Image: rules.Image, Command: []string{programMount + program, "hold"},
			Env:       append(in.session().env(), corev1.EnvVar{Name: "HOME", Value: "/tmp"}),
			Resources: sessionResources(rules.Resources), SecurityContext: containerSecurity(),
			VolumeMounts: []corev1.VolumeMount{
				{Name: volume, MountPath: programMount, ReadOnly: true},
				{Name: scratch, MountPath: "/tmp"},
			},
		}},
		Volumes: []corev1.Volume{emptyDir(volume, "64Mi"), emptyDir(scratch, "64Mi")},
	})
}

func emptyDir(name, most string) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
		EmptyDir: &corev1.EmptyDirVolumeSource{SizeLimit: new(resource.MustParse(most))},
	}}
}

// pod completes what both have in common.
func (in *Input) pod(spec corev1.PodSpec) *Object {
	spec.Hostname = in.Window.Name
	spec.RestartPolicy = corev1.RestartPolicyNever
	spec.AutomountServiceAccountToken = new(false)
	spec.EnableServiceLinks = new(false)
	spec.TerminationGracePeriodSeconds = new(int64(1))
	o := in.seal(&corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.NamespaceAccess, Name: Name(in.Window.Name)},
		Spec:       spec,
	})
	made := &o.Manifest.(*corev1.Pod).Spec
	made.ActiveDeadlineSeconds = seconds(max(in.Latest, in.Left))
	in.ofTheOperator(made)
	return o
}

// ofTheOperator puts in what comes with the operator's own pod. It is no part of the digest: an
// upgrade must not end the sessions of people who are in, so a pod that runs keeps what it has.
func (in *Input) ofTheOperator(spec *corev1.PodSpec) {
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			if containers[i].Image == "" {
				containers[i].Image = in.Operator.Image
			}
		}
	}
	for _, name := range in.Operator.PullSecrets {
		spec.ImagePullSecrets = append(spec.ImagePullSecrets, corev1.LocalObjectReference{Name: name})
	}
}

// podSecurity is what PodSecurity's level restricted asks of a pod. A profile that is named
// takes the place of the container runtime's own.
func podSecurity(profile string) *corev1.PodSecurityContext {
	seccomp := &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}
	if profile != "" {
		seccomp = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeLocalhost, LocalhostProfile: &profile}
	}
	return &corev1.PodSecurityContext{
		RunAsNonRoot: new(true), RunAsUser: new(int64(user)), RunAsGroup: new(int64(user)), FSGroup: new(int64(user)),
		SeccompProfile: seccomp,
	}
}

func containerSecurity() *corev1.SecurityContext {
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: new(false),
		ReadOnlyRootFilesystem:   new(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
}

func relayResources(given *v1alpha1.PodResources) corev1.ResourceRequirements {
	if given != nil {
		return plain(given)
	}
	return corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("32Mi")},
		Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("64Mi")},
	}
}

func sessionResources(given *v1alpha1.PodResources) corev1.ResourceRequirements {
	if given != nil {
		return plain(given)
	}
	return corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("50m"), corev1.ResourceMemory: resource.MustParse("64Mi")},
		Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("256Mi")},
	}
}

// plain are the same in the words of a container.
func plain(given *v1alpha1.PodResources) corev1.ResourceRequirements {
	list := func(of map[string]resource.Quantity) corev1.ResourceList {
		if len(of) == 0 {
			return nil
		}
		out := corev1.ResourceList{}
		for name, quantity := range of {
			out[corev1.ResourceName(name)] = quantity.DeepCopy()
		}
		return out
	}
	return corev1.ResourceRequirements{Requests: list(given.Requests), Limits: list(given.Limits)}
}
