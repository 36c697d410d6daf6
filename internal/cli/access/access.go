// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
)

// Command is the group.
func Command(s *connect.Session) *cobra.Command {
	group := &cobra.Command{
		Use:   "access",
		Short: "Vendor access: who is in, ask, decide, lock",
		Args:  cobra.NoArgs, // so that a command that does not exist is an error
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	group.AddCommand(
		listCommand(s), showCommand(s), requestCommand(s),
		approveCommand(s), extendCommand(s), denyCommand(s), armCommand(s), revokeCommand(s),
		lockCommand(s), unlockCommand(s), locksCommand(s),
	)
	return group
}

// window reads one by its name.
func window(ctx context.Context, c client.Client, name string) (*v1alpha1.VendorAccessWindow, error) {
	w := &v1alpha1.VendorAccessWindow{}
	err := c.Get(ctx, client.ObjectKey{Name: name}, w)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("there is no window %q: see access list", name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading window %s: %w", name, err)
	}
	return w, nil
}

// surroundings are what gives names to what a window says. Who may not read all of it sees
// less, and is told.
type surroundings struct {
	vendors v1alpha1.VendorList
	assets  v1alpha1.AssetList
	notes   []string
}

func (n *surroundings) names() roster.Known { return roster.Names(n.vendors.Items, n.assets.Items) }

func look(ctx context.Context, c client.Client) (*surroundings, error) {
	n := &surroundings{}
	for _, of := range []struct {
		what string
		list client.ObjectList
	}{{"companies and names", &n.vendors}, {"plant tags", &n.assets}} {
		seen, err := connect.MayList(ctx, c, of.list)
		if err != nil {
			return nil, err
		}
		if !seen {
			n.notes = append(n.notes, of.what+": you may not read them")
		}
	}
	return n, nil
}
