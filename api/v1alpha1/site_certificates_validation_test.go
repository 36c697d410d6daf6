// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// nearExpiry is all that a Site has to say of certificates.
const nearExpiry = "spec.certificates.nearExpiry: {within: 7d, action: Wait}"

// siteCertificateRules are those of a Site's rules for certificates.
func siteCertificateRules() []rule {
	const (
		field  = "spec.certificates"
		issuer = field + ".issuerRef"
		root   = field + ".authority"
	)
	return append(under(nearExpiry,
		required(field+".nearExpiry", field+".nearExpiry.within", field+".nearExpiry.action"),
		lifetime(field+".nearExpiry.within"),
		choice(field+".nearExpiry.action", "Wait", "IgnoreWindows", "IgnoreFreezes"),
		under(issuer+": {name: plant-ca}",
			required(issuer+".name"),
			text(issuer+".name", 1, 253), text(issuer+".kind", 1, 63), text(issuer+".group", 1, 253)),
		under(root+".rootLifetime: 99999d", lifetime(root+".lifetime")),
		under(root+".lifetime: 1s", lifetime(root+".rootLifetime", outlives)),
		number(root+".offlineFrom", 1, 5),
		under(root+".key: {algorithm: RSA, size: 2048}", required(root+".key.algorithm", root+".key.size")),
		authorityRules,
		maintenanceRules(),
		freezeRules(),
		lifetime(field+".warnBefore"),
		timeSpan(field+".trustDelay"),
	), rule{
		name: "certificates near their end are somebody's decision", accepted: nearExpiry, refused: field + ": {}",
		because: []string{field + ".nearExpiry: Required value"},
	})
}

const outlives = "spec.certificates.authority: lifetime: must be shorter than rootLifetime, because an authority ends before the root that signed it"

var authorityRules = func() []rule {
	const (
		root   = "spec.certificates.authority"
		size   = root + ".key: size: RSA keys have 2048 or 3072 bits, ECDSA keys 256 or 384"
		issuer = "spec.certificates.issuerRef: {name: plant-ca}"
	)
	entry := func(sentence, accepted, refused, because string) rule {
		return rule{name: "an authority " + sentence, accepted: root + ": " + accepted, refused: root + ": " + refused, because: []string{because}}
	}
	return []rule{
		entry("ends before its root", "{lifetime: 99d, rootLifetime: 100d}", "{lifetime: 100d, rootLifetime: 100d}", outlives),
		entry("is held against its root in hours", "{lifetime: 23h59m59s, rootLifetime: 1d}", "{lifetime: 24h, rootLifetime: 1d}", outlives),
		entry("is held against the default of its root", "{lifetime: 7299d}", "{lifetime: 7300d}", outlives),
		entry("of the default length is held against its root", "{rootLifetime: 1826d}", "{rootLifetime: 1825d}", outlives),
		entry("has an RSA key that is not short", "{key: {algorithm: RSA, size: 2048}}", "{key: {algorithm: RSA, size: 1024}}", size),
		entry("has an RSA key that is not long", "{key: {algorithm: RSA, size: 3072}}", "{key: {algorithm: RSA, size: 4096}}", size),
		entry("has an ECDSA key of its own sizes", "{key: {algorithm: ECDSA, size: 384}}", "{key: {algorithm: ECDSA, size: 3072}}", size),
		entry("has a key that devices know", "{key: {algorithm: ECDSA, size: 256}}", "{key: {algorithm: Ed25519, size: 256}}",
			root+`.key.algorithm: supported values: "RSA", "ECDSA"`),
		{
			name: "cert-manager has authorities of its own", accepted: issuer, refused: issuer + "\n" + root + ": {}",
			because: []string{"spec.certificates: authority is about the built-in issuer: give either authority or issuerRef"},
		},
	}
}()

func maintenanceRules() []rule {
	const (
		all    = "spec.certificates.maintenanceWindows"
		window = all + "[0]"
		fields = window + ".schedule: a schedule is a cron expression of five fields: minute, hour, day, month, weekday; the time zone is the Site's"
	)
	cron := func(sentence, accepted, refused string) rule {
		return rule{name: "a maintenance window's schedule " + sentence, accepted: window + ".schedule: " + accepted, refused: window + ".schedule: " + refused, because: []string{fields}}
	}
	tooLong := text(window+".schedule", 0, 128)[:1]
	tooLong[0].accepted = window + ".schedule: 0 2 * * SUN"
	return append(list(all, "{name: window-%d, schedule: 0 2 * * 0, duration: 2h}", 0, 16),
		under(all+": [{name: sunday-night, schedule: 0 2 * * 0, duration: 2h}]",
			required(window+".name", window+".schedule", window+".duration"),
			text(window+".name", 1, 63),
			tooLong,
			timeSpan(window+".duration"),
			[]rule{
				cron("has five fields", "30 6 1-7 */2 TUE,THU", "30 6 * *"),
				cron("has no seconds", "0 2 * * 0", "0 0 2 * * 0"),
				cron("has no words for it", "0 0 * * *", `"@weekly"`),
				cron("has no time zone of its own", "0 2 * * *", "TZ=Asia/Tokyo 0 2 * * *"),
				cron("has no lines", "0 2 * * *", `"0 2 * * *\n"`),
				cron("is not empty", "0 2 * * *", `""`),
				{
					name: "a maintenance window may be the yearly shutdown", accepted: window + ".duration: 744h", refused: window + ".duration: 744h1s",
					because: []string{window + ".duration: a maintenance window lasts 744h (31 days) at most"},
				},
				{
					name: "a maintenance window is there once", accepted: all + "[1]: {name: shutdown, schedule: 0 6 1 7 *, duration: 336h}",
					refused: all + "[1]: {name: sunday-night, schedule: 0 6 1 7 *, duration: 336h}", because: []string{all + "[1]: Duplicate value"},
				},
			})...)
}

func freezeRules() []rule {
	const (
		all    = "spec.certificates.freezes"
		freeze = all + "[0]"
		after  = freeze + ": until: must be after from"
	)
	times := func(from, until string) string {
		return freeze + ".from: \"" + from + "\"\n" + freeze + ".until: \"" + until + "\""
	}
	return append(list(all, "{name: freeze-%d, reason: r}", 0, 16),
		under(all+": [{name: storm, reason: storm}]",
			required(freeze+".name", freeze+".reason"),
			text(freeze+".name", 1, 63), text(freeze+".reason", 1, 256),
			moment(freeze+".from"), moment(freeze+".until"),
			[]rule{
				{name: "a freeze ends after it begins", accepted: times("2026-11-23T08:00", "2026-11-23T08:01"), refused: times("2026-11-23T08:01", "2026-11-23T08:00"), because: []string{after}},
				{name: "a freeze is longer than nothing", accepted: times("2026-11-23T08:00", "2026-11-23T08:00:01"), refused: times("2026-11-23T08:00", "2026-11-23T08:00:00"), because: []string{after}},
				{name: "a freeze in UTC ends after it begins", accepted: times("2026-11-23T08:00Z", "2026-11-23T08:01Z"), refused: times("2026-11-23T08:00:01Z", "2026-11-23T08:00Z"), because: []string{after}},
				{name: "a freeze with offsets ends after it begins", accepted: times("2026-11-23T08:00+01:00", "2026-11-23T08:01+01:00"), refused: times("2026-11-23T08:00+01:00", "2026-11-22T12:00+01:00"), because: []string{after}},
				{name: "times of two forms of a freeze are not compared here", accepted: times("2026-11-23T08:00", "2026-11-23T07:30Z")},
				{name: "a freeze may begin now and end when it is taken out", accepted: freeze + ".reason: a batch"},
				{
					name: "a freeze is there once", accepted: all + "[1]: {name: batch, reason: batch}", refused: all + "[1]: {name: storm, reason: batch}",
					because: []string{all + "[1]: Duplicate value"},
				},
			})...)
}

// zoneCertificateRules are those of a Zone's settings for certificates.
func zoneCertificateRules() []rule {
	const (
		names   = "spec.certificates.dnsNames"
		ranges  = "spec.certificates.networks"
		pattern = names + `[0]: should match '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$'`
	)
	entry := func(sentence, accepted, refused string, because ...string) rule {
		if because == nil {
			because = []string{pattern}
		}
		return rule{name: names + " " + sentence, accepted: names + ": [" + accepted + "]", refused: names + ": [" + refused + "]", because: because}
	}
	long := strings.Repeat("a.", 126)
	return slices.Concat(
		set(names, "cell-%d.plant.example", 0, 16),
		[]rule{
			entry("stand for what ends in them without a star", "plant.example", `"*.plant.example"`),
			entry("stand for what ends in them without a dot", "plant.example", ".plant.example"),
			entry("are in lower case", "plant.example", "Plant.example"),
			entry("have up to 253 characters", long+"a", long+"aa", names+"[0]: may not be more than 253 bytes"),
			entry("are not all names", "a", `""`, names+"[0]: should be at least 1 chars long"),
		},
		set(ranges, "10.%d.0.0/16", 0, 16),
		networks(ranges),
		choice("spec.certificates.authorityKey", "Online", "Offline"),
		madeByPeople(),
		under(ofZone+": {name: cell-1-ca}",
			required(ofZone+".name"),
			text(ofZone+".name", 1, 253), text(ofZone+".kind", 1, 63), text(ofZone+".group", 1, 253)),
		[]rule{{
			name: "an issuer has its own key", accepted: ofZone + ": {name: cell-1-ca}",
			refused: ofZone + ": {name: cell-1-ca}\nspec.certificates.authorityKey: Offline",
			because: []string{"spec.certificates: an issuer has its own key: give either authorityKey or issuerRef"},
		}},
	)
}

const ofZone = "spec.certificates.issuerRef"

// madeByPeople are the rules of authorities whose key is not in the cluster.
func madeByPeople() []rule {
	const field = "spec.certificates.authorities"
	is := func(text string) string { return field + `: ["` + text + `"]` }
	good, because := is(pem("CERTIFICATE", 64)), []string{field + ": authorities: a certificate as PEM each, and never a private key"}
	return slices.Concat(
		set(field, `"%d `+pem("CERTIFICATE", 64)+`"`, 0, 8),
		[]rule{
			{name: field + " are not too short", accepted: good, refused: is(pem("CERTIFICATE", 63)), because: []string{field + "[0]: should be at least 64 chars long"}},
			{
				name: field + " are not too long", accepted: is(pem("CERTIFICATE", 16384)), refused: is(pem("CERTIFICATE", 16385)),
				because: []string{field + "[0]: may not be more than 16384 bytes"},
			},
			{name: field + " are certificates", accepted: good, refused: is(pem("X509 CRL", 64)), because: because},
			{name: field + " may have their list", accepted: is(pem("CERTIFICATE", 64) + `\n` + pem("X509 CRL", 64))},
			{name: field + " have no key beside them", accepted: good, refused: is(pem("CERTIFICATE", 64) + `\n` + pem("EC PRIVATE KEY", 64)), because: because},
		})
}

// certificateFillings are the defaults within spec.certificates and of what certificates have.
var certificateFillings = []filling{
	{
		"certificates with what they need", siteKind, nearExpiry,
		"spec.certificates: {nearExpiry: {within: 7d, action: Wait}, warnBefore: 14d, trustDelay: 10m}",
	},
	{
		"authorities without anything", siteKind, nearExpiry + "\nspec.certificates.authority: {}",
		"spec.certificates.authority: {key: {algorithm: RSA, size: 3072}, rootLifetime: 7300d, lifetime: 1825d, offlineFrom: 5}",
	},
	{
		"an issuer is for the whole cluster", siteKind, nearExpiry + "\nspec.certificates.issuerRef: {name: plant-ca}",
		"spec.certificates.issuerRef: {name: plant-ca, kind: ClusterIssuer, group: cert-manager.io}",
	},
	{
		"a zone's issuer is for the whole cluster", zoneKind, ofZone + ": {name: cell-1-ca}",
		ofZone + ": {name: cell-1-ca, kind: ClusterIssuer, group: cert-manager.io}",
	},
	{"a zone's certificates get nothing", zoneKind, "spec.certificates: {}", "spec.certificates: {}"},
	{"a key without a value, as templates leave it", certificateKind, "spec.key: ", "spec.key: {from: Operator}"},
	{"a key of a kind", certificateKind, "spec.key: {algorithm: RSA, size: 2048}", "spec.key: {from: Operator, algorithm: RSA, size: 2048}"},
	{
		"an outside peer trusts authorities, by hand", certificateKind, "spec.outsidePeers: [{name: HMI_01}]",
		"spec.outsidePeers: [{name: HMI_01, trust: Manual, lists: Authority}]",
	},
	{"a restart gets nothing", certificateKind, "spec.restart: {policy: None}", "spec.restart: {policy: None}"},
}

// TestAuthorityOfGo checks that a program which names no key gets the default, and is not
// refused for a key without an algorithm.
func TestAuthorityOfGo(t *testing.T) {
	content, err := json.Marshal(v1alpha1.SiteCertificates{
		Authority:  &v1alpha1.AuthorityRules{Lifetime: "1000d"},
		NearExpiry: v1alpha1.NearExpiry{Within: "7d", Action: v1alpha1.NearExpiryWait},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := siteKind.client().Create(t.Context(), siteKind.object(t, "spec.certificates: "+string(content)), strictCreate); err != nil {
		t.Error(err)
	}
}
