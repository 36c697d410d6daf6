// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package connect

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/output"
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

// Sessions are those of the contexts. Of the one that kubectl's flags mean the kubeconfig is
// not read here: who gives files instead of a cluster needs none.
func (f *Sites) Sessions(s *Session) ([]*Session, error) {
	switch {
	case f.all && len(f.contexts) > 0:
		return nil, errors.New("--contexts, --all-contexts: give one of them")
	case !f.Several():
		return []*Session{s}, nil
	}
	known, err := s.Contexts()
	if err != nil {
		return nil, err
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

// Read calls do for every site, and prints what they answer: as text one after the other
// with its context above it, or for programs together. Each site is read as far as it can.
func (f *Sites) Read(s *Session, format *output.Format, do func(at *Session) (answer any, text func(), err error)) error {
	if !f.Several() {
		return readOne(s, format, do)
	}
	var all []output.OfSite
	err := f.Each(s, func(at *Session) error {
		answer, text, err := do(at)
		if answer == nil {
			return err
		}
		if format.Structured() {
			all = append(all, output.OfSite{Context: at.Context(), Answer: answer})
			return err
		}
		fmt.Fprintf(s.Out, "--- %s\n", at.Context())
		text()
		return err
	})
	if len(all) > 0 {
		err = errors.Join(format.PrintSites(s.Out, all), err)
	}
	return err
}

// readOne prints what the one site answers, without asking for the name of its context.
func readOne(s *Session, format *output.Format, do func(at *Session) (answer any, text func(), err error)) error {
	answer, text, err := do(s)
	switch {
	case answer == nil:
	case format.Structured():
		err = errors.Join(format.Print(s.Out, answer), err)
	default:
		text()
	}
	return err
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
	var said []error
	code := exit.OK
	for _, at := range sessions {
		err := do(at)
		if err == nil {
			continue
		}
		// A site that failed is worse than one whose answer is bad.
		if c := exit.Of(err); code != exit.Failed && (c == exit.Failed || c > code) {
			code = c
		}
		if err.Error() != "" {
			said = append(said, fmt.Errorf("%s: %w", at.Context(), err))
		}
	}
	if code == exit.OK {
		return nil
	}
	return &exit.Error{Code: code, Err: errors.Join(said...)}
}
