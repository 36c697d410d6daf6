// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"strings"
	"testing"
)

// setting is what a Site may say about its guard, and what comes of it.
type setting struct {
	name  string
	guard string // the guard of the Site, as a merge patch
	// try is as the tenant, and want what comes of it.
	try    request
	want   outcome
	by     string
	warned string // a part of the warning; none if empty
}

var (
	asBefore       = `{"layers":["Admission"],"hostNetwork":"Deny","secondInterfaces":"Deny"}`
	hostDeployment = create(workload("apps/v1", "Deployment", "spec: {"+selector+", template: "+onNode+"}"))
	twoInterfaces  = create(workload("apps/v1", "Deployment", "spec: {"+selector+", template: "+multus+"}"))
	sayWarnHost    = "leave hostNetwork out if you can"
	sayWarnFace    = "leave the annotation of Multus out if you can"
)

var settings = []setting{
	{"host network: Warn, a pod", `{"hostNetwork":"Warn"}`, create(pod(onNode)), accepted, "", sayWarnHost},
	{"host network: Warn, a template", `{"hostNetwork":"Warn"}`, hostDeployment, accepted, "", sayWarnHost},
	{"host network: Warn, a second interface is refused still", `{"hostNetwork":"Warn"}`, create(pod(multus)), refusedByGuard, byPods, ""},
	{"host network: Warn, one in a template too", `{"hostNetwork":"Warn"}`, twoInterfaces, refusedByGuard, byTemplates, ""},
	{"host network: Allow, a pod", `{"hostNetwork":"Allow"}`, create(pod(onNode)), accepted, "", ""},
	{"host network: Allow, a template", `{"hostNetwork":"Allow"}`, hostDeployment, accepted, "", ""},
	{"second interfaces: Warn, a pod", `{"hostNetwork":"Deny","secondInterfaces":"Warn"}`, create(pod(multus)), accepted, "", sayWarnFace},
	{"second interfaces: Warn, a template", `{"secondInterfaces":"Warn"}`, twoInterfaces, accepted, "", sayWarnFace},
	{"second interfaces: Warn, the node's network is refused still", `{"secondInterfaces":"Warn"}`, create(pod(onNode)), refusedByGuard, byPods, ""},
	{"second interfaces: Warn, in a template too", `{"secondInterfaces":"Warn"}`, hostDeployment, refusedByGuard, byTemplates, ""},
	{"second interfaces: Allow, a pod", `{"secondInterfaces":"Allow"}`, create(pod(multus)), accepted, "", ""},
	{"second interfaces: Allow, a template", `{"secondInterfaces":"Allow"}`, twoInterfaces, accepted, "", ""},

	{"no layer Admission: policies", `{"secondInterfaces":"Warn","hostNetwork":"Warn","layers":["Datapath"]}`, create(with(allowAll, "NS", "cell-1")), accepted, "", ""},
	{"no layer Admission: no warning either", `{}`, create(pod(onNode)), accepted, "", ""},
	{"no layer Admission: no warning of templates either", `{}`, hostDeployment, accepted, "", ""},
	{"no layer Admission: scope labels", `{"hostNetwork":"Deny","secondInterfaces":"Deny"}`, merge("v1", "Namespace", "cell-1", `{"metadata":{"labels":{"plant.example/kind":"server"}}}`), accepted, "", ""},
	{"no layer Admission: pods", `{}`, create(pod(onNode)), accepted, "", ""},
	{"no layer Admission: templates", `{}`, hostDeployment, accepted, "", ""},
	{"no layer Admission: exec", `{}`, merge("v1", "Pod", "cell-1/pump", debug, "ephemeralcontainers"), accepted, "", ""},
	{"no layer Admission: services", `{}`, create(with(service, "NS", "cell-1", "TYPE", "NodePort")), accepted, "", ""},
	{"no layer Admission: external addresses", `{}`, merge("v1", "Service", "cell-1/pump", `{"spec":{"externalIPs":["10.20.1.11"]}}`), accepted, "", ""},
	{"no layer Admission: endpoints", `{}`, create(with(handmade, "NS", "cell-1")), accepted, "", ""},
	{"no layer Admission: attachments", `{}`, create(with(attachment, "NS", "cell-1")), accepted, "", ""},
	{"no layer Admission: what we wrote is held still", `{}`, merge(networking, "NetworkPolicy", "cell-1/zone-cell-1", `{"spec":{"ingress":[{}]}}`), refusedByGuard, byOwn, ""},
	{"no layer Admission: so is what the network plugin works from", `{}`, create(endpoint), refusedByGuard, byState, ""},
	{"no layer Admission: so are the labels that zones select by", `{}`, merge("v1", "Namespace", "cell-1", `{"metadata":{"labels":{"plant.example/zone":"historian"}}}`), refusedByGuard, byZones, ""},
}

// trySettings sets one after the other, without storing what the tenant tries. The API
// server learns of a changed Site a moment later.
func trySettings(t *testing.T) {
	caller := site.callers[tenant].dryRun()
	for _, s := range settings {
		t.Run(s.name, func(t *testing.T) {
			if err := merge(zonewarden, "Site", "site", `{"spec":{"guard":`+s.guard+`}}`)(t.Context(), site.callers[administrator]); err != nil {
				t.Fatal(err)
			}
			err := site.eventually(s.name, func() error {
				caller.warned.last = ""
				return s.check(s.try(t.Context(), caller), caller.warned.last)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	if err := merge(zonewarden, "Site", "site", `{"spec":{"guard":`+asBefore+`}}`)(t.Context(), site.callers[administrator]); err != nil {
		t.Fatal(err)
	}
	if err := site.refused(t.Context(), "the guard is as before", tenant, create(pod(onNode))); err != nil {
		t.Fatal(err)
	}
}

func (s setting) check(err error, warning string) error {
	switch {
	case outcomeOf(err) != s.want:
		return fmt.Errorf("%s, want it %s: %w", outcomeOf(err), s.want, err)
	case s.by != "" && policyOf(err) != s.by:
		return fmt.Errorf("refused by %s, want %s: %w", policyOf(err), s.by, err)
	case s.warned == "" && strings.Contains(warning, "zonewarden"):
		return fmt.Errorf("there is a warning: %s", warning)
	case !strings.Contains(warning, s.warned):
		return fmt.Errorf("the warning is %q, want %q", warning, s.warned)
	}
	return nil
}
