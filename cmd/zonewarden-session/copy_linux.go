// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// program is the name of the copy.
const program = "zonewarden-session"

// copyTo is the command copy. A session pod's image is the site's and does not hold this
// program: a container of ours puts it into a folder of the pod before.
func copyTo(args []string, stderr io.Writer) int {
	if len(args) != 1 {
		fmt.Fprint(stderr, "zonewarden-session copy: name one folder\n")
		return exitUsage
	}
	if err := copySelf(args[0]); err != nil {
		fmt.Fprintf(stderr, "zonewarden-session copy: %v\n", err)
		return exitFailed
	}
	return exitEnded
}

// copySelf writes the running program into a folder, in place of what a run before left.
func copySelf(folder string) error {
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("opening this program: %w", err)
	}
	defer func() { _ = from.Close() }()
	root, err := os.OpenRoot(folder)
	if err != nil {
		return fmt.Errorf("opening the folder: %w", err)
	}
	defer func() { _ = root.Close() }()
	const unfinished = "." + program
	if err := root.Remove(unfinished); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing what a run before left: %w", err)
	}
	to, err := root.OpenFile(unfinished, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o555)
	if err != nil {
		return fmt.Errorf("creating the copy: %w", err)
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Chmod(0o555), to.Close()); err != nil {
		return fmt.Errorf("writing the copy: %w", err)
	}
	// A copy by its name is whole, whatever ended this one early.
	if err := root.Rename(unfinished, program); err != nil {
		return fmt.Errorf("naming the copy: %w", err)
	}
	return nil
}
