// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/pki/files"
	"github.com/zonewarden/zonewarden/internal/pki/permit"
)

// requestAuthority prints what a zone's authority has to be: as the operator would make it, for
// the names of all certificates that are in the zone.
func requestAuthority(ctx context.Context, s *connect.Session, name string, opcua bool) error {
	z, err := readZone(ctx, s, name)
	if err != nil {
		return err
	}
	site, _, err := s.Site(ctx)
	if err != nil {
		return err
	}
	c, err := s.Client()
	if err != nil {
		return err
	}
	var all v1alpha1.WorkloadCertificateList
	if err := c.List(ctx, &all); err != nil {
		return fmt.Errorf("listing certificates: %w", err)
	}
	var permits []string
	for _, w := range all.Items {
		if w.Status.Zone != name || (w.Spec.Profile == v1alpha1.ProfileOPCUA) != opcua {
			continue
		}
		one, _ := permit.Of(permit.Asked{
			Namespace: w.Namespace, CommonName: cmp.Or(w.Spec.CommonName, w.Name), DNSNames: w.Spec.DNSNames, IPAddresses: w.Spec.IPAddresses,
		}, z.Spec.Certificates)
		permits = append(permits, one...)
	}
	if len(permits) == 0 {
		return fmt.Errorf("no certificate that such an authority would sign is in zone %s: declare one first", name)
	}
	slices.Sort(permits)
	_, err = fmt.Fprint(s.Out, files.AuthorityRequest(site.Spec.ID, name, s.Now(), opcua, slices.Compact(permits)))
	return err
}
