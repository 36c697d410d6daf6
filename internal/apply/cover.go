// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/podset"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Covers. With NetworkPolicy the first object that selects a pod cuts everything that
// no object allows yet, and of objects that go the last one does. A pod that several
// objects begin or cease to isolate is therefore covered while they do: an object of
// our own allows it everything. That is right for pods that are open before or after,
// and would be a hole for all others. So it selects exactly the pods that something
// isolates after and nothing before, or the other way round; floors of Cilium's and
// policies of other people count. Pods that one object alone isolates need none, unless
// something else goes that allows them something, as Cilium's policies may.

// coverPrefix begins the names of covers. No declared object is called so: the
// names of those begin with zone-, conduit- or guard-.
const coverPrefix = "cover."

// mostCovers of one namespace and direction at a time. Zones that divide their
// namespaces by one label take one.
const mostCovers = 32

func isCover(k Key) bool {
	return k.Kind == policy.KindNetworkPolicy && strings.HasPrefix(k.Name, coverPrefix)
}

// cover is an object that allows everything to some pods of a namespace.
type cover struct {
	*change
	// kept says that an interrupted run had covered its pods: it stands from the
	// first to the last.
	kept bool
}

// stakes are the pods that each of some objects isolates.
type stakes []isolated

func (s stakes) all() isolated {
	out := isolated{}
	for _, i := range s {
		out.add(i)
	}
	return out
}

// several are those of the pods that more than one object isolates.
func (s stakes) several(pods podset.Set, direction string) podset.Set {
	var out podset.Set
	for i := range pods {
		one, n := pods[i:i+1], 0
		for j := 0; j < len(s) && n < 2; j++ {
			if s[j][direction].Meets(one) {
				n++
			}
		}
		if n > 1 {
			out = append(out, one...)
		}
	}
	return out
}

// planCovers says which pods have to be covered.
func (r *run) planCovers(ctx context.Context, p *place) {
	owed, lost, left, after := p.stakes()
	owes, loses, before := owed.all(), lost.all(), isolated{}
	for _, name := range p.names() {
		before.add(p.pods[name])
	}
	before.add(p.deniedBefore)
	after.add(p.deniedAfter)
	var begin, stay, cease bySelector
	for _, d := range directions {
		begins, ok1 := owes[d].Minus(before[d], mostCovers)
		stays, ok2 := left[d].Minus(after[d], mostCovers)
		ceases, ok3 := loses[d].Minus(after[d].Or(left[d]), mostCovers)
		if !ok1 || !ok2 || !ok3 {
			log.FromContext(ctx).Info("pods change their isolation without a cover, because what selects them is too involved; they may be cut for a moment",
				"namespace", p.name, "direction", d)
		}
		if !r.dropsClusterwide() {
			ceases = lost.several(ceases, d)
		}
		begin.add(d, owed.several(begins, d))
		stay.add(d, stays)
		cease.add(d, ceases)
	}
	p.coming = slices.Concat(p.covers(begin, false), p.covers(stay, true))
	p.going = p.covers(cease, false)
}

// dropsClusterwide says that policies of Cilium's go, or change.
func (r *run) dropsClusterwide() bool {
	return slices.ContainsFunc(r.plan.writes(), func(w Write) bool {
		return w.Observed != nil && w.Object.GVK.Kind == policy.KindClusterwidePolicy
	}) || slices.ContainsFunc(r.plan.Removals, func(o Removal) bool { return o.Key.Kind == policy.KindClusterwidePolicy })
}

// stakes are the pods that objects isolate which come or change, or which go or change
// except for covers; those under covers that were left; and all that is isolated after.
func (p *place) stakes() (owed, lost stakes, left, after isolated) {
	left, after = isolated{}, isolated{}
	dropped := map[string]bool{}
	for _, o := range p.left {
		dropped[o.Key.Name] = true
		left.add(p.pods[o.Key.Name])
	}
	lose := func(name string) {
		if live := p.standing[name]; live != nil && isOurs(live.GetLabels()) {
			dropped[name] = true
			lost = append(lost, p.pods[name])
		}
	}
	for _, c := range p.changes {
		lose(c.Object.Name)
		owed = append(owed, c.pods)
		after.add(c.pods)
	}
	for _, o := range slices.Backward(p.removals) {
		lose(o.Key.Name)
	}
	for _, name := range p.names() {
		if !dropped[name] {
			after.add(p.pods[name])
		}
	}
	return owed, lost, left, after
}

// names of what stands, floors before conduits: what those select is among what the
// floors select, and quickly told to be.
func (p *place) names() []string {
	names := slices.Sorted(maps.Keys(p.pods))
	slices.Reverse(names)
	return names
}

// bySelector are the directions in which to cover the pods of a selector, by that.
type bySelector map[string][]string

func (b *bySelector) add(direction string, pods podset.Set) {
	if *b == nil {
		*b = bySelector{}
	}
	for _, s := range pods.Selectors() {
		raw := encodeJSON(s)
		(*b)[raw] = append((*b)[raw], direction)
	}
}

// covers are the objects for it.
func (p *place) covers(b bySelector, kept bool) []*cover {
	var out []*cover
	for _, selector := range slices.Sorted(maps.Keys(b)) {
		pods, err := podsOf(decodeJSON(selector).(map[string]any))
		if err != nil {
			panic("reading a selector that was made here: " + err.Error())
		}
		c := &cover{kept: kept, change: &change{pods: isolated{}}}
		for _, d := range b[selector] {
			c.pods[d] = pods
		}
		c.Object = p.coverOf(selector, b[selector])
		if live := p.standing[c.Object.Name]; live != nil && isOurs(live.GetLabels()) {
			c.stands, c.uid, c.version = policy.DigestOf(live.Object), live.GetUID(), live.GetResourceVersion()
		}
		out = append(out, c)
	}
	return out
}

// coverOf is the object itself. Its name says what it selects, and it carries the
// labels of one of the declarations that it stands in for.
func (p *place) coverOf(selector string, covered []string) *policy.Object {
	sum := sha256.Sum256([]byte(selector + strings.Join(covered, "")))
	u := named(GVKNetworkPolicy, p.name, coverPrefix+hex.EncodeToString(sum[:6]))
	spec := map[string]any{"podSelector": decodeJSON(selector)}
	var types []any
	for _, d := range directionsOfPolicy {
		if slices.Contains(covered, d.field) {
			types = append(types, d.policyType)
			spec[d.field] = []any{map[string]any{}}
		}
	}
	spec["policyTypes"] = types
	u.Object["spec"] = spec
	source, uid := p.coversFor()
	u.SetLabels(map[string]string{
		v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue, v1alpha1.LabelKind: source.Kind, v1alpha1.LabelName: source.Name,
	})
	u.SetAnnotations(map[string]string{v1alpha1.AnnotationSourceUID: uid})
	return policy.FromContent(u.Object, policy.PartCover, source)
}

// coversFor is one of the declarations on account of which pods are covered.
func (p *place) coversFor() (source topology.ObjectRef, uid string) {
	if len(p.changes) == 0 {
		o := slices.Concat(p.removals, p.left)[0]
		return o.Source, string(o.SourceUID)
	}
	o := p.changes[0].Object
	if u, err := toUnstructured(o); err == nil {
		uid = u.GetAnnotations()[v1alpha1.AnnotationSourceUID]
	}
	return o.Source, uid
}
