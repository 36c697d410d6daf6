// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
)

// interval between looks at what the operator says.
const interval = 200 * time.Millisecond

// await waits until the operator has counted a decision, and says what came of it.
func await(ctx context.Context, s *connect.Session, a *v1alpha1.Approval, patience time.Duration) error {
	name, of := a.Name, a.Spec.Of.Name
	if patience <= 0 {
		fmt.Fprintf(s.Out, "stored: %s of %s, as %s. See: access show %s\n", a.Spec.Decision, of, name, of)
		return nil
	}
	c, err := s.Client()
	if err != nil {
		return err
	}
	var accepted *metav1.Condition
	err = wait.PollUntilContextTimeout(ctx, interval, patience, true, func(ctx context.Context) (bool, error) {
		if err := c.Get(ctx, client.ObjectKeyFromObject(a), a); err != nil {
			return false, err
		}
		accepted = meta.FindStatusCondition(a.Status.Conditions, v1alpha1.ConditionAccepted)
		return accepted != nil && accepted.Status != metav1.ConditionUnknown, nil
	})
	switch {
	case wait.Interrupted(err):
		return exit.With(exit.Unknown, "stored as %s, and the operator has not counted it within %s: it may be down. See: access show %s", name, patience, of)
	case err != nil:
		return exit.With(exit.Unknown, "stored as %s; whether it counts could not be read: %w", name, err)
	case accepted.Status != metav1.ConditionTrue:
		why := cmp.Or(accepted.Message, access.Reason(accepted.Reason).Sentence())
		return exit.With(exit.Bad, "stored as %s, and it DOES NOT COUNT: %s (%s)", name, roster.Printable(why), accepted.Reason)
	}
	return counted(ctx, s, c, a)
}

// counted says where the window stands with the decision.
func counted(ctx context.Context, s *connect.Session, c client.Client, a *v1alpha1.Approval) error {
	w, err := window(ctx, c, a.Spec.Of.Name)
	if err != nil {
		return exit.With(exit.Unknown, "%s counts; how the window stands could not be read: %w", a.Spec.Decision, err)
	}
	line := roster.Line(w, roster.Known{}, s.Now())
	fmt.Fprintf(s.Out, "%s of %s counts. The window: %s, %s\n",
		a.Spec.Decision, w.Name, cmp.Or(line.Phase, "new"), roster.Printable(cmp.Or(line.Message, line.Reason)))
	return nil
}
