// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"slices"
	"strings"
)

var (
	ruleFields = fields("endpointSelector", "nodeSelector", "ingress", "ingressDeny", "egress", "egressDeny",
		"enableDefaultDeny", "labels", "description", "log")
	defaultDenyFields = fields("ingress", "egress")
	groupFields       = fields("externalCIDRs")
)

// section names of Cilium's rules, by side.
var (
	allowSections = [sides]string{ingress: "ingress", egress: "egress"}
	denySections  = [sides]string{ingress: "ingressDeny", egress: "egressDeny"}
)

// parseGroup reads a CiliumCIDRGroup. One with anything not understood may hold
// more.
func parseGroup(r *reader, o *object, content map[string]any, _ string) {
	spec := r.object(content["spec"])
	o.groupName = r.text(r.object(content["metadata"])["name"])
	o.group = &networks{}
	for _, cidr := range r.texts(spec["externalCIDRs"]) {
		p, ok := prefixOf(cidr)
		if !ok {
			o.group.doubt = true
			continue
		}
		o.group.add(p)
	}
	if r.failed || unknown(spec, groupFields) || content["specs"] != nil {
		o.group.doubt, r.failed = true, false
	}
}

// parseCilium reads a CiliumNetworkPolicy, or one that is clusterwide and has no
// namespace. The agent refuses an object as a whole, so one bad rule makes all of
// it not understood.
func parseCilium(r *reader, o *object, content map[string]any, namespace string) {
	var specs []any
	if spec := content["spec"]; spec != nil {
		specs = append(specs, spec)
	}
	specs = append(specs, r.list(content["specs"])...)
	if len(specs) == 0 {
		r.refuse()
	}
	for _, spec := range specs {
		m := r.object(spec)
		if m["nodeSelector"] != nil {
			o.hosts = true
			if namespace != "" || m["endpointSelector"] != nil {
				r.refuse()
			}
			continue
		}
		o.rules = append(o.rules, parseRule(r, m, namespace))
	}
}

func parseRule(r *reader, m map[string]any, namespace string) rule {
	subject := parseSubject(r, m["endpointSelector"], namespace)
	switches := r.object(m["enableDefaultDeny"])
	if unknown(m, ruleFields) || unknown(switches, defaultDenyFields) {
		return opaque(subject)
	}
	c := ciliumReader{reader: r, namespace: namespace, init: slices.ContainsFunc(r.keysOf(m["endpointSelector"]), isInit)}
	out, entries := rule{subject: subject}, 0
	for s := range sides {
		allow, deny := r.list(m[allowSections[s]]), r.list(m[denySections[s]])
		out.sides[s] = section{
			denies: known(len(allow)+len(deny) > 0 && r.flag(switches[allowSections[s]], true)),
			allow:  c.entries(allow, s),
			deny:   c.entries(deny, s),
		}
		entries += len(allow) + len(deny)
	}
	if entries == 0 {
		r.refuse() // the agent takes no rule without a section
	}
	return out
}

func parseSubject(r *reader, v any, namespace string) selector {
	if v == nil {
		r.refuse()
	}
	out := selector{requirements: r.requirements(v, ofCilium)}
	if namespace == "" {
		return out
	}
	for i, q := range out.requirements {
		if q.from == namespaceName && q.op != exists && !(q.op == in && slices.Contains(q.values, namespace)) {
			// The object's namespace stands above it, if written in one of the ways.
			out.requirements[i] = requirement{from: hidden}
		}
	}
	out.requirements = append(out.requirements, namespaceIs(namespace))
	return out
}

// isInit says whether a key is that of pods which have no labels yet.
func isInit(key string) bool {
	source, name := sourceOf(key)
	return source == "reserved" && name == "init"
}

// ciliumReader reads the entries of one rule.
type ciliumReader struct {
	*reader
	namespace string
	// init means that the rule is for pods without labels, so that no namespace is
	// asked of its peers.
	init bool
}

func (c ciliumReader) selector(v any) selector {
	out := selector{requirements: c.requirements(v, ofCilium)}
	keys := c.keysOf(v)
	has := func(match func(source, name string) bool) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return match(sourceOf(key)) })
	}
	switch {
	case has(func(source, _ string) bool { return source == "reserved" }):
		// Taken as it stands.
	case has(func(source, name string) bool { return (source == "k8s" || source == "any") && name == ciliumNamespace }):
	case c.namespace == "" && !c.init:
		out.requirements = append(out.requirements, requirement{from: namespaceName, op: exists})
	case c.namespace == "":
	case has(func(source, name string) bool {
		return (source == "k8s" || source == "any") && strings.HasPrefix(name, ciliumNamespaceLabels)
	}):
		// Labels of namespaces stand for the namespace.
	default:
		out.requirements = append(out.requirements, namespaceIs(c.namespace))
	}
	out.strangers = strangers(out.requirements)
	return out
}

// strangers says whether an end that is no pod may match: it has no namespace and
// no label of one, and may have any other.
func strangers(requirements []requirement) truth {
	for _, q := range requirements {
		ofPods := q.from == namespaceName || q.from == namespaceLabel
		if ofPods && (q.op == in || q.op == exists) {
			return no
		}
	}
	return maybe
}
