// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the kinds of zonewarden.io/v1alpha1: shapes, markers
// and CEL rules, no logic.
//
// What can be decided by looking at one object is refused by the API server
// through the rules in the generated CRDs, with the operator down as well. What
// needs a second object, the time or the cluster is decided by internal/topology
// and said in conditions and findings.
//
// No controller writes spec, and nothing that depends on time is defaulted into
// it, so that Git and the cluster always agree.
//
// +kubebuilder:object:generate=true
// +groupName=zonewarden.io
package v1alpha1
