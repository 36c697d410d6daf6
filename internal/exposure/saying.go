// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/evidence"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// maxNames that a message lists; a count tells the rest.
const maxNames = 10

// wording is how a kind is said, and what a person can do about it.
type wording struct {
	// one and many come before the names: "pod uses the node's own network".
	one, many string
	path      string
	advice    string
}

var wordings = map[string]wording{
	v1alpha1.ReasonForeignPolicy: {
		"policy of others opens the zone", "policies of others open the zone", "spec.enforcement",
		"narrow or delete it, or declare a conduit for what is needed",
	},
	v1alpha1.ReasonHostNetwork: {
		"pod uses its node's network", "pods use their node's network", "spec.members.workloads",
		"no policy holds such a pod; run it on the pod network",
	},
	v1alpha1.ReasonSecondInterface: {
		"pod has further interfaces", "pods have further interfaces", "spec.members.workloads",
		"no policy sees what passes there; filter it outside the cluster",
	},
	v1alpha1.ReasonHostPort: {
		"pod has ports of its node", "pods have ports of their node", "spec.members.workloads",
		"whoever reaches the node reaches the pod; use a Service and a conduit",
	},
	v1alpha1.ReasonExposedService: {
		"Service exposes it", "Services expose it", "spec.members",
		"use a ClusterIP Service, or declare who may come and set externalTrafficPolicy: Local",
	},
	v1alpha1.ReasonExposedIngress: {
		"Ingress leads into it", "Ingresses lead into it", "spec.members.workloads",
		"policies see the ingress controller and not who is behind it",
	},
	v1alpha1.ReasonUnknownAddress: {
		"flow with an address that nothing declares", "flows with addresses that nothing declares", "spec.members.workloads",
		"declare the device as an Asset and the flow as a conduit, or end it",
	},
	v1alpha1.ReasonNotUnderstood: {
		"policy of others may open it", "policies of others may open it", "spec.enforcement",
		"whether it does cannot be told here; look at it yourself",
	},
	v1alpha1.ReasonNotLookedAt: {
		"thing was too much to look at as a whole", "things were too much to look at as a whole", "spec.enforcement",
		"it may open the zone or cut a conduit; look at it yourself",
	},
}

// said is a group in words.
func (g Group) said() string {
	w := wordings[g.Kind]
	text := fmt.Sprintf("%d %s: ", len(g.Names), w.many)
	if len(g.Names) == 1 {
		text = "1 " + w.one + ": "
	}
	return text + listed(g.Names)
}

// listed is the first names and how many more there are.
func listed(names []string) string {
	text := strings.Join(names[:min(len(names), maxNames)], "; ")
	if more := len(names) - maxNames; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

// Judgement says what the condition Exposed of a zone in force says.
func (r *Report) Judgement(z *topology.Zone) evidence.Judgement {
	found := r.Zone(z.Name)
	switch {
	case len(found) > 0 && found[0].Kind == v1alpha1.ReasonNotLookedAt:
		return unknown(v1alpha1.ReasonNotLookedAt, found[0].said())
	case len(found) > 0:
		return exposed(found[0].Kind, found[0].said()+others(found[1:]))
	case len(z.Workloads) == 0:
		return unknown(v1alpha1.ReasonDevicesOnly, "devices only: what leads to them passes outside this cluster")
	case !z.Enforce:
		return unknown(v1alpha1.ReasonObserving, "Observe denies nothing that others could undo")
	}
	return evidence.Judgement{
		Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNothingFound,
		Message: "no policy of others opens the zone, and nothing leads around its policies",
	}
}

// others counts what was found beside the worst.
func others(found []Group) string {
	if len(found) == 0 {
		return ""
	}
	counts := make([]string, 0, len(found))
	for _, g := range found {
		counts = append(counts, fmt.Sprintf("%s %d", g.Kind, len(g.Names)))
	}
	return " (besides: " + strings.Join(counts, ", ") + ")"
}

// Findings are what was found in a zone, one of each kind.
func (r *Report) Findings(zone string) []v1alpha1.Finding { return findings(r.Zone(zone), "") }

func findings(found []Group, path string) []v1alpha1.Finding {
	var out []v1alpha1.Finding
	for _, g := range found {
		at := path
		if at == "" {
			at = wordings[g.Kind].path
		}
		out = append(out, v1alpha1.Finding{
			Severity: v1alpha1.SeverityWarning, Path: at, Reason: g.Kind,
			Message: g.said() + "; " + wordings[g.Kind].advice,
		})
	}
	return out
}

// SiteFindings are what was found in the Site's scope and in no zone.
func (r *Report) SiteFindings() []v1alpha1.Finding {
	return findings(r.Zone(""), "spec.scope.namespaceSelector")
}

// SiteJudgement says what the condition Exposed of the Site says: its reason is the
// worst kind of all.
func (r *Report) SiteJudgement() evidence.Judgement {
	where := map[string][]string{}
	for _, zone := range r.Zones() {
		for _, g := range r.Zone(zone) {
			where[g.Kind] = append(where[g.Kind], zone)
		}
	}
	for _, g := range r.Zone("") {
		where[g.Kind] = append(where[g.Kind], "pods in no zone")
	}
	var said []string
	worst := ""
	for _, kind := range Kinds {
		if len(where[kind]) > 0 {
			said = append(said, kind+" in "+listed(where[kind]))
			if worst == "" {
				worst = kind
			}
		}
	}
	switch worst {
	case "":
		return evidence.Judgement{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNothingFound,
			Message: "nothing of others undoes an enforced zone or leads around its policies",
		}
	case v1alpha1.ReasonNotLookedAt:
		return unknown(worst, strings.Join(said, ", "))
	}
	return exposed(worst, strings.Join(said, ", ")+"; see the conditions and findings of each zone")
}

// BlockedBy says what of a conduit is refused and by whom, false for nothing.
func (r *Report) BlockedBy(conduit string) (string, bool) {
	by, blocked := r.blocked[conduit]
	return by, blocked
}

func exposed(reason, message string) evidence.Judgement {
	return evidence.Judgement{Status: metav1.ConditionTrue, Reason: reason, Message: message}
}

func unknown(reason, message string) evidence.Judgement {
	return evidence.Judgement{Status: metav1.ConditionUnknown, Reason: reason, Message: message}
}
