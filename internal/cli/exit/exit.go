// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package exit says how the plugin's commands end, for scripts.
package exit

import (
	"errors"
	"fmt"
)

// Code is what a process exits with.
type Code int

// The codes. They mean the same for every command.
const (
	// OK: it was done, or the answer is good.
	OK Code = 0
	// Failed: it was not done. A flag was wrong, the API server refused or could not be
	// reached, or whoever was asked said no.
	Failed Code = 1
	// Bad: it was done and the answer is bad. The trail has faults; the decision was
	// stored and does not count.
	Bad Code = 2
	// Unknown: it was done, and what came of it was not seen in time.
	Unknown Code = 3
)

// Help says it to users.
const Help = `Exit codes:
  0  done, or the answer is good
  1  not done: a wrong flag, refused, not reached, or not confirmed
  2  done, and the answer is bad: the trail has faults, the decision does not count
  3  done, and what came of it was not seen in time (--wait)`

// Error ends a command with a code.
type Error struct {
	Code Code
	Err  error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

// Unwrap gives what happened.
func (e *Error) Unwrap() error { return e.Err }

// With makes an error that ends a command with a code.
func With(code Code, format string, args ...any) error {
	return &Error{Code: code, Err: fmt.Errorf(format, args...)}
}

// Of is the code that an error ends a command with.
func Of(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return OK
	case errors.As(err, &e):
		return e.Code
	}
	return Failed
}

// Silent ends a command with a code and without a word: what is to be said was printed.
func Silent(code Code) error { return &Error{Code: code} }
