// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/test/process"
)

// stopsWithin is the time that a program gets to end by itself.
const stopsWithin = 20 * time.Second

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
