// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/logbook"
	"github.com/zonewarden/zonewarden/internal/buildinfo"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/output"
	"github.com/zonewarden/zonewarden/internal/cli/when"
)

const exportHelp = `Export prints the audit trail in the order of its chain. As jsonl each line is what is kept,
byte for byte, so that verify --file judges it anywhere; as cef it is for searching. Its
head goes to the standard error: keep it apart from the file, for verify --head.

With --since it begins with the first entry of that time or later, and leaves out none after
that. Times are what the site's clock read, so after a clock was set back more is printed.`

func exportCommand(s *connect.Session) *cobra.Command {
	var since, file string
	var format output.Format
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print the audit trail, as JSON Lines or CEF",
		Long:  exportHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return export(cmd.Context(), s, file, since, format.String())
		},
	}
	format.AddFlag(cmd, "jsonl", "jsonl", "cef")
	cmd.Flags().StringVarP(&file, "file", "f", "", `an exported JSON Lines file instead of the cluster; "-" is the standard input`)
	cmd.Flags().StringVar(&since, "since", "", `from when on, by the Site's clock: 24h, "2026-11-01 00:00" or 2026-11-01T00:00Z`)
	return cmd
}

func export(ctx context.Context, s *connect.Session, file, since, format string) error {
	from, err := start(ctx, s, since)
	if err != nil {
		return err
	}
	raw, err := text(ctx, s, file)
	if err != nil {
		return err
	}
	lines, unread := pick(raw, from)
	var last *audit.Entry
	printed := 0
	for _, l := range lines {
		if l.read {
			last = &l.entry
		} else if format == "cef" {
			continue
		}
		if err := l.write(s.Out, format); err != nil {
			return fmt.Errorf("exporting: %w", err)
		}
		printed++
	}
	if last != nil {
		fmt.Fprintf(s.ErrOut, "%d lines, head: %s\n", printed, headText(audit.HeadOf(*last)))
	}
	if unread > 0 {
		return exit.With(exit.Bad, "lines that hold no entry of an audit trail: %d. See: audit verify", unread)
	}
	return nil
}

// line is one as it is kept.
type line struct {
	text  []byte
	entry audit.Entry
	// read says that it holds an entry.
	read bool
}

// pick takes all lines from the first entry of a time on, and counts those that hold none.
func pick(raw []byte, from time.Time) (lines []line, unread int) {
	begun := from.IsZero()
	for text := range bytes.Lines(raw) {
		e, err := audit.Decode(bytes.TrimSuffix(text, []byte{'\n'}))
		if err != nil {
			unread++
		}
		begun = begun || err == nil && !e.Record.At.Before(from)
		if begun {
			lines = append(lines, line{text: text, entry: e, read: err == nil})
		}
	}
	return lines, unread
}

// write prints a line as it is kept, or the entry that it holds.
func (l line) write(out io.Writer, format string) error {
	text := l.text
	if format == "cef" {
		text = append([]byte(audit.CEF(l.entry, product(), logbook.Severity(l.entry.Record))), '\n')
	}
	_, err := out.Write(text)
	return err
}

func product() audit.Product {
	return audit.Product{Vendor: "Zonewarden", Name: "zonewarden", Version: buildinfo.Version()}
}

// start is from when on, the zero time for all. The Site is asked only where a time is not
// the same everywhere.
func start(ctx context.Context, s *connect.Session, since string) (time.Time, error) {
	if since == "" {
		return time.Time{}, nil
	}
	clock := when.Clock{Now: s.Now(), Zone: time.UTC}
	if _, err := when.Span(since); err != nil && !hasOffset(since) {
		if _, clock.Zone, err = s.Site(ctx); err != nil {
			return time.Time{}, fmt.Errorf("--since: give it an offset, 2026-11-01T00:00Z, where the Site may not be read: %w", err)
		}
	}
	from, err := clock.Since(since)
	if err != nil {
		return from, fmt.Errorf("--since: %w", err)
	}
	return from, nil
}

// hasOffset says that a time means the same in every zone.
func hasOffset(since string) bool {
	here, errHere := when.Clock{Now: time.Unix(1<<40, 0), Zone: time.FixedZone("", 0)}.Since(since)
	there, errThere := when.Clock{Now: time.Unix(1<<40, 0), Zone: time.FixedZone("", 3600)}.Since(since)
	return errHere == nil && errThere == nil && here.Equal(there)
}
