// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policytest

import (
	"cmp"
	"fmt"
	"slices"
)

// The JSON form of a ClusterNetworkPolicy of the Admin tier, as far as the compiler
// emits it.
type (
	adminPolicy struct {
		object
		Spec struct {
			Tier     string      `json:"tier"`
			Priority int         `json:"priority"`
			Subject  adminPeer   `json:"subject"`
			Ingress  []adminRule `json:"ingress"`
			Egress   []adminRule `json:"egress"`
		} `json:"spec"`
	}
	adminRule struct {
		Name      string          `json:"name"`
		Action    string          `json:"action"`
		From      []adminPeer     `json:"from"`
		To        []adminPeer     `json:"to"`
		Protocols []adminProtocol `json:"protocols"`
	}
	adminPeer struct {
		Namespaces *selector `json:"namespaces"`
		Pods       *struct {
			NamespaceSelector *selector `json:"namespaceSelector"`
			PodSelector       *selector `json:"podSelector"`
		} `json:"pods"`
		Networks []string `json:"networks"`
	}
	adminProtocol struct {
		TCP  *adminPorts `json:"tcp"`
		UDP  *adminPorts `json:"udp"`
		SCTP *adminPorts `json:"sctp"`
	}
	adminPorts struct {
		DestinationPort struct {
			Number int `json:"number"`
			Range  *struct {
				Start int `json:"start"`
				End   int `json:"end"`
			} `json:"range"`
		} `json:"destinationPort"`
	}
)

// Actions of the rules of the Admin tier.
const (
	Accept = "Accept"
	Deny   = "Deny"
	Pass   = "Pass"
)

// What the API takes in one list.
const mostInAdminList = 25

// addAdmin keeps policies in the order in which they are judged, and refuses what the
// API server would.
func (e *Evaluator) addAdmin(p adminPolicy) {
	if p.Spec.Tier != "Admin" || p.Spec.Priority < 0 || p.Spec.Priority > 1000 {
		panic(fmt.Sprintf("%s is of tier %q at priority %d", p.Metadata.Name, p.Spec.Tier, p.Spec.Priority))
	}
	if len(p.Spec.Subject.Networks) > 0 || len(p.Spec.Ingress) > mostInAdminList || len(p.Spec.Egress) > mostInAdminList {
		panic(fmt.Sprintf("%s selects networks or has too many rules", p.Metadata.Name))
	}
	for _, r := range p.Spec.Ingress {
		r.check(p.Metadata.Name, r.From, r.To)
	}
	for _, r := range p.Spec.Egress {
		r.check(p.Metadata.Name, r.To, r.From)
	}
	e.admin = append(e.admin, p)
	slices.SortStableFunc(e.admin, func(a, b adminPolicy) int { return cmp.Compare(a.Spec.Priority, b.Spec.Priority) })
}

func (r adminRule) check(policy string, peers, others []adminPeer) {
	if len(peers) == 0 || len(peers) > mostInAdminList || len(others) > 0 || len(r.Protocols) > mostInAdminList ||
		!slices.Contains([]string{Accept, Deny, Pass}, r.Action) {
		panic(fmt.Sprintf("a rule of %s that the API server refuses: %+v", policy, r))
	}
	for _, p := range peers {
		if !p.valid() || len(r.From) > 0 && len(p.Networks) > 0 {
			panic(fmt.Sprintf("a peer of %s that the API server refuses: %+v", policy, p))
		}
	}
}

// valid says that exactly one field is set.
func (p adminPeer) valid() bool {
	set := 0
	for _, isSet := range []bool{p.Namespaces != nil, p.Pods != nil, len(p.Networks) > 0} {
		if isSet {
			set++
		}
	}
	return set == 1 && len(p.Networks) <= mostInAdminList
}

// adminVerdict is the action of the first rule that matches, "" when none does. Which
// of two policies of one priority comes first, nobody may rely on: see Ties.
func (e *Evaluator) adminVerdict(f flow) string {
	verdict, at := "", 0
	for _, p := range e.admin {
		if verdict != "" && p.Spec.Priority > at {
			break
		}
		if !p.Spec.Subject.matches(f.subject) {
			continue
		}
		action := p.first(f)
		switch {
		case action == "", action == verdict:
		case verdict == "":
			verdict, at = action, p.Spec.Priority
		case e.Ties == "":
			panic(fmt.Sprintf("two policies of priority %d say %s and %s of one flow", at, verdict, action))
		case action == e.Ties:
			verdict = action
		}
	}
	return verdict
}

func (p adminPolicy) first(f flow) string {
	rules := p.Spec.Egress
	if f.ingress {
		rules = p.Spec.Ingress
	}
	for _, r := range rules {
		peers := r.To
		if f.ingress {
			peers = r.From
		}
		if slices.ContainsFunc(peers, func(p adminPeer) bool { return p.matches(f.peer) }) && r.hasPort(f) {
			return r.Action
		}
	}
	return ""
}

// matches: pods by their labels, and addresses of nodes like those of devices. The node
// itself, by no address, is neither.
func (p adminPeer) matches(at party) bool {
	switch {
	case p.Namespaces != nil:
		return at.pod != nil && p.Namespaces.matches(at.nsLabel)
	case p.Pods != nil:
		return at.pod != nil && p.Pods.NamespaceSelector.matches(at.nsLabel) && p.Pods.PodSelector.matches(at.pod.Labels)
	default:
		return slices.ContainsFunc(p.Networks, func(n string) bool { return inside(at.addr, n) })
	}
}

func (r adminRule) hasPort(f flow) bool {
	return len(r.Protocols) == 0 || slices.ContainsFunc(r.Protocols, func(p adminProtocol) bool {
		ports := map[string]*adminPorts{"TCP": p.TCP, "UDP": p.UDP, "SCTP": p.SCTP}[f.transport]
		if ports == nil {
			return false
		}
		port := ports.DestinationPort
		if port.Range == nil {
			return port.Number == int(f.port)
		}
		if port.Range.Start < 1 || port.Range.Start >= port.Range.End {
			panic(fmt.Sprintf("a range of ports that the API server refuses: %+v", *port.Range))
		}
		return port.Range.Start <= int(f.port) && int(f.port) <= port.Range.End
	})
}
