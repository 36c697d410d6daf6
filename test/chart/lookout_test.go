// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// lookout watches a plant for as long as it runs: that no policy of it goes or changes, at
// no moment, and that nobody gets past the guard, however often he tries.
type lookout struct {
	policies int
	attempts []string
	stop     func()

	mu      sync.Mutex
	seen    map[string]any // spec of each policy by kind and name
	faults  []string
	refused map[string]int
}

// attempts are what is refused by the guard, and by nothing else: who tries has the rights.
func attempts(t *testing.T, p *plant) map[string]func(context.Context) error {
	t.Helper()
	script := `
kubectl create rolebinding tenant --namespace ww-filtration --clusterrole admin --user tenant
kubectl create clusterrole network-editor --verb='*' --resource=` + p.resources + `
kubectl create clusterrolebinding network-editor --clusterrole network-editor --user editor
kubectl create clusterrole declarer --verb=get,list,create,update,patch,delete --resource=conduits.zonewarden.io
kubectl create clusterrolebinding declarer --clusterrole declarer --user editor
`
	if _, err := p.run(t, script); err != nil {
		t.Fatal(err)
	}
	dry := func(c client.WithWatch) client.Client { return client.NewDryRunClient(c) }
	tenant, editor := dry(p.as(t, "tenant")), dry(p.as(t, "editor"))
	open := object("networking.k8s.io/v1", "NetworkPolicy", "ww-filtration", "open")
	open.Object["spec"] = map[string]any{"podSelector": map[string]any{}, "ingress": []any{map[string]any{}}}
	enter := object("v1", "Pod", "ww-filtration", "on-the-node")
	enter.Object["spec"] = map[string]any{"hostNetwork": true, "containers": []any{map[string]any{"name": "c", "image": "i"}}}
	definition := object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "zones.zonewarden.io")
	return map[string]func(context.Context) error{
		"a namespace's user opens a zone":     func(ctx context.Context) error { return tenant.Create(ctx, open.DeepCopy()) },
		"a pod goes onto the node's network":  func(ctx context.Context) error { return tenant.Create(ctx, enter.DeepCopy()) },
		"a network editor deletes a floor":    func(ctx context.Context) error { return editor.Delete(ctx, p.floor.DeepCopy()) },
		"an administrator deletes Zones":      func(ctx context.Context) error { return dry(p.WithWatch).Delete(ctx, definition.DeepCopy()) },
		"an author closes a conduit, unasked": func(ctx context.Context) error { return editor.Delete(ctx, conduit("historian-opcua")) },
	}
}

// ours are the policies that the operator wrote.
var ours = client.MatchingLabels{"app.kubernetes.io/managed-by": "zonewarden"}

func listOf(kind schema.GroupVersionKind) schema.GroupVersionKind {
	return kind.GroupVersion().WithKind(kind.Kind + "List")
}

func conduit(name string) *unstructured.Unstructured {
	return object("zonewarden.io/v1alpha1", "Conduit", "", name)
}

// keepWatch begins when the plant is segmented and every attempt is refused.
func (p *plant) keepWatch(t *testing.T) *lookout {
	t.Helper()
	l := &lookout{seen: map[string]any{}, refused: map[string]int{}}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	l.stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(l.stop)
	for _, kind := range p.kinds {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(listOf(kind))
		must(t, p.List(ctx, list, ours))
		for i := range list.Items {
			l.seen[key(&list.Items[i])] = list.Items[i].Object["spec"]
		}
		w, err := p.Watch(ctx, list, ours, &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: list.GetResourceVersion()}})
		must(t, err)
		running.Go(func() { l.follow(ctx, w) })
	}
	l.policies = len(l.seen)
	for what, try := range attempts(t, p) {
		l.attempts = append(l.attempts, what)
		eventually(t, "it is refused that "+what, func(ctx context.Context) error { return notRefused(try(ctx)) })
		running.Go(func() { l.insist(ctx, what, try) })
	}
	return l
}

// notRefused is nil where the guard refused.
func notRefused(err error) error {
	switch {
	case err == nil:
		return errors.New("it was accepted")
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "ValidatingAdmissionPolicy"):
		return nil
	default:
		return fmt.Errorf("something else refused it: %w", err)
	}
}

func (l *lookout) insist(ctx context.Context, what string, try func(context.Context) error) {
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		err := notRefused(try(ctx))
		if ctx.Err() != nil {
			continue
		}
		l.mu.Lock()
		if err == nil {
			l.refused[what]++
		} else {
			l.faults = append(l.faults, fmt.Sprintf("%s: %v", what, err))
		}
		l.mu.Unlock()
	}
}

func (l *lookout) follow(ctx context.Context, w watch.Interface) {
	defer w.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e, open := <-w.ResultChan():
			if !open {
				l.fault("a watch ended: nobody knows what happened meanwhile")
				return
			}
			l.judge(e)
		}
	}
}

func (l *lookout) fault(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, what)
}

func (l *lookout) judge(e watch.Event) {
	o, ok := e.Object.(*unstructured.Unstructured)
	if !ok {
		l.fault(fmt.Sprintf("watching: %v", e.Object))
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	before, known := l.seen[key(o)]
	switch {
	case e.Type == watch.Deleted:
		l.faults = append(l.faults, key(o)+" was deleted")
	case !known:
		l.faults = append(l.faults, key(o)+" is new")
	case !cmp.Equal(before, o.Object["spec"]):
		l.faults = append(l.faults, key(o)+" was changed")
	}
}

// check reports what was seen since the last time, and goes on.
func (l *lookout) check(t *testing.T, after string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, f := range l.faults {
		if i == 10 {
			t.Errorf("%s: and %d more", after, len(l.faults)-i)
			break
		}
		t.Errorf("%s: %s", after, f)
	}
	l.faults = nil
	for _, what := range l.attempts {
		if l.refused[what] == 0 {
			t.Errorf("%s: not once tried that %s", after, what)
		}
	}
	t.Logf("%s: %d policies stand; refused %v", after, l.policies, l.refused)
	clear(l.refused)
}
