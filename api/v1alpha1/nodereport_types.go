// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// NodeReport is what the node agent of one node found out: which enforced zones
// hold there, tried with real packets, and which live flows it ended. It is named
// after its node. Nobody declares anything in it, so there is no spec and no
// status subresource: the agent of the node writes all of it at once.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,path=nodereports,shortName=nr,categories=zonewarden
// +kubebuilder:printcolumn:name="Flow-Table",type=string,JSONPath=`.status.flowTable`
// +kubebuilder:printcolumn:name="Policy-Agent",type=string,JSONPath=`.status.policyAgent`
// +kubebuilder:printcolumn:name="Verified",type=integer,JSONPath=`.status.verified`
// +kubebuilder:printcolumn:name="Failed",type=integer,JSONPath=`.status.failed`
// +kubebuilder:printcolumn:name="Ended",type=integer,JSONPath=`.status.endedFlows`
// +kubebuilder:printcolumn:name="Renewed",type=date,priority=1,JSONPath=`.status.renewTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type NodeReport struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Status NodeReportStatus `json:"status"`
}

// PolicyAgentState says whether the network plugin's policy agent on a node answers.
//
// +kubebuilder:validation:Enum=Up;Down;Unknown
type PolicyAgentState string

// The states of a policy agent.
const (
	PolicyAgentUp PolicyAgentState = "Up"
	// PolicyAgentDown: what it was told last goes on, changes do not arrive.
	PolicyAgentDown PolicyAgentState = "Down"
	// PolicyAgentUnknown: this plugin's agent cannot be asked.
	PolicyAgentUnknown PolicyAgentState = "Unknown"
)

// FlowTable is where a node agent reads and ends live flows.
//
// +kubebuilder:validation:Enum=Cilium;Kernel;None
type FlowTable string

// The flow tables.
const (
	// FlowTableCilium is Cilium's own, in its pinned maps.
	FlowTableCilium FlowTable = "Cilium"
	// FlowTableKernel is the kernel's connection tracking.
	FlowTableKernel FlowTable = "Kernel"
	// FlowTableNone: neither can be read, so no flow can be ended on this node.
	FlowTableNone FlowTable = "None"
)

// ProbeResult is what the packets of one node showed about one zone.
//
// +kubebuilder:validation:Enum=Verified;Leaking;Cut;Unknown
type ProbeResult string

// The results of a probe.
const (
	// ProbeVerified: what must pass passed, what must not did not.
	ProbeVerified ProbeResult = "Verified"
	// ProbeLeaking: what must not pass passed.
	ProbeLeaking ProbeResult = "Leaking"
	// ProbeCut: what must pass did not.
	ProbeCut ProbeResult = "Cut"
	// ProbeUnknown: at least one of the two could not be tried.
	ProbeUnknown ProbeResult = "Unknown"
)

// NodeReportStatus is one report. Conditions of Zones repeat its messages, so they
// hold no times and no counts: a message that changes is a write.
type NodeReportStatus struct {
	// renewTime is when the agent wrote this, by the node's clock, for people.
	// Whether a report counts is decided by its arrival, because clocks lie.
	// +required
	RenewTime metav1.MicroTime `json:"renewTime"`
	// policyAgent: Up, Down, or Unknown where it cannot be asked.
	// +required
	PolicyAgent PolicyAgentState `json:"policyAgent"`
	// policyAgentMessage says why, when it is not Up.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	PolicyAgentMessage string `json:"policyAgentMessage,omitempty"`
	// flowTable is where live flows are read and ended: Cilium, Kernel, or None.
	// +required
	FlowTable FlowTable `json:"flowTable"`
	// flowTableMessage says why, when it is None.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	FlowTableMessage string `json:"flowTableMessage,omitempty"`
	// verified is how many of zones are Verified.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Verified int32 `json:"verified"`
	// failed is how many of zones are Leaking or Cut.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Failed int32 `json:"failed"`
	// zones with enforced members on this node.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=500
	Zones []NodeZoneReport `json:"zones,omitempty"`
	// endedFlows is how many live flows were ended since the agent started.
	// +optional
	// +kubebuilder:validation:Minimum=0
	EndedFlows int64 `json:"endedFlows"`
	// lastEnded are the flows that were ended last, newest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	LastEnded []EndedFlow `json:"lastEnded,omitempty"`
	// outsideFlows are live flows between pods of zones and addresses outside the
	// cluster that no policy object of ours names, those known longest first. The
	// operator knows what else is declared.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	OutsideFlows []OutsideFlow `json:"outsideFlows,omitempty"`
	// moreOutsideFlows says that there are some that are not listed.
	// +optional
	MoreOutsideFlows bool `json:"moreOutsideFlows,omitempty"`
}

// FlowDirection says who opened a flow, as the pod sees it.
//
// +kubebuilder:validation:Enum=In;Out
type FlowDirection string

// The directions of a flow.
const (
	FlowIn  FlowDirection = "In"
	FlowOut FlowDirection = "Out"
)

// OutsideFlow is a live flow between a pod of a zone and an address outside the cluster.
type OutsideFlow struct {
	// pod as NAMESPACE/POD.
	// +required
	// +kubebuilder:validation:MaxLength=317
	Pod string `json:"pod"`
	// direction: In where the address opened it, Out where the pod did.
	// +required
	Direction FlowDirection `json:"direction"`
	// address outside the cluster.
	// +required
	// +kubebuilder:validation:MaxLength=45
	Address string `json:"address"`
	// port and transport at the end that answers: 502/TCP.
	// +required
	// +kubebuilder:validation:MaxLength=16
	Port string `json:"port"`
}

// NodeZoneReport is what the packets of one node showed about one zone.
type NodeZoneReport struct {
	// name of the Zone.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// result: Verified, Leaking, Cut, or Unknown when it could not be tried.
	// +required
	Result ProbeResult `json:"result"`
	// message says why, when the result is Unknown.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Message string `json:"message,omitempty"`
	// mustPass is the connection that must pass, and what became of it:
	// "ww/hmi -> ww/historian 4840/TCP: passed".
	// +optional
	// +kubebuilder:validation:MaxLength=512
	MustPass string `json:"mustPass,omitempty"`
	// mustNotPass is the connection that must not pass, and what became of it.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	MustNotPass string `json:"mustNotPass,omitempty"`
	// probedAt is when it was tried last, by the node's clock.
	// +optional
	ProbedAt metav1.Time `json:"probedAt,omitempty,omitzero"`
	// answers repeats the value of the Zone's annotation zonewarden.io/verify that
	// the last probe was made for.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Answers string `json:"answers,omitempty"`
}

// EndedFlow is one live flow that was ended because nothing admits it any more.
type EndedFlow struct {
	// time when it was ended, by the node's clock.
	// +required
	Time metav1.Time `json:"time"`
	// source: NAMESPACE/POD, or an address.
	// +required
	// +kubebuilder:validation:MaxLength=317
	Source string `json:"source"`
	// destination: NAMESPACE/POD, or an address.
	// +required
	// +kubebuilder:validation:MaxLength=317
	Destination string `json:"destination"`
	// port and transport at the destination: 502/TCP.
	// +required
	// +kubebuilder:validation:MaxLength=16
	Port string `json:"port"`
	// closed is the name of the policy object that admitted it and is gone or
	// changed: conduit-historian-opcua.
	// +optional
	// +kubebuilder:validation:MaxLength=317
	Closed string `json:"closed,omitempty"`
}

// NodeReportList is a list of NodeReports.
//
// +kubebuilder:object:root=true
type NodeReportList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []NodeReport `json:"items"`
}
