// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Pod makes a pod, or returns the one that is there. Its name is namespace/name; the
// namespace exists.
func (s *Stage) Pod(t *testing.T, name string, labels map[string]string) *Host {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.pods[name]; h != nil {
		return h
	}
	h := &Host{Name: name, Labels: labels}
	if err := s.createPod(t.Context(), h); err != nil {
		t.Fatalf("making pod %s: %v", name, err)
	}
	s.pods[name] = h
	return h
}

func (s *Stage) createPod(ctx context.Context, h *Host) error {
	namespace, name, _ := strings.Cut(h.Name, "/")
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: h.Labels},
		Spec: corev1.PodSpec{
			NodeName:   NodeName,
			Containers: []corev1.Container{{Name: "server", Image: "stage"}},
		},
	}
	if err := s.Create(ctx, pod); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	if err := s.Get(ctx, client.ObjectKeyFromObject(pod), pod); err != nil {
		return err
	}
	return s.wire(ctx, h, pod)
}

// wire gives a pod its network namespace, by Cilium's own CNI program, as a container
// runtime does.
func (s *Stage) wire(ctx context.Context, h *Host, pod *corev1.Pod) error {
	var err error
	if h.namespace, err = newNamespace(namespaceOf(h)); err != nil {
		return err
	}
	out, err := s.cni(ctx, "ADD", h, string(pod.UID))
	if err != nil {
		return err
	}
	var result struct {
		IPs []struct {
			Address netip.Prefix `json:"address"`
		} `json:"ips"`
	}
	if err := json.Unmarshal(out, &result); err != nil || len(result.IPs) == 0 {
		return fmt.Errorf("reading what the CNI program says: %w: %s", err, out)
	}
	h.Address = result.IPs[0].Address.Addr()
	before := pod.DeepCopy()
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: h.Address.String(), HostIP: nodeAddress,
		PodIPs:     []corev1.PodIP{{IP: h.Address.String()}},
		HostIPs:    []corev1.HostIP{{IP: nodeAddress}},
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
	}
	if err := s.Status().Patch(ctx, pod, client.MergeFrom(before)); err != nil {
		return fmt.Errorf("saying that the pod runs: %w", err)
	}
	return nil
}

func namespaceOf(h *Host) string { return "pod-" + strings.ReplaceAll(h.Name, "/", "-") }

func (s *Stage) cni(ctx context.Context, command string, h *Host, uid string) ([]byte, error) {
	namespace, name, _ := strings.Cut(h.Name, "/")
	cmd := exec.CommandContext(ctx, built("cilium", "cilium-cni"))
	cmd.Env = append(cmd.Environ(),
		"CNI_COMMAND="+command, "CNI_CONTAINERID="+namespaceOf(h), "CNI_NETNS="+h.namespace, "CNI_IFNAME=eth0",
		"CNI_PATH="+built("cilium"), "CILIUM_SOCK="+ciliumSocket,
		"CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE="+namespace+";K8S_POD_NAME="+name+
			";K8S_POD_INFRA_CONTAINER_ID="+namespaceOf(h)+";K8S_POD_UID="+uid)
	cmd.Stdin = strings.NewReader(`{"cniVersion":"1.0.0","name":"cilium","type":"cilium-cni","log-file":"` + filepath.Join(s.logs, "cilium-cni.log") + `"}`)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("calling the CNI program to %s %s: %w: %s%s", command, h.Name, err, out, stderr.String())
	}
	return out, nil
}

// RemovePod deletes a pod and its network namespace.
func (s *Stage) RemovePod(t *testing.T, h *Host) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	h.StopServing()
	namespace, name, _ := strings.Cut(h.Name, "/")
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	err := s.Delete(context.WithoutCancel(t.Context()), pod, client.GracePeriodSeconds(0))
	_, cniErr := s.cni(context.WithoutCancel(t.Context()), "DEL", h, "")
	if err := errors.Join(client.IgnoreNotFound(err), cniErr, removeNamespace(h.namespace)); err != nil {
		t.Errorf("removing pod %s: %v", h.Name, err)
	}
	delete(s.pods, h.Name)
}

// Device is somebody in the plant, by address.
func (s *Stage) Device(t *testing.T, name, address string) *Host {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.devices[address]; h != nil {
		return h
	}
	h := &Host{Name: name, Address: netip.MustParseAddr(address), namespace: filepath.Join(netnsFolder, plant), device: true}
	if err := addDevice(h.Address); err != nil {
		t.Fatalf("adding device %s: %v", name, err)
	}
	s.devices[address] = h
	return h
}

// Node is the node itself, from where the kubelet's probes come.
func (s *Stage) Node() *Host {
	return &Host{Name: NodeName, Address: netip.MustParseAddr(nodeAddress), namespace: "/proc/1/ns/net"}
}
