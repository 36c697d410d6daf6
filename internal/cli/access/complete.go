// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"slices"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/complete"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

// Phases in which a command has something to do.
func anyPhase(v1alpha1.WindowPhase) bool { return true }

func notOver(p v1alpha1.WindowPhase) bool {
	return !slices.Contains([]v1alpha1.WindowPhase{v1alpha1.WindowDenied, v1alpha1.WindowExpired, v1alpha1.WindowRevoked}, p)
}

func open(p v1alpha1.WindowPhase) bool { return p == v1alpha1.WindowActive }

func dormant(p v1alpha1.WindowPhase) bool {
	return p == v1alpha1.WindowApproved || p == v1alpha1.WindowArmed || p == v1alpha1.WindowActive
}

func completeWindows(s *connect.Session, fits func(v1alpha1.WindowPhase) bool) complete.Func {
	return complete.First(s, func(ctx context.Context, c client.Client) ([]cobra.Completion, error) {
		var list v1alpha1.VendorAccessWindowList
		err := c.List(ctx, &list)
		var out []cobra.Completion
		for _, w := range list.Items {
			if fits(w.Status.Phase) {
				out = append(out, cobra.CompletionWithDesc(w.Name, string(w.Status.Phase)+" "+w.Spec.Vendor))
			}
		}
		return out, err
	})
}

func locks(ctx context.Context, c client.Client) ([]cobra.Completion, error) {
	var list v1alpha1.AccessLockList
	err := c.List(ctx, &list)
	var out []cobra.Completion
	for _, l := range list.Items {
		out = append(out, l.Name)
	}
	return out, err
}

func vendors(ctx context.Context, c client.Client) ([]cobra.Completion, error) {
	var list v1alpha1.VendorList
	err := c.List(ctx, &list)
	var out []cobra.Completion
	for _, v := range list.Items {
		out = append(out, cobra.CompletionWithDesc(v.Name, v.Spec.Company))
	}
	return out, err
}

func people(ctx context.Context, c client.Client) ([]cobra.Completion, error) {
	var list v1alpha1.VendorList
	err := c.List(ctx, &list)
	var out []cobra.Completion
	for _, v := range list.Items {
		for _, p := range v.Spec.People {
			out = append(out, cobra.CompletionWithDesc(string(p.User), p.Name))
		}
	}
	return out, err
}

func zones(ctx context.Context, c client.Client) ([]cobra.Completion, error) {
	var list v1alpha1.ZoneList
	err := c.List(ctx, &list)
	var out []cobra.Completion
	for _, z := range list.Items {
		out = append(out, z.Name)
	}
	return out, err
}

func tags(ctx context.Context, c client.Client) ([]cobra.Completion, error) {
	var list v1alpha1.AssetList
	err := c.List(ctx, &list)
	var out []cobra.Completion
	for _, a := range list.Items {
		out = append(out, cobra.CompletionWithDesc(a.Name, a.Spec.Tag+" "+a.Status.Zone))
	}
	return out, err
}

func jumpHosts(ctx context.Context, c client.Client) ([]cobra.Completion, error) {
	site := &v1alpha1.Site{}
	err := c.Get(ctx, client.ObjectKey{Name: connect.SiteName}, site)
	var out []cobra.Completion
	for _, j := range site.Spec.Access.JumpHosts {
		out = append(out, j.Name)
	}
	return out, err
}

func protocols(context.Context, client.Client) ([]cobra.Completion, error) {
	var out []cobra.Completion
	for _, p := range protocol.All() {
		out = append(out, cobra.CompletionWithDesc(p.Key, p.Name))
	}
	return out, nil
}
