// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"fmt"
	"net/netip"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/policy/identity"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Check finds what is wrong with what a window names, each with its field. While anything
// is, nothing is to be granted. roles are the cluster's ClusterRoles by name, as far as the
// window names them.
func Check(w *v1alpha1.VendorAccessWindow, site *v1alpha1.Site, m *topology.Model, pods []topology.Pod, roles map[string]*rbacv1.ClusterRole) []access.Problem {
	if w == nil || site == nil || m == nil || m.Site == nil {
		return []access.Problem{{Field: "spec", Message: "there is no usable Site"}}
	}
	c := checker{window: w, site: site, model: m, jump: jumpHost(site.Spec.Access, w.Spec.Through)}
	c.checkGrant()
	var targets int
	for i, r := range w.Spec.Reach {
		path := fmt.Sprintf("spec.reach[%d]", i)
		reached := m.Reach(path, r)
		for _, f := range reached.Findings {
			if f.Severity == v1alpha1.SeverityError {
				c.add(f.Path, "%s", f.Message)
			}
		}
		c.checkFlows(path, r, reached)
		c.checkLabels(path, r)
		switch w.Spec.Grant {
		case v1alpha1.GrantSourceAddress:
			c.checkSource(path, r, reached)
		case v1alpha1.GrantSessionPod:
		default:
			c.checkSingle(path, r, reached)
			targets += countTargets(reached, pods)
			if targets > mostTargets {
				c.add(path, "the window reaches more than %d addresses and ports, which is as many as a relay forwards to; name fewer, or ask for another window", mostTargets)
			}
		}
	}
	c.checkRights(roles)
	return c.problems
}

type checker struct {
	window   *v1alpha1.VendorAccessWindow
	site     *v1alpha1.Site
	model    *topology.Model
	jump     *v1alpha1.JumpHost
	problems []access.Problem
}

func (c *checker) add(field, format string, args ...any) {
	p := access.Problem{Field: field, Message: fmt.Sprintf(format, args...)}
	if !slices.Contains(c.problems, p) {
		c.problems = append(c.problems, p)
	}
}

// checkGrant looks at what the grant needs of the Site.
func (c *checker) checkGrant() {
	if c.window.Spec.Grant == v1alpha1.GrantSessionPod {
		if p := c.site.Spec.Access.SessionPods; p == nil || p.Image == "" {
			c.add("spec.grant", "the Site has no spec.access.sessionPods, so there is no image for a session pod")
		}
		return
	}
	switch {
	case c.jump == nil:
		c.add("spec.through", "the Site has no jump host %q", c.window.Spec.Through)
	case c.jump.Workloads != nil && c.jump.Workloads.Namespace == v1alpha1.NamespaceAccess:
		c.add("spec.through", "jump host %q is in namespace %s, which is for the pods of windows only", c.jump.Name, v1alpha1.NamespaceAccess)
	case c.jump.Workloads == nil && len(prefixesOf(c.jump)) != len(slices.Compact(slices.Sorted(slices.Values(c.jump.Addresses)))):
		c.add("spec.through", "jump host %q has an address that is none", c.jump.Name)
	}
}

// checkFlows looks at what no policy or relay can carry.
func (c *checker) checkFlows(path string, r v1alpha1.Reach, reached topology.Reached) {
	for j, f := range r.Flows {
		resolved, ok := reached.Flows[j]
		if !ok {
			continue
		}
		field := fmt.Sprintf("%s.flows[%d]", path, j)
		p, _ := protocol.Lookup(resolved.Protocol)
		switch {
		case !resolved.Enforceable:
			c.add(field+".protocol", "%s runs below IP, so it cannot be let in", p.Name)
		case p.Dynamic && f.Port == nil && c.window.Spec.Grant == v1alpha1.GrantRelay:
			c.add(field+".protocol", "%s chooses ports while it runs, which a relay cannot know; name the ports", p.Name)
		}
		if c.window.Spec.Grant != v1alpha1.GrantRelay {
			continue
		}
		for _, ports := range resolved.Ports {
			if ports.Transport == protocol.SCTP {
				c.add(field, "a relay forwards TCP and UDP, not SCTP")
			}
			if int(ports.Last)-int(ports.First) >= mostTargets {
				c.add(field, "%s is more than %d ports, which a relay cannot forward one by one; name those that are used", topology.FormatPorts(ports), mostTargets)
			}
		}
	}
}

// checkLabels refuses labels that Cilium hides from policy, by which nothing could be
// selected exactly.
func (c *checker) checkLabels(path string, r v1alpha1.Reach) {
	if r.Workloads == nil || c.site.Status.Backend == v1alpha1.BackendNetwork {
		return
	}
	for _, key := range topology.SelectorKeys(r.Workloads) {
		if identity.LeavesOut(key) {
			c.add(path+".workloads", "Cilium leaves the label %s out of a pod's identity, so no policy can select by it; use another label", key)
		}
	}
}

// checkSingle: a relay forwards to addresses and to nothing wider.
func (c *checker) checkSingle(path string, r v1alpha1.Reach, reached topology.Reached) {
	if r.WholeZone {
		for _, p := range reached.End.Networks {
			if notSingle(p) {
				c.add(path+".wholeZone", "zone %q has the network %s, and a relay forwards to single addresses; name assets", r.Zone, p)
			}
		}
		return
	}
	for j, name := range r.Assets {
		for _, a := range reached.Assets {
			if a.Name != name {
				continue
			}
			if n := slices.IndexFunc(a.Addresses, notSingle); n >= 0 {
				c.add(fmt.Sprintf("%s.assets[%d]", path, j), "asset %q is the network %s, and a relay forwards to single addresses", name, a.Addresses[n])
			}
			if len(a.Addresses) == 0 {
				c.add(fmt.Sprintf("%s.assets[%d]", path, j), "asset %q has no address", name)
			}
		}
	}
}

func notSingle(p netip.Prefix) bool { return !p.IsSingleIP() }

// checkSource: a policy stands only before pods, and a guard's denies beat what it allows.
func (c *checker) checkSource(path string, r v1alpha1.Reach, reached topology.Reached) {
	if reached.End.Zone == nil {
		return
	}
	if len(reached.End.Workloads) == 0 {
		c.add(path, "grant: SourceAddress lets in to pods of this cluster, and this is devices only: nothing of the cluster stands before them; use grant: Relay")
		return
	}
	if c.jump == nil || !c.model.Site.Guard.Datapath && !c.model.Site.Guard.AdminTier {
		return
	}
	if !c.spared(reached.End.Zone, reached.Ports) {
		c.add("spec.grant", "the Site's guard layers deny zone %q what comes from jump host %q, whatever allows it; declare a conduit from the jump host's zone, or use grant: Relay", r.Zone, c.jump.Name)
	}
}

// spared says that the guard of a zone lets the jump host's packets to the allows.
func (c *checker) spared(z *topology.Zone, ports []protocol.PortRange) bool {
	for _, n := range c.model.Neighbours()[z.Name] {
		if !c.isIn(n) {
			continue
		}
		open := 0
		for _, p := range ports {
			if slices.ContainsFunc(n.In, func(in protocol.PortRange) bool {
				return in.Transport == p.Transport && in.First <= p.First && p.Last <= in.Last
			}) {
				open++
			}
		}
		if open == len(ports) {
			return true
		}
	}
	return false
}

// isIn says that the whole jump host is part of a neighbour.
func (c *checker) isIn(n topology.Neighbour) bool {
	if w := c.jump.Workloads; w != nil {
		return slices.ContainsFunc(n.Workloads, func(entry topology.Workloads) bool {
			return slices.Contains(entry.Matching, w.Namespace) && impliedBy(&w.Selector, entry.PodSelectors)
		})
	}
	for _, p := range prefixesOf(c.jump) {
		within := slices.ContainsFunc(n.Networks, func(o netip.Prefix) bool { return o.Bits() <= p.Bits() && o.Contains(p.Addr()) })
		if !within {
			return false
		}
	}
	return true
}

// impliedBy says that whatever a selector selects, all of the others do, as far as labels
// alone show it.
func impliedBy(s *metav1.LabelSelector, others []*metav1.LabelSelector) bool {
	return !slices.ContainsFunc(others, func(o *metav1.LabelSelector) bool {
		if len(o.MatchExpressions) > 0 {
			return true
		}
		for key, value := range o.MatchLabels {
			if has, there := s.MatchLabels[key]; !there || has != value {
				return true
			}
		}
		return false
	})
}

// countTargets is how many addresses and ports a relay would forward to.
func countTargets(r topology.Reached, pods []topology.Pod) int {
	n := 0
	for _, p := range r.Ports {
		n += int(p.Last) - int(p.First) + 1
	}
	return n * len(hostsOf(r, pods))
}

// checkRights looks at the rights in the cluster.
func (c *checker) checkRights(roles map[string]*rbacv1.ClusterRole) {
	if c.window.Spec.Kubernetes == nil {
		return
	}
	for i, r := range c.window.Spec.Kubernetes.Roles {
		field := fmt.Sprintf("spec.kubernetes.roles[%d]", i)
		if r.Namespace == v1alpha1.NamespaceAccess {
			c.add(field+".namespace", "namespace %s is for the pods of windows only", r.Namespace)
		}
		role := roles[r.Role]
		if role == nil {
			c.add(field+".role", "there is no ClusterRole %q", r.Role)
			continue
		}
		for _, why := range Unsafe(role) {
			c.add(field+".role", "ClusterRole %q is not fit for vendors: %s", r.Role, why)
		}
	}
}
