// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
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
	fmt.Fprint(s.Out, configuration(site.Spec.ID, name, s.Now(), opcua, slices.Compact(permits)))
	return nil
}

// configuration of openssl for an authority as package authority makes one.
func configuration(site, zone string, now time.Time, opcua bool, permits []string) string {
	var out strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	kind := zone
	if opcua {
		kind += " OPC UA"
	}
	say("# What the authority of zone %s has to be. On the machine that keeps its key:", zone)
	say("#   openssl req -x509 -new -config THIS -newkey rsa:3072 -days 1825 -keyout zone.key -out zone.crt")
	if opcua {
		say("#   touch index.txt")
		say("#   openssl ca -gencrl -config THIS -cert zone.crt -keyfile zone.key -out zone.crl")
		say("# and bring back zone.crt and zone.crl, in one file.")
	} else {
		say("# and bring back zone.crt.")
	}
	say("[req]\nprompt = no\ndistinguished_name = name\nx509_extensions = authority\n")
	say("[name]\nO = %s\nOU = %s\nCN = %s %s\n", site, zone, kind, now.UTC().Format("2006-01-02 1504"))
	say("[authority]\nbasicConstraints = critical, CA:TRUE, pathlen:0\nkeyUsage = critical, keyCertSign, cRLSign\nsubjectKeyIdentifier = hash")
	if opcua {
		say("\n[ca]\ndefault_ca = list\n\n[list]\ndatabase = index.txt\ndefault_md = sha256\ndefault_crl_days = 1825")
		return out.String()
	}
	say("nameConstraints = critical, @names\n\n[names]\npermitted;email.0 = invalid")
	suffixes, networks := permit.Constraints(permits)
	for i, suffix := range suffixes {
		say("permitted;DNS.%d = %s", i, suffix)
	}
	for i, n := range networks {
		mask := net.CIDRMask(n.Bits(), n.Addr().BitLen())
		say("permitted;IP.%d = %s/%s", i, n.Addr(), net.IP(mask))
	}
	if len(networks) == 0 {
		say("excluded;IP.0 = 0.0.0.0/0.0.0.0\nexcluded;IP.1 = 0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0")
	}
	return out.String()
}
