// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package audit makes the trail: what was asked, decided, opened, closed, locked,
// bypassed and ordered, so that what is changed in it afterwards is found.
//
// The contract:
//
//   - An Entry is a Record with its place: the site, its sequence, the hash of the entry
//     before it, and the key that signs. It is written as one line of JSON,
//     {"entry":{...},"signature":"..."}. What is hashed (SHA-256) and signed (Ed25519) is
//     the text of "entry", byte for byte.
//   - That text is canonical by RFC 8785 (JCS), of which it needs a part: objects,
//     strings, booleans, and integers below 2^53. Equal entries have equal bytes, every
//     member is always there, and what differs from its own canonical form by a byte is
//     not decoded. JSON, because an auditor in ten years checks a line with sha256sum, jq
//     and openssl and without us; canonical, because then what is stored is what is signed
//     and nothing rests on which parser reads it.
//   - A chain has one key at a time. It changes by an entry of its own that names the next
//     key: signed by the key before it, or, where that is lost, by the next key itself, and
//     then only those believe it who were given that key otherwise.
//   - Append refuses what could not be read back; it truncates and replaces nothing.
//   - Verify finds every entry that was edited, removed, reordered, doubled, taken from
//     another site or signed by another key. What is cut off at the end is found against a
//     head that is known from elsewhere, and by nothing else. What is cut off at the
//     beginning is found unless a signed checkpoint says that we removed it.
//   - A chain is kept in segments of bounded size, and removed from its beginning in whole
//     segments. Before they go a Checkpoint is signed: how far, which hash, and how
//     many entries had not been exported. Records that are still needed are carried forward
//     as new entries that say whose copy they are; InOrder puts them where they were.
//
// What the signatures prove, and what not. The key lies in a Secret in the operator's
// namespace: the operator has to sign at night without the network, and edge boxes have no
// other place that all of them share (Append takes any crypto.Signer, where one has). So:
//
//   - Who cannot read that Secret cannot change, remove, insert or reorder anything
//     unseen, whatever else they may write, the stored objects included. They can cut off
//     the end, which takes a head from elsewhere to find, and destroy the trail, which is
//     plain.
//   - Who reads that Secret can rewrite everything since the last head that went out, by
//     syslog, by export, or on paper, and sign it anew. Administrators of the cluster and
//     whoever restores its backups can. What is older than a head that the reader got by
//     another way cannot be rewritten without being found: its hash stands there.
//   - The trail proves what the operator recorded, in which order, not that it was so. Times are
//     what the node's clock read, with what was known of that clock. A person's name is
//     the one that the API server gave, impersonation included.
//   - A stolen key that has been replaced signs nothing after its replacement, as long as
//     the change is in the part that is verified. Keys given to Verify are those that may
//     sign its beginning, so do not give it one that was retired before.
//
// It is pure: time, keys and place are arguments. Package store keeps it in the cluster,
// package syslog sends its heads out.
package audit
