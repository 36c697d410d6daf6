// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// observeCertificates puts the outcome of a pass into the metrics. A zone's series goes with
// its last certificate.
func observeCertificates(p *certificatePass) {
	certificateEnd.Reset()
	authorityEnd.Reset()
	listAge.Reset()
	ready, deferred, expiring := 0, 0, 0
	ends := map[string]float64{}
	for _, d := range p.decision.Certificates {
		for _, c := range d.Conditions {
			is := c.Status == rotation.True
			switch {
			case is && c.Type == rotation.ConditionReady:
				ready++
			case is && c.Type == rotation.ConditionDeferred:
				deferred++
			case is && c.Type == rotation.ConditionExpiring:
				expiring++
			}
		}
	}
	for _, one := range p.certificates {
		if one.zone == "" || one.secret == nil || one.secret.leaf == nil {
			continue
		}
		end := float64(one.secret.leaf.NotAfter.Unix())
		if first, is := ends[one.zone]; !is || end < first {
			ends[one.zone] = end
		}
	}
	for zone, end := range ends {
		certificateEnd.WithLabelValues(zone).Set(end)
	}
	for name, z := range p.authorities {
		zone, _ := forOPCUA(name)
		for _, g := range z.generations {
			if g.ID() != z.current {
				continue
			}
			authorityEnd.WithLabelValues(zone).Set(float64(g.Anchor.NotAfter.Unix()))
			listAge.WithLabelValues(zone).Set(p.now.Sub(g.since).Seconds())
		}
	}
	certificates.WithLabelValues("ready").Set(float64(ready))
	certificates.WithLabelValues("not_ready").Set(float64(len(p.certificates) - ready))
	certificatesDeferred.Set(float64(deferred))
	certificatesExpiring.Set(float64(expiring))
}
