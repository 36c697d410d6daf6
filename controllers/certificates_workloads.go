// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// workloads reads what uses certificates, past every cache: by a pod that is gone already
// somebody would be taken to have read what nobody read.
type workloads struct{ live client.Reader }

// of reads the pods of one that was found. It says nil where none is named. One that is named
// and was not found is not known.
func (w workloads) of(ctx context.Context, namespace string, ref *v1alpha1.WorkloadReference, found *apply.Workload) (*rotation.Workload, error) {
	if ref == nil {
		return nil, nil
	}
	fact := &rotation.Workload{Key: ref.Kind + "/" + ref.Name}
	if found == nil {
		return fact, nil
	}
	selector, err := metav1.LabelSelectorAsSelector(found.Selector)
	if err != nil {
		return fact, fmt.Errorf("reading the selector of %s: %w", fact.Key, err)
	}
	var pods corev1.PodList
	if err := w.list(ctx, namespace, &pods, client.MatchingLabelsSelector{Selector: selector}); err != nil {
		return fact, err
	}
	fact.RollingOut, fact.Ready = found.Rolling, !found.Rolling
	for i := range pods.Items {
		add(fact, &pods.Items[i])
	}
	if at, err := time.Parse(time.RFC3339, found.Annotations[apply.AnnotationRestartedAt]); err == nil {
		fact.Restarted = at
	}
	fact.MayDisrupt, err = w.mayDisrupt(ctx, namespace, found.Labels)
	fact.Known = err == nil
	return fact, err
}

func (w workloads) list(ctx context.Context, namespace string, into client.ObjectList, options ...client.ListOption) error {
	ctx, cancel := context.WithTimeout(ctx, looksAtWorkload)
	defer cancel()
	if err := w.live.List(ctx, into, append(options, client.InNamespace(namespace))...); err != nil {
		return fmt.Errorf("listing %T in %s: %w", into, namespace, err)
	}
	return nil
}

// looksAtWorkload bounds one list.
const looksAtWorkload = 5 * time.Second

// add counts a pod of which a process has started. One that waits for its Secret has read
// nothing yet.
func add(fact *rotation.Workload, p *corev1.Pod) {
	if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
		return
	}
	fact.RollingOut = fact.RollingOut || p.DeletionTimestamp != nil
	fact.Ready = fact.Ready && slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
	started := false
	for _, c := range p.Status.ContainerStatuses {
		if c.State.Running == nil {
			continue // what starts later reads what is there then
		}
		started = true
		if at := c.State.Running.StartedAt.Time; fact.Oldest.IsZero() || at.Before(fact.Oldest) {
			fact.Oldest = at
		}
	}
	if started {
		fact.Pods++
	}
}

// mayDisrupt says that every disruption budget that takes in such pods lets one go.
func (w workloads) mayDisrupt(ctx context.Context, namespace string, pods map[string]string) (bool, error) {
	var budgets policyv1.PodDisruptionBudgetList
	if err := w.list(ctx, namespace, &budgets); err != nil {
		return false, err
	}
	for _, b := range budgets.Items {
		selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err != nil || selector.Matches(labels.Set(pods)) && b.Status.DisruptionsAllowed < 1 {
			return false, nil //nolint:nilerr // a budget that cannot be read allows nothing
		}
	}
	return true, nil
}
