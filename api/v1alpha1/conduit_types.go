// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Conduit is a conduit of IEC 62443: the declared communication between zones.
// It names who opens the connection and who answers; the answers to an opened
// connection pass without being declared.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,path=conduits,shortName=cdt,categories=zonewarden
// +kubebuilder:printcolumn:name="Initiator",type=string,JSONPath=`.spec.initiator.zone`
// +kubebuilder:printcolumn:name="Responders",type=string,JSONPath=`.status.responderSummary`
// +kubebuilder:printcolumn:name="Flows",type=string,JSONPath=`.status.flowSummary`
// +kubebuilder:printcolumn:name="Enforced-By",type=string,JSONPath=`.status.enforcedBy`
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`
// +kubebuilder:printcolumn:name="Programmed",type=string,JSONPath=`.status.conditions[?(@.type=="Programmed")].status`
// +kubebuilder:printcolumn:name="Findings",type=integer,JSONPath=`.status.findingCount`
// +kubebuilder:printcolumn:name="Risk-Owner",type=string,priority=1,JSONPath=`.spec.why.riskOwner`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Accepted")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')",message="the name of a Conduit is at most 63 characters long and has no dots, because policies and labels are named after it"
type Conduit struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec ConduitSpec `json:"spec"`
	// +optional
	Status ConduitStatus `json:"status,omitempty"`
}

// ConduitSpec is what is declared about a conduit.
//
// +kubebuilder:validation:XValidation:rule="self.responders.all(r, r.zone != self.initiator.zone || has(r.workloads) || has(r.assets) || has(self.initiator.workloads) || has(self.initiator.assets))",message="a conduit from a zone to itself must narrow one of its ends to workloads or assets"
type ConduitSpec struct {
	// initiator is the end that opens the connections. OPC UA clients, pollers
	// and browsers are initiators, whichever way the data then flows.
	// +required
	Initiator ConduitEnd `json:"initiator"`
	// responders are the ends that are connected to; one conduit may join
	// several zones.
	// +required
	// +listType=map
	// +listMapKey=zone
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Responders []ConduitEnd `json:"responders"`
	// data says which way the data flows, for the arrow of the drawing:
	// ToInitiator (reading, polling), FromInitiator (writing, replicating), Both.
	// +optional
	// +kubebuilder:default=Both
	// +kubebuilder:validation:Enum=ToInitiator;FromInitiator;Both
	Data DataDirection `json:"data,omitempty"`
	// flows that pass, each a protocol of the catalogue or a port. The list is
	// atomic: its order and entries belong to whoever applies the conduit.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Flows []Flow `json:"flows"`
	// why the conduit exists (NCSC/CISA principle 1, NERC CIP-005 R1.3).
	// +required
	Why Justification `json:"why"`
	// reviewBy is the day by which somebody looks again. Passing it warns and
	// closes nothing.
	// +optional
	ReviewBy *Date `json:"reviewBy,omitempty"`
	// slTarget is the conduit's own target security level; not given: the
	// highest of the zones that it joins.
	// +optional
	SLTarget *SecurityLevels `json:"slTarget,omitempty"`
	// exceptions from the Site's segmentation rules, one for each rule.
	// +optional
	// +listType=map
	// +listMapKey=rule
	// +kubebuilder:validation:MaxItems=16
	Exceptions []RuleException `json:"exceptions,omitempty"`
	// externalEnforcement names the device outside the cluster that holds flows
	// between two devices, or frames below IP, to this declaration.
	// +optional
	ExternalEnforcement *ExternalEnforcement `json:"externalEnforcement,omitempty"`
	// suspended closes the conduit without deleting its declaration.
	// +optional
	Suspended bool `json:"suspended,omitempty"`
}

// DataDirection says which way data flows through a conduit.
type DataDirection string

// The data directions.
const (
	DataToInitiator   DataDirection = "ToInitiator"
	DataFromInitiator DataDirection = "FromInitiator"
	DataBoth          DataDirection = "Both"
)

// ConduitEnd is one end of a conduit: a zone, or a part of it. With neither
// workloads nor assets the whole zone is meant; with one of them only that, with
// both no more than these two.
type ConduitEnd struct {
	// zone by name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Zone string `json:"zone"`
	// workloads narrows the end to the zone's pods with these labels, for
	// example {matchLabels: {app: historian}}.
	// +optional
	// +kubebuilder:validation:XValidation:rule="(has(self.matchLabels) && size(self.matchLabels) > 0) || (has(self.matchExpressions) && size(self.matchExpressions) > 0)",message="an empty selector says nothing; leave workloads out to mean the whole zone"
	Workloads *metav1.LabelSelector `json:"workloads,omitempty"`
	// assets narrows the end to some of the zone's devices.
	// +optional
	Assets *AssetSelection `json:"assets,omitempty"`
}

// AssetSelection selects some Asset objects of a zone.
//
// +kubebuilder:validation:XValidation:rule="has(self.names) != has(self.selector)",message="give either names or selector"
type AssetSelection struct {
	// names of Asset objects.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	Names []string `json:"names,omitempty"`
	// selector over the labels of the zone's Asset objects.
	// +optional
	// +kubebuilder:validation:XValidation:rule="(has(self.matchLabels) && size(self.matchLabels) > 0) || (has(self.matchExpressions) && size(self.matchExpressions) > 0)",message="an empty selector says nothing; leave assets out to mean the whole zone"
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// Transport is a transport protocol.
//
// +kubebuilder:validation:Enum=TCP;UDP;SCTP
type Transport string

// The transports.
const (
	TransportTCP  Transport = "TCP"
	TransportUDP  Transport = "UDP"
	TransportSCTP Transport = "SCTP"
)

// DeclaredMode is the security mode that an optional-security protocol is said
// to run in. A port rule cannot check it.
//
// +kubebuilder:validation:Enum=None;Sign;SignAndEncrypt
type DeclaredMode string

// The declared modes.
const (
	ModeNone           DeclaredMode = "None"
	ModeSign           DeclaredMode = "Sign"
	ModeSignAndEncrypt DeclaredMode = "SignAndEncrypt"
)

// Flow is one protocol that passes, for example {protocol: modbus-tcp},
// {protocol: opcua-tcp, port: 48031, transport: TCP} or {port: 9000, transport: TCP}.
//
// +kubebuilder:validation:XValidation:rule="has(self.protocol) || has(self.port)",message="name a protocol of the catalogue, or a port with its transport"
// +kubebuilder:validation:XValidation:rule="has(self.protocol) || has(self.transport)",message="a port needs its transport: TCP, UDP or SCTP"
// +kubebuilder:validation:XValidation:rule="!has(self.transport) || has(self.port)",message="a transport without a port says nothing"
// +kubebuilder:validation:XValidation:rule="!has(self.endPort) || (has(self.port) && self.endPort >= self.port)",message="endPort needs port and must not be lower"
type Flow struct {
	// protocol is a key of the protocol catalogue, for example modbus-tcp,
	// opcua-tcp, dnp3, iec104. See the catalogue in the reference.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9][a-z0-9-]*$`
	Protocol string `json:"protocol,omitempty"`
	// port that the responder listens on: the pod's or device's port, not the
	// Service's. With protocol it takes the place of the catalogue's ports; the
	// protocol's security class stays what it is.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port *int32 `json:"port,omitempty"`
	// endPort makes a range: port to endPort.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	EndPort *int32 `json:"endPort,omitempty"`
	// transport of port; with protocol, not given means the protocol's own.
	// +optional
	Transport Transport `json:"transport,omitempty"`
	// declaredMode is the security mode that a protocol with optional security
	// (OPC UA) is configured for at both ends. It is declared: nothing at port
	// level can check it.
	// +optional
	DeclaredMode DeclaredMode `json:"declaredMode,omitempty"`
}

// Justification says why a conduit exists and what it may cost.
type Justification struct {
	// need: what the conduit is for, for example "process values for reporting".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Need string `json:"need"`
	// riskOwner is the person or role who accepts the risk.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	RiskOwner string `json:"riskOwner"`
	// ifLost: what happens to the plant without it, for example "reports stop,
	// the plant runs". An isolation plan prints this.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	IfLost string `json:"ifLost,omitempty"`
	// ifAbused: what an attacker could do through it.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	IfAbused string `json:"ifAbused,omitempty"`
	// approval is the change request or order under which it was approved.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Approval string `json:"approval,omitempty"`
}

// RuleName is a segmentation rule that a conduit may except itself from.
//
// +kubebuilder:validation:Enum=LevelSkip;DMZBypass;Cleartext;AdminProtocol;PersonToPerson;DynamicPorts;SecurityLevelLowered;ObsoleteAsset
type RuleName string

// RuleException accepts, with a reason, that a conduit breaks a rule.
type RuleException struct {
	// rule that is broken.
	// +required
	Rule RuleName `json:"rule"`
	// reason why that must be so for now.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Reason string `json:"reason"`
	// compensating: what protects the plant instead.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Compensating string `json:"compensating"`
	// until is the last day that the exception was meant for. Passing it warns
	// and closes nothing.
	// +optional
	Until *Date `json:"until,omitempty"`
}

// ExternalEnforcement names a device outside the cluster that enforces a flow.
type ExternalEnforcement struct {
	// device, for example FW-OT-1.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Device string `json:"device"`
	// reference to its rule, for example "rule 12".
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Reference string `json:"reference,omitempty"`
}

// ConduitStatus is what the operator says about a conduit.
type ConduitStatus struct {
	Status `json:",inline"`
	// responderSummary names the zones that are connected to: "cell-1, cell-2".
	// +optional
	ResponderSummary string `json:"responderSummary,omitempty"`
	// flowSummary is what passes, in short: "modbus-tcp 502/TCP".
	// +optional
	FlowSummary string `json:"flowSummary,omitempty"`
	// enforcedBy is the weakest of flows[].enforcedBy.
	// +optional
	EnforcedBy EnforcedBy `json:"enforcedBy,omitempty"`
	// flows says for each responder who enforces the conduit there.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Flows []ConduitFlowStatus `json:"flows,omitempty"`
	// lastGood is the last spec that was accepted: its policy stays in force when
	// a later spec is not.
	// +optional
	LastGood *ConduitLastGood `json:"lastGood,omitempty"`
}

// ConduitFlowStatus says who enforces a conduit towards one responder.
type ConduitFlowStatus struct {
	// responder zone.
	Responder string `json:"responder"`
	// pairs says between what: "workloads to assets" and the like.
	Pairs string `json:"pairs"`
	// enforcedBy says who enforces that.
	EnforcedBy EnforcedBy `json:"enforcedBy"`
	// device is the external one, where there is one.
	// +optional
	Device string `json:"device,omitempty"`
}

// ConduitLastGood is a spec that was accepted.
type ConduitLastGood struct {
	// generation of the accepted spec.
	Generation int64 `json:"generation"`
	// spec as it was accepted.
	Spec ConduitSpec `json:"spec"`
	// approvedBy are the people whose Approvals let it open something, where the Site asks for
	// them (spec.openings).
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	ApprovedBy []Username `json:"approvedBy,omitempty"`
}

// Approvers are approvedBy, none of what was never accepted.
func (g *ConduitLastGood) Approvers() []Username {
	if g == nil {
		return nil
	}
	return g.ApprovedBy
}

// ConduitList is a list of Conduits.
//
// +kubebuilder:object:root=true
type ConduitList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Conduit `json:"items"`
}
