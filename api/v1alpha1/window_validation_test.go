// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import "slices"

var windowKind = kind{
	name:      "VendorAccessWindow",
	resource:  "vendoraccesswindows",
	shortName: "vaw",
	base: `
apiVersion: zonewarden.io/v1alpha1
kind: VendorAccessWindow
metadata: {name: acme-drives-2026-11-23}
spec:
  requester: planner-1
  vendor: acme-drives
  people: [tech-1@acme.example]
  work: {reason: overcurrent trips}
  start: 2026-11-23T08:00
  end: 2026-11-23T12:00
  through: jumphost-1
  reach: [{zone: cell-pumping, assets: [drive-pump-01a], flows: [{protocol: modbus-tcp}]}]
`,
	rules:  windowRules,
	status: windowStatusRules,
	updates: func() []rule {
		return unchangeable("the spec of a window does not change, because it is what was approved: make a new window that replaces this one",
			"spec.end: 2026-11-23T18:00", "spec.latestEnd: 2026-11-23T18:00", "spec.requester: shift-1", "spec.people: [tech-2@acme.example]",
			"spec.maxSessions: 17", "spec.breakGlass: true", "spec.reach[0].flows[0].protocol: opcua-tcp", "spec.reach[0].assets[1]: plc-pump-01",
			"spec.reach[0]: {zone: cell-pumping, workloads: {matchLabels: {app: hmi}}, flows: [{protocol: modbus-tcp}]}")
	},
	columns: []column{
		{name: "People", kind: "string", value: `["tech-1@acme.example"]`},
		{name: "Vendor", kind: "string", value: "acme-drives"},
		{name: "Phase", kind: "string", value: "Active"},
		{name: "Until", kind: "string", value: "2026-11-23 12:00 CET"},
		{name: "Through", kind: "string", value: "jumphost-1"},
		{name: "Live", kind: "integer", value: int64(3)},
		{name: "Approved-By", kind: "string", value: "shift-1"},
		{name: "Last-Packet", kind: "date", wide: true},
		{name: "Requester", kind: "string", wide: true, value: "planner-1"},
		{name: "Order", kind: "string", wide: true},
		{name: "Why", kind: "string", wide: true, value: "Approved"},
		{name: "Age", kind: "date"},
	},
	sampleStatus: `
status.phase: Active
status.localEnd: 2026-11-23 12:00 CET
status.approvedBy: shift-1
status.reason: Approved
status.sessions: {live: 3, lastPacket: "2026-11-23T09:59:58Z"}
`,
	defaults: `
requester: planner-1
vendor: acme-drives
people: [tech-1@acme.example]
work: {reason: overcurrent trips}
start: 2026-11-23T08:00
end: 2026-11-23T12:00
through: jumphost-1
reach: [{zone: cell-pumping, assets: [drive-pump-01a], flows: [{protocol: modbus-tcp}]}]
grant: Relay
activation: Automatic
attended: NotRequired
maxSessions: 16
`,
}

// weekly takes the place of start and end.
const weekly = "spec.start: null\nspec.end: null\nspec.recurring: {schedule: 0 8 * * MON, duration: 4h, lastDay: 2027-06-30}"

func windowRules() []rule {
	return slices.Concat(
		objectName("the name of a VendorAccessWindow is at most 63 characters long and has no dots, because policies and labels are named after it"),
		required("spec", "spec.requester", "spec.vendor", "spec.people", "spec.work", "spec.through", "spec.reach"),
		text("spec.requester", 1, 340),
		text("spec.vendor", 1, 63),
		set("spec.people", "tech-%d", 1, 16),
		person("spec.people[0]"),
		text("spec.work.order", 0, 128),
		text("spec.work.permit", 0, 128),
		required("spec.work.reason"),
		text("spec.work.reason", 1, 1024),
		under(`spec.end: "2099-12-31T23:59:59"`, moment("spec.start")),
		moment("spec.end"),
		moment("spec.latestEnd"),
		timeRules,
		recurringRules(),
		text("spec.through", 1, 63),
		list("spec.reach", "{zone: zone-%d, assets: [a], flows: [{protocol: dnp3}]}", 1, 16),
		reachRules(),
		choice("spec.grant", "Relay", "SessionPod", "SourceAddress"),
		kubernetesRules(),
		choice("spec.activation", "Automatic", "WhenArmed"),
		choice("spec.attended", "Required", "NotRequired"),
		number("spec.maxSessions", 1, 64),
		timeSpan("spec.idleTimeout"),
		text("spec.replaces", 1, 63),
		grantRules,
	)
}

var timeRules = func() []rule {
	const (
		noEnd  = "spec: an access window ends: give start and end, or recurring"
		both   = "spec: recurring takes the place of start, end and latestEnd: give one or the other"
		before = "spec: end must be after start"
		latest = "spec: latestEnd must not be before end"
	)
	times := func(start, end string) string { return "spec.start: \"" + start + "\"\nspec.end: \"" + end + "\"" }
	return []rule{
		{name: "a window has an end", accepted: "spec.end: 2026-11-23T12:00", refused: "spec.end: null", because: []string{noEnd}},
		{name: "a window has a start", accepted: "spec.start: 2026-11-23T08:00", refused: "spec.start: null", because: []string{noEnd}},
		{name: "a window has a start and an end", accepted: weekly, refused: "spec.start: null\nspec.end: null", because: []string{noEnd}},
		{name: "a window is once or recurring", accepted: weekly, refused: weekly + "\nspec.start: 2026-11-23T08:00\nspec.end: 2026-11-23T12:00", because: []string{both}},
		{name: "a recurring window has no end of its own", accepted: weekly, refused: weekly + "\nspec.end: 2026-11-23T12:00", because: []string{both}},
		{name: "a recurring window has no latestEnd", accepted: weekly, refused: weekly + "\nspec.latestEnd: 2026-11-23T12:00", because: []string{both}},
		{
			name: "a window ends after it starts", accepted: times("2026-11-23T08:00", "2026-11-23T08:01"),
			refused: times("2026-11-23T08:01", "2026-11-23T08:00"), because: []string{before},
		},
		{
			name: "a window is longer than nothing", accepted: times("2026-11-23T08:00", "2026-11-23T08:00:01"),
			refused: times("2026-11-23T08:00", "2026-11-23T08:00:00"), because: []string{before},
		},
		{
			name: "a window in UTC ends after it starts", accepted: times("2026-11-23T08:00Z", "2026-11-23T08:00:01Z"),
			refused: times("2026-11-23T08:00:01Z", "2026-11-23T08:00Z"), because: []string{before},
		},
		{
			name: "a window with offsets ends after it starts", accepted: times("2026-11-23T08:00-05:00", "2026-11-23T08:00:30-05:00"),
			refused: times("2026-11-23T08:00:00-05:00", "2026-11-22T12:00-05:00"), because: []string{before},
		},
		// What is longer depends on the offset, or on the Site: the operator says so.
		{name: "times of two forms are not compared here", accepted: times("2026-11-23T08:00", "2026-11-23T07:30Z")},
		{name: "times with two offsets are not compared here", accepted: times("2026-11-23T08:00+01:00", "2026-11-23T07:30Z")},
		{name: "a window is not extended to before its end", accepted: "spec.latestEnd: 2026-11-23T12:00:00", refused: "spec.latestEnd: 2026-11-23T11:59:59", because: []string{latest}},
	}
}()

func recurringRules() []rule {
	const (
		schedule = "spec.recurring.schedule"
		fields   = "spec.recurring.schedule: a schedule is a cron expression of five fields: minute, hour, day, month, weekday; the time zone is the Site's"
	)
	cron := func(sentence, accepted, refused string) rule {
		return rule{name: "a schedule " + sentence, accepted: schedule + ": " + accepted, refused: schedule + ": " + refused, because: []string{fields}}
	}
	tooLong := text(schedule, 0, 128)[:1]
	tooLong[0].accepted = schedule + ": 0 8 * * MON"
	return under(weekly,
		required(schedule, "spec.recurring.duration", "spec.recurring.lastDay"),
		tooLong,
		[]rule{
			cron("has five fields", "30 6 1-7 */2 TUE,THU", "30 6 * *"),
			cron("has no seconds", "0 8 * * 1", "0 0 8 * * 1"),
			cron("has no words for it", "0 0 * * *", `"@daily"`),
			cron("has no time zone of its own", "0 8 * * *", "TZ=Asia/Tokyo 0 8 * * *"),
			cron("has single spaces", "0 8 * * *", `"0  8 * * *"`),
			cron("has no lines", "0 8 * * *", `"0 8 * * *\n"`),
			cron("is not empty", "0 8 * * *", `""`),
		},
		timeSpan("spec.recurring.duration"),
		date("spec.recurring.lastDay"),
	)
}

func reachRules() []rule {
	const (
		field = "spec.reach[0]"
		whole = "\nspec.reach[0].wholeZone: true"
		none  = "spec.reach[0].assets: null"
		pods  = "\nspec.reach[0].workloads: {matchLabels: {app: hmi}}"
	)
	one := []string{field + ": say what of the zone is reached: give one of assets, workloads, wholeZone: true"}
	flows := slices.Concat(
		required("spec.flows"),
		list("spec.flows", "{port: 10%02d, transport: TCP}", 1, 32),
		flowRules, protocolRules,
		text("spec.flows[0].protocol", 1, 63)[:1],
		under("spec.flows: [{port: 1, transport: TCP}]", number("spec.flows[0].port", 1, 65535)),
		choice("spec.flows[0].declaredMode", "None", "Sign", "SignAndEncrypt"),
		under("spec.flows: [{port: 9000}]", choice("spec.flows[0].transport", "TCP", "UDP", "SCTP")))
	return slices.Concat(
		required(field+".zone"),
		text(field+".zone", 1, 63),
		set(field+".assets", "drive-%d", 1, 64),
		text(field+".assets[0]", 1, 63),
		under(none, selector(field+".workloads", "an empty selector would reach every pod of the zone; name a label")),
		moved("spec.flows", field+".flows", flows),
		[]rule{
			{name: "a reach is of something", accepted: none + pods, refused: none, because: one},
			{name: "a reach is not of assets and of workloads", accepted: none + pods, refused: "spec.reach[0].assets: [a]" + pods, because: one},
			{name: "a reach is not of assets and of everything", accepted: none + whole, refused: "spec.reach[0].assets: [a]" + whole, because: one},
			{name: "a reach is not of workloads and of everything", accepted: none + pods, refused: none + pods + whole, because: one},
			{name: "a reach of everything says so", accepted: none + whole, refused: none + "\nspec.reach[0].wholeZone: false", because: one},
			{
				name:     "a zone may be reached in two ways",
				accepted: "spec.reach[1]: {zone: cell-pumping, assets: [plc-pump-01], flows: [{protocol: opcua-tcp}]}",
			},
		},
	)
}

func kubernetesRules() []rule {
	const roles = "spec.kubernetes.roles"
	return slices.Concat(
		[]rule{{name: "rights are by roles", refused: "spec.kubernetes: {}", because: []string{roles + ": Required value"}}},
		list(roles, "{namespace: n%d, role: r}", 1, 16),
		[]rule{{
			name: "a role is bound once in a namespace", accepted: roles + ": [{namespace: a, role: r}, {namespace: a, role: s}, {namespace: b, role: r}]",
			refused: roles + ": [{namespace: a, role: r}, {namespace: a, role: r}]", because: []string{roles + "[1]: Duplicate value"},
		}},
		under(roles+": [{namespace: a, role: r}]",
			required(roles+"[0].namespace", roles+"[0].role"),
			text(roles+"[0].namespace", 1, 63),
			text(roles+"[0].role", 1, 253),
			choice("spec.kubernetes.credential", "None", "Token")),
	)
}

var grantRules = func() []rule {
	const (
		glass = "spec.breakGlass: true\n"
		once  = "spec: breakGlass opens at once and once: it goes with start, end and activation: Automatic"
		idle  = "spec: idleTimeout needs grant: Relay or SessionPod, because nobody sees the sessions from a source address"
	)
	return []rule{
		{name: "break-glass is not armed", accepted: glass + "spec.activation: Automatic", refused: glass + "spec.activation: WhenArmed", because: []string{once}},
		{name: "break-glass does not recur", accepted: "spec.breakGlass: false\n" + weekly, refused: glass + weekly, because: []string{once}},
		{
			name: "idle time is seen by a relay", accepted: "spec.idleTimeout: 15m\nspec.grant: SessionPod",
			refused: "spec.idleTimeout: 15m\nspec.grant: SourceAddress", because: []string{idle},
		},
		{
			name: "a window replaces another", accepted: "spec.replaces: acme-drives-2026-11-22", refused: "spec.replaces: acme-drives-2026-11-23",
			because: []string{whole + ": spec.replaces must name another window"},
		},
		{
			name: "who is let in is a list", accepted: "spec.people: [tech-1]", refused: "spec.people: tech-1",
			because: []string{"spec.people: must be of type array"},
		},
	}
}()

func windowStatusRules() []rule {
	const decision = "status.decidedBy[0]"
	return slices.Concat(
		commonStatusRules(),
		choice("status.phase", "Requested", "Approved", "Armed", "Active", "Expired", "Denied", "Revoked", "Locked"),
		instant("status.since"), instant("status.start"), instant("status.end"),
		text("status.reason", 0, 128),
		text("status.localStart", 0, 64), text("status.localEnd", 0, 64),
		text("status.occurrence", 0, 32),
		text("status.approvedBy", 0, 1024),
		text("status.armedBy", 1, 340),
		list("status.decidedBy", `{approval: a%d, approver: b, decision: Approve, at: "2026-11-22T16:00:00Z"}`, 0, 64),
		under(`status.decidedBy: [{approval: a, approver: b, decision: Approve, at: "2026-11-22T16:00:00Z"}]`,
			required(decision+".approval", decision+".approver", decision+".decision", decision+".at"),
			text(decision+".approval", 0, 253), text(decision+".approver", 1, 340),
			choice(decision+".decision", "Approve", "Deny", "Revoke", "Arm"),
			instant(decision+".at"), instant(decision+".until")),
		under("status.sessions: {live: 1}", notNegative("status.sessions.live"), instant("status.sessions.lastPacket")),
		text("status.pod", 0, 320),
		list("status.endpoints", "{to: target-%d}", 0, 256),
		under("status.endpoints: [{to: drive-pump-01a}]",
			text("status.endpoints[0].at", 0, 128), text("status.endpoints[0].to", 0, 256), required("status.endpoints[0].to")),
		under(`status.ending: {due: "2026-11-23T12:00:00Z"}`,
			required("status.ending.due"), instant("status.ending.due"), instant("status.ending.proved"),
			text("status.ending.occurrence", 0, 32), text("status.ending.lateness", 0, 32)),
	)
}
