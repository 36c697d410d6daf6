// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package audit is the command group "audit" of the plugin: to see whether the audit trail
// is as it was written, and to take it elsewhere.
//
// The contract:
//
//   - It only reads, as the user, and judges by package audit alone.
//   - What is exported is what is kept, byte for byte, also where it does not verify.
//   - That keys came from the same cluster as the trail is said each time: whoever can
//     replace the one can replace the other.
package audit
