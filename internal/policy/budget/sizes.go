// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package budget

import (
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// LargestObject is the most bytes that one policy object may have. etcd refuses a
// request of more than 1.5 MiB, and the object needs room for what the API server and
// the network plugin add to it.
const LargestObject = 1 << 20

// TooLarge are the declared objects of which a policy object is larger than that, and
// how many bytes the largest one has.
func TooLarge(objects []*policy.Object) map[topology.ObjectRef]int {
	out := map[topology.ObjectRef]int{}
	for _, o := range objects {
		if size := len(o.JSON()); size > LargestObject {
			out[o.Source] = max(out[o.Source], size)
		}
	}
	return out
}

// Keep leaves out the objects of what is withheld, and the guards that do not fit.
func (out Judgement) Keep(objects []*policy.Object, withheld map[topology.ObjectRef]bool) []*policy.Object {
	return slices.DeleteFunc(slices.Clone(objects), func(o *policy.Object) bool {
		return withheld[o.Source] || o.Part == policy.PartGuard && slices.Contains(out.Unguarded, Unguarded{Zone: o.Source.Name, Layer: layerOf(o)})
	})
}

// layerOf is the layer that a guard belongs to.
func layerOf(guard *policy.Object) v1alpha1.GuardLayer {
	if guard.GVK.Kind == policy.KindAdminTierPolicy {
		return v1alpha1.GuardAdminTier
	}
	return v1alpha1.GuardDatapath
}
