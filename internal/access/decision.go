// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import "time"

// Phase is where a window stands.
type Phase string

// Phases. Denied, Expired and Revoked are for good.
const (
	Requested Phase = "Requested"
	Approved  Phase = "Approved"
	Armed     Phase = "Armed"
	Active    Phase = "Active"
	Locked    Phase = "Locked"
	Denied    Phase = "Denied"
	Expired   Phase = "Expired"
	Revoked   Phase = "Revoked"
)

// Terminal says that nothing follows the phase.
func (p Phase) Terminal() bool { return p == Denied || p == Expired || p == Revoked }

// Decision is what holds, and what is to be done.
type Decision struct {
	Phase   Phase
	Reason  Reason
	Message string
	// Field is what the reason is about, "" where it is about none.
	Field string

	// Occurrence is the one that is meant: the current one, or the next.
	Occurrence string
	// Start and End are the times in force, in the Site's time zone. An End that
	// approvers extended is here as well. Zero when nothing can be said.
	Start, End time.Time

	// Grant is all that may stand. Nil: nothing may.
	Grant *Grant
	// Next is when the answer may change by itself. Zero: never.
	Next time.Time
	// Records are owed to the audit trail, in this order.
	Records []Record
	// Conditions are those that are decided here, each with its reason.
	Conditions []Condition

	// DecidedBy are the approvals that count, ArmedBy is who armed the window.
	DecidedBy []Say
	ArmedBy   string
	// Needs is how many persons have to approve.
	Needs int
	// Ignored are the approvals that do not count, and why.
	Ignored []Ignored
	// Refused and Unresolved are all that is wrong with the window.
	Refused, Unresolved []Refusal
	// ReviewOwed says that a break-glass window awaits another person's Approve.
	ReviewOwed bool
}

// Grant is what is let in, for whom, and until when.
type Grant struct {
	Occurrence  string
	Kind        GrantKind
	Vendor      string
	People      []string
	Through     string
	Reach       []Reach
	Until       time.Time
	MaxSessions int
	IdleTimeout time.Duration
}

// Say is what one person said that counts.
type Say struct {
	Approval, Approver string
	Verdict            Verdict
	At                 time.Time
	// Until is the end that was granted, after every bound. Zero for Deny and Revoke.
	Until time.Time
}

// Ignored is an approval that does not count.
type Ignored struct {
	Approval, Field string
	Reason          Reason
	Message         string
}

// Refusal is something that is wrong with the window, or with what it names.
type Refusal struct {
	Field   string
	Reason  Reason
	Message string
}

// Types of conditions that are decided here.
const (
	ConditionAccepted     = "Accepted"
	ConditionResolvedRefs = "ResolvedRefs"
	ConditionApproved     = "Approved"
	ConditionArmed        = "Armed"
	ConditionActive       = "Active"
	ConditionClockTrusted = "ClockTrusted"
	ConditionReviewOwed   = "ReviewOwed"
)

// Condition is one of the window's conditions.
type Condition struct {
	Type    string
	True    bool
	Reason  Reason
	Message string
}
