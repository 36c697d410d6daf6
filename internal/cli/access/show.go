// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/output"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
)

func showCommand(s *connect.Session) *cobra.Command {
	var format output.Format
	var sites connect.Sites
	cmd := &cobra.Command{
		Use:               "show WINDOW",
		Short:             "Everything about one window: endpoints, decisions, those that do not count as well",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeWindows(s, anyPhase),
		RunE: func(cmd *cobra.Command, args []string) error {
			return sites.Read(s, &format, func(at *connect.Session) (any, func(), error) {
				_, d, zone, err := detail(cmd.Context(), at, args[0])
				if err != nil {
					return nil, nil, err
				}
				return d, func() { d.Text(s.Out, zone, s.Now()) }, nil
			})
		},
	}
	sites.AddFlags(cmd, s)
	format.AddFlag(cmd)
	return cmd
}

// detail reads everything about one window. A vendor's own people may read nothing but it.
func detail(ctx context.Context, s *connect.Session, name string) (*v1alpha1.VendorAccessWindow, roster.Detail, *time.Location, error) {
	none := roster.Detail{}
	c, err := s.Client()
	if err != nil {
		return nil, none, nil, err
	}
	w, err := window(ctx, c, name)
	if err != nil {
		return nil, none, nil, err
	}
	n, err := look(ctx, c)
	if err != nil {
		return nil, none, nil, err
	}
	var approvals v1alpha1.ApprovalList
	seen, err := connect.MayList(ctx, c, &approvals)
	if err != nil {
		return nil, none, nil, err
	}
	if !seen {
		n.notes = append(n.notes, "decisions: you may not read them")
	}
	_, zone, err := s.Site(ctx)
	switch {
	case apierrors.IsForbidden(err), apierrors.IsNotFound(err):
		zone = time.UTC
		n.notes = append(n.notes, "the Site, so times are UTC: "+connect.Say(err))
	case err != nil:
		return nil, none, nil, err
	}
	d := roster.About(w, approvals.Items, n.names(), s.Now())
	d.Notes = n.notes
	return w, d, zone, nil
}
