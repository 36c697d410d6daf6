// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package policy says what a backend is: the pure step from the resolved model
// to the policy objects that carry it out. One package below this one for each
// backend; none of them has a client, a clock or a log.
//
// The mapping is one declared object to one object in the cluster, by a name
// that says which: zone-NAME, conduit-NAME (in each namespace that it touches,
// where the backend's objects are namespaced).
package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Part is the role of an object. The order of writes depends on it.
type Part string

// The parts.
const (
	// PartAssets: a group of device addresses that floors and conduits refer to.
	PartAssets Part = "Assets"
	// PartConduit: allows, never denies.
	PartConduit Part = "Conduit"
	// PartFloor: denies what nothing allows.
	PartFloor Part = "Floor"
	// PartGuard: denies, beside a floor, what no conduit declares, whoever allows it. It
	// never denies what a floor or a conduit of the same model allows.
	PartGuard Part = "Guard"
	// PartCover: allows everything for a moment. Package apply makes it, no backend.
	PartCover Part = "Cover"
)

// GuardPrefix begins the names of guards, so that one that stands can be told
// from the other objects of its zone.
const GuardPrefix = "guard-"

// Manifest is a Kubernetes object as the API types have it.
type Manifest interface {
	metav1.Object
	runtime.Object
}

// Object is one desired object.
type Object struct {
	// GVK, Namespace and Name of the object in the cluster.
	GVK             schema.GroupVersionKind
	Namespace, Name string
	// Manifest with TypeMeta, name, labels, annotations, owner and spec; no status.
	// Nil in the objects of a Compiler, which keeps only what goes over the wire.
	Manifest Manifest
	Part     Part
	// Source is the Zone or Conduit that it was made of.
	Source topology.ObjectRef
	// Digest over all that we declare of it: labels, annotations, owner, spec.
	Digest string
	// wire is the object's JSON in place of the manifest.
	wire []byte
}

// JSON is the object as it goes over the wire.
func (o *Object) JSON() []byte {
	if o.wire != nil {
		return o.wire
	}
	return encode(o.Manifest)
}

func encode(m Manifest) []byte {
	raw, err := json.Marshal(m)
	if err != nil {
		// A manifest is built from plain API types, so this is a bug here.
		panic(fmt.Sprintf("encoding %T: %v", m, err))
	}
	return raw
}

// pack drops the manifest. Types made for reading, with their parsed selectors,
// take many times the room, and a plant has thousands.
func (o *Object) pack() {
	o.wire, o.Manifest = o.JSON(), nil
}

// Backend turns what is in force into objects. Both methods are pure: equal
// input gives equal objects in equal order. What it cannot express becomes a
// finding, and nothing is opened in its place: an error where something declared
// is not carried out, a warning where it is, with a limit.
type Backend interface {
	// Zone returns the zone's floor and group of addresses.
	Zone(*topology.Site, *topology.Zone) ([]*Object, []v1alpha1.Finding)
	// Conduit returns the conduit's allows; none for a suspended one.
	Conduit(*topology.Site, *topology.Conduit) ([]*Object, []v1alpha1.Finding)
}

// NewObject completes a manifest with what every object of ours carries, and
// seals it with its digest. owner is nil for what must outlive its declaration.
func NewObject(m Manifest, part Part, source topology.ObjectRef, uid string, owner *metav1.OwnerReference) *Object {
	m.SetLabels(map[string]string{
		v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue,
		v1alpha1.LabelKind:      source.Kind,
		v1alpha1.LabelName:      source.Name,
	})
	annotations := m.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[v1alpha1.AnnotationSourceUID] = uid
	m.SetAnnotations(annotations)
	if owner != nil {
		m.SetOwnerReferences([]metav1.OwnerReference{*owner})
	}
	return &Object{
		GVK: m.GetObjectKind().GroupVersionKind(), Namespace: m.GetNamespace(), Name: m.GetName(),
		Manifest: m, Part: part, Source: source, Digest: Digest(m),
	}
}

// FromContent returns an object made of decoded JSON: a step between two that a
// backend made.
func FromContent(content map[string]any, part Part, source topology.ObjectRef) *Object {
	u := unstructured.Unstructured{Object: content}
	wire, err := json.Marshal(content)
	if err != nil {
		panic(fmt.Sprintf("encoding decoded JSON: %v", err))
	}
	return &Object{
		GVK: u.GroupVersionKind(), Namespace: u.GetNamespace(), Name: u.GetName(),
		Part: part, Source: source, Digest: DigestOf(content), wire: wire,
	}
}

// ConduitOwner returns the owner of a conduit's objects: the Conduit where the
// site fails Closed, so that Kubernetes' garbage collector takes them away with
// it, also when the operator is not there; nil where it keeps what was last known.
func ConduitOwner(site *topology.Site, c *topology.Conduit) *metav1.OwnerReference {
	if site.FailMode != v1alpha1.FailModeClosed {
		return nil
	}
	return &metav1.OwnerReference{
		APIVersion: v1alpha1.GroupVersion.String(),
		Kind:       topology.KindConduit,
		Name:       c.Name,
		UID:        c.UID,
	}
}

// Digest is taken over what we declare of an object and nothing else: our labels
// and annotations, the owners, the spec. Two objects with the same digest need
// no write to become equal.
func Digest(m Manifest) string {
	var content map[string]any
	if err := json.Unmarshal(encode(m), &content); err != nil {
		panic(fmt.Sprintf("decoding %T: %v", m, err))
	}
	return DigestOf(content)
}

// DigestOf is Digest of an object as decoded JSON, for example as the API server
// returned it. Labels and annotations of others do not count.
func DigestOf(content map[string]any) string {
	metadata, _ := content["metadata"].(map[string]any)
	declared := map[string]any{
		"labels": pick(metadata["labels"],
			v1alpha1.LabelManagedBy, v1alpha1.LabelKind, v1alpha1.LabelName),
		"annotations": pick(metadata["annotations"],
			v1alpha1.AnnotationSourceUID, v1alpha1.AnnotationRelease),
		"owners": metadata["ownerReferences"],
		"spec":   content["spec"],
		"specs":  content["specs"],
	}
	raw, err := json.Marshal(declared)
	if err != nil {
		panic(fmt.Sprintf("encoding decoded JSON: %v", err))
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// pick returns the named keys of a decoded string map that are there.
func pick(m any, keys ...string) map[string]any {
	from, _ := m.(map[string]any)
	out := map[string]any{}
	for _, k := range keys {
		if v, ok := from[k]; ok {
			out[k] = v
		}
	}
	return out
}

// The kinds of policy objects: Cilium's group of addresses and its policy, Kubernetes'
// own policy, and that of its Admin tier.
const (
	KindCIDRGroup         = "CiliumCIDRGroup"
	KindClusterwidePolicy = "CiliumClusterwideNetworkPolicy"
	KindNetworkPolicy     = "NetworkPolicy"
	KindAdminTierPolicy   = "ClusterNetworkPolicy"
)
