// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package files

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/zonewarden/zonewarden/internal/pki/permit"
)

// AuthorityRequest is what an authority has to be whose key people keep: a file for openssl, which
// makes one as package authority does. permits are in the words of package permit.
func AuthorityRequest(site, zone string, now time.Time, opcua bool, permits []string) string {
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
		say("\n[ca]\ndefault_ca = list\n\n[list]\ndatabase = index.txt\ndefault_md = sha256\ndefault_crl_days = 1825\ncrl_extensions = of_list\n\n[of_list]\nauthorityKeyIdentifier = keyid")
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

// AuthorityOf reads an authority as people hand it in: one certificate, and its revocation list
// where there is one.
func AuthorityOf(raw []byte) (*x509.Certificate, *x509.RevocationList, error) {
	var certificates, lists []byte
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case listBlock:
			lists = append(lists, pem.EncodeToMemory(block)...)
		default:
			certificates = append(certificates, pem.EncodeToMemory(block)...)
		}
	}
	all, err := Certificates(certificates)
	if err != nil {
		return nil, nil, err
	}
	if len(all) != 1 {
		return nil, nil, fmt.Errorf("reading an authority: want one certificate, there are %d", len(all))
	}
	if len(lists) == 0 {
		return all[0], nil, nil
	}
	list, err := ListOf(lists)
	return all[0], list, err
}
