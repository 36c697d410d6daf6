// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/output"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
)

func listCommand(s *connect.Session) *cobra.Command {
	var format output.Format
	var namespace string
	var sites connect.Sites
	cmd := &cobra.Command{
		Use:   "list",
		Short: "How certificates stand: until when, what is next, what waits for whom",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return sites.Read(s, &format, func(at *connect.Session) (any, func(), error) {
				items, err := all(cmd.Context(), at, namespace)
				if err != nil {
					return nil, nil, err
				}
				l := listOf(items, s.Now())
				return l, func() { show(cmd, at, l.Certificates) }, nil
			})
		},
	}
	sites.AddFlags(cmd, s)
	cmd.Flags().StringVarP(&namespace, "namespace", "n", "", "of this namespace only")
	format.AddFlag(cmd)
	return cmd
}

func show(cmd *cobra.Command, s *connect.Session, lines []Line) {
	if len(lines) == 0 {
		fmt.Fprintln(s.Out, "there are no certificates")
		return
	}
	_, zone, err := s.Site(cmd.Context())
	if err != nil {
		zone = time.UTC // a view by another clock is better than none
	}
	rows := [][]string{columns}
	for _, l := range lines {
		rows = append(rows, l.row(s.Now(), zone))
	}
	roster.Table(s.Out, rows)
}

func verifyCommand(s *connect.Session) *cobra.Command {
	var format output.Format
	var namespace string
	var sites connect.Sites
	cmd := &cobra.Command{
		Use:   "verify [NAMESPACE/NAME...]",
		Short: "Say what a person has to see to; exit 2 if there is anything",
		Long: `Say what a person has to see to: a certificate that is not there, has run out or is about to,
is not the one that the workload shows, or that the operator refuses. For a cron job: exits 0
when all is well, 2 when something is not, 1 when that could not be found out.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return sites.Read(s, &format, func(at *connect.Session) (any, func(), error) {
				l, err := lines(cmd, at, namespace, args)
				if err != nil {
					return nil, nil, err
				}
				return l, func() { sayFaults(s, l.Certificates) }, l.verdict()
			})
		},
	}
	sites.AddFlags(cmd, s)
	cmd.Flags().StringVarP(&namespace, "namespace", "n", "", "all of this namespace only")
	format.AddFlag(cmd)
	return cmd
}

// verdict is an error where a certificate needs somebody.
func (l List) verdict() error {
	faulty := 0
	for _, line := range l.Certificates {
		if len(line.Faults) > 0 {
			faulty++
		}
	}
	if faulty == 0 {
		return nil
	}
	return exit.With(exit.Bad, "%d of %d certificates need somebody", faulty, len(l.Certificates))
}

func lines(cmd *cobra.Command, s *connect.Session, namespace string, names []string) (List, error) {
	if len(names) == 0 {
		items, err := all(cmd.Context(), s, namespace)
		return listOf(items, s.Now()), err
	}
	var items []v1alpha1.WorkloadCertificate
	for _, name := range names {
		w, err := read(cmd.Context(), s, name)
		if err != nil {
			return List{}, err
		}
		items = append(items, *w)
	}
	return listOf(items, s.Now()), nil
}

func sayFaults(s *connect.Session, lines []Line) {
	for _, l := range lines {
		if len(l.Faults) == 0 {
			fmt.Fprintf(s.Out, "ok    %s/%s\n", l.Namespace, l.Name)
		}
		for _, f := range l.Faults {
			fmt.Fprintf(s.Out, "BAD   %s/%s: %s\n", l.Namespace, l.Name, roster.Printable(f))
		}
	}
}
