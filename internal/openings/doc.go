// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package openings says which changes of a site have to be approved by somebody else than
// their author, and which are: Site.spec.openings.
package openings
