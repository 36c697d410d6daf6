// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/pki/authority"
	"github.com/zonewarden/zonewarden/internal/pki/files"
	"github.com/zonewarden/zonewarden/internal/pki/permit"
	"github.com/zonewarden/zonewarden/internal/pki/rotation"
)

// Authorities are Secrets in the operator's namespace: one of the site's root, and one of
// each zone with all generations of its authority, so that it is one write that makes
// another one current.
const (
	rootSecret      = "site-root"
	authorityPrefix = "authority-"
	kindAuthority   = "Authority"
	// opcuaSuffix makes the name of a zone's authority for OPC UA.
	opcuaSuffix = "/opcua"

	rootFile  = "root.crt"
	rootKey   = "root.key"
	rootList  = "root.crl"
	stateFile = "state.json"
)

// siteRoot is the site's root as it stands.
type siteRoot struct {
	authority.Root
	list []byte
}

// zoneAuthority is a zone's authority as it stands: all of its generations.
type zoneAuthority struct {
	zone        string
	secret      *corev1.Secret
	generations []generation
	current     string
	// retired are those that people made which are of no use any more.
	retired []string
	// grown says that generations are not written yet.
	grown bool
	// wants is who is to sign, by issuer where that is one.
	wants  rotation.Signer
	issuer *v1alpha1.IssuerReference
	// wrong is what is wrong with what people handed in.
	wrong []string
}

// generation is one of an authority.
type generation struct {
	authority.Authority
	number  int64
	signer  rotation.Signer
	permits []string
	// list is the revocation list (DER), empty where who has the key gave none; since is when
	// it was made.
	list  []byte
	since time.Time
}

// authorityState is what is kept beside the certificates.
type authorityState struct {
	Current     string            `json:"current"`
	Generations []generationState `json:"generations"`
	Retired     []string          `json:"retired,omitempty"`
}

type generationState struct {
	Number  int64           `json:"number"`
	Signer  rotation.Signer `json:"signer,omitempty"`
	Permits []string        `json:"permits,omitempty"`
}

// authorityName is the name that rotation knows a zone's authority by.
func authorityName(zone string, profile v1alpha1.CertificateProfile) string {
	if profile == v1alpha1.ProfileOPCUA {
		return zone + opcuaSuffix
	}
	return zone
}

func forOPCUA(name string) (zone string, is bool) { return strings.CutSuffix(name, opcuaSuffix) }

func authoritySecret(name string) string {
	if zone, is := forOPCUA(name); is {
		return authorityPrefix + "opcua." + zone
	}
	return authorityPrefix + name
}

// readRoot reads the site's root, nil where there is none yet.
func (c *Certificates) readRoot(ctx context.Context) (*siteRoot, error) {
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: rootSecret}}
	found, err := c.material.Get(ctx, s, apply.Labelled(kindAuthority, "site"))
	if err != nil || !found {
		return nil, err
	}
	one, err := oneCertificate(s.Data[rootFile])
	if err != nil {
		return nil, fmt.Errorf("reading the site's root: %w", err)
	}
	key, err := authority.ParseKey(s.Data[rootKey])
	if err != nil {
		return nil, fmt.Errorf("reading the site's root: %w", err)
	}
	list, err := files.ListOf(s.Data[rootList])
	if err != nil {
		return nil, fmt.Errorf("reading the site's root: %w", err)
	}
	return &siteRoot{Root: authority.Root{Certificate: one, Key: key}, list: list.Raw}, nil
}

// makeRoot makes the site's root. Another leader may have been first: then that one counts, and
// is read with the next pass.
func (c *Certificates) makeRoot(ctx context.Context, p *certificatePass) (*siteRoot, error) {
	rules := authorityRules(p.site)
	key, err := authority.NewKey(rules.Key)
	if err != nil {
		return nil, err
	}
	root, err := authority.NewRoot(p.site.Spec.ID, key, p.now, p.now.Add(lifetimeOf(rules.RootLifetime)))
	if err != nil {
		return nil, err
	}
	list, err := root.RevocationList(1, p.now)
	if err != nil {
		return nil, err
	}
	encoded, err := key.PEM()
	if err != nil {
		return nil, err
	}
	return &siteRoot{Root: root, list: list}, c.material.Put(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: rootSecret, Labels: apply.Labelled(kindAuthority, "site")},
		Data: map[string][]byte{
			rootFile: files.PEM(root.Certificate), rootKey: encoded, rootList: files.ListPEM(list),
		},
	})
}

func oneCertificate(raw []byte) (*x509.Certificate, error) {
	all, err := files.Certificates(raw)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, fmt.Errorf("want one certificate, there are %d", len(all))
	}
	return all[0], nil
}

// readAuthority reads a zone's authority. One that does not exist has no generations. One
// that cannot be read is an error: made anew, nobody would trust what the old one signed.
func (c *Certificates) readAuthority(ctx context.Context, name string) (*zoneAuthority, error) {
	z := &zoneAuthority{zone: name, secret: &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
		Namespace: c.namespace, Name: authoritySecret(name), Labels: apply.Labelled(kindAuthority, strings.ReplaceAll(name, "/", ".")),
	}}}
	labels := z.secret.Labels
	found, err := c.material.Get(ctx, z.secret, labels)
	if err != nil || !found {
		return z, err
	}
	var state authorityState
	if err := json.Unmarshal(z.secret.Data[stateFile], &state); err != nil {
		return nil, fmt.Errorf("reading the authority of zone %s: %w", name, err)
	}
	z.current, z.retired = state.Current, state.Retired
	for _, g := range state.Generations {
		one, err := readGeneration(z.secret.Data, g)
		if err != nil {
			return nil, fmt.Errorf("reading generation %d of the authority of zone %s: %w", g.Number, name, err)
		}
		z.generations = append(z.generations, one)
	}
	return z, nil
}

// fileOf a generation in the authority's Secret.
func fileOf(number int64, what string) string { return fmt.Sprintf("%d.%s", number, what) }

func readGeneration(data map[string][]byte, s generationState) (generation, error) {
	g := generation{number: s.Number, signer: s.Signer, permits: s.Permits}
	var err error
	if g.Anchor, err = oneCertificate(data[fileOf(s.Number, "anchor.crt")]); err != nil {
		return g, err
	}
	if raw := data[fileOf(s.Number, "crl")]; s.Signer != rotation.Here && len(raw) == 0 {
		return g, nil
	}
	if s.Signer != rotation.Here {
		return g, g.readList(data)
	}
	if g.Issued, err = oneCertificate(data[fileOf(s.Number, "issued.crt")]); err != nil {
		return g, err
	}
	if g.Key, err = authority.ParseKey(data[fileOf(s.Number, "key")]); err != nil {
		return g, err
	}
	return g, g.readList(data)
}

func (g *generation) readList(data map[string][]byte) error {
	list, err := files.ListOf(data[fileOf(g.number, "crl")])
	if err != nil {
		return err
	}
	g.takeList(list)
	return nil
}

// write puts all generations into the Secret.
func (z *zoneAuthority) write(ctx context.Context, m apply.Material) error {
	state := authorityState{Current: z.current, Retired: z.retired}
	data := map[string][]byte{}
	for _, g := range z.generations {
		state.Generations = append(state.Generations, generationState{Number: g.number, Signer: g.signer, Permits: g.permits})
		data[fileOf(g.number, "anchor.crt")] = files.PEM(g.Anchor)
		if len(g.list) > 0 {
			data[fileOf(g.number, "crl")] = files.ListPEM(g.list)
		}
		if g.signer != rotation.Here {
			continue
		}
		key, err := g.Key.PEM()
		if err != nil {
			return err
		}
		data[fileOf(g.number, "issued.crt")] = files.PEM(g.Issued)
		data[fileOf(g.number, "key")] = key
	}
	raw, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("writing the authority of zone %s: %w", z.zone, err)
	}
	data[stateFile] = raw
	z.secret.Data, z.grown = data, false
	return m.Put(ctx, z.secret)
}

// facts are what rotation has to know of it.
func (z *zoneAuthority) facts(asked string) rotation.Zone {
	out := rotation.Zone{Name: z.zone, Signer: z.wants, Asked: asked}
	for _, g := range z.generations {
		out.Authorities = append(out.Authorities, rotation.Authority{
			ID: g.ID(), Generation: g.number, Current: g.ID() == z.current, Signer: g.signer,
			NotBefore: g.Anchor.NotBefore, NotAfter: g.Anchor.NotAfter, Permits: g.permits,
		})
	}
	return out
}

// byID finds a generation, nil for none.
func (z *zoneAuthority) byID(id string) *generation {
	i := slices.IndexFunc(z.generations, func(g generation) bool { return g.ID() == id })
	if i < 0 {
		return nil
	}
	return &z.generations[i]
}

// signer finds the generation that signed a certificate, or one of those between, "" for none.
func (z *zoneAuthority) signer(leaf *x509.Certificate, between ...*x509.Certificate) string {
	for _, g := range z.generations {
		if g.SignedBy(leaf, between...) {
			return g.ID()
		}
	}
	return ""
}

// carryZones makes, makes current and retires generations, each with one write.
func (c *Certificates) carryZones(ctx context.Context, p *certificatePass) {
	for _, d := range p.decision.Zones {
		z := p.authorities[d.Zone]
		if z == nil {
			continue
		}
		if err := c.carryZone(ctx, p, z, d); err != nil {
			p.errs = append(p.errs, fmt.Errorf("rotating the authority of zone %s: %w", d.Zone, err))
			delete(p.authorities, d.Zone) // what could not be written signs nothing in this pass
		}
	}
}

func (c *Certificates) carryZone(ctx context.Context, p *certificatePass, z *zoneAuthority, d rotation.ZoneDecision) error {
	if err := c.makeAuthority(ctx, p, z, d.Make); err != nil {
		return err
	}
	if d.MakeCurrent != "" {
		z.current = d.MakeCurrent
		if err := z.write(ctx, c.material); err != nil {
			return err
		}
	}
	if len(d.Retire) == 0 {
		if z.grown {
			return z.write(ctx, c.material)
		}
		return nil
	}
	for _, id := range d.Retire {
		if g := z.byID(id); g != nil && g.signer == rotation.People {
			z.retired = append(z.retired, id)
		}
	}
	z.generations = slices.DeleteFunc(z.generations, func(g generation) bool { return slices.Contains(d.Retire, g.ID()) })
	return z.write(ctx, c.material)
}

// makeAuthority makes a generation whose key is here, and asks for one by an issuer.
func (c *Certificates) makeAuthority(ctx context.Context, p *certificatePass, z *zoneAuthority, m *rotation.NewAuthority) error {
	switch {
	case m == nil:
		return nil
	case m.Signer != rotation.Here:
		if z.issuer != nil {
			c.askIssuer(ctx, p, z)
		}
		return nil
	}
	rotations.WithLabelValues("authority").Inc()
	return c.newGeneration(ctx, p, z, m)
}

func (c *Certificates) newGeneration(ctx context.Context, p *certificatePass, z *zoneAuthority, m *rotation.NewAuthority) (err error) {
	if p.root == nil {
		if p.root, err = c.makeRoot(ctx, p); err != nil {
			return err
		}
	}
	rules := authorityRules(p.site)
	zone, opcua := forOPCUA(z.zone)
	allowed := authority.Constraints{OPCUA: opcua}
	allowed.Suffixes, allowed.Networks = permit.Constraints(m.Permits)
	kind := rules.Key
	if opcua && kind.Algorithm != v1alpha1.KeyRSA {
		kind = v1alpha1.KeyKind{Algorithm: v1alpha1.KeyRSA, Size: 3072} // its policies ask for RSA
	}
	key, err := authority.NewKey(kind)
	if err != nil {
		return err
	}
	made, err := p.root.New(p.site.Spec.ID, zone, key, allowed, p.now, m.Until)
	if err != nil {
		return err
	}
	g := generation{Authority: made, permits: m.Permits, since: p.now}
	if g.list, err = made.RevocationList(z.following(), p.now); err != nil {
		return err
	}
	z.add(g)
	if len(z.generations) == 1 {
		z.current = g.ID() // nobody trusts another
	}
	return z.write(ctx, c.material)
}

// authorityRules are the Site's, with what the API's defaults are where it says nothing.
func authorityRules(site *v1alpha1.Site) v1alpha1.AuthorityRules {
	out := v1alpha1.AuthorityRules{}
	if site.Spec.Certificates != nil && site.Spec.Certificates.Authority != nil {
		out = *site.Spec.Certificates.Authority
	}
	if out.Key.Algorithm == "" {
		out.Key = v1alpha1.KeyKind{Algorithm: v1alpha1.KeyRSA, Size: 3072}
	}
	out.RootLifetime = cmp.Or(out.RootLifetime, "7300d")
	out.Lifetime = cmp.Or(out.Lifetime, "1825d")
	out.OfflineFrom = cmp.Or(out.OfflineFrom, 5)
	return out
}
