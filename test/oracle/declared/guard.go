// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package declared

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/test/oracle"
)

// Refuses says that a layer of the guard promises that a flow does not pass one of its
// ends, whoever allows it: docs/adr/0013. Guards are as coarse as zones are. They leave
// alone what some conduit joins a zone with on the ports of any conduit between the two,
// what is no pod and not outside either, and where a finding says that they do.
func (j *Judge) Refuses(layer v1alpha1.GuardLayer, f oracle.Flow, ingress bool) (bool, error) {
	at, with := f.From, f.To
	if ingress {
		at, with = f.To, f.From
	}
	subject, err := j.place(at)
	if err != nil {
		return false, err
	}
	peer, err := j.place(with)
	if err != nil {
		return false, err
	}
	guarded := at != with && subject.guardedBy(layer) && !j.leavesOut(layer, subject.zone, peer, ingress)
	return guarded && !j.spares(subject.zone, peer, f, ingress), nil
}

func (p *place) guardedBy(layer v1alpha1.GuardLayer) bool {
	z := p.zone
	return z != nil && z.enforce && p.sure && !slices.Contains(z.unguarded, layer)
}

// leavesOut says that a layer cannot say anything about a peer: nodes, ingress from
// networks, and what may be the Kubernetes API.
func (j *Judge) leavesOut(layer v1alpha1.GuardLayer, z *zone, peer *place, ingress bool) bool {
	if peer.isNode || peer.pod != nil {
		return peer.isNode
	}
	return ingress && layer == v1alpha1.GuardAdminTier || !ingress && z.api && len(j.api) == 0
}

// spares says that something opens the flow at the grain of zones.
func (j *Judge) spares(z *zone, peer *place, f oracle.Flow, ingress bool) bool {
	switch {
	case z.internal && z.mayHold(peer):
		return true
	case !ingress && (z.dns && j.isDNS(peer, f) || z.api && j.isAPI(peer, f)):
		return true
	}
	return slices.ContainsFunc(j.zones, func(other *zone) bool { return j.neighbour(z, other, peer, f, ingress) })
}

// neighbour says that some conduit joins a zone with a peer in another one, and any
// conduit between the two has the port.
func (j *Judge) neighbour(z, other *zone, peer *place, f oracle.Flow, ingress bool) bool {
	var ports []protocol.PortRange
	speaks, blurred := false, false
	for _, c := range j.conduits {
		c.join(z, other, func(far *end, in, out []protocol.PortRange) {
			speaks = speaks || far.mayHold(peer)
			blurred = blurred || far.mayHold(peer) && !far.holds(peer).sure
			if ingress {
				out = in
			}
			ports = append(ports, out...)
		})
	}
	// Who cannot be told from others is not denied some ports.
	return speaks && (has(ports, f) || blurred && len(ports) > 0)
}

// join tells of each end of the conduit in another zone, or another end in the same, and
// of the ports into the zone and out of it.
func (c *conduit) join(z, other *zone, tell func(far *end, in, out []protocol.PortRange)) {
	for _, r := range c.responders {
		if r.zone == z && c.initiator.zone == other {
			tell(c.initiator, c.ports, c.bothWays)
		}
		if c.initiator.zone == z && r.zone == other {
			tell(r, c.bothWays, c.ports)
		}
	}
}

// mayHold says that a place is a member, or may be one to whoever does not see all of
// its labels.
func (z *zone) mayHold(p *place) bool {
	if p.pod == nil {
		return z.holds(p).in
	}
	return slices.ContainsFunc(z.entries, func(e *entry) bool {
		return e.selectsNamespace(p.pod.Namespace, p.namespace) && (e.doubtful || e.pods.Matches(labels.Set(p.pod.Labels)))
	})
}

func (e *end) mayHold(p *place) bool {
	if p.pod == nil {
		return e.holds(p).in
	}
	return e.pods && e.zone.mayHold(p) && (e.doubtful || e.narrow.Matches(labels.Set(p.pod.Labels)))
}

// unguarded are the layers that do not hold whole for a zone, which findings say.
func unguarded(findings []v1alpha1.Finding) []v1alpha1.GuardLayer {
	var out []v1alpha1.GuardLayer
	for _, layer := range []v1alpha1.GuardLayer{v1alpha1.GuardDatapath, v1alpha1.GuardAdminTier} {
		if slices.ContainsFunc(findings, func(f v1alpha1.Finding) bool {
			return f.Path == "spec.guard.layers" && f.Reason == v1alpha1.ReasonBackendCannot &&
				strings.Contains(f.Message, "layer "+string(layer)) && !strings.Contains(f.Message, "spares more pods")
		}) {
			out = append(out, layer)
		}
	}
	return out
}
