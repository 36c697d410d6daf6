// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package soak rotates certificates and authorities hundreds of times under clients that
// shake hands in a loop: `make soak`. The operator is the executable, the API server is real;
// what stands in for pods and kubelets is a process that loads its Secret some time after it
// changed, which is the worst that a kubelet does.
package soak
