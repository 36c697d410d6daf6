// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/zonewarden/zonewarden/internal/topology"
)

// surroundings are an Input with what is looked up in it.
type surroundings struct {
	Input
	members topology.Members
	inScope map[string]bool
	// pods by namespace, worked out when they are asked for.
	pods map[string][]*topology.Pod
}

func newSurroundings(in Input) *surroundings {
	s := &surroundings{Input: in, members: in.Model.Members(), inScope: map[string]bool{}}
	if in.Snapshot.Site == nil {
		return s
	}
	scope, err := metav1.LabelSelectorAsSelector(&in.Snapshot.Site.Spec.Scope.NamespaceSelector)
	if err != nil {
		return s
	}
	for _, ns := range in.Snapshot.Namespaces {
		s.inScope[ns.Name] = scope.Matches(labels.Set(ns.Labels))
	}
	return s
}

// concerns says whether a pod is in a zone, nil for none, or at least in scope.
func (s *surroundings) concerns(p *topology.Pod) (*topology.Zone, bool) {
	z := s.members.ZoneOf(*p)
	return z, z != nil || s.inScope[p.Namespace]
}

func (s *surroundings) podsIn(namespace string) []*topology.Pod {
	if s.pods == nil {
		s.pods = map[string][]*topology.Pod{}
		for i := range s.Snapshot.Pods {
			p := &s.Snapshot.Pods[i]
			s.pods[p.Namespace] = append(s.pods[p.Namespace], p)
		}
	}
	return s.pods[namespace]
}
