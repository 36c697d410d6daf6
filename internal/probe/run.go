// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"fmt"
	"time"
)

// triesToPass is how often a connection that must pass is tried before it is said
// that it does not: one lost packet is no finding.
const triesToPass = 3

// Outcome is how a connection ended that could be tried.
type Outcome string

// Outcomes.
const (
	// Passed: our listener saw our number.
	Passed Outcome = "passed"
	// Dropped: no answer in time, or unreachable.
	Dropped Outcome = "dropped"
	// Rejected: an answer that says no. Policies reject by TCP reset or by ICMP, and
	// the listener was ours, so no other reset is to be expected.
	Rejected Outcome = "refused"
	// Misdirected: something connected, but our listener did not see our number.
	Misdirected Outcome = "answered by something other than our listener"
)

// Network is where attempts are made. See Hosts.
type Network interface {
	// Connect listens at the one end and dials from the other until the context ends.
	// An error says that it could not be tried.
	Connect(ctx context.Context, a Attempt) (Outcome, error)
	// Check returns an error if an end is no longer where it was.
	Check(a Attempt) error
}

// State is what a round says about a zone on this node.
type State string

// States of a zone.
const (
	// Verified: what must pass passed, and what must not did not.
	Verified State = "Verified"
	// Leaking: a connection passed that must not.
	Leaking State = "Leaking"
	// Cut: a connection that must pass did not, though it was tried several times.
	Cut State = "Cut"
	// Unproven: one of the two could not be tried, or its outcome proves nothing.
	Unproven State = "Unknown"
)

// Result is what one round found, with what was tried.
type Result struct {
	State State
	// MustPass and MustNot say what was tried and how it ended, or why nothing was.
	MustPass, MustNot string
	// Why explains a state other than Verified.
	Why string
}

// Prober tries plans. It may be used by several goroutines at once.
type Prober struct {
	Network Network
	Judge   Judge
	// Timeout of one dial. The kernel sends a second SYN after one second.
	Timeout time.Duration
}

// proof is what one half of a round shows.
type proof int

const (
	untried proof = iota // nothing could be tried
	unclear              // something was, and it proves nothing
	asItMust
	otherwise
)

type half struct {
	proof proof
	text  string
}

// Run tries a plan: what must not pass, and what must.
func (p *Prober) Run(ctx context.Context, plan Plan) Result {
	if plan.Why != "" {
		return Result{State: Unproven, MustPass: "nothing to try", MustNot: "nothing to try", Why: plan.Why}
	}
	pass := p.first(ctx, plan.MustPass, p.mustPass)
	not := p.first(ctx, plan.MustNot, p.mustNot)
	r := Result{MustPass: pass.text, MustNot: not.text}
	r.State, r.Why = conclude(pass.proof, not.proof)
	return r
}

func conclude(pass, not proof) (State, string) {
	switch {
	case not == otherwise:
		return Leaking, "a connection passed that must not pass"
	case pass == otherwise:
		return Cut, fmt.Sprintf("a connection that must pass did not, tried %d times", triesToPass)
	case pass == asItMust && not == asItMust:
		return Verified, ""
	case not == asItMust && pass == untried:
		return Unproven, "held, but nothing that must pass could be tried"
	case pass == asItMust && not == untried:
		return Unproven, "passed, but nothing that must not pass could be tried"
	case pass == untried && not == untried:
		return Unproven, "nothing could be tried"
	}
	return Unproven, "what was tried proves nothing this time"
}

// first tries the attempts until one can be tried.
func (p *Prober) first(ctx context.Context, attempts []Attempt, try func(context.Context, Attempt) (half, error)) half {
	if len(attempts) == 0 {
		return half{untried, "no pair of pods on this node to try it with"}
	}
	var why string
	for _, a := range attempts {
		h, err := try(ctx, a)
		if ctx.Err() != nil { // whatever it looks like: it was not given its time
			return half{unclear, fmt.Sprintf("%s: interrupted", a)}
		}
		if err == nil {
			return h
		}
		if why == "" {
			why = fmt.Sprintf("%s: not tried: %v", a, err)
		}
	}
	if more := len(attempts) - 1; more > 0 {
		why += fmt.Sprintf(" (and %d more)", more)
	}
	return half{untried, why}
}

func (p *Prober) mustPass(ctx context.Context, a Attempt) (half, error) {
	for tries := 1; ; tries++ {
		outcome, err := p.connect(ctx, a)
		if err != nil {
			return half{}, err
		}
		if outcome == Passed || outcome == Misdirected || tries == triesToPass || ctx.Err() != nil {
			return p.weigh(a, outcome, Admitted), nil //nolint:nilerr // an end of the context is no error of the attempt
		}
	}
}

func (p *Prober) mustNot(ctx context.Context, a Attempt) (half, error) {
	outcome, err := p.connect(ctx, a)
	if err != nil {
		return half{}, err
	}
	return p.weigh(a, outcome, Refused), nil
}

// weigh says what an outcome proves, given what the policies say by now.
func (p *Prober) weigh(a Attempt, outcome Outcome, must Answer) half {
	h := half{unclear, fmt.Sprintf("%s: %s", a, outcome)}
	if p.Judge(a.From.Addr, a.To.Addr, a.Port) != must {
		h.text += ", but the policies changed meanwhile"
		return h
	}
	if outcome == Misdirected {
		return h
	}
	// What passed did so between two ends that were there.
	if outcome != Passed {
		if err := p.Network.Check(a); err != nil {
			h.text += fmt.Sprintf(", but an end went away: %v", err)
			return h
		}
	}
	h.proof = asItMust
	if (outcome == Passed) != (must == Admitted) {
		h.proof = otherwise
	}
	return h
}

func (p *Prober) connect(ctx context.Context, a Attempt) (Outcome, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if p.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.Timeout)
		defer cancel()
	}
	return p.Network.Connect(ctx, a)
}
