// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// ruleCheck is one conduit under the Site's rules.
type ruleCheck struct {
	r       *resolver
	spec    *v1alpha1.ConduitSpec
	conduit *Conduit
	rules   v1alpha1.SegmentationRules
	rep     *report
	used    map[v1alpha1.RuleName]bool
}

// checkRules runs every rule on a conduit whose references resolve. A rule that
// the conduit excepts itself from says nothing, whatever the exception's date:
// time alone closes nothing.
func (r *resolver) checkRules(spec *v1alpha1.ConduitSpec, built *Conduit, rep *report) {
	k := &ruleCheck{
		r: r, spec: spec, conduit: built, rules: r.site.spec.Rules, rep: rep,
		used: map[v1alpha1.RuleName]bool{},
	}
	for i, responder := range built.Responders {
		path := fmt.Sprintf("spec.responders[%d].zone", i)
		k.checkLevels(path, built.Initiator.Zone, responder.Zone)
		k.checkSafety(path, built.Initiator.Zone, responder.Zone)
		k.checkObsolete(path, built.Initiator, responder)
		k.checkSourceAddress(path, built.Initiator, responder)
	}
	for i, f := range spec.Flows {
		k.checkFlow(fmt.Sprintf("spec.flows[%d]", i), f)
	}
	k.checkOwnLevels()
	k.checkWhy()
	k.checkEnforcement()
	k.checkDates()
}

// excepted says that the conduit excepts itself from a rule that it breaks.
func (k *ruleCheck) excepted(rule v1alpha1.RuleName) bool {
	if slices.ContainsFunc(k.spec.Exceptions, func(e v1alpha1.RuleException) bool { return e.Rule == rule }) {
		k.used[rule] = true
		return true
	}
	return false
}

// zones are all that the conduit joins, the initiator's first.
func (k *ruleCheck) zones() []*Zone {
	out := []*Zone{k.conduit.Initiator.Zone}
	for _, e := range k.conduit.Responders {
		out = append(out, e.Zone)
	}
	return out
}

// crossesBoundary says that the conduit leaves its initiator's zone.
func (k *ruleCheck) crossesBoundary() bool {
	return slices.ContainsFunc(k.zones(), func(z *Zone) bool { return z != k.conduit.Initiator.Zone })
}

// target is the SL-T that the conduit answers to: its own, or the highest of the
// zones.
func (k *ruleCheck) target() Levels {
	if k.spec.SLTarget != nil {
		return resolveLevels(*k.spec.SLTarget)
	}
	return k.highestOfZones()
}

func (k *ruleCheck) highestOfZones() Levels {
	var out Levels
	for _, z := range k.zones() {
		out = out.max(z.SL)
	}
	return out
}

// checkLevels: office and operations meet in a DMZ only (NCSC/CISA principle 6,
// IEC 62443-3-2 ZCR 3.2); elsewhere no conduit skips a level.
func (k *ruleCheck) checkLevels(path string, a, b *Zone) {
	direct := isOffice(a.Level, a.Type) && isOperations(b.Level, b.Type) ||
		isOffice(b.Level, b.Type) && isOperations(a.Level, a.Type)
	if direct {
		if !k.excepted(v1alpha1.ReasonDMZBypass) {
			k.rep.byRule(k.rules.DirectITToOT, path, v1alpha1.ReasonDMZBypass,
				"%s joins %s directly: office and operations meet in a DMZ zone only; end this conduit at a replica, broker or jump host there and make a second one from it",
				label(a), label(b))
		}
		return
	}
	step := rung(a.Level) - rung(b.Level)
	if step < 0 {
		step = -step
	}
	if step > int(k.rules.LargestLevelStep) && !k.excepted(v1alpha1.ReasonLevelSkip) {
		k.rep.error(path, v1alpha1.ReasonLevelSkip,
			"%s to %s is %d steps on the ladder L0 L1 L2 L3 DMZ L4 L5, the Site allows %d; go through a zone between them, or add an exception for LevelSkip",
			label(a), label(b), step, k.rules.LargestLevelStep)
	}
}

func label(z *Zone) string { return fmt.Sprintf("zone %q (%s)", z.Name, z.Level) }

// checkSafety: a safety zone is never joined to the office or the DMZ
// (IEC 62443-3-2 ZCR 3.3). No exception exists.
func (k *ruleCheck) checkSafety(path string, a, b *Zone) {
	for _, pair := range [][2]*Zone{{a, b}, {b, a}} {
		safety, other := pair[0], pair[1]
		if safety.Type == v1alpha1.ZoneTypeSafety && !isOperations(other.Level, other.Type) {
			k.rep.error(path, v1alpha1.ReasonSafetyExposed,
				"safety zone %q must not be joined to %s; take its values from a zone of the process", safety.Name, label(other))
		}
	}
}

// checkObsolete: what its vendor no longer mends is kept away from the office
// (NCSC/CISA principle 1).
func (k *ruleCheck) checkObsolete(path string, a, b End) {
	for _, pair := range [][2]End{{a, b}, {b, a}} {
		device, other := pair[0], pair[1]
		if !isOffice(other.Zone.Level, other.Zone.Type) {
			continue
		}
		for _, asset := range device.Zone.Assets {
			reached := slices.ContainsFunc(asset.Addresses, func(p prefix) bool { return within(device.Networks, p) })
			if asset.Obsolete && reached && !k.excepted(v1alpha1.ReasonObsoleteAsset) {
				k.rep.byRule(k.rules.ObsoleteAssets, path, v1alpha1.ReasonObsoleteAsset,
					"asset %q (%s) is out of support and %s would reach it; replace it, put a broker between them, or add an exception for ObsoleteAsset",
					asset.Name, asset.Tag, label(other.Zone))
			}
		}
	}
}

// checkSourceAddress: a NodePort or LoadBalancer service puts the node's address
// in place of the device's unless it keeps it, and then no conduit matches.
func (k *ruleCheck) checkSourceAddress(path string, initiator, responder End) {
	if len(initiator.Networks) == 0 {
		return
	}
	for _, s := range k.r.snapshot.Services {
		if s.KeepsSource || len(s.Selector) == 0 {
			continue
		}
		for _, w := range responder.Workloads {
			if !slices.Contains(w.Matching, s.Namespace) || !couldSelect(w, s.Selector) {
				continue
			}
			k.rep.warn(path, v1alpha1.ReasonSourceAddressLost,
				"devices of zone %q reach these workloads through %s service %s/%s, which hides their addresses, so the conduit will not match; set externalTrafficPolicy: Local on it",
				initiator.Zone.Name, s.Type, s.Namespace, s.Name)
		}
	}
}

// checkOwnLevels: a conduit's own target may be higher than its zones', not lower.
func (k *ruleCheck) checkOwnLevels() {
	if k.spec.SLTarget == nil {
		return
	}
	own, zones := k.target(), k.highestOfZones()
	if own.max(zones) != own && !k.excepted(v1alpha1.ReasonSecurityLevelLowered) {
		k.rep.error("spec.slTarget", v1alpha1.ReasonSecurityLevelLowered,
			"the conduit's target is lower than that of a zone it joins; leave it out, raise it, or add an exception for SecurityLevelLowered")
	}
}

// checkWhy: from SL-T 2 on somebody must be able to say what a conduit costs
// (NCSC/CISA principle 1).
func (k *ruleCheck) checkWhy() {
	if k.target().Highest() < 2 {
		return
	}
	var missing []string
	for _, f := range []struct{ name, value string }{
		{"ifLost", k.spec.Why.IfLost}, {"ifAbused", k.spec.Why.IfAbused}, {"approval", k.spec.Why.Approval},
	} {
		if f.value == "" {
			missing = append(missing, f.name)
		}
	}
	if len(missing) > 0 {
		k.rep.warn("spec.why", v1alpha1.ReasonWhyIncomplete,
			"%v should be filled in: a zone of this conduit has a target security level of 2 or more", missing)
	}
}

func (k *ruleCheck) checkEnforcement() {
	for _, s := range k.conduit.Enforcement() {
		if s.EnforcedBy == v1alpha1.EnforcedByNobody {
			k.rep.warn("spec.externalEnforcement", v1alpha1.ReasonEnforcedByNobody,
				"nobody enforces %s to zone %q: %s never pass a workload of this cluster; name the firewall in externalEnforcement, or narrow the ends",
				s.Pairs, s.Responder, s.What)
		}
	}
}

func (k *ruleCheck) checkDates() {
	if d := k.spec.ReviewBy; d != nil && k.r.isPast(*d) {
		k.rep.warn("spec.reviewBy", v1alpha1.ReasonReviewOverdue,
			"the review was due on %s; the conduit stays open, review it and set a new date", *d)
	}
	for i, e := range k.spec.Exceptions {
		path := fmt.Sprintf("spec.exceptions[%d]", i)
		if e.Until != nil && k.r.isPast(*e.Until) {
			k.rep.warn(path+".until", v1alpha1.ReasonExceptionExpired,
				"the exception for %s was meant until %s; it still holds, mend the cause or set a new date", e.Rule, *e.Until)
		}
		if !k.used[e.Rule] {
			k.rep.warn(path, v1alpha1.ReasonExceptionUnused,
				"the conduit does not break rule %s; take the exception out", e.Rule)
		}
	}
}
