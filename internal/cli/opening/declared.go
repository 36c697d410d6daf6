// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package opening

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/openings"
)

// declared is a Zone, Conduit or Asset, and what the operator says of it.
type declared struct {
	kind   kind
	object client.Object
	status *v1alpha1.Status
	// now is what it declares, hash its hash.
	now  version
	hash string
	// inForce is what was accepted last; nil: nothing.
	inForce *version
	// riskOwner of a conduit.
	riskOwner string
}

// version of an object.
type version struct {
	generation int64
	content    content
	approvedBy []v1alpha1.Username
}

// content is what a hash is of, as people read it.
type content struct {
	Labels map[string]string `json:"labels,omitempty"`
	Spec   any               `json:"spec"`
}

func of(k kind, o client.Object) (*declared, error) {
	d := &declared{kind: k, object: o}
	var err error
	switch o := o.(type) {
	case *v1alpha1.Zone:
		d.status, d.now.content.Spec = &o.Status.Status, o.Spec
		d.hash, err = openings.HashZone(o)
		if g := o.Status.LastGood; g != nil {
			d.inForce = &version{g.Generation, content{Spec: g.Spec}, g.ApprovedBy}
		}
	case *v1alpha1.Conduit:
		d.status, d.now.content.Spec, d.riskOwner = &o.Status.Status, o.Spec, o.Spec.Why.RiskOwner
		d.hash, err = openings.HashConduit(o)
		if g := o.Status.LastGood; g != nil {
			d.inForce = &version{g.Generation, content{Spec: g.Spec}, g.ApprovedBy}
		}
	case *v1alpha1.Asset:
		d.status, d.now.content = &o.Status.Status, content{o.Labels, o.Spec}
		d.hash, err = openings.HashAsset(o)
		if g := o.Status.LastGood; g != nil {
			d.inForce = &version{g.Generation, content{g.Labels, g.Spec}, g.ApprovedBy}
		}
	default:
		err = fmt.Errorf("reading %T: it opens nothing", o)
	}
	d.now.generation = o.GetGeneration()
	return d, err
}

// path is "conduit/NAME".
func (d *declared) path() string { return d.kind.words[0] + "/" + d.object.GetName() }

// author of what is declared, "" where nobody says.
func (d *declared) author() string { return d.object.GetAnnotations()[v1alpha1.AnnotationAuthor] }

func (d *declared) accepted() *metav1.Condition {
	return meta.FindStatusCondition(d.status.Conditions, v1alpha1.ConditionAccepted)
}

// denied says that somebody denied it.
func (d *declared) denied() bool {
	c := d.accepted()
	return c != nil && c.Status == metav1.ConditionFalse && c.Reason == v1alpha1.ReasonOpeningDenied
}

// waits says that a decision is waited for, or was a denial.
func (d *declared) waits() bool {
	c := d.accepted()
	return d.denied() || c != nil && c.Status == metav1.ConditionFalse && c.Reason == v1alpha1.ReasonAwaitingApproval
}

// opens is what it opens, as the operator says.
func (d *declared) opens() []v1alpha1.Finding {
	return slices.DeleteFunc(slices.Clone(d.status.Findings), func(f v1alpha1.Finding) bool {
		return f.Reason != v1alpha1.ReasonAwaitingApproval && f.Reason != v1alpha1.ReasonOpeningDenied
	})
}

// same says that both are one object that declares the same.
func (d *declared) same(other *declared) bool {
	return d.object.GetUID() == other.object.GetUID() && d.now.generation == other.now.generation && d.hash == other.hash
}
