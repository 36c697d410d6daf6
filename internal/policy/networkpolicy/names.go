// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package networkpolicy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The parts of a name are joined by dots. Names of zones and conduits are full of
// hyphens, and joined by hyphens what is made of zone "cell" and of zone "cell-rest"
// would be one object.
const joint = "."

// floorName is zone-NAME where every pod of the namespace is a member, and
// zone-NAME.SELECTOR where some are.
func floorName(zone string, pods *metav1.LabelSelector) string {
	return "zone-" + zone + selectorName(pods)
}

// restName names the policy for pods in no zone.
func restName(zone string) string {
	return "zone-" + zone + joint + "rest"
}

// outName begins the name of a conduit's policies at its initiator.
func outName(conduit string) string {
	return "conduit-" + conduit + joint + "out"
}

// inName begins the name of a conduit's policies at a responder.
func inName(conduit, zone string) string {
	return "conduit-" + conduit + joint + "in" + joint + zone
}

// selectorName ends the name of a policy: with other pods it is another object,
// because one object cannot select the old pods and the new ones. It says nothing
// where all pods are meant.
func selectorName(pods *metav1.LabelSelector) string {
	if len(pods.MatchLabels)+len(pods.MatchExpressions) == 0 {
		return ""
	}
	raw, err := json.Marshal(pods)
	if err != nil {
		panic(fmt.Sprintf("encoding a label selector: %v", err)) // strings only
	}
	sum := sha256.Sum256(raw)
	return joint + hex.EncodeToString(sum[:6])
}
