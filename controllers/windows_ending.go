// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

const (
	// provesAgain is how soon what is not proved to be over is tried again.
	provesAgain = 200 * time.Millisecond
	// triesPod bounds a try whether a window's pod still answers.
	triesPod = 300 * time.Millisecond
)

// ending is what was closed and is not proved to be over.
type ending struct {
	window     string
	occurrence string
	namespaces []string
	// pod in which sessions ran, nil where there was none or nobody knows any more.
	pod *windowPod
	key []byte
	// due is when it had to be over, seen when we closed it.
	due  time.Time
	seen time.Time
	// standing says that objects are left, answering that the pod is.
	standing, answering bool
}

func newEnding(window string, fuses []fuse, pod *windowPod, due time.Time) *ending {
	e := &ending{window: window, pod: pod, due: due, seen: time.Now(), standing: true}
	for _, f := range fuses {
		e.occurrence = f.occurrence
		if !slices.Contains(e.namespaces, f.namespace) {
			e.namespaces = append(e.namespaces, f.namespace)
		}
	}
	return e
}

// lateness is how long after it had to be over. What passed since it was closed is
// counted by a clock that nobody sets.
func (e *ending) lateness(closedAt time.Time) time.Duration {
	return time.Since(e.seen) + max(0, closedAt.Sub(e.due))
}

// prove tries whether what was closed still lets anything pass: no object of it is left,
// its pod included, and the pod does not answer.
func (w *Windows) prove(ctx context.Context, p *windowPass) {
	w.recallEndings(p)
	for uid, e := range w.endings {
		if w.isOver(ctx, e) {
			w.proved[uid] = v1alpha1.WindowEnding{
				Occurrence: e.occurrence, Due: metav1.NewTime(e.due), Proved: &metav1.Time{Time: w.clock.Now()},
				Lateness: lateness(e.lateness(e.closed())),
			}
			delete(w.endings, uid)
		}
	}
}

// closed is when we closed it, by the wall clock.
func (e *ending) closed() time.Time { return e.seen.Round(0) }

func lateness(d time.Duration) string { return d.Round(10 * time.Millisecond).String() }

func (w *Windows) isOver(ctx context.Context, e *ending) bool {
	var err error
	if e.standing, err = w.grants.Standing(ctx, e.window, e.namespaces); err != nil {
		log.FromContext(ctx).Error(err, "it is not known whether a window is over", "window", e.window)
		return false
	}
	e.answering = e.pod != nil && w.answers(ctx, e.pod)
	return !e.standing && !e.answering
}

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
func (w *Windows) recallEndings(p *windowPass) {
	if w.recalled {
		return
	}
	w.recalled = true
	for _, m := range p.matters {
		e := m.window.Status.Ending
		if e == nil || e.Proved != nil || w.endings[m.window.UID] != nil || m.decision.Grant != nil {
			continue
		}
		w.endings[m.window.UID] = &ending{
			window: m.window.Name, occurrence: e.Occurrence, namespaces: []string{metav1.NamespaceAll},
			due: e.Due.Time, seen: time.Now(), standing: true,
		}
	}
}

// endingOf is what the status says of the last ending.
func (w *Windows) endingOf(uid types.UID, before *v1alpha1.WindowEnding) *v1alpha1.WindowEnding {
	if e := w.endings[uid]; e != nil {
		return &v1alpha1.WindowEnding{Occurrence: e.occurrence, Due: metav1.NewTime(e.due.Truncate(time.Second))}
	}
	if proved, ok := w.proved[uid]; ok {
		proved.Due.Time = proved.Due.Truncate(time.Second)
		proved.Proved = &metav1.Time{Time: proved.Proved.Truncate(time.Second)}
		return &proved
	}
	return before
}
