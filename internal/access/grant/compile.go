// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"crypto/ed25519"
	"fmt"
	"maps"
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Compile makes the objects of a grant. It makes none where anything is missing that all
// of them need.
func Compile(in Input) Set {
	if !in.whole() {
		return Set{}
	}
	reached := in.reached()
	var s Set
	switch in.Grant.Kind {
	case access.Relay:
		in.addRelay(&s, reached)
	case access.SessionPod:
		in.addSessionPod(&s, reached)
	case access.SourceAddress:
		s.Objects = in.policies(in.sourcePassages(reached))
	default:
		return Set{}
	}
	s.Objects = append(s.Objects, in.rights()...)
	namespaces := map[string]bool{}
	for _, o := range s.Objects {
		namespaces[o.Namespace] = true
	}
	for _, namespace := range slices.Sorted(maps.Keys(namespaces)) {
		s.Fuses = append(s.Fuses, in.fuse(namespace))
	}
	in.sayEnds(&s)
	return s
}

// whole says that nothing is missing without which a grant would be open to more than it
// should be, or for longer.
func (in *Input) whole() bool {
	return in.Window != nil && in.Window.Name != "" && in.Window.UID != "" && in.Model != nil &&
		in.Left > 0 && in.Operator.Image != "" && len(in.Operator.Key) == ed25519.PublicKeySize &&
		len(in.Grant.People) > 0 && backendKnown(in.Backend)
}

func (in *Input) reached() []topology.Reached {
	var out []topology.Reached
	for i, r := range in.Window.Spec.Reach {
		one := in.Model.Reach(fmt.Sprintf("spec.reach[%d]", i), r)
		if one.End.Zone == nil || len(one.Ports) == 0 {
			continue
		}
		if in.Grant.Kind == access.Relay {
			one.End.Networks = slices.DeleteFunc(slices.Clone(one.End.Networks), notSingle)
		}
		out = append(out, one)
	}
	return out
}

// addRelay needs the jump host, and something to forward to.
func (in *Input) addRelay(s *Set, reached []topology.Reached) {
	jump := jumpHost(in.Access, in.Grant.Through)
	if jump == nil || len(in.sources()) == 0 {
		return
	}
	targets := in.targets(reached)
	if len(targets) == 0 {
		return
	}
	s.Objects = in.policies(in.podPassages(reached, targets))
	s.Pod = in.relay(targets)
	s.Objects = append(s.Objects, in.service(jump, targets), s.Pod)
	s.Endpoints = endpointsOf(targets)
}

func (in *Input) addSessionPod(s *Set, reached []topology.Reached) {
	if in.Access.SessionPods == nil || in.Access.SessionPods.Image == "" {
		return
	}
	s.Objects = in.policies(in.podPassages(reached, nil))
	s.Pod = in.sessionPod()
	s.Objects = append(s.Objects, s.Pod)
	s.Objects = append(s.Objects, in.entry()...)
}

// sayEnds says what of the grant ends by itself.
func (in *Input) sayEnds(s *Set) {
	if in.Grant.Kind != access.SourceAddress {
		// The pod's first process ends itself, and every connection goes through it. The
		// fuse takes away the rest, which is worth nothing without the pod or the API server.
		s.EndsWithoutOperator, s.EndsWithoutAPIServer = true, true
		return
	}
	s.WhyNotWithoutOperator = "the policy goes with its fuse, but what the jump host has open then is ended by nobody; grant: Relay ends it"
	s.WhyNotWithoutAPIServer = "the nodes keep the policy until the API server says that it is gone; grant: Relay ends without it"
}

// backendKnown says that policies can be made at all.
func backendKnown(b v1alpha1.Backend) bool {
	return b == v1alpha1.BackendCilium || b == v1alpha1.BackendNetwork
}
