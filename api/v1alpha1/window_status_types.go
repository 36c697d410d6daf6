// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// WindowPhase is where a window is on its way. Denied, Expired and Revoked are final.
//
// +kubebuilder:validation:Enum=Requested;Approved;Armed;Active;Expired;Denied;Revoked;Locked
type WindowPhase string

// The phases.
const (
	WindowRequested WindowPhase = "Requested"
	WindowApproved  WindowPhase = "Approved"
	WindowArmed     WindowPhase = "Armed"
	WindowActive    WindowPhase = "Active"
	WindowExpired   WindowPhase = "Expired"
	WindowDenied    WindowPhase = "Denied"
	WindowRevoked   WindowPhase = "Revoked"
	WindowLocked    WindowPhase = "Locked"
)

// VendorAccessWindowStatus is what the operator says about a window.
type VendorAccessWindowStatus struct {
	Status `json:",inline"`
	// phase of the window, or of the present occurrence of a recurring one.
	// +optional
	Phase WindowPhase `json:"phase,omitempty"`
	// since when it is in this phase.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`
	// reason of the phase, one word of a fixed list.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Reason string `json:"reason,omitempty"`
	// start in force, of the present or next occurrence.
	// +optional
	Start *metav1.Time `json:"start,omitempty"`
	// end in force: what was approved, within every cap.
	// +optional
	End *metav1.Time `json:"end,omitempty"`
	// localStart is start by the Site's time zone: "2026-11-23 08:00 CET".
	// +optional
	// +kubebuilder:validation:MaxLength=64
	LocalStart string `json:"localStart,omitempty"`
	// localEnd is end by the Site's time zone.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	LocalEnd string `json:"localEnd,omitempty"`
	// occurrence of a recurring window that this speaks of, by its scheduled start as the
	// Site's clocks show it: 2026-11-23T08:00.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Occurrence string `json:"occurrence,omitempty"`
	// decidedBy lists the decisions that count, oldest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	DecidedBy []WindowDecision `json:"decidedBy,omitempty"`
	// approvedBy names the approvers in short: "shift-1, ops-2".
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	ApprovedBy string `json:"approvedBy,omitempty"`
	// armedBy is who armed the present occurrence.
	// +optional
	ArmedBy Username `json:"armedBy,omitempty"`
	// endpoints are where the jump host finds what is reached.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	Endpoints []WindowEndpoint `json:"endpoints,omitempty"`
	// pod in which sessions run: the relay, or the session pod.
	// +optional
	// +kubebuilder:validation:MaxLength=320
	Pod string `json:"pod,omitempty"`
	// ending is how the last occurrence that was open ended.
	// +optional
	Ending *WindowEnding `json:"ending,omitempty"`
	// sessions through the window's relay or pod.
	// +optional
	Sessions *WindowSessions `json:"sessions,omitempty"`
}

// WindowDecision is an Approval that counts.
type WindowDecision struct {
	// approval by name.
	// +required
	// +kubebuilder:validation:MaxLength=253
	Approval string `json:"approval"`
	// approver who decided.
	// +required
	Approver Username `json:"approver"`
	// decision that was made.
	// +required
	Decision ApprovalDecision `json:"decision"`
	// at: when the API server took it.
	// +required
	At metav1.Time `json:"at"`
	// until when, for Approve and Arm.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
}

// WindowSessions are the sessions of a window.
type WindowSessions struct {
	// live is the number of sessions that are open now.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Live int32 `json:"live"`
	// lastPacket is when something passed last.
	// +optional
	LastPacket *metav1.Time `json:"lastPacket,omitempty"`
}

// WindowEndpoint is one port that leads to a target.
type WindowEndpoint struct {
	// at: address and port that the jump host connects to, "10.43.7.1:502/TCP". Empty until
	// there is one.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	At string `json:"at,omitempty"`
	// to: the target, "PU-101A-VFD 10.1.2.3:502".
	// +required
	// +kubebuilder:validation:MaxLength=256
	To string `json:"to"`
}

// WindowEnding is how an occurrence ended.
type WindowEnding struct {
	// occurrence that ended, as in status.occurrence.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Occurrence string `json:"occurrence,omitempty"`
	// due: when access had to be over.
	// +required
	Due metav1.Time `json:"due"`
	// proved: when nothing passed any more, found by trying.
	// +optional
	Proved *metav1.Time `json:"proved,omitempty"`
	// lateness of the proof, by boot time: "0.2s".
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Lateness string `json:"lateness,omitempty"`
}
