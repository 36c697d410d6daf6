// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package admintier compiles the layer AdminTier of the guard: ClusterNetworkPolicy of
// the tier that is judged before everybody's policies.
//
// The contract:
//
//   - Each workloads entry of a zone becomes one object: guard-NAME.PODS, where PODS is a
//     hash of what it selects. With other pods it is another object, because one object
//     cannot be for the old pods and the new ones, and a pod that changes its zone must
//     not be without a guard for a moment. No zone's name has a dot.
//   - What is declared is passed, and then everything else is denied. Passed, not
//     accepted: whether it is let through is left to floors, conduits and whatever else
//     there is, which Accept would overrule.
//   - All guards have one priority. No pod is in two zones, and the guards of one zone
//     have the same rules, so which of them is judged first does not matter.
//   - The kind knows no ingress from networks: what comes from outside the cluster is
//     neither passed nor denied.
//   - Nothing denies the node: in this API no peer that selects pods or namespaces takes
//     in the node or pods on its network, and ingress has no other peers.
//   - What does not fit the limits of the kind is passed, not denied.
package admintier

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clusterpolicy "sigs.k8s.io/network-policy-api/apis/v1alpha2"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Priorities from 0 to LastReserved are ours; a policy of somebody else that is judged
// before the guards could let through what they deny. Guards are in the middle: what
// has to win over a Pass, such as isolating a site, goes before them.
const (
	Priority     = 50
	LastReserved = 99
)

// Guard compiles the layer. The zero value is ready to use.
type Guard struct{}

var _ policy.Guarder = Guard{}

// Guard returns one object for each workloads entry of the zone.
func (Guard) Guard(site *topology.Site, z *topology.Zone, neighbours []topology.Neighbour) ([]*policy.Object, []v1alpha1.Finding) {
	g := &guard{site: site, zone: z, neighbours: neighbours}
	ingress, egress := g.ingress(), g.egress()
	if len(ingress)+len(egress) == 0 {
		return nil, g.findings
	}
	var objects []*policy.Object
	for i, w := range z.Workloads {
		if misread(w) {
			g.warn(layersPath, "spec.members.workloads[%d] is by a label that Cilium hides from policy, "+
				"so there its pods cannot be told from others and are not guarded: use another label", i)
			continue
		}
		subject := podsOf(w)
		name := nameOf(z.Name, subject)
		if slices.ContainsFunc(objects, func(o *policy.Object) bool { return o.Name == name }) {
			continue // another entry says the same
		}
		p := &clusterpolicy.ClusterNetworkPolicy{
			TypeMeta: metav1.TypeMeta{
				APIVersion: clusterpolicy.GroupVersion.String(), Kind: policy.KindAdminTierPolicy,
			},
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: clusterpolicy.ClusterNetworkPolicySpec{
				Tier: clusterpolicy.AdminTier, Priority: Priority,
				Subject: clusterpolicy.ClusterNetworkPolicySubject{Pods: subject},
				Ingress: ingress, Egress: egress,
			},
		}
		source := topology.ObjectRef{Kind: topology.KindZone, Name: z.Name}
		objects = append(objects, policy.NewObject(withoutStatus(p), policy.PartGuard, source, string(z.UID), nil))
	}
	return objects, g.findings
}

func nameOf(zone string, subject *clusterpolicy.NamespacedPod) string {
	raw, err := json.Marshal(subject)
	if err != nil {
		panic(fmt.Sprintf("encoding label selectors: %v", err)) // strings only
	}
	sum := sha256.Sum256(raw)
	return policy.GuardPrefix + zone + "." + hex.EncodeToString(sum[:6])
}

// withoutStatus drops the status, which the Go type always writes and the API server
// would refuse as null.
func withoutStatus(p *clusterpolicy.ClusterNetworkPolicy) *unstructured.Unstructured {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(p)
	if err != nil {
		// It is built from plain API types, so this is a bug here.
		panic(fmt.Sprintf("converting %T: %v", p, err))
	}
	delete(content, "status")
	return &unstructured.Unstructured{Object: content}
}

// guard carries the compilation of one zone's objects.
type guard struct {
	site       *topology.Site
	zone       *topology.Zone
	neighbours []topology.Neighbour
	findings   []v1alpha1.Finding
}

// The fields of the Site that findings name.
const (
	layersPath    = "spec.guard.layers"
	addressesPath = "spec.platform.apiServer.addresses"
)

func (g *guard) warn(path, format string, args ...any) {
	g.findings = append(g.findings, v1alpha1.Finding{
		Severity: v1alpha1.SeverityWarning,
		Path:     path,
		Reason:   v1alpha1.ReasonBackendCannot,
		Message:  fmt.Sprintf("zone %q: ", g.zone.Name) + fmt.Sprintf(format, args...),
	})
}
