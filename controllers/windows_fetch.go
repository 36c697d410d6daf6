// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// declared is what people declared about access, and what it is judged by.
type declared struct {
	site    *v1alpha1.Site
	rules   *access.Site
	windows []*v1alpha1.VendorAccessWindow
	// allApprovals and allLocks as they are, for their statuses.
	allApprovals []*v1alpha1.Approval
	// openings are approvals of what Zones, Conduits and Assets open, for the trail.
	openings   []*v1alpha1.Approval
	allLocks   []*v1alpha1.AccessLock
	allVendors []*v1alpha1.Vendor

	approvals       map[types.UID][]access.Approval
	approvalsByName map[string][]access.Approval
	locks           []access.Lock
	vendors         map[string]*access.Vendor
	zones           map[string]access.Zone
	model           *topology.Model
	pods            []topology.Pod
	backend         v1alpha1.Backend
	// assumed says that no pass over the zones has been made yet, and that every zone and
	// asset is taken to exist: enough to keep what stands, and not to open anything.
	assumed bool
}

// inForce is what the last pass over the zones found, for windows or certificates to be
// judged by.
type inForce struct {
	mu      sync.Mutex
	model   *topology.Model
	zones   []*v1alpha1.Zone
	pods    []topology.Pod
	backend v1alpha1.Backend
	changed chan event.GenericEvent
}

// publish tells everybody what a pass over the zones found.
func publish(o *outcome, to []*inForce) {
	for _, i := range to {
		i.publish(o)
	}
}

// publish is called by each pass over the zones. What one found that holds everything says
// nothing of what is in force: what was found before stays.
func (i *inForce) publish(o *outcome) {
	if o.held != "" {
		return
	}
	i.mu.Lock()
	i.model, i.zones, i.pods, i.backend = o.model, o.snapshot.Zones, o.snapshot.Pods, o.backend.chosen
	i.mu.Unlock()
	select {
	case i.changed <- event.GenericEvent{}:
	default: // a pass is on its way, and reads this
	}
}

func (w *Windows) fetchDeclared(ctx context.Context) (*declared, error) {
	d := &declared{
		approvals: map[types.UID][]access.Approval{}, approvalsByName: map[string][]access.Approval{},
		vendors: map[string]*access.Vendor{},
	}
	var sites v1alpha1.SiteList
	var windows v1alpha1.VendorAccessWindowList
	var approvals v1alpha1.ApprovalList
	var locks v1alpha1.AccessLockList
	var vendors v1alpha1.VendorList
	for _, list := range []client.ObjectList{&sites, &windows, &approvals, &locks, &vendors} {
		if err := w.cache.List(ctx, list, shared); err != nil {
			return nil, fmt.Errorf("listing %T: %w", list, err)
		}
	}
	for i := range sites.Items {
		d.site = &sites.Items[i]
	}
	d.rules = siteFacts(d.site)
	for i := range windows.Items {
		d.windows = append(d.windows, &windows.Items[i])
	}
	for i := range approvals.Items {
		a := &approvals.Items[i]
		if a.Spec.Of.Kind != v1alpha1.ApprovedWindow {
			d.openings = append(d.openings, a) // whether it counts is Segmentation's to say
			continue
		}
		facts := approvalFacts(a)
		d.allApprovals = append(d.allApprovals, a)
		d.approvals[types.UID(facts.Of.UID)] = append(d.approvals[types.UID(facts.Of.UID)], facts)
		d.approvalsByName[facts.Of.Name] = append(d.approvalsByName[facts.Of.Name], facts)
	}
	for i := range locks.Items {
		d.allLocks = append(d.allLocks, &locks.Items[i])
		d.locks = append(d.locks, lockFacts(&locks.Items[i]))
	}
	for i := range vendors.Items {
		d.allVendors = append(d.allVendors, &vendors.Items[i])
		if v := vendorFacts(&vendors.Items[i]); v != nil {
			d.vendors[v.Name] = v
		}
	}
	w.judgeBy(d)
	return d, nil
}

// judgeBy adds what the last pass over the zones found.
func (w *Windows) judgeBy(d *declared) {
	w.inForce.mu.Lock()
	model, zones := w.inForce.model, w.inForce.zones
	d.pods, d.backend = w.inForce.pods, w.inForce.backend
	w.inForce.mu.Unlock()
	if model != nil {
		d.model, d.zones = model, zoneFacts(model, zones)
		return
	}
	d.assumed, d.zones = true, map[string]access.Zone{}
	for _, window := range d.windows {
		for _, r := range window.Spec.Reach {
			z := d.zones[r.Zone]
			z.Assets = append(z.Assets, r.Assets...)
			d.zones[r.Zone] = z
		}
	}
}

// fuse is the Job that everything a window was granted in one namespace hangs on.
type fuse struct {
	namespace, name string
	uid             types.UID
	// window by name.
	window     string
	occurrence string
}

// fetchFuses lists what stands, by the UID of the window that it was made for.
func (w *Windows) fetchFuses(ctx context.Context) (map[types.UID][]fuse, error) {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(batchv1.SchemeGroupVersion.WithKind("JobList"))
	if err := w.cache.List(ctx, list, shared, windowObjects); err != nil {
		return nil, fmt.Errorf("listing the fuses: %w", err)
	}
	out := map[types.UID][]fuse{}
	shown := map[types.UID]bool{}
	for i := range list.Items {
		j := &list.Items[i]
		shown[j.UID] = true
		if w.closed[j.UID] || j.DeletionTimestamp != nil {
			continue
		}
		uid := types.UID(j.Annotations[v1alpha1.AnnotationSourceUID])
		out[uid] = append(out[uid], fuse{
			namespace: j.Namespace, name: j.Name, uid: j.UID, window: j.Labels[v1alpha1.LabelName],
			occurrence: j.Annotations[v1alpha1.AnnotationOccurrence],
		})
	}
	w.correct(out, shown)
	return out, nil
}

// correct adds what we laid and the cache does not show yet, and forgets what it has
// caught up with.
func (w *Windows) correct(standing map[types.UID][]fuse, shown map[types.UID]bool) {
	maps.DeleteFunc(w.closed, func(uid types.UID, _ bool) bool { return !shown[uid] })
	for window, laid := range w.laid {
		laid = slices.DeleteFunc(laid, func(f fuse) bool { return shown[f.uid] })
		standing[window] = append(standing[window], laid...)
		if w.laid[window] = laid; len(laid) == 0 {
			delete(w.laid, window)
		}
		if len(standing[window]) == 0 {
			delete(standing, window)
		}
	}
}

// windowObjects are ours that were made for a window.
var windowObjects = client.MatchingLabels{
	v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue,
	v1alpha1.LabelKind:      access.KindWindow,
}
