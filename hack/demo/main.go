// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Command demo shows Zonewarden at work on a real control plane on the loopback
// interface: it installs the CRDs, runs the operator, applies a water works and
// shows what became of it, then applies manifests that must be refused.
//
// It ends with status 0 only if all of it held.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/zonewarden/zonewarden/test/controlplane"
)

// operatorStops is how long the operator gets to end by itself.
const operatorStops = 10 * time.Second

func main() {
	once := flag.Bool("once", false, "exit when everything was shown")
	operator := flag.String("operator", "bin/zonewarden", "the operator's executable")
	samples := flag.String("samples", "config/samples", "folder of the sample manifests")
	crds := flag.String("crds", "config/crd", "folder of the CRDs")
	flag.Parse()
	log.SetLogger(logr.Discard())

	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	d := &demo{once: *once, operator: *operator, samples: *samples, crds: *crds, out: os.Stdout}
	if err := d.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// demo is one run.
type demo struct {
	once                    bool
	operator, samples, crds string
	out                     io.Writer
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.out, "\n== "+format+"\n", args...) }

func (d *demo) run(ctx context.Context) (err error) {
	d.say("starting etcd, kube-apiserver and kube-controller-manager on the loopback interface")
	ciliumCRDs, err := controlplane.CiliumCRDs()
	if err != nil {
		return fmt.Errorf("finding Cilium's CRDs: %w", err)
	}
	plane, err := controlplane.Start(ctx, controlplane.Options{
		CRDPaths: []string{d.crds, ciliumCRDs}, ControllerManager: true,
	})
	if err != nil {
		return fmt.Errorf("starting the control plane: %w", err)
	}
	defer func() { err = errors.Join(err, plane.Stop()) }()
	kubeconfig, err := plane.Kubeconfig()
	if err != nil {
		return fmt.Errorf("writing the kubeconfig: %w", err)
	}
	c, err := connect(plane.Config())
	if err != nil {
		return err
	}

	d.say("starting the operator, its log goes to %s", d.logFile())
	stop, err := d.startOperator(kubeconfig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := d.show(ctx, c); err != nil {
		return err
	}
	if d.once {
		d.say("all of it held")
		return nil
	}
	d.say("all of it held; go on playing with\n\n   export KUBECONFIG=%s\n   bin/kube/kubectl get zones,conduits,assets\n   bin/kube/kubectl get ccnp conduit-scada-opcua -o yaml\n\nCtrl-C ends it and cleans up", kubeconfig)
	<-ctx.Done()
	return nil
}

// show is the story that the demo tells.
func (d *demo) show(ctx context.Context, c *cluster) error {
	d.say("applying the water works: config/samples/water-works")
	if err := c.applyFolder(ctx, filepath.Join(d.samples, "water-works")); err != nil {
		return err
	}
	if err := c.awaitSettled(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context, *cluster) error{
		d.showDeclared, d.showPolicies, d.showMatrix, d.showRefused,
	} {
		if err := step(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) logFile() string { return filepath.Join(os.TempDir(), "zonewarden-demo.log") }

// startOperator runs the operator as it would run in a cluster: a process of its
// own, with a kubeconfig.
func (d *demo) startOperator(kubeconfig string) (stop func() error, err error) {
	logFile, err := os.Create(d.logFile())
	if err != nil {
		return nil, fmt.Errorf("opening the operator's log: %w", err)
	}
	//nolint:gosec // the program that whoever runs the demo names
	cmd := exec.Command(d.operator, "--kubeconfig", kubeconfig, "--metrics-bind-address=0", "--health-probe-bind-address=0")
	cmd.Stdout, cmd.Stderr = logFile, logFile
	// Its own group: Ctrl-C reaches the demo alone, which stops it in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the operator: %w", err), logFile.Close())
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return func() error {
		defer func() { _ = logFile.Close() }() // the operator wrote it, by a handle of its own
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return fmt.Errorf("the operator ended before it was told to: %w", <-ended)
		}
		select {
		case err := <-ended:
			if err != nil {
				return fmt.Errorf("stopping the operator: %w", err)
			}
			return nil
		case <-time.After(operatorStops):
			return errors.Join(errors.New("the operator did not stop when told to"), cmd.Process.Kill())
		}
	}, nil
}
