// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/sets"
)

// nodeNamespace that the node agent is installed into.
const nodeNamespace = "zonewarden-node"

func nodePod(t *testing.T) corev1.PodSpec {
	t.Helper()
	return as[appsv1.DaemonSet](t, render(t, "node"), "DaemonSet/zonewarden-node").Spec.Template.Spec
}

func TestWhatTheNodeAgentInstalls(t *testing.T) {
	t.Parallel()
	want := []string{
		"ClusterRole/zonewarden-node", "ClusterRoleBinding/zonewarden-node", "DaemonSet/zonewarden-node",
		"Namespace/" + nodeNamespace, "ServiceAccount/zonewarden-node",
	}
	node := render(t, "node")
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(node))); diff != "" {
		t.Errorf("config/node (-want +got):\n%s", diff)
	}
	for key := range rendered(t) {
		if node[key] != nil {
			t.Errorf("%s is in config/default as well, which is to do without the agent", key)
		}
	}
}

func TestNodeAgentHasANamespaceOfItsOwn(t *testing.T) {
	t.Parallel()
	objects := render(t, "node")
	ns := as[corev1.Namespace](t, objects, "Namespace/"+nodeNamespace)
	if got := ns.Labels["pod-security.kubernetes.io/enforce"]; got != "privileged" {
		t.Errorf("the namespace enforces pod security %q, which refuses the agent", got)
	}
	want := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: "zonewarden-node", Namespace: nodeNamespace}}
	binding := as[rbacv1.ClusterRoleBinding](t, objects, "ClusterRoleBinding/zonewarden-node")
	if diff := cmp.Diff(want, binding.Subjects); diff != "" || binding.RoleRef.Name != "zonewarden-node" {
		t.Errorf("bound to %s (-want +got):\n%s", binding.RoleRef.Name, diff)
	}
	if got := as[appsv1.DaemonSet](t, objects, "DaemonSet/zonewarden-node").Namespace; got != nodeNamespace {
		t.Errorf("the agent is in namespace %q", got)
	}
}

// TestNodeAgentHasJustWhatItNeeds of its node.
func TestNodeAgentHasJustWhatItNeeds(t *testing.T) {
	t.Parallel()
	pod := nodePod(t)
	if !pod.HostNetwork || pod.DNSPolicy != corev1.DNSClusterFirstWithHostNet || pod.HostPID || pod.HostIPC {
		t.Errorf("network %t, DNS %s, processes %t, IPC %t of the node", pod.HostNetwork, pod.DNSPolicy, pod.HostPID, pod.HostIPC)
	}
	if len(pod.Containers) != 1 || len(pod.InitContainers) > 0 {
		t.Fatalf("the pod has %d containers and %d init containers", len(pod.Containers), len(pod.InitContainers))
	}
	want := &corev1.SecurityContext{
		Privileged: new(false), AllowPrivilegeEscalation: new(false), ReadOnlyRootFilesystem: new(true),
		Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}, Add: []corev1.Capability{"NET_ADMIN", "SYS_ADMIN", "BPF"}},
	}
	if diff := cmp.Diff(want, pod.Containers[0].SecurityContext); diff != "" {
		t.Errorf("security context of the container (-want +got):\n%s", diff)
	}
	if got := pod.SecurityContext.SeccompProfile.Type; got != corev1.SeccompProfileTypeRuntimeDefault {
		t.Errorf("seccomp profile %q", got)
	}
	if diff := cmp.Diff(map[string]string{
		"/sys/fs/bpf": "/sys/fs/bpf read-write HostToContainer",
		"/run/netns":  "/run/netns read-write HostToContainer",
		"/run/cilium": "/run/cilium read-only",
	}, foldersOf(t, pod)); diff != "" {
		t.Errorf("folders of the node (-want +got):\n%s", diff)
	}
}

// foldersOf the node that a pod has, and where it sees them.
func foldersOf(t *testing.T, pod corev1.PodSpec) map[string]string {
	t.Helper()
	paths := map[string]string{}
	for _, v := range pod.Volumes {
		if v.HostPath == nil {
			t.Fatalf("volume %s is no folder of the node", v.Name)
		}
		paths[v.Name] = v.HostPath.Path
	}
	out := map[string]string{}
	for _, m := range pod.Containers[0].VolumeMounts {
		mode := "read-write"
		if m.ReadOnly {
			mode = "read-only"
		}
		if m.MountPropagation != nil {
			mode += " " + string(*m.MountPropagation)
		}
		out[paths[m.Name]] = m.MountPath + " " + mode
	}
	return out
}

func TestNodeAgentRunsOnEveryNode(t *testing.T) {
	t.Parallel()
	pod := nodePod(t)
	if diff := cmp.Diff([]corev1.Toleration{{Operator: corev1.TolerationOpExists}}, pod.Tolerations); diff != "" {
		t.Errorf("tolerations (-want +got):\n%s", diff)
	}
	if pod.PriorityClassName != "system-node-critical" || pod.ServiceAccountName != "zonewarden-node" {
		t.Errorf("priority class %q, service account %q", pod.PriorityClassName, pod.ServiceAccountName)
	}
	c := pod.Containers[0]
	if diff := cmp.Diff([]string{"/zonewarden-node", "--node-name=$(NODE_NAME)"}, slices.Concat(c.Command, c.Args)); diff != "" {
		t.Errorf("command (-want +got):\n%s", diff)
	}
	env := slices.IndexFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == "NODE_NAME" })
	if env < 0 || c.Env[env].ValueFrom == nil || c.Env[env].ValueFrom.FieldRef.FieldPath != "spec.nodeName" {
		t.Errorf("environment %v", c.Env)
	}
	if got := c.Resources.Requests.Memory().String() + " " + c.Resources.Limits.Memory().String(); got != "24Mi 128Mi" {
		t.Errorf("memory is %s", got)
	}
	if !c.Resources.Limits.Cpu().IsZero() {
		t.Error("a CPU limit would let closed flows live longer")
	}
	if p := c.LivenessProbe; p == nil || p.HTTPGet == nil || p.HTTPGet.Path != "/healthz" || p.HTTPGet.Host != "127.0.0.1" {
		t.Errorf("probe is %v", p)
	}
	if name, _, tagged := strings.Cut(c.Image, ":"); name != "zonewarden" || !tagged {
		t.Errorf("image is %q", c.Image)
	}
}

// TestNodeAgentChangesNoPolicy: it reads them, and writes reports alone.
func TestNodeAgentChangesNoPolicy(t *testing.T) {
	t.Parallel()
	mayDo := map[string][]string{ // everything else: get, list, watch
		"zonewarden.io/nodereports": {"create", "patch"},
	}
	got := map[string][]string{}
	for _, rule := range as[rbacv1.ClusterRole](t, render(t, "node"), "ClusterRole/zonewarden-node").Rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				got[strings.TrimPrefix(group+"/"+resource, "/")] = rule.Verbs
			}
		}
	}
	for resource, verbs := range got {
		allowed, listed := mayDo[resource]
		if !listed {
			allowed = []string{"get", "list", "watch"}
		}
		if extra := sets.New(verbs...).Difference(sets.New(allowed...)); extra.Len() > 0 {
			t.Errorf("%s: %v beyond %v", resource, sets.List(extra), allowed)
		}
	}
	want := []string{
		"cilium.io/ciliumcidrgroups", "cilium.io/ciliumclusterwidenetworkpolicies", "cilium.io/ciliumnetworkpolicies",
		"namespaces", "networking.k8s.io/networkpolicies", "nodes", "pods",
		"zonewarden.io/nodereports", "zonewarden.io/zones",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
}
