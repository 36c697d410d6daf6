// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant

import (
	"context"
	"maps"

	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/openings"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// readApprovals reads what people approved, where the Site asks for that, and holds back
// what they have not. Who may not list Approvals sees all of it wait.
func (p *Plant) readApprovals(ctx context.Context, c client.Reader) error {
	if p.Site == nil || p.Site.Spec.Openings == nil {
		return nil
	}
	var approvals v1alpha1.ApprovalList
	if err := p.see("approvals", c.List(ctx, &approvals)); err != nil {
		return err
	}
	p.Approvals = pointers(approvals.Items)
	j := openings.Judge(p.Snapshot, p.Approvals)
	p.Waiting, p.Held = j.Waiting, j.Held()
	return nil
}

// waitOver says what of a site, once files are laid over it, has to be approved of what they
// declare. What they change is looked at as if it were; what waited before and is as it was
// goes on waiting.
func (p *Plant) waitOver(before *Plant) {
	p.Held = nil
	j := openings.Judge(p.Snapshot, p.Approvals)
	p.Waiting, p.Held = nil, map[topology.ObjectRef]v1alpha1.Finding{}
	for _, w := range j.Waiting {
		if p.asBefore(before, w.ObjectRef) {
			p.Held[w.ObjectRef] = w.Finding()
		}
		if p.Files.Find(v1alpha1.GroupVersion.Group, w.Kind, w.Name) != nil {
			p.Waiting = append(p.Waiting, w)
		}
	}
}

// asBefore says that an object declares what it did.
func (p *Plant) asBefore(before *Plant, ref topology.ObjectRef) bool {
	switch ref.Kind {
	case topology.KindZone:
		return same(before.Zones, p.Zones, ref.Name, func(a, b *v1alpha1.Zone) bool { return equality.Semantic.DeepEqual(a.Spec, b.Spec) })
	case topology.KindConduit:
		return same(before.Conduits, p.Conduits, ref.Name, func(a, b *v1alpha1.Conduit) bool { return equality.Semantic.DeepEqual(a.Spec, b.Spec) })
	}
	return same(before.Assets, p.Assets, ref.Name, func(a, b *v1alpha1.Asset) bool {
		return equality.Semantic.DeepEqual(a.Spec, b.Spec) && maps.Equal(a.Labels, b.Labels)
	})
}

func same[T any, P copied[T]](before, after []P, name string, equal func(a, b P) bool) bool {
	as := P(new(T))
	as.SetName(name)
	a, b := named(before, as), named(after, as)
	return a != nil && b != nil && equal(a, b)
}
