// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/test/oracle"
)

// blindfolded is Cilium where it carries out NetworkPolicies that select by labels that
// it hides from policy. It does not read those as Kubernetes means them, so it is not
// asked about pods of their namespaces, and cyclonus judges there alone.
type blindfolded struct {
	oracle.Engine
	namespaces map[string]bool
}

// Egress abstains at pods of those namespaces.
func (b blindfolded) Egress(f oracle.Flow) (bool, error) {
	if err := b.abstain(f.From); err != nil {
		return false, err
	}
	return b.Engine.Egress(f)
}

// Ingress abstains at pods of those namespaces.
func (b blindfolded) Ingress(f oracle.Flow) (bool, error) {
	if err := b.abstain(f.To); err != nil {
		return false, err
	}
	return b.Engine.Ingress(f)
}

func (b blindfolded) abstain(at oracle.Endpoint) error {
	namespace, _, isPod := strings.Cut(string(at), "/")
	if isPod && b.namespaces[namespace] {
		return fmt.Errorf("a selector by labels that Cilium hides: %w", oracle.ErrNotJudged)
	}
	return nil
}

// abstaining puts the blindfold on where it belongs: these are all objects that stand at
// any time.
func abstaining(name string, engine oracle.Engine, objects iter.Seq[[]byte]) (oracle.Engine, error) {
	if name == ciliumOnCilium || name == cyclonusOn {
		return engine, nil
	}
	out := blindfolded{Engine: engine, namespaces: map[string]bool{}}
	for raw := range objects {
		if k, err := oracle.KeyOf(raw); err != nil || k.Kind != oracle.KindNetworkPolicy {
			continue // that is for the engine to say
		}
		var p networkingv1.NetworkPolicy
		if err := json.Unmarshal(raw, &p); err != nil {
			return nil, err
		}
		hidden, err := selectsByHidden(&p)
		if err != nil {
			return nil, err
		}
		if hidden {
			out.namespaces[p.Namespace] = true
		}
	}
	return out, nil
}

func selectsByHidden(p *networkingv1.NetworkPolicy) (bool, error) {
	peers := []networkingv1.NetworkPolicyPeer{{PodSelector: &p.Spec.PodSelector}}
	for _, r := range p.Spec.Ingress {
		peers = append(peers, r.From...)
	}
	for _, r := range p.Spec.Egress {
		peers = append(peers, r.To...)
	}
	for _, peer := range peers {
		for _, key := range keysOf(peer.PodSelector) {
			if sees, err := oracle.SeesPodLabel(key); err != nil || !sees {
				return true, err
			}
		}
		for _, key := range keysOf(peer.NamespaceSelector) {
			if sees, err := oracle.SeesNamespaceLabel(key); err != nil || !sees {
				return true, err
			}
		}
	}
	return false, nil
}

func keysOf(s *metav1.LabelSelector) []string {
	if s == nil {
		return nil
	}
	keys := slices.Collect(maps.Keys(s.MatchLabels))
	for _, e := range s.MatchExpressions {
		keys = append(keys, e.Key)
	}
	return keys
}
