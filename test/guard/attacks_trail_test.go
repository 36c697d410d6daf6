// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import "sigs.k8s.io/controller-runtime/pkg/client"

const (
	byTrail = "zonewarden-audit-trail"
	segment = `
apiVersion: v1
kind: ConfigMap
metadata: {name: zonewarden-audit-1-9-deadbeef, namespace: zonewarden-system, labels: {zonewarden.io/audit: zonewarden}}
immutable: true
data: {entries: ""}`
	sessionKey = `
apiVersion: v1
kind: Secret
metadata: {name: zonewarden-session-key, namespace: zonewarden-system}
stringData: {key.pem: "a key"}`
	trailHead = "zonewarden-system/zonewarden-audit"
	trailKey  = "zonewarden-system/zonewarden-audit-key"
	clockMark = "zonewarden-system/zonewarden-clock"
	emptied   = `{"data":{"entries":"","state":"{}"}}`
)

// attacksOnTheTrail change what is remembered of vendor access and of time, or the keys that
// vouch for it. What is changed in the trail is also found by whoever verifies it.
var attacksOnTheTrail = []attack{
	{name: "empty the audit trail", as: networkEditor, do: merge("v1", "ConfigMap", trailHead, emptied), want: refusedByGuard, by: byTrail, says: "let a site administrator do it"},
	{name: "empty the audit trail", as: argo, do: merge("v1", "ConfigMap", trailHead, emptied), want: refusedByGuard, by: byTrail, says: "which a service account with every verb does not have"},
	{name: "delete the audit trail", as: networkEditor, do: remove("v1", "ConfigMap", trailHead), want: refusedByGuard, by: byTrail, says: "Zonewarden's own memory"},
	{name: "delete every ConfigMap of the operator's namespace", as: argo, do: removeAll("v1", "ConfigMap", "zonewarden-system", client.MatchingLabels{"zonewarden.io/audit": "zonewarden"}), want: refusedByGuard, by: byTrail, says: "Zonewarden's own memory"},
	{name: "delete the audit trail", as: tenant, do: remove("v1", "ConfigMap", trailHead), want: refusedByRBAC},
	{name: "a segment of one's own", as: networkEditor, do: create(segment), want: refusedByGuard, by: byTrail, says: "let a site administrator do it"},
	{name: "have the audit trail collected as garbage, by an owner reference", as: networkEditor, do: merge("v1", "ConfigMap", trailHead,
		`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"gone","uid":"00000000-0000-0000-0000-000000000000"}]}}`), want: refusedByGuard, by: byTrail, says: "let a site administrator do it"},
	{name: "set the highest trusted time back", as: networkEditor, do: merge("v1", "ConfigMap", clockMark, `{"data":{"state":"{\"version\":1}"}}`), want: refusedByGuard, by: byTrail, says: "the clock's mark"},
	{name: "forget the highest trusted time", as: networkEditor, do: remove("v1", "ConfigMap", clockMark), want: refusedByGuard, by: byTrail, says: "the clock's mark"},
	{name: "another key for the audit trail", as: argo, do: merge("v1", "Secret", trailKey, `{"data":{"key.pem":"bWluZQ=="}}`), want: refusedByGuard, by: byTrail, says: "the keys"},
	{name: "another key for the audit trail", as: networkEditor, do: merge("v1", "Secret", trailKey, `{"data":{"key.pem":"bWluZQ=="}}`), want: refusedByRBAC},
	{name: "delete the key of the audit trail", as: argo, do: remove("v1", "Secret", trailKey), want: refusedByGuard, by: byTrail, says: "the keys"},
	{name: "a key of one's own for what relays are told, before there is one", as: argo, do: create(sessionKey), want: refusedByGuard, by: byTrail, says: "the keys"},
}
