// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Router is a node whose network plugin filters in the kernel with connection tracking,
// as most do: what is established passes, and what is new must be allowed. Its pods are
// network namespaces; what it allows is up to the test, which stands in for the plugin.
type Router struct {
	// Name of the node.
	Name string
	// Namespace is the file of the node's network namespace.
	Namespace string
	stage     *Stage
}

// Passage is one allowed way through a router.
type Passage struct {
	From, To *Host
	Port     Port
}

// Router makes a node of this kind, until the test ends.
func (s *Stage) Router(t *testing.T, name, address string) *Router {
	t.Helper()
	ns, err := newNamespace(name)
	if err != nil {
		t.Fatal(err)
	}
	err = inside(ns, func() error {
		return errors.Join(os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o600),
			addAddress("lo", address+"/32"))
	})
	if err != nil {
		t.Fatalf("making router %s: %v", name, err)
	}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := s.Create(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.Delete(context.WithoutCancel(t.Context()), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}})
		_ = removeNamespace(ns)
	})
	// A patch, because controllers write nodes as well.
	before := node.DeepCopy()
	node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address}}
	if err := s.Status().Patch(t.Context(), node, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	return &Router{Name: name, Namespace: ns, stage: s}
}

// Pod makes a pod on the router, until the test ends.
func (r *Router) Pod(t *testing.T, name, address string, labels map[string]string) *Host {
	t.Helper()
	h := &Host{Name: name, Address: netip.MustParseAddr(address), Labels: labels}
	ns, err := newNamespace(namespaceOf(h))
	if err != nil {
		t.Fatal(err)
	}
	h.namespace = ns
	if err := r.wire(h); err != nil {
		t.Fatalf("wiring %s: %v", name, err)
	}
	namespace, short, _ := strings.Cut(name, "/")
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: short, Labels: labels},
		Spec:       corev1.PodSpec{NodeName: r.Name, Containers: []corev1.Container{{Name: "server", Image: "stage"}}},
	}
	if err := r.stage.Create(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.StopServing()
		_ = r.stage.Delete(context.WithoutCancel(t.Context()), pod, client.GracePeriodSeconds(0))
		_ = removeNamespace(ns)
	})
	before := pod.DeepCopy()
	pod.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: address, PodIPs: []corev1.PodIP{{IP: address}}}
	if err := r.stage.Status().Patch(t.Context(), pod, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	return h
}

// wire joins a pod to the router by a pair of interfaces.
func (r *Router) wire(h *Host) error {
	ns, err := os.Open(h.namespace)
	if err != nil {
		return err
	}
	defer func() { _ = ns.Close() }()
	link := fmt.Sprintf("to-%d", h.Address.As4()[3])
	err = inside(r.Namespace, func() error {
		wire := &netlink.Veth{LinkAttrs: netlink.NewLinkAttrs(), PeerName: "eth0", PeerNamespace: netlink.NsFd(int(ns.Fd()))}
		wire.Name = link
		return errors.Join(netlink.LinkAdd(wire), up(link), addAddress(link, "169.254.1.1/32"), routeVia(link, h.Address.String()+"/32"))
	})
	if err != nil {
		return err
	}
	return inside(h.namespace, func() error {
		return errors.Join(addAddress("eth0", h.Address.String()+"/32"), up("eth0"),
			routeVia("eth0", "169.254.1.1/32"), addRoute("0.0.0.0/0", "169.254.1.1"))
	})
}

// Allow makes these the only ways through.
func (r *Router) Allow(passages ...Passage) error {
	rules := []string{
		"flush ruleset", "table ip router {", "chain forward {",
		"type filter hook forward priority filter; policy drop;", "ct state established,related accept",
	}
	for _, p := range passages {
		rules = append(rules, fmt.Sprintf("ip saddr %s ip daddr %s %s dport %d accept",
			p.From.Address, p.To.Address, strings.ToLower(p.Port.Transport), p.Port.Number))
	}
	rules = append(rules, "}", "}", "")
	return inside(r.Namespace, func() error {
		cmd := exec.Command("nft", "-f", "-")
		cmd.Stdin = strings.NewReader(strings.Join(rules, "\n"))
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("writing nftables rules: %w: %s", err, out)
		}
		return nil
	})
}
