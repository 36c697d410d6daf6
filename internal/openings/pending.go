// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package openings

import (
	"cmp"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// object is a Zone, Conduit or Asset as somebody wrote it.
type object struct {
	topology.ObjectRef

	meta metav1.Object
	// differs says that it declares something else than was last accepted of it.
	differs func() bool
	hash    func() (string, error)
	// spent are the Approvals of its generation that let nothing in any more.
	spent []types.UID
}

// author is who wrote what is declared, "" where it does not say.
func (o object) author() string { return o.meta.GetAnnotations()[v1alpha1.AnnotationAuthor] }

// order in which they are judged: a conduit when what it joins has been.
var order = []string{topology.KindZone, topology.KindAsset, topology.KindConduit}

// objectsOf are all that can be approved, in that order, by name.
func objectsOf(s topology.Snapshot) []object {
	out := make([]object, 0, len(s.Zones)+len(s.Assets)+len(s.Conduits))
	for _, z := range s.Zones {
		out = append(out, zoneObject(z))
	}
	for _, a := range s.Assets {
		out = append(out, assetObject(a))
	}
	for _, c := range s.Conduits {
		out = append(out, conduitObject(c))
	}
	slices.SortFunc(out, func(a, b object) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)), cmp.Compare(a.Name, b.Name))
	})
	return out
}

func zoneObject(z *v1alpha1.Zone) object {
	good := z.Status.LastGood
	return object{
		ObjectRef: topology.ObjectRef{Kind: topology.KindZone, Name: z.Name}, meta: z,
		differs: func() bool {
			return good == nil || good.Generation != z.Generation && !equality.Semantic.DeepEqual(good.Spec, z.Spec)
		},
		hash: func() (string, error) { return HashZone(z) },
	}
}

func conduitObject(c *v1alpha1.Conduit) object {
	good := c.Status.LastGood
	return object{
		ObjectRef: topology.ObjectRef{Kind: topology.KindConduit, Name: c.Name}, meta: c,
		differs: func() bool {
			return good == nil || good.Generation != c.Generation && !equality.Semantic.DeepEqual(good.Spec, c.Spec)
		},
		hash: func() (string, error) { return HashConduit(c) },
	}
}

// assetObject: the labels of an asset are no part of its generation.
func assetObject(a *v1alpha1.Asset) object {
	good := a.Status.LastGood
	return object{
		ObjectRef: topology.ObjectRef{Kind: topology.KindAsset, Name: a.Name}, meta: a,
		differs: func() bool {
			return good == nil || good.Generation != a.Generation && !equality.Semantic.DeepEqual(good.Spec, a.Spec) ||
				good.Labels != nil && !maps.Equal(good.Labels, a.Labels)
		},
		hash:  func() (string, error) { return HashAsset(a) },
		spent: spentOf(a),
	}
}
