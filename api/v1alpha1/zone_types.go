// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ZoneType is the kind of zone that IEC 62443-3-2 ZCR 3.2 to 3.6 keeps apart.
//
// +kubebuilder:validation:Enum=Control;Safety;Business;DMZ;Wireless;Temporary;External
type ZoneType string

// The zone types.
const (
	ZoneTypeControl   ZoneType = "Control"   // control and supervision of the process
	ZoneTypeSafety    ZoneType = "Safety"    // safety instrumented systems (ZCR 3.3)
	ZoneTypeBusiness  ZoneType = "Business"  // the office (ZCR 3.2)
	ZoneTypeDMZ       ZoneType = "DMZ"       // between office and operations
	ZoneTypeWireless  ZoneType = "Wireless"  // wireless devices (ZCR 3.5)
	ZoneTypeTemporary ZoneType = "Temporary" // devices that come and go (ZCR 3.4)
	ZoneTypeExternal  ZoneType = "External"  // reached over networks of others (ZCR 3.6)
)

// Enforcement says whether a zone's policy denies.
//
// +kubebuilder:validation:Enum=Observe;Enforce
type Enforcement string

// The enforcement modes.
const (
	EnforcementObserve Enforcement = "Observe"
	EnforcementEnforce Enforcement = "Enforce"
)

// Permission allows or denies one thing.
//
// +kubebuilder:validation:Enum=Allow;Deny
type Permission string

// The permissions.
const (
	PermissionAllow Permission = "Allow"
	PermissionDeny  Permission = "Deny"
)

// Zone is a security zone of IEC 62443: workloads and devices with the same
// security requirements. In Enforce nothing enters or leaves its workloads but
// through a Conduit, an open access window, or what this object allows.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,path=zones,shortName=zn,categories=zonewarden
// +kubebuilder:printcolumn:name="Purdue",type=string,JSONPath=`.spec.purdue`
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.type`
// +kubebuilder:printcolumn:name="Mode",type=string,JSONPath=`.spec.enforcement`
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`
// +kubebuilder:printcolumn:name="Programmed",type=string,JSONPath=`.status.conditions[?(@.type=="Programmed")].status`
// +kubebuilder:printcolumn:name="Verified",type=string,JSONPath=`.status.conditions[?(@.type=="EnforcementVerified")].status`
// +kubebuilder:printcolumn:name="Exposed",type=string,JSONPath=`.status.conditions[?(@.type=="Exposed")].status`
// +kubebuilder:printcolumn:name="Pods",type=integer,JSONPath=`.status.workloads`
// +kubebuilder:printcolumn:name="Assets",type=integer,JSONPath=`.status.assets`
// +kubebuilder:printcolumn:name="Findings",type=integer,JSONPath=`.status.findingCount`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Accepted")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')",message="the name of a Zone is at most 63 characters long and has no dots, because policies and labels are named after it"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.parent) || self.spec.parent != self.metadata.name",message="spec.parent: a zone cannot be its own parent"
type Zone struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec ZoneSpec `json:"spec"`
	// +optional
	Status ZoneStatus `json:"status,omitempty"`
}

// ZoneSpec is what is declared about a zone; the items are those of IEC 62443-3-2
// ZCR 6.4 (zone and conduit characteristics), by letter.
//
// +kubebuilder:validation:XValidation:rule="(self.purdue == 'DMZ') == (self.type == 'DMZ')",message="purdue: DMZ and type: DMZ go together"
// +kubebuilder:validation:XValidation:rule="self.type != 'Safety' || self.purdue in ['L0', 'L1', 'L2', 'L3']",message="a Safety zone is at L0 to L3"
// +kubebuilder:validation:XValidation:rule="self.type != 'Business' || self.purdue in ['L4', 'L5']",message="a Business zone is at L4 or L5"
// +kubebuilder:validation:XValidation:rule="self.type != 'Control' || self.purdue in ['L0', 'L1', 'L2', 'L3']",message="a Control zone is at L0 to L3; for L4 and L5 use type Business"
type ZoneSpec struct {
	// description says what the zone is for. Its name is the identifier of
	// ZCR 6.4 a.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Description string `json:"description,omitempty"`
	// purdue is the level: L0 to L5 or DMZ. A zone that spans two levels takes
	// the one that its conduits to other zones are at.
	// +required
	Purdue Level `json:"purdue"`
	// type of zone; Safety is the safety designation of ZCR 6.4 e.
	// +required
	Type ZoneType `json:"type"`
	// slTarget is the target security level, SL-T (ZCR 6.4 k), for example
	// {all: 2} or {all: 2, RDF: 3}.
	// +required
	SLTarget SecurityLevels `json:"slTarget"`
	// parent is the zone that this one is a part of, for the drawing and the
	// report. Members are never shared with it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Parent string `json:"parent,omitempty"`
	// cell is the process cell or area that the zone belongs to, as the plant
	// calls it, for example "filtration".
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Cell string `json:"cell,omitempty"`
	// members are the workloads and devices of the zone (ZCR 6.4 c, j).
	// +required
	Members ZoneMembers `json:"members"`
	// internalTraffic between members: Allow, or Deny so that only conduits
	// from the zone to itself pass.
	// +optional
	// +kubebuilder:default=Allow
	InternalTraffic Permission `json:"internalTraffic,omitempty"`
	// platformServices that members may reach outside the zone. They are
	// conduits that nobody drew, so the matrix lists them.
	// +optional
	// +kubebuilder:default={}
	PlatformServices PlatformServices `json:"platformServices,omitempty"`
	// certificates: what the zone's authority may sign, and who has its key.
	// +optional
	Certificates *ZoneCertificates `json:"certificates,omitempty"`
	// enforcement: Observe denies nothing, Enforce does. Start with Observe.
	// +optional
	// +kubebuilder:default=Observe
	Enforcement Enforcement `json:"enforcement,omitempty"`
	// owner is the accountable organisation or person (ZCR 6.4 b).
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Owner string `json:"owner"`
	// physicalBoundary: building, room, cabinets (ZCR 6.4 d).
	// +optional
	// +kubebuilder:validation:MaxLength=512
	PhysicalBoundary string `json:"physicalBoundary,omitempty"`
	// physicalAccessPoints: ports, modems, keyboards one can walk up to (ZCR 6.4 g).
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=256
	PhysicalAccessPoints []string `json:"physicalAccessPoints,omitempty"`
	// requirements that hold in the zone, for example "SR 1.13 RE 1" (ZCR 6.4 l).
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=128
	// +kubebuilder:validation:items:MaxLength=128
	Requirements []string `json:"requirements,omitempty"`
	// policies of the organisation that apply (ZCR 6.4 m).
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=256
	Policies []string `json:"policies,omitempty"`
	// assumptions and external dependencies, for example "NTP from the
	// enterprise" (ZCR 6.4 n).
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=256
	Assumptions []string `json:"assumptions,omitempty"`
}

// ZoneMembers are the workloads and devices of a zone.
//
// +kubebuilder:validation:XValidation:rule="(has(self.workloads) && size(self.workloads) > 0) || has(self.assets)",message="a zone needs members: workloads, assets or both"
type ZoneMembers struct {
	// workloads are pods of this cluster. A pod is a member when one entry
	// matches it.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Workloads []WorkloadMembers `json:"workloads,omitempty"`
	// assets are devices outside the cluster.
	// +optional
	Assets *AssetMembers `json:"assets,omitempty"`
}

// WorkloadMembers selects pods by namespace, and within it by label.
//
// +kubebuilder:validation:XValidation:rule="has(self.namespaces) != has(self.namespaceSelector)",message="give either namespaces or namespaceSelector"
type WorkloadMembers struct {
	// namespaces by name.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	Namespaces []string `json:"namespaces,omitempty"`
	// namespaceSelector selects namespaces by label; not empty.
	// +optional
	// +kubebuilder:validation:XValidation:rule="(has(self.matchLabels) && size(self.matchLabels) > 0) || (has(self.matchExpressions) && size(self.matchExpressions) > 0)",message="an empty selector would take in every namespace"
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector,omitempty"`
	// podSelector narrows to pods with these labels; only label keys that the
	// Site lists in zoneLabelKeys. Not given: every pod of the namespaces.
	// +optional
	// +kubebuilder:validation:XValidation:rule="(has(self.matchLabels) && size(self.matchLabels) > 0) || (has(self.matchExpressions) && size(self.matchExpressions) > 0)",message="an empty selector says nothing; leave podSelector out to take every pod of the namespaces"
	PodSelector *metav1.LabelSelector `json:"podSelector,omitempty"`
}

// AssetMembers selects devices outside the cluster.
//
// +kubebuilder:validation:XValidation:rule="has(self.selector) || (has(self.cidrs) && size(self.cidrs) > 0)",message="give selector, cidrs or both"
type AssetMembers struct {
	// selector over the labels of Asset objects; not empty.
	// +optional
	// +kubebuilder:validation:XValidation:rule="(has(self.matchLabels) && size(self.matchLabels) > 0) || (has(self.matchExpressions) && size(self.matchExpressions) > 0)",message="an empty selector would take in every asset of the site"
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
	// cidrs are networks without an inventory, for example the office:
	// [10.9.0.0/16]. A network wider than /8 (IPv6: /20) is refused.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	CIDRs []CIDR `json:"cidrs,omitempty"`
}

// PlatformServices are the cluster services that members may reach.
type PlatformServices struct {
	// dns: the name service of Site.spec.platform.dns.
	// +optional
	// +kubebuilder:default=Allow
	DNS Permission `json:"dns,omitempty"`
	// apiServer: the Kubernetes API of Site.spec.platform.apiServer, for
	// workloads that are controllers themselves.
	// +optional
	// +kubebuilder:default=Deny
	APIServer Permission `json:"apiServer,omitempty"`
}

// ZoneStatus is what the operator says about a zone.
type ZoneStatus struct {
	Status `json:",inline"`
	// workloads is the number of pods that are members now.
	// +optional
	Workloads int32 `json:"workloads"`
	// assets is the number of Asset objects that are members now.
	// +optional
	Assets int32 `json:"assets"`
	// conduits is the number of accepted conduits that join this zone.
	// +optional
	Conduits int32 `json:"conduits"`
	// lastGood is the last spec that was accepted: it stays in force when a
	// later one is not.
	// +optional
	LastGood *ZoneLastGood `json:"lastGood,omitempty"`
}

// ZoneLastGood is a spec that was accepted.
type ZoneLastGood struct {
	// generation of the accepted spec.
	Generation int64 `json:"generation"`
	// spec as it was accepted.
	Spec ZoneSpec `json:"spec"`
	// approvedBy are the people whose Approvals let it open something, where the Site asks for
	// them (spec.openings).
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	ApprovedBy []Username `json:"approvedBy,omitempty"`
}

// Approvers are approvedBy, none of what was never accepted.
func (g *ZoneLastGood) Approvers() []Username {
	if g == nil {
		return nil
	}
	return g.ApprovedBy
}

// ZoneList is a list of Zones.
//
// +kubebuilder:object:root=true
type ZoneList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Zone `json:"items"`
}
