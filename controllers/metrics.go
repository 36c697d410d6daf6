// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"math"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/clock"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Metrics of certificates.
var (
	certificates = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "zonewarden_certificates",
		Help: "Certificates of workloads, by state: ready (a valid one is in its Secret) or not_ready.",
	}, []string{"state"})
	certificatesDeferred = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "zonewarden_certificates_deferred",
		Help: "Certificates whose rotation is due and waits for a window, the end of a freeze, peers or somebody.",
	})
	certificatesExpiring = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "zonewarden_certificates_expiring",
		Help: "Certificates that run out soon, by the Site's warnBefore.",
	})
	certificateEnd = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "zonewarden_certificate_end_timestamp_seconds",
		Help: "When the first certificate in the zone runs out.",
	}, []string{"zone"})
	authorityEnd = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "zonewarden_authority_end_timestamp_seconds",
		Help: "When the zone's current authority runs out, and its revocation list with it.",
	}, []string{"zone"})
	listAge = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "zonewarden_revocation_list_age_seconds",
		Help: "Age of the revocation list of the zone's current authority.",
	}, []string{"zone"})
	rotations = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "zonewarden_rotations_total",
		Help: "Certificates put into place, and authorities made, by what: leaf or authority.",
	}, []string{"what"})
	restarts = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "zonewarden_certificate_restarts_total",
		Help: "Workloads that were restarted for a certificate or for trust.",
	})
)

// The metrics. None has a label that grows with the plant but by its zones;
// docs/metrics.md lists them for users.
var (
	policyWrites = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "zonewarden_policy_writes_total",
		Help: "Writes of policy objects, by kind and verb (apply, delete).",
	}, []string{"kind", "verb"})
	driftReverted = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "zonewarden_drift_reverted_total",
		Help: "Policy objects that somebody else changed or removed and that were put back, by kind.",
	}, []string{"kind"})
	passSeconds = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "zonewarden_pass_seconds",
		Help:    "Time of one pass over the site, statuses not included.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	})
	objectsInForce = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "zonewarden_objects",
		Help: "Declared objects by kind and state: accepted, waiting (for others to approve what it opens), kept (the last good version is in force), refused.",
	}, []string{"kind", "state"})
	findingsBySeverity = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "zonewarden_findings",
		Help: "Findings about declared objects, by severity.",
	}, []string{"severity"})
	flowsEnforcedBy = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "zonewarden_flows",
		Help: "Declared flows of conduits in force, by who enforces them (Cluster, External, Nobody).",
	}, []string{"enforced_by"})
	heldObjects = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "zonewarden_held_objects",
		Help: "Policy objects that are kept although their declaration is gone.",
	})
	failedWrites = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "zonewarden_unwritten_objects",
		Help: "Zones and conduits in force whose policy objects are not all written, or are refused by Cilium.",
	})
	zonesVerified = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "zonewarden_zones_verified",
		Help: "Zones with workloads in Enforce, by what packets showed: verified, failed, unknown.",
	}, []string{"result"})
	fullestPolicyMap = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "zonewarden_policy_map_fullest_ratio",
		Help: "Predicted entries of the fullest Cilium policy map of a zone's pod, as a part of its size.",
	})
	unzonedPods = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "zonewarden_unzoned_pods",
		Help: "Pods in no zone although their namespace holds an enforced one.",
	})
	exposures = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "zonewarden_exposures",
		Help: "What of others undoes a zone or leads around it, by zone (empty: in scope, in no zone) and kind, a reason of the condition Exposed.",
	}, []string{"zone", "kind"})
	conduitsBlocked = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "zonewarden_conduits_blocked",
		Help: "Conduits of which a policy of others refuses something.",
	})
	clockTrusted = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "zonewarden_clock_trusted",
		Help: "1 while the site's time is trusted, 0 while it is not and on a replica that does not lead.",
	})
	clockUncertainty = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "zonewarden_clock_uncertainty_seconds",
		Help: "How far trusted time may be from true time; infinite while none is trusted.",
	})
	auditEntries = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "zonewarden_audit_entries_total",
		Help: "Entries that came into the audit trail while this replica led.",
	})
	auditLost = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "zonewarden_audit_lost_total",
		Help: "Entries of the audit trail that were removed before they had been exported, while this replica led.",
	})
	auditDamaged = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "zonewarden_audit_damaged",
		Help: "1 while the audit trail is not intact or cannot be written, 0 otherwise and on a replica that does not lead.",
	})
	syslogSent = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "zonewarden_syslog_sent_total",
		Help: "Messages that were given to a connection to the syslog receiver.",
	})
	syslogLost = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "zonewarden_syslog_lost_total",
		Help: "Messages that were dropped because the queue to the syslog receiver was full.",
	})
	syslogConnected = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "zonewarden_syslog_connected",
		Help: "1 while there is a connection to the syslog receiver, 0 otherwise.",
	})
	windowsByPhase = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "zonewarden_windows",
		Help: "Vendor access windows, by phase.",
	}, []string{"phase"})
	accessOpen = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "zonewarden_access_open",
		Help: "People whom an open window lets in now, each counted once.",
	})
	accessSessions = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "zonewarden_access_sessions",
		Help: "Live sessions of open windows, as their pods said last.",
	})
	accessLateness = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "zonewarden_access_ending_lateness_seconds",
		Help:    "Time from when access had to be over until it was proved to be.",
		Buckets: []float64{.1, .25, .5, 1, 2, 5, 10, 30, 60, 300},
	})
	accessUnproved = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "zonewarden_access_unproved",
		Help: "Windows that were closed and are not proved to be over.",
	})
	accessReviewsOwed = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "zonewarden_access_reviews_owed",
		Help: "Windows that were opened without approval and that nobody has reviewed.",
	})
	lookSeconds = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "zonewarden_exposure_seconds",
		Help:    "Time of looking around the zones in one pass, for policies of others and what leads around ours.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	})
)

func init() {
	metrics.Registry.MustRegister(policyWrites, driftReverted, passSeconds, objectsInForce,
		findingsBySeverity, flowsEnforcedBy, heldObjects, failedWrites, zonesVerified, fullestPolicyMap, unzonedPods,
		exposures, conduitsBlocked, lookSeconds, clockTrusted, clockUncertainty,
		certificates, certificatesDeferred, certificatesExpiring, certificateEnd, authorityEnd, listAge, rotations, restarts,
		auditEntries, auditLost, auditDamaged, syslogSent, syslogLost, syslogConnected,
		windowsByPhase, accessOpen, accessSessions, accessLateness, accessUnproved, accessReviewsOwed)
	observeClock(clock.Verdict{})
}

// observeClock puts a verdict on the node's clocks into the metrics.
func observeClock(v clock.Verdict) {
	if !v.Trusted() {
		clockTrusted.Set(0)
		clockUncertainty.Set(math.Inf(1))
		return
	}
	clockTrusted.Set(1)
	clockUncertainty.Set(v.Within.Seconds())
}

// observePass puts the outcome of a pass into the metrics.
func observePass(o *outcome, took time.Duration) {
	passSeconds.Observe(took.Seconds())
	objectsInForce.Reset()
	objectsInForce.WithLabelValues(topology.KindSite, "accepted") // with nothing declared it says that somebody counts
	severities := map[v1alpha1.Severity]int{v1alpha1.SeverityError: 0, v1alpha1.SeverityWarning: 0}
	for ref, v := range o.model.Verdicts {
		objectsInForce.WithLabelValues(ref.Kind, stateOf(v)).Inc()
		for _, f := range v.Findings {
			severities[f.Severity]++
		}
	}
	for s, n := range severities {
		findingsBySeverity.WithLabelValues(string(s)).Set(float64(n))
	}
	counts := o.model.Counts()
	flowsEnforcedBy.WithLabelValues(string(v1alpha1.EnforcedByCluster)).Set(float64(counts.Cluster))
	flowsEnforcedBy.WithLabelValues(string(v1alpha1.EnforcedByExternal)).Set(float64(counts.External))
	flowsEnforcedBy.WithLabelValues(string(v1alpha1.EnforcedByNobody)).Set(float64(counts.Nobody))
	heldObjects.Set(float64(len(o.plan.Held)))
	failedWrites.Set(float64(len(o.result.Failed) + len(o.refused)))
	observeVerified(o)
	fullestPolicyMap.Set(0)
	if full := o.budget.Fullest; full.Limit > 0 {
		fullestPolicyMap.Set(float64(full.Entries) / float64(full.Limit))
	}
	observeExposed(o)
	unzonedPods.Set(float64(len(o.model.Unzoned)))
}

// stateOf a declared object. One that waits for people and has other faults too is one of
// those with faults.
func stateOf(v *topology.Verdict) string {
	wrong := v.Errors()
	waits := !slices.ContainsFunc(wrong, func(f v1alpha1.Finding) bool { return f.Reason != v1alpha1.ReasonAwaitingApproval })
	switch {
	case v.Accepted():
		return "accepted"
	case waits && len(wrong) > 0:
		return "waiting"
	case v.InForce:
		return "kept"
	default:
		return "refused"
	}
}

// observeExposed counts what was found, where somebody looked.
func observeExposed(o *outcome) {
	exposures.Reset()
	conduitsBlocked.Set(0)
	if o.exposure == nil {
		return
	}
	for _, zone := range append(o.exposure.Zones(), "") {
		for _, g := range o.exposure.Zone(zone) {
			exposures.WithLabelValues(zone, g.Kind).Set(float64(len(g.Names)))
		}
	}
	conduitsBlocked.Set(float64(o.exposure.Blocked()))
}

// observeVerified counts the zones that packets can show something about.
func observeVerified(o *outcome) {
	counts := map[string]int{"verified": 0, "failed": 0, "unknown": 0}
	for _, z := range o.model.Zones {
		if !z.Enforce || len(z.Workloads) == 0 {
			continue
		}
		switch o.verified[z.Name].Status {
		case metav1.ConditionTrue:
			counts["verified"]++
		case metav1.ConditionFalse:
			counts["failed"]++
		default:
			counts["unknown"]++
		}
	}
	for result, n := range counts {
		zonesVerified.WithLabelValues(result).Set(float64(n))
	}
}
