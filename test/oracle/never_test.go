// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle"
	"github.com/zonewarden/zonewarden/test/oracle/declared"
	"github.com/zonewarden/zonewarden/test/oracle/plant"
)

// TestNeverBlocked: whatever floors and guards are drawn, the node reaches every pod on
// every port (a probe that fails restarts the plant), pods reach the name service where
// their zone may, Cilium's health endpoint is held by nothing, and pods out of the Site's
// scope, the operator's own above all, send and get whatever they did.
func TestNeverBlocked(t *testing.T) {
	t.Parallel()
	passed, start := map[string]int{}, time.Now()
	rapid.Check(t, func(t *rapid.T) {
		p := plant.Draw(t)
		m := topology.Resolve(p.Snapshot)
		q := neverQuestions(t, p, m)
		for _, b := range backends {
			set := b.compile(m)
			judge, err := declared.New(p, m, set, b.onCilium)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range b.engines {
				if err := passesAll(name, p, set, vital(p, judge, b, q), passed); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
	fmt.Printf("never blocked, in %.1f s:\n", time.Since(start).Seconds())
	for _, what := range slices.Sorted(maps.Keys(passed)) {
		fmt.Printf("  %8d %s\n", passed[what], what)
	}
	for _, what := range []string{probe, nameService, health, untouched} {
		if n := passed[ciliumOnCilium+": "+what]; n < leastVital {
			t.Errorf("%s: %d only", what, n)
		}
	}
}

// What must never be blocked, in words.
const (
	probe       = "the node to a pod"
	nameService = "a pod to the name service"
	health      = "Cilium's health endpoint"
	untouched   = "at a pod out of scope"

	leastVital = 100
)

// vitalFlow must pass one end.
type vitalFlow struct {
	oracle.Flow
	ingress bool
	what    string
}

// neverQuestions are all pods, the node and some addresses, and some ports at the edges
// of what is declared.
func neverQuestions(t *rapid.T, p plant.Plant, m *topology.Model) questions {
	q := questions{ports: append(some(t, "ports", p.PortEdges(m), 3), plant.Port{Transport: protocol.TCP, Number: 8080})}
	var addresses []oracle.Endpoint
	for _, e := range p.Endpoints() {
		if isPod(e) || e == oracle.Host {
			q.ends = append(q.ends, e)
		} else {
			addresses = append(addresses, e)
		}
	}
	q.ends = append(q.ends, some(t, "addresses", addresses, 4)...)
	return q
}

func vital(p plant.Plant, judge *declared.Judge, b judged, q questions) []vitalFlow {
	var out []vitalFlow
	add := func(what string, f oracle.Flow, ingress bool) { out = append(out, vitalFlow{f, ingress, what}) }
	for _, f := range q.flows() {
		if f.From == oracle.Host {
			add(probe, f, true)
		}
		if ok, _ := judge.Untouched(f.From); ok && (b.onCilium || f.To != oracle.Host) {
			add(untouched, f, false)
		}
		if ok, _ := judge.Untouched(f.To); ok {
			add(untouched, f, true)
		}
	}
	if b.onCilium {
		for _, f := range healthFlows(p) {
			add(health, f, f.To == oracle.Health)
		}
	}
	for _, f := range dnsFlows(p) {
		if v, err := judge.Egress(f); err == nil && v.Must {
			add(nameService, f, false)
			add(nameService, f, true)
		}
	}
	return out
}

// healthFlows are between Cilium's health endpoint and the nodes.
func healthFlows(p plant.Plant) []oracle.Flow {
	nodes := []oracle.Endpoint{oracle.Host}
	for _, n := range p.Nodes {
		for _, a := range plant.NodeAddresses(n) {
			nodes = append(nodes, oracle.Endpoint(a.String()))
		}
	}
	var out []oracle.Flow
	for _, node := range nodes {
		for _, port := range []uint16{4240, 1, 65535} {
			out = append(out, oracle.Flow{From: node, To: oracle.Health, Transport: protocol.TCP, Port: port},
				oracle.Flow{From: oracle.Health, To: node, Transport: protocol.TCP, Port: port})
		}
	}
	return out
}

// dnsFlows are from pods of zones that may use the name service to all of its pods and
// addresses, read from the Site as it was declared.
func dnsFlows(p plant.Plant) []oracle.Flow {
	if p.Site == nil {
		return nil
	}
	dns := p.Site.Spec.Platform.DNS
	servers := []oracle.Endpoint{"kube-system/dns"}
	for _, a := range p.Addresses() {
		if slices.Contains(dns.Addresses, a.String()) && !a.IsLinkLocalUnicast() {
			servers = append(servers, oracle.Endpoint(a.String()))
		}
	}
	var out []oracle.Flow
	for _, pod := range p.Pods {
		for _, server := range servers {
			from := oracle.Endpoint(pod.Namespace + "/" + pod.Name)
			for _, transport := range []protocol.Transport{protocol.UDP, protocol.TCP} {
				if from != server && usesDNS(p, pod) {
					out = append(out, oracle.Flow{From: from, To: server, Transport: transport, Port: uint16(dns.Port)})
				}
			}
		}
	}
	return out
}

// usesDNS leaves out pods that no zone with the name service can have: there is nothing
// to ask about.
func usesDNS(p plant.Plant, pod topology.Pod) bool {
	return pod.Namespace != "kube-system" && slices.ContainsFunc(p.Zones, func(z *v1alpha1.Zone) bool {
		return z.Spec.PlatformServices.DNS != v1alpha1.PermissionDeny && len(z.Spec.Members.Workloads) > 0
	})
}

func passesAll(name string, p plant.Plant, set policy.Set, flows []vitalFlow, passed map[string]int) error {
	e, closeEngine, err := newEngine(name, p)
	if err != nil {
		return err
	}
	defer closeEngine()
	for o := range raw(set) {
		if err := e.Apply(o); err != nil {
			return err
		}
	}
	engine, err := abstaining(name, e, raw(set))
	if err != nil {
		return err
	}
	for _, f := range flows {
		ask := engine.Egress
		if f.ingress {
			ask = engine.Ingress
		}
		passes, err := ask(f.Flow)
		switch {
		case errors.Is(err, oracle.ErrNotJudged):
		case err != nil:
			return err
		case !passes:
			return fmt.Errorf("%s: %s is blocked, into its destination %t (%s), by %s", name, f.Flow, f.ingress, f.what, reason(engine, f.Flow, f.ingress))
		default:
			passed[name+": "+f.what]++
		}
	}
	return nil
}

// neverBlocked are the flows of a change that must pass all the time.
func neverBlocked(w changing, c plant.Change, flows []oracle.Flow) (passing, error) {
	out := passing{out: newBits(len(flows)), in: newBits(len(flows))}
	before, errBefore := readAlone(w.before, c.Before)
	after, errAfter := readAlone(w.after, c.After)
	if err := errors.Join(errBefore, errAfter); err != nil {
		return out, err
	}
	never := func(e oracle.Endpoint) bool {
		if e == oracle.Health {
			return true
		}
		b, errBefore := before.Untouched(e)
		a, errAfter := after.Untouched(e)
		return errBefore == nil && errAfter == nil && b && a
	}
	for i, f := range flows {
		if f.From == oracle.Host || never(f.To) {
			out.in.set(i)
		}
		if never(f.From) && f.To != oracle.Host {
			out.out.set(i)
		}
	}
	return out, nil
}

func readAlone(b judged, p plant.Plant) (*declared.Judge, error) {
	m := topology.Resolve(p.Snapshot)
	return declared.New(p, m, b.compile(m), b.onCilium)
}

// blocked looks for what is blocked in some state.
func (r *run) blocked() string {
	for i, p := range r.passing {
		if n := r.never.out.and(p.judged).minus(p.out).first(); n >= 0 {
			return r.describe("is blocked at its source", n, i, i)
		}
		if n := r.never.in.and(p.judged).minus(p.in).first(); n >= 0 {
			return r.describe("is blocked at its destination", n, i, i)
		}
	}
	return ""
}
