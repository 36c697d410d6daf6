// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

// Package stage is a small cluster on one machine on which packets are real: an API
// server, a controller manager, a Cilium agent, pods, and a plant of devices outside.
//
// Everything happens in a mount, process and network namespace of its own, which Main
// makes and the test binary runs in. Its network namespace is the node. A pod is a Pod
// object and a network namespace that Cilium's own CNI program has wired; there is no
// container in it, its servers are goroutines of the test. The plant is one more network
// namespace, a wire away, with the addresses of all devices. When the test ends, however
// it ends, the kernel ends the process namespace and with it every process, mount,
// interface and BPF map: nothing is left on the machine.
//
// Where it matters what containers do, StartKubelet makes a second node with real pods,
// whose network plugin enforces nothing.
//
// A scenario asks for hosts (Pod, Device), tries connections (Dial), watches streams
// (Open), and waits for conditions with a deadline (Until). Nothing sleeps.
package stage
