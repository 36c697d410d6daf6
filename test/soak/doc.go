// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package soak rotates certificates and authorities hundreds of times under clients that
// shake hands in a loop: `make soak`. The operator is the executable, the API server is real;
// what stands in for pods and kubelets is processes whose files change some time after the
// objects did, which is the worst that a kubelet does. Three kinds shake hands: crypto/tls in the
// test's own process, an OPC UA server and client (test/soak/opcua), and a PostgreSQL with psql.
// Each has strangers, in a zone without a conduit.
package soak
