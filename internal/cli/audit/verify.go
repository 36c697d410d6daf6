// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/store"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
)

// verification is what the flags of verify say.
type verification struct {
	file, keys, head, site string

	sites connect.Sites
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
			return v.sites.Each(s, func(at *connect.Session) error {
				if v.sites.Several() {
					fmt.Fprintf(s.Out, "--- %s\n", at.Context())
				}
				return v.run(cmd.Context(), at)
			})
		},
	}
	v.sites.AddFlags(cmd, s)
	flags := cmd.Flags()
	flags.StringVarP(&v.file, "file", "f", "", `an exported JSON Lines file instead of the cluster; "-" is the standard input`)
	flags.StringVar(&v.keys, "keys", "", "file of public keys, one in base64 a line; not given: those that the operator published")
	flags.StringVar(&v.head, "head", "", "a head that the trail had, known from elsewhere: SEQUENCE:HASH")
	flags.StringVar(&v.site, "site", "", "whose trail it is; not given: this cluster's (the UID of kube-system), with --file that of the first entry")
	return cmd
}

func (v verification) run(ctx context.Context, s *connect.Session) error {
	if v.file != "" && v.keys == "" {
		return errors.New("--keys is needed with --file: by which keys?")
	}
	expect := audit.Expect{Site: v.site}
	if v.head != "" {
		var err error
		if expect.Head, err = headFrom(v.head); err != nil {
			return err
		}
	}
	by, err := keys(ctx, s, v.keys)
	if err != nil {
		return err
	}
	if v.site == "" && v.file == "" {
		expect.Site = cluster(ctx, s)
	}
	entries, faults, err := v.judge(ctx, s, by, expect)
	if err != nil {
		return err
	}
	return report(s, entries, faults)
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

func (v verification) judge(ctx context.Context, s *connect.Session, by []audit.PublicKey, expect audit.Expect) ([]audit.Entry, []audit.Fault, error) {
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

func report(s *connect.Session, entries []audit.Entry, faults []audit.Fault) error {
	for _, f := range faults {
		fmt.Fprintln(s.Out, roster.Printable(f.String()))
	}
	if len(faults) > 0 {
		return exit.With(exit.Bad, "the audit trail is damaged (faults: %d, entries: %d)", len(faults), len(entries))
	}
	first, head := entries[0], audit.HeadOf(entries[len(entries)-1])
	fmt.Fprintf(s.Out, "intact: entries %d to %d of site %s\nhead: %s\n", first.Sequence, head.Sequence, roster.Printable(head.Site), headText(head))
	if c := audit.LastCheckpoint(entries); c.Through > 0 {
		fmt.Fprintf(s.Out, "removed as its bound asks, by signed checkpoints: entries 1 to %d, %d of them never exported\n", c.Through, c.LostInAll)
	}
	return nil
}

// headText is what --head takes.
func headText(h audit.Head) string { return fmt.Sprintf("%d:%s", h.Sequence, h.Hash) }
