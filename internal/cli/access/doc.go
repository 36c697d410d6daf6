// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package access is the command group "access" of the plugin: to see who is in, to ask for
// access, to decide on it, and to lock it.
//
// The contract:
//
//   - What a command writes is in the name of the user whom the API server takes us for.
//     The user is asked for, never typed.
//   - Whoever decides sees first what they decide on, and decides on what they saw: by UID
//     and generation.
//   - A decision is done when the operator counted it. A command says so, or that it does
//     not know.
//   - What is ambiguous or unknown is refused with the flag's name, and nothing is written.
package access
