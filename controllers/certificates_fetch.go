// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/pki/authority"
	"github.com/zonewarden/zonewarden/internal/pki/permit"
	"github.com/zonewarden/zonewarden/internal/pki/rotation"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// certificate is one in a pass.
type certificate struct {
	object *v1alpha1.WorkloadCertificate
	// zone that it is in, "" for none.
	zone string
	// authority that signs for it, by its name.
	authority string
	// secret and next as they stand; without a version where they do not.
	secret, next *held
	// workload is nil where none is named, or there.
	workload *apply.Workload
	// public is the application's key, nil where we make one.
	public   crypto.PublicKey
	findings []v1alpha1.Finding
	// warnings are what is wrong and holds nothing back.
	warnings []v1alpha1.Finding
	// asks is who is to sign for it elsewhere, and issuer by which, nil for none. answer is what somebody else signed, nil for
	// nothing yet, and signing says why. askAgain says that nothing comes of the request.
	asks     rotation.Signer
	issuer   *v1alpha1.IssuerReference
	answer   *answer
	signing  string
	askAgain bool
	// decision on it, nil before it was made.
	decision *rotation.CertificateDecision
	// failed is why something could not be read or written.
	failed error
}

// look reads what is declared and what stands, nil while nothing is known of what is in force.
func (c *Certificates) look(ctx context.Context) (*certificatePass, error) {
	p := &certificatePass{zones: map[string]*v1alpha1.Zone{}, authorities: map[string]*zoneAuthority{}}
	var list v1alpha1.WorkloadCertificateList
	var sites v1alpha1.SiteList
	for _, l := range []client.ObjectList{&list, &sites} {
		if err := c.cache.List(ctx, l, shared); err != nil {
			return nil, fmt.Errorf("listing %T: %w", l, err)
		}
	}
	if len(list.Items) == 0 {
		return p, nil
	}
	if len(sites.Items) > 0 {
		p.site = &sites.Items[0]
	}
	c.inForce.mu.Lock()
	model, zones := c.inForce.model, c.inForce.zones
	c.inForce.mu.Unlock()
	if model == nil {
		return nil, nil
	}
	for _, z := range zones {
		p.zones[z.Name] = z
	}
	for i := range list.Items {
		p.certificates = append(p.certificates, &certificate{object: &list.Items[i]})
	}
	at := c.timekeeper.now()
	p.facts.Clock = rotation.Clock{Now: at.Now, Trusted: at.MayGrant && at.MayExpire, Reason: at.Reason}
	p.now = at.Now
	c.lookAtAuthorities(ctx, p, model)
	for _, one := range p.certificates {
		p.facts.Certificates = append(p.facts.Certificates, c.factsOf(ctx, p, model, one))
	}
	// An issuer's authority is known with the first of its answers.
	for name, z := range p.authorities {
		zone, _ := forOPCUA(name)
		p.facts.Zones = append(p.facts.Zones, z.facts(p.declared(zone).Annotations[v1alpha1.AnnotationRotate]))
	}
	p.permitAdopted()
	p.facts.Site = certificateRules(p.site)
	return p, nil
}

// lookAtAuthorities finds the zone of each certificate, and reads those zones' authorities. One
// that cannot be read signs nothing, and nobody takes its place.
func (c *Certificates) lookAtAuthorities(ctx context.Context, p *certificatePass, model *topology.Model) {
	var unread error
	p.root, unread = c.readRoot(ctx)
	for _, one := range p.certificates {
		if err := c.place(ctx, model, one); err != nil {
			one.fail(err)
			continue
		}
		if one.zone == "" {
			continue
		}
		name := authorityName(one.zone, one.object.Spec.Profile)
		if p.authorities[name] == nil && unread == nil {
			z, err := c.readAuthority(ctx, name)
			if err != nil {
				one.fail(err)
				continue
			}
			p.authorities[name] = z
			z.wants, z.issuer = p.signerOf(one.zone, model.Zone(one.zone).SL.Highest())
			z.wrong = p.adopt(z, one.zone)
		}
		one.fail(unread)
		if unread == nil {
			one.authority = name
		}
	}
}

// declared is a zone as it is declared, an empty one where it is not any more.
func (p *certificatePass) declared(zone string) *v1alpha1.Zone {
	if z := p.zones[zone]; z != nil {
		return z
	}
	return &v1alpha1.Zone{}
}

// place finds the workload, and by its pods' labels the zone.
func (c *Certificates) place(ctx context.Context, model *topology.Model, one *certificate) error {
	party := topology.Party{Namespace: one.object.Namespace}
	if ref := one.object.Spec.WorkloadRef; ref != nil {
		found, err := c.material.Workload(ctx, one.object.Namespace, *ref)
		if err != nil {
			return err
		}
		if found == nil {
			return fmt.Errorf("%w: %s %s", errNoWorkload, ref.Kind, ref.Name)
		}
		one.workload = found
		party.Labels = found.Labels
		if party.Labels == nil {
			party.Labels = map[string]string{}
		}
	}
	if z := model.ZoneOfParty(party); z != nil {
		one.zone = z.Name
	}
	return nil
}

var errNoWorkload = errors.New("there is no such workload")

// party is whom the certificate is for, as place found it.
func (one *certificate) party() topology.Party {
	p := topology.Party{Namespace: one.object.Namespace}
	if one.workload != nil {
		p.Labels = one.workload.Labels
	}
	return p
}

// factsOf reads what stands of one certificate.
func (c *Certificates) factsOf(ctx context.Context, p *certificatePass, model *topology.Model, one *certificate) rotation.Certificate {
	w := one.object
	f := rotation.Certificate{
		Namespace: w.Namespace, Name: w.Name, Zone: one.authority,
		Lifetime: string(one.lifetime()), RenewBefore: cmp.Or(string(w.Spec.RenewBefore), "60d"),
		Digest: digestOf(w), Frozen: w.Spec.Frozen, Asked: w.Annotations[v1alpha1.AnnotationRotate],
		Peers: peersOf(w),
	}
	f.Policy, f.Windows, f.Wave = restartOf(w, p.zones[one.zone])
	one.resolve(p, &f)
	if one.failed != nil {
		f.Zone, f.WhyNoZone = "", one.failed.Error()
	}
	if err := c.standing(ctx, p, one, &f); err != nil {
		// What could not be read is not known: nothing may be made in its place.
		one.fail(err)
		f.Zone, f.WhyNoZone = "", err.Error()
		return f
	}
	if err := c.lookAtAnswer(ctx, p, one); err != nil {
		one.fail(err)
	}
	f.Signing = one.signing
	for _, zone := range model.Trusts(one.party()) {
		f.Reaches = append(f.Reaches, authorityName(zone, w.Spec.Profile))
	}
	workload, err := c.workloads.of(ctx, w.Namespace, w.Spec.WorkloadRef, one.workload)
	f.Workload = workload
	one.fail(err)
	f.Probe = c.shown.of(ctx, w, c.clock.Now)
	return f
}

func (one *certificate) fail(err error) { one.failed = errors.Join(one.failed, err) }

// resolve says what keeps a certificate from being issued at all.
func (one *certificate) resolve(p *certificatePass, f *rotation.Certificate) {
	if one.zone == "" {
		f.WhyNoZone = "its pods are in no zone, or not all of its namespace is in one"
		return
	}
	w := one.object
	asked := permit.Asked{Namespace: w.Namespace, DNSNames: w.Spec.DNSNames, IPAddresses: w.Spec.IPAddresses}
	constrained := w.Spec.Profile != v1alpha1.ProfileOPCUA
	if constrained {
		asked.CommonName, asked.URIs = commonName(w), w.Spec.URIs
	}
	one.warn(p.authorities[one.authority])
	permits, wrong := permit.Of(asked, p.declared(one.zone).Spec.Certificates)
	if !constrained {
		permits = nil // its authority has no constraints
	}
	f.Names, one.findings = permits, wrong
	var err error
	if w.Spec.Request != "" {
		if one.public, err = authority.PublicOf([]byte(w.Spec.Request)); err != nil {
			one.findings = append(one.findings, v1alpha1.Finding{
				Severity: v1alpha1.SeverityError, Path: "spec.request", Reason: v1alpha1.ReasonInvalid, Message: err.Error(),
			})
		}
	}
	if len(one.findings) > 0 {
		f.Zone, f.WhyNoZone = "", one.findings[0].Path+": "+one.findings[0].Message
	}
}

// standing reads the Secrets.
func (c *Certificates) standing(ctx context.Context, p *certificatePass, one *certificate, f *rotation.Certificate) (err error) {
	if one.secret, err = c.readHeld(ctx, one.object, one.object.Spec.SecretName); err != nil {
		return err
	}
	if one.next, err = c.readHeld(ctx, one.object, nextName(one.object)); err != nil {
		return err
	}
	z := p.authorities[one.authority]
	f.Secret = one.secret.facts(p, z)
	if leaf := one.next.leafFacts(z); leaf != nil {
		f.Next = leaf
	}
	return nil
}

func nextName(w *v1alpha1.WorkloadCertificate) string { return w.Spec.SecretName + "-next" }

// digestOf is over what a certificate has to say: another digest is another certificate.
func digestOf(w *v1alpha1.WorkloadCertificate) string {
	s := w.Spec
	raw, err := json.Marshal([]any{
		s.Profile, commonName(w), sortedCopy(s.DNSNames), sortedCopy(s.IPAddresses), sortedCopy(s.URIs), keyKind(w), s.Request,
	})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])[:16]
}

func sortedCopy(in []string) []string { return slices.Sorted(slices.Values(in)) }

func commonName(w *v1alpha1.WorkloadCertificate) string { return cmp.Or(w.Spec.CommonName, w.Name) }

// keyKind is what the operator makes, the zero kind where it makes none.
func keyKind(w *v1alpha1.WorkloadCertificate) v1alpha1.KeyKind {
	k := w.Spec.Key
	switch {
	case k.From == v1alpha1.KeyFromApplication:
		return v1alpha1.KeyKind{}
	case k.Algorithm != "":
		return v1alpha1.KeyKind{Algorithm: k.Algorithm, Size: k.Size}
	case w.Spec.Profile == v1alpha1.ProfileOPCUA:
		return v1alpha1.KeyKind{Algorithm: v1alpha1.KeyRSA, Size: 2048}
	}
	return v1alpha1.KeyKind{Algorithm: v1alpha1.KeyECDSA, Size: 256}
}

// restartOf is how the workload comes to use a new certificate. Nothing restarts at L2 and
// below by itself.
func restartOf(w *v1alpha1.WorkloadCertificate, zone *v1alpha1.Zone) (rotation.Policy, []string, int) {
	if r := w.Spec.Restart; r != nil {
		return rotation.Policy(r.Policy), r.Windows, int(r.Wave)
	}
	above := zone != nil && !slices.Contains([]v1alpha1.Level{v1alpha1.LevelL0, v1alpha1.LevelL1, v1alpha1.LevelL2}, zone.Spec.Purdue)
	if above && w.Spec.WorkloadRef != nil {
		return rotation.Restart, nil, 0
	}
	return rotation.None, nil, 0
}

func peersOf(w *v1alpha1.WorkloadCertificate) []rotation.Peer {
	var out []rotation.Peer
	for _, p := range w.Spec.OutsidePeers {
		peer := rotation.Peer{Name: p.Name, Lists: rotation.Lists(cmp.Or(p.Lists, v1alpha1.PeerListsAuthority))}
		for f := range strings.SplitSeq(w.Annotations[v1alpha1.AnnotationTrustedBy+p.Name], ",") {
			if f = strings.TrimSpace(f); f != "" {
				peer.Acknowledged = append(peer.Acknowledged, f)
			}
		}
		out = append(out, peer)
	}
	return out
}

// certificateRules are the Site's rules, nil where there are none.
func certificateRules(site *v1alpha1.Site) *rotation.Site {
	if site == nil || site.Spec.Certificates == nil {
		return nil
	}
	s := site.Spec.Certificates
	out := &rotation.Site{
		NearExpiry: rotation.NearExpiry{Within: string(s.NearExpiry.Within), Action: rotation.Action(s.NearExpiry.Action)},
		WarnBefore: string(s.WarnBefore), TrustDelay: string(s.TrustDelay),
		AuthorityLifetime: string(authorityRules(site).Lifetime),
	}
	if loc, err := time.LoadLocation(site.Spec.TimeZone); err == nil {
		out.Location = loc
	}
	for _, w := range s.MaintenanceWindows {
		out.Windows = append(out.Windows, rotation.Window{Name: w.Name, Schedule: w.Schedule, Duration: string(w.Duration)})
	}
	for _, f := range s.Freezes {
		freeze := rotation.Freeze{Name: f.Name, Reason: f.Reason}
		if f.From != nil {
			freeze.From = string(*f.From)
		}
		if f.Until != nil {
			freeze.Until = string(*f.Until)
		}
		out.Freezes = append(out.Freezes, freeze)
	}
	return out
}

func lifetimeOf(l v1alpha1.Lifetime) time.Duration {
	d, err := rotation.ParseSpan(string(l))
	if err != nil {
		return 0
	}
	return d
}

// secretOf is an empty Secret of a certificate's. That which waits may hold no certificate yet.
func secretOf(w *v1alpha1.WorkloadCertificate, name string) *corev1.Secret {
	s := &corev1.Secret{Type: corev1.SecretTypeOpaque}
	if name == w.Spec.SecretName {
		s.Type = corev1.SecretTypeTLS
	}
	s.Namespace, s.Name = w.Namespace, name
	s.Labels = apply.Labelled(kindCertificate, w.Name)
	return s
}

const kindCertificate = "WorkloadCertificate"
