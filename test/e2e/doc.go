// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e tests the operator and its node agent on real packets: a real API server,
// a real Cilium agent, and the water works of config/samples on it. "make e2e" runs it;
// it needs root and Linux. Folder stage says how it is done.
package e2e
