// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

const (
	nodeAddress = "172.30.0.1"
	// balancer is the address of a load balancer, which the plant routes to the node.
	balancer = "172.31.0.100"
)

// published is a workload by NodePort and by load balancer.
const published = `
apiVersion: v1
kind: Service
metadata: {name: %s, namespace: %s}
spec:
  type: LoadBalancer
  externalTrafficPolicy: %s
  selector: {app: %s}
  ports: [{port: %d, targetPort: 443, nodePort: %d}]
`

// A device reaches a pod by NodePort and by load balancer. With externalTrafficPolicy
// Local the pod's policy sees the device, and the conduit holds. With Cluster it sees
// one address of the node for everybody, which no conduit allows, so that nobody gets
// in, the office for which there is a conduit included: that is what the finding
// SourceAddressLost says.
func TestWhatPoliciesSeeOfServices(t *testing.T) {
	w := plant(t)
	must(t, w.StartProxy())
	t.Cleanup(func() { must(t, w.StopProxy()) })
	for i, policy := range []string{"Local", "Cluster"} {
		t.Run(policy, func(t *testing.T) { w.testService(t, policy, i) })
	}
}

// testService uses ports of its own: kube-proxy may still know those of another.
func (w *waterWorks) testService(t *testing.T, policy string, i int) {
	t.Helper()
	// The portal of the DMZ, and beside it a pod that no policy selects: it shows when
	// kube-proxy is ready, and what address arrives.
	w.publish(t, "open", "default", policy, "visitor", 8443+i, 30043+i)
	w.publish(t, "portal", "ww-dmz", policy, "reports-portal", 443+i, 30054+i)
	office, stranger := w.host("office-pc"), w.host("stranger")
	for _, by := range []struct{ open, portal netip.AddrPort }{
		{at(nodeAddress, 30043+i), at(nodeAddress, 30054+i)}, {at(balancer, 8443+i), at(balancer, 443+i)},
	} {
		var seen stage.Outcome
		stage.Until(t, settles, fmt.Sprintf("kube-proxy passes %s", by.open), func() bool {
			seen = stage.DialAddress(office, by.open, stage.TCP(443), quick)
			return seen.Passed
		})
		kept := seen.Source == office.Address
		in, out := w.patiently(kept, office, by.portal), w.patiently(false, stranger, by.portal)
		record(t, fmt.Sprintf("externalTrafficPolicy %s by %s", policy, by.portal), "the office is seen as %s; passed with a conduit: %t, without: %t", seen.Source, in, out)
		if kept != (policy == "Local") || in != kept || out {
			t.Errorf("%s by %s: the office is seen as %s and passed: %t, a stranger passed: %t", policy, by.portal, seen.Source, in, out)
		}
	}
	w.finding(t, v1alpha1.ReasonSourceAddressLost, policy == "Cluster")
}

func at(address string, port int) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(address), uint16(port))
}

// patiently tries a connection, longer where it should pass.
func (w *waterWorks) patiently(should bool, from *stage.Host, to netip.AddrPort) bool {
	patience := time.Second
	if should {
		patience = settles
	}
	ctx, cancel := context.WithTimeout(w.ctx(), patience)
	defer cancel()
	for ctx.Err() == nil {
		if stage.DialAddress(from, to, stage.TCP(443), quick).Passed {
			return true
		}
	}
	return false
}

func (w *waterWorks) publish(t *testing.T, name, namespace, policy, app string, port, nodePort int) {
	t.Helper()
	service := stage.Parse(t, fmt.Sprintf(published, name, namespace, policy, app, port, nodePort))[0]
	t.Cleanup(func() { w.Remove(t, service) })
	w.Apply(t, service)
	var live corev1.Service
	must(t, w.Get(t.Context(), client.ObjectKeyFromObject(service), &live))
	live.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: balancer}}
	must(t, w.Status().Update(t.Context(), &live))
}

// finding waits until a conduit reports a reason about the portal, or none does.
func (w *waterWorks) finding(t *testing.T, reason string, want bool) {
	t.Helper()
	stage.Until(t, settles, fmt.Sprintf("%s of the portal is reported: %t", reason, want), func() bool {
		var conduits v1alpha1.ConduitList
		must(t, w.List(t.Context(), &conduits))
		reported := false
		for _, c := range conduits.Items {
			for _, f := range c.Status.Findings {
				reported = reported || f.Reason == reason && strings.Contains(f.Message, "ww-dmz/portal")
			}
		}
		return reported == want
	})
}

// A pod reaches a device through masquerading: the policy decides before the address
// changes, and the device sees the node.
func TestWhatADeviceSeesOfAMasqueradedPod(t *testing.T) {
	w := plant(t)
	must(t, w.Masquerade(true))
	t.Cleanup(func() { must(t, w.Masquerade(false)) })
	gateway, plc := w.host("ww-filtration/modbus-gateway-0"), w.host("plc-filter-01")
	must(t, plc.Serve(stage.TCP(502)))
	got := stage.Dial(gateway, plc, stage.TCP(502), patient)
	if !got.Passed || got.Source.String() != nodeAddress {
		t.Errorf("a gateway to the PLC of its cell: passed=%t, seen as %s, want it seen as the node %s", got.Passed, got.Source, nodeAddress)
	}
	if stage.Dial(w.host("ww-supervision/scada-0"), plc, stage.TCP(502), patient).Passed {
		t.Error("scada reaches the PLC of a cell, which no conduit allows")
	}
	record(t, "a masqueraded pod", "the PLC sees %s for %s", got.Source, gateway.Address)
}
