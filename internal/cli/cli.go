// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cli is the kubectl plugin: `kubectl zonewarden`. Each command group is a package
// of its own below this one, and is added in New.
//
// The operator imports nothing of it.
package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/zonewarden/zonewarden/internal/buildinfo"
	"github.com/zonewarden/zonewarden/internal/cli/access"
	"github.com/zonewarden/zonewarden/internal/cli/audit"
	"github.com/zonewarden/zonewarden/internal/cli/certs"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/graph"
	"github.com/zonewarden/zonewarden/internal/cli/lint"
	"github.com/zonewarden/zonewarden/internal/cli/matrix"
	"github.com/zonewarden/zonewarden/internal/cli/opening"
	"github.com/zonewarden/zonewarden/internal/cli/plan"
)

// New gives the root command with all groups.
func New(streams genericiooptions.IOStreams, now func() time.Time) *cobra.Command {
	s := connect.New(streams, now)
	root := &cobra.Command{
		// The executable's name, after which completion is called, and what people type.
		Use:           "kubectl-zonewarden",
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl zonewarden"},
		Short:         "Zones, conduits and vendor access of an OT site",
		Long:          "Zones, conduits and vendor access of an OT site.\n\n" + exit.Help,
		Version:       buildinfo.Line(),
		Args:          cobra.NoArgs, // so that a group that does not exist is an error
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	s.AddFlags(root.PersistentFlags())
	root.AddCommand(lint.Command(s), plan.Command(s), graph.Command(s), matrix.Command(s), matrix.ExplainCommand(s), matrix.BlastCommand(s))
	root.AddCommand(opening.WaitingCommand(s), opening.ApproveCommand(s), opening.DenyCommand(s))
	root.AddCommand(access.Command(s), audit.Command(s), certs.Command(s))
	return root
}

// Run runs a command line, says what went wrong, and gives the code to exit with.
func Run(ctx context.Context, streams genericiooptions.IOStreams, now func() time.Time, args []string) exit.Code {
	root := New(streams, now)
	root.SetArgs(args)
	understood := false
	root.PersistentPreRun = func(*cobra.Command, []string) { understood = true }
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exit.OK
	}
	if said := connect.Say(err); said != "" {
		fmt.Fprintln(streams.ErrOut, "error:", said)
	}
	if !understood {
		fmt.Fprintf(streams.ErrOut, "See: %s --help\n", cmd.CommandPath())
	}
	return exit.Of(err)
}
