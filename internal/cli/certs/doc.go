// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package certs holds the plugin's commands about certificates: how they stand, rotate one,
// say that a device trusts what comes, and carry requests to an authority that is offline.
//
// It reads and writes WorkloadCertificates and nothing else, as the user: no command sees a
// Secret, so no key.
package certs
