// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
	"github.com/zonewarden/zonewarden/test/plan/driver"
)

// settles is how long the operator and the agent get to carry out what was applied.
const settles = time.Minute

// waterWorks is the sample plant on the stage.
type waterWorks struct {
	*stage.Stage
	t     *testing.T
	hosts []*stage.Host
}

var firstProbe sync.Once

// plant brings the water works to the state that its manifests say, whatever an earlier
// test left of it, with operator and node agent running and every host serving.
func plant(t *testing.T) *waterWorks {
	t.Helper()
	s := stage.Get(t)
	start := time.Now()
	w := &waterWorks{Stage: s, t: t}
	manifests := stage.Manifests(t, "config/samples/water-works")
	for _, o := range slices.Concat(stage.Manifests(t, "config/default"), stage.Manifests(t, "config/node"), manifests) {
		// Operator and node agent are processes here, and the plant's pods are made below.
		if o.GetKind() != "Deployment" && o.GetKind() != "DaemonSet" {
			s.Apply(t, o)
		}
	}
	must(t, s.StartOperator(), s.StartNodeAgent())
	w.people(manifests)
	w.settled()
	firstProbe.Do(func() {
		w.opened(w.host("ww-supervision/scada-0"), w.host("ww-filtration/opcua-server-0"), stage.TCP(4840))
		record(t, "nothing to the first probe of the whole plant", "%s, of it %s to an agent that takes pods",
			(s.BroughtUp + time.Since(start)).Round(10*time.Millisecond), s.BroughtUp.Round(10*time.Millisecond))
	})
	return w
}

// endOurs ends operator and node agent when a test does: what has been without the API
// server, or without our definitions, comes back to each kind of object by itself, up to a
// minute later. The next plant begins with others.
func endOurs(t *testing.T, s *stage.Stage) {
	t.Helper()
	t.Cleanup(func() { must(t, s.StopOperator(), s.StopNodeAgent()) })
}

// people makes a pod for each replica of the plant's Deployments, which have no images,
// and a host for each of its devices.
func (w *waterWorks) people(manifests []*unstructured.Unstructured) {
	w.t.Helper()
	for _, o := range manifests {
		switch o.GetKind() {
		case "Deployment":
			replicas, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
			labels, _, _ := unstructured.NestedStringMap(o.Object, "spec", "template", "metadata", "labels")
			for i := range replicas {
				w.hosts = append(w.hosts, w.Pod(w.t, fmt.Sprintf("%s/%s-%d", o.GetNamespace(), o.GetName(), i), labels))
			}
		case "Asset":
			addresses, _, _ := unstructured.NestedStringSlice(o.Object, "spec", "addresses")
			// A network stands for one of its devices. The stage has no IPv6.
			address, _, _ := strings.Cut(addresses[0], "/")
			w.hosts = append(w.hosts, w.Device(w.t, o.GetName(), address))
		}
	}
	w.hosts = append(w.hosts,
		w.Pod(w.t, "default/visitor", map[string]string{"app": "visitor"}),
		w.Device(w.t, "office-pc", "10.9.7.7"),
		w.Device(w.t, "stranger", "203.0.113.5"))
	w.hosts = slices.CompactFunc(w.hosts, func(a, b *stage.Host) bool { return a == b })
	ports := expect(w.t, w.Stage).ports()
	for _, h := range w.hosts {
		must(w.t, h.Serve(ports...))
	}
}

// ctx lasts as long as the test's own clean-up.
func (w *waterWorks) ctx() context.Context { return context.WithoutCancel(w.t.Context()) }

// host finds one by name.
func (w *waterWorks) host(name string) *stage.Host {
	w.t.Helper()
	i := slices.IndexFunc(w.hosts, func(h *stage.Host) bool { return h.Name == name })
	if i < 0 {
		w.t.Fatalf("the water works has no host %q", name)
	}
	return w.hosts[i]
}

// settled waits until the operator has carried out everything that is declared, and the
// agent enforces it.
func (w *waterWorks) settled() {
	w.t.Helper()
	w.programmed()
	w.AgentEnforces(w.t)
}

// programmed waits until the operator has carried out everything that is declared.
func (w *waterWorks) programmed() {
	w.t.Helper()
	owed := ""
	stage.Until(w.t, settles, "everything declared is programmed", func() bool {
		owed = w.owed()
		return owed == ""
	}, func() string { return owed })
}

// owed is the first thing that the operator has not carried out.
func (w *waterWorks) owed() string {
	w.t.Helper()
	if unseen := driver.Unseen(w.t, w.WithWatch); unseen != "" {
		return unseen
	}
	var site v1alpha1.Site
	must(w.t, w.Get(w.ctx(), client.ObjectKey{Name: "site"}, &site))
	c := meta.FindStatusCondition(site.Status.Conditions, v1alpha1.ConditionProgrammed)
	if c == nil || c.Status != metav1.ConditionTrue || c.ObservedGeneration != site.Generation {
		return fmt.Sprintf("the Site says of being programmed: %+v", c)
	}
	return ""
}

// object reads a declaration of the plant, without what the server adds, to be edited
// and applied.
func (w *waterWorks) object(kind, name string) *unstructured.Unstructured {
	w.t.Helper()
	for _, o := range stage.Manifests(w.t, "config/samples/water-works") {
		if o.GetKind() == kind && o.GetName() == name {
			return o
		}
	}
	w.t.Fatalf("the water works has no %s %s", kind, name)
	return nil
}
