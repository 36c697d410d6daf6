// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package graph is `kubectl zonewarden graph`: the zone and conduit drawing of IEC
// 62443-3-2 ZCR 6.3, of a cluster or of manifests. Package drawing draws it.
package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/output"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
	"github.com/zonewarden/zonewarden/internal/drawing"
	"github.com/zonewarden/zonewarden/internal/drawing/dot"
	"github.com/zonewarden/zonewarden/internal/drawing/layout"
	"github.com/zonewarden/zonewarden/internal/drawing/mermaid"
	"github.com/zonewarden/zonewarden/internal/drawing/svg"
	"github.com/zonewarden/zonewarden/internal/drawing/text"
)

// writers are the formats by name.
var writers = map[string]func(io.Writer, *drawing.Drawing) error{
	"svg":     func(out io.Writer, d *drawing.Drawing) error { return svg.Write(out, layout.New(d)) },
	"dot":     dot.Write,
	"mermaid": mermaid.Write,
	"text":    text.Write,
}

// title is what the drawing's title block says that nothing declares.
type title struct {
	description, revision, approver, approved, reference string
}

// Command is the command.
func Command(s *connect.Session) *cobra.Command {
	var format output.Format
	var files []string
	var sites connect.Sites
	var t title
	cmd := &cobra.Command{
		Use:   "graph",
		Short: "The zone and conduit drawing: levels, zones, conduits, who enforces them, open windows",
		Long: `Draws zones and conduits by Purdue level (IEC 62443-3-2 ZCR 6.3): who opens to whom, which
way the data goes, who enforces it, what is open for vendors now. The sheet has a table of all
conduits, a legend, and a title block with a hash over everything declared.

The revision and who approved the drawing are not in a cluster: give them by flags. Of a cluster
it says as well who approved what a conduit or zone opens (spec.openings). Of what you may not
list on it, the sheet says that it is not known: the role zonewarden-planner sees all of it.`,
		Example: `  kubectl zonewarden graph > ww-17.svg
  kubectl zonewarden graph -f sites/ww-17 --revision "$(git describe --always)" --approved-by "head of operations" > ww-17.svg
  kubectl zonewarden graph -o text
  kubectl zonewarden graph -o dot | dot -Tpdf > ww-17.pdf`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if sites.Several() && (len(files) > 0 || format.String() != "text") {
				return errors.New("--contexts: a picture is of one site; several can be drawn with -o text")
			}
			return sites.Each(s, func(at *connect.Session) error {
				return draw(cmd.Context(), at, files, t, writers[format.String()])
			})
		},
	}
	plant.AddFiles(cmd, &files, "of these manifests, instead of a cluster")
	sites.AddFlags(cmd, s)
	flags := cmd.Flags()
	flags.StringVar(&t.description, "description", "", "what the title block says of the site")
	flags.StringVar(&t.revision, "revision", "", "revision in Git, for the title block")
	flags.StringVar(&t.approver, "approved-by", "", "who approved what is drawn")
	flags.StringVar(&t.approved, "approved-at", "", "on which day: 2026-11-01")
	flags.StringVar(&t.reference, "approval", "", "reference of the approval, for example CR-2211")
	format.AddFlag(cmd, "svg", "dot", "mermaid", "text")
	return cmd
}

func draw(ctx context.Context, s *connect.Session, files []string, t title, write func(io.Writer, *drawing.Drawing) error) error {
	p, err := plant.Read(ctx, s, files)
	if err != nil {
		return err
	}
	drawn, err := of(p, t, s.Now())
	if err != nil {
		return err
	}
	if err := write(s.Out, drawing.New(drawn)); err != nil {
		return fmt.Errorf("drawing: %w", err)
	}
	for _, u := range p.Unseen {
		fmt.Fprintf(s.ErrOut, "not seen: %s\n", u)
	}
	return nil
}

// of gathers what is drawn.
func of(p *plant.Plant, t title, now time.Time) (drawing.Plant, error) {
	out := drawing.Declared(p.Model(), p.Snapshot)
	zone := time.UTC
	if p.Site != nil {
		if z, err := time.LoadLocation(p.Site.Spec.TimeZone); err == nil {
			zone = z
		}
	}
	out.Description, out.Revision, out.Hash = t.description, t.revision, p.Hash()
	out.Source, out.Drawn = drawing.Source{Cluster: p.Live, Name: p.Name}, now.In(zone)
	if t.approver != "" {
		approval := drawing.Approval{By: t.approver, Reference: t.reference}
		if t.approved != "" {
			day, err := time.ParseInLocation(time.DateOnly, t.approved, zone)
			if err != nil {
				return out, fmt.Errorf("--approved-at: write a day: 2026-11-01: %w", err)
			}
			approval.At = day
		}
		out.Approvals = append(out.Approvals, approval)
	} else if t.approved+t.reference != "" {
		return out, errors.New("--approved-by is needed: who approved it?")
	}
	if p.Live && p.Windows != nil {
		out.Windows = windows(p, zone)
	}
	leaveOut(&out, p)
	return out, nil
}
