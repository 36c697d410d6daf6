// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package matrix answers who may speak with whom: `kubectl zonewarden matrix`, `explain`
// and `blast-radius`, of a cluster or of manifests.
//
// What is declared is said by package reach; `explain` asks the policies that stand as
// well, since those of others may open or cut what is declared.
package matrix
