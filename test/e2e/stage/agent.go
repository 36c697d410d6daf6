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
)

const ciliumSocket = "/run/cilium/cilium.sock"

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
	if log, err := os.Stat(s.agentLog()); err == nil && s.agent == nil {
		s.agentSaid = log.Size()
	}
	env := []string{"PATH=" + path + ":" + os.Getenv("PATH"), "K8S_NODE_NAME=" + NodeName}
	if err := s.run(&s.agent, "cilium-agent", built("cilium", "cilium-agent"), append(args, s.agentArgs...), env); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if !until(ctx, func() bool { return s.agentRequest(http.MethodGet, "/v1/config", nil, nil) == nil }) {
		return errors.New("the Cilium agent does not answer")
	}
	return nil
}

func (s *Stage) agentLog() string { return filepath.Join(s.logs, "cilium-agent.log") }

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
	return s.agentRequest(http.MethodPatch, "/v1/config", map[string]any{"options": map[string]string{"PolicyAuditMode": value}}, nil)
}

// agentRequest asks the agent's own API, and reads what it answers, where that is wanted.
func (s *Stage) agentRequest(method, path string, body, answer any) error {
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
	raw, err = io.ReadAll(response.Body)
	switch {
	case err != nil:
		return fmt.Errorf("reading what the agent answers %s %s: %w", method, path, err)
	case response.StatusCode >= http.StatusMultipleChoices:
		return fmt.Errorf("the agent answers %s %s with %s: %s", method, path, response.Status, raw)
	case answer == nil:
		return nil
	}
	return json.Unmarshal(raw, answer)
}

// AgentForgets returns when the agent holds no address to the groups that it was in before
// the agent's start. An agent that finds addresses in the kernel does so for half a minute.
func (s *Stage) AgentForgets(t *testing.T) {
	t.Helper()
	Until(t, time.Minute, "the agent forgets what it kept over its start", func() bool {
		log, err := os.ReadFile(s.agentLog())
		if err != nil {
			t.Fatal(err)
		}
		said := string(log[s.agentSaid:])
		return !strings.Contains(said, "restored prefixes in the ipcache") || strings.Contains(said, "Removing identity reservations for restored identities")
	})
}

// hears is how long the agent gets to take up what was written. After an outage of the API
// server it comes back to each kind of object by itself, in ever longer steps of up to a
// minute.
const hears = 2 * time.Minute

// canaries are an object of each kind from which the agent takes policy. They select no
// pod, and an address that nobody has.
const canaries = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: %[1]s-pods, namespace: default}
spec: {podSelector: {matchLabels: {canary: none}}, policyTypes: [Ingress]}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: %[1]s-namespace, namespace: default}
spec: {endpointSelector: {matchLabels: {canary: none}}, ingress: [{}]}
---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: %[1]s-cluster}
spec: {endpointSelector: {matchLabels: {canary: none}}, ingress: [{}]}
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: %[1]s-tier}
spec: {tier: Admin, priority: 999, subject: {namespaces: {matchLabels: {canary: none}}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}
---
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: {name: %[1]s-group}
spec: {externalCIDRs: [%[2]s]}`

// AgentEnforces returns when the agent enforces what the API server had when it was
// called: an object of each kind is written now, the agent is asked until it knows them,
// and then until every endpoint is as new as that.
func (s *Stage) AgentEnforces(t *testing.T) {
	t.Helper()
	s.flown++
	name, address := fmt.Sprintf("canary-%d", s.flown), fmt.Sprintf("198.18.%d.%d/32", s.flown/256, s.flown%256)
	objects := Parse(t, fmt.Sprintf(strings.TrimSpace(canaries), name, address))
	s.Apply(t, objects...)
	defer s.Remove(t, objects...)

	revision, missing := 0, []string{}
	Until(t, hears, "the agent knows what was just written", func() bool {
		revision, missing = s.heard(name, address)
		return len(missing) == 0
	}, func() string { return fmt.Sprintf("missing: %v", missing) })
	var behind []string
	Until(t, hears, "every endpoint has the agent's policies", func() bool {
		behind = s.behind(revision)
		return len(behind) == 0
	}, func() string { return fmt.Sprintf("older than %d: %v", revision, behind) })
}

// heard is the revision of the agent's policies, and what of the canaries is not in them.
func (s *Stage) heard(name, address string) (revision int, missing []string) {
	var known struct {
		Revision int    `json:"revision"`
		Policy   string `json:"policy"`
	}
	if err := s.agentRequest(http.MethodGet, "/v1/policy", nil, &known); err != nil {
		return 0, []string{err.Error()}
	}
	for _, kind := range []string{"-pods", "-namespace", "-cluster", "-tier"} {
		if !strings.Contains(known.Policy, name+kind) {
			missing = append(missing, name+kind)
		}
	}
	if err := s.agentRequest(http.MethodGet, "/v1/ip?cidr="+address, nil, nil); err != nil {
		missing = append(missing, err.Error())
	}
	return known.Revision, missing
}

// behind are the endpoints that enforce an older revision.
func (s *Stage) behind(revision int) []string {
	var endpoints []struct {
		ID     int `json:"id"`
		Status struct {
			State  string `json:"state"`
			Policy struct {
				Realized struct {
					Revision int `json:"policy-revision"`
				} `json:"realized"`
			} `json:"policy"`
		} `json:"status"`
	}
	if err := s.agentRequest(http.MethodGet, "/v1/endpoint", nil, &endpoints); err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, e := range endpoints {
		if e.Status.Policy.Realized.Revision < revision {
			out = append(out, fmt.Sprintf("endpoint %d, %s, has %d", e.ID, e.Status.State, e.Status.Policy.Realized.Revision))
		}
	}
	return out
}
