// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package access decides whether a vendor's window is open.
//
// The contract:
//
//   - Decide is a function of Facts alone: no client, no clock, no chance. Equal facts
//     give an equal decision, and it answers for any facts at all.
//   - Nothing is granted unless everything says so. What is unknown, ambiguous or
//     missing opens nothing and is named with its field. The zero Facts grant nothing.
//   - Denied, Revoked and Expired are for good. What made them so may be deleted later,
//     status included: the record of the end in the audit trail decides before anything
//     else is looked at.
//   - A grant that stands without a record of its opening is closed, and its window
//     ends: either somebody else opened it, or the record of its end is lost as well.
//   - What closes needs nothing but to name the window's UID. What opens has to be right
//     in everything: kind, name, UID, generation, requester, approver, factors, time.
//   - Intervals contain their start and not their end.
//   - Deciding again after the owed records are in the trail owes nothing more and
//     changes nothing. Until Decision.Next nothing changes unless the facts do.
//   - Nothing ends for good by time alone while the clock may not expire anything, and
//     nothing is open while it may not grant.
//
// What it asks of its caller: the trail holds every record of a window that still
// exists, at least the newest of each kind and occurrence; a record that is owed
// BeforeOpening is in the trail before anything is granted; and whatever is granted
// beyond Decision.Grant is taken away, whether or not a record could be written.
package access
