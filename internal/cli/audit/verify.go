// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/store"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/output"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
)

// verification is what the flags of verify say.
type verification struct {
	file, keys, head, site string

	format output.Format
	sites  connect.Sites
}

// Verdict is what `audit verify -o json` prints. It only ever gets more fields.
type Verdict struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Intact     bool   `json:"intact"`
	// Site whose chain it is: the UID of its kube-system.
	Site string `json:"site,omitempty"`
	// Entries that were read. Of an intact trail the first and the last by their sequence.
	Entries int    `json:"entries"`
	First   uint64 `json:"first,omitempty"`
	Last    uint64 `json:"last,omitempty"`
	// Head as --head takes it. That of a damaged trail is no head to go by: it has none.
	Head string `json:"head,omitempty"`
	// Removed are entries 1 to so many, as the bound asks, by signed checkpoints;
	// NeverExported are those of them that went nowhere first.
	Removed       uint64  `json:"removed,omitempty"`
	NeverExported uint64  `json:"neverExported,omitempty"`
	Faults        []Fault `json:"faults"`
}

// Fault is one thing that is wrong, as package audit has it.
type Fault struct {
	Kind audit.FaultKind `json:"kind"`
	// Index is its place among the lines, from 0; Sequence that of the entry, 0 where a line holds none.
	Index    int    `json:"index"`
	Sequence uint64 `json:"sequence,omitempty"`
	Message  string `json:"message"`
}

const verifyHelp = `Verify finds every entry of the audit trail that was edited, removed, reordered, doubled or
signed by another key, and prints one line for each fault. What is cut off at the end is
found against a head that is known from elsewhere, and by nothing else: give the last one
that went out by syslog or with an export as --head.

With --file it needs no cluster: it judges an exported file by the keys in --keys.`

func verifyCommand(s *connect.Session) *cobra.Command {
	var v verification
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Whether the audit trail is as it was written: exit code 0 intact, 2 faults",
		Long:  verifyHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if v.sites.Several() && v.file+v.head+v.site != "" {
				return errors.New("--contexts: --file, --head and --site are of one site")
			}
			return v.sites.Read(s, &v.format, func(at *connect.Session) (any, func(), error) {
				verdict, err := v.run(cmd.Context(), at)
				if verdict == nil {
					return nil, nil, err
				}
				return verdict, func() { verdict.print(s.Out) }, err
			})
		},
	}
	v.sites.AddFlags(cmd, s)
	v.format.AddFlag(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&v.file, "file", "f", "", `an exported JSON Lines file instead of the cluster; "-" is the standard input`)
	flags.StringVar(&v.keys, "keys", "", "file of public keys, one in base64 a line; not given: those that the operator published")
	flags.StringVar(&v.head, "head", "", "a head that the trail had, known from elsewhere: SEQUENCE:HASH")
	flags.StringVar(&v.site, "site", "", "whose trail it is; not given: this cluster's (the UID of kube-system), with --file that of the first entry")
	return cmd
}

// run gives no verdict where nothing could be judged.
func (v *verification) run(ctx context.Context, s *connect.Session) (*Verdict, error) {
	if v.file != "" && v.keys == "" {
		return nil, errors.New("--keys is needed with --file: by which keys?")
	}
	expect := audit.Expect{Site: v.site}
	if v.head != "" {
		var err error
		if expect.Head, err = headFrom(v.head); err != nil {
			return nil, err
		}
	}
	by, err := keys(ctx, s, v.keys)
	if err != nil {
		return nil, err
	}
	if v.site == "" && v.file == "" {
		expect.Site = cluster(ctx, s)
	}
	entries, faults, err := v.judge(ctx, s, by, expect)
	if err != nil {
		return nil, err
	}
	if len(faults) > 0 {
		err = exit.With(exit.Bad, "the audit trail is damaged (faults: %d, entries: %d)", len(faults), len(entries))
	}
	return verdictOf(entries, faults), err
}

// cluster is whose chain is expected, "" where that may not be read.
func cluster(ctx context.Context, s *connect.Session) string {
	c, err := s.Client()
	if err != nil {
		return ""
	}
	n := &corev1.Namespace{}
	if err := c.Get(ctx, client.ObjectKey{Name: chainOf}, n); err != nil {
		fmt.Fprintf(s.ErrOut, "note: that it is this cluster's trail was not checked, give --site: %s\n", connect.Say(err))
		return ""
	}
	return string(n.UID)
}

// looks is how often a trail with faults is read: while it is read, a segment may go with a
// checkpoint that says so, and then it only seems to be missing.
const looks = 3

func (v *verification) judge(ctx context.Context, s *connect.Session, by []audit.PublicKey, expect audit.Expect) ([]audit.Entry, []audit.Fault, error) {
	for look := 1; ; look++ {
		raw, err := text(ctx, s, v.file)
		if errors.Is(err, store.ErrDamaged) {
			return nil, nil, exit.With(exit.Bad, "%w", err)
		}
		if err != nil {
			return nil, nil, err
		}
		entries, faults := audit.DecodeLines(raw)
		faults = append(faults, audit.Verify(entries, by, expect)...)
		if len(entries) == 0 && len(faults) == 0 {
			faults = append(faults, audit.Fault{Kind: audit.Malformed, Message: "there is no entry"})
		}
		if len(faults) == 0 || v.file != "" || look == looks {
			return entries, faults, nil
		}
	}
}

func verdictOf(entries []audit.Entry, faults []audit.Fault) *Verdict {
	out := &Verdict{APIVersion: roster.APIVersion, Kind: "AuditVerdict", Intact: len(faults) == 0, Entries: len(entries), Faults: []Fault{}}
	for _, f := range faults {
		f.Message = roster.Printable(f.Message)
		out.Faults = append(out.Faults, Fault(f))
	}
	if !out.Intact {
		return out
	}
	head := audit.HeadOf(entries[len(entries)-1])
	out.Site, out.First, out.Last, out.Head = roster.Printable(head.Site), entries[0].Sequence, head.Sequence, headText(head)
	c := audit.LastCheckpoint(entries)
	out.Removed, out.NeverExported = c.Through, c.LostInAll
	return out
}

func (v *Verdict) print(out io.Writer) {
	for _, f := range v.Faults {
		fmt.Fprintln(out, audit.Fault(f))
	}
	if !v.Intact {
		return
	}
	fmt.Fprintf(out, "intact: entries %d to %d of site %s\nhead: %s\n", v.First, v.Last, v.Site, v.Head)
	if v.Removed > 0 {
		fmt.Fprintf(out, "removed as its bound asks, by signed checkpoints: entries 1 to %d, %d of them never exported\n", v.Removed, v.NeverExported)
	}
}

// headText is what --head takes.
func headText(h audit.Head) string { return fmt.Sprintf("%d:%s", h.Sequence, h.Hash) }
