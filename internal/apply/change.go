// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

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
	// before are the parts that stood there and are carried along; nil for what is
	// new and for what is written at once.
	before parts
	// stands is the digest of what stands now, "" when that is not known.
	stands string
	// version is the resourceVersion after our last write, "" before the first.
	version string
	// lets says that somebody whom the floor denied may be let go.
	lets bool
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
	return w.Observed != nil && !w.Edited && pathOf(w.Object.GVK.Kind) != nil
}

// turn is when in its step an object is written: what is new first, then what is
// widened, and at last what changes at once and drops its old content by that.
func (c *change) turn() int {
	switch {
	case c.before != nil:
		return 1
	case c.inSteps():
		return 2
	default:
		return 0
	}
}

// owes says that it is not yet what is desired.
func (c *change) owes() bool { return c.stands != c.Object.Digest }

// moved are the addresses of groups that change, by the group's name.
type moved struct{ before, after map[string]parts }

// names says that a rule refers to one of them.
func (m moved) names(r rule) bool {
	for _, name := range r.groups() {
		if _, ok := m.after[name]; ok {
			return true
		}
	}
	return false
}

// shape is the object in a form, nil when the form owes no write.
func (c *change) shape(f form, m moved) (*policy.Object, error) {
	switch {
	case f == allowed && !c.allowsFirst():
		return nil, nil
	case f == final || pathOf(c.Object.GVK.Kind) == nil, c.before == nil && f != allowed && len(m.after) == 0:
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

// allowsFirst says that it may stand for a moment without what it newly denies:
// not what is put back after somebody's edit, nor what is no sum of rules.
func (c *change) allowsFirst() bool {
	return c.turn() < 2 && !c.Drift && !c.Edited && c.Object.GVK.Kind == policy.KindClusterwidePolicy
}

// compose puts the parts together, nil when the form adds nothing to what stands.
func (c *change) compose(after parts, f form, m moved) parts {
	fresh, gone := after.minus(c.before), c.before.minus(after)
	if len(fresh) == 0 && c.before != nil && f <= grown && !gone.some(m.names) {
		return nil
	}
	if c.Object.GVK.Kind == policy.KindCIDRGroup {
		return append(gone, after...).distinct()
	}
	// A name stands for other addresses now, and the old rules were for the old
	// ones: what came and what went must not meet in it.
	out := gone.each(func(r rule) {
		r.resolve(m.before)
		if f == shrunk {
			r.allowOnly()
		}
	})
	out = append(out, after.minus(fresh)...)
	out = append(out, fresh.each(func(r rule) {
		r.resolve(m.after)
		if f == allowed {
			r.allowOnly()
		}
	})...)
	return out.distinct()
}

// withParts is the object with other parts.
func withParts(u *unstructured.Unstructured, list parts, like *policy.Object) (*policy.Object, error) {
	if err := unstructured.SetNestedSlice(u.Object, list.decode(), pathOf(u.GetKind())...); err != nil {
		return nil, fmt.Errorf("putting parts side by side: %w", err)
	}
	return policy.FromContent(u.Object, like.Part, like.Source), nil
}
