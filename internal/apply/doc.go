// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package apply is the only place that writes policy objects.
//
// # The order of writes
//
// In every state between two writes what passed before and passes after passes, and
// nothing passes that does neither before nor after. What is written in which order:
//
//	 1 groups of addresses: new ones, and changed ones as old and new addresses
//	 2 guards, which deny: new ones, and changed ones as old beside new
//	 3 covers of pods that are about to be isolated
//	 4 conduits: new ones, then changed ones as old beside new
//	 5 floors: new ones, then changed ones as old beside new
//	 6 the covers of 3 go
//	 7 covers of pods that are about to be let go
//	 8 floors as desired, and those of Cilium that go
//	 9 conduits as desired, and those that go; then the other floors that go
//	10 the covers of 7 go
//	11 guards as desired, and those that go: of the admin tier first, then of Cilium
//	12 groups as desired, and those that go
//
// Why:
//
//   - What an object says is a sum, so old and new can stand side by side in it:
//     everything grows before anything shrinks. Who may talk to whom is then what
//     either was, and never a mixture of both.
//   - Floors deny last (5), when all that allows is there, and let go (8) before what
//     allowed goes. Nobody is let go before everybody is denied who will be: a
//     flow between two such pods would pass that passes neither before nor after.
//   - What a guard denies is denied in both or in one of two declarations. Denying the
//     sum takes nothing from what both allow, and opens nothing. So it comes before
//     all that allows, and goes after it.
//   - With NetworkPolicy whatever selects a pod isolates it. Pods that are isolated
//     before and after lose nothing by 4 and 5 and gain nothing by 8 and 9. The others
//     get an object that allows everything to exactly them, the cover, which is right
//     because they are open before or after. See cover.go.
//   - Agents watch each kind on a stream of its own. Before a write of another kind
//     than the last one a Writer waits for them (Settle), and where the order leaves a
//     choice, objects of the kind that was written last come first.
//   - A rule that names a group means other addresses once the group changes. Where a
//     rule that comes or goes would meet addresses that are not its own, it carries
//     addresses in place of the name, floors take steps between (change.go), and the
//     groups change while nobody goes by their names: 1 between 4 and 5, 12 after 8.
//     They do as well where one loses addresses and a guard goes or changes: an
//     interrupted run may have left addresses that only that guard keeps out.
//   - The rules of a ClusterNetworkPolicy are judged one after another, so old and new
//     cannot stand side by side: such a guard that changes stays as it is until 11.
//     What it denies by then was denied before and takes nothing from what both open.
//     Nor does one that is new come before 11 where another one changes, goes or is
//     held: which of two is judged first nobody knows, and it may pass on what the
//     other one denies.
//     Until all of them are as desired the guards of Cilium deny old and new.
//   - A change that needs no step between is one write: see atonce.go.
//
// What the order cannot do, and where it gives way, is in docs/adr/0010 and 0012.
//
// # The contract
//
//   - A plan is pure: from what is desired, what is observed and what is declared
//     it says which writes are owed and what is held back. Equal digests owe
//     nothing, so a steady state and a restart write nothing.
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
