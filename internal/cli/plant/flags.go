// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant

import (
	"context"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/manifest"
)

// AddFiles adds -f, the files to read instead of a cluster or to lay over one.
func AddFiles(cmd *cobra.Command, files *[]string, usage string) {
	cmd.Flags().StringSliceVarP(files, "filename", "f", nil, usage)
	_ = cmd.MarkFlagFilename("filename", "yaml", "yml", "json")
}

// ReadFiles reads manifests as a site.
func ReadFiles(in io.Reader, paths []string, now time.Time) (*Plant, error) {
	set, err := manifest.Read(in, paths...)
	if err != nil {
		return nil, err
	}
	name := paths[0]
	if name != "-" {
		name = filepath.Clean(name)
	}
	return FromFiles(name, set, now)
}

// Read is the site of a session's cluster, or of files where some are named.
func Read(ctx context.Context, s *connect.Session, files []string) (*Plant, error) {
	if len(files) > 0 {
		return ReadFiles(s.In, files, s.Now())
	}
	c, err := s.Client()
	if err != nil {
		return nil, err
	}
	return FromCluster(ctx, c, s.Context(), s.Now())
}
