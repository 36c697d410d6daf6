// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Asset is a device outside the cluster: a PLC, an RTU, a drive, a panel. Its
// labels decide which zone it is in.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,path=assets,shortName=ast,categories=zonewarden
// +kubebuilder:printcolumn:name="Tag",type=string,JSONPath=`.spec.tag`
// +kubebuilder:printcolumn:name="Zone",type=string,JSONPath=`.status.zone`
// +kubebuilder:printcolumn:name="Role",type=string,JSONPath=`.spec.role`
// +kubebuilder:printcolumn:name="Addresses",type=string,JSONPath=`.spec.addresses`
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`
// +kubebuilder:printcolumn:name="Criticality",type=string,priority=1,JSONPath=`.spec.criticality`
// +kubebuilder:printcolumn:name="Vendor",type=string,priority=1,JSONPath=`.spec.vendor`
// +kubebuilder:printcolumn:name="Model",type=string,priority=1,JSONPath=`.spec.model`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')",message="the name of an Asset is at most 63 characters long and has no dots, because policies and labels are named after it"
type Asset struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec AssetSpec `json:"spec"`
	// +optional
	Status AssetStatus `json:"status,omitempty"`
}

// AssetRole is what a device does.
//
// +kubebuilder:validation:Enum=PLC;RTU;DCS;SafetyController;HMI;Drive;RemoteIO;Instrument;Relay;Gateway;NetworkDevice;Workstation;Server;Printer;Other
type AssetRole string

// Criticality of a device to the process.
//
// +kubebuilder:validation:Enum=Low;Medium;High
type Criticality string

// AssetSpec describes one device.
type AssetSpec struct {
	// tag is the plant's own name for it, as on the cabinet and in the drawings
	// (IEC 81346), free text and unique: "=A01+K02-PLC_03".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Tag string `json:"tag"`
	// addresses: IPv4 or IPv6 addresses, or small networks not wider than /24
	// (IPv6: /64): [10.20.2.13] or [10.20.2.16/28, fd00:17:2::13].
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Addresses []AssetAddress `json:"addresses"`
	// sharedAddress: several units sit behind this address, as behind a gateway;
	// other assets may have the same one.
	// +optional
	SharedAddress bool `json:"sharedAddress,omitempty"`
	// role of the device.
	// +required
	Role AssetRole `json:"role"`
	// vendor of the device.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Vendor string `json:"vendor,omitempty"`
	// model or order number.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Model string `json:"model,omitempty"`
	// firmware version, quoted: "2.9".
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Firmware string `json:"firmware,omitempty"`
	// location: building, room, cabinet.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Location string `json:"location,omitempty"`
	// criticality to the process (ZCR 6.4 j).
	// +optional
	// +kubebuilder:default=Medium
	Criticality Criticality `json:"criticality,omitempty"`
	// lifecycle: how long the vendor stands behind it.
	// +optional
	Lifecycle *Lifecycle `json:"lifecycle,omitempty"`
}

// AssetAddress is an IP address or a small network.
//
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=43
// +kubebuilder:validation:Pattern=`^([0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?|[0-9a-fA-F:]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*(/[0-9]{1,3})?)$`
// +kubebuilder:validation:XValidation:rule="!self.matches('^[^/]*/[0-9]{1,3}$') || int(self.split('/')[1]) >= (self.contains(':') ? 64 : 24)",message="an asset's network must not be wider than /24 (IPv6: /64); put wider networks into the zone's members.assets.cidrs"
type AssetAddress string

// LifecycleStatus is the vendor's support for a device.
//
// +kubebuilder:validation:Enum=Supported;EndOfSale;EndOfSupport
type LifecycleStatus string

// The lifecycle states.
const (
	LifecycleSupported    LifecycleStatus = "Supported"
	LifecycleEndOfSale    LifecycleStatus = "EndOfSale"
	LifecycleEndOfSupport LifecycleStatus = "EndOfSupport"
)

// Lifecycle says how long the vendor supports a device.
type Lifecycle struct {
	// status as somebody established it. EndOfSupport makes the asset obsolete
	// for the Site's rule obsoleteAssets.
	// +optional
	// +kubebuilder:default=Supported
	Status LifecycleStatus `json:"status,omitempty"`
	// endOfSupport is the day the vendor names. Passing it warns; to make the
	// rule bite, set status: a date alone closes nothing.
	// +optional
	EndOfSupport *Date `json:"endOfSupport,omitempty"`
	// compensatingControls that protect an obsolete device.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=256
	CompensatingControls []string `json:"compensatingControls,omitempty"`
}

// AssetStatus is what the operator says about a device.
type AssetStatus struct {
	Status `json:",inline"`
	// zone that the asset is a member of; empty: none.
	// +optional
	Zone string `json:"zone,omitempty"`
	// lastGood is the last spec that was accepted: it stays in force when a
	// later one is not.
	// +optional
	LastGood *AssetLastGood `json:"lastGood,omitempty"`
}

// AssetLastGood is a spec that was accepted.
type AssetLastGood struct {
	// generation of the accepted spec.
	Generation int64 `json:"generation"`
	// spec as it was accepted.
	Spec AssetSpec `json:"spec"`
	// labels as they were accepted: they decide in which zone the asset is.
	// +optional
	Labels map[string]string `json:"labels"`
	// approvedBy are the people whose Approvals let it open something, where the Site asks for
	// them (spec.openings).
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	ApprovedBy []Username `json:"approvedBy,omitempty"`
	// spent are the Approvals of this generation that were of other labels than came into
	// force after them: they let nothing in any more. Labels do not change the generation, so
	// that those of before could come back by themselves. When it is full, none of this
	// generation counts.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Spent []types.UID `json:"spent,omitempty"`
}

// Approvers are approvedBy, none of what was never accepted.
func (g *AssetLastGood) Approvers() []Username {
	if g == nil {
		return nil
	}
	return g.ApprovedBy
}

// AssetList is a list of Assets.
//
// +kubebuilder:object:root=true
type AssetList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Asset `json:"items"`
}
