// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/controllers"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/logbook"
)

func secretNamed(name string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: here.Namespace, Name: name}}
}

func configMapNamed(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: here.Namespace, Name: name}}
}

func auditKey() *corev1.Secret         { return secretNamed("zonewarden-audit-key") }
func sessionKey() *corev1.Secret       { return secretNamed("zonewarden-session-key") }
func auditHead() *corev1.ConfigMap     { return configMapNamed("zonewarden-audit") }
func publishedKeys() *corev1.ConfigMap { return configMapNamed("zonewarden-audit-keys") }

// keeper is a running operator of which the test has what a controller has.
type keeper struct {
	*controllers.Watch
	*operator

	w     *world
	looks chan time.Time
}

// keeping are its bounds and options.
type keeping struct {
	user           *rest.Config
	segment, total int
	options        controllers.TrailOptions
	at             controllers.Place
	machine        *machine
}

func (w *world) keep(k keeping) *keeper {
	w.t.Helper()
	if k.user == nil {
		k.user = w.plane.Config()
	}
	if k.at == (controllers.Place{}) {
		k.at = here
	}
	if k.machine == nil {
		k.machine = newMachine()
	}
	out := &keeper{w: w, looks: make(chan time.Time)}
	out.operator = w.run(k.user, func(mgr ctrl.Manager) error {
		out.Watch = controllers.NewWatch(mgr, k.at, k.options, k.segment, k.total, out.looks, k.machine.read, k.machine.ticks)
		return out.Setup(mgr)
	})
	return out
}

// look makes it look at the trail once more; looks before it are done.
func (k *keeper) look() {
	k.w.t.Helper()
	select {
	case k.looks <- time.Time{}:
	case <-time.After(patience):
		k.w.t.Fatal("the operator looks at the trail no more")
	}
}

// tell appends that these windows were asked for, if the trail does not say so yet.
func (k *keeper) tell(uids ...types.UID) error {
	return k.Append(k.w.ctx(), func(trails map[types.UID]access.Trail, _ []audit.Entry) []audit.Record {
		var out []audit.Record
		for _, uid := range uids {
			if len(logbook.Of(trails, uid).Records) == 0 {
				out = append(out, logbook.Write(requested(uid), logbook.Stamp{Operator: "us"}))
			}
		}
		return out
	})
}

func requested(uid types.UID) access.Record {
	return access.Record{Kind: access.RecordRequested, Window: "w-" + string(uid), UID: string(uid), Generation: 1, At: noon, Phase: access.Requested}
}

func uids(prefix string, from, to int) []types.UID {
	var out []types.UID
	for i := from; i <= to; i++ {
		out = append(out, types.UID(fmt.Sprintf("%s-%03d", prefix, i)))
	}
	return out
}

// intact waits until the Site says that the trail is.
func (w *world) intact() {
	w.t.Helper()
	w.condition(site(), v1alpha1.ConditionAuditIntact, metav1.ConditionTrue, v1alpha1.ReasonTrailIntact)
}

func (w *world) broken(reason string) string {
	w.t.Helper()
	return w.condition(site(), v1alpha1.ConditionAuditIntact, metav1.ConditionFalse, reason)
}

// get reads an object as it is now.
func get[T client.Object](w *world, o T) T {
	w.t.Helper()
	w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(o), o))
	return o
}

// counter reads one of the operator's counters, which goes on from test to test.
func counter(t *testing.T, name string) float64 {
	t.Helper()
	return metricNamed(t, name).GetCounter().GetValue()
}
