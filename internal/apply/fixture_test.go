// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"maps"
	"strconv"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// start is when every observed object was made, unless a test says otherwise.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// uid is of every declaration that was not made anew.
const uid = "uid-1"

func zoneRef(name string) topology.ObjectRef {
	return topology.ObjectRef{Kind: topology.KindZone, Name: name}
}

func conduitRef(name string) topology.ObjectRef {
	return topology.ObjectRef{Kind: topology.KindConduit, Name: name}
}

// networkPolicy has a spec that differs from variant to variant.
func networkPolicy(name string, variant int) *networkingv1.NetworkPolicy {
	return &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "plant", Name: name},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"variant": strconv.Itoa(variant)}},
		},
	}
}

func floor(zone string, variant int) *policy.Object { return floorOf(zone, uid, variant) }

func floorOf(zone, uid string, variant int) *policy.Object {
	return policy.NewObject(networkPolicy("zone-"+zone, variant), policy.PartFloor, zoneRef(zone), uid, nil)
}

func allow(conduit string, variant int) *policy.Object { return allowOf(conduit, uid, variant) }

func allowOf(conduit, uid string, variant int) *policy.Object {
	return policy.NewObject(networkPolicy("conduit-"+conduit, variant), policy.PartConduit, conduitRef(conduit), uid, nil)
}

func group(zone string, variants ...int) *policy.Object {
	var addresses []any
	for _, v := range variants {
		addresses = append(addresses, "10.0."+strconv.Itoa(v)+".0/24")
	}
	u := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"externalCIDRs": addresses}}}
	u.SetGroupVersionKind(apply.GVKCIDRGroup)
	u.SetName("zone-" + zone)
	return policy.NewObject(u, policy.PartAssets, zoneRef(zone), uid, nil)
}

// seen is the object as the cluster has it after it was written.
func seen(o *policy.Object) apply.Observed {
	annotations := o.Manifest.GetAnnotations()
	return apply.Observed{
		Key: apply.KeyOf(o), UID: types.UID("live-" + apply.KeyOf(o).String()), ResourceVersion: "7",
		Created: start, Digest: o.Digest, Source: o.Source,
		SourceUID: types.UID(annotations[v1alpha1.AnnotationSourceUID]),
		Release:   types.UID(annotations[v1alpha1.AnnotationRelease]),
	}
}

func seenAll(objects ...*policy.Object) []apply.Observed {
	var out []apply.Observed
	for _, o := range objects {
		out = append(out, seen(o))
	}
	return out
}

func released(o apply.Observed, by types.UID) apply.Observed {
	o.Release = by
	return o
}

func list[T any](items ...T) []T { return items }

func inForce(refs ...topology.ObjectRef) map[topology.ObjectRef]apply.Declaration {
	out := map[topology.ObjectRef]apply.Declaration{}
	for _, r := range refs {
		out[r] = apply.Declaration{UID: uid, InForce: true}
	}
	return out
}

// declared adds one declaration to those in force.
func declared(in map[topology.ObjectRef]apply.Declaration, ref topology.ObjectRef, d apply.Declaration) map[topology.ObjectRef]apply.Declaration {
	out := maps.Clone(in)
	out[ref] = d
	return out
}

func serving() apply.CRDState {
	return apply.CRDState{UID: "crd", Serving: true, Created: start.Add(-time.Hour)}
}

// owed is a plan in words.
type owed struct{ Groups, Guards, Conduits, Floors, Removals, Covers, Held []string }

func inWords(p *apply.Plan) owed {
	out := owed{
		Groups: writes(p.Groups), Guards: writes(p.Guards),
		Conduits: writes(p.Conduits), Floors: writes(p.Floors),
	}
	for _, r := range p.Removals {
		words := r.Key.Name
		if r.Replaced {
			words += " replaced"
		}
		out.Removals = append(out.Removals, words)
	}
	for _, c := range p.Covers {
		out.Covers = append(out.Covers, c.Key.Name)
	}
	for _, h := range p.Held {
		out.Held = append(out.Held, h.Key.Name+" "+h.Reason)
	}
	return out
}

func writes(list []apply.Write) []string {
	var out []string
	for _, w := range list {
		words := apply.KeyOf(w.Object).Name
		switch {
		case w.Observed == nil:
			words += " new"
		case w.Observed.Key == apply.KeyOf(w.Object):
			words += " changed"
		}
		if w.Drift {
			words += " drift"
		}
		out = append(out, words)
	}
	return out
}
