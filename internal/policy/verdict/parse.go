// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Parser reads policy objects and remembers them by UID and resource version, for
// callers that make new Rules whenever one object changes. The zero value is ready
// to use, by one goroutine at a time; the Rules it made are not bound to it.
type Parser struct {
	parsed map[version]*object
}

// version is an object as it was at one time.
type version struct{ uid, resourceVersion string }

// Rules prepares verdicts on a cluster. Objects that are not in it are forgotten.
func (p *Parser) Rules(c Cluster) *Rules {
	parsed := make(map[version]*object, len(c.Objects))
	out := &Rules{places: settle(c), groups: map[string]*networks{}}
	var rules []*rule
	add := func(o *object) {
		if o.group != nil {
			out.groups[o.groupName] = o.group
		}
		if o.hosts {
			out.hostPolicies = append(out.hostPolicies, o)
		}
		for i := range o.rules {
			rules = append(rules, &o.rules[i])
		}
		if o.ours {
			out.ours = append(out.ours, o)
		}
	}
	for _, content := range c.Objects {
		add(p.object(content, parsed))
	}
	for _, o := range c.Read {
		add(o.parsed)
	}
	p.parsed = parsed
	out.index = newIndex(rules)
	return out
}

func (p *Parser) object(content map[string]any, parsed map[version]*object) *object {
	metadata, _ := content["metadata"].(map[string]any)
	uid, _ := metadata["uid"].(string)
	resourceVersion, _ := metadata["resourceVersion"].(string)
	v := version{uid, resourceVersion}
	o := p.parsed[v]
	if o == nil {
		o = parse(content)
	}
	if uid != "" && resourceVersion != "" {
		parsed[v] = o
	}
	return o
}

// parsers are the kinds that are understood, by API group and kind.
var parsers = map[string]func(*reader, *object, map[string]any, string){
	"cilium.io CiliumClusterwideNetworkPolicy": parseCilium,
	"cilium.io CiliumNetworkPolicy":            parseCilium,
	"cilium.io CiliumCIDRGroup":                parseGroup,
	"networking.k8s.io NetworkPolicy":          parseNetworkPolicy,
}

// namespaced are those of which each object stands in a namespace.
var namespaced = map[string]bool{"CiliumNetworkPolicy": true, "NetworkPolicy": true}

var objectFields = fields("apiVersion", "kind", "metadata", "spec", "specs", "status")

// parse reads an object. One that is not understood may do anything to the pods of
// its namespace, and where it has none or its kind is not known, to pods and nodes.
func parse(content map[string]any) *object {
	r := &reader{}
	apiVersion, kind := r.text(content["apiVersion"]), r.text(content["kind"])
	metadata := r.object(content["metadata"])
	name, namespace := r.text(metadata["name"]), r.text(metadata["namespace"])
	o := &object{name: kind + "/" + name}
	if namespace != "" {
		o.name = kind + "/" + namespace + "/" + name
	}
	group, _, _ := strings.Cut(apiVersion, "/")
	r.failed = r.failed || unknown(content, objectFields)
	parser, known := parsers[group+" "+kind]
	if known && namespaced[kind] == (namespace != "") {
		parser(r, o, content, namespace)
	} else {
		r.refuse()
		namespace = ""
	}
	if r.failed {
		*o = object{name: o.name, rules: []rule{opaque(scope(namespace))}, hosts: namespace == ""}
	}
	for i := range o.rules {
		o.rules[i].owner, o.rules[i].asks = o, asksOf(o.rules[i].subject.requirements)
	}
	labels, _ := metadata["labels"].(map[string]any)
	o.ours = labels[v1alpha1.LabelManagedBy] == v1alpha1.LabelManagedByValue
	if o.ours && labels[v1alpha1.LabelKind] == topology.KindZone {
		o.zone, _ = labels[v1alpha1.LabelName].(string)
	}
	return o
}

// scope selects the pods of a namespace, or all.
func scope(namespace string) selector {
	if namespace == "" {
		return selector{}
	}
	return selector{requirements: []requirement{namespaceIs(namespace)}}
}

// reader reads decoded JSON and remembers that something had not the form that it
// must have.
type reader struct{ failed bool }

func (r *reader) refuse() { r.failed = true }

func (r *reader) object(v any) map[string]any {
	m, ok := v.(map[string]any)
	r.failed = r.failed || !ok && v != nil
	return m
}

func (r *reader) list(v any) []any {
	l, ok := v.([]any)
	r.failed = r.failed || !ok && v != nil
	return l
}

func (r *reader) text(v any) string {
	s, ok := v.(string)
	r.failed = r.failed || !ok && v != nil
	return s
}

func (r *reader) texts(v any) []string {
	list := r.list(v)
	out := make([]string, 0, len(list))
	for _, s := range list {
		if s == nil {
			r.refuse()
		}
		out = append(out, r.text(s))
	}
	return out
}

// flag returns what a switch that is not set stands at.
func (r *reader) flag(v any, unset bool) bool {
	b, ok := v.(bool)
	r.failed = r.failed || !ok && v != nil
	if !ok {
		return unset
	}
	return b
}

func (r *reader) number(v any) int64 {
	switch n := v.(type) {
	case nil:
		return 0
	case int64:
		return n
	case int:
		return int64(n)
	case float64:
		if n == float64(int32(n)) {
			return int64(n)
		}
	}
	r.refuse()
	return 0
}

// fields makes the set of fields that are known in one place.
func fields(known ...string) map[string]bool {
	out := make(map[string]bool, len(known))
	for _, name := range known {
		out[name] = true
	}
	return out
}

// unknown says whether an object has a field beyond those known.
func unknown(m map[string]any, known map[string]bool) bool {
	for name, v := range m {
		if !known[name] && v != nil {
			return true
		}
	}
	return false
}
