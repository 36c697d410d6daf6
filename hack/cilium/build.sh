#!/usr/bin/env bash
# Copyright 2026 The Zonewarden Authors.
# SPDX-License-Identifier: Apache-2.0

# Builds cilium-agent and cilium-cni into OUTDIR, from Go modules, and puts the BPF
# sources that the agent compiles at run time beside them.
#
#   hack/cilium/build.sh OUTDIR
#
# Says nothing and does nothing when OUTDIR already holds what this folder's go.mod
# and go.sum would give. May be interrupted at any point and run again.
set -eu

if [ $# -ne 1 ] || [ -z "$1" ]; then
	echo "usage: $0 OUTDIR" >&2
	exit 2
fi
mkdir -p -- "$1"
out=$(cd -- "$1" && pwd)
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

version=$(sed -n 's,^[[:space:]]*github.com/cilium/cilium v\([^ ]*\).*,\1,p' go.mod)
flags=(
	-trimpath
	-buildvcs=false
	-tags osusergo
	-ldflags "-s -w -X \"github.com/cilium/cilium/pkg/version.ciliumVersion=$version zonewarden 2026-01-01T00:00:00+00:00 go version go1.26\""
)
stamp=$({ cat go.mod go.sum; echo "CGO_ENABLED=0 ${flags[*]}"; } | sha256sum)
stamp=${stamp%% *}
if [ -x "$out/cilium-agent" ] && [ -x "$out/cilium-cni" ] && [ -d "$out/bpf" ] &&
	[ -f "$out/stamp" ] && [ "$(<"$out/stamp")" = "$stamp" ]; then
	exit 0
fi

echo "building the Cilium $version agent from Go modules: about 9 minutes on two cores, once"
rm -f "$out/stamp" # it comes back last, so it never vouches for an unfinished folder
log=$out/build.log
unset GOOS GOARCH
export CGO_ENABLED=0 GOWORK=off
SECONDS=0
for built in daemon:cilium-agent plugins/cilium-cni:cilium-cni; do
	go build -v "${flags[@]}" -o "$out/${built##*:}" "github.com/cilium/cilium/${built%%:*}" >"$log" 2>&1 &
	build=$!
	trap 'kill $build 2>/dev/null || true' EXIT
	next=$((SECONDS + 30))
	while kill -0 "$build" 2>/dev/null; do
		sleep 1
		if [ "$SECONDS" -ge "$next" ]; then
			next=$((SECONDS + 30))
			echo "  ${SECONDS} s: $(grep -vc '^go: ' "$log" || true) packages of ${built##*:} built"
		fi
	done
	wait "$build" || {
		echo "building ${built##*:} failed:" >&2
		grep -v '^go: downloading' "$log" | tail -n 20 >&2
		exit 1
	}
	trap - EXIT
done
rm -rf "$out/bpf"
cp -r --no-preserve=mode "$(go list -m -f '{{.Dir}}' github.com/cilium/cilium)/bpf" "$out/bpf"
find "$out/bpf" -name '*.go' -delete # else they count as packages of this repository
echo "$stamp" >"$out/stamp"
echo "built cilium-agent and cilium-cni in $SECONDS s"
