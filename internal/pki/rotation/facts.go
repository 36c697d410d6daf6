// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation

import "time"

// Facts are everything that a decision is made of: the whole site.
type Facts struct {
	Clock Clock
	// Site is nil where there are no rules for certificates: nothing is issued then.
	Site         *Site
	Zones        []Zone
	Certificates []Certificate
}

// Clock is the verdict on the clock. Its zero value trusts nothing.
type Clock struct {
	Now     time.Time
	Trusted bool
	// Reason says why not.
	Reason string
}

// Site is what the Site rules, as written.
type Site struct {
	// Location is the Site's time zone.
	Location   *time.Location
	Windows    []Window
	Freezes    []Freeze
	NearExpiry NearExpiry
	// WarnBefore, TrustDelay and AuthorityLifetime are time spans. Empty is the default
	// of the API: 14d, 10m, 1825d.
	WarnBefore, TrustDelay, AuthorityLifetime string
}

// Window is a maintenance window that comes again and again.
type Window struct {
	Name string
	// Schedule has the five fields of cron, in the Site's local time.
	Schedule, Duration string
}

// Freeze is a time at which nothing is changed.
type Freeze struct {
	Name string
	// From and Until are moments as written, "" for always and for ever.
	From, Until string
	Reason      string
}

// NearExpiry is what happens to a certificate that is about to run out.
type NearExpiry struct {
	Within string
	Action Action
}

// Action is what happens shortly before a certificate runs out.
type Action string

// The actions. Anything else is as Wait.
const (
	Wait          Action = "Wait"
	IgnoreWindows Action = "IgnoreWindows"
	IgnoreFreezes Action = "IgnoreFreezes"
)

// Zone is a zone with an authority of its own.
type Zone struct {
	Name string
	// Authorities are its generations that stand.
	Authorities []Authority
	// Signer makes a new generation.
	Signer Signer
	// Asked is the ID of the generation that somebody asked to replace.
	Asked string
}

// Authority is one generation of a zone's authority.
type Authority struct {
	// ID is its fingerprint.
	ID string
	// Generation counts up: a newer one has a higher number.
	Generation int64
	// Current says that it signs. It is one write that makes one current and the one
	// before it not.
	Current bool
	// Signer has its key.
	Signer              Signer
	NotBefore, NotAfter time.Time
	// Permits are the names that it may sign for, in the words of Certificate.Names.
	Permits []string
}

// Certificate is a WorkloadCertificate, and what stands of it.
type Certificate struct {
	Namespace, Name string
	// Zone is "" where it is not known, WhyNoZone says why.
	Zone, WhyNoZone string
	// Digest is of all that the leaf must carry: names, profile, key, request.
	Digest string
	// Names are what the authority must permit for it.
	Names []string
	// Lifetime and RenewBefore are time spans as written.
	Lifetime, RenewBefore string
	Secret                Secret
	// Next is the leaf that is staged in a Secret of its own, nil for none.
	Next *Leaf
	// Reaches are the zones that its conduits reach.
	Reaches []string
	Policy  Policy
	// Windows are those of the Site by name, none for each of them.
	Windows []string
	Wave    int
	// Frozen is why everything is held back, "" for nothing is.
	Frozen string
	// Workload is nil where none is named.
	Workload *Workload
	// Probe is nil where nobody looks at what is served.
	Probe *Probe
	Peers []Peer
	// Asked is the fingerprint of the leaf that somebody asked to replace.
	Asked string
	// Signing is what is known of a request that somebody else is to sign, in words.
	Signing string
}

// Policy says how a workload comes to use a new certificate.
type Policy string

// The policies. Anything else is as None.
const (
	Restart Policy = "Restart"
	Signal  Policy = "Signal"
	None    Policy = "None"
)

// Secret is what workloads mount. Its zero value is one that does not exist.
type Secret struct {
	Leaf *Leaf
	// Before is what was recorded with the last swap: the leaf that ends first of those
	// that may have run until then.
	Before *Leaf
	Bundle []Trusted
}

// Leaf is one certificate. It holds no key.
type Leaf struct {
	Fingerprint, Serial string
	NotBefore, NotAfter time.Time
	// Authority is the ID of the generation that signed it.
	Authority string
	// Digest is what it was issued for.
	Digest string
	// Since is when it was put where it is.
	Since time.Time
	// First says that the Secret was made with it, as decided by First of what put it
	// there: there are no older files.
	First bool
}

// Trusted is one authority in a bundle.
type Trusted struct {
	ID string
	// Zone that it was put there for.
	Zone string
	// Since is when it was. Zero: nobody knows, so nobody has read it.
	Since time.Time
	// First says that the Secret was made with it: there are no older files.
	First bool
}

// Workload is what uses a certificate.
type Workload struct {
	// Key tells workloads of a namespace apart: kind and name.
	Key string
	// Known says that the rest could be read.
	Known bool
	// Pods are those of which a process has started, the ones that end included. One that
	// waits for its Secret has not.
	Pods int
	// Oldest is when the first of their processes started that still runs.
	Oldest time.Time
	// Ready says that all that should run does.
	Ready bool
	// RollingOut says that its pods are being replaced.
	RollingOut bool
	// MayDisrupt says that its disruption budget, if it has one, allows it.
	MayDisrupt bool
	// Restarted is when it was last asked to replace its pods.
	Restarted time.Time
}

// Probe is what was shown in a handshake.
type Probe struct {
	// At is zero where nothing was ever seen.
	At     time.Time
	Serial string
}

// Peer is a device outside the cluster with a trust list of its own.
type Peer struct {
	Name  string
	Lists Lists
	// Acknowledged are the fingerprints that somebody says it trusts.
	Acknowledged []string
}

// Lists says what is in a trust list.
type Lists string

// What a trust list holds. Anything else is as ListsCertificate, which asks for more.
const (
	ListsAuthority   Lists = "Authority"
	ListsCertificate Lists = "Certificate"
)
