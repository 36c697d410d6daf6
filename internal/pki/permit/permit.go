// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package permit says which names a certificate in a zone may carry, and what the zone's
// authority has to be constrained to for it (RFC 5280, 4.2.1.10). It is pure.
//
// A name may be that of a Service in the certificate's own namespace, or be under what the
// zone allows. A bare name of a Service is refused: in another namespace it means another one,
// and whoever trusts this zone would take one for the other.
package permit

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// The forms of a permit: "dns:SUFFIX" for the suffix and all that ends in it, "ip:NETWORK".
const (
	dnsForm = "dns:"
	ipForm  = "ip:"
)

// clusterDomain of a cluster that was given none. Another one is allowed by the zone's dnsNames.
const clusterDomain = "cluster.local"

// Asked is what a certificate asks for.
type Asked struct {
	Namespace string
	// CommonName counts where it looks like a host's and there are no dnsNames.
	CommonName  string
	DNSNames    []string
	IPAddresses []string
	URIs        []string
}

// ofNamespace are the suffixes of Services' names.
func ofNamespace(namespace string) []string {
	return []string{namespace, namespace + ".svc", namespace + ".svc." + clusterDomain}
}

// Of returns the permits that the zone's authority needs for a certificate, sorted, and what is
// wrong with it: then nothing may be issued. All of a namespace's suffixes are asked for at
// once, so that one more name of a Service changes no authority.
func Of(a Asked, zone *v1alpha1.ZoneCertificates) (permits []string, wrong []v1alpha1.Finding) {
	if zone == nil {
		zone = &v1alpha1.ZoneCertificates{}
	}
	own := ofNamespace(a.Namespace)
	for _, suffix := range own {
		permits = append(permits, dnsForm+suffix)
	}
	for i, name := range a.DNSNames {
		suffix, ok := allowed(name, own, zone.DNSNames)
		if !ok {
			wrong = append(wrong, finding(fmt.Sprintf("spec.dnsNames[%d]", i),
				"%q is neither a Service of this namespace (NAME.%s.svc) nor under a suffix in the zone's spec.certificates.dnsNames", name, a.Namespace))
			continue
		}
		permits = append(permits, dnsForm+suffix)
	}
	if len(a.DNSNames) == 0 && Hostname(a.CommonName) {
		suffix, ok := allowed(a.CommonName, own, zone.DNSNames)
		if ok {
			permits = append(permits, dnsForm+suffix)
		} else {
			wrong = append(wrong, finding("spec.commonName",
				"%q looks like a host's name that the zone does not allow, and is taken for one where there are no dnsNames", a.CommonName))
		}
	}
	wrong = append(wrong, hostless(a.URIs)...)
	for i, text := range a.IPAddresses {
		network, ok := within(text, zone.Networks)
		if !ok {
			wrong = append(wrong, finding(fmt.Sprintf("spec.ipAddresses[%d]", i),
				"%q is in none of the zone's spec.certificates.networks", text))
			continue
		}
		permits = append(permits, ipForm+network.String())
	}
	slices.Sort(permits)
	return slices.Compact(permits), wrong
}

func finding(path, format string, args ...any) v1alpha1.Finding {
	return v1alpha1.Finding{
		Severity: v1alpha1.SeverityError, Path: path, Reason: v1alpha1.ReasonNameNotAllowed,
		Message: fmt.Sprintf(format, args...),
	}
}

// allowed returns the suffix by which a name is. What is of the namespace itself has one label
// before it: "x.y.cell-1.svc" is the name of no Service.
func allowed(name string, own, suffixes []string) (string, bool) {
	for _, suffix := range own {
		label, is := strings.CutSuffix(name, "."+suffix)
		if is && label != "" && !strings.Contains(label, ".") {
			return suffix, true
		}
	}
	plain := strings.TrimPrefix(name, "*.")
	for _, suffix := range suffixes {
		if plain == suffix || strings.HasSuffix(plain, "."+suffix) {
			return suffix, true
		}
	}
	return "", false
}

func hostless(uris []string) (wrong []v1alpha1.Finding) {
	for i, text := range uris {
		if err := Matchable(text); err != nil {
			wrong = append(wrong, finding(fmt.Sprintf("spec.uris[%d]", i), "%s", err))
		}
	}
	return wrong
}

// Matchable refuses a URI without a host's name, an urn: among them: under constraints of any
// kind crypto/x509 refuses every certificate with one, because none could be held against it.
func Matchable(text string) error {
	uri, err := url.Parse(text)
	if err != nil {
		return fmt.Errorf("%q is no URI", text)
	}
	if _, err := netip.ParseAddr(uri.Hostname()); uri.Hostname() == "" || err == nil {
		return fmt.Errorf("%q has no host's name, and clients in Go refuse that under an authority with constraints", text)
	}
	return nil
}

// Hostname says whether a common name looks like a host's: of more than one label. Where there
// are no dnsNames, OpenSSL holds such a one to an authority's constraints and refuses the
// certificate if it is beyond them, although crypto/x509 never looks at it.
func Hostname(name string) bool {
	if !strings.Contains(strings.Trim(name, "."), ".") {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.', r == '*':
			return false
		}
		return true
	})
}

func within(text string, networks []v1alpha1.CIDR) (netip.Prefix, bool) {
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		return netip.Prefix{}, false
	}
	for _, n := range networks {
		prefix, err := netip.ParsePrefix(string(n))
		if err == nil && prefix.Contains(address.Unmap()) {
			return prefix.Masked(), true
		}
	}
	return netip.Prefix{}, false
}

// Constraints are what permits mean in an authority's certificate. What is in neither form
// permits nothing.
func Constraints(permits []string) (suffixes []string, networks []netip.Prefix) {
	for _, p := range permits {
		if suffix, is := strings.CutPrefix(p, dnsForm); is && suffix != "" {
			suffixes = append(suffixes, suffix)
		}
		if text, is := strings.CutPrefix(p, ipForm); is {
			if prefix, err := netip.ParsePrefix(text); err == nil {
				networks = append(networks, prefix)
			}
		}
	}
	return suffixes, networks
}
