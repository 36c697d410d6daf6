// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"net/netip"

	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

// Standing is what the policies say that stand in the cluster.
type Standing struct {
	Answer verdict.Answer `json:"answer"`
	By     []string       `json:"by"`
	// Unread is what the user may not list, for which nothing is known.
	Unread []string `json:"unread,omitempty"`
}

// standing asks the policies that stand, of whomever, about a flow between addresses that
// both ends have; nil where those are not known. Who may not see all of them is told
// nothing: of no policies everything is admitted.
func standing(p *plant.Plant, from, to party, transport protocol.Transport, port uint16) *Standing {
	if len(p.Blind) > 0 {
		return &Standing{Answer: verdict.Unknown, By: []string{}, Unread: p.Blind}
	}
	rules := verdict.New(clusterOf(p))
	for _, a := range from.addresses {
		for _, b := range to.addresses {
			if a.Is4() == b.Is4() {
				v := rules.Judge(verdict.Flow{Source: a, Destination: b, Transport: transport, Port: port})
				return &Standing{Answer: v.Answer, By: append([]string{}, v.By...)}
			}
		}
	}
	return nil
}

// now is what stands, nil where that is not known or this cluster has no say.
func (e *Explanation) now() *bool {
	if e.Standing == nil || !e.AtPod || e.Standing.Answer == verdict.Unknown {
		return nil
	}
	passes := e.Standing.Answer == verdict.Admitted
	return &passes
}

// differs says that what stands is known, and is not what is declared.
func (e *Explanation) differs() bool { return e.PassesNow != nil && *e.PassesNow != e.Passes }

// end is how the command ends: by what stands, which is what is asked for at a cluster, or
// else by what is declared.
func (e *Explanation) end() error {
	passes := e.Passes
	if e.PassesNow != nil {
		passes = *e.PassesNow
	}
	if passes {
		return nil
	}
	return exit.Silent(exit.Bad)
}

// clusterOf is the site as verdicts are made of it.
func clusterOf(p *plant.Plant) verdict.Cluster {
	cluster := verdict.Cluster{Namespaces: map[string]map[string]string{}}
	for _, ns := range p.Namespaces {
		cluster.Namespaces[ns.Name] = ns.Labels
	}
	for _, pod := range p.Pods {
		v := verdict.Pod{Namespace: pod.Namespace, Name: pod.Name, Labels: pod.Labels, HostNetwork: pod.HostNetwork}
		for _, ip := range pod.Addresses {
			if a, err := netip.ParseAddr(ip.IP); err == nil {
				v.Addresses = append(v.Addresses, a)
			}
		}
		cluster.Pods = append(cluster.Pods, v)
	}
	for _, n := range p.Nodes {
		for _, text := range n.Networks {
			if a, err := netip.ParseAddr(text); err == nil {
				cluster.Nodes = append(cluster.Nodes, a)
			}
		}
	}
	for _, u := range p.Standing {
		cluster.Objects = append(cluster.Objects, u.Object)
	}
	return cluster
}
