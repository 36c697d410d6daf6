// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package decision

import (
	"cmp"
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
)

// Interval between looks at what the operator says.
const Interval = 200 * time.Millisecond

// Await waits until the operator has counted a decision that is stored, or ctx, which ends
// after patience, is over. The error says with its exit code that it does not count, or that
// this is not known; see names the command that shows more.
func Await(ctx context.Context, c client.Client, a *v1alpha1.Approval, patience time.Duration, see string) error {
	name := a.Name
	var accepted *metav1.Condition
	err := wait.PollUntilContextCancel(ctx, Interval, true, func(ctx context.Context) (bool, error) {
		if err := c.Get(ctx, client.ObjectKeyFromObject(a), a); err != nil {
			return false, err
		}
		accepted = meta.FindStatusCondition(a.Status.Conditions, v1alpha1.ConditionAccepted)
		return accepted != nil && accepted.Status != metav1.ConditionUnknown, nil
	})
	switch {
	case wait.Interrupted(err):
		return exit.With(exit.Unknown, "stored as %s, and the operator has not counted it within %s: it may be down. See: %s", name, patience, see)
	case err != nil:
		return exit.With(exit.Unknown, "stored as %s; whether it counts could not be read: %w", name, err)
	case accepted.Status != metav1.ConditionTrue:
		why := cmp.Or(accepted.Message, access.Reason(accepted.Reason).Sentence())
		return exit.With(exit.Bad, "stored as %s, and it DOES NOT COUNT: %s (%s)", name, roster.Printable(why), accepted.Reason)
	}
	return nil
}
