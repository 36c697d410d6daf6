// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package apply is the only place that writes policy objects.
//
// The contract:
//
//   - A plan is pure: from what is desired, what is observed and what is declared
//     it says which writes are owed, in which order, and what is held back.
//     Equal digests owe nothing, so a steady state and a restart write nothing.
//   - Order. (1) groups of addresses, (2) where the first allow would already
//     isolate a pod, a transitional allow-all, (3) conduits, (4) floors, and
//     a floor that newly denies only when every conduit of its zone is written,
//     (5) removals, conduits before floors. So traffic that should pass finds its
//     allow before anything denies.
//   - Absence is never a reason to remove. An object whose declaration is gone is
//     removed only when that was announced (floors) or cannot be a mistake
//     (conduits); otherwise it is held and reported. See Plan.
//   - An object by a name we need that is not ours is never touched.
//   - Ours are written by server-side apply with force, so that edits by others go;
//     they are deleted with UID and resourceVersion preconditions.
package apply
