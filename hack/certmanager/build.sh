#!/usr/bin/env bash
# Copyright 2026 The Zonewarden Authors.
# SPDX-License-Identifier: Apache-2.0

# Builds cert-manager's controllers of an issuer with a certificate authority into OUTDIR, from
# its Go module, and puts its CRDs beside them.
#
#   hack/certmanager/build.sh OUTDIR
#
# Does nothing when OUTDIR already holds what this folder's sources would give.
set -eu

if [ $# -ne 1 ] || [ -z "$1" ]; then
	echo "usage: $0 OUTDIR" >&2
	exit 2
fi
mkdir -p -- "$1"
out=$(cd -- "$1" && pwd)
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

module=github.com/cert-manager/cert-manager
stamp=$(cat go.mod go.sum ./*.go build.sh | sha256sum)
if [ -x "$out/certmanager" ] && [ -f "$out/stamp" ] && [ "$(<"$out/stamp")" = "$stamp" ]; then
	exit 0
fi

echo "building cert-manager's controllers from its Go module: about 3 minutes on two cores, once"
unset GOOS GOARCH # they are for this machine, whatever the caller is cross-compiling for
rm -f -- "$out/stamp"
CGO_ENABLED=0 GOWORK=off go build -trimpath -buildvcs=false -ldflags "-s -w" -o "$out/certmanager" .
source=$(go list -m -f '{{.Dir}}' "$module")
for kind in certificaterequests clusterissuers issuers; do
	install -m 644 "$source/deploy/crds/cert-manager.io_$kind.yaml" "$out/"
done
echo "$stamp" >"$out/stamp" # last, so that it never vouches for an unfinished folder
echo "built cert-manager $(go list -m -f '{{.Version}}' "$module") in $SECONDS s"
