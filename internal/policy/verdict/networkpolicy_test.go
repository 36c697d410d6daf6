// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict_test

import (
	"strings"
	"testing"
)

func TestNetworkPolicy(t *testing.T) {
	spec := func(s string) string { return np + "spec: {podSelector: {matchLabels: {app: x}}, " + s + "}" }
	egress := func(s string) string { return spec("policyTypes: [Egress], egress: [" + s + "]") }
	all := []string{"?a/x out 1/TCP", "?out a/y 1/TCP", "+b/z out 1/TCP"}
	tests{
		"isolates what its types say":   {spec("policyTypes: [Ingress]"), []string{"-b/z a/x 1/TCP", "+a/x b/z 1/TCP", "+b/z a/y 1/TCP", "?node a/x 1/TCP"}},
		"types that are not said":       {np + "spec: {podSelector: {}}", []string{"-b/z a/x 1/TCP", "+a/x out 1/TCP"}},
		"types that rules say":          {np + "spec: {podSelector: {}, egress: [{to: [{podSelector: {}}]}]}", []string{"-b/z a/x 1/TCP", "-a/x out 1/TCP", "-b/z a/y 1/TCP"}},
		"rules that types leave out":    {spec("policyTypes: [Egress], ingress: [{from: [{podSelector: {}}]}]"), []string{"?b/z a/x 1/TCP", "-a/x out 1/TCP"}},
		"every peer and every port":     {egress("{}"), []string{"+a/x out 1/TCP", "+a/x node 1/UDP"}},
		"pods of the same namespace":    {egress("{to: [{podSelector: {}}]}"), []string{"+a/x a/y 1/TCP", "-a/x b/z 1/TCP", "-a/x out 1/TCP", "-a/x node 1/TCP"}},
		"namespaces by label":           {egress("{to: [{namespaceSelector: {matchLabels: {team: ot}}}]}"), []string{"+a/x a/y 1/TCP", "-a/x b/z 1/TCP", "?a/x lost/w 1/TCP"}},
		"namespaces by name":            {egress("{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: lost}}, podSelector: {matchLabels: {app: w}}}]}"), []string{"+a/x lost/w 1/TCP", "-a/x b/z 1/TCP"}},
		"pods on a node's network":      {egress("{to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: proxy}}}]}"), []string{"?a/x node 1/TCP", "-a/x node2 1/TCP", "-a/x b/z 1/TCP"}},
		"labels that Cilium hides":      {egress("{to: [{podSelector: {matchLabels: {pod-template-hash: '2'}}}]}"), []string{"?a/x a/y 1/TCP", "-a/x b/z 1/TCP"}},
		"networks":                      {egress("{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [203.0.113.0/24]}}]}"), []string{"+a/x out 1/TCP", "-a/x 203.0.113.1 1/TCP", "-a/x out6 1/TCP", "?a/x b/z 1/TCP", "?a/x node 1/TCP"}},
		"ports":                         {egress("{ports: [{port: 80, endPort: 90}, {protocol: UDP}, {protocol: SCTP, port: 5}]}"), []string{"+a/x out 90/TCP", "-a/x out 91/TCP", "+a/x out 7/UDP", "-a/x out 80/SCTP", "+a/x out 5/SCTP"}},
		"names of ports":                {egress("{ports: [{port: http}]}"), []string{"?a/x out 80/TCP", "-a/x out 80/UDP"}},
		"a range that makes no sense":   {egress("{ports: [{port: 80, endPort: 70}, {endPort: 1, protocol: UDP}]}"), []string{"?a/x out 80/TCP", "?a/x out 80/UDP"}},
		"allows add up":                 {egress("{ports: [{port: 80}]}") + "\n---\n" + egress("{ports: [{port: 81}]}"), []string{"+a/x out 80/TCP", "+a/x out 81/TCP", "-a/x out 82/TCP"}},
		"beside Cilium's":               {egress("{ports: [{port: 80}]}") + "\n---\n" + allow("{toEntities: [world], toPorts: [{ports: [{port: '81', protocol: TCP}]}]}") + "\n---\n" + deny("{toPorts: [{ports: [{port: '82', protocol: TCP}]}]}"), []string{"+a/x out 80/TCP", "+a/x out 81/TCP", "-a/x out 82/TCP", "-a/x out 83/TCP", "-a/x b/z 81/TCP"}},
		"a deny of Cilium's beats":      {egress("{}") + "\n---\n" + deny("{toPorts: [{ports: [{port: '82', protocol: TCP}]}]}"), []string{"-a/x out 82/TCP", "+a/x out 83/TCP"}},
		"a peer's field":                {egress("{to: [{serviceSelector: {}}], ports: [{port: 80}]}"), []string{"?a/x out 80/TCP", "?a/x b/z 80/TCP", "-a/x out 81/TCP"}},
		"a rule's field":                {egress("{to: [{podSelector: {}}], hours: 8}"), []string{"?a/x out 80/TCP", "+out a/x 1/TCP"}},
		"a port's field":                {egress("{ports: [{port: 80, name: http}]}"), []string{"?a/x out 81/UDP"}},
		"a new protocol":                {egress("{ports: [{port: 80, protocol: QUIC}]}"), []string{"?a/x out 81/UDP"}},
		"a field of the spec":           {spec("stage: Audit"), []string{"?a/x out 1/TCP", "?out a/x 1/TCP", "+out a/y 1/TCP"}},
		"a new type":                    {spec("policyTypes: [Forward]"), all},
		"no spec":                       {np, all},
		"a peer that is nothing":        {egress("{to: [{}]}"), all},
		"a peer that is two":            {egress("{to: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}"), all},
		"a network that is none":        {egress("{to: [{ipBlock: {cidr: here}}]}"), all},
		"an exception that is none":     {egress("{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [here]}}]}"), all},
		"a port that is none":           {egress("{ports: [{port: 0}]}"), all},
		"without a namespace":           {strings.Replace(spec("policyTypes: [Egress]"), ", namespace: a", "", 1), []string{"?a/x out 1/TCP", "?b/z out 1/TCP"}},
		"networks and link-local peers": {egress("{to: [{ipBlock: {cidr: 169.254.0.0/16}}]}"), []string{"?a/x local 1/TCP"}},
	}.run(t)
}
