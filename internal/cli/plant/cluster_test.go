// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// keyhole is a cluster with nothing in it, of which some kinds may not be listed.
type keyhole struct {
	client.Reader
	forbidden []string
}

func (k keyhole) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	kind := list.GetObjectKind().GroupVersionKind().Kind
	switch list.(type) {
	case *corev1.PodList:
		kind = "PodList"
	case *corev1.NamespaceList:
		kind = "NamespaceList"
	case *corev1.NodeList:
		kind = "NodeList"
	case *corev1.ServiceList:
		kind = "ServiceList"
	case *v1alpha1.VendorList:
		kind = "VendorList"
	}
	if slices.Contains(k.forbidden, kind) {
		return apierrors.NewForbidden(schema.GroupResource{Resource: kind}, "", nil)
	}
	return nil
}

func (k keyhole) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return apierrors.NewNotFound(schema.GroupResource{}, "")
}

// TestBlind: of what may not be listed, what is known of the policies that stand depends on
// some, and not on the rest.
func TestBlind(t *testing.T) {
	tests := map[string]struct{ forbidden, blind, unseen []string }{
		"everything is seen": {},
		"pods":               {[]string{"PodList"}, []string{"pods"}, []string{"pods: you may not list them"}},
		"namespaces":         {[]string{"NamespaceList"}, []string{"namespaces"}, []string{"namespaces: you may not list them"}},
		"nodes":              {[]string{"NodeList"}, []string{"nodes"}, []string{"nodes: you may not list them"}},
		"policies":           {[]string{"CiliumNetworkPolicyList"}, []string{"objects of kind CiliumNetworkPolicy"}, []string{"objects of kind CiliumNetworkPolicy: you may not list them"}},
		"nothing of them":    {[]string{"ServiceList", "VendorList"}, nil, []string{"vendors: you may not list them", "services: you may not list them"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := FromCluster(t.Context(), keyhole{forbidden: tt.forbidden}, "site", time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.blind, p.Blind); diff != "" {
				t.Errorf("blind (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tt.unseen, p.Unseen); diff != "" {
				t.Errorf("unseen (-want +got)\n%s", diff)
			}
		})
	}
}
