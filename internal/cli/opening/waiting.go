// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package opening

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/cli/complete"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/output"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
)

// List is what waits, as -o json prints it.
type List struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Needed is how many people have to approve; left out where that is not known.
	Needed  int32     `json:"needed,omitempty"`
	Waiting []Waiting `json:"waiting"`
	Notes   []string  `json:"notes,omitempty"`
}

// Waiting is a Zone, Conduit or Asset that is not in force as declared, because others than
// its author have still to approve it, or denied it.
type Waiting struct {
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	UID        string `json:"uid"`
	Generation int64  `json:"generation"`
	Hash       string `json:"hash"`
	Author     string `json:"author"`
	// Reason of the condition Accepted: AwaitingApproval or OpeningDenied.
	Reason  string `json:"reason"`
	Message string `json:"message,omitempty"`
	// Opens is what it opens, as the operator says.
	Opens []Opening `json:"opens"`
	// ApprovedBy and DeniedBy are those who decided on it as it is now, and count; null
	// where approvals may not be read.
	ApprovedBy []string `json:"approvedBy"`
	DeniedBy   []string `json:"deniedBy"`

	decided string
}

// Opening is one thing that it opens.
type Opening struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// WaitingCommand is "waiting".
func WaitingCommand(s *connect.Session) *cobra.Command {
	var format output.Format
	var sites connect.Sites
	cmd := &cobra.Command{
		Use:   "waiting",
		Short: "Which zones, conduits and assets wait for an approval, what they open, and who has decided",
		Long: `Lists the zones, conduits and assets that are not in force as declared, because others than
their author have still to approve what they open (Site.spec.openings), or denied it.
Windows that wait are in "access list".`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return sites.Read(s, &format, func(at *connect.Session) (any, func(), error) {
				l, err := list(cmd.Context(), at)
				if err != nil {
					return nil, nil, err
				}
				return l, func() { l.text(s) }, nil
			})
		},
	}
	sites.AddFlags(cmd, s)
	format.AddFlag(cmd)
	return cmd
}

func list(ctx context.Context, s *connect.Session) (List, error) {
	l := List{APIVersion: roster.APIVersion, Kind: "WaitingList", Waiting: []Waiting{}}
	c, err := s.Client()
	if err != nil {
		return l, err
	}
	around, err := look(ctx, c)
	if err != nil {
		return l, err
	}
	l.Needed = around.needed
	for _, k := range kinds {
		seen, err := eachWaiting(ctx, c, k, func(d *declared) {
			l.Waiting = append(l.Waiting, d.line(around.of(d)))
		})
		if err != nil {
			return l, err
		}
		if !seen {
			l.Notes = append(l.Notes, k.words[1]+": you may not read them")
		}
	}
	if len(l.Notes) == len(kinds) {
		return l, fmt.Errorf("reading what waits: you may not read zones, conduits and assets")
	}
	return l, nil
}

// eachWaiting reads those of a kind that wait, and says whether the user may.
func eachWaiting(ctx context.Context, c client.Client, k kind, do func(*declared)) (bool, error) {
	all := k.list()
	seen, err := connect.MayList(ctx, c, all)
	if err != nil || !seen {
		return seen, err
	}
	return true, meta.EachListItem(all, func(item runtime.Object) error {
		o, ok := item.(client.Object)
		if !ok {
			return fmt.Errorf("reading %T: it is no object", item)
		}
		d, err := of(k, o)
		if err == nil && d.waits() {
			do(d)
		}
		return err
	})
}

func (d *declared) line(v voices) Waiting {
	w := Waiting{
		Kind: string(d.kind.name), Name: d.object.GetName(), UID: string(d.object.GetUID()), Generation: d.now.generation,
		Hash: d.hash, Author: d.author(), Reason: d.accepted().Reason, Message: d.accepted().Message, Opens: []Opening{},
		ApprovedBy: v.approved, DeniedBy: v.denied, decided: v.words(),
	}
	for _, f := range d.opens() {
		w.Opens = append(w.Opens, Opening{f.Path, f.Message})
	}
	return w
}

func (l List) text(s *connect.Session) {
	switch {
	case len(l.Waiting) > 0:
		rows := [][]string{{"WHAT", "AUTHOR", "DECIDED", "HASH", "OPENS"}}
		for _, w := range l.Waiting {
			rows = append(rows, []string{strings.ToLower(w.Kind) + "/" + w.Name, w.Author, w.decided, w.Hash, w.brief()})
		}
		roster.Table(s.Out, rows)
	case len(l.Notes) > 0:
		fmt.Fprintln(s.Out, "nothing that you may read waits for an approval")
	default:
		fmt.Fprintln(s.Out, "nothing waits for an approval")
	}
	for _, n := range l.Notes {
		fmt.Fprintln(s.Out, "NOT SEEN:", n)
	}
}

// brief is the first thing that it opens, and how many more there are. What the operator says
// of author and approvals after it is in the other columns.
func (w Waiting) brief() string {
	if len(w.Opens) == 0 {
		return w.Message
	}
	out, _, _ := strings.Cut(w.Opens[0].Message, "; written by "+w.Author)
	if more := len(w.Opens) - 1; more > 0 {
		out += fmt.Sprintf(" (and %d more)", more)
	}
	return out
}

// completeWaiting offers what waits: KIND/NAME, or the names of a kind that was typed.
func completeWaiting(s *connect.Session) complete.Func {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		of, prefix := kinds, true
		if len(args) > 0 {
			k, err := kindNamed(args[0])
			if err != nil || len(args) > 1 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			of, prefix = []kind{k}, false
		}
		return complete.Offer(cmd, s, func(ctx context.Context, c client.Client) ([]cobra.Completion, error) {
			var out []cobra.Completion
			for _, k := range of {
				if _, err := eachWaiting(ctx, c, k, func(d *declared) {
					name := d.object.GetName()
					if prefix {
						name = d.path()
					}
					out = append(out, cobra.CompletionWithDesc(name, roster.Printable("by "+d.author())))
				}); err != nil {
					return nil, err
				}
			}
			return out, nil
		})
	}
}
