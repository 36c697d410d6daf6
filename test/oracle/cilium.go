// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	"github.com/cilium/cilium/pkg/ipcache"
	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	ciliumio "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

// clusterName goes into the identity of every pod and into every selector.
const clusterName = "default"

// Cilium is Cilium's policy engine with a world and objects.
type Cilium struct {
	log        *slog.Logger
	repository *policy.Repository
	cache      *ipcache.IPCache
	identities *allocator
	cancel     context.CancelFunc

	hostPasses bool
	pods       map[Endpoint]*party
	nextPod    identity.NumericIdentity
	podByLabel map[string]*identity.Identity
	// addresses are looked up once until networks change.
	addresses map[Endpoint]*party
	// computed are the policies of pods by identity.
	computed map[identity.NumericIdentity]*policy.EndpointPolicy
	// prefixes are the networks that each object put into the cache.
	prefixes map[ipcachetypes.ResourceID][]netip.Prefix
}

// party is an end of a flow.
type party struct {
	id *identity.Identity
	// subject says that policies hold it: it is a pod, or Cilium's own endpoint.
	subject bool
	// ports that the pod has names for.
	owner owner
}

// setOptions sets what is one for a process: a dual-stack agent with the default
// options, and the default filter of labels.
var setOptions = sync.OnceValue(func() error {
	option.Config.ClusterName = clusterName
	option.Config.EnableIPv4, option.Config.EnableIPv6 = true, true
	option.Config.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostPolicy
	policy.SetPolicyEnabled(option.DefaultEnforcement)
	api.InitEntities(clusterName)
	return labelsfilter.ParseLabelPrefixCfg(slog.New(slog.DiscardHandler), nil, nil, "")
})

// NewCilium returns an engine without objects. Close it when done.
func NewCilium(w World) (*Cilium, error) {
	if err := setOptions(); err != nil {
		return nil, fmt.Errorf("setting Cilium's options: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Cilium{
		log: slog.New(slog.DiscardHandler), cancel: cancel, hostPasses: w.HostPasses,
		pods: map[Endpoint]*party{}, nextPod: firstPod, podByLabel: map[string]*identity.Identity{},
		addresses: map[Endpoint]*party{}, computed: map[identity.NumericIdentity]*policy.EndpointPolicy{},
		prefixes: map[ipcachetypes.ResourceID][]netip.Prefix{},
	}
	reserved := identity.ListReservedIdentities()
	// Another engine may have told the process that its host is the API server.
	reserved[identity.ReservedIdentityHost] = labels.LabelHost.LabelArray()
	c.repository = policy.NewPolicyRepository(c.log, reserved, nil, nil, identitymanager.NewIDManager(c.log), nil)
	c.identities = newAllocator(c.updateIdentities)
	c.cache = ipcache.NewIPCache(&ipcache.Configuration{
		Context: ctx, Logger: c.log, IdentityAllocator: c.identities, IdentityUpdater: updater(c.updateIdentities),
	})
	c.repository.SetNamedPortsGetter(c.cache)
	if err := c.enter(w); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Close ends what runs for the engine.
func (c *Cilium) Close() {
	c.forgetPolicies(maps.Keys(maps.Clone(c.computed)))
	_ = c.cache.Shutdown() // there is nothing to end where no network was ever named
	c.cancel()
}

// Egress says whether a flow leaves its source.
func (c *Cilium) Egress(f Flow) (bool, error) {
	return c.passes(f.From, f.To, f, policy.EgressKey())
}

// Ingress says whether a flow enters its destination.
func (c *Cilium) Ingress(f Flow) (bool, error) {
	return c.passes(f.To, f.From, f, policy.IngressKey())
}

// Directions is both ends at once.
func (c *Cilium) Directions(from, to Endpoint, transport protocol.Transport, port uint16) (out, in bool, err error) {
	return Directions(c, Flow{From: from, To: to, Transport: transport, Port: port})
}

func (c *Cilium) passes(at, with Endpoint, f Flow, key policy.Key) (bool, error) {
	subject, err := c.party(at)
	if err != nil || !subject.subject || at == with {
		return err == nil, err // a pod always reaches itself
	}
	peer, err := c.party(with)
	if err != nil {
		return false, err
	}
	transport, ok := transports[f.Transport]
	if !ok || f.Port == 0 {
		return false, fmt.Errorf("%d/%s is no port", f.Port, f.Transport)
	}
	p, err := c.policyOf(subject)
	if err != nil {
		return false, err
	}
	entry, _, _ := p.Lookup(key.WithIdentity(peer.id.ID).WithPortProto(transport, f.Port))
	return !entry.IsDeny(), nil
}

// Entries is the number of entries that the agent would write into the policy map
// of a pod, in a cluster with the pods and networks of this world and no others.
func (c *Cilium) Entries(pod Endpoint) (int, error) {
	subject, err := c.party(pod)
	if err != nil {
		return 0, err
	}
	if !subject.subject {
		return 0, fmt.Errorf("%s is no pod", pod)
	}
	p, err := c.policyOf(subject)
	if err != nil {
		return 0, err
	}
	return p.Len(), nil
}

// Why are the objects whose rules decided a direction at a pod, for messages; empty
// where none did.
func (c *Cilium) Why(at, with Endpoint, f Flow, ingress bool) string {
	subject, errSubject := c.party(at)
	peer, errPeer := c.party(with)
	if errSubject != nil || errPeer != nil || !subject.subject {
		return ""
	}
	p, err := c.policyOf(subject)
	if err != nil {
		return ""
	}
	key := policy.EgressKey()
	if ingress {
		key = policy.IngressKey()
	}
	_, meta, found := p.Lookup(key.WithIdentity(peer.id.ID).WithPortProto(transports[f.Transport], f.Port))
	if !found {
		return ""
	}
	var names []string
	for _, rule := range meta.LabelArray() {
		names = append(names, rule.Get(labels.LabelSourceK8sKeyPrefix+ciliumio.PolicyLabelName))
	}
	slices.Sort(names)
	return fmt.Sprint(slices.Compact(names))
}

// agent is held wherever Cilium counts on being the only agent of its process: its
// selectors have numbers of one counter without a lock, and two with the same number
// would be one to the engine; and one option differs between engines here.
var agent sync.Mutex

// policyOf computes the policy of a pod once, until something changes it.
func (c *Cilium) policyOf(subject *party) (*policy.EndpointPolicy, error) {
	if p := c.computed[subject.id.ID]; p != nil {
		return p, nil
	}
	selected, err := c.compute(subject.id)
	if err != nil {
		return nil, fmt.Errorf("computing the policy of %s: %w", subject.id.Labels, err)
	}
	p := selected.DistillPolicy(c.log, subject.owner, nil)
	if err := p.Ready(); err != nil {
		return nil, fmt.Errorf("computing the policy map of %s: %w", subject.id.Labels, err)
	}
	selected.Supersede() // so that it goes when its only user does
	c.computed[subject.id.ID] = p
	return p, nil
}

func (c *Cilium) compute(id *identity.Identity) (policy.SelectorPolicy, error) {
	agent.Lock()
	defer agent.Unlock()
	option.Config.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostPolicy
	if c.hostPasses {
		option.Config.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostAlways
	}
	selected, _, err := c.repository.ComputeSelectorPolicy(id)
	return selected, err
}
