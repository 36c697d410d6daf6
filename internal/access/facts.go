// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import "time"

// Facts are everything that a decision is made of.
type Facts struct {
	Window Window
	// Approvals are all that name the window, whether or not they count.
	Approvals []Approval
	// Locks are all that exist, those being deleted included.
	Locks []Lock
	// Vendor is nil when there is none by the window's name for it.
	Vendor *Vendor
	// Site is nil when there is none.
	Site *Site
	// Zones are those that the window may mean, by name.
	Zones map[string]Zone
	// Problems are what somebody else found wrong with what the window names: a
	// protocol that is not in the catalogue, a role that is not fit for vendors.
	Problems []Problem
	// ReplacedBy is the name of a window that replaces this one and has been opened.
	ReplacedBy string
	Trail      Trail
	// Standing are the occurrences whose grants exist in the cluster, "" for a
	// window's only one.
	Standing []string
	Sessions Sessions
	Clock    Clock
}

// Clock is the verdict on the clock. Its zero value trusts nothing.
type Clock struct {
	// MayGrant says that Now is good enough to let somebody in.
	MayGrant bool
	// MayExpire says that Now is good enough to end something for good.
	MayExpire bool
	Now       time.Time
	// Reason says why not.
	Reason string
}

// Window is a VendorAccessWindow. Its spec never changes.
type Window struct {
	Name, UID  string
	Generation int64
	Created    time.Time
	// Deleted says that it has a deletionTimestamp, which counts as gone.
	Deleted bool

	Requester string
	Vendor    string
	People    []string
	// WorkReason is why the vendor is to come in.
	WorkReason string

	// Start, End and LatestEnd are moments as written, Recurring instead of them.
	Start, End, LatestEnd string
	Recurring             *Recurring

	// Through is a jump host of the Site.
	Through    string
	Reach      []Reach
	Grant      GrantKind
	Activation Activation
	// Attended says that a person of the site has to be present, who says so by arming.
	Attended    bool
	BreakGlass  bool
	MaxSessions int
	// IdleTimeout is how long nothing may pass before the occurrence ends, 0 for ever.
	IdleTimeout time.Duration
}

// Recurring is a schedule of occurrences.
type Recurring struct {
	// Schedule has the five fields of cron, in the Site's local time.
	Schedule string
	Duration time.Duration
	// LastDay is the day at whose end the last occurrence is over at the latest.
	LastDay string
}

// Reach is one part of what a window reaches.
type Reach struct {
	Zone string
	// Exactly one of Assets, Workloads (by selector) and WholeZone.
	Assets    []string
	Workloads bool
	WholeZone bool
	// Flows is how many there are.
	Flows int
}

// GrantKind is what somebody gets.
type GrantKind string

// What a window can grant.
const (
	Relay         GrantKind = "Relay"
	SessionPod    GrantKind = "SessionPod"
	SourceAddress GrantKind = "SourceAddress"
)

// Activation is what opens a window that is approved.
type Activation string

// Activations: by time alone, or by a person of the shift for each occurrence.
const (
	Automatic Activation = "Automatic"
	WhenArmed Activation = "WhenArmed"
)

// Approval is what one person decided on one object.
type Approval struct {
	Name, UID string
	Created   time.Time
	Deleted   bool
	// Of is the object that it is about, by the words of whoever wrote it.
	Of        Reference
	Requester string
	Approver  string
	Decision  Verdict
	// Until is a moment as written, or "" for the window's end.
	Until   string
	Factors []string
}

// Reference names one object as it was at one time.
type Reference struct {
	Kind, Name, UID string
	Generation      int64
}

// KindWindow is the kind that an Approval of a window names.
const KindWindow = "VendorAccessWindow"

// Verdict is what an Approval says.
type Verdict string

// What an Approval can say.
const (
	Approve Verdict = "Approve"
	Deny    Verdict = "Deny"
	Revoke  Verdict = "Revoke"
	Arm     Verdict = "Arm"
)

// Lock is an AccessLock. One that names nothing locks everything.
type Lock struct {
	Name                 string
	Vendor, Person, Zone string
	Everything           bool
}

// Vendor is a company, and who of it may be let in.
type Vendor struct {
	Name   string
	People []Person
	// ContractEnd is the last day of its contract.
	ContractEnd string
	// Zones it may ever ask for.
	Zones []string
}

// Person is a user of a vendor.
type Person struct {
	User string
	// Shared says that more than one human is known to use it.
	Shared bool
}

// Zone is what a decision has to know of a zone in force.
type Zone struct {
	// Safety says that it, or a zone that it is part of, is a safety zone.
	Safety bool
	// Within are the zones that it is part of: their locks are its own.
	Within []string
	// Assets that are members of it.
	Assets []string
}

// Problem is something wrong with a field of the window.
type Problem struct {
	Field, Message string
}

// Site is what the site rules.
type Site struct {
	// Location is the Site's time zone.
	Location  *time.Location
	JumpHosts []string
	// Approvals and SafetyApprovals are how many persons have to approve.
	Approvals, SafetyApprovals int
	// Longest bounds one window, occurrence or arming; BreakGlassLongest one of those
	// that nobody approved. 0 is the default.
	Longest, BreakGlassLongest time.Duration
	// Factors that an approver has to have proved, all of them. Not asked of who arms:
	// that works with the identity provider unreachable.
	Factors []string
	// SharedIdentities and WholeZone say what the Site gives leave to.
	SharedIdentities, WholeZone bool
}

// Sessions are what the relay or the session pod counts.
type Sessions struct {
	// LastPacket is when something passed last, zero for unknown.
	LastPacket time.Time
	// Counted says that somebody counts, so that silence means that nothing passes.
	Counted bool
}
