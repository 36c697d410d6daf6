// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/complete"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/decision"
	"github.com/zonewarden/zonewarden/internal/cli/output"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
	"github.com/zonewarden/zonewarden/internal/cli/when"
)

func unlockCommand(s *connect.Session) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:               "unlock LOCK",
		Short:             "Lift a lock; what it ended stays ended",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: complete.First(s, locks),
		RunE:              func(cmd *cobra.Command, args []string) error { return unlock(cmd.Context(), s, args[0], yes) },
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func unlock(ctx context.Context, s *connect.Session, name string, yes bool) error {
	c, err := s.Client()
	if err != nil {
		return err
	}
	l := &v1alpha1.AccessLock{}
	err = c.Get(ctx, client.ObjectKey{Name: name}, l)
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("there is no lock %q: see access locks", name)
	}
	if err != nil {
		return fmt.Errorf("reading lock %s: %w", name, err)
	}
	h, err := heldBy(ctx, c, l.Spec)
	if err != nil {
		return err
	}
	if !yes {
		question := fmt.Sprintf("%s was locked by %s: %s\nUnlocking lets %d windows go on%s, as far as nothing else holds them. Go on?",
			roster.Printable(roster.What(l.Spec)), roster.Printable(string(l.Spec.By)), roster.Printable(l.Spec.Reason),
			len(h.waiting), parenthesis(h.waiting))
		if err := decision.Confirm(s, question); err != nil {
			return err
		}
	}
	if err := s.Delete(ctx, l); err != nil {
		return fmt.Errorf("unlocking: %w", err)
	}
	fmt.Fprintf(s.Out, "unlocked: %s\n", roster.Printable(roster.What(l.Spec)))
	return nil
}

// heldBy are the windows that a lock keeps closed. Nothing is lifted before they are known.
func heldBy(ctx context.Context, c client.Client, l v1alpha1.AccessLockSpec) (held, error) {
	k, err := readLockable(ctx, c, l)
	if err != nil {
		return held{}, err
	}
	if l.Zone != "" && k.unread != nil {
		return held{}, fmt.Errorf("reading zones: %w", k.unread)
	}
	return k.held(l), nil
}

func locksCommand(s *connect.Session) *cobra.Command {
	var format output.Format
	var sites connect.Sites
	cmd := &cobra.Command{
		Use:   "locks",
		Short: "Who and what is locked, by whom and why",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return sites.Read(s, &format, func(at *connect.Session) (any, func(), error) {
				c, err := at.Client()
				if err != nil {
					return nil, nil, err
				}
				var list v1alpha1.AccessLockList
				if err := c.List(cmd.Context(), &list); err != nil {
					return nil, nil, fmt.Errorf("reading locks: %w", err)
				}
				lines := roster.Locks(list.Items)
				_, zone, err := at.Site(cmd.Context())
				if err != nil {
					zone = time.UTC
				}
				answer := map[string]any{"apiVersion": roster.APIVersion, "kind": "AccessLockList", "locks": lines}
				return answer, func() { printLocks(s, lines, zone) }, nil
			})
		},
	}
	sites.AddFlags(cmd, s)
	format.AddFlag(cmd)
	return cmd
}

func printLocks(s *connect.Session, lines []roster.Lock, zone *time.Location) {
	if len(lines) == 0 {
		fmt.Fprintln(s.Out, "nothing is locked")
		return
	}
	rows := [][]string{{"LOCK", "OF", "BY", "SINCE", "KEEPS CLOSED", "WHY"}}
	for _, l := range lines {
		closed := "not known"
		if l.Windows != nil {
			closed = strconv.Itoa(int(*l.Windows))
		}
		rows = append(rows, []string{l.Name, l.What, l.By, when.Show(l.Since.In(zone)), closed, l.Reason})
	}
	roster.Table(s.Out, rows)
}
