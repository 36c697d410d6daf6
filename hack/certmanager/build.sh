#!/usr/bin/env bash
# Copyright 2026 The Zonewarden Authors.
# SPDX-License-Identifier: Apache-2.0

# Builds cert-manager's controllers of an issuer with a certificate authority into OUTDIR, from
# its Go module, and puts its CRDs beside them.
#
#   hack/certmanager/build.sh OUTDIR
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

module=github.com/cert-manager/cert-manager
version=$(sed -n "s,^[[:space:]]*$module \(v[^ ]*\).*,\1,p" go.mod)
kinds='certificaterequests clusterissuers issuers'
flags=(
	-trimpath
	-buildvcs=false # else every commit to this repository would link anew
	-ldflags "-s -w"
)
stamp=$({ cat go.mod go.sum ./*.go; echo "CGO_ENABLED=0 ${flags[*]} $kinds"; } | sha256sum)
stamp=${stamp%% *}

current() {
	[ -x "$out/certmanager" ] && [ -f "$out/stamp" ] && [ "$(<"$out/stamp")" = "$stamp" ] || return 1
	for kind in $kinds; do
		[ -f "$out/cert-manager.io_$kind.yaml" ] || return 1
	done
}
if current; then
	exit 0
fi

echo "building cert-manager $version from its Go module: about 3 minutes on two cores, once"

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

# The program is for this machine, whatever the caller is cross-compiling for.
unset GOOS GOARCH
export CGO_ENABLED=0 GOWORK=off
SECONDS=0
GOTMPDIR=$tmp go build -v "${flags[@]}" -o "$tmp/certmanager" . >"$log" 2>&1 &
build=$!
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
	echo "building cert-manager failed:" >&2
	grep -v '^go: downloading' "$log" | tail -n 20 >&2 || true
	exit "$status"
fi

source=$(go list -m -f '{{.Dir}}' "$module")
for kind in $kinds; do
	install -m 644 "$source/deploy/crds/cert-manager.io_$kind.yaml" "$tmp/"
done
rm -f -- "$out/stamp"
mv -f -- "$tmp"/*.yaml "$tmp/certmanager" "$out/"
echo "$stamp" >"$tmp/stamp"
mv -f -- "$tmp/stamp" "$out/stamp"
echo "built cert-manager $version in $SECONDS s"
