// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// VendorAccessWindow asks that named people of a vendor are let in, to named targets,
// for named hours. It opens nothing until others have approved it, and it ends.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,path=vendoraccesswindows,shortName=vaw,categories=zonewarden
// +kubebuilder:printcolumn:name="People",type=string,JSONPath=`.spec.people`
// +kubebuilder:printcolumn:name="Vendor",type=string,JSONPath=`.spec.vendor`
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Until",type=string,JSONPath=`.status.localEnd`
// +kubebuilder:printcolumn:name="Through",type=string,JSONPath=`.spec.through`
// +kubebuilder:printcolumn:name="Live",type=integer,JSONPath=`.status.sessions.live`
// +kubebuilder:printcolumn:name="Approved-By",type=string,JSONPath=`.status.approvedBy`
// +kubebuilder:printcolumn:name="Last-Packet",type=date,priority=1,JSONPath=`.status.sessions.lastPacket`
// +kubebuilder:printcolumn:name="Requester",type=string,priority=1,JSONPath=`.spec.requester`
// +kubebuilder:printcolumn:name="Order",type=string,priority=1,JSONPath=`.spec.work.order`
// +kubebuilder:printcolumn:name="Why",type=string,priority=1,JSONPath=`.status.reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')",message="the name of a VendorAccessWindow is at most 63 characters long and has no dots, because policies and labels are named after it"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.replaces) || self.spec.replaces != self.metadata.name",message="spec.replaces must name another window"
type VendorAccessWindow struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec VendorAccessWindowSpec `json:"spec"`
	// +optional
	Status VendorAccessWindowStatus `json:"status,omitempty"`
}

// VendorAccessWindowSpec is what is asked for. It never changes: who approved it
// approved this.
//
// +kubebuilder:validation:XValidation:rule="has(self.recurring) || (has(self.start) && has(self.end))",message="an access window ends: give start and end, or recurring"
// +kubebuilder:validation:XValidation:rule="!has(self.recurring) || !(has(self.start) || has(self.end) || has(self.latestEnd))",message="recurring takes the place of start, end and latestEnd: give one or the other"
// +kubebuilder:validation:XValidation:rule="!has(self.start) || !has(self.end) || !self.start.matches('^20[0-9T:-]{14}(:[0-9]{2})?(Z|[+-]|$)') || !self.end.matches('^20[0-9T:-]{14}(:[0-9]{2})?(Z|[+-]|$)') || (self.start.matches('^.{16}:') ? self.start.substring(19) : self.start.substring(16)) != (self.end.matches('^.{16}:') ? self.end.substring(19) : self.end.substring(16)) || (self.start.matches('^.{16}:') ? self.start.substring(0, 19) : self.start.substring(0, 16) + ':00') < (self.end.matches('^.{16}:') ? self.end.substring(0, 19) : self.end.substring(0, 16) + ':00')",message="end must be after start"
// +kubebuilder:validation:XValidation:rule="!has(self.end) || !has(self.latestEnd) || !self.end.matches('^20[0-9T:-]{14}(:[0-9]{2})?(Z|[+-]|$)') || !self.latestEnd.matches('^20[0-9T:-]{14}(:[0-9]{2})?(Z|[+-]|$)') || (self.end.matches('^.{16}:') ? self.end.substring(19) : self.end.substring(16)) != (self.latestEnd.matches('^.{16}:') ? self.latestEnd.substring(19) : self.latestEnd.substring(16)) || (self.end.matches('^.{16}:') ? self.end.substring(0, 19) : self.end.substring(0, 16) + ':00') <= (self.latestEnd.matches('^.{16}:') ? self.latestEnd.substring(0, 19) : self.latestEnd.substring(0, 16) + ':00')",message="latestEnd must not be before end"
// +kubebuilder:validation:XValidation:rule="!(has(self.breakGlass) && self.breakGlass) || (!has(self.recurring) && self.activation == 'Automatic')",message="breakGlass opens at once and once: it goes with start, end and activation: Automatic"
// +kubebuilder:validation:XValidation:rule="!has(self.idleTimeout) || self.grant != 'SourceAddress'",message="idleTimeout needs grant: Relay or SessionPod, because nobody sees the sessions from a source address"
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="the spec of a window does not change, because it is what was approved: make a new window that replaces this one"
type VendorAccessWindowSpec struct {
	// requester: who writes this, as the API server authenticates them.
	// +required
	Requester Username `json:"requester"`
	// vendor by name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Vendor string `json:"vendor"`
	// people who are let in, each by the user name that the Vendor lists.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	People []NamedUser `json:"people"`
	// work that they come for.
	// +required
	Work Work `json:"work"`
	// start of the window.
	// +optional
	Start *Moment `json:"start,omitempty"`
	// end of the window.
	// +optional
	End *Moment `json:"end,omitempty"`
	// latestEnd is how far approvers may extend the window. Not given: not at all.
	// +optional
	LatestEnd *Moment `json:"latestEnd,omitempty"`
	// recurring takes the place of start and end.
	// +optional
	Recurring *Recurrence `json:"recurring,omitempty"`
	// through is the jump host, one of the Site's spec.access.jumpHosts.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Through string `json:"through"`
	// reach: to what, and by which flows. The list is atomic.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Reach []Reach `json:"reach"`
	// grant is how they get there. Relay: a pod made for the window forwards the flows
	// and ends itself. SessionPod: a shell in a pod that ends itself. SourceAddress:
	// policy from the jump host's address, which does not end without us.
	// +optional
	// +kubebuilder:default=Relay
	Grant Grant `json:"grant,omitempty"`
	// kubernetes rights for the time of the window.
	// +optional
	Kubernetes *KubernetesRights `json:"kubernetes,omitempty"`
	// activation: Automatic opens at start; WhenArmed waits until somebody of the
	// shift arms the window.
	// +optional
	// +kubebuilder:default=Automatic
	Activation Activation `json:"activation,omitempty"`
	// attended: Required says that a person of the plant is to be present. It is shown
	// and recorded; nothing can check it.
	// +optional
	// +kubebuilder:default=NotRequired
	Attended Attendance `json:"attended,omitempty"`
	// breakGlass opens without an approval, by one person who may (verb break-glass),
	// within the Site's cap and never into a safety zone. A review is owed.
	// +optional
	BreakGlass bool `json:"breakGlass,omitempty"`
	// maxSessions at one time.
	// +optional
	// +kubebuilder:default=16
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=64
	MaxSessions int32 `json:"maxSessions,omitempty"`
	// idleTimeout ends the window, or the occurrence, when nothing passed for so long.
	// +optional
	IdleTimeout *Duration `json:"idleTimeout,omitempty"`
	// replaces names the window that this one takes the place of.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Replaces string `json:"replaces,omitempty"`
}

// Work is what a vendor comes for.
type Work struct {
	// order: the work order, for example WO-48213.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Order string `json:"order,omitempty"`
	// permit to work, for example PTW-0991.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Permit string `json:"permit,omitempty"`
	// reason in words.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Reason string `json:"reason"`
}

// Recurrence is a window that comes again, by the Site's time zone.
type Recurrence struct {
	// schedule of the starts, as a cron expression of five fields: "0 8 * * MON".
	// +required
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9A-Za-z*/,-]+( [0-9A-Za-z*/,-]+){4}$')",message="a schedule is a cron expression of five fields: minute, hour, day, month, weekday; the time zone is the Site's"
	Schedule string `json:"schedule"`
	// duration of one occurrence.
	// +required
	Duration Duration `json:"duration"`
	// lastDay on which an occurrence may start.
	// +required
	LastDay Date `json:"lastDay"`
}

// Reach is a part of a zone that is reached, and how.
//
// +kubebuilder:validation:XValidation:rule="[has(self.assets), has(self.workloads), has(self.wholeZone) && self.wholeZone].filter(given, given).size() == 1",message="say what of the zone is reached: give one of assets, workloads, wholeZone: true"
type Reach struct {
	// zone by name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Zone string `json:"zone"`
	// assets of the zone by name.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	Assets []string `json:"assets,omitempty"`
	// workloads: the zone's pods with these labels.
	// +optional
	// +kubebuilder:validation:XValidation:rule="(has(self.matchLabels) && size(self.matchLabels) > 0) || (has(self.matchExpressions) && size(self.matchExpressions) > 0)",message="an empty selector would reach every pod of the zone; name a label"
	Workloads *metav1.LabelSelector `json:"workloads,omitempty"`
	// wholeZone: everything in the zone, where the Site allows that.
	// +optional
	WholeZone bool `json:"wholeZone,omitempty"`
	// flows that pass, as in a Conduit. The list is atomic.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Flows []Flow `json:"flows"`
}

// Grant is how people get to what they reach.
//
// +kubebuilder:validation:Enum=Relay;SessionPod;SourceAddress
type Grant string

// The grants.
const (
	GrantRelay         Grant = "Relay"
	GrantSessionPod    Grant = "SessionPod"
	GrantSourceAddress Grant = "SourceAddress"
)

// KubernetesRights are rights in the cluster for the time of a window.
type KubernetesRights struct {
	// roles that are bound.
	// +required
	// +listType=map
	// +listMapKey=namespace
	// +listMapKey=role
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Roles []WindowRole `json:"roles"`
	// credential: Token makes a service account of the window's own that has the roles as
	// well, and a token for it in Secret window-NAME of namespace zonewarden-access, for
	// people whom the API server does not know by themselves. The people and the
	// requester may read it. It ends with the window, and windows of which less than ten
	// minutes are left get none.
	// +optional
	// +kubebuilder:default=None
	Credential Credential `json:"credential,omitempty"`
}

// Credential is what somebody proves to the API server who they are with.
//
// +kubebuilder:validation:Enum=None;Token
type Credential string

// The credentials.
const (
	CredentialNone  Credential = "None"
	CredentialToken Credential = "Token"
)

// WindowRole is a ClusterRole that is bound in a namespace. It must be labelled
// zonewarden.io/vendor-safe.
type WindowRole struct {
	// namespace in which it is bound.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace"`
	// role: the name of a ClusterRole.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Role string `json:"role"`
}

// Activation says what opens an approved window.
//
// +kubebuilder:validation:Enum=Automatic;WhenArmed
type Activation string

// The activations.
const (
	ActivationAutomatic Activation = "Automatic"
	ActivationWhenArmed Activation = "WhenArmed"
)

// Attendance says whether a person of the plant is to be present.
//
// +kubebuilder:validation:Enum=Required;NotRequired
type Attendance string

// The attendances.
const (
	AttendanceRequired    Attendance = "Required"
	AttendanceNotRequired Attendance = "NotRequired"
)

// VendorAccessWindowList is a list of VendorAccessWindows.
//
// +kubebuilder:object:root=true
type VendorAccessWindowList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []VendorAccessWindow `json:"items"`
}
