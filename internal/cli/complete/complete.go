// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package complete offers names that are read from the API server while a line is typed.
// Where they cannot be read in time it offers nothing, and says nothing in the middle of a
// line.
package complete

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/cli/connect"
)

// patience is how long somebody waits who pressed Tab.
const patience = 2 * time.Second

// Read reads what is offered.
type Read = func(context.Context, client.Client) ([]cobra.Completion, error)

// Func is what cobra asks.
type Func = func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective)

// First offers what the first argument may be, and nothing for others.
func First(s *connect.Session, read Read) Func {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return Offer(cmd, s, read)
	}
}

// Flag offers what the value of a flag may be.
func Flag(s *connect.Session, read Read) Func {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return Offer(cmd, s, read)
	}
}

// Offer reads what is offered, for whoever looks at the arguments first.
func Offer(cmd *cobra.Command, s *connect.Session, read Read) ([]cobra.Completion, cobra.ShellCompDirective) {
	parent := cmd.Context()
	if parent == nil {
		parent = context.Background()
	}
	ctx, cancel := context.WithTimeout(parent, patience)
	defer cancel()
	c, err := s.Client()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names, err := read(ctx, c)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
