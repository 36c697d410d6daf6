// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// opcua is what the windows of these tests reach: pods of a zone, and one port.
func opcua(grant v1alpha1.Grant) func(*v1alpha1.VendorAccessWindow) {
	return func(w *v1alpha1.VendorAccessWindow) {
		port := int32(4840)
		w.Spec.Grant = grant
		w.Spec.Reach = []v1alpha1.Reach{{
			Zone: "cell-filtration", Workloads: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "opcua-server"}},
			Flows: []v1alpha1.Flow{{Port: &port, Transport: "TCP"}},
		}}
	}
}

// way is one that a packet may go.
type way struct {
	name string
	from *stage.Host
	to   netip.AddrPort
	want bool
}

func portOf(h *stage.Host, port uint16) netip.AddrPort { return netip.AddrPortFrom(h.Address, port) }

// tries sends packets each way and compares.
func (a *accessPlant) tries(when string, ways ...way) {
	a.t.Helper()
	for _, w := range ways {
		patience := quick
		if w.want {
			patience = patient
		}
		if got := stage.DialAddress(w.from, w.to, stage.TCP(w.to.Port()), patience).Passed; got != w.want {
			a.t.Errorf("%s: %s: passed %t, want %t", when, w.name, got, w.want)
		}
	}
}

// On a real agent a window opens what it reaches, from the jump host through its relay,
// and nothing else: not with the guard's denies beside it, and at no other time.
func TestAWindowOpensWhatItReachesAndNothingElse(t *testing.T) {
	for name, layers := range map[string][]string{"guarded at admission": nil, "guarded in the datapath": {"Admission", "Datapath"}} {
		t.Run(name, func(t *testing.T) {
			a := withVendors(t, plant(t), layers...)
			server, other := a.host("ww-filtration/opcua-server-0"), a.host("ww-supervision/scada-0")
			office, visitor, stranger := a.host("office-pc"), a.host("default/visitor"), a.host("stranger")
			must(t, server.Serve(stage.TCP(4840), stage.TCP(9301)), other.Serve(stage.TCP(9301)), stranger.Serve(stage.TCP(9301)))
			never := []way{
				{"jump host to the server past the relay", a.jump, portOf(server, 4840), false},
				{"office to the server", office, portOf(server, 4840), false},
			}
			a.tries("before", never...)

			w := a.request("packets", time.Hour, opcua(v1alpha1.GrantRelay))
			a.becomes(w, v1alpha1.WindowRequested)
			a.tries("requested", never...)
			a.decide(owner, w, v1alpha1.DecisionApprove)
			relay := a.RunWindowPod(t, "window-"+w.Name)
			a.isOpen(w)
			through := way{"jump host to the server through the relay", a.jump, portOf(relay.Host, firstRelayPort), true}
			stage.Until(t, settles, through.name, func() bool {
				return stage.DialAddress(through.from, through.to, stage.TCP(firstRelayPort), quick).Passed
			})
			a.tries("open", append(never, through,
				way{"office to the relay", office, portOf(relay.Host, firstRelayPort), false},
				way{"a pod of no zone to the relay", visitor, portOf(relay.Host, firstRelayPort), false},
				way{"the relay's pod to another port of the server", relay.Host, portOf(server, 9301), false},
				way{"the relay's pod to another zone", relay.Host, portOf(other, 9301), false},
				way{"the relay's pod to the outside", relay.Host, portOf(stranger, 9301), false},
				way{"the server to the relay's pod", server, portOf(relay.Host, firstRelayPort), false},
			)...)
			s, err := stage.OpenAt(a.jump, through.to, server, stage.TCP(4840), accessBeat)
			must(t, err)
			t.Cleanup(s.Close)
			revoked := time.Now()
			a.decide(shift, w, v1alpha1.DecisionRevoke)
			request := time.Since(revoked)
			last := a.quietAfter([]*stage.Stream{s}, settles)
			record(t, name+": revoked to the last packet through a relay", "%s", ms(last.Sub(revoked)))
			if most := max(lateAtMost, exchanges*request); last.Sub(revoked) > most {
				t.Errorf("the last packet passed %s after the revocation, want at most %s", last.Sub(revoked), most)
			}
			stage.Until(t, settles, "the relay's process is gone", relay.Over)
			relay.Remove(t)
			a.becomes(w, v1alpha1.WindowRevoked)
			through.want = false
			a.tries("revoked", append(never, through)...)
			a.removeWindows()
		})
	}
}

// The grant SourceAddress opens from the jump host's address, and what it had open ends
// with it: the node agent sees to that.
func TestASourceAddressEndsWithItsWindow(t *testing.T) {
	a := withVendors(t, plant(t))
	server := a.host("ww-filtration/opcua-server-0")
	must(t, server.Serve(stage.TCP(4840), stage.TCP(9301)))
	var late, requests figures
	for i := range 5 {
		w := a.request(fmt.Sprintf("address-%d", i), time.Hour, opcua(v1alpha1.GrantSourceAddress))
		a.decide(owner, w, v1alpha1.DecisionApprove)
		a.becomes(w, v1alpha1.WindowActive)
		stage.Until(t, settles, "the jump host reaches the server", func() bool {
			return stage.Dial(a.jump, server, stage.TCP(4840), quick).Passed
		})
		a.tries("open",
			way{"jump host to another port", a.jump, portOf(server, 9301), false},
			way{"office to the server", a.host("office-pc"), portOf(server, 4840), false})
		s := a.open(a.jump, server, stage.TCP(4840))
		revoked := time.Now()
		a.decide(shift, w, v1alpha1.DecisionRevoke)
		requests = append(requests, time.Since(revoked))
		late = append(late, max(0, a.quietAfter([]*stage.Stream{s}, settles).Sub(revoked)))
		a.becomes(w, v1alpha1.WindowRevoked)
		a.tries("revoked", way{"jump host to the server", a.jump, portOf(server, 4840), false})
	}
	record(t, "revoked to the last packet from a source address", "%s", late)
	if worst, most := late.at(1), max(lateAtMost, exchanges*requests.at(1)); worst > most {
		t.Errorf("the last packet passed %s after the revocation, want at most %s", worst, most)
	}
}
