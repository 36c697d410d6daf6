// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"fmt"
	"os/exec"
	"strings"
)

// StartProxy starts kube-proxy, which makes Services reachable, as on a node whose
// Cilium does not do that itself.
func (s *Stage) StartProxy() error {
	err := s.run(&s.proxy, "kube-proxy", built("kube", "kube-proxy"), []string{
		"--kubeconfig", s.Kubeconfig, "--hostname-override=" + NodeName, "--proxy-mode=nftables",
		"--cluster-cidr=" + podRange, "--metrics-bind-address=127.0.0.1:10249", "--healthz-bind-address=127.0.0.1:10256",
		// The limits of the machine's connection tracking are not a test's to set.
		"--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0s", "--conntrack-tcp-timeout-close-wait=0s",
	}, nil)
	if err != nil {
		return err
	}
	return ready("kube-proxy", "http://127.0.0.1:10256/healthz")
}

// StopProxy stops kube-proxy. Its rules stay until it starts again.
func (s *Stage) StopProxy() error { return stop(&s.proxy) }

// Masquerade makes the node hide the pods behind its own address from the plant, as
// most clusters do.
func (s *Stage) Masquerade(on bool) error {
	rules := "delete table ip stage"
	if on {
		rules = fmt.Sprintf(`table ip stage {
			chain postrouting {
				type nat hook postrouting priority srcnat; policy accept;
				ip saddr %s oifname eth0 masquerade
			}
		}`, podRange)
	}
	cmd := exec.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("writing nftables rules: %w: %s", err, out)
	}
	return nil
}
