// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Approval is one person's decision on one object: let in until, deny, revoke, arm a
// VendorAccessWindow; approve or deny what a Zone, Conduit or Asset opens, where the Site asks
// for that (spec.openings). It never changes, and goes only with the object that it is about,
// which has to be its one owner (metadata.ownerReferences).
//
// The API server proves who the approver is and that they may decide. Whether the
// decision counts is up to the operator: the object exists by that UID and generation,
// the requester is the object's, the approver is not one of those who are let in.
// The requester of a Zone, Conduit or Asset is its author: the annotation
// zonewarden.io/author, which admission proves.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,path=approvals,shortName=apv,categories=zonewarden
// +kubebuilder:printcolumn:name="Kind",type=string,JSONPath=`.spec.of.kind`
// +kubebuilder:printcolumn:name="Of",type=string,JSONPath=`.spec.of.name`
// +kubebuilder:printcolumn:name="Decision",type=string,JSONPath=`.spec.decision`
// +kubebuilder:printcolumn:name="Approver",type=string,JSONPath=`.spec.approver`
// +kubebuilder:printcolumn:name="Until",type=string,JSONPath=`.spec.until`
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`
// +kubebuilder:printcolumn:name="Requester",type=string,priority=1,JSONPath=`.spec.requester`
// +kubebuilder:printcolumn:name="Why",type=string,priority=1,JSONPath=`.spec.reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Approval struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec ApprovalSpec `json:"spec"`
	// +optional
	Status Status `json:"status,omitempty"`
}

// ApprovalSpec is the decision.
//
// +kubebuilder:validation:XValidation:rule="self.approver != self.requester",message="approver and requester must differ: nobody decides on what they asked for themselves; to withdraw a request, delete it"
// +kubebuilder:validation:XValidation:rule="!has(self.until) || self.decision in ['Approve', 'Arm']",message="until goes with Approve and Arm only: Deny and Revoke are for good"
// +kubebuilder:validation:XValidation:rule="self.of.kind == 'VendorAccessWindow' || self.decision in ['Approve', 'Deny'] && !has(self.until)",message="what a Zone, Conduit or Asset opens is approved or denied, for good: leave until out, and to end it change the object"
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="an approval does not change: to extend, approve again; to end, revoke"
type ApprovalSpec struct {
	// of what.
	// +required
	Of ApprovedObject `json:"of"`
	// requester of that object, as it says.
	// +required
	Requester Username `json:"requester"`
	// approver: who writes this, as the API server authenticates them.
	// +required
	Approver Username `json:"approver"`
	// decision: Approve, also to extend; Deny; Revoke, which ends what is open; Arm
	// what was approved before and waits for the shift.
	// +required
	Decision ApprovalDecision `json:"decision"`
	// until when, for Approve and Arm. Not given: the end of the window.
	// +optional
	Until *Moment `json:"until,omitempty"`
	// factors by which the approver authenticated, as the API server attests them in
	// userInfo.extra under zonewarden.io/amr.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=8
	Factors []Factor `json:"factors,omitempty"`
	// reason of the decision.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Reason string `json:"reason,omitempty"`
}

// ApprovalDecision is what somebody decides. Each is a verb of RBAC on the object:
// approve for Approve and Deny, revoke, arm.
//
// +kubebuilder:validation:Enum=Approve;Deny;Revoke;Arm
type ApprovalDecision string

// The decisions.
const (
	DecisionApprove ApprovalDecision = "Approve"
	DecisionDeny    ApprovalDecision = "Deny"
	DecisionRevoke  ApprovalDecision = "Revoke"
	DecisionArm     ApprovalDecision = "Arm"
)

// ApprovedObject is the object that a decision is about: this one, as it is now, and
// none that later has its name.
//
// +kubebuilder:validation:XValidation:rule="has(self.specHash) == (self.kind != 'VendorAccessWindow')",message="specHash goes with a Zone, Conduit or Asset, and is needed there: its status and kubectl zonewarden plan print it"
type ApprovedObject struct {
	// kind of the object.
	// +required
	Kind ApprovedKind `json:"kind"`
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// uid of the object (metadata.uid).
	// +required
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:Pattern=`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`
	UID string `json:"uid"`
	// generation of the object (metadata.generation).
	// +required
	// +kubebuilder:validation:Minimum=1
	Generation int64 `json:"generation"`
	// specHash is what was read and approved of a Zone, Conduit or Asset: SHA-256 over the
	// canonical JSON (RFC 8785) of {"kind", "name", "spec"}, of an Asset with its "labels".
	// +optional
	// +kubebuilder:validation:MaxLength=71
	// +kubebuilder:validation:Pattern=`^sha256:[0-9a-f]{64}$`
	SpecHash string `json:"specHash,omitempty"`
}

// ApprovedKind is a kind that is decided on.
//
// +kubebuilder:validation:Enum=VendorAccessWindow;Zone;Conduit;Asset
type ApprovedKind string

// The kinds.
const (
	ApprovedWindow  ApprovedKind = "VendorAccessWindow"
	ApprovedZone    ApprovedKind = "Zone"
	ApprovedConduit ApprovedKind = "Conduit"
	ApprovedAsset   ApprovedKind = "Asset"
)

// ApprovalList is a list of Approvals.
//
// +kubebuilder:object:root=true
type ApprovalList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Approval `json:"items"`
}
