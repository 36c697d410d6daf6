// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package authority makes the built-in issuer: the site's root, an authority for each zone,
// the certificates that it signs, and its revocation list. It uses crypto/x509 and has no
// cryptography of its own, no clock and no client.
//
// An authority is one key and two certificates of the same name: the anchor is signed by
// itself, the issued one by the site's root. Bundles hold anchors, because many clients end a
// chain only in a certificate that is signed by itself, and because the root in a bundle would
// trust every zone (docs/adr/0017).
//
// Both are constrained to the zone's names (RFC 5280, 4.2.1.10), so that a stolen key of one
// zone makes no server of another. A zone with OPC UA has a second authority for that, without
// constraints, and in no bundle but those of OPC UA applications: see Constraints.OPCUA.
//
// What people or an issuer of cert-manager made or signed is judged before it counts: see Adopt
// and Accept.
package authority
