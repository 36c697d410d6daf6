// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kubectl-zonewarden is the kubectl plugin: `kubectl zonewarden`.
package main

import (
	"context"
	"os"
	"os/signal"
	"time"
	_ "time/tzdata" // the Site's time zone, on machines without a zone database

	"github.com/go-logr/logr"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/zonewarden/zonewarden/internal/cli"
)

func main() { os.Exit(run()) }

func run() int {
	// The client's library complains without one.
	ctrl.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	return int(cli.Run(ctx, streams, time.Now, os.Args[1:]))
}
