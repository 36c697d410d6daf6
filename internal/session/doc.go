// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package session runs a process inside a window's pod: it works until the end that it
// was told last, and not a moment longer.
//
// The contract:
//
//   - Package until says what can move the end. Reaching it cancels the work.
//   - The work has Grace to return. The caller exits when Run returns, whatever the work
//     still does, so that nothing that hangs keeps the process.
//   - Whatever goes wrong ends the process: the timer, the control port, the work. None
//     of it leaves a process that cannot be told to end.
//
// Linux only.
package session
