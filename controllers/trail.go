// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/logbook"
	"github.com/zonewarden/zonewarden/internal/audit/store"
	"github.com/zonewarden/zonewarden/internal/evidence"
)

// Segments have names of their own, which RBAC cannot limit; the head and the published keys
// have not. The operator's namespace holds nothing else of worth but its Secrets.
// +kubebuilder:rbac:groups="",namespace=zonewarden-system,resources=configmaps,verbs=get;list;create;delete
// +kubebuilder:rbac:groups="",namespace=zonewarden-system,resources=configmaps,resourceNames=zonewarden-audit;zonewarden-audit-keys,verbs=update

const (
	// trailName is the ConfigMap of the trail's head; segments are called by what is in them.
	trailName = "zonewarden-audit"
	// looksAtTrail is how often the trail is verified while nobody reads or appends.
	looksAtTrail = time.Minute
	// cleansTrail is after how many looks segments that are no part of it are deleted.
	cleansTrail = 60
)

// TrailOptions say what happens to the audit trail beside being kept.
type TrailOptions struct {
	// SyslogAddress is host:port of a receiver over TLS (RFC 5425), "" for none.
	SyslogAddress string
	// SyslogTLSDir has ca.crt, tls.crt and tls.key. They are read again when they change.
	SyslogTLSDir string
}

// trail is the audit trail as controllers use it. One who leads reads and appends; many
// goroutines may.
type trail struct {
	live      client.Reader
	objects   apply.TrailObjects
	keys      apply.KeySecret
	session   sessionKeys
	namespace string
	// stamp is when and by which clock, for records of the trail itself.
	stamp func() audit.Record
	// ticks bring the looks after the first; nil: every looksAtTrail.
	ticks  <-chan time.Time
	syslog *syslogFeed
	// segment and total are the store's bounds, 0 for its own.
	segment, total int

	// mu is held while requests are made, each of bounded time.
	mu sync.Mutex
	// store is nil while there is neither a key nor a trail.
	store *store.Store
	held  apply.HeldKeys
	// keyless says why there is no key to go by.
	keyless error
	// full says that the last record that was owed did not fit.
	full  error
	looks int
	known struct {
		entries  []audit.Entry
		head     audit.Head
		exported uint64
		trails   map[types.UID]access.Trail
		lost     uint64
		// once says that this is of a trail that was read.
		once bool
	}

	sayMu sync.Mutex
	// exist are the objects whose records are needed, nil while it is not known.
	exist map[types.UID]bool
	last  *evidence.Judgement
	// changed brings a pass.
	changed chan event.GenericEvent
}

// newTrail is the trail in the operator's namespace. Nothing is read or made yet.
func newTrail(mgr ctrl.Manager, at Place, o TrailOptions) *trail {
	live, writer := mgr.GetAPIReader(), mgr.GetClient()
	secret := func(name string) apply.KeySecret {
		return apply.KeySecret{Live: live, Client: writer, Namespace: at.Namespace, Name: name}
	}
	t := &trail{
		live: live, namespace: at.Namespace,
		objects: apply.TrailObjects{Live: live, Client: writer, Namespace: at.Namespace},
		keys:    secret(trailKeyName), session: sessionKeys{secret: secret(sessionKeyName)},
		stamp:   func() audit.Record { return audit.Record{} },
		changed: make(chan event.GenericEvent, 1),
	}
	if o.SyslogAddress != "" {
		t.syslog = newSyslogFeed(o, at.Node)
	}
	return t
}

// operator is who did what no person did, as the API server calls us.
func (t *trail) operator() string {
	return "system:serviceaccount:" + t.namespace + ":zonewarden"
}

// keepFor says which objects exist, windows and locks: their records stay in the trail,
// however old. Until it is called those of all objects do.
func (t *trail) keepFor(uids map[types.UID]bool) {
	t.sayMu.Lock()
	defer t.sayMu.Unlock()
	t.exist = map[types.UID]bool{}
	maps.Copy(t.exist, uids)
}

func (t *trail) needed(r audit.Record) bool {
	t.sayMu.Lock()
	defer t.sayMu.Unlock()
	return logbook.Needed(r, t.exist)
}

// read gives what the trail tells of each window, verified; logbook.Of takes one out of it.
// Nobody may change it. After an error it is nil, and nothing is known.
func (t *trail) read(ctx context.Context) (trails map[types.UID]access.Trail, head audit.Head, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err = t.ready(ctx); err == nil {
		err = t.load(ctx)
	}
	t.judge(ctx, err)
	if err != nil {
		return nil, audit.Head{}, err
	}
	return t.known.trails, t.known.head, nil
}

// append writes what a trail owes, and returns when all of it is there. Owed is asked again
// after others wrote, and after a part was written; it must not change what it is given.
// After an error what was owed is there or not: ask again.
func (t *trail) append(
	ctx context.Context, stamp audit.Record,
	owed func(trails map[types.UID]access.Trail, entries []audit.Entry) []audit.Record,
) error {
	if stamp.Who == "" {
		stamp.Who = t.operator()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.ready(ctx)
	if err == nil && t.store == nil {
		if len(owed(logbook.Trails(nil), nil)) == 0 {
			return nil
		}
		err = t.makeKey(ctx)
	}
	if err == nil && !t.known.once {
		err = t.load(ctx)
	}
	if err == nil {
		err = t.write(ctx, stamp, owed)
	}
	if err == nil || said(err) {
		t.judge(ctx, err)
	}
	return err
}

func (t *trail) write(
	ctx context.Context, stamp audit.Record,
	owed func(trails map[types.UID]access.Trail, entries []audit.Entry) []audit.Record,
) error {
	all := t.known.entries
	head, err := t.store.Append(ctx, stamp, func(entries []audit.Entry) ([]audit.Record, error) {
		if err := t.begun(entries); err != nil {
			return nil, err
		}
		all = entries
		return owed(t.trailsOf(entries), entries), nil
	})
	if errors.Is(err, store.ErrFull) {
		t.full = err
	}
	if err != nil {
		return fmt.Errorf("appending to the audit trail: %w", err)
	}
	if head.Sequence > t.known.head.Sequence {
		t.full = nil
	}
	t.note(all, head, t.known.exported)
	t.begin(ctx)
	return nil
}

// load reads the trail and verifies it.
func (t *trail) load(ctx context.Context) error {
	if t.store == nil {
		t.note(nil, audit.Head{}, 0)
		return nil
	}
	got, err := t.store.Read(ctx)
	if err == nil {
		err = t.begun(got.Entries)
	}
	if err != nil {
		return fmt.Errorf("reading the audit trail: %w", err)
	}
	t.note(got.Entries, got.Head, got.Exported)
	return nil
}

// note keeps what was read, and tells it to whoever counts and sends.
func (t *trail) note(entries []audit.Entry, head audit.Head, exported uint64) {
	before := &t.known
	if !before.once || head != before.head {
		if before.once && head.Sequence > before.head.Sequence {
			auditEntries.Add(float64(head.Sequence - before.head.Sequence))
		}
		if lost := audit.LastCheckpoint(entries).LostInAll; lost > before.lost {
			if before.once { // what went before this replica looked is no news
				auditLost.Add(float64(lost - before.lost))
			}
			before.lost = lost
		}
		before.trails = t.trailsOf(entries)
	}
	before.entries, before.head, before.exported, before.once = entries, head, exported, true
	if t.syslog != nil {
		t.syslog.offer(entries, exported)
	}
}

// trailsOf does not do again what was done.
func (t *trail) trailsOf(entries []audit.Entry) map[types.UID]access.Trail {
	if n := len(entries); n > 0 && t.known.once && audit.HeadOf(entries[n-1]) == t.known.head {
		return t.known.trails
	}
	return logbook.Trails(entries)
}

// siteUID is whose chain it is.
func (t *trail) siteUID(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, looksAtClocks)
	defer cancel()
	ns := &metav1.PartialObjectMetadata{}
	ns.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := t.live.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, ns); err != nil {
		return "", fmt.Errorf("reading whose audit trail it is: %w", err)
	}
	return string(ns.UID), nil
}

// addTo makes a manager run it, and what sends it.
func (t *trail) addTo(mgr ctrl.Manager) error {
	if err := mgr.Add(t); err != nil {
		return fmt.Errorf("adding the audit trail: %w", err)
	}
	if t.syslog == nil {
		return nil
	}
	if err := mgr.Add(t.syslog); err != nil {
		return fmt.Errorf("adding what sends the audit trail: %w", err)
	}
	return nil
}

// NeedLeaderElection says that only the leader looks.
func (t *trail) NeedLeaderElection() bool { return true }

// Start looks until the operator stops.
func (t *trail) Start(ctx context.Context) error {
	ticks := t.ticks
	if ticks == nil {
		ticker := time.NewTicker(looksAtTrail)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for {
		if err := t.look(ctx); err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "the audit trail")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
	}
}
