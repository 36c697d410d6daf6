// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/ipcache"
	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	ciliumio "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	slimcorev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	slimmetav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/source"
	testidentity "github.com/cilium/cilium/pkg/testutils/identity"
	ciliumtypes "github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

// firstPod is above what Cilium reserves.
const firstPod identity.NumericIdentity = 20000

var transports = map[protocol.Transport]u8proto.U8proto{
	protocol.TCP: u8proto.TCP, protocol.UDP: u8proto.UDP, protocol.SCTP: u8proto.SCTP,
}

// updater hands the identities of networks on to the engine.
type updater func(added, deleted identity.IdentityMap)

// UpdateIdentities is what the cache calls before it uses an identity.
func (u updater) UpdateIdentities(added, deleted identity.IdentityMap) <-chan struct{} {
	u(added, deleted)
	done := make(chan struct{})
	close(done)
	return done
}

// allocator numbers the identities of networks. Cilium's own one for tests does all
// but tell that an identity went.
type allocator struct {
	*testidentity.MockIdentityAllocator
	update updater
}

func newAllocator(update updater) *allocator {
	return &allocator{MockIdentityAllocator: testidentity.NewMockIdentityAllocator(nil), update: update}
}

// ReleaseLocalIdentities lets go of identities and tells of those that went.
func (a *allocator) ReleaseLocalIdentities(ids ...identity.NumericIdentity) ([]identity.NumericIdentity, error) {
	known := make(identity.IdentityMap, len(ids))
	for _, id := range ids {
		known[id] = a.IdentityMap[id]
	}
	gone, err := a.MockIdentityAllocator.ReleaseLocalIdentities(ids...)
	if len(gone) > 0 {
		maps.DeleteFunc(known, func(id identity.NumericIdentity, _ labels.LabelArray) bool { return !slices.Contains(gone, id) })
		a.update(nil, known)
	}
	return gone, err
}

// updateIdentities tells the cache of peers. Nobody uses a policy while identities
// change, so nobody is notified: see changeNetworks.
func (c *Cilium) updateIdentities(added, deleted identity.IdentityMap) {
	if len(added)+len(deleted) == 0 {
		return
	}
	var notified sync.WaitGroup
	c.repository.GetSelectorCache().UpdateIdentities(added, deleted, &notified)
	notified.Wait()
}

// enter takes in the world.
func (c *Cilium) enter(w World) error {
	for _, p := range w.Pods {
		namespaceLabels, ok := w.Namespaces[p.Namespace]
		if !ok {
			return fmt.Errorf("pod %s is in a namespace that the world has not", p.Endpoint())
		}
		if err := c.enterPod(p, namespaceLabels); err != nil {
			return err
		}
	}
	host := identity.NewIdentity(identity.ReservedIdentityHost, labels.LabelHost)
	c.pods[Host] = &party{id: host}
	health := identity.NewIdentity(identity.ReservedIdentityHealth, labels.LabelHealth)
	c.pods[Health] = &party{id: health, subject: true, owner: owner{id: uint64(health.ID)}}
	for address, entities := range w.Entities {
		if err := c.enterEntities(address, entities); err != nil {
			return err
		}
	}
	return nil
}

// identityOf is how the agent sees a pod: its named ports, and the labels of its
// identity. It is the agent's own code for the labels and their filter.
func identityOf(log *slog.Logger, p Pod, namespaceLabels map[string]string) (ciliumtypes.NamedPortMap, labels.Labels) {
	namespace := &slimcorev1.Namespace{ObjectMeta: slimmetav1.ObjectMeta{Name: p.Namespace, Labels: namespaceLabels}}
	pod := &slimcorev1.Pod{
		ObjectMeta: slimmetav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name, Labels: p.Labels},
		Spec:       slimcorev1.PodSpec{ServiceAccountName: "default"},
	}
	for _, port := range p.Ports {
		pod.Spec.Containers = append(pod.Spec.Containers, slimcorev1.Container{Ports: []slimcorev1.ContainerPort{{
			Name: port.Name, ContainerPort: int32(port.Port), Protocol: slimcorev1.Protocol(port.Transport),
		}}})
	}
	ports, all := k8s.GetPodMetadata(log, namespace, pod)
	seen, _ := labelsfilter.Filter(labels.Map2Labels(all, labels.LabelSourceK8s))
	return ports, seen
}

// SeenLabels are the labels that a policy of Cilium can select a pod by, those of its
// namespace among them.
func SeenLabels(p Pod, namespaceLabels map[string]string) (map[string]string, error) {
	if err := setOptions(); err != nil {
		return nil, err
	}
	_, seen := identityOf(slog.New(slog.DiscardHandler), p, namespaceLabels)
	out := make(map[string]string, len(seen))
	for key, l := range seen {
		out[key] = l.Value
	}
	return out, nil
}

// SeesPodLabel says whether a policy of Cilium can select pods by this label. By some
// that it cannot, it selects something else: what Cilium itself writes under the key.
func SeesPodLabel(key string) (bool, error) {
	seen, err := SeenLabels(Pod{Namespace: "n", Name: "p", Labels: map[string]string{key: "value"}}, nil)
	return seen[key] == "value", err
}

// SeesNamespaceLabel says whether it can select pods by this label of their namespace.
func SeesNamespaceLabel(key string) (bool, error) {
	seen, err := SeenLabels(Pod{Namespace: "n", Name: "p"}, map[string]string{key: "value"})
	return seen[ciliumio.PodNamespaceMetaLabelsPrefix+key] == "value", err
}

// enterPod gives a pod the identity that the agent would give it.
func (c *Cilium) enterPod(p Pod, namespaceLabels map[string]string) error {
	ports, seen := identityOf(c.log, p, namespaceLabels)
	key := string(seen.SortedList())
	id := c.podByLabel[key]
	if id == nil {
		id = identity.NewIdentity(c.nextPod, seen)
		c.nextPod++
		c.podByLabel[key] = id
		added := identity.IdentityMap{id.ID: id.LabelArray}
		c.updateIdentities(added, nil)
		c.repository.UpdateIdentities(added, nil)
	}
	at := &party{id: id, subject: true, owner: owner{id: uint64(id.ID), ports: ports}}
	c.pods[p.Endpoint()] = at
	for _, a := range p.Addresses {
		c.pods[Endpoint(a.String())] = at
		meta := &ipcache.K8sMetadata{Namespace: p.Namespace, PodName: p.Name, NamedPorts: ports}
		own := ipcache.Identity{ID: id.ID, Source: source.CustomResource}
		if _, err := c.cache.Upsert(a.String(), nil, 0, meta, own); err != nil { //nolint:staticcheck // the agent enters pods this way
			return fmt.Errorf("entering %s at %s: %w", p.Endpoint(), a, err)
		}
	}
	return nil
}

func (c *Cilium) enterEntities(address netip.Addr, entities []Entity) error {
	known := labels.Labels{}
	from := source.Local
	for _, e := range entities {
		switch e {
		case EntityHost:
			known.MergeLabels(labels.LabelHost)
		case EntityRemoteNode:
			known.MergeLabels(labels.LabelRemoteNode)
		case EntityAPIServer:
			known.MergeLabels(labels.LabelKubeAPIServer)
			from = source.KubeAPIServer
		default:
			return fmt.Errorf("address %s: there is no entity %q", address, e)
		}
	}
	rev := c.cache.UpsertMetadataBatch(ipcache.MU{
		Prefix:   cmtypes.NewLocalPrefixCluster(netip.PrefixFrom(address, address.BitLen())),
		Source:   from,
		Resource: ipcachetypes.NewResourceID(ipcachetypes.ResourceKindNode, "", "world"),
		Metadata: []ipcache.IPMetadata{known},
	})
	return c.wait(rev)
}

// tooLong is how long the cache may take for what takes it well below a millisecond.
const tooLong = 30 * time.Second

func (c *Cilium) wait(revision uint64) error {
	ctx, cancel := context.WithTimeout(context.Background(), tooLong)
	defer cancel()
	if err := c.cache.WaitForRevision(ctx, revision); err != nil {
		return fmt.Errorf("waiting for the identities of networks: %w", err)
	}
	return nil
}

// party finds an endpoint. An address has the identity of the longest network around
// it that anybody named, and without one it is just outside.
func (c *Cilium) party(at Endpoint) (*party, error) {
	if p := c.pods[at]; p != nil {
		return p, nil
	}
	if p := c.addresses[at]; p != nil {
		return p, nil
	}
	address, err := netip.ParseAddr(string(at))
	if err != nil {
		return nil, fmt.Errorf("the world has no endpoint %q", at)
	}
	number := identity.ReservedIdentityWorldIPv4
	if address.Is6() {
		number = identity.ReservedIdentityWorldIPv6
	}
	if known, ok := c.cache.LookupSecIDByIP(address); ok {
		number = known.ID
	}
	p := &party{id: &identity.Identity{ID: number}}
	c.addresses[at] = p
	return p, nil
}

// forgetPolicies gives back computed policies.
func (c *Cilium) forgetPolicies(of iter.Seq[identity.NumericIdentity]) {
	for id := range of {
		if p := c.computed[id]; p != nil {
			p.Detach(c.log)
			delete(c.computed, id)
		}
	}
}

// owner is the endpoint that a policy is computed for, as the policy package asks.
type owner struct {
	id    uint64
	ports ciliumtypes.NamedPortMap
}

// GetID is a number that is not used for anything here.
func (o owner) GetID() uint64 { return o.id }

// GetIngressNamedPort is the pod's port of that name, 0 for none.
func (o owner) GetIngressNamedPort(name string, transport u8proto.U8proto) uint16 {
	port, err := o.ports.GetNamedPort(name, transport)
	if err != nil {
		return 0
	}
	return port
}

// PolicyDebug drops it.
func (owner) PolicyDebug(string, ...any) {}

// IsHost says that it is a pod.
func (owner) IsHost() bool { return false }

// PreviousMapStateSizes is a hint only.
func (owner) PreviousMapStateSizes() policy.MapStateSizes { return policy.MapStateSizes{} }

// RegenerateIfAlive has nothing to do: policies are computed when somebody asks.
func (owner) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}
