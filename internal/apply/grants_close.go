// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/access/grant"
)

// grantKinds are the kinds of what a window is granted, those first that let in.
var grantKinds = []schema.GroupVersionKind{
	{Version: "v1", Kind: "Pod"},
	{Version: "v1", Kind: "Secret"},
	{Version: "v1", Kind: "ServiceAccount"},
	{Group: "cilium.io", Version: "v2", Kind: "CiliumNetworkPolicy"},
	{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "RoleBinding"},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "Role"},
	{Version: "v1", Kind: "Service"},
}

// onlyInAccess are the kinds that are in the namespace of the windows' pods and nowhere
// else.
var onlyInAccess = map[string]bool{"Pod": true, "Role": true, "Secret": true, "Service": true, "ServiceAccount": true}

// where objects of a kind are to be looked for, of those in a namespace or in all.
func where(kind, namespace string) (in string, some bool) {
	if !onlyInAccess[kind] {
		return namespace, true
	}
	return v1alpha1.NamespaceAccess, namespace == v1alpha1.NamespaceAccess || namespace == metav1.NamespaceAll
}

// Close removes all that a window was granted in these namespaces, and then the fuses.
// What lets in goes first. It asks for everything, whatever fails.
func (g *Grants) Close(ctx context.Context, window string, fuses []Fuse) error {
	ctx, cancel := context.WithTimeout(ctx, asksAPI)
	defer cancel()
	of := client.MatchingLabels{
		v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue, v1alpha1.LabelKind: access.KindWindow, v1alpha1.LabelName: window,
	}
	var remove errgroup.Group
	failed := make([]error, len(fuses)*len(grantKinds))
	for i, f := range fuses {
		for j, gvk := range grantKinds {
			in, some := where(gvk.Kind, f.Namespace)
			if !some {
				continue
			}
			remove.Go(func() error {
				failed[i*len(grantKinds)+j] = g.removeAll(ctx, gvk, in, of)
				return nil
			})
		}
	}
	_ = remove.Wait() // each keeps its own error
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("closing window %s: %w", window, err)
	}
	var errs []error
	for _, f := range fuses {
		job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: f.Namespace, Name: f.Name}}
		err := g.Client.Delete(ctx, job, client.PropagationPolicy(metav1.DeletePropagationBackground), client.Preconditions{UID: &f.UID})
		if client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
			errs = append(errs, fmt.Errorf("removing the fuse %s/%s: %w", f.Namespace, f.Name, err))
		}
	}
	return errors.Join(errs...)
}

// Forget drops what is remembered of a window that was closed.
func (g *Grants) Forget(window string) { delete(g.opened, window) }

// Fuse names a Job that stands.
type Fuse struct {
	Namespace, Name string
	UID             types.UID
}

// removeAll removes what there is of one kind. A pod is gone when its node says so, and not
// before: it gets no shorter grace than its own.
func (g *Grants) removeAll(ctx context.Context, gvk schema.GroupVersionKind, namespace string, of client.MatchingLabels) error {
	list, err := g.list(ctx, gvk, namespace, of)
	if err != nil {
		return err
	}
	var errs []error
	for i := range list {
		o := &list[i]
		o.SetGroupVersionKind(gvk)
		errs = append(errs, client.IgnoreNotFound(g.Client.Delete(ctx, o, client.Preconditions{UID: &o.UID})))
	}
	return errors.Join(errs...)
}

// list reads the names of what there is of a kind; one that is not served has nothing.
func (g *Grants) list(ctx context.Context, gvk schema.GroupVersionKind, namespace string, of client.MatchingLabels) ([]metav1.PartialObjectMetadata, error) {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
	err := g.Live.List(ctx, list, client.InNamespace(namespace), of)
	if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
		return nil, nil
	}
	return list.Items, err
}

// Standing says whether anything that a window was granted is still there.
func (g *Grants) Standing(ctx context.Context, window string, namespaces []string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, asksAPI)
	defer cancel()
	of := client.MatchingLabels{
		v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue, v1alpha1.LabelKind: access.KindWindow, v1alpha1.LabelName: window,
	}
	for _, namespace := range namespaces {
		for _, gvk := range grantKinds {
			in, some := where(gvk.Kind, namespace)
			if !some {
				continue
			}
			left, err := g.list(ctx, gvk, in, of)
			if err != nil {
				return true, fmt.Errorf("looking for what stands of window %s: %w", window, err)
			}
			if len(left) > 0 {
				return true, nil
			}
		}
	}
	return false, nil
}

// Kept is what may stand of an open window: objects of its UID, and of those, where Objects
// is not nil, these alone, by kind, namespace and name.
type Kept struct {
	UID     types.UID
	Objects map[string]bool
}

// keeps says whether an object may stand.
func (k Kept) keeps(kind string, o *metav1.PartialObjectMetadata) bool {
	return o.Annotations[v1alpha1.AnnotationSourceUID] == string(k.UID) && (k.Objects == nil || k.Objects[objectText(kind, o.Namespace, o.Name)])
}

func objectText(kind, namespace, name string) string {
	return fmt.Sprintf("%s %s/%s", kind, namespace, name)
}

// ObjectsOf are those of a grant, as Kept has them.
func ObjectsOf(set *grant.Set) map[string]bool {
	out := map[string]bool{}
	for _, o := range set.Objects {
		out[objectText(o.GVK.Kind, o.Namespace, o.Name)] = true
	}
	return out
}

// Sweep removes objects with a window's labels that no open window of that name keeps, and
// says which.
func (g *Grants) Sweep(ctx context.Context, open map[string]Kept) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, asksAPI)
	defer cancel()
	of := client.MatchingLabels{v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue, v1alpha1.LabelKind: access.KindWindow}
	var removed []string
	var errs []error
	for _, gvk := range grantKinds {
		in, _ := where(gvk.Kind, metav1.NamespaceAll)
		list, err := g.list(ctx, gvk, in, of)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for i := range list {
			o := &list[i]
			kept, is := open[o.Labels[v1alpha1.LabelName]]
			if is && kept.keeps(gvk.Kind, o) || o.DeletionTimestamp != nil {
				continue
			}
			o.SetGroupVersionKind(gvk)
			if err := g.Client.Delete(ctx, o, client.Preconditions{UID: &o.UID}); client.IgnoreNotFound(err) != nil {
				errs = append(errs, err)
				continue
			}
			removed = append(removed, objectText(gvk.Kind, o.Namespace, o.Name))
		}
	}
	return removed, errors.Join(errs...)
}
