// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/mattfenwick/cyclonus/pkg/kube"
	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

// Cyclonus is the NetworkPolicy matcher of the conformance tool of that name. Its
// matcher of label selectors differs from Kubernetes' in two ways: "key equals nothing"
// also takes what lacks the key, and "key not in" leaves that out. It is not asked
// where one of these would matter, nor about nodes, of which it knows nothing.
type Cyclonus struct {
	world    World
	policies map[Key]*networkingv1.NetworkPolicy
	pods     map[Endpoint]*matcher.InternalPeer
	built    *matcher.Policy // nil until it is asked
	// unsure is asked often and changes with the policies only.
	unsure map[[2]Endpoint]bool
}

// NewCyclonus returns an engine without objects.
func NewCyclonus(w World) (*Cyclonus, error) {
	c := &Cyclonus{world: w, policies: map[Key]*networkingv1.NetworkPolicy{}, pods: map[Endpoint]*matcher.InternalPeer{}}
	for _, p := range w.Pods {
		namespaceLabels, ok := w.Namespaces[p.Namespace]
		if !ok {
			return nil, fmt.Errorf("pod %s is in a namespace that the world has not", p.Endpoint())
		}
		peer := &matcher.InternalPeer{PodLabels: p.Labels, NamespaceLabels: namespaceLabels, Namespace: p.Namespace}
		c.pods[p.Endpoint()] = peer
		for _, a := range p.Addresses {
			c.pods[Endpoint(a.String())] = peer
		}
	}
	return c, nil
}

// Apply puts a NetworkPolicy into the engine, in the place of an older version of it.
func (c *Cyclonus) Apply(object []byte) error {
	k, err := KeyOf(object)
	if err != nil {
		return err
	}
	if k.Kind != KindNetworkPolicy {
		return fmt.Errorf("loading %v: %w", k, ErrNotJudged)
	}
	p := &networkingv1.NetworkPolicy{}
	if err := decode(object, p); err != nil {
		return fmt.Errorf("loading %v: %w", k, err)
	}
	if len(p.Spec.PolicyTypes) == 0 {
		return fmt.Errorf("loading %v: the API server always says which policyTypes", k)
	}
	c.policies[k] = p
	c.built = nil
	return nil
}

// Delete takes an object out. One that is not there is no error.
func (c *Cyclonus) Delete(k Key) error {
	delete(c.policies, k)
	c.built = nil
	return nil
}

// Egress says whether a flow leaves its source.
func (c *Cyclonus) Egress(f Flow) (bool, error) { return c.passes(f.From, f.To, f, false) }

// Ingress says whether a flow enters its destination.
func (c *Cyclonus) Ingress(f Flow) (bool, error) { return c.passes(f.To, f.From, f, true) }

func (c *Cyclonus) passes(at, with Endpoint, f Flow, ingress bool) (bool, error) {
	if c.pods[at] == nil || at == with {
		return true, nil // a pod always reaches itself
	}
	if with == Host {
		return false, fmt.Errorf("%s: nodes: %w", f, ErrNotJudged)
	}
	c.build()
	if c.isUnsure(at, with) {
		return false, fmt.Errorf("%s: a selector of absent labels: %w", f, ErrNotJudged)
	}
	peer, err := c.trafficPeer(with)
	if err != nil {
		return false, err
	}
	traffic := &matcher.Traffic{
		Source: &matcher.TrafficPeer{Internal: c.pods[at]}, Destination: peer,
		ResolvedPort: int(f.Port), ResolvedPortName: c.portName(f), Protocol: corev1.Protocol(f.Transport),
	}
	if ingress {
		traffic.Source, traffic.Destination = traffic.Destination, traffic.Source
	}
	return c.built.IsIngressOrEgressAllowed(traffic, ingress).IsAllowed(), nil
}

func (c *Cyclonus) trafficPeer(e Endpoint) (*matcher.TrafficPeer, error) {
	if pod := c.pods[e]; pod != nil {
		i := slices.IndexFunc(c.world.Pods, func(p Pod) bool { return p.Endpoint() == e })
		// It matches pods by address as well, and panics where there is none.
		address := netip.IPv4Unspecified()
		if i >= 0 && len(c.world.Pods[i].Addresses) > 0 {
			address = c.world.Pods[i].Addresses[0]
		}
		return &matcher.TrafficPeer{Internal: pod, IP: address.String()}, nil
	}
	address, err := netip.ParseAddr(string(e))
	if err != nil {
		return nil, fmt.Errorf("the world has no endpoint %q", e)
	}
	return &matcher.TrafficPeer{IP: address.String()}, nil
}

// portName is the name of the destination's port, "" where it has none.
func (c *Cyclonus) portName(f Flow) string {
	for _, p := range c.world.Pods {
		if p.Endpoint() != f.To {
			continue
		}
		for _, port := range p.Ports {
			if port.Port == f.Port && port.Transport == f.Transport {
				return port.Name
			}
		}
	}
	return ""
}

func (c *Cyclonus) build() {
	if c.built != nil {
		return
	}
	c.unsure = map[[2]Endpoint]bool{}
	policies := make([]*networkingv1.NetworkPolicy, 0, len(c.policies))
	for _, p := range c.policies {
		policies = append(policies, p)
	}
	c.built = matcher.BuildNetworkPolicies(false, policies)
}

// isUnsure says that some selector that matters at a pod matches it, or its peer, by
// one of the two rules and not by the other.
func (c *Cyclonus) isUnsure(at, with Endpoint) bool {
	pair := [2]Endpoint{at, with}
	unsure, known := c.unsure[pair]
	if known {
		return unsure
	}
	subject, peer := c.pods[at], c.pods[with]
	for _, p := range c.policies {
		if p.Namespace != subject.Namespace {
			continue
		}
		if differs(&p.Spec.PodSelector, subject.PodLabels) {
			unsure = true
		}
		if peer != nil && kube.IsLabelsMatchLabelSelector(subject.PodLabels, p.Spec.PodSelector) {
			unsure = unsure || slices.ContainsFunc(peersOf(p), func(d networkingv1.NetworkPolicyPeer) bool {
				return differs(d.PodSelector, peer.PodLabels) || differs(d.NamespaceSelector, peer.NamespaceLabels)
			})
		}
	}
	c.unsure[pair] = unsure
	return unsure
}

func peersOf(p *networkingv1.NetworkPolicy) []networkingv1.NetworkPolicyPeer {
	var peers []networkingv1.NetworkPolicyPeer
	for _, r := range p.Spec.Ingress {
		peers = append(peers, r.From...)
	}
	for _, r := range p.Spec.Egress {
		peers = append(peers, r.To...)
	}
	return peers
}

func differs(s *metav1.LabelSelector, set map[string]string) bool {
	if s == nil {
		return false
	}
	compiled, err := metav1.LabelSelectorAsSelector(s)
	return err != nil || kube.IsLabelsMatchLabelSelector(set, *s) != compiled.Matches(labels.Set(set))
}

// Directions is both ends at once.
func (c *Cyclonus) Directions(from, to Endpoint, transport protocol.Transport, port uint16) (out, in bool, err error) {
	return Directions(c, Flow{From: from, To: to, Transport: transport, Port: port})
}
