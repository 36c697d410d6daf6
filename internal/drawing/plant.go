// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package drawing

import (
	"time"

	"github.com/zonewarden/zonewarden/internal/topology"
)

// Plant is what is drawn.
type Plant struct {
	// Model is what is in force, or what would be if the directory were applied.
	Model *topology.Model
	// ID, Title and Description of the Site.
	ID, Title, Description string
	// Source of the Model.
	Source Source
	// Drawn is when, in the site's time zone.
	Drawn time.Time
	// Revision of Git, "" when it is not known.
	Revision string
	// Hash over the declared objects, "" when it is not known.
	Hash string
	// Approvals of what is drawn. None: the drawing says that nobody approved it.
	Approvals []Approval
	// Findings about the declared objects. Nil: nobody has looked, or not at all that they are
	// about.
	Findings *Findings
	// PodsUnseen says that pods, or the namespaces that zones take them from, could not be
	// read: that the Model counts none says nothing.
	PodsUnseen bool
	// Windows that are open. Nil: not known, which is not the same as none.
	Windows []OpenWindow
	// JumpHosts that windows come through, Bypasses in force.
	JumpHosts []JumpHost
	Bypasses  []Bypass
	// Zones and Conduits hold by name what the Model does not carry; see Declared.
	Zones    map[string]ZoneFacts
	Conduits map[string]ConduitFacts
}

// Source says what the drawing is of.
type Source struct {
	// Cluster says that it shows what is in force in a cluster; else it shows a
	// directory of manifests, which nothing may have been made of yet.
	Cluster bool
	// Name of the cluster's context or path of the directory.
	Name string
}

// Approval says who approved what is drawn.
type Approval struct {
	By string
	// At is the zero time when it is not known.
	At time.Time
	// Reference to the change, "" for none.
	Reference string
}

// Findings counts what the rules say about the declared objects.
type Findings struct{ Errors, Warnings int }

// OpenWindow is an access window that is open.
type OpenWindow struct {
	Name, Vendor string
	// People that it lets in.
	People int
	// JumpHost by name.
	JumpHost string
	// Zones that it reaches, and what in them in words: tags, workloads.
	Zones, Reaches []string
	// What passes, in words.
	What string
	// Until it is open, in the site's time zone.
	Until time.Time
}

// JumpHost is a machine that vendors come through.
type JumpHost struct {
	Name string
	// Zone that it is in, "" when the Site does not say.
	Zone string
	// Addresses or workload, in words.
	Address string
}

// Bypass is a zone whose denies are lifted for a time.
type Bypass struct {
	Zone string
	// Until is the zero time when it is not known.
	Until time.Time
	By    string
}

// ZoneFacts is what a drawing needs of a zone beside the Model.
type ZoneFacts struct {
	Owner string
	// Parent is the zone that it is a part of, Cell what the plant calls its cell.
	Parent, Cell string
	// ApprovedBy are those whose Approvals let this version open what it opens.
	ApprovedBy []string
	// Workloads by name, each once; Model counts pods only.
	Workloads []Workload
}

// Workload is a set of like pods.
type Workload struct {
	Name string
	Pods int
}

// ConduitFacts is what a drawing needs of a conduit beside the Model.
type ConduitFacts struct {
	// Approval is the reference that somebody wrote into it, and proves nothing.
	RiskOwner, Approval, Need string
	// ApprovedBy are those whose Approvals let this version open what it opens: the API server
	// proved who they are. It is drawn of a cluster only, where the operator writes it.
	ApprovedBy []string
	// Reference to the rule of the external device.
	Reference string
	// Cleartext says that a flow is declared to run in mode None although its protocol
	// could protect it. Protocols that have no protection are known without.
	Cleartext bool
}
