// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package opening

import (
	"cmp"
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/decision"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
)

// await waits until the operator has counted a decision, and says what came of it.
func (d *declared) await(ctx context.Context, s *connect.Session, c client.Client, a *v1alpha1.Approval, patience time.Duration) error {
	if patience <= 0 {
		fmt.Fprintf(s.Out, "stored: %s of %s, as %s. See: waiting\n", a.Spec.Decision, d.path(), a.Name)
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := decision.Await(bounded, c, a, patience, "waiting"); err != nil {
		return err
	}
	return d.stands(bounded, s, c, a.Spec.Decision)
}

// stands says where the object stands with a decision that counts, as soon as it says another
// thing than when it was decided on. A denial is for good, and whoever approves then hears of it.
func (d *declared) stands(ctx context.Context, s *connect.Session, c client.Client, said v1alpha1.ApprovalDecision) error {
	var now *declared
	err := wait.PollUntilContextCancel(ctx, decision.Interval, true, func(ctx context.Context) (bool, error) {
		seen, err := read(ctx, c, d.kind, d.object.GetName())
		if err != nil {
			return false, err
		}
		now = seen
		return !now.same(d) || now.saysAnother(d) || now.denied(), nil
	})
	if now == nil {
		return exit.With(exit.Unknown, "%s of %s counts; how it stands could not be read: %w", said, d.path(), err)
	}
	if err != nil {
		return exit.With(exit.Unknown, "%s of %s counts, and what comes of it was not seen in time. See: waiting", said, d.path())
	}
	fmt.Fprintf(s.Out, "%s of %s counts. %s\n", said, d.path(), roster.Printable(now.standing(d)))
	return nil
}

// saysAnother says that the operator says something else of it than before.
func (d *declared) saysAnother(before *declared) bool {
	is, was := d.accepted(), before.accepted()
	if is == nil || is.Status == metav1.ConditionUnknown {
		return false
	}
	return is.Status != was.Status || is.Reason != was.Reason || is.Message != was.Message
}

// standing in words, after a decision on what was declared before.
func (d *declared) standing(before *declared) string {
	if !d.same(before) {
		return fmt.Sprintf("It was changed since: see generation %d.", d.now.generation)
	}
	c := d.accepted()
	if c.Status == metav1.ConditionTrue {
		return "It is in force as declared."
	}
	return fmt.Sprintf("Not accepted: %s (%s)", cmp.Or(c.Message, "no reason given"), c.Reason)
}
