// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
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

Each site's trail is a chain of its own: of several sites, each goes to a file of its own, in
the folder of --to. A file that is there is never written over.

With --since it begins with the first entry of that time or later, and leaves out none after
that. Times are what the site's clock read, so after a clock was set back more is printed.`

// export is what the flags of export say.
type export struct {
	file, to, since string

	format output.Format
	sites  connect.Sites
}

func exportCommand(s *connect.Session) *cobra.Command {
	var e export
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print the audit trail, as JSON Lines or CEF",
		Long:  exportHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case e.sites.Several() && e.file != "":
				return errors.New("--contexts: --file is of one site")
			case e.sites.Several() && e.to == "":
				return errors.New("--contexts: give a folder for one file of each site: --to DIR")
			}
			return e.sites.Each(s, func(at *connect.Session) error { return e.run(cmd.Context(), at) })
		},
	}
	e.sites.AddFlags(cmd, s)
	e.format.AddFlag(cmd, "jsonl", "cef")
	cmd.Flags().StringVarP(&e.file, "file", "f", "", `an exported JSON Lines file instead of the cluster; "-" is the standard input`)
	cmd.Flags().StringVar(&e.to, "to", "", "a folder for a new file CONTEXT.jsonl or CONTEXT.cef, instead of the standard output")
	cmd.Flags().StringVar(&e.since, "since", "", `from when on, by the Site's clock: 24h, "2026-11-01 00:00" or 2026-11-01T00:00Z`)
	return cmd
}

func (e *export) run(ctx context.Context, s *connect.Session) error {
	from, err := start(ctx, s, e.since)
	if err != nil {
		return err
	}
	raw, err := text(ctx, s, e.file)
	if err != nil {
		return err
	}
	lines, unread := pick(raw, from)
	var out bytes.Buffer
	var last *audit.Entry
	printed := 0
	for _, l := range lines {
		if l.read {
			last = &l.entry
		} else if e.format.String() == "cef" {
			continue
		}
		out.Write(l.in(e.format.String()))
		printed++
	}
	where, err := e.put(s, out.Bytes())
	if err != nil {
		return fmt.Errorf("exporting: %w", err)
	}
	if last != nil {
		fmt.Fprintf(s.ErrOut, "%s%d lines, head: %s\n", where, printed, headText(audit.HeadOf(*last)))
	}
	if unread > 0 {
		return exit.With(exit.Bad, "lines that hold no entry of an audit trail: %d. See: audit verify", unread)
	}
	return nil
}

// put writes what is exported, and says where if that is a file. One that is there already may
// hold what the cluster no longer has: it is left.
func (e *export) put(s *connect.Session, raw []byte) (where string, err error) {
	if e.to == "" {
		_, err := s.Out.Write(raw)
		return "", err
	}
	// Names of contexts hold what names of files must not.
	path := filepath.Join(e.to, url.QueryEscape(s.Context())+"."+e.format.String())
	if err := os.MkdirAll(e.to, 0o700); err != nil {
		return "", err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the user names the folder, and writes it as themselves
	if err != nil {
		return "", err
	}
	_, err = f.Write(raw)
	return path + ": ", errors.Join(err, f.Close())
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

// in is a line as it is kept, or the entry that it holds in another format.
func (l line) in(format string) []byte {
	if format == "cef" {
		return append([]byte(audit.CEF(l.entry, product(), logbook.Severity(l.entry.Record))), '\n')
	}
	return l.text
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
