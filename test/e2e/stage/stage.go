// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/controlplane"
	"github.com/zonewarden/zonewarden/test/process"
)

// NodeName is the node's name in the cluster.
const NodeName = "edge-1"

// Stage is the running cluster.
type Stage struct {
	client.WithWatch
	ControlPlane *controlplane.ControlPlane
	// Kubeconfig has all rights.
	Kubeconfig string
	// BroughtUp is the time from nothing to an agent that takes pods.
	BroughtUp time.Duration

	folder string
	logs   string
	// lying holds the programs whose clock is wrong, if it is.
	lying string

	agent     *process.Process
	agentArgs []string
	// agentSaid is how much its log had when it was started last.
	agentSaid int64
	// flown counts the canaries, no two of which are alike.
	flown     int
	proxy     *process.Process
	operator  *process.Process
	nodeAgent *process.Process

	containerd *process.Process
	kubelet    *process.Process
	// kubeletSince is when the kubelet that runs was started. One that runs through an outage
	// tells that it is ready once, and then every five minutes.
	kubeletSince time.Time
	scheduler    *process.Process
	sheltered    bool

	mu      sync.Mutex
	pods    map[string]*Host
	devices map[string]*Host
}

var current = &singleton{}

// singleton is the one stage of the process: one agent serves the whole suite.
type singleton struct {
	once  sync.Once
	stage *Stage
	err   error
}

// Get returns the stage, and brings it up at the first call.
func Get(t *testing.T) *Stage {
	t.Helper()
	current.once.Do(func() { current.stage, current.err = bringUp() })
	if current.err != nil {
		t.Fatal(current.err)
	}
	return current.stage
}

func (c *singleton) close() {
	if c.stage == nil {
		return
	}
	if err := c.stage.down(); err != nil {
		fmt.Fprintln(os.Stderr, "taking the stage down:", err)
	}
}

func bringUp() (*Stage, error) {
	start := time.Now()
	s := &Stage{
		folder:  os.Getenv(folderVariable),
		logs:    built("e2e"),
		pods:    map[string]*Host{},
		devices: map[string]*Host{},
	}
	if err := errors.Join(os.RemoveAll(s.logs), os.MkdirAll(s.logs, 0o755)); err != nil {
		return nil, err
	}
	for _, step := range []func() error{s.startControlPlane, s.addNode, s.StartAgent} {
		if err := step(); err != nil {
			return nil, errors.Join(fmt.Errorf("bringing up the stage: %w", err), s.down())
		}
	}
	s.BroughtUp = time.Since(start)
	return s, nil
}

func (s *Stage) startControlPlane() error {
	ciliumCRDs, err := controlplane.CiliumCRDs()
	if err != nil {
		return err
	}
	adminTierCRD, err := controlplane.AdminTierCRD()
	if err != nil {
		return err
	}
	log, err := s.log("control-plane")
	if err != nil {
		return err
	}
	apiServerArgs, err := kubeletClient(s.folder)
	if err != nil {
		return err
	}
	maps.Copy(apiServerArgs, map[string][]string{
		"service-cluster-ip-range": {serviceRange},
		"authorization-mode":       {"Node", "RBAC"},
		"allow-privileged":         {"true"},
	})
	s.ControlPlane, err = controlplane.Start(context.Background(), controlplane.Options{
		CRDPaths:          []string{ciliumCRDs, filepath.Join(filepath.Dir(ciliumCRDs), "v2alpha1"), adminTierCRD, filepath.Join(repository, "config", "crd")},
		ControllerManager: true,
		// Nobody renews the lease of a node whose kubelet is this test.
		ControllerManagerArgs: []string{"--controllers=*,-node-lifecycle-controller,-taint-eviction-controller,-node-ipam-controller"},
		Log:                   log,
		APIServerArgs:         apiServerArgs,
	})
	if err != nil {
		return err
	}
	if s.Kubeconfig, err = s.ControlPlane.Kubeconfig(); err != nil {
		return err
	}
	return s.connect()
}

func (s *Stage) connect() error {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), apiextensionsv1.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return err
	}
	c, err := client.NewWithWatch(s.ControlPlane.Config(), client.Options{Scheme: scheme})
	if err != nil {
		return err
	}
	s.WithWatch = againAndAgain(c)
	return nil
}

func (s *Stage) addNode() error {
	ctx := context.Background()
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: NodeName, Labels: map[string]string{corev1.LabelHostname: NodeName}},
		Spec:       corev1.NodeSpec{PodCIDR: nodePodRange, PodCIDRs: []string{nodePodRange}, Unschedulable: true},
	}
	if err := s.Create(ctx, node); err != nil {
		return fmt.Errorf("adding the node: %w", err)
	}
	// A patch, because controllers write nodes as well.
	before := node.DeepCopy()
	node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: nodeAddress}, {Type: corev1.NodeHostName, Address: NodeName}}
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "Stage"}}
	if err := s.Status().Patch(ctx, node, client.MergeFrom(before)); err != nil {
		return fmt.Errorf("making the node ready: %w", err)
	}
	return nil
}

// down ends what is still running. Namespaces, mounts and what else hangs on them go
// with this process.
func (s *Stage) down() error {
	errs := []error{s.StopKubelet()}
	for _, p := range []**process.Process{&s.operator, &s.nodeAgent, &s.proxy, &s.agent} {
		errs = append(errs, stop(p))
	}
	if s.ControlPlane != nil {
		errs = append(errs, s.ControlPlane.Stop())
	}
	return errors.Join(errs...)
}

// log is a new file for what a program prints.
func (s *Stage) log(name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(s.logs, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}

// Until waits for a condition and fails the test when it does not come in time. Each of
// state then says what was seen last.
func Until(t *testing.T, patience time.Duration, what string, holds func() bool, state ...func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	if until(ctx, holds) {
		return
	}
	var seen []string
	for _, s := range state {
		seen = append(seen, s())
	}
	t.Fatalf("waited %s in vain until %s %v", patience, what, seen)
}

// until asks every few milliseconds.
func until(ctx context.Context, holds func() bool) bool {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			return holds()
		case <-tick.C:
		}
	}
	return true
}
