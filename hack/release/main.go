// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Command release makes what users install, in one folder: the image as an archive, the
// plugin for people's machines, a bill of materials of each, krew's manifest, the chart where
// there is one, and checksums over all of it. Two runs on one commit give equal bytes, wherever and whenever they run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/zonewarden/zonewarden/hack/release/build"
	"github.com/zonewarden/zonewarden/hack/release/stamp"
)

// source is where the project is, and its releases.
const source = "https://github.com/zonewarden/zonewarden"

// release is one run.
type release struct {
	stamp.Stamp
	sources, out, gomod string
	name                string // of the image
	platforms           []build.Platform
	work                string // for what is not delivered
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	r, all, err := parse(ctx, args)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	if r.work, err = os.MkdirTemp(r.out, ".work-*"); err != nil {
		return fmt.Errorf("making a folder to work in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.work)) }()
	if err := r.image(ctx); err != nil {
		return err
	}
	if all {
		if err := errors.Join(r.plugin(ctx), r.chart()); err != nil {
			return err
		}
	}
	return sums(r.out)
}

func parse(ctx context.Context, args []string) (*release, bool, error) {
	r := &release{}
	var given stamp.Given
	var platforms string
	var all bool
	f := flag.NewFlagSet("release", flag.ContinueOnError)
	f.StringVar(&r.sources, "sources", ".", "folder of the sources")
	f.StringVar(&r.out, "out", "dist", "folder to write to")
	f.StringVar(&r.gomod, "cyclonedx-gomod", "bin/cyclonedx-gomod", "program that reads the modules of programs")
	f.StringVar(&r.name, "image", "zonewarden.io/zonewarden", "name of the image, without a tag")
	f.StringVar(&platforms, "platforms", "linux/amd64,linux/arm64", "what the image is for")
	f.BoolVar(&all, "all", false, "make the plugin and the chart as well")
	f.StringVar(&given.Version, "version", "", "version, rather than what git describe says")
	f.StringVar(&given.Revision, "revision", "", "commit, rather than the one that is checked out")
	f.StringVar(&given.Epoch, "epoch", "", "seconds since 1970, rather than the time of the commit")
	if err := f.Parse(args); err != nil {
		return nil, false, err
	}
	var err error
	if r.platforms, err = build.Parse(platforms); err != nil {
		return nil, false, fmt.Errorf("-platforms: %w", err)
	}
	for _, folder := range []*string{&r.sources, &r.out, &r.gomod} {
		if *folder, err = filepath.Abs(*folder); err != nil {
			return nil, false, fmt.Errorf("finding a folder: %w", err)
		}
	}
	r.Stamp, err = stamp.Of(ctx, r.sources, given)
	return r, all, err
}

// clear removes what runs before this one left of the same kind, other versions included:
// checksums are over all that is in the folder.
func (r *release) clear(patterns ...string) error {
	for _, pattern := range patterns {
		old, err := filepath.Glob(filepath.Join(r.out, pattern))
		if err != nil {
			return fmt.Errorf("looking for %s: %w", pattern, err)
		}
		for _, file := range old {
			if err := os.Remove(file); err != nil {
				return fmt.Errorf("removing an older file: %w", err)
			}
		}
	}
	return nil
}

// file is the path of what is delivered.
func (r *release) file(name string) string { return filepath.Join(r.out, name) }

// compiled builds programs for a platform and gives their paths.
func (r *release) compiled(ctx context.Context, p build.Platform, names ...string) ([]string, error) {
	folder := filepath.Join(r.work, p.OS+"_"+p.Arch)
	var packages, files []string
	for _, name := range names {
		packages = append(packages, "./cmd/"+name)
		files = append(files, filepath.Join(folder, name+p.Suffix()))
	}
	say("building %s for %s", names, p)
	return files, build.Programs(ctx, r.sources, p, r.Stamp, folder, packages...)
}

func say(format string, args ...any) { fmt.Printf(format+"\n", args...) }
