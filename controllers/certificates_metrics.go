// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// observeCertificates puts the outcome of a pass into the metrics. A zone's series goes with
// its last certificate.
func observeCertificates(p *certificatePass) {
	ready := p.count(rotation.ConditionReady)
	certificates.WithLabelValues("ready").Set(float64(ready))
	certificates.WithLabelValues("not_ready").Set(float64(len(p.certificates) - ready))
	certificatesDeferred.Set(float64(p.count(rotation.ConditionDeferred)))
	certificatesExpiring.Set(float64(p.count(rotation.ConditionExpiring)))
	observeEnds(p)
	observeAuthorities(p)
}

// count says of how many certificates a condition is true.
func (p *certificatePass) count(condition string) (n int) {
	for _, d := range p.decision.Certificates {
		for _, c := range d.Conditions {
			if c.Type == condition && c.Status == rotation.True {
				n++
			}
		}
	}
	return n
}

// observeEnds says when the first certificate of each zone runs out.
func observeEnds(p *certificatePass) {
	ends := map[string]float64{}
	for _, one := range p.certificates {
		if one.zone == "" || one.secret == nil || one.secret.leaf == nil {
			continue
		}
		end := float64(one.secret.leaf.NotAfter.Unix())
		if first, is := ends[one.zone]; !is || end < first {
			ends[one.zone] = end
		}
	}
	certificateEnd.Reset()
	for zone, end := range ends {
		certificateEnd.WithLabelValues(zone).Set(end)
	}
}

// observeAuthorities says how the current authority of each zone stands.
func observeAuthorities(p *certificatePass) {
	authorityEnd.Reset()
	listAge.Reset()
	for name, z := range p.authorities {
		zone, _ := forOPCUA(name)
		if _, opcua := forOPCUA(name); opcua && p.authorities[zone] != nil {
			continue // the other one is of the same rules
		}
		if g := z.byID(z.current); g != nil {
			authorityEnd.WithLabelValues(zone).Set(float64(g.Anchor.NotAfter.Unix()))
			if len(g.list) > 0 {
				listAge.WithLabelValues(zone).Set(p.now.Sub(g.since).Seconds())
			}
		}
	}
}
