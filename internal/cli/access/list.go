// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/output"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
)

func listCommand(s *connect.Session) *cobra.Command {
	var format output.Format
	var sites connect.Sites
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Who is in now, who waits, who was in, what is to be reviewed",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return sites.Read(s, &format, func(at *connect.Session) (any, func(), error) {
				r, zone, err := view(cmd.Context(), at)
				if err != nil {
					return nil, nil, err
				}
				return r, func() {
					r.Text(s.Out, zone)
					fmt.Fprint(s.Out, hints)
				}, nil
			})
		},
	}
	sites.AddFlags(cmd, s)
	format.AddFlag(cmd)
	return cmd
}

const hints = `
End one: access revoke WINDOW    End all: access lock --all    Extend: access extend WINDOW --until 06:00
`

// view reads everything that the roster is made of.
func view(ctx context.Context, s *connect.Session) (roster.Roster, *time.Location, error) {
	f, zone, err := facts(ctx, s)
	if err != nil {
		return roster.Roster{}, nil, err
	}
	return roster.Build(f), zone, nil
}

func facts(ctx context.Context, s *connect.Session) (roster.Facts, *time.Location, error) {
	f := roster.Facts{Now: s.Now()}
	c, err := s.Client()
	if err != nil {
		return f, nil, err
	}
	site, zone, err := s.Site(ctx)
	switch {
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err):
		zone = time.UTC
		f.Notes = append(f.Notes, "the Site: "+connect.Say(err))
	case site != nil && err != nil:
		// At night a view by another clock is better than none.
		f.Site, zone = site, time.UTC
		f.Notes = append(f.Notes, "the Site's clock, so times are UTC: "+err.Error())
	case err != nil:
		return f, nil, err
	default:
		f.Site = site
	}
	var windows v1alpha1.VendorAccessWindowList
	if err := c.List(ctx, &windows); err != nil {
		return f, nil, fmt.Errorf("reading windows: %w", err)
	}
	f.Windows = windows.Items
	err = hidden(ctx, c, &f)
	return f, zone, err
}

// hidden reads what may be hidden from the user.
func hidden(ctx context.Context, c client.Client, f *roster.Facts) error {
	n, err := look(ctx, c)
	if err != nil {
		return err
	}
	f.Vendors, f.Assets = n.vendors.Items, n.assets.Items
	f.Notes = append(f.Notes, n.notes...)
	var locks v1alpha1.AccessLockList
	seen, err := connect.MayList(ctx, c, &locks)
	if err != nil {
		return err
	}
	f.Locks, f.LocksUnknown = locks.Items, !seen
	if !seen {
		f.Notes = append(f.Notes, "locks: you may not read them")
	}
	return nil
}
