// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"hash/maphash"

	"github.com/zonewarden/zonewarden/internal/topology"
)

// fingerprint changes when anything changes that findings about policies are made of,
// except our objects. What comes in no order is added up: a sum does not depend on it.
type fingerprint struct{ sequence, sum hash }

// fingerprint is taken of contents and not of versions: a pod's status changes all the
// time, and next to none of that matters here.
func (s *surroundings) fingerprint() fingerprint {
	var out fingerprint
	for _, z := range s.Model.Zones {
		out.sequence = out.sequence.with(z.Name).with(z.Fingerprint)
	}
	for _, c := range s.Model.Conduits {
		out.sequence = out.sequence.with(c.Name).with(c.Fingerprint)
	}
	for _, content := range s.Foreign {
		v := versionOf(content)
		out.sum += hash(1).with(v.uid).with(v.resourceVersion)
	}
	for _, ns := range s.Snapshot.Namespaces {
		out.sum += hash(2).with(ns.Name).of(ns.Labels)
	}
	for i := range s.Snapshot.Pods {
		out.sum += hashOfPod(&s.Snapshot.Pods[i])
	}
	for _, n := range s.clusterNetworks() {
		out.sum += hash(4).with(n.String())
	}
	return out
}

func hashOfPod(p *topology.Pod) hash {
	h := hash(3).with(p.Namespace).with(p.Name).of(p.Labels)
	if p.HostNetwork {
		h = h.with("host")
	}
	for _, ip := range p.Addresses {
		h = h.with(ip.IP)
	}
	return h
}

// hash differs from process to process, and is compared within one.
type hash uint64

var seed = maphash.MakeSeed()

const prime = 1099511628211

func (h hash) with(s string) hash { return (h ^ hash(maphash.String(seed, s))) * prime }

func (h hash) of(labels map[string]string) hash {
	var sum hash
	for k, v := range labels {
		sum += hash(5).with(k).with(v)
	}
	return (h ^ sum) * prime
}
