// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/probe"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

const (
	// dialTimeout is shorter than the time after which the kernel sends a second SYN, and
	// long for a packet that does not leave the node.
	dialTimeout = 500 * time.Millisecond
	// firstHighPort is where ports for connections that must pass begin, inside a zone or
	// from the node. Nobody serves there. Each round uses another.
	firstHighPort = 42000
	highPorts     = 1000
	// zonesAbreast are probed at a time. What must not pass is waited for, and costs
	// nothing meanwhile.
	zonesAbreast = 8
)

// probeZones probes every enforced zone with members on this node, at each interval and
// when somebody asks, until the context ends.
func (a *Agent) probeZones(ctx context.Context) error {
	tick := a.clock.NewTicker(a.ProbeEvery)
	defer tick.Stop()
	for round := uint32(0); ; round++ {
		if err := a.probeOnce(ctx, round); err != nil && ctx.Err() == nil {
			a.log.Error(err, "probing")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C():
		case <-a.asked:
		}
	}
}

func (a *Agent) probeOnce(ctx context.Context, round uint32) error {
	wishes, err := a.wishes(ctx)
	if err != nil {
		return err
	}
	members, locals, err := a.locals(ctx)
	if err != nil {
		return err
	}
	node, err := a.self(ctx)
	if err != nil {
		return err
	}
	judge := a.judge(node)
	prober := &probe.Prober{Network: a.hosts, Judge: judge, Timeout: dialTimeout}
	ports := []uint16{firstHighPort + uint16(round%highPorts)}
	zones := slices.Sorted(maps.Keys(members))
	results := make([]v1alpha1.NodeZoneReport, len(zones))
	var g errgroup.Group
	g.SetLimit(zonesAbreast)
	for i, zone := range zones {
		g.Go(func() error {
			plan := probe.Choose(members[zone], locals, ports, round, judge)
			plan.MustPass = append(plan.MustPass, probe.FromNode(node, members[zone], ports, judge)...)
			results[i] = a.zoneReport(zone, prober.Run(ctx, plan), wishes[zone])
			return nil
		})
	}
	_ = g.Wait() // no probe fails: what it could not try, its result says
	agent, message := a.policyAgent(ctx)
	if ctx.Err() == nil && a.report.setProbes(results, agent, message) {
		poke(a.due)
	}
	return nil
}

func (a *Agent) zoneReport(zone string, r probe.Result, wish string) v1alpha1.NodeZoneReport {
	probes.WithLabelValues(string(r.State)).Inc()
	return v1alpha1.NodeZoneReport{
		Name: zone, Result: v1alpha1.ProbeResult(r.State), Message: cut(r.Why, 256),
		MustPass: cut(r.MustPass, 512), MustNotPass: cut(r.MustNot, 512),
		ProbedAt: metav1.NewTime(a.clock.Now()), Answers: wish,
	}
}

// wishes are the values by which people asked for a probe, by zone.
func (a *Agent) wishes(ctx context.Context) (map[string]string, error) {
	var zones metav1.PartialObjectMetadataList
	zones.SetGroupVersionKind(zoneKind)
	if err := a.cache.List(ctx, &zones, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("reading zones: %w", err)
	}
	out := map[string]string{}
	for _, z := range zones.Items {
		// A longer value asks for nothing: it could not be answered.
		if wish := z.Annotations[v1alpha1.AnnotationVerify]; len(wish) <= v1alpha1.VerifyMaxLength {
			out[z.Name] = wish
		}
	}
	return out, nil
}

// locals are the pods of this node that have a network of their own, and among them the
// members of each enforced zone.
func (a *Agent) locals(ctx context.Context) (members map[string][]probe.Pod, locals []probe.Pod, err error) {
	places, skipped, err := a.hosts.Read(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range skipped {
		a.log.V(1).Info("passed over a network namespace", "path", s.Path, "reason", s.Reason)
	}
	pods, err := a.pods(ctx)
	if err != nil {
		return nil, nil, err
	}
	rules := a.rules.Load()
	members = map[string][]probe.Pod{}
	for _, p := range pods {
		if p.node != a.Node || p.HostNetwork || !slices.ContainsFunc(p.Addresses, func(x netip.Addr) bool { return places[x] != "" }) {
			continue
		}
		zones := rules.Floors(p.Addresses[0])
		one := probe.Pod{Name: p.Namespace + "/" + p.Name, Addrs: p.Addresses, Zoned: len(zones) > 0}
		locals = append(locals, one)
		for _, z := range zones {
			members[z] = append(members[z], one)
		}
	}
	return members, locals, nil
}

// self is this node, from where the kubelet's probes come.
func (a *Agent) self(ctx context.Context) (probe.Pod, error) {
	var node corev1.Node
	if err := a.cache.Get(ctx, client.ObjectKey{Name: a.Node}, &node); err != nil {
		return probe.Pod{}, fmt.Errorf("reading node %s: %w", a.Node, err)
	}
	return probe.Pod{Name: a.Node, Addrs: addressesOf(&node)}, nil
}

// judge says what the rules of the moment say of a TCP connection. A pod's own node is
// always let in, by Cilium's default and by what NetworkPolicy is defined to mean: what
// stops it stops the kubelet's probes as well.
func (a *Agent) judge(node probe.Pod) probe.Judge {
	return func(src, dst netip.Addr, port uint16) probe.Answer {
		v := a.rules.Load().Judge(verdict.Flow{Source: src, Destination: dst, Transport: protocol.TCP, Port: port})
		if v.Answer == verdict.Unknown && slices.Contains(node.Addrs, src) {
			return probe.Admitted
		}
		return probe.Answer(v.Answer) // the same words
	}
}
