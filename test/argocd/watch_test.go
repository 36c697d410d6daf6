// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package argocd

import (
	"slices"
	stdsync "sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
)

// watcher sees every state of the policies in the order in which they were written, and
// takes down each floor that begins to deny while a conduit that Git has for its zone is
// not written.
type watcher struct {
	t    *testing.T
	stop func()

	mu stdsync.Mutex
	// conduits that pods need, by zone, as Git has them.
	needed map[string][]string
	// standing policies, and zones whose floor denies.
	standing, denying map[string]bool
	// began counts floors that began to deny.
	began int
	early []string
}

// watchPolicies begins before anything is written.
func watchPolicies(t *testing.T, s *site) *watcher {
	t.Helper()
	w := &watcher{t: t, needed: map[string][]string{}, standing: map[string]bool{}, denying: map[string]bool{}}
	events, err := s.admin.Watch(t.Context(), policyList())
	must(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range events.ResultChan() {
			if p, is := e.Object.(*unstructured.Unstructured); is {
				w.see(e.Type, p)
			}
		}
	}()
	w.stop = stdsync.OnceFunc(func() {
		events.Stop()
		<-done
	})
	t.Cleanup(w.stop)
	return w
}

// expect takes down what Git has.
func (w *watcher) expect(git []*unstructured.Unstructured) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.needed = map[string][]string{}
	for _, o := range git {
		if o.GetKind() != "Conduit" {
			continue
		}
		zones, pods := joined(o)
		if !pods {
			continue
		}
		for _, z := range zones {
			w.needed[z] = append(w.needed[z], "conduit-"+o.GetName())
		}
	}
}

func (w *watcher) see(kind watch.EventType, p *unstructured.Unstructured) {
	w.mu.Lock()
	defer w.mu.Unlock()
	zone, deny := denies(p)
	if kind == watch.Deleted {
		delete(w.standing, p.GetName())
		deny = false
	} else {
		w.standing[p.GetName()] = true
	}
	if zone == "" {
		return
	}
	if deny && !w.denying[zone] {
		w.began++
		for _, c := range w.needed[zone] {
			if !w.standing[c] {
				w.early = append(w.early, c)
			}
		}
	}
	w.denying[zone] = deny
}

// tooEarly are the conduits of which a zone denied before they were written.
func (w *watcher) tooEarly() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.early
	w.early = nil
	return out
}

// denyingNow are the zones whose floor denies.
func (w *watcher) denyingNow() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for zone, is := range w.denying {
		if is {
			out = append(out, zone)
		}
	}
	slices.Sort(out)
	return out
}
