#!/usr/bin/env bash
# Copyright 2026 The Zonewarden Authors.
# SPDX-License-Identifier: Apache-2.0

# Builds etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kube-proxy,
# kubelet and kubectl into OUTDIR, from Go modules. The folder can serve as KUBEBUILDER_ASSETS.
#
#   hack/kube/build.sh OUTDIR
#
# Says nothing and does nothing when OUTDIR already holds what this folder's sources
# and flags would give. May be interrupted at any point and run again.
set -eu

if [ $# -ne 1 ] || [ -z "$1" ]; then
	echo "usage: $0 OUTDIR" >&2
	exit 2
fi
mkdir -p -- "$1"
out=$(cd -- "$1" && pwd)
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

names='etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl'
# What the components call themselves at run time, and judge each other by.
version=$(sed -n 's,^[[:space:]]*k8s.io/kubernetes v,v,p' go.mod)
flags=(
	-trimpath
	-buildvcs=false # else every commit to this repository would link anew
	-ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$version -X k8s.io/client-go/pkg/version.gitVersion=$version"
)
stamp=$({ cat go.mod go.sum ./*.go; echo "CGO_ENABLED=0 ${flags[*]}"; } | sha256sum)
stamp=${stamp%% *}

current() {
	[ -x "$out/kubeall" ] && [ -f "$out/stamp" ] && [ "$(<"$out/stamp")" = "$stamp" ] || return 1
	for name in $names; do
		[ -x "$out/$name" ] || return 1
	done
}
if current; then
	exit 0
fi

echo "building etcd and the Kubernetes control plane from Go modules: about 8 minutes on two cores, once"

# Everything is made under names that nobody looks for, and moved into place whole.
# The stamp comes last, so that it never vouches for an unfinished folder.
find "$out" -maxdepth 1 -name '.build.*' -mmin +60 -exec rm -rf {} + # of killed builds
tmp=$(mktemp -d "$out/.build.XXXXXX")
log=$tmp/log
build=
finish() {
	if [ -n "$build" ]; then
		kill "$build" 2>/dev/null || true
		wait "$build" 2>/dev/null || true
	fi
	rm -rf -- "$tmp" || true # compilers of an interrupted build may still be writing there
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The binaries are for this machine, whatever the caller is cross-compiling for.
unset GOOS GOARCH
CGO_ENABLED=0 GOWORK=off GOTMPDIR=$tmp go build -v "${flags[@]}" -o "$tmp/kubeall" . >"$log" 2>&1 &
build=$!

# The go command names each package as it compiles it, and each module, after
# "go: ", as it fetches it.
SECONDS=0
next=15
while kill -0 "$build" 2>/dev/null; do
	sleep 1
	if [ "$SECONDS" -ge "$next" ]; then
		next=$((SECONDS + 15))
		echo "  ${SECONDS} s: $(grep -c '^go: downloading' "$log" || true) modules fetched, $(grep -vc '^go: ' "$log" || true) packages built"
	fi
done
if wait "$build"; then
	build=
else
	status=$?
	build=
	echo "building the control plane failed:" >&2
	grep -v '^go: downloading' "$log" | tail -n 20 >&2 || true
	exit "$status"
fi

mv -f -- "$tmp/kubeall" "$out/kubeall"
for name in $names; do
	ln -sfn kubeall "$out/$name"
done
echo "$stamp" >"$tmp/stamp"
mv -f -- "$tmp/stamp" "$out/stamp"
echo "built ${names// /, } in $SECONDS s"
