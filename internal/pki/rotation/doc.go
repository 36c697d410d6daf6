// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rotation decides when certificates are issued, swapped and trusted, and when
// workloads restart for it, for a whole site at once: an authority may go on only when
// all its peers are ready (ADR 0017).
//
// The contract:
//
//   - Decide is a function of Facts alone: no client, no clock, no chance, no keys. Equal
//     facts give an equal decision, and it answers for any facts at all. Nothing is
//     remembered: each step is read from what stands.
//   - Each action is one write, safe by itself and in any order with the others. Deciding
//     again after the writes asks for nothing that was done. Until Decision.Next nothing
//     changes unless the facts do.
//   - What is unknown, ambiguous or missing issues, opens, restarts and takes away nothing,
//     and is named with its field. A freeze that cannot be understood holds; a window that
//     cannot be understood never opens.
//   - While the clock is not trusted nothing is written but the withdrawal of trust for
//     which there is no conduit any more. That is a closing: it needs no clock, and no
//     freeze holds it back. An authority that only is of no use any more goes later, when
//     nothing is frozen.
//   - Something has been read when it was written so long before that every file has it
//     (trustDelay), and every process started after that, or reads by itself. A process
//     that started within the delay may have found the old file. What a Secret was made
//     with has no older file.
//   - A new authority signs when every certificate whose conduits reach its zone has read
//     it, and every outside peer that lists authorities is said to trust it. It stays
//     until nothing that may run was issued by the one before.
//   - What people or an issuer sign is asked for, and taken when it comes. An issuer's
//     authority is known with its first answer, and waits for its peers as any other;
//     an answer that helps nothing stands for an hour. Who signs for a zone changes by
//     another authority and in no other way (ADR 0018).
//   - The first leaf goes into place at once, also in a freeze of the Site: nothing runs
//     on it. Only what is said of the certificate itself (spec.frozen) holds it.
//   - What has run out has stopped already: nobody's trust is waited for, nor ready pods.
//     Windows and freezes hold it as nearExpiry says; with Wait it waits.
//   - nearExpiry is about the leaf that ends first of those that may run, which is not the
//     one in the Secret while a restart is owed. It moves the certificate itself, never
//     its peers. IgnoreFreezes passes spec.frozen too.
//   - Waves order peers, and are passed over by what is near its end. Nobody waits for
//     somebody to restart a workload of policy None.
//
// What it asks of its caller: that times in the facts come from a trusted clock; that a
// Secret's bundle says since when each authority is in it; that Swap.Before is written
// with the swap; that making one authority current is one write; that what is decided is
// carried out on what it was decided on, or decided again; that an authority of an issuer's is
// taken on only while the zone is to be signed for by it.
package rotation
