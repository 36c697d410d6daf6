// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// What a vendor-safe role may hold: to look at named resources (get, list, watch), the
// subresources log, scale and status of them included, and the few rights to write in
// harmless. Never
//
//   - wildcards of any sort, and paths that are no resources;
//   - what holds secrets or often does: secrets, configmaps;
//   - what gives identity: tokens, certificate requests, token reviews, impersonation;
//   - rights themselves: everything of rbac.authorization.k8s.io;
//   - a way into a pod or node past every policy: exec, attach, portforward, proxy,
//     ephemeralcontainers, nodes;
//   - workloads to be written, scaled or deleted: what vendors change, they change at
//     the machine.
var (
	readVerbs        = []string{"get", "list", "watch"}
	readSubresources = []string{"log", "scale", "status"}
	neverGroups      = []string{rbacv1.GroupName, "authentication.k8s.io", "certificates.k8s.io"}
	neverResources   = []string{"secrets", "configmaps", "nodes", "users", "groups", "userextras", "serviceaccounts"}
	// harmless are group/resource/verb.
	harmless = []string{"authorization.k8s.io/localsubjectaccessreviews/create"}
)

// Unsafe says why a role may not be bound for a vendor, nothing where it may.
func Unsafe(role *rbacv1.ClusterRole) []string {
	var out []string
	add := func(format string, args ...any) {
		if why := fmt.Sprintf(format, args...); !slices.Contains(out, why) {
			out = append(out, why)
		}
	}
	if role.Labels[v1alpha1.LabelVendorSafe] != "true" {
		add("it is not labelled %s: \"true\"", v1alpha1.LabelVendorSafe)
	}
	if role.AggregationRule != nil {
		add("others can add to it, because it aggregates")
	}
	if len(role.Rules) == 0 {
		add("it holds nothing")
	}
	for _, rule := range role.Rules {
		if len(rule.NonResourceURLs) > 0 {
			add("it holds the path %s", rule.NonResourceURLs[0])
			continue
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					if !isSafe(group, resource, verb) {
						add("it may %s %s", verb, inGroup(resource, group))
					}
				}
			}
		}
	}
	return out
}

func inGroup(resource, group string) string {
	if group == "" {
		return resource
	}
	return resource + "." + group
}

func isSafe(group, resource, verb string) bool {
	if slices.Contains(harmless, group+"/"+resource+"/"+verb) {
		return true
	}
	name, sub, within := strings.Cut(resource, "/")
	switch {
	case strings.Contains(group+resource+verb, "*"):
		return false
	case slices.Contains(neverGroups, group), slices.Contains(neverResources, name):
		return false
	case within && !slices.Contains(readSubresources, sub):
		return false
	default:
		return slices.Contains(readVerbs, verb)
	}
}
