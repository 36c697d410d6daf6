// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// This file makes rules of the sorts that many fields have.

// under adds a change to both neighbours of some rules, which need something else
// to be there.
func under(change string, rules ...[]rule) []rule {
	all := slices.Concat(rules...)
	for i := range all {
		all[i].accepted = join(change, all[i].accepted)
		if all[i].refused != "" {
			all[i].refused = join(change, all[i].refused)
		}
	}
	return all
}

func join(a, b string) string { return strings.Trim(a+"\n"+b, "\n") }

// required says that fields have to be there.
func required(fields ...string) []rule {
	var rules []rule
	for _, field := range fields {
		rules = append(rules, rule{
			name:    field + " is required",
			refused: field + ": null",
			because: []string{field + ": Required value"},
		})
	}
	return rules
}

// text says how long a text may be.
func text(field string, shortest, longest int) []rule {
	fill := func(n int) string { return fmt.Sprintf("%s: %q", field, strings.Repeat("a", n)) }
	rules := []rule{{
		name:     fmt.Sprintf("%s has up to %d characters", field, longest),
		accepted: fill(longest),
		refused:  fill(longest + 1),
		because:  []string{fmt.Sprintf("%s: may not be more than %d bytes", field, longest)},
	}}
	if shortest == 0 {
		return rules
	}
	return append(rules, rule{
		name:     fmt.Sprintf("%s has at least %d characters", field, shortest),
		accepted: fill(shortest),
		refused:  fill(shortest - 1),
		because:  []string{fmt.Sprintf("%s: should be at least %d chars long", field, shortest)},
	})
}

// number says how low and how high a number may be.
func number(field string, lowest, highest int) []rule {
	is := func(n int) string { return fmt.Sprintf("%s: %d", field, n) }
	return []rule{{
		name:     fmt.Sprintf("%s is at least %d", field, lowest),
		accepted: is(lowest),
		refused:  is(lowest - 1),
		because:  []string{fmt.Sprintf("%s: should be greater than or equal to %d", field, lowest)},
	}, {
		name:     fmt.Sprintf("%s is at most %d", field, highest),
		accepted: is(highest),
		refused:  is(highest + 1),
		because:  []string{fmt.Sprintf("%s: should be less than or equal to %d", field, highest)},
	}}
}

// choice says which words there are.
func choice(field string, words ...string) []rule {
	var rules []rule
	for _, word := range words {
		rules = append(rules, rule{
			name:     field + " may be " + word,
			accepted: field + ": " + word,
			refused:  field + ": " + strings.ToLower(word) + "s",
			because:  []string{fmt.Sprintf("%s: supported values: %s", field, quoted(words))},
		})
	}
	return rules
}

func quoted(words []string) string {
	all := make([]string, 0, len(words))
	for _, word := range words {
		all = append(all, fmt.Sprintf("%q", word))
	}
	return strings.Join(all, ", ")
}

// list says how many entries a list has. The entry is YAML with a verb for a number.
func list(field, entry string, fewest, most int) []rule {
	fill := func(n int) string {
		entries := make([]string, n)
		for i := range entries {
			entries[i] = fmt.Sprintf(entry, i)
		}
		return fmt.Sprintf("%s: [%s]", field, strings.Join(entries, ", "))
	}
	rules := []rule{{
		name:     fmt.Sprintf("%s has up to %d entries", field, most),
		accepted: fill(most),
		refused:  fill(most + 1),
		because:  []string{fmt.Sprintf("%s: must have at most %d items", field, most)},
	}}
	if fewest > 0 {
		rules = append(rules, rule{
			name:     fmt.Sprintf("%s has at least %d entries", field, fewest),
			accepted: fill(fewest),
			refused:  fill(fewest - 1),
			because:  []string{fmt.Sprintf("%s: should have at least %d items", field, fewest)},
		})
	}
	return rules
}

// set says that, and that each entry is there only once.
func set(field, entry string, fewest, most int) []rule {
	first, second := fmt.Sprintf(entry, 0), fmt.Sprintf(entry, 1)
	return append(list(field, entry, fewest, most), rule{
		name:     field + " has no entry twice",
		accepted: fmt.Sprintf("%s: [%s, %s]", field, first, second),
		refused:  fmt.Sprintf("%s: [%s, %s]", field, first, first),
		because:  []string{field + "[1]: Duplicate value"},
	})
}

// selector says what a label selector looks like and that it selects.
func selector(field, empty string) []rule {
	complete := field + ".matchExpressions: [{key: a, operator: Exists}]"
	one := field + ".matchLabels: {a: b}"
	none := []string{field + ": " + empty}
	return []rule{
		{name: field + " may have labels alone", accepted: join(field+": {}", one), refused: field + ": {}", because: none},
		{name: field + " may have expressions alone", accepted: join(field+": {}", complete), refused: field + ": {matchExpressions: []}", because: none},
		{name: field + " may have both", accepted: join(one, complete), refused: field + ": {matchLabels: {}, matchExpressions: []}", because: none},
		{name: field + " with empty labels selects nothing", accepted: field + ": {matchLabels: {a: b}, matchExpressions: []}", refused: field + ": {matchLabels: {}}", because: none},
		{
			name: field + " needs a key in an expression", accepted: complete,
			refused: field + ".matchExpressions: [{operator: Exists}]",
			because: []string{field + ".matchExpressions[0].key: Required value"},
		},
		{
			name: field + " needs an operator in an expression", accepted: complete,
			refused: field + ".matchExpressions: [{key: a}]",
			because: []string{field + ".matchExpressions[0].operator: Required value"},
		},
		{
			name: field + " has texts for values, so numbers need quotes", accepted: field + `: {matchLabels: {a: "1"}}`,
			refused: field + ": {matchLabels: {a: 1}}",
			because: []string{field + ".matchLabels.a: must be of type string"},
		},
	}
}

// levels says what a vector of security levels looks like.
func levels(field string) []rule {
	rules := []rule{
		{
			name: field + " names at least one level", accepted: field + ": {RA: 0}",
			refused: field + ": {}",
			because: []string{field + ": at least one target level must be given, for example {all: 2}"},
		},
		{
			name: field + " is no bare number", accepted: field + ": {all: 2}",
			refused: field + ": 2",
			because: []string{field + ": must be of type object"},
		},
		{
			name: field + " has whole numbers", accepted: field + ": {all: 2, RDF: 3}",
			refused: field + `: {all: 2.5}`,
			because: []string{
				field + ".all: must be of type int32",
				whole + ": Checked value must be of type integer with format int32 in " + field + ".all",
			},
		},
		{
			name: field + " has no quotes", accepted: field + ": {RDF: 3}",
			refused: field + `: {RDF: "3"}`,
			because: []string{field + ".RDF: must be of type integer"},
		},
	}
	for _, part := range []string{"all", "IAC", "UC", "SI", "DC", "RDF", "TRE", "RA"} {
		rules = append(rules, rule{name: field + " may have " + part + " alone", accepted: fmt.Sprintf("%s: {%s: 2}", field, part)})
		rules = append(rules, number(field+"."+part, 0, 4)...)
	}
	return rules
}

// date says that a field is a calendar day.
func date(field string) []rule {
	wrong := []string{field + ": must be of type date"}
	return []rule{
		{name: field + " needs no quotes", accepted: field + ": 2027-06-30", refused: field + ": 2027-06-31", because: wrong},
		{name: field + " may be the 29th of February", accepted: field + `: "2028-02-29"`, refused: field + `: "2027-02-29"`, because: wrong},
		{name: field + " has the year first", accepted: field + ": 2027-12-01", refused: field + ": 01.12.2027", because: wrong},
		{name: field + " has two digits for a month", accepted: field + ": 2027-06-01", refused: field + ": 2027-6-1", because: wrong},
		{name: field + " has no dots or slashes", accepted: field + ": 2027-06-30", refused: field + ": 2027/06/30", because: wrong},
		{name: field + " is not empty", accepted: field + ": 2027-06-30", refused: field + `: ""`, because: wrong},
		{
			name: field + " has no time of day", accepted: field + ": 2027-06-30", refused: field + ": 2027-06-30T12:00:00Z",
			because: []string{field + ": may not be more than 10 bytes", wrong[0]},
		},
		{
			name: field + " is no year", accepted: field + ": 2027-01-01", refused: field + ": 2027",
			because: wrong,
		},
	}
}

// objectName says that a name fits into a label, where the API server would take 253.
func objectName(message string) []rule {
	name := func(n int) string { return "metadata.name: " + strings.Repeat("n", n) }
	return []rule{{
		name: "the name has up to 63 characters", accepted: name(63), refused: name(64),
		because: []string{whole + ": " + message},
	}, {
		name: "the name has no dots", accepted: "metadata.name: cell-2", refused: "metadata.name: cell.2",
		because: []string{whole + ": " + message},
	}}
}

// networks says what a list of networks may hold.
func networks(field string) []rule {
	entry := func(sentence, accepted, refused string) rule {
		return rule{
			name:     field + " " + sentence,
			accepted: field + ": [" + accepted + "]",
			refused:  field + ": [" + refused + "]",
			because:  []string{field + "[0]: must be of type cidr"},
		}
	}
	return []rule{
		entry("holds networks, not addresses", "10.9.0.0/16", "10.9.0.1"),
		entry("holds IPv6 networks, not addresses", `"fd00:17::/48"`, `"fd00:17::1"`),
		entry("has octets up to 255", "10.255.0.0/16", "10.256.0.0/16"),
		entry("has IPv4 prefixes up to 32", "10.9.0.1/32", "10.9.0.1/33"),
		entry("has IPv6 prefixes up to 128", `"fd00::1/128"`, `"fd00::1/129"`),
		entry("has no masks", "10.9.0.0/24", "10.9.0.0/255.255.255.0"),
		entry("has four octets", "10.0.0.0/8", "10/8"),
		entry("holds no names", "10.9.0.0/16", "office"),
		entry("holds no empty text", "10.9.0.0/16", `""`),
		// A second look is the operator's, which knows what a network is for.
		{name: field + " may have host bits and leading zeros here", accepted: field + ": [10.9.10.1/24, 10.09.0.0/16, 0.0.0.0/0]"},
		{
			name:     field + " has no more characters than a network needs",
			accepted: field + `: ["2001:0db8:0000:0000:0000:0000:0000:0000/128"]`,
			refused:  field + `: ["2001:0db8:0000:0000:0000:0000:192.168.100.100/128"]`,
			because:  []string{field + "[0]: may not be more than 43 bytes"},
		},
	}
}

// serverAddresses says what a list of addresses of a service may hold.
func serverAddresses(field string) []rule {
	pattern := []string{field + "[0]: should match '^[0-9a-fA-F:.]+$'"}
	return []rule{
		{name: field + " holds addresses, not networks", accepted: field + ": [169.254.20.10]", refused: field + ": [169.254.20.0/24]", because: pattern},
		{name: field + " holds no names", accepted: field + `: ["fd00:43::a"]`, refused: field + ": [dns.example]", because: pattern},
		{name: field + " has no interfaces", accepted: field + `: ["fe80::1"]`, refused: field + `: ["fe80::1%eth0"]`, because: pattern},
		{name: field + " holds no empty text", accepted: field + `: ["::1"]`, refused: field + `: [""]`, because: pattern},
		{
			name:     field + " has no more characters than an address needs",
			accepted: field + `: ["0000:0000:0000:0000:0000:ffff:192.168.100.100"]`,
			refused:  field + `: ["0000:0000:0000:0000:00000:ffff:192.168.100.100"]`,
			because:  []string{field + "[0]: may not be more than 45 bytes"},
		},
	}
}

// commonStatusRules are those of Status, which every kind has.
func commonStatusRules() []rule {
	const (
		condition = `{type: T%d, status: "True", reason: R, message: "", lastTransitionTime: "2027-06-30T12:00:00Z"}`
		finding   = `{severity: Error, path: spec, reason: R%d, message: m}`
	)
	return slices.Concat(
		list("status.conditions", condition, 0, 16),
		[]rule{{
			name:     "a condition is there once",
			accepted: `status.conditions: [` + condition1 + `]`,
			refused:  `status.conditions: [` + condition1 + `, ` + condition1 + `]`,
			because:  []string{"status.conditions[1]: Duplicate value"},
		}},
		list("status.findings", finding, 0, 32),
		under("status.findings: [{severity: Error, path: spec, reason: R, message: m}]",
			choice("status.findings[0].severity", "Error", "Warning"),
			required("status.findings[0].severity", "status.findings[0].path", "status.findings[0].reason", "status.findings[0].message")),
	)
}

const condition1 = `{type: Accepted, status: "True", reason: R, message: "", lastTransitionTime: "2027-06-30T12:00:00Z"}`

// lastGoodRules are about the spec that was accepted last. It is the one of the
// manifest here; what else it may be is up to the rules of spec.
func lastGoodRules(manifest string) []rule {
	var object struct {
		Spec json.RawMessage `json:"spec"`
	}
	if err := yaml.Unmarshal([]byte(manifest), &object); err != nil {
		panic(err) // a constant of these tests
	}
	return under("status.lastGood: {generation: 1, spec: "+string(object.Spec)+"}",
		required("status.lastGood.generation", "status.lastGood.spec"),
		list("status.lastGood.approvedBy", "planner-%d", 0, 32),
		text("status.lastGood.approvedBy[0]", 1, 340))
}
