// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/decision"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
	"github.com/zonewarden/zonewarden/internal/cli/when"
)

// choice is one command that decides.
type choice struct {
	decision v1alpha1.ApprovalDecision
	use      string
	short    string
	// asks before it decides, and shows what on: what lets somebody in. shows says that it
	// does so with --yes as well.
	asks, shows bool
	fits        func(v1alpha1.WindowPhase) bool
	// until and span say which flags there are, needed that one is.
	until, span, needed bool
}

// word is what the user gave beside the window's name.
type word struct {
	until, span, reason string
	yes                 bool
	wait                time.Duration
}

func approveCommand(s *connect.Session) *cobra.Command {
	return decideCommand(s, choice{
		decision: v1alpha1.DecisionApprove, use: "approve WINDOW", asks: true, shows: true, until: true, fits: anyPhase,
		short: "Let in, until the end that was asked for or an earlier one; review what was opened by break-glass",
	})
}

func extendCommand(s *connect.Session) *cobra.Command {
	return decideCommand(s, choice{
		decision: v1alpha1.DecisionApprove, use: "extend WINDOW --until TIME", asks: true, until: true, needed: true, fits: dormant,
		short: "Let in for longer, without a cut: at most to the latest end that was asked for",
	})
}

func denyCommand(s *connect.Session) *cobra.Command {
	return decideCommand(s, choice{
		decision: v1alpha1.DecisionDeny, use: "deny WINDOW", fits: notOver, short: "Refuse a request, for good",
	})
}

func armCommand(s *connect.Session) *cobra.Command {
	return decideCommand(s, choice{
		decision: v1alpha1.DecisionArm, use: "arm WINDOW --for SPAN", asks: true, until: true, span: true, needed: true, fits: dormant,
		short: "Open what was approved before, as the shift",
	})
}

func revokeCommand(s *connect.Session) *cobra.Command {
	return decideCommand(s, choice{
		decision: v1alpha1.DecisionRevoke, use: "revoke WINDOW", fits: open,
		short: "End a window now, for good",
	})
}

func decideCommand(s *connect.Session, c choice) *cobra.Command {
	var w word
	cmd := &cobra.Command{
		Use: c.use, Short: c.short, Args: cobra.ExactArgs(1),
		DisableFlagsInUseLine: true,
		ValidArgsFunction:     completeWindows(s, c.fits),
		RunE: func(cmd *cobra.Command, args []string) error {
			return decide(cmd.Context(), s, c, w, args[0])
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&w.reason, "reason", "", "why, for the record")
	flags.DurationVar(&w.wait, "wait", 10*time.Second, "how long to wait until the operator has counted it; 0s does not wait")
	if c.asks {
		flags.BoolVarP(&w.yes, "yes", "y", false, "do not ask")
	}
	if c.until {
		flags.StringVar(&w.until, "until", "", "until when, by the Site's clock: "+when.Forms)
	}
	if c.span {
		flags.StringVar(&w.span, "for", "", "how long from now: 2h, 90m")
	}
	return cmd
}

func decide(ctx context.Context, s *connect.Session, c choice, said word, name string) error {
	w, d, zone, err := detail(ctx, s, name)
	if err != nil {
		return err
	}
	// What was opened without an approval is reviewed afterwards as well.
	review := w.Spec.BreakGlass && c.decision == v1alpha1.DecisionApprove
	if !notOver(w.Status.Phase) && !review {
		return fmt.Errorf("window %s is over for good (%s: %s): ask for a new one", name, w.Status.Phase, d.Window.Message)
	}
	until, err := c.end(ctx, s, w, said)
	if err != nil {
		return err
	}
	return c.decide(ctx, s, w, d, decided{word: said, until: until, zone: zone})
}

// decided is what is decided, with the user's words read.
type decided struct {
	word

	until time.Time
	zone  *time.Location
}

func (c choice) decide(ctx context.Context, s *connect.Session, w *v1alpha1.VendorAccessWindow, d roster.Detail, said decided) error {
	me, err := s.Me(ctx)
	if err != nil {
		return err
	}
	a := approval(w, me, c.decision, said.reason)
	if !said.until.IsZero() {
		m := when.Moments(said.zone, said.until)[0]
		a.Spec.Until = &m
	}
	if c.asks && (c.shows || !said.yes) {
		d.Asked(s.Out, said.zone)
	}
	if c.asks && !said.yes {
		if err := decision.Confirm(s, question(a, said)); err != nil {
			return err
		}
	}
	if err := s.Create(ctx, a, false); err != nil {
		return fmt.Errorf("deciding on %s: %w", w.Name, err)
	}
	return await(ctx, s, a, said)
}

// question says what is answered with y.
func question(a *v1alpha1.Approval, said decided) string {
	end := "until the end that was asked for"
	if !said.until.IsZero() {
		end = "until " + when.Show(said.until.In(said.zone))
	}
	return fmt.Sprintf("%s %s %s, as %s?", a.Spec.Decision, a.Spec.Of.Name, end, roster.Printable(string(a.Spec.Approver)))
}

// end is until when, the zero time where nothing was said.
func (c choice) end(ctx context.Context, s *connect.Session, w *v1alpha1.VendorAccessWindow, said word) (time.Time, error) {
	flag, text, err := c.endText(said)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	_, zone, err := s.Site(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", flag, err)
	}
	until, err := when.Clock{Now: s.Now(), Zone: zone}.Until(text)
	if err != nil {
		return until, fmt.Errorf("%s: %w", flag, err)
	}
	if bound, known := bound(w.Spec, zone); known && until.After(bound) {
		return until, fmt.Errorf("%s: %s is later than what was asked for, which is over at %s: ask for a new window",
			flag, when.Show(until), when.Show(bound))
	}
	return until, nil
}

// endText is the flag that says until when, and what it says.
func (c choice) endText(said word) (flag, text string, err error) {
	switch {
	case said.until != "" && said.span != "":
		return "", "", errors.New("--for, --until: give one of them")
	case said.span != "":
		if _, err := when.Span(said.span); err != nil {
			return "", "", fmt.Errorf("--for: %w", err)
		}
		return "--for", "+" + said.span, nil
	case said.until == "" && c.span:
		return "", "", errors.New("--for or --until is needed: arming ends")
	case said.until == "" && c.needed:
		return "", "", errors.New("--until is needed: until when?")
	}
	return "--until", said.until, nil
}

// bound is the latest end that anybody can give.
func bound(spec v1alpha1.VendorAccessWindowSpec, zone *time.Location) (time.Time, bool) {
	last := spec.LatestEnd
	if last == nil {
		last = spec.End
	}
	if last == nil {
		return time.Time{}, false
	}
	t, err := access.ParseMoment(string(*last), zone, access.AsEnd)
	return t, err == nil
}

// approval is the decision on a window as it was read.
func approval(w *v1alpha1.VendorAccessWindow, me connect.User, decision v1alpha1.ApprovalDecision, reason string) *v1alpha1.Approval {
	return &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: w.Name + "-",
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: v1alpha1.GroupVersion.String(), Kind: string(v1alpha1.ApprovedWindow), Name: w.Name, UID: w.UID,
			}},
		},
		Spec: v1alpha1.ApprovalSpec{
			Of: v1alpha1.ApprovedObject{
				Kind: v1alpha1.ApprovedWindow, Name: w.Name, UID: string(w.UID), Generation: w.Generation,
			},
			Requester: w.Spec.Requester,
			Approver:  v1alpha1.Username(me.Name),
			Decision:  decision,
			Factors:   me.Factors,
			Reason:    reason,
		},
	}
}
