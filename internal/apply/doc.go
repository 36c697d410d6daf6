// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package apply is the only place that writes policy objects.
//
// The contract:
//
//   - A plan is pure: from what is desired, what is observed and what is declared
//     it says which writes are owed, in which order, and what is held back.
//     Equal digests owe nothing, so a steady state and a restart write nothing.
//   - Order. Everything grows before anything shrinks: new groups of addresses;
//     where the first allow would already isolate a pod, a transitional allow-all;
//     conduits, changed ones as old beside new; changed groups; floors, likewise, and
//     a floor that newly denies only when every conduit of its zone is written. Then
//     floors shrink and go, groups shrink, conduits shrink and go, groups go. So in
//     every state between two writes what passed before and passes after passes, and
//     nothing does that passes neither before nor after. A single change is a single
//     write. This holds on Cilium; see docs/adr/0010-order-of-writes.md.
//   - What failed holds back what would cut or open something because of it, and
//     nothing else. Deleting or suspending a conduit closes it whatever failed.
//   - The old content is read from the cluster, and what somebody else put there is
//     overwritten and never carried along.
//   - Absence is never a reason to remove. An object whose declaration is gone is
//     removed only when that was announced (floors) or cannot be a mistake
//     (conduits); otherwise it is held and reported. See Plan.
//   - An object by a name we need that is not ours is never touched.
//   - Ours are written by server-side apply with force, so that edits by others go;
//     they are deleted with UID and resourceVersion preconditions.
package apply
