// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Command zonewarden-node runs on each node: it ends the live flows of what was closed,
// tries with real packets whether the zones hold, and reports both.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/buildinfo"
	"github.com/zonewarden/zonewarden/internal/node"
)

// gcPercent is how much the heap may grow between collections; GOGC is the runtime's own
// name and default (100) for it.
const gcPercent = 50

// options are the command line.
type options struct {
	node.Options
	metricsAddress string
	probeAddress   string
	version        bool
	log            zap.Options
}

func main() {
	o, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2)
	case o.version:
		fmt.Println(buildinfo.Line())
		return
	}
	debug.SetGCPercent(gcPercent)
	logger := zap.New(zap.UseFlagOptions(&o.log))
	ctrl.SetLogger(logger)
	if err := run(ctrl.SetupSignalHandler(), o, logger); err != nil {
		logger.Error(err, "the node agent stops")
		os.Exit(1)
	}
}

func parse(args []string) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("zonewarden-node", flag.ContinueOnError)
	f.StringVar(&o.Node, "node-name", os.Getenv("NODE_NAME"), "name of the node that this runs on")
	f.DurationVar(&o.ProbeEvery, "probe-interval", 15*time.Second, "time between two probes of a zone")
	f.StringVar(&o.Namespaces, "netns-dir", "/run/netns", "folder with the network namespaces of pods")
	f.StringVar(&o.HostNamespace, "host-netns", "", "file of the node's network namespace; empty means the one that this runs in")
	f.StringVar(&o.BPFRoot, "bpf-root", "/sys/fs/bpf", "where the BPF file system is mounted")
	f.StringVar(&o.CiliumSocket, "cilium-socket", "/run/cilium/cilium.sock", "where the Cilium agent of this node answers")
	f.StringVar(&o.FlowTable, "flow-table", "Auto", "where live flows are: Auto, Cilium or Kernel; Auto takes Cilium's where its maps are")
	f.StringVar(&o.metricsAddress, "metrics-bind-address", ":8083", "address that Prometheus metrics are served at; 0 serves none")
	f.StringVar(&o.probeAddress, "health-probe-bind-address", ":8082", "address that /healthz and /readyz are served at; 0 serves none")
	f.BoolVar(&o.version, "version", false, "print the version and exit")
	o.log.BindFlags(f)
	ctrl.RegisterFlags(f)
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if err := o.check(f.Args()); err != nil && !o.version {
		fmt.Fprintln(f.Output(), err)
		return nil, err
	}
	return o, nil
}

func (o *options) check(surplus []string) error {
	switch {
	case len(surplus) > 0:
		return fmt.Errorf("unexpected argument %q", surplus[0])
	case o.Node == "":
		return errors.New("--node-name or NODE_NAME must name the node")
	case o.ProbeEvery < time.Second:
		return errors.New("--probe-interval must be a second or more")
	case o.FlowTable != "Auto" && o.FlowTable != "Cilium" && o.FlowTable != "Kernel":
		return fmt.Errorf("--flow-table must be Auto, Cilium or Kernel, not %q", o.FlowTable)
	}
	return nil
}

// run works until it is told to stop.
func run(ctx context.Context, o *options, logger logr.Logger) error {
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the cluster: %w", err)
	}
	s := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(s))
	utilruntime.Must(v1alpha1.AddToScheme(s))
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                 s,
		Logger:                 logger,
		Cache:                  node.CacheOptions(),
		Metrics:                server.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress: o.probeAddress,
	})
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	if err := node.Setup(mgr, o.Options); err != nil {
		return fmt.Errorf("setting up the node agent: %w", err)
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("adding the health check: %w", err)
	}
	logger.Info("starting", "version", buildinfo.Version(), "node", o.Node)
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("running: %w", err)
	}
	return nil
}
