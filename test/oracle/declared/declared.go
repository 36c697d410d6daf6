// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package declared says what must and what must not pass at a site, from the
// declarations alone.
//
// It is worked out from the objects as they were declared and from what their
// documentation says they mean; not from policy objects, and of the resolved model
// only from what an object's own judgement is: whether it is in force, in which
// version, and in which of two zones a device is that both select. Whether that
// judgement can be is what Check says.
package declared

import (
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle"
	"github.com/zonewarden/zonewarden/test/oracle/plant"
)

// Cause says what lets a flow pass at one end, or why nothing does.
type Cause string

// The causes.
const (
	NotHeld    Cause = "nothing holds it"
	Probe      Cause = "from the pod's own node"
	Internal   Cause = "internal traffic"
	DNS        Cause = "DNS"
	API        Cause = "Kubernetes API"
	Conduit    Cause = "a conduit"
	BothWays   Cause = "a conduit, the other way"
	NoConduit  Cause = "no conduit"
	Unzoned    Cause = "a pod in no zone"
	NotCarried Cause = "what the backend cannot carry out"
)

// Verdict is what the declarations say of one end of a flow. Both fields are equal but
// where the backend said, by a finding, that it does not carry a declaration out.
type Verdict struct {
	// Must pass.
	Must bool
	// May pass: what may not is an opening that nobody declared.
	May   bool
	Cause Cause
}

func exactly(passes bool, cause Cause) Verdict {
	return Verdict{Must: passes, May: passes, Cause: cause}
}

// Judge says what is declared.
type Judge struct {
	spec     *v1alpha1.SiteSpec
	scope    labels.Selector
	world    oracle.World
	onCilium bool
	zones    []*zone
	conduits []*conduit
	places   map[oracle.Endpoint]*place
	// hostIsAPI says that the pods' node serves the Kubernetes API.
	hostIsAPI bool
	dns, api  []netip.Addr
}

// New reads what is in force in a model of the plant. The world is the plant's own on
// Cilium or its other one; findings are those of the backend's set of objects.
func New(p plant.Plant, m *topology.Model, set policy.Set, onCilium bool) (*Judge, error) {
	j := &Judge{world: p.OtherWorld(), onCilium: onCilium, places: map[oracle.Endpoint]*place{}}
	if onCilium {
		j.world = p.World()
	}
	if m.Site == nil {
		return j, nil
	}
	j.spec = &p.Site.Spec
	j.dns, j.api = parse(j.spec.Platform.DNS.Addresses), parse(j.spec.Platform.APIServer.Addresses)
	for address, entities := range j.world.Entities {
		if slices.Contains(entities, oracle.EntityAPIServer) && j.isNode(address, oracle.EntityHost) {
			j.hostIsAPI = true
		}
	}
	if err := j.readZones(p, m, set); err != nil {
		return nil, err
	}
	return j, j.readConduits(p, m, set)
}

func (j *Judge) isNode(a netip.Addr, which ...oracle.Entity) bool {
	return slices.ContainsFunc(j.world.Entities[a], func(e oracle.Entity) bool { return slices.Contains(which, e) })
}

// Egress says whether a flow may and must leave its source.
func (j *Judge) Egress(f oracle.Flow) (Verdict, error) { return j.judge(f.From, f.To, f, false) }

// Ingress says whether a flow may and must enter its destination.
func (j *Judge) Ingress(f oracle.Flow) (Verdict, error) { return j.judge(f.To, f.From, f, true) }

func (j *Judge) judge(at, with oracle.Endpoint, f oracle.Flow, ingress bool) (Verdict, error) {
	subject, err := j.place(at)
	if err != nil {
		return Verdict{}, err
	}
	peer, err := j.place(with)
	if err != nil {
		return Verdict{}, err
	}
	switch {
	case subject.pod == nil || at == with:
		return exactly(true, NotHeld), nil
	case ingress && peer.isHost:
		return exactly(true, Probe), nil
	}
	v := j.held(subject, peer, f, ingress)
	if subject.taken {
		v.Must = false // what another zone's rule took in by mistake it may only lose by that
	}
	return v, nil
}

// held judges at a pod with a peer that is not its own node.
func (j *Judge) held(subject, peer *place, f oracle.Flow, ingress bool) Verdict {
	switch {
	case subject.zone == nil:
		return exactly(!subject.denied, Unzoned)
	case !subject.zone.enforce:
		return exactly(true, NotHeld)
	case subject.lost:
		return Verdict{May: true, Cause: NotCarried}
	}
	v := j.opened(subject, peer, f, ingress)
	if !subject.sure {
		v.Must = false
	}
	return v
}

// opened says what a zone in Enforce lets pass at one of its pods.
func (j *Judge) opened(subject, peer *place, f oracle.Flow, ingress bool) Verdict {
	best := exactly(false, NoConduit)
	better := func(way membership, cause Cause) {
		if way.in && (!best.May || way.sure && !best.Must) {
			best = Verdict{Must: way.sure, May: true, Cause: cause}
		}
	}
	if subject.zone.internal {
		better(subject.zone.holds(peer), Internal)
	}
	if !ingress {
		isDNS, isAPI := subject.zone.dns && j.isDNS(peer, f), subject.zone.api && j.isAPI(peer, f)
		better(membership{in: isDNS, sure: isDNS}, DNS)
		better(membership{in: isAPI, sure: isAPI}, API)
	}
	from, to := subject, peer
	if ingress {
		from, to = peer, subject
	}
	for _, c := range j.conduits {
		better(c.opens(from, to, f))
	}
	return best
}

// isDNS says that the peer is the name service. On Cilium an address on a node is the
// node and no address, so naming one opens the pods' own node at that port.
func (j *Judge) isDNS(peer *place, f oracle.Flow) bool {
	d := j.spec.Platform.DNS
	if f.Port != uint16(d.Port) || f.Transport != protocol.TCP && f.Transport != protocol.UDP {
		return false
	}
	if peer.pod != nil {
		return peer.pod.Namespace == d.Namespace && len(d.PodLabels) > 0 && carries(peer.pod.Labels, d.PodLabels)
	}
	if peer.isHost {
		return len(j.dns) > 0
	}
	return slices.Contains(j.dns, peer.address) && !peer.isNode
}

func carries(labels, all map[string]string) bool {
	for k, v := range all {
		if have, ok := labels[k]; !ok || have != v {
			return false
		}
	}
	return true
}

// isAPI says that the peer is the Kubernetes API: what Cilium knows to be it, or else
// an address that the Site lists.
func (j *Judge) isAPI(peer *place, f oracle.Flow) bool {
	if peer.pod != nil || f.Transport != protocol.TCP || f.Port != uint16(j.spec.Platform.APIServer.Port) {
		return false
	}
	if !j.onCilium {
		return slices.Contains(j.api, peer.address)
	}
	if peer.isHost {
		return j.hostIsAPI
	}
	return slices.Contains(j.world.Entities[peer.address], oracle.EntityAPIServer)
}
