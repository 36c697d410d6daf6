// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package openings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// named is how much of what a change opens its finding names; the rest is counted.
const named = 3

// Waiting is a declaration that must not come into force yet.
type Waiting struct {
	topology.ObjectRef
	// Hash by which it is approved, "" where it has none and nobody can.
	Hash string
	// Author of what is declared, "" where it does not say.
	Author string
	// Opens is what it would open, for people to read.
	Opens []string
	// Missing is how many approvals are missing.
	Missing int
	// Approvers are those whose approval counts, Deniers those who denied it.
	Approvers, Deniers []v1alpha1.Username
}

// Judgement says of the declarations of a site which have to wait.
type Judgement struct {
	// Waiting in the order of zones, assets and conduits, by name.
	Waiting []Waiting
	// Approved are those whose approvals let what differs come into force.
	Approved map[topology.ObjectRef][]v1alpha1.Username
	// Objections to Approvals of Zones, Conduits and Assets by their name; nil for one
	// that counts.
	Objections map[string]*Objection
}

// Held is for topology.Snapshot.Held.
func (j Judgement) Held() map[topology.ObjectRef]v1alpha1.Finding {
	out := map[topology.ObjectRef]v1alpha1.Finding{}
	for _, w := range j.Waiting {
		out[w.ObjectRef] = w.Finding()
	}
	return out
}

// Finding is what is said of the object.
func (w Waiting) Finding() v1alpha1.Finding {
	out := v1alpha1.Finding{
		Severity: v1alpha1.SeverityError, Path: "spec", Reason: v1alpha1.ReasonAwaitingApproval,
		Message: fmt.Sprintf("it opens %s", listed(w.Opens)),
	}
	switch {
	case len(w.Deniers) > 0:
		out.Reason = v1alpha1.ReasonOpeningDenied
		out.Message += fmt.Sprintf(", and %s denied it", joined(w.Deniers))
	case w.Author == "":
		out.Message += fmt.Sprintf(", and says not who wrote it: change its spec in the same request as the annotation %s, which has to be your user name", v1alpha1.AnnotationAuthor)
	default:
		out.Message += fmt.Sprintf("; written by %s", w.Author)
		if len(w.Approvers) > 0 {
			out.Message += fmt.Sprintf(", approved by %s", joined(w.Approvers))
		}
		out.Message += fmt.Sprintf(", it waits for %d more to approve %s", w.Missing, w.Hash)
	}
	return out
}

func joined(names []v1alpha1.Username) string {
	var out []string
	for _, n := range names {
		out = append(out, string(n))
	}
	return strings.Join(out, " and ")
}

func listed(what []string) string {
	if len(what) <= named {
		return strings.Join(what, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(what[:named], ", "), len(what)-named)
}

// Judge says which declarations wait. See the package documentation for what it promises.
func Judge(s topology.Snapshot, approvals []*v1alpha1.Approval) Judgement {
	out := Judgement{Approved: map[topology.ObjectRef][]v1alpha1.Username{}, Objections: map[string]*Objection{}}
	if s.Site == nil {
		return out
	}
	asked := s.Site.Spec.Openings
	var differ []Waiting
	for _, o := range objectsOf(s) {
		differs := asked != nil && o.differs()
		if !differs && !about(o, approvals) {
			continue
		}
		w := Waiting{ObjectRef: o.ObjectRef, Author: o.author()}
		w.Hash, _ = o.hash() // what has none is approved by nobody
		heard := hear(o, w.Hash, s.Site, approvals, out.Objections)
		w.Approvers, w.Deniers = heard.approvers, heard.deniers
		if !differs {
			continue
		}
		w.Missing = int(max(1, asked.Approvals)) - len(w.Approvers) // a Site without the default asks for one
		if w.Missing <= 0 && len(w.Deniers) == 0 {
			out.Approved[o.ObjectRef] = w.Approvers
			continue
		}
		differ = append(differ, w)
	}
	unheard(approvals, out.Objections)
	if len(differ) > 0 {
		out.Waiting = newSieve(s, differ).waiting()
	}
	return out
}

func about(o object, approvals []*v1alpha1.Approval) bool {
	return slices.ContainsFunc(approvals, func(a *v1alpha1.Approval) bool {
		return string(a.Spec.Of.Kind) == o.Kind && a.Spec.Of.Name == o.Name
	})
}

// sieve finds among declarations that differ those that open something.
type sieve struct {
	trial *trial
	// held are those that are not known to open nothing; base is the site without them.
	held map[topology.ObjectRef]v1alpha1.Finding
	base *topology.Model
	all  []Waiting
	// declared is the site with all of them, made when it is asked for.
	declared func() *topology.Model
	// opens is what is known of those that wait.
	opens map[topology.ObjectRef][]string
}

func newSieve(s topology.Snapshot, differ []Waiting) *sieve {
	out := &sieve{trial: newTrial(s), held: map[topology.ObjectRef]v1alpha1.Finding{}, all: differ, opens: map[topology.ObjectRef][]string{}}
	for _, w := range differ {
		out.held = with(out.held, w)
	}
	out.base = out.trial.resolve(out.held)
	out.declared = sync.OnceValue(func() *topology.Model { return out.trial.resolve(nil) })
	return out
}

func (s *sieve) waiting() []Waiting {
	// A conduit that comes with its zones is judged as if those had been there: beside
	// pods that no zone denies yet it would open nothing.
	for _, kind := range order {
		if some := ofKind(s.all, kind); len(some) > 0 {
			s.sift(some)
		}
	}
	var out []Waiting
	for _, w := range s.all {
		if _, held := s.held[w.ObjectRef]; held {
			w.Opens = s.opens[w.ObjectRef]
			out = append(out, w)
		}
	}
	return out
}

func ofKind(all []Waiting, kind string) []Waiting {
	var out []Waiting
	for _, w := range all {
		if w.Kind == kind {
			out = append(out, w)
		}
	}
	return out
}

// sift lets those go that open nothing, together where that is so of all of them, else by
// halves: then the first of them count as declared for the rest.
func (s *sieve) sift(some []Waiting) {
	without := maps.Clone(s.held)
	for _, w := range some {
		delete(without, w.ObjectRef)
	}
	tried := s.trial.resolve(without)
	opens := s.trial.opens(s.base, tried)
	if len(opens) == 0 {
		opens = s.trial.handed(s.base, tried, s.declared)
	}
	switch {
	case len(opens) == 0:
		s.held, s.base = without, tried
	case len(some) == 1:
		s.opens[some[0].ObjectRef] = opens
	default:
		held, base := s.held, s.base
		s.sift(some[:len(some)/2])
		s.sift(some[len(some)/2:])
		if some[0].Kind != topology.KindConduit {
			s.together(some, held, base)
		}
	}
}

// together holds those that open something together and not one after the other: one zone gives
// pods up, to whom nothing is denied in between, and another takes them in, by which they come
// through its conduits. Each of them waits, because the rest would be let go in the next pass.
// Between conduits nothing is given up.
func (s *sieve) together(some []Waiting, held map[topology.ObjectRef]v1alpha1.Finding, base *topology.Model) {
	opens := s.trial.opens(base, s.base)
	if len(opens) == 0 {
		return
	}
	without := s.held
	for _, w := range some {
		if _, waits := s.held[w.ObjectRef]; !waits && len(s.trial.opens(base, s.trial.resolve(with(s.held, w)))) == 0 {
			without = with(without, w)
		}
	}
	tried := s.trial.resolve(without)
	if len(without) == len(s.held) || len(s.trial.opens(base, tried)) > 0 {
		without, tried = held, base // which of them do cannot be told
	}
	for _, w := range some {
		if _, waits := without[w.ObjectRef]; waits && len(s.opens[w.ObjectRef]) == 0 {
			s.opens[w.ObjectRef] = opens
		}
	}
	s.held, s.base = without, tried
}

// with holds one more.
func with(held map[topology.ObjectRef]v1alpha1.Finding, w Waiting) map[topology.ObjectRef]v1alpha1.Finding {
	out := maps.Clone(held)
	out[w.ObjectRef] = v1alpha1.Finding{Severity: v1alpha1.SeverityError, Reason: v1alpha1.ReasonAwaitingApproval}
	return out
}
