// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/output"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
	"github.com/zonewarden/zonewarden/internal/reach"
)

// Matrix is what may pass at one site.
type Matrix struct {
	Kind string `json:"kind"`
	Site string `json:"site"`
	// Open are the zones in which nothing is denied, so that everything passes as well.
	Open     []string        `json:"open"`
	Passages []reach.Passage `json:"passages"`
	// Pairs of pods and devices, where they were asked for.
	Pairs  []Pair   `json:"pairs,omitempty"`
	Unseen []string `json:"unseen"`
}

// Pair is what passes from one pod or device to another.
type Pair struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Passes string `json:"passes"`
}

type command struct {
	session *connect.Session
	sites   connect.Sites
	files   []string
	zones   []string
	pairs   bool
	wide    bool
	format  output.Format
}

// Command is the command matrix.
func Command(s *connect.Session) *cobra.Command {
	c := &command{session: s}
	cmd := &cobra.Command{
		Use:   "matrix",
		Short: "What may pass between which zones, by which conduit, and who enforces it",
		Long: `Lists everything that may pass: through conduits, within zones, and to the services of
the cluster, and who enforces it: this cluster, a firewall outside it, or nobody.
What an open access window lets pass is in "access list".`,
		Example: `  kubectl zonewarden matrix
  kubectl zonewarden matrix --zone cell-dosing --members
  kubectl zonewarden matrix -f sites/ww-17 -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	plant.AddFiles(cmd, &c.files, "of these manifests, instead of a cluster")
	c.sites.AddFlags(cmd, s)
	cmd.Flags().StringSliceVar(&c.zones, "zone", nil, "only what these zones are an end of")
	cmd.Flags().BoolVar(&c.wide, "members", false, "name the pods and devices of each row")
	cmd.Flags().BoolVar(&c.pairs, "pairs", false, "every pair of pods and devices that this cluster has a say in, with what passes (-o json, yaml)")
	c.format.AddFlag(cmd)
	return cmd
}

func (c *command) run(ctx context.Context) error {
	if len(c.files) > 0 && c.sites.Several() {
		return errors.New("-f, --contexts: give one of them")
	}
	return c.sites.Read(c.session, &c.format, func(s *connect.Session) (any, func(), error) {
		p, err := plant.Read(ctx, s, c.files)
		if err != nil {
			return nil, nil, err
		}
		m, err := c.of(p)
		if err != nil {
			return nil, nil, err
		}
		return m, func() { c.text(m) }, nil
	})
}

// of is the matrix of a site.
func (c *command) of(p *plant.Plant) (Matrix, error) {
	v := viewOf(p)
	out := Matrix{Kind: "Matrix", Site: p.SiteName(), Open: []string{}, Passages: []reach.Passage{}, Unseen: append([]string{}, p.Unseen...)}
	for _, name := range c.zones {
		if p.Model().Zone(name) == nil {
			return Matrix{}, fmt.Errorf("--zone: there is no zone %q in force", name)
		}
	}
	for _, z := range p.Model().Zones {
		if !z.Enforce && len(z.Workloads) > 0 && c.meant(z.Name, z.Name) {
			out.Open = append(out.Open, z.Name)
		}
	}
	for _, passage := range v.Passages() {
		if c.meant(passage.From.Zone, passage.To.Zone) {
			out.Passages = append(out.Passages, passage)
		}
	}
	if c.pairs {
		out.Pairs = c.pairsOf(v)
	}
	return out, nil
}

func viewOf(p *plant.Plant) *reach.View {
	return reach.Look(p.Model(), reach.NewAtlas(p.Pods, p.Model()))
}

// meant says that the ends are among those that were asked for.
func (c *command) meant(from, to string) bool {
	return len(c.zones) == 0 || slices.Contains(c.zones, from) || slices.Contains(c.zones, to)
}

func (c *command) pairsOf(v *reach.View) []Pair {
	out := []Pair{}
	for i, from := range v.Places {
		for j, to := range v.Places {
			pair := reach.Pair{From: i, To: j}
			if !v.AtPod(pair) || !c.meant(v.ZoneName(i), v.ZoneName(j)) {
				continue
			}
			passes := v.Passes(pair).String()
			for _, a := range from.Members {
				for _, b := range to.Members {
					if a != b {
						out = append(out, Pair{From: a, To: b, Passes: passes})
					}
				}
			}
		}
	}
	return out
}

func (c *command) text(m Matrix) {
	rows := table(m.Passages)
	for i, row := range rows {
		if i > 0 && !c.wide && row == rows[i-1] {
			continue // it differs by members only
		}
		fmt.Fprintln(c.session.Out, row)
		if i > 0 && c.wide {
			p := m.Passages[i-1]
			fmt.Fprintf(c.session.Out, "    %s -> %s\n", strings.Join(p.From.Members, ", "), strings.Join(p.To.Members, ", "))
		}
	}
	for _, z := range m.Open {
		fmt.Fprintf(c.session.Out, "%s is in Observe: nothing is denied at its pods, whatever is listed\n", z)
	}
	for _, u := range m.Unseen {
		fmt.Fprintf(c.session.Out, "not seen: %s\n", u)
	}
}

// table is a line for the head and one for each passage.
func table(passages []reach.Passage) []string {
	var out bytes.Buffer
	t := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FROM\tTO\tWHAT\tBY\tENFORCED-BY")
	for _, p := range passages {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", p.From.Zone, p.To.Zone, p.What, p.By, enforcer(p))
	}
	_ = t.Flush()
	return strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
}

func enforcer(p reach.Passage) string {
	switch {
	case p.EnforcedBy == v1alpha1.EnforcedByExternal:
		return p.Device
	case p.NothingDenied && p.EnforcedBy == v1alpha1.EnforcedByCluster:
		return "nobody yet (Observe)"
	}
	return string(p.EnforcedBy)
}
