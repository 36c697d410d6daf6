// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/controllers"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/logbook"
	"github.com/zonewarden/zonewarden/internal/audit/store"
)

func TestTheTrailOutlivesTheOperator(t *testing.T) {
	w := newWorld(t)
	before := counter(t, "zonewarden_audit_entries_total")
	k := w.keep(keeping{})
	w.make(site())
	w.intact()
	w.quiet(k.operator)
	if trails, head, err := k.Read(w.ctx()); err != nil || trails == nil || len(trails) > 0 || head.Sequence > 0 || !logbook.Of(trails, "a").Known {
		t.Errorf("before anything happened it reads %v, %+v, %v", trails, head, err)
	}
	w.must(wantGone(w.Get(w.ctx(), client.ObjectKeyFromObject(auditKey()), auditKey())))

	w.must(k.tell("a", "b"))
	w.must(k.tell("a", "b", "c"))
	want := access.Trail{Known: true, Records: []access.Record{requested("c")}}
	check := func(k *keeper) audit.Head {
		t.Helper()
		trails, head, err := k.Read(w.ctx())
		if diff := cmp.Diff(want, trails["c"]); diff != "" || err != nil || len(trails) != 3 || head.Sequence != 3 {
			t.Errorf("it reads %d windows up to %d, %v; one of them (-want +got):\n%s", len(trails), head.Sequence, err, diff)
		}
		return head
	}
	head := check(k)
	if got := counter(t, "zonewarden_audit_entries_total") - before; got != 3 {
		t.Errorf("%v entries are counted", got)
	}
	if published := get(w, publishedKeys()).Data["keys"]; published != w.held().Published() {
		t.Errorf("before the next look, published is %q", published)
	}
	k.look()
	k.look()
	w.intact()

	// Anybody can check it by what is published.
	keys := []audit.PublicKey{}
	for line := range strings.FieldsSeq(get(w, publishedKeys()).Data["keys"]) {
		key, err := audit.ParsePublicKey(line)
		w.must(err)
		keys = append(keys, key)
	}
	entries, faults := audit.DecodeLines([]byte(get(w, auditHead()).Data["entries"]))
	kubeSystem := get(w, &corev1.Namespace{ObjectMeta: objectMeta("kube-system")})
	faults = append(faults, audit.Verify(entries, keys, audit.Expect{Site: string(kubeSystem.UID), Head: head})...)
	if len(faults) > 0 || len(entries) != 3 || len(keys) != 1 {
		t.Errorf("%d entries by %d keys: %v", len(entries), len(keys), faults)
	}

	k.stop()
	again := w.keep(keeping{})
	if check(again) != head {
		t.Error("after a restart the head is another")
	}
	w.must(again.tell("d"))
	w.intact()
	w.quiet(again.operator)
	again.look()
	again.look()
	w.quietAfter(again.operator, map[string]int{})
}

// TestATrailEditedByHandOpensNothing until it is put back.
func TestATrailEditedByHandOpensNothing(t *testing.T) {
	for name, edit := range map[string]func(*corev1.ConfigMap){
		"a record":      func(m *corev1.ConfigMap) { m.Data["entries"] = strings.Replace(m.Data["entries"], "w-b", "w-x", 1) },
		"the last line": func(m *corev1.ConfigMap) { m.Data["entries"], _, _ = strings.Cut(m.Data["entries"], "\n") },
		"all of it":     func(m *corev1.ConfigMap) { m.Data = nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			k := w.keep(keeping{})
			w.make(site())
			w.must(k.tell("a", "b"))
			w.intact()
			head := get(w, auditHead())
			good := head.DeepCopy()
			edit(head)
			w.must(w.Update(w.ctx(), head))
			k.look()
			if message := w.broken(v1alpha1.ReasonTrailDamaged); !strings.Contains(message, "damaged") {
				t.Errorf("it says %q", message)
			}
			if gauge(t, "zonewarden_audit_damaged") != 1 {
				t.Error("the metric does not say so")
			}
			if err := k.tell("c"); !errors.Is(err, store.ErrDamaged) {
				t.Errorf("appending: %v", err)
			}
			if trails, _, err := k.Read(w.ctx()); !errors.Is(err, store.ErrDamaged) || logbook.Of(trails, "a").Known {
				t.Errorf("reading: %v, %v", trails, err)
			}
			now := get(w, auditHead())
			if diff := cmp.Diff(head.Data, now.Data); diff != "" {
				t.Errorf("what was found was written over:\n%s", diff)
			}
			now.Data = good.Data
			w.must(w.Update(w.ctx(), now))
			w.must(k.tell("c"))
			w.intact()
			if gauge(t, "zonewarden_audit_damaged") != 0 {
				t.Error("the metric does not say that it is mended")
			}
		})
	}
}

// TestATrailThatIsGoneIsMissed, also by an operator that was not there when it was.
func TestATrailThatIsGoneIsMissed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.keep(keeping{})
	w.make(site())
	w.must(k.tell("a"))
	w.must(w.Delete(w.ctx(), auditHead()))
	k.look()
	w.broken(v1alpha1.ReasonTrailDamaged)
	k.stop()
	again := w.keep(keeping{})
	if err := again.tell("b"); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("after a restart: %v", err)
	}
	w.broken(v1alpha1.ReasonTrailDamaged)
	// A person decides to begin a new one.
	secret := get(w, auditKey())
	delete(secret.Data, "begun")
	w.must(w.Update(w.ctx(), secret))
	again.look()
	again.look() // the one before is over
	w.must(again.tell("b"))
	w.intact()
}

// TestWithoutItsKeyATrailIsNoTrail, and no key is made for it.
func TestWithoutItsKeyATrailIsNoTrail(t *testing.T) {
	t.Parallel()
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprintf("restarted %t", restart), func(t *testing.T) {
			w := newWorld(t)
			k := w.keep(keeping{})
			w.make(site())
			w.must(k.tell("a"))
			secret := get(w, auditKey())
			w.must(w.Delete(w.ctx(), auditKey()))
			if restart {
				k.stop()
				k = w.keep(keeping{})
			} else {
				k.look()
			}
			if message := w.broken(v1alpha1.ReasonTrailNoKey); !strings.Contains(message, "Secret zonewarden-system/zonewarden-audit-key is gone") {
				t.Errorf("it says %q", message)
			}
			if err := k.tell("b"); err == nil {
				t.Error("it appended")
			}
			if _, _, err := k.Read(w.ctx()); err == nil {
				t.Error("it read what nothing vouches for")
			}
			w.must(wantGone(w.Get(w.ctx(), client.ObjectKeyFromObject(auditKey()), auditKey())))

			w.make(&corev1.Secret{ObjectMeta: auditKey().ObjectMeta, Data: map[string][]byte{"key.pem": []byte("lost")}})
			k.look()
			w.eventually("it says that this is none", func() error {
				if message := w.broken(v1alpha1.ReasonTrailNoKey); !strings.Contains(message, "key.pem: is not one PEM block") {
					return fmt.Errorf("it says %q", message)
				}
				return nil
			})
			w.must(w.Delete(w.ctx(), auditKey()))
			w.make(&corev1.Secret{ObjectMeta: auditKey().ObjectMeta, Data: secret.Data})
			k.look()
			w.must(k.tell("b"))
			w.intact()
		})
	}
}

// TestTwoOperatorsWriteOneTrail although both believe to lead.
func TestTwoOperatorsWriteOneTrail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var both sync.WaitGroup
	for _, who := range []string{"a", "b"} {
		k := w.keep(keeping{segment: 8 << 10})
		both.Go(func() {
			for i := range 20 {
				if err := k.tell(types.UID(fmt.Sprintf("%s-%d", who, i)), types.UID(fmt.Sprintf("same-%d", i))); err != nil {
					t.Errorf("%s, %d: %v", who, i, err)
				}
			}
		})
	}
	both.Wait()
	trails, head, err := w.keep(keeping{segment: 8 << 10}).Read(w.ctx())
	if err != nil || len(trails) != 60 || head.Sequence != 60 {
		t.Fatalf("%d windows up to %d, %v", len(trails), head.Sequence, err)
	}
	for uid, trail := range trails {
		if len(trail.Records) != 1 {
			t.Errorf("%s has %d records", uid, len(trail.Records))
		}
	}
}

// TestTheTrailIsBoundedAndForgetsNobodyWhoExists. What goes without having been exported is
// counted, and its objects are deleted.
func TestTheTrailIsBoundedAndForgetsNobodyWhoExists(t *testing.T) {
	w := newWorld(t)
	lost := counter(t, "zonewarden_audit_lost_total")
	k := w.keep(keeping{segment: 8 << 10, total: 32 << 10})
	w.make(site())
	k.KeepFor(map[types.UID]bool{"kept-001": true})
	w.must(k.tell(uids("kept", 1, 1)...))
	for i := 0; i < 200; i += 10 {
		w.must(k.tell(uids("gone", i, i+9)...))
	}
	trails, head, err := k.Read(w.ctx())
	if err != nil || len(trails) > 100 || head.Sequence < 200 {
		t.Errorf("%d windows up to %d, %v", len(trails), head.Sequence, err)
	}
	if got := logbook.Of(trails, "kept-001"); len(got.Records) != 1 {
		t.Errorf("of the window that exists it tells %+v", got)
	}
	counted := counter(t, "zonewarden_audit_lost_total")
	if got := counted - lost; got < 50 || got >= 200 {
		t.Errorf("%v are counted as lost", got)
	}
	k.stop()
	again := w.keep(keeping{segment: 8 << 10, total: 32 << 10})
	again.look() // the first look is over, which cleans
	if got := counter(t, "zonewarden_audit_lost_total"); got != counted {
		t.Errorf("who leads next counts %v more as lost", got-counted)
	}
	var left corev1.ConfigMapList
	w.must(w.List(w.ctx(), &left, client.InNamespace(here.Namespace), client.MatchingLabels{apply.LabelAudit: apply.LabelAuditValue}))
	if n := len(left.Items); n < 3 || n > 5 {
		t.Errorf("%d objects are left", n)
	}
	w.intact()
}

func TestWithoutANamespaceThereIsNoTrail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.keep(keeping{at: controllers.Place{Node: here.Node}})
	w.make(site())
	w.condition(site(), v1alpha1.ConditionAuditIntact, "Unknown", v1alpha1.ReasonTrailUnavailable)
	if err := k.tell("a"); err == nil {
		t.Error("it appended")
	}
	if trails, _, err := k.Read(w.ctx()); err == nil || logbook.Of(trails, "a").Known {
		t.Errorf("it read %v", trails)
	}
	if _, err := k.SessionKey(w.ctx()); err == nil {
		t.Error("it has a key")
	}
}
