// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/apply"
)

// +kubebuilder:rbac:groups=zonewarden.io,resources=vendors;vendoraccesswindows;approvals;accesslocks,verbs=get;list;watch
// +kubebuilder:rbac:groups=zonewarden.io,resources=vendors/status;vendoraccesswindows/status;approvals/status;accesslocks/status,verbs=get;patch

// setupWindows adds the reconciler of vendor access to a manager.
func setupWindows(mgr ctrl.Manager, at Place, k *timekeeper, t *trail, pods PodSource) (*Windows, error) {
	changed := make(chan event.GenericEvent, 1)
	real := clock.RealClock{}
	w := &Windows{
		client: mgr.GetClient(), live: mgr.GetAPIReader(), cache: mgr.GetCache(),
		recorder: mgr.GetEventRecorder(apply.FieldManager), clock: real,
		timekeeper: k, trail: t, namespace: at.Namespace, pods: pods,
		inForce: &inForce{changed: changed},
		grants:  &apply.Grants{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Now: real.Now},
		images:  &images{live: mgr.GetAPIReader(), image: pods.Image, clock: real.Now},
		closed:  map[types.UID]bool{}, laid: map[types.UID][]fuse{}, warned: map[types.UID]warning{},
	}
	w.sessions = newSessions(real, w.left, changed)
	accessUnproved.Set(0) // whoever led before in this process knows of none any more
	w.endings = &endings{
		grants: w.grants, answers: w.answers, clock: real, changed: changed,
		open: map[types.UID]*ending{}, proved: map[types.UID]v1alpha1.WindowEnding{},
	}
	k.tells = append(k.tells, changed)
	c, err := controller.New("windows", mgr, controller.Options{Reconciler: w, MaxConcurrentReconciles: 1})
	if err != nil {
		return nil, fmt.Errorf("making the controller of windows: %w", err)
	}
	for _, src := range w.sources(changed) {
		if err := c.Watch(src); err != nil {
			return nil, fmt.Errorf("watching for windows: %w", err)
		}
	}
	return w, nil
}

// left is what remains until an end by a clock that may be trusted, 0 otherwise.
func (w *Windows) left(until time.Time) time.Duration {
	c := w.timekeeper.now()
	if !c.MayGrant {
		return 0
	}
	return max(0, until.Sub(c.Now))
}

func (w *Windows) sources(changed chan event.GenericEvent) []source.Source {
	watch := func(o client.Object, ps ...predicate.Predicate) source.Source {
		return source.Kind(w.cache, o, now(), ps...)
	}
	return []source.Source{
		watch(&v1alpha1.VendorAccessWindow{}, declaredChanged),
		watch(&v1alpha1.Approval{}, declaredChanged),
		watch(&v1alpha1.AccessLock{}, declaredChanged),
		watch(&v1alpha1.Vendor{}, declaredChanged),
		watch(&v1alpha1.Site{}, declaredChanged),
		watch(&rbacv1.ClusterRole{}, predicate.ResourceVersionChangedPredicate{}),
		watch(metadata(batchv1.SchemeGroupVersion.WithKind("Job")), isOfWindow),
		source.Kind[client.Object](w.cache, &corev1.Pod{}, onAny(func(q queue) {
			w.podsChanged.Store(true)
			q.Add(pass)
		}), isWindowsPod, podChanged),
		source.Channel(changed, now()),
	}
}

// isOfWindow passes objects that were made for a window.
var isOfWindow = predicate.NewPredicateFuncs(func(o client.Object) bool {
	return o.GetLabels()[v1alpha1.LabelKind] == access.KindWindow
})

// isWindowsPod passes the pods of windows.
var isWindowsPod = predicate.NewPredicateFuncs(func(o client.Object) bool {
	return o.GetNamespace() == v1alpha1.NamespaceAccess
})
