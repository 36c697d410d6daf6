// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package workload says which workload made a pod, for those who name pods by it.
//
// The contract:
//
//   - Where the labels that Kubernetes' controllers put on their pods say who made one,
//     nothing else is asked.
//   - Where there are none, the name has to be one that a controller makes: the ordinal of a
//     StatefulSet, the five characters of the API server, a template's hash before them. That
//     of one workload may be the beginning of another's.
//   - Pods of manifests have the workload's name and an ordinal, whatever its kind.
package workload
