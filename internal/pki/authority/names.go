// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/zonewarden/zonewarden/internal/pki/permit"
)

// Permits says what of a request is beyond the authority's constraints, each with the field's
// name. It holds before anything is issued, and asks for no key. An authority for OPC UA has
// no constraints, and permits every name.
func (a Authority) Permits(r Request) []error {
	if !a.Constrained() {
		return nil
	}
	var wrong []error
	beyond := func(field string, name string) {
		wrong = append(wrong, fmt.Errorf("%s: %q is not permitted to authority %s", field, name, a.Anchor.Subject.CommonName))
	}
	for i, name := range r.DNSNames {
		if !a.permitsDNS(name) {
			beyond(fmt.Sprintf("dnsNames[%d]", i), name)
		}
	}
	for i, text := range r.IPAddresses {
		if !a.permitsAddress(text) {
			beyond(fmt.Sprintf("ipAddresses[%d]", i), text)
		}
	}
	for i, text := range r.URIs {
		if err := permit.Matchable(text); err != nil {
			wrong = append(wrong, fmt.Errorf("uris[%d]: %w", i, err))
		}
	}
	// OpenSSL holds it to the constraints, and crypto/x509 does not.
	if len(r.DNSNames) == 0 && permit.Hostname(r.CommonName) && !a.permitsDNS(r.CommonName) {
		beyond("commonName", r.CommonName)
	}
	return wrong
}

func (a Authority) permitsDNS(name string) bool {
	name = strings.ToLower(strings.TrimPrefix(name, "*."))
	for _, suffix := range a.Anchor.PermittedDNSDomains {
		suffix = strings.ToLower(suffix)
		if name == suffix || strings.HasSuffix(name, "."+suffix) {
			return true
		}
	}
	return false
}

func (a Authority) permitsAddress(text string) bool {
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		return false
	}
	ip := net.IP(address.Unmap().AsSlice())
	for _, n := range a.Anchor.PermittedIPRanges {
		if n.Contains(ip) {
			return true
		}
	}
	return false
}

var subjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

// The forms of names (RFC 5280, 4.2.1.6).
const (
	dnsName = 2
	uriName = 6
	ipName  = 7
)

// uriFirst puts a certificate's names in an order of their own: crypto/x509 puts URIs last, and
// there are applications of OPC UA that take the first name for the ApplicationUri.
func uriFirst(c *x509.Certificate) error {
	var all []asn1.RawValue
	add := func(form int, raw []byte) {
		all = append(all, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: form, Bytes: raw})
	}
	for _, u := range c.URIs {
		add(uriName, []byte(u.String()))
	}
	for _, n := range c.DNSNames {
		add(dnsName, []byte(n))
	}
	for _, ip := range c.IPAddresses {
		add(ipName, ip)
	}
	raw, err := asn1.Marshal(all)
	if err != nil {
		return fmt.Errorf("encoding the names: %w", err)
	}
	c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{
		Id: subjectAltName, Critical: c.Subject.CommonName == "", Value: raw,
	})
	return nil
}
