// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// expectation says what ought to pass, from the resolved model alone: from zones and
// conduits, without a look at any policy object.
type expectation struct {
	model      *topology.Model
	namespaces map[string]topology.Namespace
	// decides, where it is set, says in place of the model what passes.
	decides func(try) bool
}

// expect resolves what is declared in the cluster now.
func expect(t *testing.T, s *stage.Stage) *expectation {
	t.Helper()
	snapshot := topology.Snapshot{Now: time.Now()}
	var sites v1alpha1.SiteList
	var zones v1alpha1.ZoneList
	var conduits v1alpha1.ConduitList
	var assets v1alpha1.AssetList
	var namespaces corev1.NamespaceList
	ctx := context.WithoutCancel(t.Context())
	must(t, s.List(ctx, &sites), s.List(ctx, &zones), s.List(ctx, &conduits),
		s.List(ctx, &assets), s.List(ctx, &namespaces))
	for i := range sites.Items {
		snapshot.Site = &sites.Items[i]
	}
	for i := range zones.Items {
		snapshot.Zones = append(snapshot.Zones, &zones.Items[i])
	}
	for i := range conduits.Items {
		snapshot.Conduits = append(snapshot.Conduits, &conduits.Items[i])
	}
	for i := range assets.Items {
		snapshot.Assets = append(snapshot.Assets, &assets.Items[i])
	}
	e := &expectation{namespaces: map[string]topology.Namespace{}}
	for _, n := range namespaces.Items {
		ns := topology.Namespace{Name: n.Name, Labels: n.Labels}
		snapshot.Namespaces = append(snapshot.Namespaces, ns)
		e.namespaces[n.Name] = ns
	}
	e.model = topology.Resolve(snapshot)
	return e
}

// passes says whether a new connection ought to get through: out of the sender, where
// its zone denies what is not declared, and into the receiver likewise.
func (e *expectation) passes(from, to *stage.Host, port stage.Port) bool {
	if e.decides != nil {
		return e.decides(try{from, to, port})
	}
	out := e.enforced(from)
	in := e.enforced(to)
	return !out && !in || e.declared(from, to, port)
}

// enforced says whether the host is a pod in a zone that denies.
func (e *expectation) enforced(h *stage.Host) bool {
	z := e.zoneOf(h)
	return h.IsPod() && z != nil && z.Enforce
}

// zoneOf is the host's zone, nil for none.
func (e *expectation) zoneOf(h *stage.Host) *topology.Zone {
	for _, z := range e.model.Zones {
		if e.among(h, z.Workloads, z.Networks) {
			return z
		}
	}
	return nil
}

// among says whether a host is one of these workloads, or in one of these networks.
func (e *expectation) among(h *stage.Host, workloads []topology.Workloads, networks []netip.Prefix) bool {
	if !h.IsPod() {
		return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(h.Address) })
	}
	namespace, _, _ := strings.Cut(h.Name, "/")
	return slices.ContainsFunc(workloads, func(w topology.Workloads) bool {
		return w.MatchesNamespace(e.namespaces[namespace]) && w.MatchesLabels(h.Labels)
	})
}

// declared says whether a zone's internal traffic or a conduit covers the connection.
func (e *expectation) declared(from, to *stage.Host, port stage.Port) bool {
	if a, b := e.zoneOf(from), e.zoneOf(to); a != nil && a == b && a.InternalTraffic {
		return true
	}
	return slices.ContainsFunc(e.model.Conduits, func(c *topology.Conduit) bool {
		if c.Suspended {
			return false
		}
		return slices.ContainsFunc(c.Responders, func(r topology.End) bool {
			there := e.at(from, c.Initiator) && e.at(to, r) && covers(c.Ports, port)
			back := e.at(from, r) && e.at(to, c.Initiator) && covers(c.BothWays, port)
			return there || back
		})
	})
}

func (e *expectation) at(h *stage.Host, end topology.End) bool {
	networks := end.Networks
	if end.WholeZone {
		networks = end.Zone.Networks
	}
	return e.among(h, end.Workloads, networks)
}

func covers(ranges []protocol.PortRange, p stage.Port) bool {
	return slices.ContainsFunc(ranges, func(r protocol.PortRange) bool {
		return string(r.Transport) == p.Transport && r.First <= p.Number && p.Number <= r.Last
	})
}

// ports that any conduit names, each once, and one that none does.
func (e *expectation) ports() []stage.Port {
	out := []stage.Port{stage.TCP(22)}
	for _, c := range e.model.Conduits {
		for _, r := range c.Ports {
			if p := (stage.Port{Transport: string(r.Transport), Number: r.First}); !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}
