// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
)

// driftRecord is what others did to our objects since the operator started.
type driftRecord struct {
	count int
	last  apply.Key
}

func (d driftRecord) message() string {
	return fmt.Sprintf("policy objects were changed or removed by others and put back, %d times since the operator started, last %s", d.count, d.last)
}

// wrote is told of each write of a plan.
func (s *Segmentation) wrote(o apply.Outcome) {
	policyWrites.WithLabelValues(o.Key.Kind, o.Verb).Inc()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastWrite = s.clock.Now()
	if o.Verb == apply.VerbDelete {
		delete(s.known, o.Key)
		return
	}
	s.known[o.Key] = o.Digest
	if o.Drift {
		s.drift.count++
		s.drift.last = o.Key
		driftReverted.WithLabelValues(o.Key.Kind).Inc()
	}
}

// want notes what this pass wants, before it is written.
func (s *Segmentation) want(desired []*policy.Object) {
	digests := make(map[apply.Key]string, len(desired))
	for _, o := range desired {
		digests[apply.KeyOf(o)] = o.Digest
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.desired = digests
}

// remember notes what was found in place, so that a later difference is known
// to be somebody else's doing.
func (s *Segmentation) remember(observed []apply.Observed, desired []*policy.Object) {
	digests := make(map[apply.Key]string, len(observed))
	for _, o := range observed {
		digests[o.Key] = o.Digest
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range desired {
		if key := apply.KeyOf(o); digests[key] == o.Digest {
			s.known[key] = o.Digest
		}
	}
}
