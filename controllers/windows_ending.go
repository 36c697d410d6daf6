// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
)

const (
	// provesAgain is how soon what is not proved to be over is tried again.
	provesAgain = 100 * time.Millisecond
	// triesPod bounds a try whether a window's pod still answers.
	triesPod = 300 * time.Millisecond
)

// endings are what was closed, and whether it is proved to be over. Each is tried by a
// goroutine of its own: who waits for a proof keeps nobody from closing.
type endings struct {
	grants *apply.Grants
	// answers says that something at the address of a window's pod accepts connections.
	answers func(context.Context, *windowPod) bool
	clock   clock.Clock
	// changed brings a pass.
	changed chan event.GenericEvent

	mu   sync.Mutex
	open map[types.UID]*ending
	// proved are those that were proved since the start.
	proved map[types.UID]v1alpha1.WindowEnding
}

// ending is what was closed and is not proved to be over.
type ending struct {
	window     string
	occurrence string
	namespaces []string
	// pod in which sessions ran, nil where there was none or nobody knows any more.
	pod *windowPod
	// due is when it had to be over by trusted time, and late how long ago that was when
	// somebody looked, which was at seen by our own clock.
	due, seen time.Time
	late      time.Duration
	// standing says that objects are left, answering that the pod is.
	standing, answering bool
	cancel              context.CancelFunc
}

func newEnding(c closing, pod *windowPod, looked, seen time.Time) *ending {
	e := &ending{window: c.name, occurrence: c.occurrence, pod: pod, due: c.due, seen: seen, late: max(0, looked.Sub(c.due)), standing: true}
	for _, f := range c.fuses {
		if !slices.Contains(e.namespaces, f.namespace) {
			e.namespaces = append(e.namespaces, f.namespace)
		}
	}
	if len(e.namespaces) == 0 {
		e.namespaces = []string{metav1.NamespaceAll}
	}
	return e
}

// lateness is how long after it had to be over. What passed since somebody looked is
// counted by a clock that nobody sets: trusted time and the wall clock may differ.
func (e *ending) lateness(now time.Time) time.Duration { return e.late + now.Sub(e.seen) }

// begin starts to try whether an ending is over, unless that is being tried.
func (e *endings) begin(ctx context.Context, window types.UID, one *ending) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.open[window] != nil {
		return
	}
	ctx, one.cancel = context.WithCancel(ctx)
	e.open[window] = one
	accessUnproved.Set(float64(len(e.open)))
	delete(e.proved, window)
	go e.prove(ctx, window, one)
}

// forget drops the ending of a window that is open again, or gone.
func (e *endings) forget(window types.UID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if one := e.open[window]; one != nil {
		one.cancel()
		delete(e.open, window)
		accessUnproved.Set(float64(len(e.open)))
	}
	delete(e.proved, window)
}

// prove tries until nothing of it is left, its pod included, and the pod does not answer.
func (e *endings) prove(ctx context.Context, window types.UID, one *ending) {
	for !e.isOver(ctx, one) {
		select {
		case <-ctx.Done():
			return
		case <-e.clock.After(provesAgain):
		}
	}
	e.mu.Lock()
	if e.open[window] == one {
		now := e.clock.Now()
		late := one.lateness(now)
		e.proved[window] = v1alpha1.WindowEnding{
			Occurrence: one.occurrence, Due: metav1.NewTime(one.due.Truncate(time.Second)),
			Proved: &metav1.Time{Time: now.Truncate(time.Second)}, Lateness: lateness(late),
		}
		delete(e.open, window)
		accessLateness.Observe(late.Seconds())
		accessUnproved.Set(float64(len(e.open)))
	}
	e.mu.Unlock()
	select {
	case e.changed <- event.GenericEvent{}:
	default:
	}
}

func (e *endings) isOver(ctx context.Context, one *ending) bool {
	standing, err := e.grants.Standing(ctx, one.window, one.namespaces)
	if err != nil {
		log.FromContext(ctx).V(1).Info("it is not known whether a window is over", "window", one.window, "reason", err.Error())
		return false
	}
	answering := one.pod != nil && e.answers(ctx, one.pod)
	e.mu.Lock()
	one.standing, one.answering = standing, answering
	e.mu.Unlock()
	return !standing && !answering
}

func lateness(d time.Duration) string { return d.Round(10 * time.Millisecond).String() }

// answers says that something at the address of a window's pod accepts connections where
// that pod did.
func (w *Windows) answers(ctx context.Context, pod *windowPod) bool {
	ctx, cancel := context.WithTimeout(ctx, triesPod)
	defer cancel()
	conn, err := w.sessions.dial(ctx, joinHostPort(pod.address, controlPort))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// recallEndings takes up what an operator before us closed and did not prove.
func (w *Windows) recallEndings(ctx context.Context, p *windowPass) {
	if w.recalled {
		return
	}
	w.recalled = true
	for _, m := range p.matters {
		e := m.window.Status.Ending
		if e == nil || e.Proved != nil || m.decision.Grant != nil {
			continue
		}
		one := &ending{
			window: m.window.Name, occurrence: e.Occurrence, namespaces: []string{metav1.NamespaceAll},
			due: e.Due.Time, seen: p.looked, standing: true,
		}
		if p.clock.MayExpire {
			one.late = max(0, p.clock.Now.Sub(one.due))
		}
		w.endings.begin(ctx, m.window.UID, one)
	}
}

// of is what the status says of the last ending, and why it is not proved.
func (e *endings) of(window types.UID, before *v1alpha1.WindowEnding) (*v1alpha1.WindowEnding, string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if proved, ok := e.proved[window]; ok {
		return &proved, ""
	}
	one := e.open[window]
	if one == nil {
		return before, ""
	}
	why := "objects of it are still there; a pod is until its node says that it is gone"
	if one.answering {
		why = "its pod still answers"
	}
	return &v1alpha1.WindowEnding{Occurrence: one.occurrence, Due: metav1.NewTime(one.due.Truncate(time.Second))}, why
}
