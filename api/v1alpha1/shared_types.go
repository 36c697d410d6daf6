// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Level is a level of the Purdue reference model (ISA-95, IEC 62264), or DMZ
// for the industrial demilitarised zone between L3 and L4. Written as a word so
// that unquoted YAML cannot turn it into a number.
//
//	L0   the process: sensors and actuators
//	L1   basic control: PLC, RTU, safety controller
//	L2   area supervision: HMI, SCADA, OPC UA server of a cell
//	L3   site operations: historian, engineering, batch
//	DMZ  between operations and the office: replicas, patch server, jump host
//	L4   site business: ERP client, reporting
//	L5   enterprise
//
// +kubebuilder:validation:Enum=L0;L1;L2;L3;DMZ;L4;L5
type Level string

// The levels.
const (
	LevelL0  Level = "L0"
	LevelL1  Level = "L1"
	LevelL2  Level = "L2"
	LevelL3  Level = "L3"
	LevelDMZ Level = "DMZ"
	LevelL4  Level = "L4"
	LevelL5  Level = "L5"
)

// Date is a calendar day in the Site's time zone, for example 2027-06-30.
//
// +kubebuilder:validation:Format=date
// +kubebuilder:validation:MaxLength=10
type Date string

// CIDR is a network, for example 10.9.0.0/16 or fd00:17::/48.
//
// +kubebuilder:validation:Format=cidr
// +kubebuilder:validation:MaxLength=43
type CIDR string

// SecurityLevel is a target security level of IEC 62443-3-3, 0 to 4.
//
// +kubebuilder:validation:Minimum=0
// +kubebuilder:validation:Maximum=4
type SecurityLevel int32

// SecurityLevels is the SL-T vector of IEC 62443-3-2 ZCR 5.6: one target level
// for each of the seven foundational requirements (FR). "all" sets every one
// that is not named: {all: 2} or {all: 2, RDF: 3}.
//
// +kubebuilder:validation:XValidation:rule="has(self.all) || has(self.IAC) || has(self.UC) || has(self.SI) || has(self.DC) || has(self.RDF) || has(self.TRE) || has(self.RA)",message="at least one target level must be given, for example {all: 2}"
type SecurityLevels struct {
	// all is the target of every foundational requirement not named below.
	// +optional
	All *SecurityLevel `json:"all,omitempty"`
	// IAC, FR 1: identification and authentication control.
	// +optional
	IAC *SecurityLevel `json:"IAC,omitempty"`
	// UC, FR 2: use control.
	// +optional
	UC *SecurityLevel `json:"UC,omitempty"`
	// SI, FR 3: system integrity, communication integrity included.
	// +optional
	SI *SecurityLevel `json:"SI,omitempty"`
	// DC, FR 4: data confidentiality.
	// +optional
	DC *SecurityLevel `json:"DC,omitempty"`
	// RDF, FR 5: restricted data flow, which is segmentation.
	// +optional
	RDF *SecurityLevel `json:"RDF,omitempty"`
	// TRE, FR 6: timely response to events.
	// +optional
	TRE *SecurityLevel `json:"TRE,omitempty"`
	// RA, FR 7: resource availability.
	// +optional
	RA *SecurityLevel `json:"RA,omitempty"`
}

// Severity says what a finding does: an Error keeps the object as declared out
// of force, or says that the backend cannot carry it out; a Warning changes
// nothing.
//
// +kubebuilder:validation:Enum=Error;Warning
type Severity string

// The severities.
const (
	SeverityError   Severity = "Error"
	SeverityWarning Severity = "Warning"
)

// Finding is one thing that is wrong or doubtful about an object.
type Finding struct {
	// severity: Error or Warning.
	Severity Severity `json:"severity"`
	// path of the field, for example spec.flows[0].protocol.
	Path string `json:"path"`
	// reason is one word of a fixed list, explained in the runbook.
	Reason string `json:"reason"`
	// message says what is wrong and what to do.
	Message string `json:"message"`
}

// EnforcedBy says who carries a flow out and stops everything else.
//
// +kubebuilder:validation:Enum=Cluster;External;Nobody
type EnforcedBy string

// Who enforces a flow.
const (
	// EnforcedByCluster: at least one end is a workload, the policy acts there.
	EnforcedByCluster EnforcedBy = "Cluster"
	// EnforcedByExternal: a declared device outside the cluster does.
	EnforcedByExternal EnforcedBy = "External"
	// EnforcedByNobody: the flow is declared, but nothing holds it to that.
	EnforcedByNobody EnforcedBy = "Nobody"
)

// FlowCounts counts declared flows by who enforces them.
type FlowCounts struct {
	// cluster: enforced by this cluster.
	Cluster int32 `json:"cluster"`
	// external: enforced by a declared device outside the cluster.
	External int32 `json:"external"`
	// nobody: enforced by nobody.
	Nobody int32 `json:"nobody"`
}

// Status is what the status of each kind has in common.
type Status struct {
	// observedGeneration is the generation of spec that this status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions of the object.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// findings lists everything that is wrong or doubtful, errors first; at most
	// 32, findingCount has the total.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Findings []Finding `json:"findings,omitempty"`
	// findingCount is the number of findings, those not listed included.
	// +optional
	FindingCount int32 `json:"findingCount,omitempty"`
}
