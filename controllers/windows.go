// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/access/grant"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/audit/logbook"
)

const (
	// grantsAgain is how soon a pass that could not do all it had to comes again.
	grantsAgain = time.Second
	// looksSoon is how soon a pass comes again that has no verdict on the clock yet: without
	// one everything would be closed.
	looksSoon = 50 * time.Millisecond
	// looksAtWindows bounds how long nothing is looked at while something is open.
	looksAtWindows = 30 * time.Second
)

// Windows carries out what package access decides on vendor access windows: closes first,
// records, opens, tells pods their end, and says where each window stands.
type Windows struct {
	client     client.Client
	live       client.Reader
	cache      cache.Cache
	recorder   events.EventRecorder
	clock      clock.Clock
	timekeeper *timekeeper
	trail      *trail
	inForce    *inForce
	grants     *apply.Grants
	sessions   *sessions
	images     *images
	pods       PodSource
	// namespace of the operator.
	namespace string

	endings *endings
	// podsChanged says that a window's pod did since it was looked at.
	podsChanged atomic.Bool
	// trails as they were read last.
	trails map[types.UID]access.Trail
	// swept is when strays were looked for last.
	swept time.Time
	// recalled says that endings of an operator before this one were taken up.
	recalled bool
	// closed are fuses that we removed: the cache may show them for a moment longer, and
	// what stands without a record ends its window for good.
	closed map[types.UID]bool
	// laid are fuses that we made and the cache does not show yet, by window.
	laid   map[types.UID][]fuse
	warned map[types.UID]warning
}

// windowPass is what one pass found, decided and did.
type windowPass struct {
	*declared
	trails map[types.UID]access.Trail
	// unread is why the trail is not known. late is why it could not be read this time: then
	// it is as it was read last, which is enough to close and not to open.
	unread, late error
	clock        access.Clock
	// looked is when clock was asked, by our own.
	looked time.Time
	// standing are the fuses in the cluster, by the window's UID.
	standing map[types.UID][]fuse
	matters  []*matter
	errs     []error
	// changed says that a grant consists of other objects than before.
	changed bool
	// again says that a status was not written, because the object had changed.
	again bool
}

// matter is one window in a pass.
type matter struct {
	window   *v1alpha1.VendorAccessWindow
	facts    access.Facts
	decision access.Decision
	// set are the objects of the grant, nil when nothing may stand.
	set *grant.Set
	// pod that the sessions run in, nil while there is none.
	pod *windowPod
	// images says whether the pod's image is on the nodes.
	images *imageVerdict
	// where the jump host finds what is reached.
	where []v1alpha1.WindowEndpoint
	// failed is why something that is granted could not be written.
	failed error
}

// Reconcile is one pass over all windows. What has to close closes before anything else is
// written, and waits for no record.
func (w *Windows) Reconcile(ctx context.Context, _ reconcile.Request) (ctrl.Result, error) {
	if w.timekeeper.said() == nil {
		return ctrl.Result{RequeueAfter: looksSoon}, nil // nobody has looked at the clock yet
	}
	p, err := w.look(ctx)
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("looking at the windows: %w", err)
	}
	w.decide(ctx, p)
	w.close(ctx, p)
	w.record(ctx, p)
	w.open(ctx, p)
	w.sweep(ctx, p)
	w.attend(ctx, p)
	w.warn(p)
	w.recallEndings(ctx, p)
	w.observe(p)
	if err := w.writeWindowStatuses(ctx, p); err != nil {
		p.errs = append(p.errs, err)
	}
	if err := errors.Join(p.errs...); err != nil {
		// No growing wait: an end must not wait for its turn.
		log.FromContext(ctx).Error(err, "not all was done for the windows")
		return ctrl.Result{RequeueAfter: grantsAgain}, nil
	}
	return ctrl.Result{RequeueAfter: w.untilNext(p)}, nil
}

// look reads what is declared and what stands.
func (w *Windows) look(ctx context.Context) (*windowPass, error) {
	d, err := w.fetchDeclared(ctx)
	if err != nil {
		return nil, err
	}
	p := &windowPass{declared: d}
	if p.standing, err = w.fetchFuses(ctx); err != nil {
		return nil, err
	}
	if err := w.readTrail(ctx, p); err != nil {
		return nil, err
	}
	// Last, so that what was read is not newer than now.
	p.clock, p.looked = w.timekeeper.now(), w.clock.Now()
	return p, nil
}

// decide asks package access about each window.
func (w *Windows) decide(ctx context.Context, p *windowPass) {
	replaced := replacedBy(p.windows, p.trails)
	for _, window := range p.windows {
		m := &matter{window: window, facts: p.facts(window)}
		f := &m.facts
		f.ReplacedBy = replaced[window.Name]
		f.Trail = logbook.Of(p.trails, window.UID)
		f.Standing = occurrencesOf(p.standing[window.UID])
		f.Clock = p.clock
		f.Sessions = w.sessions.facts(window.UID, p.clock.Now)
		f.Problems = w.problems(ctx, p, m)
		m.decision = access.Decide(*f)
		if p.assumed {
			m.keepOnly(f.Standing)
		}
		p.matters = append(p.matters, m)
	}
}

// keepOnly lets nothing in that does not stand: what the zones are is only assumed until
// the first pass over them.
func (m *matter) keepOnly(standing []string) {
	if g := m.decision.Grant; g != nil && (len(standing) != 1 || standing[0] != g.Occurrence) {
		m.decision.Grant, m.decision.Records = nil, nil
		m.decision.Next = time.Time{}
	}
}

// record writes what is owed to the trail. Without it nothing is opened that was not.
func (w *Windows) record(ctx context.Context, p *windowPass) {
	err := errors.Join(p.unread, p.late)
	if err == nil {
		err = w.trail.append(ctx, w.timekeeper.stamp(), w.owed(p))
	}
	if err == nil {
		return
	}
	p.errs = append(p.errs, fmt.Errorf("recording what was decided: %w", err))
	for _, m := range p.matters {
		m.refuseUnrecorded(err)
	}
}

// refuseUnrecorded takes back a grant whose opening is not in the trail.
func (m *matter) refuseUnrecorded(why error) {
	for _, r := range m.decision.Records {
		if r.Due == access.BeforeOpening {
			m.decision.Grant, m.failed = nil, fmt.Errorf("not opened, because that could not be recorded: %w", why)
			return
		}
	}
}

// untilNext is the time to the next pass when no event brings one.
func (w *Windows) untilNext(p *windowPass) time.Duration {
	var waits []time.Duration
	for _, m := range p.matters {
		waits = append(waits, w.waits(m, p.clock.Now)...)
	}
	if p.assumed {
		waits = append(waits, grantsAgain)
	}
	if p.again {
		waits = append(waits, looksSoon)
	}
	if len(waits) == 0 {
		return 0
	}
	return max(slices.Min(waits), time.Millisecond)
}

// waits are the times after which something of a window may be otherwise.
func (w *Windows) waits(m *matter, now time.Time) []time.Duration {
	var out []time.Duration
	if !m.decision.Next.IsZero() {
		out = append(out, m.decision.Next.Sub(now))
	}
	if !m.decision.Phase.Terminal() {
		out = append(out, sweeps)
	}
	if m.decision.Grant != nil {
		out = append(out, looksAtWindows)
		if warn, ok := w.nextWarning(m, now); ok {
			out = append(out, warn)
		}
	}
	if m.failed != nil || m.unready() {
		out = append(out, grantsAgain)
	}
	return out
}
