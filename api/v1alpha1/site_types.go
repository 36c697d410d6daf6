// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Backend is the kind of policy objects that zones and conduits become.
//
// +kubebuilder:validation:Enum=Auto;Cilium;KubernetesNetworkPolicy
type Backend string

// The backends.
const (
	// BackendAuto takes Cilium where the cluster serves its kinds, else
	// KubernetesNetworkPolicy, and looks again when that changes.
	BackendAuto    Backend = "Auto"
	BackendCilium  Backend = "Cilium"
	BackendNetwork Backend = "KubernetesNetworkPolicy"
)

// FailMode says what becomes of a standing conduit when its Conduit object goes
// while the operator is not there.
//
// +kubebuilder:validation:Enum=LastKnown;Closed
type FailMode string

// The fail modes.
const (
	FailModeLastKnown FailMode = "LastKnown"
	FailModeClosed    FailMode = "Closed"
)

// RuleAction says what a broken segmentation rule does.
//
// +kubebuilder:validation:Enum=Refuse;Warn
type RuleAction string

// The rule actions.
const (
	RuleRefuse RuleAction = "Refuse"
	RuleWarn   RuleAction = "Warn"
)

// UnzonedAction says what happens to a workload that is in no zone although its
// namespace holds an enforced one.
//
// +kubebuilder:validation:Enum=Report;Deny
type UnzonedAction string

// The unzoned actions.
const (
	UnzonedReport UnzonedAction = "Report"
	UnzonedDeny   UnzonedAction = "Deny"
)

// GuardLayer is one of the three places where the site's segmentation is kept from
// being undone by policies and objects of others.
//
// +kubebuilder:validation:Enum=Admission;Datapath;AdminTier
type GuardLayer string

// The guard's layers.
const (
	// GuardAdmission: the API server refuses what would undo the segmentation, by
	// the ValidatingAdmissionPolicies of config/admission. Costs nothing per packet
	// and no map entries. It does not touch what exists already, and who holds the
	// verb exempt on the Site passes.
	GuardAdmission GuardLayer = "Admission"
	// GuardDatapath: on Cilium, every enforced zone also denies what no conduit
	// declares, which beats every allow of anybody. Costs two more policy writes for
	// a conduit and more entries in each endpoint's policy map.
	GuardDatapath GuardLayer = "Datapath"
	// GuardAdminTier: where ClusterNetworkPolicy is served, every enforced zone also
	// denies in the Admin tier what no conduit declares. Holds between pods and out
	// to networks; the kind knows no ingress from networks, so it is never enough
	// alone.
	GuardAdminTier GuardLayer = "AdminTier"
)

// GuardAction says what happens to a pod that policies cannot hold.
//
// +kubebuilder:validation:Enum=Deny;Warn;Allow
type GuardAction string

// The guard actions.
const (
	GuardDeny  GuardAction = "Deny"
	GuardWarn  GuardAction = "Warn"
	GuardAllow GuardAction = "Allow"
)

// Guard says how the segmentation is kept from being undone. Policies of others
// only ever add: without a guard one "allow all" in a namespace opens its zone.
type Guard struct {
	// layers in force. Empty: none, and the Site says so. What keeps others from
	// our own objects, from declarations and from the network plugin's state holds
	// in any case.
	// +optional
	// +listType=set
	// +kubebuilder:default={Admission}
	Layers []GuardLayer `json:"layers"`
	// hostNetwork says what happens to pods and templates in scope that newly ask
	// for the node's own network, which no policy holds: the API server refuses them
	// (Deny), lets them pass with a warning, or lets them pass. Those that run are
	// reported in any case.
	// +optional
	// +kubebuilder:default=Deny
	HostNetwork GuardAction `json:"hostNetwork,omitempty"`
	// secondInterfaces says the same of those that newly ask for further interfaces
	// (Multus), which no policy holds either.
	// +optional
	// +kubebuilder:default=Deny
	SecondInterfaces GuardAction `json:"secondInterfaces,omitempty"`
	// neverExempt are accounts that the guard holds to the rules even if they have
	// the verbs exempt, enter, assign or expose, for example because a GitOps
	// controller was given every verb there is:
	// system:serviceaccount:argocd:argocd-application-controller. They may still
	// write Zones and Conduits as their rights say.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=317
	NeverExempt []string `json:"neverExempt,omitempty"`
}

// Site is the plant that this cluster serves: the system under consideration of
// IEC 62443-3-2 ZCR 1.1. There is exactly one, named "site". Without it no
// policy is written and none is removed.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,path=sites,categories=zonewarden
// +kubebuilder:printcolumn:name="ID",type=string,JSONPath=`.spec.id`
// +kubebuilder:printcolumn:name="Backend",type=string,JSONPath=`.status.backend`
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`
// +kubebuilder:printcolumn:name="Programmed",type=string,JSONPath=`.status.conditions[?(@.type=="Programmed")].status`
// +kubebuilder:printcolumn:name="Held",type=integer,JSONPath=`.status.held.count`
// +kubebuilder:printcolumn:name="By-Us",type=integer,JSONPath=`.status.flows.cluster`
// +kubebuilder:printcolumn:name="By-Others",type=integer,JSONPath=`.status.flows.external`
// +kubebuilder:printcolumn:name="By-Nobody",type=integer,JSONPath=`.status.flows.nobody`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name == 'site'",message="a cluster has one Site, its name must be 'site'"
type Site struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec SiteSpec `json:"spec"`
	// +optional
	Status SiteStatus `json:"status,omitempty"`
}

// SiteSpec is what a site's administrators declare.
type SiteSpec struct {
	// id names the site within the fleet, for example ww-17.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	ID string `json:"id"`
	// title is what people call the site, for example "Water works 17, North".
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Title string `json:"title,omitempty"`
	// timeZone is the IANA time zone in which dates of this site are meant, for
	// example Europe/Berlin.
	// +optional
	// +kubebuilder:default=UTC
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	TimeZone string `json:"timeZone,omitempty"`
	// scope says which namespaces hold OT workloads. No zone reaches beyond it.
	// +required
	Scope Scope `json:"scope"`
	// zoneLabelKeys are the pod label keys that a zone's podSelector may use, and
	// the workloads of a conduit's end should, for example [zonewarden.io/cell].
	// Whoever may set these labels decides in which zone a pod is and by which
	// conduits it speaks, so the admission guard asks for the verb assign on the
	// Site. Empty: zones follow namespaces only.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=317
	ZoneLabelKeys []string `json:"zoneLabelKeys,omitempty"`
	// backend is the kind of policy objects to write. Auto takes Cilium where
	// its kinds are served, else KubernetesNetworkPolicy.
	// +optional
	// +kubebuilder:default=Auto
	Backend Backend `json:"backend,omitempty"`
	// failMode says what becomes of a standing conduit's policy when the Conduit
	// is deleted while the operator is down. LastKnown: it stays until the
	// operator sees the deletion, so that a dead operator or a deleted CRD cuts
	// nothing. Closed: Kubernetes' garbage collector removes it.
	// +optional
	// +kubebuilder:default=LastKnown
	FailMode FailMode `json:"failMode,omitempty"`
	// unzonedWorkloads says what happens to pods that are in no zone although
	// their namespace holds a zone in Enforce: Report them, or Deny them all
	// traffic.
	// +optional
	// +kubebuilder:default=Report
	UnzonedWorkloads UnzonedAction `json:"unzonedWorkloads,omitempty"`
	// guard says how the segmentation is kept from being undone by others.
	// +optional
	// +kubebuilder:default={}
	Guard Guard `json:"guard,omitempty"`
	// clusterNetworks are the pod and service ranges of this cluster, IPv4 and
	// IPv6, for example [10.42.0.0/16, 10.43.0.0/16]. No asset may have an
	// address in them. The pod ranges and addresses that Node objects state are
	// known without being listed here.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	ClusterNetworks []CIDR `json:"clusterNetworks,omitempty"`
	// platform says where the services are that every zone may need.
	// +optional
	// +kubebuilder:default={}
	Platform Platform `json:"platform,omitempty"`
	// rules are the segmentation rules that conduits are checked against.
	// +optional
	// +kubebuilder:default={}
	Rules SegmentationRules `json:"rules,omitempty"`
	// access are the rules for vendor access.
	// +optional
	// +kubebuilder:default={}
	Access SiteAccess `json:"access,omitempty"`
	// openings says which changes wait until somebody else has approved them. Without it
	// none does.
	// +optional
	Openings *Openings `json:"openings,omitempty"`
	// certificates are the rules for certificates of workloads. Without them none is issued.
	// +optional
	Certificates *SiteCertificates `json:"certificates,omitempty"`
}

// Openings says that a change of a Zone, a Conduit or an Asset which opens something into a
// zone of a high target level waits for Approvals of others than its author, also where the
// author is a GitOps controller. They are the approval of IEC 62443-3-2 ZCR 7.1.
type Openings struct {
	// approvedFrom is the target level (slTarget, the highest of its seven) from which on a
	// change that opens something into a zone waits.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=4
	ApprovedFrom SecurityLevel `json:"approvedFrom"`
	// approvals is how many people have to approve.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=5
	Approvals int32 `json:"approvals,omitempty"`
}

// Scope says which namespaces hold OT workloads.
type Scope struct {
	// namespaceSelector selects them by their labels. It must not be empty.
	// +required
	// +kubebuilder:validation:XValidation:rule="(has(self.matchLabels) && size(self.matchLabels) > 0) || (has(self.matchExpressions) && size(self.matchExpressions) > 0)",message="an empty selector would take in every namespace of the cluster; name a label, for example matchLabels: {zonewarden.io/scope: ot}"
	NamespaceSelector metav1.LabelSelector `json:"namespaceSelector"`
}

// Platform says where DNS and the Kubernetes API are.
type Platform struct {
	// dns is the name service that zones with platformServices.dns: Allow reach.
	// +optional
	// +kubebuilder:default={}
	DNS DNSService `json:"dns,omitempty"`
	// apiServer is the Kubernetes API that zones with
	// platformServices.apiServer: Allow reach.
	// +optional
	// +kubebuilder:default={}
	APIServer APIServerService `json:"apiServer,omitempty"`
	// policyMapEntries is the size of Cilium's policy map of one pod, its option
	// bpf-policy-map-max. A map that overflows drops traffic at random, so a change
	// that would overflow it is not carried out.
	// +optional
	// +kubebuilder:default=16384
	// +kubebuilder:validation:Minimum=256
	// +kubebuilder:validation:Maximum=65536
	PolicyMapEntries int32 `json:"policyMapEntries,omitempty"`
}

// DNSService is the cluster's name service. The defaults fit CoreDNS of k3s and
// kubeadm; RKE2 and NodeLocal DNSCache need their own labels or addresses.
type DNSService struct {
	// namespace of the DNS pods.
	// +optional
	// +kubebuilder:default=kube-system
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
	// podLabels of the DNS pods.
	// +optional
	// +kubebuilder:default={"k8s-app":"kube-dns"}
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=8
	PodLabels map[string]string `json:"podLabels,omitempty"`
	// port the DNS pods listen on (the pod's port, not the service's), TCP and UDP.
	// +optional
	// +kubebuilder:default=53
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`
	// addresses of a name service that is not a pod on the pod network: NodeLocal
	// DNSCache (169.254.20.10), Talos host DNS (169.254.116.108).
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=45
	// +kubebuilder:validation:items:Pattern=`^[0-9a-fA-F:.]+$`
	Addresses []string `json:"addresses,omitempty"`
}

// APIServerService is the Kubernetes API as pods reach it.
type APIServerService struct {
	// port that the API servers listen on: 6443 on k3s, RKE2, Talos and kubeadm.
	// +optional
	// +kubebuilder:default=6443
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`
	// addresses of the API servers. KubernetesNetworkPolicy needs them, Cilium
	// finds them by itself.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=45
	// +kubebuilder:validation:items:Pattern=`^[0-9a-fA-F:.]+$`
	Addresses []string `json:"addresses,omitempty"`
}

// SegmentationRules are the site's own limits. A conduit may except itself from
// one, with a reason: see Conduit.spec.exceptions.
//
// +kubebuilder:validation:XValidation:rule="!has(self.cleartextWarnFrom) || !has(self.cleartextRefuseFrom) || self.cleartextWarnFrom <= self.cleartextRefuseFrom",message="cleartextWarnFrom must not be higher than cleartextRefuseFrom"
type SegmentationRules struct {
	// largestLevelStep is how far apart on the ladder L0 L1 L2 L3 DMZ L4 L5 the
	// ends of a conduit may be; 1 means neighbours only.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=6
	LargestLevelStep int32 `json:"largestLevelStep,omitempty"`
	// directITToOT: a conduit between L4, L5 or a Business or External zone and
	// L3 or below without a DMZ between them.
	// +optional
	// +kubebuilder:default=Refuse
	DirectITToOT RuleAction `json:"directITToOT,omitempty"`
	// adminProtocols: SSH, RDP, VNC and the like on a standing conduit. They
	// belong in an access window that ends.
	// +optional
	// +kubebuilder:default=Refuse
	AdminProtocols RuleAction `json:"adminProtocols,omitempty"`
	// personToPerson: mail, chat and telephony into a zone at L3 or below
	// (IEC 62443-3-3 SR 5.3).
	// +optional
	// +kubebuilder:default=Refuse
	PersonToPerson RuleAction `json:"personToPerson,omitempty"`
	// obsoleteAssets: a conduit from L4, L5, a Business or External zone to an
	// asset whose vendor no longer supports it.
	// +optional
	// +kubebuilder:default=Refuse
	ObsoleteAssets RuleAction `json:"obsoleteAssets,omitempty"`
	// cleartextWarnFrom is the target security level from which a protocol
	// without encryption across a zone boundary is warned about; 5 never warns.
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=5
	CleartextWarnFrom int32 `json:"cleartextWarnFrom,omitempty"`
	// cleartextRefuseFrom is the target security level from which it is refused;
	// 5 never refuses.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=5
	CleartextRefuseFrom int32 `json:"cleartextRefuseFrom,omitempty"`
}

// SiteStatus is what the operator says about the site.
type SiteStatus struct {
	Status `json:",inline"`
	// backend in force: Cilium or KubernetesNetworkPolicy.
	// +optional
	Backend Backend `json:"backend,omitempty"`
	// zones is the number of accepted zones.
	// +optional
	Zones int32 `json:"zones"`
	// conduits is the number of accepted conduits.
	// +optional
	Conduits int32 `json:"conduits"`
	// assets is the number of accepted assets.
	// +optional
	Assets int32 `json:"assets"`
	// assetsCountedUnder is the UID of the definition of Asset that the assets were
	// counted under: deleting it deletes them all, and making it again does not
	// bring them back.
	// +optional
	AssetsCountedUnder types.UID `json:"assetsCountedUnder,omitempty"`
	// flows counts the declared flows of accepted conduits by who enforces them.
	// +optional
	Flows FlowCounts `json:"flows,omitzero"`
	// held are the policy objects that are kept although their declaration is gone.
	// +optional
	Held HeldObjects `json:"held,omitzero"`
	// clock that the site's time is taken from; the condition ClockTrusted says whether
	// it is trusted.
	// +optional
	Clock *SiteClock `json:"clock,omitempty"`
}

// HeldObjects are policy objects whose Zone or Conduit is gone and which were
// not removed, because absence alone is never a reason to prune.
type HeldObjects struct {
	// count of held objects.
	// +optional
	Count int32 `json:"count"`
	// digest over their names and UIDs: what the annotation
	// zonewarden.io/confirm-prune on the Site must say to let exactly these go.
	// +optional
	Digest string `json:"digest,omitempty"`
	// names of the first 32, as kind/name or kind/namespace/name.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Names []string `json:"names,omitempty"`
}

// SiteList is a list of Sites.
//
// +kubebuilder:object:root=true
type SiteList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Site `json:"items"`
}
