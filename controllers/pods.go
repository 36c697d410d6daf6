// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/zonewarden/zonewarden/internal/topology"
)

// pod is what the cache keeps of a pod: a third of what the type of the API takes by
// itself. Only namespace, name, version and labels of the metadata are set. It does
// not change, so copies share what it points to.
type pod struct {
	metav1.ObjectMeta
	addresses         []corev1.PodIP
	hostPorts         []string
	hostNetwork       bool
	furtherInterfaces bool
}

// GetObjectKind says nothing: nobody encodes it.
func (p *pod) GetObjectKind() schema.ObjectKind { return schema.EmptyObjectKind }

// DeepCopyObject copies what can be changed.
func (p *pod) DeepCopyObject() runtime.Object {
	out := *p
	return &out
}

// stripPod is the transform of the cache for pods.
type stripPod struct {
	mu sync.Mutex
	// labels and words that pods have in common, kept once.
	labels map[string]map[string]string
	words  map[string]string
}

// mostCommon is how many are remembered at most before it starts anew.
const mostCommon = 8192

// strip keeps what a snapshot reads of a pod. It may be run on its own result.
func (s *stripPod) strip(in any) (any, error) {
	p, ok := in.(*corev1.Pod)
	if !ok {
		return in, nil
	}
	read := topology.PodOf(p)
	out := &pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.word(p.Namespace), Name: p.Name, ResourceVersion: p.ResourceVersion, Labels: s.common(p.Labels),
		},
		hostNetwork: read.HostNetwork, furtherInterfaces: read.FurtherInterfaces,
	}
	for _, port := range read.HostPorts {
		out.hostPorts = append(out.hostPorts, s.word(port))
	}
	if len(read.Addresses) > 0 {
		out.addresses = slices.Clip(slices.Clone(read.Addresses))
	}
	return out, nil
}

// common returns the same map for the same labels: pods of one workload have their
// labels once, however many there are.
func (s *stripPod) common(labels map[string]string) map[string]string {
	if len(labels) == 0 {
		return nil
	}
	var key strings.Builder
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		key.WriteString(k + "=" + labels[k] + ",")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.labels[key.String()]; ok {
		return known
	}
	if s.labels == nil || len(s.labels) >= mostCommon {
		s.labels = map[string]map[string]string{}
	}
	s.labels[key.String()] = labels
	return labels
}

// word returns the same string for the same text.
func (s *stripPod) word(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.words[text]; ok {
		return known
	}
	if s.words == nil || len(s.words) >= mostCommon {
		s.words = map[string]string{}
	}
	s.words[text] = text
	return text
}

// podChanged passes changes of what is kept of a pod.
var podChanged = predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
	before, ok1 := e.ObjectOld.(*pod)
	after, ok2 := e.ObjectNew.(*pod)
	return !ok1 || !ok2 || !maps.Equal(before.Labels, after.Labels) || !slices.Equal(before.addresses, after.addresses) ||
		!slices.Equal(before.hostPorts, after.hostPorts) ||
		before.hostNetwork != after.hostNetwork || before.furtherInterfaces != after.furtherInterfaces
}}

// stored is all that the cache holds of a kind, as the cache holds it: nothing is
// copied, and nothing may be changed. A list of ten thousand would be copied for each
// event otherwise.
func (s *Segmentation) stored(ctx context.Context, kind client.Object) ([]any, error) {
	informer, err := s.cache.GetInformer(ctx, kind)
	if err != nil {
		return nil, fmt.Errorf("looking into the cache: %w", err)
	}
	shared, ok := informer.(toolscache.SharedIndexInformer)
	if !ok {
		return nil, fmt.Errorf("looking into the cache: %T has no store", informer)
	}
	return shared.GetStore().List(), nil
}

func (s *Segmentation) fetchPods(ctx context.Context, out *topology.Snapshot) error {
	all, err := s.stored(ctx, &corev1.Pod{})
	if err != nil {
		return fmt.Errorf("listing pods: %w", err)
	}
	out.Pods = make([]topology.Pod, 0, len(all))
	for _, o := range all {
		p, ok := o.(*pod)
		if !ok {
			return fmt.Errorf("listing pods: a %T among them", o)
		}
		out.Pods = append(out.Pods, topology.Pod{
			Namespace: p.Namespace, Name: p.Name, Labels: p.Labels, Addresses: p.addresses,
			HostNetwork: p.hostNetwork, HostPorts: p.hostPorts, FurtherInterfaces: p.furtherInterfaces,
		})
	}
	return nil
}
