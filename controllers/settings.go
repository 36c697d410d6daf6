// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
)

// +kubebuilder:rbac:groups="",resources=configmaps,resourceNames=cilium-config,verbs=get;list;watch

// settingsOnly is the one ConfigMap that the cache holds. Its namespace belongs to the
// cluster's administrators: by one of that name elsewhere nobody takes a guard away.
var settingsOnly = cache.ByObject{Namespaces: map[string]cache.Config{
	cilium.ConfigNamespace: {FieldSelector: fields.OneTermEqualSelector("metadata.name", cilium.ConfigName)},
}}

// fetchSettings reads what Cilium's agents were told. Without Cilium, or where it keeps
// that elsewhere, nothing is known of it.
func (s *Segmentation) fetchSettings(ctx context.Context) (cilium.Settings, error) {
	var config corev1.ConfigMap
	err := s.cache.Get(ctx, client.ObjectKey{Namespace: cilium.ConfigNamespace, Name: cilium.ConfigName}, &config)
	if apierrors.IsNotFound(err) {
		return cilium.Settings{}, nil
	}
	if err != nil {
		return cilium.Settings{}, fmt.Errorf("reading %s/%s: %w", cilium.ConfigNamespace, cilium.ConfigName, err)
	}
	return cilium.SettingsOf(config.Data), nil
}

// settingsFindings say on the Site what the agents' options do to what it asks for.
func settingsFindings(site *v1alpha1.SiteSpec, s cilium.Settings) []v1alpha1.Finding {
	var out []v1alpha1.Finding
	says := func(severity v1alpha1.Severity, path, format string, args ...any) {
		out = append(out, v1alpha1.Finding{
			Severity: severity, Path: path, Reason: v1alpha1.ReasonBackendCannot, Message: fmt.Sprintf(format, args...),
		})
	}
	if s.NotEnforced != "" {
		says(v1alpha1.SeverityError, "spec.backend", "%s: policies drop nothing", s.NotEnforced)
	}
	if s.Labels != "" {
		says(v1alpha1.SeverityWarning, "spec.zoneLabelKeys", "%s: a zone that selects pods by a label which that leaves out holds none of them", s.Labels)
	}
	for _, layer := range site.Guard.Layers {
		if why := s.Lacks(layer); why != "" {
			says(v1alpha1.SeverityWarning, "spec.guard.layers", "nothing of layer %s is in force: %s", layer, why)
		}
	}
	if asked := int(site.Platform.PolicyMapEntries); s.MapEntries > 0 && s.MapEntries < asked {
		says(v1alpha1.SeverityWarning, "spec.platform.policyMapEntries", "the agents' maps have room for %d entries, not for %d: the smaller number counts", s.MapEntries, asked)
	}
	return out
}

// jumpHostFindings say of which jump hosts a relay does not see the address that it lets in.
func jumpHostFindings(rules *v1alpha1.SiteAccess) []v1alpha1.Finding {
	var out []v1alpha1.Finding
	for i, host := range rules.JumpHosts {
		if len(host.Addresses) == 0 || host.Reachable != v1alpha1.RelayClusterIP {
			continue
		}
		out = append(out, v1alpha1.Finding{
			Severity: v1alpha1.SeverityWarning, Path: fmt.Sprintf("spec.access.jumpHosts[%d].reachable", i), Reason: v1alpha1.ReasonBackendCannot,
			Message: fmt.Sprintf("from outside the cluster the address of jump host %q is hidden behind a ClusterIP, or that is not served: use NodePort or LoadBalancer", host.Name),
		})
	}
	return out
}

// unusableBecause says why a backend was not chosen.
func (c choice) unusableBecause() string {
	return cmp.Or(c.settings.Refused, "the backend that the Site asks for is not served")
}
