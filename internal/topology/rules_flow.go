// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

// checkFlow judges a flow by every protocol that it could be: the one it names,
// and those of the catalogue that own the port it names instead. A cleartext
// protocol does not become a secure one by another name.
func (k *ruleCheck) checkFlow(path string, f v1alpha1.Flow) {
	named, ok := protocol.Lookup(f.Protocol)
	if f.Protocol != "" && !ok {
		return // reported by resolveFlows
	}
	if ok {
		k.checkNamed(path+".protocol", f, named)
	}
	if f.Port == nil || !isPortRange(f) {
		return // the latter reported by resolveFlows
	}
	for _, r := range ownRanges(f, named) {
		k.checkPort(path+".port", r, otherOwners(r, named))
		k.checkWidth(path+".endPort", r, named)
	}
}

// widestRange that a conduit may open without saying why: passive FTP servers and
// PubSub groups get along with less.
const widestRange = 256

// checkWidth: a wide range between zones is open for whatever listens there
// tomorrow, named or not.
func (k *ruleCheck) checkWidth(path string, r protocol.PortRange, named protocol.Protocol) {
	if int(r.Last)-int(r.First) < widestRange || named.Dynamic || !k.crossesBoundary() {
		return // a dynamic protocol is reported by its name
	}
	if !k.excepted(v1alpha1.ReasonDynamicPorts) {
		k.rep.error(path, v1alpha1.ReasonDynamicPorts,
			"%s is more than %d ports between zones; name the ports that are used, or add an exception for DynamicPorts",
			FormatPorts(r), widestRange)
	}
}

// otherOwners are the protocols of the catalogue that own ports of a range and
// that the flow cannot be excused for: not those on a port that something like
// the named protocol owns as well. In a range that is asked port by port, or
// one harmless port would hide the rest.
func otherOwners(r protocol.PortRange, named protocol.Protocol) []protocol.Protocol {
	var alike, others []protocol.Protocol
	for _, p := range protocol.ByRange(r) {
		switch {
		// Writing down the protocol's own port changes nothing.
		case p.Key == named.Key:
			alike = append(alike, p)
		// A doubtful entry proves nothing.
		case p.Confidence != protocol.ConfidenceSure || len(ownedPorts(p, r)) == 0:
		case p.Class == named.Class && p.Security == named.Security:
			alike = append(alike, p)
		default:
			others = append(others, p)
		}
	}
	return slices.DeleteFunc(others, func(p protocol.Protocol) bool {
		return !slices.ContainsFunc(ownedPorts(p, r), func(o protocol.PortRange) bool {
			return !slices.ContainsFunc(alike, func(a protocol.Protocol) bool { return len(ownedPorts(a, o)) > 0 })
		})
	})
}

// widestOwn is the longest run of ports that still says something about who
// listens there: the dynamic ranges own half of all ports.
const widestOwn = 64

// ownedPorts are the protocol's own ports within a range.
func ownedPorts(p protocol.Protocol, within protocol.PortRange) []protocol.PortRange {
	var out []protocol.PortRange
	for _, o := range p.Ports {
		if o.Transport != within.Transport || int(o.Last)-int(o.First) >= widestOwn {
			continue
		}
		cut := protocol.PortRange{Transport: o.Transport, First: max(o.First, within.First), Last: min(o.Last, within.Last)}
		if cut.First <= cut.Last {
			out = append(out, cut)
		}
	}
	return out
}

// ownRanges are the ranges that the flow itself names.
func ownRanges(f v1alpha1.Flow, named protocol.Protocol) []protocol.PortRange {
	if f.Transport != "" {
		return []protocol.PortRange{portRange(f, protocol.Transport(f.Transport))}
	}
	var out []protocol.PortRange
	for _, t := range transportsOf(named) {
		out = append(out, portRange(f, t))
	}
	return out
}

func (k *ruleCheck) checkNamed(path string, f v1alpha1.Flow, p protocol.Protocol) {
	k.checkClass(path, p.Name, p.Class)
	k.checkSecurity(path, f, p)
	if !p.Enforceable() && k.conduit.External == "" {
		k.rep.error(path, v1alpha1.ReasonNotEnforceable,
			"%s runs below IP, where no network policy sees it; keep it inside one zone, or name the device that filters it in externalEnforcement", p.Name)
	}
	if p.Multicast && p.Enforceable() {
		k.rep.warn(path, v1alpha1.ReasonMulticast,
			"%s also uses multicast or broadcast, which network policies do not carry; only its unicast part passes", p.Name)
	}
	if !k.crossesBoundary() {
		return
	}
	if p.Dynamic && !k.excepted(v1alpha1.ReasonDynamicPorts) {
		k.rep.error(path, v1alpha1.ReasonDynamicPorts,
			"%s chooses its ports while it runs, so a whole range would be open between zones; %s, or add an exception for DynamicPorts",
			p.Name, adviceFor(p))
	}
	if p.Safety {
		k.checkSafetyProtocol(path, p)
	}
}

func (k *ruleCheck) checkSafetyProtocol(path string, p protocol.Protocol) {
	for _, z := range k.zones() {
		if z.Type != v1alpha1.ZoneTypeSafety {
			k.rep.error(path, v1alpha1.ReasonSafetyExposed,
				"%s programs safety controllers and stays inside safety zones; %s is none", p.Name, label(z))
		}
	}
}

// checkClass: administration belongs in an access window, mail and chat not in
// operations.
func (k *ruleCheck) checkClass(path, what string, class protocol.Class) {
	switch class {
	case protocol.ClassAdmin:
		if !k.excepted(v1alpha1.ReasonAdminProtocol) {
			k.rep.byRule(k.rules.AdminProtocols, path, v1alpha1.ReasonAdminProtocol,
				"%s administers the other end and should not stand open; use an access window, or add an exception for AdminProtocol", what)
		}
	case protocol.ClassPersonToPerson:
		inOperations := slices.ContainsFunc(k.zones(), func(z *Zone) bool { return isOperations(z.Level, z.Type) })
		if inOperations && !k.excepted(v1alpha1.ReasonPersonToPerson) {
			k.rep.byRule(k.rules.PersonToPerson, path, v1alpha1.ReasonPersonToPerson,
				"%s carries messages between people, which have no business in operations (IEC 62443-3-3 SR 5.3); send alarms through a relay in the DMZ, or add an exception for PersonToPerson", what)
		}
	default:
	}
}

// checkSecurity: what crosses a zone boundary unprotected is judged by the
// target security level (IEC 62443-3-3 SR 3.1 and SR 4.1).
func (k *ruleCheck) checkSecurity(path string, f v1alpha1.Flow, p protocol.Protocol) {
	if !k.crossesBoundary() || !p.Enforceable() {
		return
	}
	target := k.target()
	switch {
	case p.Security == protocol.SecurityCleartext:
		k.cleartext(path, p.Name, adviceFor(p), target.communication())
	case p.Security != protocol.SecurityOptional:
	case f.DeclaredMode == v1alpha1.ModeNone:
		k.cleartext(path, p.Name+" in mode None", adviceFor(p), target.communication())
	case f.DeclaredMode == v1alpha1.ModeSign:
		k.cleartext(path, p.Name+" in mode Sign", "use SignAndEncrypt", target.DC)
	case f.DeclaredMode == "" && target.communication() >= k.rules.CleartextWarnFrom:
		k.rep.warn(path, v1alpha1.ReasonUndeclaredMode,
			"%s can run with and without protection; say which by declaredMode", p.Name)
	}
}

func (k *ruleCheck) cleartext(path, what, advice string, level int32) {
	const format = "%s crosses a zone boundary unprotected at target security level %d; %s"
	switch {
	case level < k.rules.CleartextWarnFrom:
	case level < k.rules.CleartextRefuseFrom:
		k.rep.warn(path, v1alpha1.ReasonCleartext, format, what, level, advice)
	case !k.excepted(v1alpha1.ReasonCleartext):
		k.rep.error(path, v1alpha1.ReasonCleartext, format+", or add an exception for Cleartext", what, level, advice)
	}
}

func adviceFor(p protocol.Protocol) string {
	switch {
	case p.SecureAlternative != "":
		return "use " + p.SecureAlternative
	case p.SecureAdvice != "":
		return p.SecureAdvice
	default:
		return "put a gateway or tunnel that encrypts between the zones"
	}
}

// checkPort judges a bare or overridden port by the protocols that own it.
func (k *ruleCheck) checkPort(path string, r protocol.PortRange, owners []protocol.Protocol) {
	byClass := map[protocol.Class][]string{}
	var clear []string
	for _, p := range owners {
		byClass[p.Class] = append(byClass[p.Class], p.Key)
		if p.Security == protocol.SecurityCleartext {
			clear = append(clear, p.Key)
		}
	}
	for _, class := range []protocol.Class{protocol.ClassAdmin, protocol.ClassPersonToPerson} {
		if keys := byClass[class]; len(keys) > 0 {
			k.checkClass(path, FormatPorts(r)+", the port of "+brief(keys)+",", class)
		}
	}
	if len(clear) > 0 && k.crossesBoundary() {
		k.cleartext(path, FormatPorts(r)+", the port of "+brief(clear)+",", "name a protected protocol", k.target().communication())
	}
}

func brief(keys []string) string {
	if len(keys) > 4 {
		return strings.Join(keys[:4], ", ") + " and others"
	}
	return strings.Join(keys, ", ")
}
