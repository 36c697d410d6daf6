// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"net/netip"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

// Model is what is in force at the site.
type Model struct {
	// Site is nil when there is no Site object: then nothing is in force, and
	// nothing that stands may be removed.
	Site *Site
	// Zones in force, sorted by name.
	Zones []*Zone
	// Conduits in force, sorted by name, suspended ones included.
	Conduits []*Conduit
	// Verdicts on every declared object, in force or not.
	Verdicts map[ObjectRef]*Verdict
	// AssetZones says in which zone each accepted asset is, by asset name.
	AssetZones map[string]string
	// Unzoned lists pods in scope that are in no zone although their namespace
	// holds an enforced one, sorted by namespace and name.
	Unzoned []Pod
}

// Zone returns the zone in force by that name, or nil.
func (m *Model) Zone(name string) *Zone {
	for _, z := range m.Zones {
		if z.Name == name {
			return z
		}
	}
	return nil
}

// Site is the resolved Site.
type Site struct {
	UID      types.UID
	FailMode v1alpha1.FailMode
	DNS      DNS
	API      APIServer
	Rules    v1alpha1.SegmentationRules
	Guard    Guard
	// Access says that the Site has jump hosts, so that access windows may be open.
	Access bool
	// PolicyMapEntries is the size of Cilium's policy map of one pod.
	PolicyMapEntries int
	// Fingerprint changes when anything above changes.
	Fingerprint string
}

// Guard says which objects of denies stand beside the floors.
type Guard struct{ Admission, Datapath, AdminTier bool }

// WindowPods are the pods of access windows. What they may send and get is held by the
// policy of each window and by the default deny of their namespace, in which only the
// operator makes any.
func WindowPods() Workloads {
	names := []string{v1alpha1.NamespaceAccess}
	return Workloads{Namespaces: names, Matching: names}
}

// DNS is where the cluster's name service is.
type DNS struct {
	Namespace string
	PodLabels map[string]string
	Port      uint16
	// Addresses of name services that are not pods on the pod network.
	Addresses []netip.Addr
}

// APIServer is where the Kubernetes API is.
type APIServer struct {
	Port      uint16
	Addresses []netip.Addr
}

// Zone is a zone in force.
type Zone struct {
	Name    string
	UID     types.UID
	Level   v1alpha1.Level
	Type    v1alpha1.ZoneType
	SL      Levels
	Enforce bool
	// InternalTraffic between members passes.
	InternalTraffic bool
	// DNS and APIServer may be reached by the members.
	DNS, APIServer bool
	// Workloads of this cluster; never an entry without a namespace part. Empty
	// for a zone of devices only, which makes no floor.
	Workloads []Workloads
	// HasAssets says that the zone declares devices, whether or not any matches now.
	HasAssets bool
	// Assets that are members, sorted by name.
	Assets []*Asset
	// Networks of the assets and declared CIDRs: masked, none inside another, sorted.
	Networks []netip.Prefix
	// Release says that deleting the zone was announced as meant.
	Release bool
	// PodCount is the number of pods that are members now.
	PodCount int
	// Kept says that the spec in force is the last good one, not the declared one.
	Kept bool
	// Fingerprint changes when anything that a policy is made of changes.
	Fingerprint string
}

// Workloads is a product of a namespace part and a pod part. The namespace part
// is Namespaces or NamespaceSelector, one of them always set.
type Workloads struct {
	// Namespaces by name, sorted; nil when NamespaceSelector is set.
	Namespaces []string
	// NamespaceSelector over namespace labels; nil when Namespaces is set.
	NamespaceSelector *metav1.LabelSelector
	// PodSelectors must all match; nil or empty means every pod of the namespaces.
	PodSelectors []*metav1.LabelSelector
	// Matching are the existing namespaces that the namespace part selects, sorted.
	Matching []string
	// DenyRest says that pods of these namespaces that are in no zone are to be
	// denied all traffic: no zone in Observe shares the namespaces.
	DenyRest bool
}

// Asset is a device that is a member of a zone.
type Asset struct {
	Name      string
	Tag       string
	Labels    map[string]string
	Addresses []netip.Prefix
	Obsolete  bool
}

// Conduit is a conduit in force.
type Conduit struct {
	Name       string
	UID        types.UID
	Initiator  End
	Responders []End
	// Ports that the initiator may connect to at the responders, sorted.
	Ports []protocol.PortRange
	// BothWays are ports on which the responders open flows to the initiator as
	// well (cyclic UDP I/O); a subset of Ports, sorted.
	BothWays []protocol.PortRange
	// Flows as declared, for the matrix and the drawing.
	Flows []ResolvedFlow
	Data  v1alpha1.DataDirection
	// External names the device outside the cluster that enforces what the
	// cluster cannot, "" for none.
	External  string
	Suspended bool
	// Kept says that the spec in force is the last good one, not the declared one.
	Kept bool
	// Fingerprint changes when anything that a policy is made of changes.
	Fingerprint string
}

// ResolvedFlow is one declared flow with its ports.
type ResolvedFlow struct {
	// Protocol is the catalogue key, "" for a bare port.
	Protocol string
	Ports    []protocol.PortRange
	// Enforceable is false for frames below IP.
	Enforceable bool
}

// End is one end of a conduit: some or all members of a zone.
type End struct {
	Zone *Zone
	// Workloads of the end: the zone's, narrowed; empty when the end is devices only.
	Workloads []Workloads
	// Networks of the end's devices, sorted; empty when the end is workloads only.
	Networks []netip.Prefix
	// WholeZone says that Networks are all of the zone's, so that a backend may
	// name the zone's group of addresses in place of a copy.
	WholeZone bool
	// Narrowed says that the declaration narrowed the end.
	Narrowed bool
}
