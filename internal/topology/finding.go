// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// The kinds that findings are about.
const (
	KindSite    = "Site"
	KindZone    = "Zone"
	KindConduit = "Conduit"
	KindAsset   = "Asset"
)

// ObjectRef names a declared object.
type ObjectRef struct {
	Kind string
	Name string
}

func (r ObjectRef) String() string { return r.Kind + "/" + r.Name }

// Finding is one thing that is wrong or doubtful about an object.
type Finding struct {
	Object ObjectRef
	v1alpha1.Finding
}

// Verdict is what the model says about one declared object.
type Verdict struct {
	Ref        ObjectRef
	UID        types.UID
	Generation int64
	// Findings, errors first, then by path and reason.
	Findings []v1alpha1.Finding
	// InForce says that the object is in the model, be it as declared or as it
	// was last accepted.
	InForce bool
	// Kept says that it is there as it was last accepted.
	Kept bool
}

// Accepted says that the object as declared is in force.
func (v *Verdict) Accepted() bool { return v.InForce && !v.Kept }

// Errors returns the findings that keep the object as declared out of force.
func (v *Verdict) Errors() []v1alpha1.Finding {
	return slices.DeleteFunc(slices.Clone(v.Findings), func(f v1alpha1.Finding) bool {
		return f.Severity != v1alpha1.SeverityError
	})
}

// Has says whether there is a finding with this reason.
func (v *Verdict) Has(reason string) bool {
	return slices.ContainsFunc(v.Findings, func(f v1alpha1.Finding) bool { return f.Reason == reason })
}

func sortFindings(fs []v1alpha1.Finding) {
	slices.SortFunc(fs, func(a, b v1alpha1.Finding) int {
		return cmp.Or(
			cmp.Compare(a.Severity, b.Severity), // "Error" sorts before "Warning"
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Reason, b.Reason),
			cmp.Compare(a.Message, b.Message),
		)
	})
}
