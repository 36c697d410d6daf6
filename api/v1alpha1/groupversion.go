// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the API group and version of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "zonewarden.io", Version: "v1alpha1"}

// AddToScheme registers the kinds of this package.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&Site{}, &SiteList{},
		&Zone{}, &ZoneList{},
		&Conduit{}, &ConduitList{},
		&Asset{}, &AssetList{},
		&NodeReport{}, &NodeReportList{},
		&Vendor{}, &VendorList{},
		&VendorAccessWindow{}, &VendorAccessWindowList{},
		&Approval{}, &ApprovalList{},
		&AccessLock{}, &AccessLockList{},
		&WorkloadCertificate{}, &WorkloadCertificateList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
