// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package when reads the times that people type, by the clock of the site.
//
// The contract:
//
//   - What is read has one meaning or is refused, and the refusal says what to write
//     instead. A time that comes twice or never where clocks are turned, a weekday that is
//     today, a date without a time, and 1/12/2026 are all refused.
//   - What is written for the API server means the same instant to everybody who reads it:
//     local by the site's clock where that has one meaning, with an offset elsewhere.
//
// It is pure: the present and the time zone are arguments.
package when
