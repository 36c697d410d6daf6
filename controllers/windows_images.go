// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/distribution/reference"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/evidence"
)

const (
	// looksAtImages is how often the nodes are asked what images they have.
	looksAtImages = time.Minute
	// mostReported is how many images a kubelet reports by default, the largest first:
	// that one of fewer is not among them says that it is not there.
	mostReported = 50
)

// images are what the nodes report of theirs, read past the cache: it would hold all of
// them, and a window needs one.
type images struct {
	live  client.Reader
	image string
	clock func() time.Time

	mu    sync.Mutex
	nodes []corev1.Node
	at    time.Time
	err   error
}

// imageVerdict says where the image of a window's pod is.
type imageVerdict struct {
	status  metav1.ConditionStatus
	message string
}

func (v *imageVerdict) absent() bool { return v != nil && v.status == metav1.ConditionFalse }

func (v *imageVerdict) judgement() evidence.Judgement {
	reason := map[metav1.ConditionStatus]string{
		metav1.ConditionTrue: v1alpha1.ReasonImagesPresent, metav1.ConditionFalse: v1alpha1.ReasonImagesMissing,
		metav1.ConditionUnknown: v1alpha1.ReasonImagesNotReported,
	}[v.status]
	return evidence.Judgement{Status: v.status, Reason: reason, Message: v.message}
}

// verdict is nil for a window without a pod, and while nobody knows what image its pod has:
// that is said elsewhere.
func (i *images) verdict(ctx context.Context, w *v1alpha1.VendorAccessWindow, site *v1alpha1.Site) *imageVerdict {
	if i.image == "" {
		return nil
	}
	wanted := []string{i.image}
	switch w.Spec.Grant {
	case v1alpha1.GrantRelay:
	case v1alpha1.GrantSourceAddress:
		return nil
	case v1alpha1.GrantSessionPod:
		if site.Spec.Access.SessionPods == nil {
			return nil
		}
		wanted = append(wanted, site.Spec.Access.SessionPods.Image)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if now := i.clock(); i.at.IsZero() || now.Sub(i.at).Abs() > looksAtImages {
		i.read(ctx)
		i.at = now
	}
	if i.err != nil {
		return &imageVerdict{metav1.ConditionUnknown, fmt.Sprintf("the nodes cannot be read: %v", i.err)}
	}
	return i.find(wanted)
}

func (i *images) read(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, talksFor)
	defer cancel()
	var list corev1.NodeList
	if i.err = i.live.List(ctx, &list); i.err == nil {
		i.nodes = list.Items
	}
}

// find looks for a node that may run the pod and has every image.
func (i *images) find(wanted []string) *imageVerdict {
	sure, schedulable := true, 0
	for _, n := range i.nodes {
		if n.Spec.Unschedulable || tainted(n) {
			continue
		}
		schedulable++
		if len(n.Status.Images) == 0 || len(n.Status.Images) >= mostReported {
			sure = false
		}
		if hasAll(n.Status.Images, wanted) {
			return &imageVerdict{metav1.ConditionTrue, fmt.Sprintf("node %s has %s", n.Name, strings.Join(wanted, " and "))}
		}
	}
	if schedulable == 0 {
		return &imageVerdict{metav1.ConditionUnknown, "no node takes pods now: each is cordoned or has a taint, which pods of windows do not tolerate"}
	}
	if !sure {
		return &imageVerdict{metav1.ConditionUnknown, "no node reports " + strings.Join(wanted, " and ") + ", and not every node reports all that it has"}
	}
	return &imageVerdict{metav1.ConditionFalse, "no node has " + strings.Join(wanted, " and ") + ": load it there before the window is needed"}
}

// tainted nodes take no pods of windows: those tolerate nothing.
func tainted(n corev1.Node) bool {
	return slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Effect != corev1.TaintEffectPreferNoSchedule })
}

func hasAll(there []corev1.ContainerImage, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(image string) bool {
		names := reportedAs(image)
		return !slices.ContainsFunc(there, func(c corev1.ContainerImage) bool {
			return slices.ContainsFunc(c.Names, func(n string) bool {
				return slices.ContainsFunc(names, func(name string) bool { return n == name || strings.HasSuffix(n, "/"+name) })
			})
		})
	})
}

// reportedAs is what a kubelet may call an image that a pod names so: by its digest where there
// is one, without the tag beside it, else by its tag; as it is written, behind whatever registry
// the runtime puts before it, and with what Docker's hub leaves out.
func reportedAs(image string) []string {
	var names []string
	if written, err := reference.Parse(image); err == nil {
		if named, ok := written.(reference.Named); ok {
			names = append(names, resolved(named))
		}
	}
	if full, err := reference.ParseNormalizedNamed(image); err == nil {
		names = append(names, resolved(full))
	}
	return names
}

// resolved is by what a runtime looks an image up.
func resolved(named reference.Named) string {
	if pinned, ok := named.(reference.Digested); ok {
		return named.Name() + "@" + pinned.Digest().String()
	}
	return reference.TagNameOnly(named).String()
}
