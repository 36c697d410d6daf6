// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// backend is what a plant is segmented by.
type backend struct {
	// kinds of policies; the first is that of floors and conduits.
	kinds []schema.GroupVersionKind
	// floor is that of the zone cell-filtration.
	floor *unstructured.Unstructured
	// resources of the kinds, for kubectl.
	resources string
	// words are what docs/install.md says to write for others.
	words *strings.Replacer
}

var cilium = &backend{
	kinds: []schema.GroupVersionKind{
		{Group: "cilium.io", Version: "v2", Kind: "CiliumClusterwideNetworkPolicy"},
		{Group: "cilium.io", Version: "v2", Kind: "CiliumCIDRGroup"},
	},
	floor:     object("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", "zone-cell-filtration"),
	resources: "ciliumclusterwidenetworkpolicies.cilium.io,ciliumcidrgroups.cilium.io",
	words:     strings.NewReplacer(),
}

var networkPolicy = &backend{
	kinds:     []schema.GroupVersionKind{{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"}},
	floor:     object("networking.k8s.io/v1", "NetworkPolicy", "ww-filtration", "zone-cell-filtration"),
	resources: "networkpolicies.networking.k8s.io",
	words: strings.NewReplacer(
		"ccnp,ciliumcidrgroups", "networkpolicies -A", "ccnp", "networkpolicies -A",
		"--for=jsonpath='{.specs[0].enableDefaultDeny.ingress}'=false", "--for=delete"),
}
