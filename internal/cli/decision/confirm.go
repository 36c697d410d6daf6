// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package decision

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/zonewarden/zonewarden/internal/cli/connect"
)

// errNotConfirmed says that a person said no, or nothing.
var errNotConfirmed = errors.New("not confirmed, nothing was done: answer y, or give --yes")

// Confirm asks a person. No answer is no.
func Confirm(s *connect.Session, question string) error {
	fmt.Fprintf(s.ErrOut, "%s [y/N] ", question)
	line, _ := bufio.NewReader(s.In).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return errNotConfirmed
}
