// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/decision"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
	"github.com/zonewarden/zonewarden/internal/cli/when"
)

// await waits until the operator has counted a decision, and says what came of it.
func await(ctx context.Context, s *connect.Session, a *v1alpha1.Approval, said decided) error {
	patience, of := said.wait, a.Spec.Of.Name
	if patience <= 0 {
		fmt.Fprintf(s.Out, "stored: %s of %s, as %s. See: access show %s\n", a.Spec.Decision, of, a.Name, of)
		return nil
	}
	c, err := s.Client()
	if err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := decision.Await(bounded, c, a, patience, "access show "+of); err != nil {
		return err
	}
	return counted(bounded, s, c, a, said.zone)
}

// counted says where the window stands with the decision, as soon as it says so itself.
func counted(ctx context.Context, s *connect.Session, c client.Client, a *v1alpha1.Approval, zone *time.Location) error {
	var w *v1alpha1.VendorAccessWindow
	err := wait.PollUntilContextCancel(ctx, decision.Interval, true, func(ctx context.Context) (bool, error) {
		now, err := window(ctx, c, a.Spec.Of.Name)
		if err != nil {
			return false, err
		}
		w = now
		// A review changes nothing about where the window stands.
		return w.Spec.BreakGlass || slices.ContainsFunc(w.Status.DecidedBy, func(d v1alpha1.WindowDecision) bool {
			return d.Approval == a.Name
		}), nil
	})
	if w == nil {
		return exit.With(exit.Unknown, "%s counts; how the window stands could not be read: %w", a.Spec.Decision, err)
	}
	line := roster.Line(w, roster.Known{}, s.Now())
	ends := ""
	if line.End != nil && notOver(w.Status.Phase) {
		ends = ", ends " + when.Show(line.End.In(zone))
	}
	fmt.Fprintf(s.Out, "%s of %s counts. The window: %s, %s%s\n",
		a.Spec.Decision, w.Name, cmp.Or(line.Phase, "new"), roster.Printable(cmp.Or(line.Message, line.Reason)), ends)
	return nil
}
