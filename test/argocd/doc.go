// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package argocd holds config/argocd and the sample fleet against Argo CD's own code: its
// Lua engine judges health, its sync engine applies in waves to a real API server with the
// operator running, and its types read the ApplicationSets.
//
// It is a module of its own, so that what Argo CD needs is no dependency of the product.
//
// What is Argo CD's here: util/lua and pkg/apis/application of v3.5.7, and the
// gitops-engine that this release carries in its own repository. That one has no version
// of its own; the module proxy serves a commit of a few weeks before the release.
package argocd
