// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/pki/files"
)

// Files that somebody installs on a device outside the cluster.
const (
	installAuthority   = "authority.der"
	installCertificate = "certificate.der"
	installList        = "authority.crl"
)

func installName(w *v1alpha1.WorkloadCertificate) string { return w.Spec.SecretName + "-install" }

// keepInstall writes what outside peers have to trust as files: the newest authority with its
// revocation list, and the certificate that comes next.
func (c *Certificates) keepInstall(ctx context.Context, p *certificatePass, one *certificate) error {
	z := p.authorities[one.authority]
	if len(one.object.Spec.OutsidePeers) == 0 || z == nil || len(z.generations) == 0 {
		return nil
	}
	newest := slices.MaxFunc(z.generations, func(a, b generation) int { return int(a.number - b.number) })
	data := map[string][]byte{installAuthority: newest.Anchor.Raw, "authority.crt": files.PEM(newest.Anchor)}
	if len(newest.list) > 0 {
		data[installList] = newest.list
	}
	leaf := one.next.leaf
	if leaf == nil {
		leaf = one.secret.leaf
	}
	if leaf != nil {
		data[installCertificate], data["certificate.crt"] = leaf.Raw, files.PEM(leaf)
	}
	return c.keepFolder(ctx, one.object, installName(one.object), data)
}
