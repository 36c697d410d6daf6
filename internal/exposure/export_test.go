// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure

// Wording is how a kind is said.
type Wording = wording

// Wordings of all kinds.
var Wordings = wordings
