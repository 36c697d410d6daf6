// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/clock"
	"github.com/zonewarden/zonewarden/internal/clock/kernel"
	"github.com/zonewarden/zonewarden/internal/topology"
)

const (
	// looksAtClocks is how often the node's clocks are looked at. For that long at most a
	// clock that jumped goes unnoticed, and somebody who acknowledges it waits; a look costs
	// a handful of system calls. It also bounds each request that a look makes.
	looksAtClocks = 5 * time.Second
	// keepsMark is how often the mark is written while nothing but time passes. After a
	// power cut a clock that resumes within that time before the mark is taken for true. A
	// write is less than a lease takes in the same time, which is renewed every two seconds.
	keepsMark = 5 * time.Minute
)

// Place is where an operator runs.
type Place struct {
	// Namespace of its own. Without one it keeps what it knows of the clock in memory only.
	Namespace string
	// Node whose clocks it looks at.
	Node string
}

// timekeeper judges the clocks of the node that the leader runs on, by package clock and
// the Site's rules. One goroutine looks; the passes read what it said last.
type timekeeper struct {
	sites client.Reader
	read  func() (clock.Reading, error)
	// ticks bring the looks after the first; nil: every looksAtClocks.
	ticks  <-chan time.Time
	record *clockRecord

	// kept is what was read or written last, and for which verdict.
	kept    clock.State
	keptFor clock.Reason

	mu sync.Mutex
	// known says that state is what was kept. While it is not, nothing is trusted and
	// nothing is written.
	known bool
	state clock.State
	// declared are the Site's rules as the last look found them.
	declared clock.Rules
	last     *siteTime
	// changed brings a pass over the zones, and tells one over the windows.
	changed chan event.GenericEvent
	tells   []chan event.GenericEvent
}

// siteTime is what is said of the Site's time.
type siteTime struct {
	Trusted         bool
	Reason, Message string
	// Clock is nil where there is nothing that a person could acknowledge.
	Clock *v1alpha1.SiteClock
}

// newTimekeeper looks by read; nil: at the kernel's clocks.
func newTimekeeper(mgr ctrl.Manager, at Place, read func() (clock.Reading, error), ticks <-chan time.Time) *timekeeper {
	if read == nil {
		read = func() (clock.Reading, error) { return kernel.Read(at.Node) }
	}
	return &timekeeper{
		sites: mgr.GetCache(), read: read, ticks: ticks,
		record:  &clockRecord{live: mgr.GetAPIReader(), client: mgr.GetClient(), namespace: at.Namespace},
		changed: make(chan event.GenericEvent, 1),
	}
}

// NeedLeaderElection says that only the leader looks: it is its node's clock that counts.
func (k *timekeeper) NeedLeaderElection() bool { return true }

// Start looks until the operator stops.
func (k *timekeeper) Start(ctx context.Context) error {
	if k.record.namespace == "" {
		log.FromContext(ctx).Info("the operator knows no namespace of its own: what it knows of the clock is lost when it stops")
	}
	ticks := k.ticks
	if ticks == nil {
		ticker := time.NewTicker(looksAtClocks)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for {
		k.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
	}
}

// look takes one look, keeps what has to be kept, and tells the passes.
func (k *timekeeper) look(ctx context.Context) {
	rules, err := k.rules(ctx)
	if err != nil {
		return // the cache answers, unless the operator stops
	}
	if !k.knows() {
		if err := k.recall(ctx); err != nil {
			log.FromContext(ctx).Error(err, "nothing is known of the clock")
			k.say(ctx, clock.Verdict{Reason: clock.UnknownState, Message: fmt.Sprintf(
				"what was known of the clock cannot be read: no window is granted until it can, or is removed: %v", err)}, nil)
			return
		}
	}
	v, next, err := k.judge(rules)
	if err != nil {
		log.FromContext(ctx).Error(err, "the node's clocks cannot be read")
	}
	switch v.Reason {
	case clock.UnknownState:
		k.forget() // looked up again: the later version, or somebody, may have mended it
		k.say(ctx, v, nil)
	case clock.Unreadable:
		k.say(ctx, v, nil)
	default:
		v.Message += k.keep(ctx, next, v.Reason)
		k.say(ctx, v, shownClock(next.Boots[0]))
	}
}

// rules are what the Site declares of its clocks. Without a Site they are the defaults:
// the mark rises nevertheless, and outlives the Site.
func (k *timekeeper) rules(ctx context.Context) (clock.Rules, error) {
	var site v1alpha1.Site
	err := k.sites.Get(ctx, client.ObjectKey{Name: topology.SiteName}, &site)
	if client.IgnoreNotFound(err) != nil {
		return clock.Rules{}, fmt.Errorf("reading the Site: %w", err)
	}
	return clockRules(&site.Spec.Access.Clock), nil
}

func clockRules(declared *v1alpha1.ClockRules) clock.Rules {
	r := clock.Rules{HardwareClockGood: declared.HardwareClock == v1alpha1.HardwareClockGood}
	// What does not parse was not stored by our definition: the default counts.
	if d, err := time.ParseDuration(string(declared.Tolerance)); err == nil {
		r.Tolerance = d
	}
	a := declared.Acknowledged
	if a == nil {
		return r
	}
	// A time since boot that does not parse is none, and would be the moment of booting.
	if since, err := time.ParseDuration(string(a.Saw.SinceBoot)); err == nil {
		r.Acknowledged = []clock.Acknowledgement{{
			BootID: a.BootID, By: string(a.By), Saw: clock.Instant{Wall: a.Saw.Wall.Time, SinceBoot: since},
		}}
	}
	return r
}

// recall reads what was kept.
func (k *timekeeper) recall(ctx context.Context) error {
	state, err := k.record.recall(ctx)
	if err != nil {
		return err
	}
	k.kept, k.keptFor = state, ""
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known, k.state = true, state
	return nil
}

// keep writes the state where it is to be written, and returns what people have to know
// beside the verdict.
func (k *timekeeper) keep(ctx context.Context, state clock.State, reason clock.Reason) string {
	if k.record.namespace == "" {
		return "; this is kept in memory only, because the operator knows no namespace of its own"
	}
	if !k.kept.Outdated(state, keepsMark) && (k.keptFor == "" || k.keptFor == reason) {
		k.keptFor = reason
		return ""
	}
	theirs, err := k.record.keep(ctx, state)
	switch {
	case theirs:
		// Another leader, or a person. What they wrote counts, from the next look on.
		log.FromContext(ctx).Info("somebody else wrote what is known of the clock")
		k.forget()
		return ""
	case err != nil:
		log.FromContext(ctx).Error(err, "what is known of the clock is not kept")
		return fmt.Sprintf("; this is not kept in ConfigMap %s yet, the operator's log says why", k.record.key())
	}
	k.kept, k.keptFor = state, reason
	return ""
}

// say tells the passes, and brings one where it is news.
func (k *timekeeper) say(ctx context.Context, v clock.Verdict, shown *v1alpha1.SiteClock) {
	observeClock(v)
	said := &siteTime{Trusted: v.Trusted(), Reason: string(v.Reason), Message: v.Message, Clock: shown}
	k.mu.Lock()
	before := k.last
	k.last = said
	k.mu.Unlock()
	if equality.Semantic.DeepEqual(before, said) {
		return
	}
	log.FromContext(ctx).Info("the site's time", "trusted", said.Trusted, "reason", said.Reason, "message", said.Message)
	for _, c := range slices.Concat(k.tells, []chan event.GenericEvent{k.changed}) {
		select {
		case c <- event.GenericEvent{}:
		default: // a pass is on its way, and reads this
		}
	}
}

// said is nil until the first look.
func (k *timekeeper) said() *siteTime {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.last
}
