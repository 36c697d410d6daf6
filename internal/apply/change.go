// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/internal/policy"
)

// form is how far a change has come.
type form int

const (
	// allowed: the new beside the old, and it denies nothing yet.
	allowed form = iota
	// grown: the new beside the old.
	grown
	// shrunk: the new, and beside it the old, which denies nothing any more.
	shrunk
	// final: what is desired.
	final
)

// change is a write on its way through the forms.
type change struct {
	Write
	// before are the parts that stood there; nil for what is new, and for what was
	// not read or does not fit.
	before parts
	// atOnce says that they are not carried along.
	atOnce bool
	// pods that a NetworkPolicy isolates.
	pods isolated
	// stands is the digest of what stands now, "" when that is not known.
	stands string
	// uid and version of the object after our last write, "" before the first.
	uid     types.UID
	version string
	// lets says that somebody whom the floor denied may be let go.
	lets bool
	// last says that it is written when everything else is as desired.
	last bool
	// large says that old and new content do not fit into one object.
	large  bool
	failed bool
}

func changesOf(writes []Write) []*change {
	out := make([]*change, 0, len(writes))
	for _, w := range writes {
		out = append(out, &change{Write: w})
	}
	return out
}

// inSteps says that it is an object whose old content may be carried along: one
// of a kind that is a sum of parts, and not edited by somebody else.
func (w Write) inSteps() bool {
	return w.Observed != nil && !w.Edited && isSum(w.Object.GVK.Kind)
}

// turn is when in its step an object is written: what is new first, then what is
// widened, and at last what changes at once and drops its old content by that.
func (c *change) turn() int {
	switch {
	case c.before != nil && !c.atOnce:
		return 1
	case c.inSteps():
		return 2
	default:
		return 0
	}
}

// owes says that it is not yet what is desired.
func (c *change) owes() bool { return c.stands != c.Object.Digest }

// clusterwide are those that are policies of Cilium's.
func clusterwide(changes []*change) []*change {
	return only(changes, func(c *change) bool { return c.Object.GVK.Kind == policy.KindClusterwidePolicy })
}

// adminTier are those that are policies of the admin tier.
func adminTier(changes []*change) []*change {
	return only(changes, func(c *change) bool { return c.Object.GVK.Kind == policy.KindAdminTierPolicy })
}

func only(changes []*change, wanted func(*change) bool) []*change {
	var out []*change
	for _, c := range changes {
		if wanted(c) {
			out = append(out, c)
		}
	}
	return out
}

// wanted are the parts of what is desired; none where it is no sum of parts.
func (c *change) wanted() parts {
	if !isSum(c.Object.GVK.Kind) {
		return nil
	}
	u, err := toUnstructured(c.Object)
	if err != nil {
		return nil // the write will say so
	}
	out, err := partsOf(u)
	if err != nil {
		return nil
	}
	return out
}

// shape is the object in a form, nil when the form owes no write.
func (c *change) shape(f form, m moved) (*policy.Object, error) {
	carries := c.before != nil && !c.atOnce
	switch {
	case f == final:
		return c.Object, nil
	case f == allowed && !c.allowsFirst(), c.last:
		return nil, nil
	case !isSum(c.Object.GVK.Kind), !carries && f != allowed && len(m.coming)+len(m.is) == 0:
		return c.Object, nil
	}
	u, err := toUnstructured(c.Object)
	if err != nil {
		return nil, err
	}
	after, err := partsOf(u)
	if err != nil {
		return nil, err
	}
	list := c.compose(after, f, m)
	if list == nil {
		return nil, nil
	}
	return withParts(u, list, c.Object)
}

// writeLast keeps back guards of the admin tier that would be judged beside others. Rules
// there are judged one after another, so that old and new cannot stand side by side; and
// which of two objects comes first nobody knows, so that a new one may let pass what one
// denies that goes, or that is held of a zone whose pods another one has by now. Without
// another one what is new denies from the start, and what somebody took away is put back
// at once.
func (r *run) writeLast() {
	guards := only(adminTier(r.guards), func(c *change) bool { return !c.Edited && !c.Drift })
	beside := slices.ContainsFunc(guards, func(c *change) bool { return c.Observed != nil }) ||
		slices.ContainsFunc(r.plan.Removals, func(o Removal) bool { return o.Key.Kind == policy.KindAdminTierPolicy }) ||
		slices.ContainsFunc(r.plan.Held, func(h Held) bool { return h.Key.Kind == policy.KindAdminTierPolicy })
	for _, c := range guards {
		c.last = beside
	}
}

// allowsFirst says that it may stand for a moment without what it newly denies:
// not what is put back after somebody's edit, nor what isolates by itself.
func (c *change) allowsFirst() bool {
	return c.turn() < 2 && !c.Drift && !c.Edited && c.Object.GVK.Kind == policy.KindClusterwidePolicy
}

// compose puts the parts together, nil when the form adds nothing to what stands.
func (c *change) compose(after parts, f form, m moved) parts {
	fresh, gone := after.minus(c.before), c.before.minus(after)
	both := append(slices.Clone(gone), after...)
	switch {
	case c.Object.Part == policy.PartGuard && both.some(m.is.named):
		return slices.Concat(gone.resolved(m.was, false), fresh.resolved(m.is, false), after.minus(fresh).resolved(m.both(), false)).distinct()
	case len(fresh) == 0 && c.before != nil && f <= grown && !gone.some(m.going.named):
		return nil
	case len(gone) == 0 && f == grown && !fresh.some(m.coming.named):
		return after
	case c.Object.GVK.Kind != policy.KindClusterwidePolicy:
		return both.distinct()
	}
	out := gone.resolved(m.going, f == shrunk)
	out = append(out, after.minus(fresh)...)
	return append(out, fresh.resolved(m.coming, f == allowed)...).distinct()
}

// resolved are rules with addresses in the place of groups, without what they deny where
// they are only to allow.
func (p parts) resolved(groups addresses, allowOnly bool) parts {
	return p.each(func(r rule) {
		r.resolve(groups)
		if allowOnly {
			r.allowOnly()
		}
	})
}
