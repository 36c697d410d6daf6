// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package stamp says what a release is called, which commit it is made of, and the time that
// every file in it carries. All three come from the commit, never from the machine or its
// clock, so that whoever has the commit gets the same.
package stamp

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Stamp is the identity of a release.
type Stamp struct {
	// Version is a semantic version with a leading v, and fit for an image's tag.
	Version string
	// Revision is the commit, with -dirty behind it where files differ from it.
	Revision string
	// Time is the commit's.
	Time time.Time
}

// Given is what somebody asks for instead of what the commit says; empty means nothing.
type Given struct{ Version, Revision, Epoch string }

// semantic leaves out build metadata: a tag of an image has no +.
var semantic = regexp.MustCompile(`^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$`)

// word is what a linker's flag takes.
var word = regexp.MustCompile(`^[0-9A-Za-z._-]+$`)

// Of is the stamp of the sources in a folder. The folder needs no git where all is given.
func Of(ctx context.Context, folder string, given Given) (Stamp, error) {
	var s Stamp
	var err error
	if s.Time, err = when(ctx, folder, given.Epoch); err != nil {
		return Stamp{}, fmt.Errorf("finding the time of the commit; SOURCE_DATE_EPOCH gives it: %w", err)
	}
	if s.Revision, err = revision(ctx, folder, given.Revision); err != nil {
		return Stamp{}, fmt.Errorf("finding the commit; REVISION gives it: %w", err)
	}
	if !word.MatchString(s.Revision) {
		return Stamp{}, fmt.Errorf("the revision %q is no commit", s.Revision)
	}
	if s.Version, err = version(ctx, folder, given.Version, s); err != nil {
		return Stamp{}, fmt.Errorf("finding the version; VERSION gives it: %w", err)
	}
	if !semantic.MatchString(s.Version) || len(s.Version) > 128 {
		return Stamp{}, fmt.Errorf("the version %q is not like v1.2.3 or v1.2.3-rc.1", s.Version)
	}
	return s, nil
}

func when(ctx context.Context, folder, epoch string) (time.Time, error) {
	if epoch == "" {
		var err error
		if epoch, err = git(ctx, folder, "log", "-1", "--format=%ct"); err != nil {
			return time.Time{}, err
		}
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil || seconds < 0 {
		return time.Time{}, fmt.Errorf("%q is no number of seconds", epoch)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

func revision(ctx context.Context, folder, given string) (string, error) {
	if given != "" {
		return given, nil
	}
	commit, err := git(ctx, folder, "rev-parse", "HEAD")
	if err != nil {
		return "", err
	}
	changed, err := git(ctx, folder, "status", "--porcelain", "--untracked-files=no")
	if err != nil {
		return "", err
	}
	if changed != "" {
		commit += dirty
	}
	return commit, nil
}

const dirty = "-dirty"

// version is what git describe says by the tags of releases. Before the first of them it is
// what Go calls such a commit.
func version(ctx context.Context, folder, given string, s Stamp) (string, error) {
	if given != "" {
		return given, nil
	}
	described, err := git(ctx, folder, "describe", "--tags", "--match=v[0-9]*", "--abbrev=12", "--dirty="+dirty)
	if err == nil {
		return described, nil
	}
	commit, changed := strings.CutSuffix(s.Revision, dirty)
	if len(commit) < 12 {
		return "", errors.New("no tag, and no commit")
	}
	v := "v0.0.0-" + s.Time.Format("20060102150405") + "-" + commit[:12]
	if changed {
		v += dirty
	}
	return v, nil
}

func git(ctx context.Context, folder string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", folder}, args...)...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(string(exit.Stderr)))
	}
	return strings.TrimSpace(string(out)), err
}
