// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AccessLock is the kill switch: while it exists nobody is let in that it means,
// whatever window is open or approved. Deleting it lifts it; the windows that it ended
// stay ended.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,path=accesslocks,shortName=lock,categories=zonewarden
// +kubebuilder:printcolumn:name="Vendor",type=string,JSONPath=`.spec.vendor`
// +kubebuilder:printcolumn:name="Person",type=string,JSONPath=`.spec.person`
// +kubebuilder:printcolumn:name="Zone",type=string,JSONPath=`.spec.zone`
// +kubebuilder:printcolumn:name="Everything",type=boolean,JSONPath=`.spec.everything`
// +kubebuilder:printcolumn:name="By",type=string,JSONPath=`.spec.by`
// +kubebuilder:printcolumn:name="Windows",type=integer,JSONPath=`.status.windows`
// +kubebuilder:printcolumn:name="Why",type=string,JSONPath=`.spec.reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type AccessLock struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec AccessLockSpec `json:"spec"`
	// +optional
	Status AccessLockStatus `json:"status,omitempty"`
}

// AccessLockSpec says what is locked, and who did it. It never changes.
//
// +kubebuilder:validation:XValidation:rule="[has(self.vendor), has(self.person), has(self.zone), has(self.everything) && self.everything].filter(locked, locked).size() == 1",message="a lock is of one thing: give one of vendor, person, zone, everything: true"
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a lock does not change: make another, then delete this one"
type AccessLockSpec struct {
	// vendor by name: all its windows.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Vendor string `json:"vendor,omitempty"`
	// person: a user, as the API server authenticates them, in all windows.
	// +optional
	Person Username `json:"person,omitempty"`
	// zone by name: all windows that reach into it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Zone string `json:"zone,omitempty"`
	// everything: all windows of the site.
	// +optional
	Everything bool `json:"everything,omitempty"`
	// reason of the lock.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Reason string `json:"reason"`
	// by whom: who writes this, as the API server authenticates them.
	// +required
	By Username `json:"by"`
}

// AccessLockStatus is what the operator says about a lock.
type AccessLockStatus struct {
	Status `json:",inline"`
	// windows is the number of windows that the lock keeps closed.
	// +optional
	Windows int32 `json:"windows"`
}

// AccessLockList is a list of AccessLocks.
//
// +kubebuilder:object:root=true
type AccessLockList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []AccessLock `json:"items"`
}
