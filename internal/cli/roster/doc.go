// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package roster says who is in, who waits, and who was: the supervisor's view of vendor
// access, made of what the operator wrote into statuses.
//
// The contract:
//
//   - Nobody who may be in is left out. A window whose access had to be over and was not
//     proved to be counts as in, whatever its phase. What the operator has not seen yet is
//     shown as waiting, and said to be unseen.
//   - What is not known is said to be unknown. It is never shown as "none", "ok" or "0".
//   - Nothing is decided here: package internal/access does, in the operator.
//
// It is pure: the present and the objects are arguments.
package roster
