// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import "strings"

// This file makes rules of the sorts that fields of vendor access have.

// moment says what a date with a time of day looks like.
func moment(field string) []rule {
	pattern := []string{field + `: should match '^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?$'`}
	entry := func(sentence, accepted, refused string, because ...string) rule {
		if because == nil {
			because = pattern
		}
		return rule{name: field + " " + sentence, accepted: field + ": " + accepted, refused: field + ": " + refused, because: because}
	}
	noSuchDay := field + ": the calendar has no such day"
	return []rule{
		entry("needs no quotes", "2027-06-30T12:00", "2027-06-30"),
		entry("may have seconds", "2027-06-30T12:00:30", "2027-06-30T12"),
		entry("may be in UTC", `"2027-06-30T12:00Z"`, `"2027-06-30T12:00z"`),
		entry("may have an offset", `"2027-06-30T12:00+01:00"`, `"2027-06-30T12:00+0100"`),
		entry("may have an offset and seconds", `"2027-06-30T12:00:00-03:30"`, `"2027-06-30T12:00:00 CET"`),
		entry("has no offset beyond 14 hours", `"2027-06-30T12:00+14:00"`, `"2027-06-30T12:00+15:00"`),
		entry("has the year first", "2027-06-30T12:00", "30.06.2027 12:00"),
		entry("has no words", "2027-06-30T12:00", "tomorrow 08:00"),
		entry("has a T", "2027-06-30T12:00", "2027-06-30 12:00"),
		entry("has no hour 24", "2027-06-30T23:59:59", "2027-06-30T24:00"),
		entry("has no thirteenth month", "2027-12-31T12:00", "2027-13-01T12:00"),
		entry("has no fractions of a second", `"2027-06-30T12:00:00Z"`, `"2027-06-30T12:00:00.5Z"`),
		entry("has no lines around it", "2027-06-30T12:00", `"2027-06-30T12:00\n"`),
		entry("is not empty", "2027-06-30T12:00", `""`),
		entry("is of this century", "2099-12-31T12:00", "1970-01-01T00:00"),
		entry("may be the 29th of February", "2028-02-29T12:00", "2027-02-29T12:00", noSuchDay),
		entry("is no 30th of February", "2028-02-29T12:00", "2028-02-30T12:00", noSuchDay),
		entry("is no 31st of April", "2027-04-30T12:00", `"2027-04-31T12:00Z"`, noSuchDay),
		entry("is no 31st of November", "2027-11-30T12:00", "2027-11-31T12:00", noSuchDay),
		entry("has no more characters than it needs", `"2027-06-30T12:00:00+01:00"`, `"2027-06-30T12:00:00+01:00 "`,
			field+": may not be more than 25 bytes"),
	}
}

// uptime is a time span that may be years, or nothing.
func uptime(field string) []rule {
	const pattern = ": should match '^([0-9]{1,6}h)?([0-9]{1,4}m)?([0-9]{1,4}s)?$'"
	entry := func(sentence, accepted, refused, because string) rule {
		return rule{name: field + " " + sentence, accepted: field + ": " + accepted, refused: field + ": " + refused, because: []string{field + because}}
	}
	return []rule{
		entry("has parts in their order", "17520h0m9s", "9s1h", pattern),
		entry("has six digits at most", "999999h59m59s", "1000000h", pattern),
		entry("has no fractions", "0s", "0.5s", pattern),
		entry("is not too short a text", "9s", "s", ": should be at least 2 chars long"),
		entry("is not too long a text", "000000h0001m0000s", "0000000h0001m0000s", ": may not be more than 17 bytes"),
	}
}

// timeSpan says what a duration looks like.
func timeSpan(field string) []rule {
	const pattern = ": should match '^([0-9]{1,4}h)?([0-9]{1,4}m)?([0-9]{1,4}s)?$'"
	entry := func(sentence, accepted, refused string, because ...string) rule {
		if because == nil {
			because = []string{field + pattern}
		}
		return rule{name: field + " " + sentence, accepted: field + ": " + accepted, refused: field + ": " + refused, because: because}
	}
	return []rule{
		entry("may be in hours", "1h", "1d"),
		entry("may be in minutes", "90m", "90min"),
		entry("may have parts", "1h30m10s", "30m1h"),
		entry("has no fractions", "90m", "1.5h"),
		entry("is not negative", "1s", "-1s"),
		entry("has a unit", "30m", `"30"`),
		entry("is a text", "30m", "30", field+": must be of type string"),
		entry("has four digits at most", "0090m", "00090m"),
		entry("is longer than nothing", "1s", "0s", field+": a time span is longer than nothing"),
		entry("is not too short a text", "1m", "m", field+": should be at least 2 chars long"),
		entry("is not too long a text", "0000h0001m0000s", "00000h0001m0000s", field+": may not be more than 15 bytes"),
	}
}

// lifetime says what a time span looks like that may be in days. One of nothing is refused
// for other causes as well.
func lifetime(field string, others ...string) []rule {
	const (
		pattern = ": should match '^([0-9]{1,5}d|([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,4}s)?)$'"
		nothing = ": a time span is longer than nothing"
		short   = ": should be at least 2 chars long"
	)
	entry := func(sentence, accepted, refused string, because ...string) rule {
		if because == nil {
			because = []string{pattern}
		}
		causes := make([]string, 0, len(because))
		for _, b := range because {
			causes = append(causes, field+b)
		}
		if because[0] == nothing {
			causes = append(causes, others...)
		}
		return rule{name: field + " " + sentence, accepted: field + ": " + accepted, refused: field + ": " + refused, because: causes}
	}
	return []rule{
		entry("may be in days", "400d", "57w"),
		entry("may be in hours", "99999h", "100000h"),
		entry("may have parts", "36h30m10s", "30m36h"),
		entry("has days alone", "2d", "1d12h"),
		entry("has each part once", "2h", "1h1h"),
		entry("has no fractions", "36h", "1.5d"),
		entry("is not negative", "1d", "-1d"),
		entry("has a unit", "400d", `"400"`),
		entry("is a text", "400d", "400", ": must be of type string"),
		entry("has five digits at most", "00400d", "000400d"),
		entry("is longer than no days", "1d", "0d", nothing),
		entry("is longer than no hours", "2s", "0h00m", nothing),
		entry("is not empty", "2s", `""`, short),
		entry("is not too short a text", "2s", "s", short),
		entry("is not too long a text", "00002h0001m001s", "00002h0001m0001s", ": may not be more than 15 bytes"),
	}
}

// uid says what a UUID looks like.
func uid(field string) []rule {
	const good = "5b0ac8a4-4d1a-4c2a-9f0b-0f2d3c4b5a69"
	pattern := field + ": should match '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"
	return []rule{
		{name: field + " is a UUID", accepted: field + ": " + good, refused: field + ": acme-2026-11-23", because: []string{pattern}},
		{name: field + " is not empty", accepted: field + ": " + good, refused: field + `: ""`, because: []string{pattern}},
		{
			name: field + " has 36 characters", accepted: field + ": " + good, refused: field + ": " + good + "0",
			because: []string{field + ": may not be more than 36 bytes"},
		},
	}
}

// person says how somebody is named who is let in. What lies around the field is up to
// the caller.
func person(field string) []rule {
	group := []string{field + ": this names a group or a part of Kubernetes: name a person, as the API server authenticates them"}
	return append(text(field, 1, 340),
		rule{name: field + " is a user", accepted: field + ": tech-1@acme.example", refused: field + ": system:masters", because: group},
		rule{name: field + " is not everybody", accepted: field + `: "oidc:tech-1"`, refused: field + ": system:authenticated", because: group},
		rule{
			name:     field + " may be a service account, which the Site then has to allow",
			accepted: field + ": system:serviceaccount:vendors:acme", refused: field + ": system:serviceaccounts:vendors", because: group,
		},
		rule{name: field + " is no node", accepted: field + ": node-1", refused: field + ": system:node:node-1", because: group},
	)
}

// moved has rules speak of another field.
func moved(from, to string, rules []rule) []rule {
	all := make([]rule, 0, len(rules))
	change := func(s string) string { return strings.ReplaceAll(s, from, to) }
	for _, r := range rules {
		r.name, r.accepted, r.refused = change(r.name), change(r.accepted), change(r.refused)
		because := make([]string, 0, len(r.because))
		for _, b := range r.because {
			because = append(because, change(b))
		}
		r.because = because
		all = append(all, r)
	}
	return all
}

// unchangeable says that no part of spec changes once it is stored.
func unchangeable(message string, changes ...string) []rule {
	rules := []rule{{name: "labels and annotations may change", accepted: "metadata.labels: {a: b}\nmetadata.annotations: {a: b}"}}
	for _, change := range changes {
		field, _, _ := strings.Cut(change, ": ")
		rules = append(rules, rule{
			name: field + " does not change", accepted: "metadata.labels: {a: b}", refused: change, because: []string{"spec: " + message},
		})
	}
	return rules
}
