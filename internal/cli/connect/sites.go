// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package connect

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
)

// Sites are the contexts that a command reads: the one of kubectl's flags, or several.
type Sites struct {
	contexts []string
	all      bool
}

// AddFlags adds --contexts and --all-contexts.
func (f *Sites) AddFlags(cmd *cobra.Command, s *Session) {
	cmd.Flags().StringSliceVar(&f.contexts, "contexts", nil, "read these contexts of the kubeconfig, one site after the other")
	cmd.Flags().BoolVar(&f.all, "all-contexts", false, "read every context of the kubeconfig")
	_ = cmd.RegisterFlagCompletionFunc("contexts", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		names, err := s.Contexts()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
}

// Several says that more than one site may be meant, so that each is to be named.
func (f *Sites) Several() bool { return f.all || len(f.contexts) > 0 }

// Sessions are those of the contexts.
func (f *Sites) Sessions(s *Session) ([]*Session, error) {
	if f.all && len(f.contexts) > 0 {
		return nil, errors.New("--contexts, --all-contexts: give one of them")
	}
	known, err := s.Contexts()
	if err != nil || !f.Several() {
		return []*Session{s}, err
	}
	names := f.contexts
	if f.all {
		names = known
	}
	var out []*Session
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("--contexts: there is no context %q in the kubeconfig", name)
		}
		out = append(out, s.At(name))
	}
	return out, nil
}

// Each calls f for every site, and goes on where one fails: a fleet is never all there.
func (f *Sites) Each(s *Session, do func(*Session) error) error {
	sessions, err := f.Sessions(s)
	if err != nil {
		return err
	}
	if !f.Several() {
		return do(sessions[0])
	}
	var failed []error
	for _, at := range sessions {
		if err := do(at); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", at.Context(), err))
		}
	}
	return errors.Join(failed...)
}
