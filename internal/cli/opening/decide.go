// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package opening

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/decision"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
)

// word is what somebody says with a decision.
type word struct {
	decision     v1alpha1.ApprovalDecision
	hash, reason string
	yes          bool
	wait         time.Duration
}

// ApproveCommand is "approve".
func ApproveCommand(s *connect.Session) *cobra.Command {
	return decideCommand(s, v1alpha1.DecisionApprove, &cobra.Command{
		Use:   "approve KIND/NAME",
		Short: "Let a zone, conduit or asset open what it declares, where others than its author have to agree",
		Long: `Lets a zone, conduit or asset open what it declares, where the Site wants others than its author
to approve that (spec.openings). Shows what it opens, and how it differs from what is in force.
Windows are approved by "access approve".`,
		Example: `  kubectl zonewarden approve conduit/vendor-drives
  kubectl zonewarden approve conduit vendor-drives --hash sha256:9f3c... --yes   # what plan showed, or nothing`,
	})
}

// DenyCommand is "deny".
func DenyCommand(s *connect.Session) *cobra.Command {
	return decideCommand(s, v1alpha1.DecisionDeny, &cobra.Command{
		Use:   "deny KIND/NAME",
		Short: "Refuse what a zone, conduit or asset opens; what was in force before stays",
		Long: `Refuses what a zone, conduit or asset opens, as it is declared now. What was in force before stays,
and another change can be approved.`,
		Example: `  kubectl zonewarden deny conduit/vendor-drives --reason "by the jump host, please"`,
	})
}

func decideCommand(s *connect.Session, d v1alpha1.ApprovalDecision, cmd *cobra.Command) *cobra.Command {
	said := word{decision: d}
	cmd.Args = cobra.RangeArgs(1, 2)
	cmd.ValidArgsFunction = completeWaiting(s)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return decide(cmd.Context(), s, said, args) }
	flags := cmd.Flags()
	flags.StringVar(&said.hash, "hash", "", "what was reviewed, as plan and waiting print it; where it is another by now, nothing is done")
	flags.StringVar(&said.reason, "reason", "", "why, for the record")
	flags.BoolVarP(&said.yes, "yes", "y", false, "do not ask")
	flags.DurationVar(&said.wait, "wait", 10*time.Second, "how long to wait until the operator has counted it; 0s does not wait")
	return cmd
}

var hashForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// decide reads what the arguments name, and who decides.
func decide(ctx context.Context, s *connect.Session, said word, args []string) error {
	k, name, err := named(args)
	if err != nil {
		return err
	}
	if said.hash != "" && !hashForm.MatchString(said.hash) {
		return errors.New("--hash: write sha256: and 64 hexadecimal digits, as plan and waiting print it")
	}
	c, err := s.Client()
	if err != nil {
		return err
	}
	d, err := read(ctx, c, k, name)
	if err != nil {
		return err
	}
	me, err := s.Me(ctx)
	if err != nil {
		return err
	}
	return d.decide(ctx, s, c, said, me)
}

// decide refuses what cannot be decided on, shows, asks, writes and waits.
func (d *declared) decide(ctx context.Context, s *connect.Session, c client.Client, said word, me connect.User) error {
	around, err := look(ctx, c)
	if err != nil {
		return err
	}
	if err := d.decidable(said, me.Name, around); err != nil {
		return err
	}
	if err := d.show(s.Out, around.of(d)); err != nil {
		return err
	}
	now, err := d.confirmed(ctx, s, c, said, me.Name)
	if err != nil {
		return err
	}
	a := now.approval(said, me)
	if err := s.Create(ctx, a, false); err != nil {
		return fmt.Errorf("deciding on %s: %w", now.path(), err)
	}
	return now.await(ctx, s, c, a, said.wait)
}

// decidable says why somebody cannot decide on it.
func (d *declared) decidable(said word, me string, around surroundings) error {
	switch {
	case said.hash != "" && said.hash != d.hash:
		return fmt.Errorf("--hash: %s is another than was reviewed: it is %s, generation %d, by now: review that", d.path(), d.hash, d.now.generation)
	case !d.judged():
		return fmt.Errorf("the operator has not looked at generation %d of %s yet: try again", d.now.generation, d.path())
	case !d.waits():
		return d.waitsForNobody()
	case d.author() == "":
		return fmt.Errorf("%s does not say who wrote it (annotation %s), so nobody can be another: change it with the annotation", d.path(), v1alpha1.AnnotationAuthor)
	case strings.EqualFold(d.author(), me):
		return fmt.Errorf("you wrote %s (annotation %s): somebody else has to decide on it", d.path(), v1alpha1.AnnotationAuthor)
	}
	if name, is := around.already(d, me, said.decision); is {
		return fmt.Errorf("you said %s of %s already, by %s: others decide now", said.decision, d.path(), name)
	}
	return nil
}

// judged says that the operator has looked at what is declared now.
func (d *declared) judged() bool {
	c := d.accepted()
	return c != nil && c.Status != metav1.ConditionUnknown && c.ObservedGeneration == d.now.generation
}

func (d *declared) waitsForNobody() error {
	c := d.accepted()
	if c.Status == metav1.ConditionTrue {
		return fmt.Errorf("%s waits for no approval: it is in force as declared", d.path())
	}
	return fmt.Errorf("%s waits for no approval, it is wrong: %s (%s)", d.path(), roster.Printable(c.Message), c.Reason)
}

// confirmed asks, and reads the object again, because that may have taken a while. It is still
// what was shown.
func (d *declared) confirmed(ctx context.Context, s *connect.Session, c client.Client, said word, me string) (*declared, error) {
	if said.yes {
		return d, nil
	}
	if err := decision.Confirm(s, fmt.Sprintf("%s %s, as %s?", said.decision, d.path(), roster.Printable(me))); err != nil {
		return nil, err
	}
	now, err := read(ctx, c, d.kind, d.object.GetName())
	if err != nil {
		return nil, err
	}
	if !now.same(d) {
		return nil, fmt.Errorf("%s was changed while you read, nothing was done: look at generation %d", d.path(), now.now.generation)
	}
	return now, nil
}

// approval is the decision on an object as it was read.
func (d *declared) approval(said word, me connect.User) *v1alpha1.Approval {
	o := d.object
	return &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: d.kind.words[0] + "-" + o.GetName() + "-",
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: v1alpha1.GroupVersion.String(), Kind: string(d.kind.name), Name: o.GetName(), UID: o.GetUID(),
			}},
		},
		Spec: v1alpha1.ApprovalSpec{
			Of: v1alpha1.ApprovedObject{
				Kind: d.kind.name, Name: o.GetName(), UID: string(o.GetUID()), Generation: d.now.generation, SpecHash: d.hash,
			},
			Requester: v1alpha1.Username(d.author()),
			Approver:  v1alpha1.Username(me.Name),
			Decision:  said.decision,
			Factors:   me.Factors,
			Reason:    said.reason,
		},
	}
}
