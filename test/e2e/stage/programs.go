// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/test/process"
)

const (
	// stopsWithin is the time that a program gets to end by itself.
	stopsWithin  = 20 * time.Second
	ciliumSocket = "/run/cilium/cilium.sock"
)

// run starts a program of the stage, with a log of its own, unless it runs.
func (s *Stage) run(p **process.Process, name, path string, args, env []string) error {
	if *p != nil {
		return nil
	}
	log, err := s.log(name)
	if err != nil {
		return err
	}
	started, err := process.Start(path, args, env, process.NewOutput(log))
	if err != nil {
		return err
	}
	*p = started
	return nil
}

func stop(p **process.Process) error {
	if *p == nil {
		return nil
	}
	err := (*p).Stop(stopsWithin)
	*p = nil
	return err
}

func kill(p **process.Process) error {
	if *p == nil {
		return nil
	}
	err := (*p).Kill()
	*p = nil
	return err
}

// StartAgent starts the Cilium agent and waits until it answers. Its flags are those of
// an edge node with native routing, policy in BPF, and kube-proxy for services.
func (s *Stage) StartAgent() error {
	path, err := s.compiler()
	if err != nil {
		return err
	}
	args := []string{
		"--k8s-kubeconfig-path=" + s.Kubeconfig,
		"--lib-dir=" + built("cilium"), "--state-dir=" + filepath.Join(s.folder, "cilium"),
		"--bpf-root=" + bpfRoot, "--cgroup-root=" + cgroup2, "--socket-path=" + ciliumSocket,
		"--shell-sock-path=/run/cilium/shell.sock",
		"--identity-allocation-mode=crd", "--ipam=kubernetes", "--enable-ipv4=true", "--enable-ipv6=false",
		"--routing-mode=native", "--ipv4-native-routing-cidr=" + podRange, "--enable-ipv4-masquerade=false", "--devices=eth0",
		"--kube-proxy-replacement=false", "--enable-l7-proxy=false", "--external-envoy-proxy=true",
		"--enable-health-checking=false", "--enable-endpoint-health-checking=false", "--enable-gops=false",
		"--enable-hubble=false", "--cluster-name=default", "--enable-k8s-cluster-network-policy=true",
		"--bpf-ct-global-tcp-max=65536", "--bpf-ct-global-any-max=32768", "--bpf-nat-global-max=65536", "--bpf-neigh-global-max=65536",
		// A pod's identity follows its labels at once. By default it takes up to 34 s.
		"--identity-change-grace-period=0s", "--identity-max-jitter=0s",
	}
	env := []string{"PATH=" + path + ":" + os.Getenv("PATH"), "K8S_NODE_NAME=" + NodeName}
	if err := s.run(&s.agent, "cilium-agent", built("cilium", "cilium-agent"), append(args, s.agentArgs...), env); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if !until(ctx, func() bool { return s.agentRequest(http.MethodGet, "/v1/config", nil) == nil }) {
		return errors.New("the Cilium agent does not answer")
	}
	return nil
}

// compiler is a folder in which clang has the name that the agent calls it by.
func (s *Stage) compiler() (string, error) {
	path, err := exec.LookPath(clang)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(s.folder, "path")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	if err := os.Symlink(path, filepath.Join(folder, "clang")); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	return folder, nil
}

// StopAgent stops the Cilium agent. What its programs enforce stays.
func (s *Stage) StopAgent() error { return stop(&s.agent) }

// Audit switches the agent's audit mode, in which policies deny nothing.
func (s *Stage) Audit(on bool) error {
	value := "Disabled"
	if on {
		value = "Enabled"
	}
	return s.agentRequest(http.MethodPatch, "/v1/config", map[string]any{"options": map[string]string{"PolicyAuditMode": value}})
}

// agentRequest asks the agent's own API.
func (s *Stage) agentRequest(method, path string, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://cilium"+path, strings.NewReader(string(raw)))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	c := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", ciliumSocket)
		},
	}}
	response, err := c.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusMultipleChoices {
		answer, _ := io.ReadAll(response.Body)
		return fmt.Errorf("the agent answers %s %s with %s: %s", method, path, response.Status, answer)
	}
	return nil
}

// operatorAccount is who the operator is in a cluster that was installed by
// config/default.
const operatorAccount = "system:serviceaccount:zonewarden-system:zonewarden"

// StartOperator starts the operator with the rights of its own account, and returns
// when it is ready.
func (s *Stage) StartOperator() error {
	kubeconfig, err := s.account(operatorAccount)
	if err != nil {
		return err
	}
	err = s.run(&s.operator, "zonewarden", s.program("zonewarden"), []string{
		"--kubeconfig", kubeconfig, "--metrics-bind-address=127.0.0.1:8080", "--health-probe-bind-address=127.0.0.1:8081",
		"--leader-election-namespace=zonewarden-system", "--session-image=" + Image,
	}, nil)
	if err != nil {
		return err
	}
	return ready("the operator", "http://127.0.0.1:8081/readyz")
}

// StopOperator stops the operator as a kubelet would.
func (s *Stage) StopOperator() error { return stop(&s.operator) }

// KillOperator ends the operator at once.
func (s *Stage) KillOperator() error { return kill(&s.operator) }

// nodeAgentAccount is who the node agent is in a cluster with config/node.
const nodeAgentAccount = "system:serviceaccount:zonewarden-node:zonewarden-node"

// StartNodeAgent starts the node's agent with the rights of its own account, and returns
// when it is ready.
func (s *Stage) StartNodeAgent(flags ...string) error {
	return s.startNodeAgent(&s.nodeAgent, NodeName, 8082, flags...)
}

// StartNodeAgentOn starts the agent of another node, until the test ends. There may be
// one of these at a time.
func (s *Stage) StartNodeAgentOn(t *testing.T, node string, flags ...string) {
	t.Helper()
	var p *process.Process
	t.Cleanup(func() {
		if err := stop(&p); err != nil {
			t.Errorf("stopping the node agent of %s: %v", node, err)
		}
	})
	if err := s.startNodeAgent(&p, node, 8084, flags...); err != nil {
		t.Fatal(err)
	}
}

// startNodeAgent starts the agent of a node, which answers at a port and serves metrics
// at the next.
func (s *Stage) startNodeAgent(p **process.Process, node string, port int, flags ...string) error {
	kubeconfig, err := s.account(nodeAgentAccount)
	if err != nil {
		return err
	}
	err = s.run(p, "zonewarden-node-"+node, s.program("zonewarden-node"), append([]string{
		"--kubeconfig", kubeconfig, "--node-name=" + node, "--probe-interval=5s",
		fmt.Sprintf("--metrics-bind-address=127.0.0.1:%d", port+1), fmt.Sprintf("--health-probe-bind-address=127.0.0.1:%d", port),
	}, flags...), nil)
	if err != nil {
		return err
	}
	return ready("the node agent of "+node, fmt.Sprintf("http://127.0.0.1:%d/readyz", port))
}

// StopNodeAgent stops the node agent.
func (s *Stage) StopNodeAgent() error { return stop(&s.nodeAgent) }

func ready(who, url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answers := func() bool {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return false
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false
		}
		return response.Body.Close() == nil && response.StatusCode == http.StatusOK
	}
	if !until(ctx, answers) {
		return fmt.Errorf("%s does not become ready", who)
	}
	return nil
}
