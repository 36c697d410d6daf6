// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package guard attacks the admission guard of config/admission on a real API server with
// a real controller manager. One table tries to open a hole, one shows who may do the same
// and what then becomes of it, one shows what must go on working. Their summaries are
// pasted into docs/guard.md.
package guard
