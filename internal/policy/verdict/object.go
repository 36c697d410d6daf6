// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"net/netip"
	"slices"
)

// Object is one policy object by itself. Questions about it are asked at the pods of
// Rules, which need not be made of it.
type Object struct {
	parsed    *object
	namespace string
}

// Read reads one object, as the API server serves it.
func Read(content map[string]any) *Object {
	o := &Object{parsed: parse(content)}
	for i := range o.parsed.rules {
		requirements := o.parsed.rules[i].subject.requirements
		at := slices.IndexFunc(requirements, func(q requirement) bool { return q.from == namespaceName && q.op == in && len(q.values) == 1 })
		if at < 0 || i > 0 && o.namespace != requirements[at].values[0] {
			o.namespace = ""
			break
		}
		o.namespace = requirements[at].values[0]
	}
	return o
}

// Name is Kind/name or Kind/namespace/name.
func (o *Object) Name() string { return o.parsed.name }

// Namespace is the only one in which the object selects pods, "" for more than one
// or none that is known.
func (o *Object) Namespace() string { return o.namespace }

// Allows says that the object may allow something to the pod at this address.
func (o *Object) Allows(r *Rules, a netip.Addr) bool {
	return o.some(r, a, func(_ *podState, s *section, _ side) bool { return len(s.allow) > 0 })
}

// Refuses says that the object may refuse the pod at this address something that the
// rules without it admit: it denies, or it puts the pod into default deny where the
// rules do not.
func (o *Object) Refuses(r *Rules, a netip.Addr) bool {
	return o.some(r, a, func(p *podState, s *section, of side) bool {
		return len(s.deny) > 0 || s.denies != no && !r.closes(p, of)
	})
}

// some says that one direction of a rule at the pod is such.
func (o *Object) some(r *Rules, a netip.Addr, is func(*podState, *section, side) bool) bool {
	at := r.place(a)
	if at.kind != atPod {
		return false
	}
	for i := range o.parsed.rules {
		rule := &o.parsed.rules[i]
		if rule.subject.match(at.pod) == no {
			continue
		}
		for s := range sides {
			if is(at.pod, &rule.sides[s], s) {
				return true
			}
		}
	}
	return false
}

// closes says that the rules refuse for sure what nothing allows.
func (r *Rules) closes(p *podState, s side) bool {
	return slices.ContainsFunc(r.at(p), func(a applied) bool { return a.selects == yes && a.sides[s].denies == yes })
}
