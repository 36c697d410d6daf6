// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package decision is what all commands that decide have in common, on windows and on what
// a Zone, Conduit or Asset opens: ask a person, and wait until the operator has counted the
// Approval.
//
// A decision is done when the operator counted it. What is not known is said to be so, by
// the exit code as well.
package decision
