// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Vendor is a company whose people may be let into zones, by windows that end. By
// itself it opens nothing.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,path=vendors,shortName=vnd,categories=zonewarden
// +kubebuilder:printcolumn:name="Company",type=string,JSONPath=`.spec.company`
// +kubebuilder:printcolumn:name="Contract-End",type=string,JSONPath=`.spec.contractEnd`
// +kubebuilder:printcolumn:name="Zones",type=string,JSONPath=`.spec.zones`
// +kubebuilder:printcolumn:name="Open",type=integer,JSONPath=`.status.open`
// +kubebuilder:printcolumn:name="Waiting",type=integer,JSONPath=`.status.waiting`
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')",message="the name of a Vendor is at most 63 characters long and has no dots, because labels are made of it"
type Vendor struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec VendorSpec `json:"spec"`
	// +optional
	Status VendorStatus `json:"status,omitempty"`
}

// VendorSpec is what is declared about a vendor.
type VendorSpec struct {
	// company by its full name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Company string `json:"company"`
	// people of the company who may be let in.
	// +required
	// +listType=map
	// +listMapKey=user
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	People []VendorPerson `json:"people"`
	// contractEnd is the last day of the contract. No window of this vendor goes
	// beyond it, whatever was approved.
	// +required
	ContractEnd Date `json:"contractEnd"`
	// zones that the vendor may ever ask for, by name. Not given: none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	Zones []string `json:"zones,omitempty"`
}

// Username is a user as the API server authenticates them (userInfo.username).
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=340
type Username string

// NamedUser is a user who is let in. Groups have no place here: whoever is let in has
// a name.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=340
// +kubebuilder:validation:XValidation:rule="!self.startsWith('system:') || self.matches('^system:serviceaccount:[^:]+:[^:]+$')",message="this names a group or a part of Kubernetes: name a person, as the API server authenticates them"
type NamedUser string

// VendorPerson is one of a vendor's people.
type VendorPerson struct {
	// user as the API server authenticates them, for example tech-1@acme.example.
	// +required
	User NamedUser `json:"user"`
	// name of the person.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name"`
	// contact: how to reach them during a session.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Contact string `json:"contact,omitempty"`
}

// VendorStatus is what the operator says about a vendor.
type VendorStatus struct {
	Status `json:",inline"`
	// open is the number of windows by which the vendor is let in now.
	// +optional
	Open int32 `json:"open"`
	// waiting is the number of windows that are requested or approved and not open.
	// +optional
	Waiting int32 `json:"waiting"`
}

// VendorList is a list of Vendors.
//
// +kubebuilder:object:root=true
type VendorList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Vendor `json:"items"`
}
