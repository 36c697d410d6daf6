// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"maps"
	"net/netip"
	"slices"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/ipcache"
	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/source"
)

// addPrefixes gives identities to networks that the rules name and the object did
// not name before.
func (c *Cilium) addPrefixes(k Key, rules policytypes.PolicyEntries) error {
	old := c.prefixes[k.resource()]
	var updates []ipcache.MU
	for _, n := range policy.GetCIDRPrefixes(rules) {
		if !slices.Contains(old, n) {
			updates = append(updates, ipcache.MU{
				Prefix: cmtypes.NewLocalPrefixCluster(n), Source: source.CustomResource, Resource: k.resource(),
				Metadata: []ipcache.IPMetadata{labels.GetCIDRLabels(n)}, IsCIDR: true,
			})
		}
	}
	return c.updateCache(c.cache.UpsertMetadataBatch, updates)
}

// changePrefixes takes away the identities of networks that the object no longer names.
func (c *Cilium) changePrefixes(k Key, rules policytypes.PolicyEntries) error {
	now := policy.GetCIDRPrefixes(rules)
	var updates []ipcache.MU
	for _, n := range c.prefixes[k.resource()] {
		if !slices.Contains(now, n) {
			updates = append(updates, removal(k.resource(), n, true))
		}
	}
	c.remember(k.resource(), now)
	return c.updateCache(c.cache.RemoveMetadataBatch, updates)
}

// changeNetworks makes a group of addresses hold these networks and no others.
func (c *Cilium) changeNetworks(resource ipcachetypes.ResourceID, now []netip.Prefix, with labels.Labels) error {
	var updates, removals []ipcache.MU
	for _, n := range now {
		all := maps.Clone(with)
		all.AddWorldLabel(n.Addr())
		updates = append(updates, ipcache.MU{
			Prefix: cmtypes.NewLocalPrefixCluster(n), Source: source.Generated, Resource: resource,
			Metadata: []ipcache.IPMetadata{all},
		})
	}
	for _, n := range c.prefixes[resource] {
		if !slices.Contains(now, n) {
			removals = append(removals, removal(resource, n, false))
		}
	}
	c.remember(resource, now)
	if err := c.updateCache(c.cache.UpsertMetadataBatch, updates); err != nil {
		return err
	}
	return c.updateCache(c.cache.RemoveMetadataBatch, removals)
}

func removal(resource ipcachetypes.ResourceID, n netip.Prefix, isCIDR bool) ipcache.MU {
	return ipcache.MU{
		Prefix: cmtypes.NewLocalPrefixCluster(n), Resource: resource,
		Metadata: []ipcache.IPMetadata{labels.Labels{}}, IsCIDR: isCIDR,
	}
}

func (c *Cilium) remember(resource ipcachetypes.ResourceID, networks []netip.Prefix) {
	if len(networks) == 0 {
		delete(c.prefixes, resource)
		return
	}
	c.prefixes[resource] = networks
}

// updateCache changes the identities of networks and waits for it. Policies are given
// back first: the agent would bring them up to date step by step, and computing them
// anew gives the same.
func (c *Cilium) updateCache(change func(...ipcache.MU) uint64, updates []ipcache.MU) error {
	if len(updates) == 0 {
		return nil
	}
	c.forgetPolicies(maps.Keys(maps.Clone(c.computed)))
	clear(c.addresses)
	return c.wait(change(updates...))
}
