// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation

import "time"

// Decision is what is to be written now, and why the rest waits. Each action is one
// write and safe by itself, in any order.
type Decision struct {
	// Zones and Certificates are sorted by name.
	Zones        []ZoneDecision
	Certificates []CertificateDecision
	// Findings are what is wrong with the rules, or will be.
	Findings []Finding
	// Next is when the answer may change by itself. Zero: never.
	Next time.Time
}

// ZoneDecision is about one zone's authority.
type ZoneDecision struct {
	Zone string
	// Make a new generation, nil for none.
	Make *NewAuthority
	// MakeCurrent is the ID of the generation that signs from now on, "" for no change.
	MakeCurrent string
	// Retire are the IDs that nothing needs any more.
	Retire []string
	// Reason says where it stands, Message what it waits for.
	Reason  Reason
	Message string
}

// NewAuthority is a generation to be made.
type NewAuthority struct {
	Permits []string
	Until   time.Time
	// Signer makes it. Where that is an issuer it comes with the first leaf that it signs.
	Signer Signer
	Cause  Cause
}

// CertificateDecision is about one certificate.
type CertificateDecision struct {
	Namespace, Name string
	// Issue a leaf, nil for none. It takes the place of what is staged.
	Issue *Issue
	// Swap what is staged into the Secret, nil for no.
	Swap *Swap
	// Bundle is what the Secret must hold, sorted. What has no Since is put there now. Publish says that it does not, and is
	// to be written.
	Bundle  []Trusted
	Publish bool
	// Restart the workload, nil for no.
	Restart *RestartNow
	// Drop what is staged: it is of no use.
	Drop bool

	Step  Step
	Cause Cause
	// Reason is why it does not go on, or where it stands. Until is the next time at
	// which it may go on by itself, zero for nobody knows.
	Reason  Reason
	Field   string
	Message string
	Until   time.Time
	// Due is when the leaf is to be replaced.
	Due        time.Time
	Conditions []Condition
}

// Issue is a leaf to be made.
type Issue struct {
	Authority string
	Until     time.Time
	Digest    string
	// InPlace says that it goes into the Secret, together with Bundle in one write: it is
	// the first. Otherwise it is staged.
	InPlace bool
	// First is to be recorded with what goes into place.
	First bool
	// Signer signs it. Where that is not here the request stands until they did.
	Signer Signer
}

// Swap puts the staged leaf into the Secret, in one write with Before, and with Bundle
// where the Secret had no leaf.
type Swap struct {
	Fingerprint string
	// Before is to be recorded: the leaf that ends first of those that may run.
	Before *Leaf
	// First is to be recorded: nothing can have read anything before.
	First bool
}

// RestartNow is a workload whose pods are to be replaced.
type RestartNow struct {
	Workload string
	Cause    Cause
}

// Cause is why something is done.
type Cause string

// The causes.
const (
	CauseFirst     Cause = "First"
	CauseTime      Cause = "Time"
	CauseSpec      Cause = "Spec"
	CauseAsked     Cause = "Asked"
	CauseAuthority Cause = "Authority"
	CauseNames     Cause = "Names"
	CauseTrust     Cause = "Trust"
	CauseLeaf      Cause = "Leaf"
	// CauseSigner is that somebody else is to sign for the zone.
	CauseSigner Cause = "Signer"
)

// Step of a rotation.
type Step string

// The steps.
const (
	Idle           Step = "Idle"
	Requested      Step = "Requested"
	Issued         Step = "Issued"
	AwaitingPeers  Step = "AwaitingPeers"
	AwaitingWindow Step = "AwaitingWindow"
	Restarting     Step = "Restarting"
	Verifying      Step = "Verifying"
)

// Types of conditions that are decided here.
const (
	ConditionReady      = "Ready"
	ConditionDeferred   = "Deferred"
	ConditionServed     = "Served"
	ConditionPeersTrust = "PeersTrust"
	ConditionExpiring   = "Expiring"
)

// Condition is one of a certificate's conditions.
type Condition struct {
	Type    string
	Status  Status
	Reason  Reason
	Message string
}

// Status of a condition.
type Status string

// The statuses.
const (
	True    Status = "True"
	False   Status = "False"
	Unknown Status = "Unknown"
)

// Finding is something that is wrong with what is ruled, found before it matters.
type Finding struct {
	// Object is "" for the Site, or a zone, or NAMESPACE/NAME of a certificate.
	Object  string
	Field   string
	Reason  Reason
	Message string
}
