// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package chart tests charts/zonewarden by Helm itself: what it renders, what it refuses,
// and that a real API server takes it, upgrades it, rolls it back and removes it while a
// plant is segmented and guarded at every moment. The commands are those of
// docs/install.md, run as they stand there.
//
// The programs are bin/helm, bin/zonewarden and those of bin/kube: make test builds them.
package chart
