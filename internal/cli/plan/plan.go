// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plan is `kubectl zonewarden plan`: what applying manifests would open, close and
// newly deny, before anything is applied. It writes nothing.
package plan

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/output"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
)

const about = `Shows what applying manifests would open, close and newly deny, before anything is applied.

The manifests of -f are laid over the cluster, or over the folder of --against. What they
do not name stays, unless --prune says that it goes, as Argo CD prunes. Nothing is written:
the rights to read are enough.

Exit codes:
  0  nothing would change
  1  no plan could be made, or the API server would refuse a manifest, or the operator an object
  2  something would change, or workloads differ, of which the plan does not see what they change
  3  kept for changes that cut traffic in use, which the plan cannot see yet`

type command struct {
	session  *connect.Session
	sites    connect.Sites
	files    []string
	against  []string
	prune    bool
	pairs    bool
	firewall bool
	details  bool
	format   output.Format
}

// Command is the command.
func Command(s *connect.Session) *cobra.Command {
	c := &command{session: s}
	cmd := &cobra.Command{
		Use:   "plan -f FOLDER",
		Short: "What would open, close and be denied if manifests were applied",
		Long:  about,
		Example: `  kubectl zonewarden plan -f sites/ww-17
  kubectl zonewarden plan -f sites/ww-17 --prune --firewall
  kubectl zonewarden plan -f sites/ww-17 --against main/sites/ww-17     # without a cluster, in CI
  kubectl zonewarden plan -f base --contexts ww-17,ww-18`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	plant.AddFiles(cmd, &c.files, "manifests: files, folders, folders of Kustomize, or - (needed)")
	c.sites.AddFlags(cmd, s)
	flags := cmd.Flags()
	flags.StringSliceVar(&c.against, "against", nil, "compare with these manifests instead of the cluster")
	flags.BoolVar(&c.prune, "prune", false, "zones, conduits and assets that the manifests do not name go")
	flags.BoolVar(&c.firewall, "firewall", false, "print the rules that firewalls outside the cluster need, as a table")
	flags.BoolVar(&c.pairs, "pairs", false, "list every pair of pods and devices with what passes before and after (-o json, yaml)")
	flags.BoolVar(&c.details, "details", false, "name every pod, device and write, and what is assumed")
	c.format.AddFlag(cmd)
	return cmd
}

func (c *command) run(ctx context.Context) error {
	if len(c.files) == 0 {
		return errors.New("-f: say which manifests are to be planned")
	}
	if len(c.against) > 0 && c.sites.Several() {
		return errors.New("--against, --contexts: give one of them")
	}
	declared, err := plant.ReadFiles(c.session.In, c.files, c.session.Now())
	if err != nil {
		return err
	}
	return c.sites.Read(c.session, &c.format, func(s *connect.Session) (any, func(), error) {
		f, err := c.forecast(ctx, s, declared)
		if err != nil {
			return nil, nil, err
		}
		return f, func() { c.text(f) }, f.end()
	})
}

func (c *command) forecast(ctx context.Context, s *connect.Session, declared *plant.Plant) (*Forecast, error) {
	before, err := plant.Read(ctx, s, c.against)
	if err != nil {
		return nil, err
	}
	after := before.With(declared, c.prune)
	f, err := newForecast(ctx, before, after)
	if err == nil && c.pairs {
		f.Pairs = pairsOf(f.Change)
	}
	return f, err
}

func (c *command) text(f *Forecast) {
	if c.firewall {
		f.firewallText(c.session.Out)
		return
	}
	f.text(c.session.Out, c.details)
}

// end is how the command ends.
func (f *Forecast) end() error {
	if n := f.errors(); n > 0 {
		return fmt.Errorf("%s: %s would not be taken as declared", f.Site, counted(n, "object", "objects"))
	}
	if !f.Empty() {
		return exit.Silent(exit.Bad)
	}
	return nil
}
