// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The wire between the node and the plant, and the cluster's own ranges.
const (
	nodeAddress  = "172.30.0.1"
	plantAddress = "172.30.0.2"
	podRange     = "10.42.0.0/16"
	nodePodRange = "10.42.0.0/24"
	serviceRange = "10.43.0.0/16"
	plant        = "plant"
	// balancers are addresses of load balancers, which the plant routes to the node.
	balancers = "172.31.0.0/24"
)

// inside runs f on a thread in the network namespace that the file names. Sockets that
// f makes stay in that namespace. The thread ends with f: it is never given back to
// the scheduler in a namespace where nobody expects it.
func inside(namespace string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		done <- func() error {
			fd, err := unix.Open(namespace, unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				return fmt.Errorf("opening network namespace %s: %w", namespace, err)
			}
			defer func() { _ = unix.Close(fd) }()
			if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
				return fmt.Errorf("entering network namespace %s: %w", namespace, err)
			}
			return f()
		}()
	}()
	return <-done
}

// newNamespace makes a network namespace with its loopback up and returns its file.
func newNamespace(name string) (string, error) {
	path := filepath.Join(netnsFolder, name)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return "", err
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // as in inside
		done <- func() error {
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				return err
			}
			own := fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid())
			if err := unix.Mount(own, path, "", unix.MS_BIND, ""); err != nil {
				return err
			}
			return up("lo")
		}()
	}()
	if err := <-done; err != nil {
		return "", fmt.Errorf("making network namespace %s: %w", name, err)
	}
	return path, nil
}

func removeNamespace(path string) error {
	return errors.Join(unix.Unmount(path, unix.MNT_DETACH), os.Remove(path))
}

func up(link string) error {
	l, err := netlink.LinkByName(link)
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(l)
}

func addAddress(link, cidr string) error {
	l, err := netlink.LinkByName(link)
	if err != nil {
		return err
	}
	a, err := netlink.ParseAddr(cidr)
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(l, a); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("adding address %s to %s: %w", cidr, link, err)
	}
	return nil
}

func addRoute(cidr, gateway string) error {
	_, dst, err := net.ParseCIDR(cidr)
	if err != nil {
		return err
	}
	if err := netlink.RouteReplace(&netlink.Route{Dst: dst, Gw: net.ParseIP(gateway)}); err != nil {
		return fmt.Errorf("routing %s to %s: %w", cidr, gateway, err)
	}
	return nil
}

// routeVia routes a network to a link on which its addresses answer.
func routeVia(link, cidr string) error {
	l, err := netlink.LinkByName(link)
	if err != nil {
		return err
	}
	_, dst, err := net.ParseCIDR(cidr)
	if err != nil {
		return err
	}
	return netlink.RouteReplace(&netlink.Route{LinkIndex: l.Attrs().Index, Dst: dst, Scope: netlink.SCOPE_LINK})
}

// nodeNetwork makes this process's own network namespace the node's.
func nodeNetwork() error {
	if err := up("lo"); err != nil {
		return err
	}
	for _, sysctl := range []string{"net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding"} {
		if err := os.WriteFile("/proc/sys/"+sysctl, []byte("1"), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// plantNetwork wires the plant, which is the way to everywhere that is not the cluster.
func plantNetwork() error {
	path, err := newNamespace(plant)
	if err != nil {
		return err
	}
	ns, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = ns.Close() }()
	wire := &netlink.Veth{LinkAttrs: netlink.NewLinkAttrs(), PeerName: "eth0", PeerNamespace: netlink.NsFd(int(ns.Fd()))}
	wire.Name = "eth0"
	if err := netlink.LinkAdd(wire); err != nil {
		return fmt.Errorf("wiring the plant: %w", err)
	}
	if err := errors.Join(addAddress("eth0", nodeAddress+"/24"), up("eth0"), addRoute("0.0.0.0/0", plantAddress)); err != nil {
		return err
	}
	return inside(path, func() error {
		return errors.Join(addAddress("eth0", plantAddress+"/24"), up("eth0"),
			addRoute(podRange, nodeAddress), addRoute(balancers, nodeAddress))
	})
}

// addDevice gives the plant the address of one more device.
func addDevice(a netip.Addr) error {
	return inside(filepath.Join(netnsFolder, plant), func() error {
		return addAddress("lo", netip.PrefixFrom(a, a.BitLen()).String())
	})
}
