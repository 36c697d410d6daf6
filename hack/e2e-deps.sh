#!/usr/bin/env bash
# Copyright 2026 The Zonewarden Authors.
# SPDX-License-Identifier: Apache-2.0

# Installs what the end-to-end tests need from Debian's packages: the compiler of the
# Cilium agent's BPF programs, the tools that it and kube-proxy call, and a container
# runtime; socat, which the relay is measured beside; openssl and git, which `make test` needs,
# and jq, which docs/audit.md has its reader use.
# With arguments it installs those packages instead. Does nothing where all of it is there.
set -eu

packages=${*:-'clang-19 llvm-19 iptables ipset nftables conntrack containerd runc containernetworking-plugins socat openssl git jq'}
missing=
for package in $packages; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
echo "installing$missing"
apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
