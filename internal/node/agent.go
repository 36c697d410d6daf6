// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/flows"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/probe"
)

// Options are what differs between nodes.
type Options struct {
	// Node is the node's name.
	Node string
	// ProbeEvery is the time between two probes of the same zone.
	ProbeEvery time.Duration
	// Namespaces is the folder with the network namespaces of pods.
	Namespaces string
	// BPFRoot is where the BPF file system is mounted.
	BPFRoot string
	// HostNamespace is the file of the node's own network namespace; empty means ours.
	HostNamespace string
	// CiliumSocket is where the Cilium agent of this node answers.
	CiliumSocket string
	// FlowTable is where live flows are: Auto, Cilium or Kernel.
	FlowTable string
}

// Agent is one running agent.
type Agent struct {
	Options
	cache  cache.Cache
	client client.Client
	clock  clock.WithTicker
	log    logr.Logger
	hosts  *probe.Hosts

	kinds []policyKind
	// changed has an element when something that rules are made of changed.
	changed chan struct{}
	// asked has an element when somebody asks for a probe now.
	asked chan struct{}
	// due has an element when the report says something new.
	due    chan struct{}
	parser verdict.Parser
	rules  atomic.Pointer[verdict.Rules]
	// replaced are policy objects that went since the rules were made.
	replaced replaced
	report   report
}

// Setup adds an agent to a manager.
func Setup(mgr ctrl.Manager, o Options) error {
	a := &Agent{
		Options: o,
		cache:   mgr.GetCache(), client: mgr.GetClient(),
		clock: clock.RealClock{}, log: mgr.GetLogger().WithName("node"),
		hosts:   probe.NewHosts(o.Namespaces, o.HostNamespace),
		changed: make(chan struct{}, 1), asked: make(chan struct{}, 1), due: make(chan struct{}, 1),
	}
	kinds, err := served(mgr.GetRESTMapper())
	if err != nil {
		return fmt.Errorf("asking what policies the cluster serves: %w", err)
	}
	a.kinds = kinds
	if err := mgr.AddReadyzCheck("rules", a.knowsRules); err != nil {
		return fmt.Errorf("adding the readiness check: %w", err)
	}
	return mgr.Add(a)
}

// knowsRules says whether a closing would be noticed.
func (a *Agent) knowsRules(*http.Request) error {
	if a.rules.Load() == nil {
		return errors.New("the policies of the cluster are not read yet")
	}
	return nil
}

// Start works until the context ends.
func (a *Agent) Start(ctx context.Context) error {
	if err := a.watch(ctx); err != nil {
		return err
	}
	if _, err := a.renewRules(ctx); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, loop := range []func(context.Context) error{a.endFlows, a.probeZones, a.watchOutside, a.keepReporting, a.followKinds} {
		g.Go(func() error { return loop(ctx) })
	}
	if err := g.Wait(); ctx.Err() == nil || err != nil {
		return err
	}
	return nil
}

// NeedLeaderElection says no: every node has its own agent.
func (a *Agent) NeedLeaderElection() bool { return false }

// table opens where this node's live flows are.
func (a *Agent) table() (flows.Table, error) {
	switch a.FlowTable {
	case flows.NameCilium:
		return flows.OpenCilium(a.BPFRoot)
	case flows.NameKernel:
		return flows.OpenKernel(a.HostNamespace)
	default:
		return flows.Open(a.BPFRoot, a.HostNamespace)
	}
}

// poke puts an element into a channel that has none.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
