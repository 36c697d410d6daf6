// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/change"
	"github.com/zonewarden/zonewarden/internal/cli/manifest"
	"github.com/zonewarden/zonewarden/internal/openings"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/admintier"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/policy/networkpolicy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Plant is a site.
type Plant struct {
	// Name is the context or the folder that it was read from.
	Name string
	// Live says that it is a cluster's.
	Live bool

	topology.Snapshot
	Certificates []*v1alpha1.WorkloadCertificate
	Windows      []*v1alpha1.VendorAccessWindow
	Vendors      []*v1alpha1.Vendor
	// Standing are policy objects of the kinds that we write, those of others included.
	Standing []*unstructured.Unstructured
	// Settings of Cilium's agents.
	Settings cilium.Settings
	// Cilium and AdminTier say that their kinds are served.
	Cilium, AdminTier bool

	// Files are what was read of manifests, nil for a cluster by itself.
	Files *manifest.Set
	// Approvals of Zones, Conduits and Assets, and what waits for them.
	Approvals []*v1alpha1.Approval
	Waiting   []openings.Waiting

	// Workloads of the files that were laid over it, as namespace/name, that no pod of it
	// looks like: they are new, or labelled otherwise.
	Workloads []string

	// Unseen is what could not be read, and why.
	Unseen []string
	// Blind is what of it policies are made of or judged by: objects of their kinds, pods,
	// namespaces and nodes. What stands is not known then.
	Blind []string
	// Assumed is what was put in place of a cluster, but for namespaces: see Assumptions.
	Assumed []string

	// unlisted is what of Unseen may not be listed.
	unlisted []string
	// assumedNamespaces are those of Namespaces that only zones name.
	assumedNamespaces []string
	// workloads are what Pods were made of, where they are of files.
	workloads []workload

	model *topology.Model
	// read counts the objects that were read of files.
	read int
}

// Model resolves the site, once.
func (p *Plant) Model() *topology.Model {
	if p.model == nil {
		p.model = topology.Resolve(p.Snapshot)
		p.Settings.Restrain(p.model.Site)
	}
	return p.model
}

// SiteName is what the Site calls itself, or where it was read from.
func (p *Plant) SiteName() string {
	if p.Site != nil && p.Site.Spec.ID != "" {
		return p.Site.Spec.ID
	}
	return p.Name
}

// Side is the site as it is compared.
func (p *Plant) Side() change.Side { return change.Side{Snapshot: p.Snapshot, Model: p.Model()} }

// Backend is what carries out policies here: what the Site asks for, or what is served.
func (p *Plant) Backend() v1alpha1.Backend {
	if p.Site == nil {
		return ""
	}
	asked := cmp.Or(p.Site.Spec.Backend, v1alpha1.BackendAuto)
	switch {
	case asked != v1alpha1.BackendAuto:
		return asked
	case p.Cilium && p.Settings.Refused == "":
		return v1alpha1.BackendCilium
	case p.Cilium:
		return ""
	}
	return v1alpha1.BackendNetwork
}

// Compile gives the policy objects that the site wants.
func (p *Plant) Compile() policy.Set {
	var backend policy.Backend = networkpolicy.Backend{}
	if p.Backend() == v1alpha1.BackendCilium {
		backend = cilium.Backend{}
	}
	c := policy.NewCompiler(backend)
	if p.AdminTier {
		c.WithAdminTier(admintier.Guard{})
	}
	return c.Compile(p.Model())
}

// Stand gives the policy objects that the site wants as if they stood.
func (p *Plant) Stand() ([]*unstructured.Unstructured, error) {
	var out []*unstructured.Unstructured
	for _, o := range p.Compile().Objects {
		u := &unstructured.Unstructured{}
		if err := u.UnmarshalJSON(o.JSON()); err != nil {
			return nil, fmt.Errorf("reading %s/%s: %w", o.GVK.Kind, o.Name, err)
		}
		out = append(out, u)
	}
	return out, nil
}

// Hash is over everything declared: the specs of Site, zones, conduits and assets by name.
// The same declarations have the same hash in files and in a cluster.
func (p *Plant) Hash() string {
	var lines []string
	add := func(kind, name string, labels map[string]string, spec any) {
		raw, err := json.Marshal([]any{kind, name, labels, spec})
		if err != nil {
			panic(fmt.Sprintf("encoding a spec: %v", err)) // it was decoded before
		}
		lines = append(lines, string(raw))
	}
	if p.Site != nil {
		add(topology.KindSite, p.Site.Name, nil, p.Site.Spec)
	}
	for _, z := range p.Zones {
		add(topology.KindZone, z.Name, nil, z.Spec)
	}
	for _, c := range p.Conduits {
		add(topology.KindConduit, c.Name, nil, c.Spec)
	}
	for _, a := range p.Assets {
		add(topology.KindAsset, a.Name, a.Labels, a.Spec)
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}
