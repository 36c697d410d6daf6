// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// RotationStep is where the rotation of a certificate stands.
//
// +kubebuilder:validation:Enum=Idle;Requested;Issued;AwaitingPeers;AwaitingWindow;Restarting;Verifying
type RotationStep string

// The steps.
const (
	// StepIdle: nothing is to be done, or nothing can be decided; the conditions say which.
	StepIdle RotationStep = "Idle"
	// StepRequested: another certificate is due, and is not signed yet.
	StepRequested RotationStep = "Requested"
	// StepIssued: it is signed, and waits for its turn.
	StepIssued RotationStep = "Issued"
	// StepAwaitingPeers: not every peer trusts yet what comes.
	StepAwaitingPeers RotationStep = "AwaitingPeers"
	// StepAwaitingWindow: no maintenance window is open for it, or a freeze holds it back.
	StepAwaitingWindow RotationStep = "AwaitingWindow"
	// StepRestarting: it is in the Secret, and the workload restarts.
	StepRestarting RotationStep = "Restarting"
	// StepVerifying: it is not proved yet that what runs has it.
	StepVerifying RotationStep = "Verifying"
)
