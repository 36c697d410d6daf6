// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A kubelet, containerd and runc make a second node of the same cluster, for what only a
// container runtime does: processes that are started, executed into and ended, and
// volumes. They are not on the first node, because a kubelet there would take over the
// pods that are network namespaces and no more. And their network plugin is not Cilium:
// an agent serves one node, and needs a network namespace for that. It is one that wires
// pods and knows nothing of policies, as it is found in the field. So a pod on this node
// shows what containers do, and never what a policy does.
//
// It is in the same network namespace as the first node, with an address of its own.
const (
	KubeletNode = "edge-2"

	kubeletAddress  = "172.30.0.3"
	kubeletPodRange = "10.42.1.0/24"

	// podsRemoved is how long the kubelet gets to take down deleted pods. It learns of them
	// up to a minute late when the API server was away.
	podsRemoved = 90 * time.Second

	// PodPIDs is how many processes and threads a pod may have. Where a site's kubelets say
	// nothing of it, a pod may take all that its node has.
	PodPIDs = 256
)

// kubeletConfig fits machines with either version of cgroups. The kubelet would set
// kernel parameters by itself; see shelter.
const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: ` + kubeletAddress + `
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: %[1]s/kubelet-client.crt}
authorization: {mode: Webhook}
containerRuntimeEndpoint: unix://` + containerdSocket + `
cgroupDriver: cgroupfs
cgroupRoot: /%[2]s
failCgroupV1: false
failSwapOn: false
protectKernelDefaults: true
makeIPTablesUtilChains: false
podLogsDir: %[1]s/pod-logs
volumePluginDir: %[1]s/volume-plugins
resolvConf: ""
healthzBindAddress: 127.0.0.1
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 50Mi, nodefs.available: 1%%, imagefs.available: 1%%, nodefs.inodesFree: 1%%, imagefs.inodesFree: 1%%}
syncFrequency: 5s
configMapAndSecretChangeDetectionStrategy: Watch
podPidsLimit: %[3]d
`

// podGroups is the part of a cgroup's path that says that it is a pod's.
func (s *Stage) podGroups() string { return "/" + cgroupName(s.folder) + "/kubepods" }

// StartKubelet starts the second node's kubelet, with what it needs, and returns when
// the node is ready. Containers that outlived KillKubelet are taken up again.
func (s *Stage) StartKubelet() error {
	for _, step := range []func() error{
		s.shelter, func() error { return makeCgroups(cgroupName(s.folder)) },
		func() error { return addAddress("eth0", kubeletAddress+"/24") },
		s.startContainerd, s.addKubeletNode, s.startScheduler,
	} {
		if err := step(); err != nil {
			return fmt.Errorf("preparing a node for the kubelet: %w", err)
		}
	}
	if err := s.runKubelet(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), runtimeStarts)
	defer cancel()
	if !until(ctx, func() bool { return s.kubeletNodeReady(ctx) }) {
		return errors.New("the kubelet's node does not become ready")
	}
	return s.untaint()
}

// runKubelet starts the program alone.
func (s *Stage) runKubelet() error {
	kubeconfig, err := s.ControlPlane.UserKubeconfig("system:node:"+KubeletNode, "system:nodes")
	if err != nil {
		return err
	}
	config := filepath.Join(s.folder, "kubelet.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, kubeletConfig, s.folder, cgroupName(s.folder), PodPIDs), 0o600); err != nil {
		return err
	}
	if s.kubelet == nil {
		s.kubeletSince = time.Now().Truncate(time.Second) // a heartbeat has no fractions
	}
	return s.run(&s.kubelet, "kubelet", built("kube", "kubelet"), []string{
		"--config=" + config, "--kubeconfig=" + kubeconfig, "--hostname-override=" + KubeletNode, "--node-ip=" + kubeletAddress,
		"--root-dir=" + filepath.Join(s.folder, "kubelet"), "--cert-dir=" + filepath.Join(s.folder, "kubelet", "pki"), "--v=2",
	}, nil)
}

// RestartKubelet ends the kubelet at once and starts it again, with or without an API
// server, and returns when it is healthy by its own account. It knows the pods of an API
// server that it does not reach no more.
func (s *Stage) RestartKubelet() error {
	if err := errors.Join(s.KillKubelet(), s.runKubelet()); err != nil {
		return err
	}
	return ready("the kubelet", "http://127.0.0.1:10248/healthz")
}

// untaint does what the controller does that looks after nodes and is not running here: it
// takes from a ready node the taint of one that is not.
func (s *Stage) untaint() error {
	node := &corev1.Node{}
	if err := s.Get(context.Background(), client.ObjectKey{Name: KubeletNode}, node); err != nil {
		return err
	}
	before := node.DeepCopy()
	node.Spec.Taints = slices.DeleteFunc(node.Spec.Taints, func(t corev1.Taint) bool { return t.Key == corev1.TaintNodeNotReady })
	return s.Patch(context.Background(), node, client.MergeFrom(before))
}

// addKubeletNode makes the node's object, of which the kubelet does not know the range
// of pods. The rest of it is the kubelet's to write.
func (s *Stage) addKubeletNode() error {
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: KubeletNode, Labels: map[string]string{corev1.LabelHostname: KubeletNode}},
		Spec:       corev1.NodeSpec{PodCIDR: kubeletPodRange, PodCIDRs: []string{kubeletPodRange}},
	}
	return client.IgnoreAlreadyExists(s.Create(context.Background(), node))
}

// startScheduler starts the scheduler, for pods that nobody bound to a node. The first node
// is cordoned: its pods are bound to it by the stage.
func (s *Stage) startScheduler() error {
	return s.run(&s.scheduler, "kube-scheduler", built("kube", "kube-scheduler"), []string{
		"--kubeconfig=" + s.Kubeconfig, "--authentication-kubeconfig=" + s.Kubeconfig, "--authorization-kubeconfig=" + s.Kubeconfig,
		"--leader-elect=false", "--bind-address=127.0.0.1", "--secure-port=10259",
	}, nil)
}

// kubeletNodeReady says whether the kubelet has said since its start that its node is ready.
func (s *Stage) kubeletNodeReady(ctx context.Context) bool {
	var node corev1.Node
	if err := s.Get(ctx, client.ObjectKey{Name: KubeletNode}, &node); err != nil {
		return false
	}
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue && !c.LastHeartbeatTime.Time.Before(s.kubeletSince)
		}
	}
	return false
}

// KillKubelet ends the kubelet alone, at once. Its containers run on.
func (s *Stage) KillKubelet() error { return kill(&s.kubelet) }

// StopKubelet removes the second node: its pods, its object, its programs and what they
// made. Cgroups stay until the stage is gone.
func (s *Stage) StopKubelet() error {
	if s.containerd == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), podsRemoved)
	defer cancel()
	err := s.removeKubeletPods(ctx)
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: KubeletNode}}
	return errors.Join(err, stop(&s.scheduler), stop(&s.kubelet), s.stopContainerd(),
		client.IgnoreNotFound(s.Delete(context.Background(), node)), removeAddress("eth0", kubeletAddress+"/24"))
}

// removeKubeletPods deletes all pods of the node and, while there is a kubelet, waits
// until it has taken down what it made for them.
func (s *Stage) removeKubeletPods(ctx context.Context) error {
	var pods corev1.PodList
	if err := s.List(ctx, &pods, client.MatchingFields{"spec.nodeName": KubeletNode}); err != nil {
		return fmt.Errorf("listing the kubelet's pods: %w", err)
	}
	for i := range pods.Items {
		if err := s.Delete(ctx, &pods.Items[i], client.GracePeriodSeconds(0)); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("deleting pod %s: %w", pods.Items[i].Name, err)
		}
	}
	var processes []int
	var networks []string
	over := func() bool {
		var err, err2 error
		processes, err = processesIn(s.podGroups())
		networks, err2 = filepath.Glob(filepath.Join(netnsFolder, "cni-*"))
		return errors.Join(err, err2) == nil && len(processes)+len(networks) == 0
	}
	if s.kubelet != nil && !until(ctx, over) {
		return fmt.Errorf("the kubelet does not take down deleted pods: there are still processes %v and networks %v", processes, networks)
	}
	return nil
}

func removeAddress(link, cidr string) error {
	l, err := netlink.LinkByName(link)
	if err != nil {
		return err
	}
	a, err := netlink.ParseAddr(cidr)
	if err != nil {
		return err
	}
	if err := netlink.AddrDel(l, a); err != nil {
		return fmt.Errorf("removing address %s from %s: %w", cidr, link, err)
	}
	return nil
}

// Exec runs a command in a pod, by namespace/name, and returns what it prints.
func (s *Stage) Exec(t *testing.T, pod string, command ...string) (string, error) {
	t.Helper()
	namespace, name, _ := strings.Cut(pod, "/")
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), built("kube", "kubectl"),
		append([]string{"--kubeconfig", s.Kubeconfig, "exec", "--namespace", namespace, name, "--"}, command...)...)
	cmd.Env = append(os.Environ(), "HOME="+s.folder)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("executing %q in pod %s: %w: %s", command, pod, err, stderr.String())
	}
	return string(out), nil
}

// Processes are those of a pod's containers, the sandbox not among them, as the kernel
// knows them: by their cgroups.
func (s *Stage) Processes(t *testing.T, pod *corev1.Pod) []int {
	t.Helper()
	var out []int
	for _, c := range pod.Status.ContainerStatuses {
		_, id, _ := strings.Cut(c.ContainerID, "://")
		if id == "" {
			continue
		}
		pids, err := processesIn(id)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, pids...)
	}
	return out
}

// SeccompProfile puts a profile onto the second node, for pods that name it.
func (s *Stage) SeccompProfile(t *testing.T, name, profile string) {
	t.Helper()
	folder := filepath.Join(s.folder, "kubelet", "seccomp")
	if err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(filepath.Join(folder, name), []byte(profile), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// Alive says for each of some pods whether a process of its containers is left, by one look
// at the machine.
func (s *Stage) Alive(t *testing.T, pods map[string]*corev1.Pod) map[string]bool {
	t.Helper()
	var groups strings.Builder
	_, err := processes(func(_, of string) bool {
		groups.WriteString(of)
		return false
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for name, pod := range pods {
		out[name] = slices.ContainsFunc(pod.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool {
			_, id, _ := strings.Cut(c.ContainerID, "://")
			return id != "" && strings.Contains(groups.String(), id)
		})
	}
	return out
}

// kubeletClient makes the certificate by which the API server is known to the kubelet,
// and returns the flags that tell it so. It signs itself: the kubelet trusts this one
// alone. The API server has to have it when it starts, before its own authority is there.
func kubeletClient(folder string) (map[string][]string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "kube-apiserver-kubelet-client", Organization: []string{"system:masters"}},
		NotBefore:    now.Add(-time.Minute), NotAfter: now.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	certificateFile, keyFile := filepath.Join(folder, "kubelet-client.crt"), filepath.Join(folder, "kubelet-client.key")
	err = errors.Join(
		os.WriteFile(certificateFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o600),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600),
	)
	return map[string][]string{
		"kubelet-client-certificate": {certificateFile}, "kubelet-client-key": {keyFile},
		// A node's name is in no DNS.
		"kubelet-preferred-address-types": {"InternalIP"},
	}, err
}
