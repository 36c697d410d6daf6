// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package flows

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/zonewarden/zonewarden/internal/protocol"
)

// The network: client - router - server, the router tracks. Its Service address
// translates to the server, and it masquerades what goes from port 7007.
const (
	client, client6 = "10.71.1.2", "fd71:1::2"
	server, server6 = "10.71.2.2", "fd71:2::2"
	service         = "10.71.96.1"

	ruleset = `
table inet floor {
	chain passing {
		type filter hook forward priority 0
		policy accept
		ct state established,related accept
	}
	chain arriving {
		type nat hook prerouting priority -100
		ip daddr ` + service + ` tcp dport 80 dnat ip to ` + server + `:8080
	}
	chain leaving {
		type nat hook postrouting priority 100
		udp sport 7007 masquerade
	}
}`
	closing = `add rule inet floor passing drop` // nothing new any more
)

// namespace is a network namespace that ends with the last descriptor to it.
type namespace struct {
	t      testing.TB
	handle netns.NsHandle
}

func newNamespace(tb testing.TB) namespace {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Fatal("this test makes network namespaces and has to run as root")
	}
	made := namespace{t: tb}
	var err error
	onThread(func() { made.handle, err = netns.New() })
	if err != nil {
		tb.Fatalf("making a network namespace: %v", err)
	}
	tb.Cleanup(func() { _ = made.handle.Close() })
	return made
}

// onThread runs do on a thread that ends with it.
func onThread(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		do()
	}()
	<-done
}

func (n namespace) do(what string, do func() error) {
	n.t.Helper()
	var err error
	onThread(func() {
		if err = netns.Set(n.handle); err == nil {
			err = do()
		}
	})
	if err != nil {
		n.t.Fatalf("%s: %v", what, err)
	}
}

func (n namespace) path() string { return fmt.Sprintf("/proc/self/fd/%d", n.handle) }

func (n namespace) nft(rules string) {
	n.t.Helper()
	n.do("loading rules", func() error {
		nft := exec.CommandContext(n.t.Context(), "nft", "-f", "-")
		nft.Stdin = strings.NewReader(rules)
		out, err := nft.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
}

// track makes an entry of TCP, as a rule that translates addresses would.
func (n namespace) track(from, to, replyFrom, replyTo netip.AddrPort) {
	n.t.Helper()
	handle, err := netlink.NewHandleAt(n.handle, unix.NETLINK_NETFILTER)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = handle.Close() }()
	oneWay := func(from, to netip.AddrPort) netlink.IPTuple {
		return netlink.IPTuple{
			SrcIP: from.Addr().AsSlice(), SrcPort: from.Port(),
			DstIP: to.Addr().AsSlice(), DstPort: to.Port(), Protocol: numberTCP,
		}
	}
	err = handle.ConntrackCreate(netlink.ConntrackTable, unix.AF_INET, &netlink.ConntrackFlow{
		FamilyType: unix.AF_INET, Forward: oneWay(from, to), Reverse: oneWay(replyFrom, replyTo),
		TimeOut: 600, ProtoInfo: &netlink.ProtoInfoTCP{State: 3},
	})
	if err != nil {
		n.t.Fatalf("making an entry: %v", err)
	}
}

// join lays a cable from a host to the router: 1 is the router's end, 2 the host's.
func join(host, router namespace, name string) {
	host.t.Helper()
	subnets := map[string][]string{
		"client": {"10.71.1.%d/24", "fd71:1::%d/64"},
		"server": {"10.71.2.%d/24", "fd71:2::%d/64"},
	}[name]
	host.do("joining "+name, func() error {
		return netlink.LinkAdd(&netlink.Veth{
			LinkAttrs: netlink.LinkAttrs{Name: "eth0"}, PeerName: name, PeerNamespace: netlink.NsFd(router.handle),
		})
	})
	router.do("addressing "+name, func() error { return address(name, subnets, 1) })
	host.do("addressing eth0", func() error { return address("eth0", subnets, 2) })
	host.do("routing", func() error {
		for _, subnet := range subnets {
			gateway := netip.MustParsePrefix(fmt.Sprintf(subnet, 1)).Addr()
			if err := netlink.RouteAdd(&netlink.Route{Gw: gateway.AsSlice()}); err != nil {
				return fmt.Errorf("by %s: %w", gateway, err)
			}
		}
		return nil
	})
}

func address(name string, subnets []string, host int) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	for _, subnet := range subnets {
		address, err := netlink.ParseAddr(fmt.Sprintf(subnet, host))
		if err != nil {
			return err
		}
		address.Flags = unix.IFA_F_NODAD
		if err := netlink.AddrAdd(link, address); err != nil {
			return fmt.Errorf("adding %s: %w", address, err)
		}
	}
	return netlink.LinkSetUp(link)
}

type network struct{ client, router, server namespace }

func newNetwork(t *testing.T) network {
	t.Helper()
	n := network{newNamespace(t), newNamespace(t), newNamespace(t)}
	join(n.client, n.router, "client")
	join(n.server, n.router, "server")
	n.router.do("forwarding", func() error {
		for _, name := range []string{"/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding"} {
			if err := os.WriteFile(name, []byte("1"), 0o600); err != nil {
				return err
			}
		}
		return nil
	})
	n.router.nft(ruleset)
	return n
}

// echo answers on a port of the server until the test ends.
func (n network) echo(transport, address string) {
	n.server.t.Helper()
	n.server.do("listening", func() error {
		if transport == "udp" {
			packets, err := net.ListenPacket(transport, address)
			if err != nil {
				return err
			}
			atTheEnd(n.server.t, packets)
			go func() {
				b := make([]byte, 64)
				for {
					size, from, err := packets.ReadFrom(b)
					if err != nil {
						return
					}
					_, _ = packets.WriteTo(b[:size], from)
				}
			}()
			return nil
		}
		listener, err := net.Listen(transport, address)
		if err != nil {
			return err
		}
		atTheEnd(n.server.t, listener)
		go accept(listener)
		return nil
	})
}

func accept(listener net.Listener) {
	for {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = c.Close() }()
			b := make([]byte, 64)
			for {
				size, err := c.Read(b)
				if err != nil {
					return
				}
				_, _ = c.Write(b[:size])
			}
		}()
	}
}

// open opens a flow from the client and has one answer.
func (n network) open(transport, from, to string) net.Conn {
	n.client.t.Helper()
	var opened net.Conn
	n.client.do("dialling "+to, func() (err error) {
		dialer := net.Dialer{Timeout: 5 * time.Second}
		local := netip.MustParseAddrPort(from)
		dialer.LocalAddr = net.TCPAddrFromAddrPort(local)
		if transport == "udp" {
			dialer.LocalAddr = net.UDPAddrFromAddrPort(local)
		}
		opened, err = dialer.DialContext(n.client.t.Context(), transport, to)
		return err
	})
	atTheEnd(n.client.t, opened)
	if !answers(opened, 5*time.Second) {
		n.client.t.Fatalf("no answer from %s", to)
	}
	return opened
}

func answers(c net.Conn, within time.Duration) bool {
	_ = c.SetDeadline(time.Now().Add(within))
	if _, err := c.Write([]byte("?")); err != nil {
		return false
	}
	_, err := c.Read(make([]byte, 64))
	return err == nil
}

func TestExactlyTheGivenFlowEndsInTheKernel(t *testing.T) {
	n := newNetwork(t)
	n.echo("tcp", server+":502")
	n.echo("tcp", server+":8080")
	n.echo("udp", server+":7000")
	n.echo("tcp", "["+server6+"]:502")

	first := n.open("tcp", client+":40001", server+":502")
	conns := map[Flow]net.Conn{
		flow(protocol.TCP, client+":40002", server+":502"):             n.open("tcp", client+":40002", server+":502"),
		flow(protocol.TCP, client+":40003", server+":8080"):            n.open("tcp", client+":40003", service+":80"),
		flow(protocol.UDP, client+":40001", server+":7000"):            n.open("udp", client+":40001", server+":7000"),
		flow(protocol.UDP, client+":7007", server+":7000"):             n.open("udp", client+":7007", server+":7000"),
		flow(protocol.TCP, "["+client6+"]:40001", "["+server6+"]:502"): n.open("tcp", "["+client6+"]:40001", "["+server6+"]:502"),
		flow(protocol.TCP, client+":40001", server+":502"):             first,
	}
	table, err := Open(t.TempDir(), n.router.path())
	if err != nil || table.Name() != NameKernel {
		t.Fatalf("got %v, %v", table, err)
	}
	want := map[Flow]bool{}
	for f := range conns {
		want[f] = true
	}
	if diff := cmp.Diff(want, listed(t, table)); diff != "" {
		t.Fatalf("before (-want +got):\n%s", diff)
	}
	n.router.nft(closing)
	for f, c := range conns {
		if !answers(c, 5*time.Second) {
			t.Errorf("%v does not outlive the rule that closes, so ending it would show nothing", f)
		}
	}

	// One by one: that flow stops, the others go on.
	gone := flow(protocol.TCP, client+":49999", server+":502")
	for f, c := range conns {
		if ended, err := table.End(t.Context(), []Flow{f, f, gone}); err != nil || ended != 1 {
			t.Errorf("%v: %d ended, %v", f, ended, err)
		}
		if answers(c, 300*time.Millisecond) {
			t.Errorf("%v lives on", f)
		}
		delete(want, f)
		delete(conns, f)
		if diff := cmp.Diff(want, listed(t, table)); diff != "" {
			t.Errorf("after ending %v (-want +got):\n%s", f, diff)
		}
		for other, c := range conns {
			if !answers(c, 5*time.Second) {
				t.Errorf("%v ended with %v", other, f)
			}
		}
	}
	if ended, err := table.End(t.Context(), []Flow{gone}); err != nil || ended != 0 {
		t.Errorf("what is gone: %d ended, %v", ended, err)
	}
}

func TestAnEntryByAnotherNumberIsNotTakenForThisOne(t *testing.T) {
	n := newNetwork(t)
	n.echo("udp", server+":7000")
	c := n.open("udp", client+":40001", server+":7000")
	conversation, err := converse(n.router.path())
	if err != nil {
		t.Fatal(err)
	}
	defer conversation.close()
	var found []entry
	err = conversation.entries(t.Context(), func(e *entry) bool { found = append(found, e.kept()); return true })
	if err != nil || len(found) != 1 {
		t.Fatalf("got %v, %v", found, err)
	}
	other := found[0].kept()
	other.id[len(other.id)-1] ^= 1
	if ended, err := conversation.removeAll(t.Context(), []entry{other}); err != nil || ended != 0 {
		t.Errorf("by another number: %d ended, %v", ended, err)
	}
	if !answers(c, 5*time.Second) {
		t.Error("the flow ended")
	}
	if ended, err := conversation.removeAll(t.Context(), found); err != nil || ended != 1 {
		t.Errorf("by its own: %d ended, %v", ended, err)
	}
}

func TestAFlowOfTwoEntriesInTheKernelComesOnceAndEndsOnce(t *testing.T) {
	router := newNamespace(t)
	opener, backend := netip.MustParseAddrPort(client+":40001"), netip.MustParseAddrPort(server+":8080")
	other := netip.MustParseAddrPort(client + ":40002")
	router.track(opener, netip.MustParseAddrPort("10.71.96.1:80"), backend, opener)
	router.track(opener, netip.MustParseAddrPort("10.71.96.2:80"), backend, netip.MustParseAddrPort(client+":61000"))
	router.track(other, backend, backend, other)
	table, err := OpenKernel(router.path())
	if err != nil {
		t.Fatal(err)
	}
	one, rest := flow(protocol.TCP, client+":40001", server+":8080"), flow(protocol.TCP, client+":40002", server+":8080")
	if diff := cmp.Diff(setOf([]Flow{one, rest}), listed(t, table)); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	if ended, err := table.End(t.Context(), []Flow{one}); err != nil || ended != 1 {
		t.Errorf("%d ended, %v", ended, err)
	}
	if diff := cmp.Diff(setOf([]Flow{rest}), listed(t, table)); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
}
