// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package lint is `kubectl zonewarden lint`: what is wrong with manifests, with file and
// line, without a cluster.
package lint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/manifest"
	"github.com/zonewarden/zonewarden/internal/cli/output"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
	"github.com/zonewarden/zonewarden/internal/topology"
)

const about = `Says what is wrong with manifests, with file and line, without a cluster.

It finds what the API server would refuse (unknown fields, schema, rules) and what the
operator would: references, overlaps, segmentation rules of the Site. It does not find what
only a cluster knows: admission policies of others, namespaces, pods, what is served.
Namespaces that no file declares are taken to be in the Site's scope.

Exit codes:
  0  nothing is wrong; warnings are no error, unless --strict says so
  1  the manifests could not be read
  2  something is wrong`

// Finding is one thing that is wrong or doubtful.
type Finding struct {
	File     string            `json:"file"`
	Line     int               `json:"line"`
	Severity v1alpha1.Severity `json:"severity"`
	// Object as kind/name, "" for what is no object.
	Object string `json:"object,omitempty"`
	Path   string `json:"path,omitempty"`
	// Reason is that of the operator's condition, or Invalid for what the API server refuses.
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// ReasonInvalid is what the API server says of what it refuses.
const ReasonInvalid = "Invalid"

type command struct {
	session *connect.Session
	files   []string
	strict  bool
	format  output.Format
}

// Command is the command.
func Command(s *connect.Session) *cobra.Command {
	c := &command{session: s}
	cmd := &cobra.Command{
		Use:   "lint -f FOLDER",
		Short: "What is wrong with manifests, with file and line, without a cluster",
		Long:  about,
		Example: `  kubectl zonewarden lint -f sites/ww-17
  kubectl zonewarden lint -f sites/ww-17 -o sarif > zonewarden.sarif     # for code review`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	plant.AddFiles(cmd, &c.files, "manifests: files, folders, folders of Kustomize, or - (needed)")
	cmd.Flags().BoolVar(&c.strict, "strict", false, "warnings are errors")
	c.format.AddFlag(cmd, "table", "json", "yaml", "sarif")
	return cmd
}

func (c *command) run(context.Context) error {
	if len(c.files) == 0 {
		return errors.New("-f: say which manifests are to be read")
	}
	set, err := manifest.Read(c.session.In, c.files...)
	if err != nil {
		return err
	}
	p, err := plant.FromFilesAsWritten(c.files[0], set, c.session.Now())
	if err != nil {
		return err
	}
	findings := Find(p)
	switch {
	case c.format.String() == "sarif":
		err = printSARIF(c.session.Out, findings)
	case c.format.Structured():
		err = c.format.Print(c.session.Out, struct {
			Kind  string    `json:"kind"`
			Items []Finding `json:"items"`
		}{"FindingList", findings})
	default:
		c.text(p, findings)
	}
	if err != nil {
		return err
	}
	bad := slices.ContainsFunc(findings, func(f Finding) bool { return c.strict || f.Severity == v1alpha1.SeverityError })
	if bad {
		return exit.Silent(exit.Bad)
	}
	return nil
}

// text prints them as compilers do, so that editors and CI find the place.
func (c *command) text(p *plant.Plant, findings []Finding) {
	var wrong, doubtful int
	for _, f := range findings {
		word := "warning"
		doubtful++
		if f.Severity == v1alpha1.SeverityError {
			word = "error"
			wrong, doubtful = wrong+1, doubtful-1
		}
		fmt.Fprintf(c.session.Out, "%s:%d: %s: ", f.File, f.Line, word)
		for _, part := range []string{f.Object, f.Path} {
			if part != "" {
				fmt.Fprintf(c.session.Out, "%s: ", part)
			}
		}
		fmt.Fprintf(c.session.Out, "%s (%s)\n", f.Message, f.Reason)
	}
	fmt.Fprintf(c.session.Out, "%d objects, %d errors, %d warnings\n", len(p.Files.Documents), wrong, doubtful)
}

// Find is everything that is wrong with a site of files, by file and line.
func Find(p *plant.Plant) []Finding {
	out := []Finding{}
	refused := map[string]bool{}
	for _, f := range p.Files.Problems {
		refused[f.Object] = true
		out = append(out, Finding{
			File: f.File, Line: f.Line, Severity: v1alpha1.SeverityError, Object: f.Object, Path: f.Path,
			Reason: ReasonInvalid, Message: f.Message,
		})
	}
	if p.Site == nil && len(p.Zones)+len(p.Conduits)+len(p.Assets) > 0 {
		// By what it would be judged is not there; saying so of each object helps nobody.
		d := p.Files.Documents[0]
		out = append(out, Finding{
			File: d.File, Line: d.Line, Severity: v1alpha1.SeverityWarning, Reason: v1alpha1.ReasonNoSite,
			Message: "no Site is among the manifests, so that references and rules are not judged; give it with another -f",
		})
	} else {
		for ref, v := range p.Model().Verdicts {
			out = append(out, judged(p.Files, ref, v, refused)...)
		}
	}
	slices.SortFunc(out, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(out)
}

// judged are the operator's findings about one object, at their places.
func judged(files *manifest.Set, ref topology.ObjectRef, v *topology.Verdict, refused map[string]bool) []Finding {
	d := files.Find(v1alpha1.GroupVersion.Group, ref.Kind, ref.Name)
	if d == nil {
		return nil
	}
	var out []Finding
	for _, f := range v.Findings {
		// The API server's word is first: what it refuses the operator never sees.
		if assumed := f.Reason == v1alpha1.ReasonNamespaceNotFound; assumed || refused[d.Name()] && f.Severity == v1alpha1.SeverityWarning {
			continue
		}
		out = append(out, Finding{
			File: d.File, Line: d.LineOf(f.Path), Severity: f.Severity, Object: d.Name(),
			Path: f.Path, Reason: f.Reason, Message: f.Message,
		})
	}
	return out
}
