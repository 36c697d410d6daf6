// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"

	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slimnetworkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	"github.com/cilium/cilium/pkg/k8s/utils"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	policyutils "github.com/cilium/cilium/pkg/policy/utils"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	policyv1alpha2 "sigs.k8s.io/network-policy-api/apis/v1alpha2"
)

// Key names an object.
type Key struct{ Kind, Namespace, Name string }

// The kinds that an engine takes.
const (
	KindClusterwidePolicy    = "CiliumClusterwideNetworkPolicy"
	KindCiliumPolicy         = "CiliumNetworkPolicy"
	KindCIDRGroup            = "CiliumCIDRGroup"
	KindNetworkPolicy        = "NetworkPolicy"
	KindClusterNetworkPolicy = "ClusterNetworkPolicy"
)

var resourceKinds = map[string]ipcachetypes.ResourceKind{
	KindClusterwidePolicy:    ipcachetypes.ResourceKindCCNP,
	KindCiliumPolicy:         ipcachetypes.ResourceKindCNP,
	KindCIDRGroup:            ipcachetypes.ResourceKindCIDRGroup,
	KindNetworkPolicy:        ipcachetypes.ResourceKindNetpol,
	KindClusterNetworkPolicy: ipcachetypes.ResourceKindKCNP,
}

func (k Key) resource() ipcachetypes.ResourceID {
	return ipcachetypes.NewResourceID(resourceKinds[k.Kind], k.Namespace, k.Name)
}

// KeyOf reads the key of an object.
func KeyOf(object []byte) (Key, error) {
	var head metav1.PartialObjectMetadata
	if err := json.Unmarshal(object, &head); err != nil {
		return Key{}, fmt.Errorf("decoding an object: %w", err)
	}
	k := Key{Kind: head.Kind, Namespace: head.Namespace, Name: head.Name}
	if _, ok := resourceKinds[k.Kind]; !ok {
		return Key{}, fmt.Errorf("kind %q is no policy: %w", k.Kind, ErrNotJudged)
	}
	return k, nil
}

// Apply puts an object into the engine, in the place of an older version of it. What
// the agent refuses, and what this engine does not model, changes nothing.
func (c *Cilium) Apply(object []byte) error {
	k, err := KeyOf(object)
	if err != nil {
		return err
	}
	if err := refuseUnmodelled(object); err != nil {
		return fmt.Errorf("loading %v: %w", k, err)
	}
	if k.Kind == KindCIDRGroup {
		err = c.applyGroup(k, object)
	} else {
		err = c.applyPolicy(k, object)
	}
	if err != nil {
		return fmt.Errorf("loading %v: %w", k, err)
	}
	return nil
}

// Delete takes an object out. One that is not there is no error.
func (c *Cilium) Delete(k Key) error {
	if k.Kind == KindCIDRGroup {
		return c.changeNetworks(k.resource(), nil, nil)
	}
	c.replace(k, nil)
	return c.changePrefixes(k, nil)
}

func (c *Cilium) applyPolicy(k Key, object []byte) error {
	rules, err := c.parse(k, object)
	if err != nil {
		return err
	}
	// As the agent does: identities for new networks first, and old ones go last.
	if err := c.addPrefixes(k, rules); err != nil {
		return err
	}
	c.replace(k, rules)
	return c.changePrefixes(k, rules)
}

func (c *Cilium) replace(k Key, rules policytypes.PolicyEntries) {
	agent.Lock()
	affected, _, _ := c.repository.ReplaceByResource(rules, k.resource())
	agent.Unlock()
	c.forgetPolicies(affected.Members())
}

// parse is the agent's own reading of an object.
func (c *Cilium) parse(k Key, object []byte) (policytypes.PolicyEntries, error) {
	var rules api.Rules
	var err error
	switch k.Kind {
	case KindClusterwidePolicy:
		var p ciliumv2.CiliumClusterwideNetworkPolicy
		if err := decode(object, &p); err != nil {
			return nil, err
		}
		rules, err = p.Parse(c.log, clusterName)
	case KindCiliumPolicy:
		var p ciliumv2.CiliumNetworkPolicy
		if err := decode(object, &p); err != nil {
			return nil, err
		}
		rules, err = p.Parse(c.log, clusterName)
	case KindNetworkPolicy:
		var p slimnetworkingv1.NetworkPolicy
		if err := decodeSlim(object, &networkingv1.NetworkPolicy{}, &p); err != nil {
			return nil, err
		}
		return k8s.ParseNetworkPolicy(c.log, clusterName, &p)
	default:
		var p policyv1alpha2.ClusterNetworkPolicy
		if err := decode(object, &p); err != nil {
			return nil, err
		}
		return k8s.ParseClusterNetworkPolicy(c.log, clusterName, &p)
	}
	return policyutils.RulesToPolicyEntries(rules), err
}

// decode is strict, as the API server is with a client that asks for it: a typo in
// an object must not be an object without the line.
func decode(object []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(object))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// decodeSlim decodes into a type that leaves fields out, strictly by the whole one.
func decodeSlim(object []byte, whole, into any) error {
	if err := decode(object, whole); err != nil {
		return err
	}
	return json.Unmarshal(object, into)
}

// applyGroup gives the networks of a group the labels that the agent gives them.
func (c *Cilium) applyGroup(k Key, object []byte) error {
	var g ciliumv2.CiliumCIDRGroup
	if err := decode(object, &g); err != nil {
		return err
	}
	networks := make([]netip.Prefix, 0, len(g.Spec.ExternalCIDRs))
	for _, cidr := range g.Spec.ExternalCIDRs {
		n, err := netip.ParsePrefix(string(cidr))
		if err != nil {
			return fmt.Errorf("network %q: %w", cidr, err)
		}
		networks = append(networks, n)
	}
	return c.changeNetworks(k.resource(), networks, groupLabels(&g))
}

func groupLabels(g *ciliumv2.CiliumCIDRGroup) labels.Labels {
	ref := api.LabelForCIDRGroupRef(g.Name)
	out := labels.Labels{ref.Key: ref}
	for key, value := range utils.RemoveCiliumLabels(g.Labels) {
		l := labels.NewLabel(key, value, labels.LabelSourceCIDRGroup)
		encoded := labels.EncodedCIDRGroupLabel(l.Key, l.Value, l.Source)
		maps.Copy(out, labels.Labels{l.Key: l, encoded.Key: encoded})
	}
	return out
}

// unmodelled are fields whose effect this engine does not see.
var unmodelled = map[string]bool{
	"nodeSelector": true, "fromNodes": true, "toNodes": true, "nodes": true, "icmps": true, "authentication": true,
	"toFQDNs": true, "domainNames": true, "toServices": true, "fromGroups": true, "toGroups": true,
	"listener": true, "terminatingTLS": true, "originatingTLS": true, "serverNames": true, "rules": true,
}

func refuseUnmodelled(object []byte) error {
	var content map[string]any
	if err := json.Unmarshal(object, &content); err != nil {
		return err
	}
	for _, part := range []string{"spec", "specs"} {
		if field := findUnmodelled(content[part]); field != "" {
			return fmt.Errorf("%s: %w", field, ErrNotJudged)
		}
	}
	return nil
}

func findUnmodelled(value any) string {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			if unmodelled[key] {
				return key
			}
			if key == "matchLabels" {
				continue // its keys are labels
			}
			if field := findUnmodelled(inner); field != "" {
				return field
			}
		}
	case []any:
		for _, inner := range v {
			if field := findUnmodelled(inner); field != "" {
				return field
			}
		}
	}
	return ""
}
