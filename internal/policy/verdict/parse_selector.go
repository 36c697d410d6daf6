// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

var (
	selectorFields    = fields("matchLabels", "matchExpressions")
	requirementFields = fields("key", "operator", "values")
)

var operators = map[string]operator{"In": in, "NotIn": notIn, "Exists": exists, "DoesNotExist": absent}

// origins says where the value of a selector's key comes from.
type origins func(key string) (origin, string)

// requirements reads a label selector. A part of it that is not known may match or
// not.
func (r *reader) requirements(v any, of origins) []requirement {
	m := r.object(v)
	var out []requirement
	if unknown(m, selectorFields) {
		out = append(out, requirement{from: hidden})
	}
	for key, wanted := range r.object(m["matchLabels"]) {
		from, key := of(key)
		out = append(out, requirement{from: from, key: key, op: in, values: []string{r.text(wanted)}})
	}
	for _, e := range r.list(m["matchExpressions"]) {
		out = append(out, r.requirement(r.object(e), of))
	}
	return out
}

func (r *reader) requirement(m map[string]any, of origins) requirement {
	from, key := of(r.text(m["key"]))
	if unknown(m, requirementFields) {
		from = hidden
	}
	op, ok := operators[r.text(m["operator"])]
	values := r.texts(m["values"])
	if needs := op == in || op == notIn; !ok || needs != (len(values) > 0) {
		r.refuse() // no API server and no agent takes that
	}
	return requirement{from: from, key: key, op: op, values: values}
}

// keysOf returns the keys that a selector names.
func (r *reader) keysOf(v any) []string {
	m := r.object(v)
	var out []string
	for key := range r.object(m["matchLabels"]) {
		out = append(out, key)
	}
	for _, e := range r.list(m["matchExpressions"]) {
		out = append(out, r.text(r.object(e)["key"]))
	}
	return out
}
