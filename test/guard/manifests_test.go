// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"errors"
	"strings"

	discoveryv1 "k8s.io/api/discovery/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// with replaces words of a manifest: old, new, old, new.
func with(manifest string, words ...string) string {
	return strings.NewReplacer(words...).Replace(manifest)
}

// always and never are a template's restart policy, which kinds differ about.
func always(template string) string { return with(template, "POLICY", "Always") }
func never(template string) string  { return with(template, "POLICY", "Never") }

// pod is a bare pod in cell-1 as a template would make it.
func pod(template string) string {
	o := parse(template)[0]
	o.SetAPIVersion("v1")
	o.SetKind("Pod")
	o.SetName("spoof")
	o.SetNamespace("cell-1")
	raw, err := yaml.Marshal(o.Object)
	if err != nil {
		panic(err) // a constant
	}
	return string(raw)
}

// redirectSlice leads a service of cell-1 to an address in the office, by the slice that
// a controller made for it.
var redirectSlice = editSlice(func(s *discoveryv1.EndpointSlice) {
	s.Endpoints = []discoveryv1.Endpoint{{Addresses: []string{"10.9.0.5"}}}
})

// disownSlice does so and takes the controller's label off.
var disownSlice = editSlice(func(s *discoveryv1.EndpointSlice) {
	s.Endpoints = []discoveryv1.Endpoint{{Addresses: []string{"10.9.0.5"}}}
	delete(s.Labels, discoveryv1.LabelManagedBy)
})

// editSlice edits the slice of the service pump.
func editSlice(edit func(*discoveryv1.EndpointSlice)) request {
	return func(ctx context.Context, c *caller) error {
		var slices discoveryv1.EndpointSliceList
		if err := c.List(ctx, &slices, client.InNamespace("cell-1"), client.MatchingLabels{discoveryv1.LabelServiceName: "pump"}); err != nil {
			return err
		}
		if len(slices.Items) == 0 {
			return errors.New("the service has no slice")
		}
		edit(&slices.Items[0])
		return c.Update(ctx, &slices.Items[0])
	}
}
