// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/store"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

var cluster client.Client

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctrl.SetLogger(logr.Discard())
	plane, err := controlplane.Start(context.Background(), controlplane.Options{})
	if err == nil {
		cluster, err = client.New(plane.Config(), client.Options{})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "starting the control plane:", err)
		return 1
	}
	defer func() {
		if err := plane.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stopping the control plane:", err)
		}
	}()
	return m.Run()
}

const label = "zonewarden.io/audit"

type uid = types.UID

// configMaps are the Objects of one trail on the real API server.
type configMaps struct{ trail string }

func (c configMaps) Get(ctx context.Context, name string) (store.Object, error) {
	var m corev1.ConfigMap
	err := cluster.Get(ctx, client.ObjectKey{Namespace: "default", Name: name}, &m)
	return object(m), told(err)
}

func (c configMaps) List(ctx context.Context) ([]store.Object, error) {
	var l corev1.ConfigMapList
	err := cluster.List(ctx, &l, client.InNamespace("default"), client.MatchingLabels{label: c.trail})
	var out []store.Object
	for _, m := range l.Items {
		out = append(out, object(m))
	}
	return out, told(err)
}

func (c configMaps) Create(ctx context.Context, o store.Object) error {
	return told(cluster.Create(ctx, c.configMap(o)))
}

func (c configMaps) Update(ctx context.Context, o store.Object) error {
	return told(cluster.Update(ctx, c.configMap(o)))
}

func (c configMaps) Delete(ctx context.Context, o store.Object) error {
	return client.IgnoreNotFound(cluster.Delete(ctx, c.configMap(o), client.Preconditions{UID: new(uid(o.UID))}))
}

func (c configMaps) configMap(o store.Object) *corev1.ConfigMap {
	m := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "default", Name: o.Name, ResourceVersion: o.Version, UID: uid(o.UID),
			Labels: map[string]string{label: c.trail},
		},
		Data: o.Data,
	}
	if o.Immutable {
		m.Immutable = &o.Immutable
	}
	return m
}

func object(m corev1.ConfigMap) store.Object {
	return store.Object{
		Name: m.Name, UID: string(m.UID), Version: m.ResourceVersion, Data: m.Data,
		Immutable: m.Immutable != nil && *m.Immutable,
	}
}

func told(err error) error {
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%w: %w", store.ErrNotFound, err)
	case apierrors.IsAlreadyExists(err):
		return fmt.Errorf("%w: %w", store.ErrExists, err)
	case apierrors.IsConflict(err):
		return fmt.Errorf("%w: %w", store.ErrConflict, err)
	}
	return err
}

// script does something before and after calls.
type script struct {
	store.Objects

	n, conflicts  int
	before, after func(n int, call string) error
}

func (s *script) call(verb, name string, do func() error) error {
	s.n++
	n, call := s.n, verb+" "+name
	if s.before != nil {
		if err := s.before(n, call); err != nil {
			return err
		}
	}
	err := do()
	if errors.Is(err, store.ErrConflict) {
		s.conflicts++
	}
	if s.after != nil {
		err = errors.Join(err, s.after(n, call))
	}
	return err
}

func (s *script) Get(ctx context.Context, name string) (o store.Object, err error) {
	err = s.call("get", name, func() error { o, err = s.Objects.Get(ctx, name); return err })
	return o, err
}

func (s *script) List(ctx context.Context) (l []store.Object, err error) {
	err = s.call("list", "", func() error { l, err = s.Objects.List(ctx); return err })
	return l, err
}

func (s *script) Create(ctx context.Context, o store.Object) error {
	return s.call("create", o.Name, func() error { return s.Objects.Create(ctx, o) })
}

func (s *script) Update(ctx context.Context, o store.Object) error {
	return s.call("update", o.Name, func() error { return s.Objects.Update(ctx, o) })
}

func (s *script) Delete(ctx context.Context, o store.Object) error {
	return s.call("delete", o.Name, func() error { return s.Objects.Delete(ctx, o) })
}

func key(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed)
}

func public(t *testing.T, k crypto.Signer) audit.PublicKey {
	t.Helper()
	p, err := audit.KeyOf(k)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// trails counts those of all tests, so that each has names of its own.
var trails int

// trail is one of its own, with segments of a few entries.
type trail struct {
	t *testing.T
	store.Options
}

func newTrail(t *testing.T) *trail {
	t.Helper()
	trails++
	name := fmt.Sprintf("trail%d", trails)
	return &trail{t: t, Options: store.Options{
		Objects: configMaps{name}, Site: "site", Name: name, Signers: []crypto.Signer{key(1)},
		Segment: 4096, Total: 4 * 4096,
		Keep: func(r audit.Record) bool { return r.Decision["keep"] != "" },
	}}
}

// open is what a process does that starts. Objects may be those of a script.
func (r *trail) open(objects store.Objects) *store.Store {
	r.t.Helper()
	o := r.Options
	if objects != nil {
		o.Objects = objects
	}
	s, err := store.Open(o)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

var stamp = audit.Record{Who: "operator", At: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)}

func ids(prefix string, from, to int) []string {
	var out []string
	for i := from; i <= to; i++ {
		out = append(out, fmt.Sprintf("%s%03d", prefix, i))
	}
	return out
}

// owes are records with these ids that a trail has not; those with a k are to be kept.
func owes(ids ...string) store.Owed {
	return func(entries []audit.Entry) ([]audit.Record, error) {
		there := map[string]bool{}
		for _, r := range audit.InOrder(entries) {
			there[r.Decision["id"]] = true
		}
		var out []audit.Record
		for _, id := range ids {
			if there[id] {
				continue
			}
			r := stamp
			r.What, r.Decision = "Opened", map[string]string{"id": id, "fill": strings.Repeat("x", 100)}
			if strings.HasPrefix(id, "k") {
				r.Decision["keep"] = "yes"
			}
			out = append(out, r)
		}
		return out, nil
	}
}

func (r *trail) append(s *store.Store, ids ...string) audit.Head {
	r.t.Helper()
	head, err := s.Append(r.t.Context(), stamp, owes(ids...))
	if err != nil {
		r.t.Fatal(err)
	}
	return head
}

// read gives the trail as a new process reads it, and checks what always holds: it
// verifies, nothing is there twice, and what is kept of it is bounded.
func (r *trail) read() store.Trail {
	r.t.Helper()
	got, err := r.open(nil).Read(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	there := map[string]bool{}
	for _, e := range got.Entries {
		id := e.Record.Decision["id"]
		if id != "" && e.Record.Carried == 0 && there[id] {
			r.t.Errorf("%s is there twice", id)
		}
		there[id] = true
	}
	text, err := r.open(nil).Text(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	if string(text) != string(audit.EncodeLines(got.Entries)) {
		r.t.Error("the text is not that of the entries")
	}
	return got
}

// inOrder are the ids of the trail.
func inOrder(entries []audit.Entry) []string {
	var out []string
	for _, r := range audit.InOrder(entries) {
		if id := r.Decision["id"]; id != "" {
			out = append(out, id)
		}
	}
	return out
}

// names of all objects that are left of a trail.
func (r *trail) names() []string {
	r.t.Helper()
	objects, err := r.Objects.List(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	var out []string
	for _, o := range objects {
		out = append(out, o.Name)
	}
	return slices.Sorted(slices.Values(out))
}
