// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ExtraFactors is the key under which the API server has to say how somebody
// authenticated: userInfo.extra, filled from the claim amr (RFC 8176) by the
// structured authentication configuration of the API server.
const ExtraFactors = "zonewarden.io/amr"

// SiteAccess are the site's rules for vendor access: through what, who decides,
// and for how long at most. The API server holds requests and approvals to them
// as soon as it knows them, a moment after they change; the operator always does.
type SiteAccess struct {
	// jumpHosts are the machines that vendors come through. A window names one of
	// them; without any, no window can be granted.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	JumpHosts []JumpHost `json:"jumpHosts,omitempty"`
	// approvals: how many people must approve.
	// +optional
	// +kubebuilder:default={}
	Approvals ApprovalRules `json:"approvals,omitempty"`
	// longest is how long one window, or one occurrence of a recurring one, may be,
	// extensions included.
	// +optional
	// +kubebuilder:default="12h"
	Longest Duration `json:"longest,omitempty"`
	// breakGlass: access that one person opens alone.
	// +optional
	// +kubebuilder:default={}
	BreakGlass BreakGlassRules `json:"breakGlass,omitempty"`
	// sharedIdentities says whether people may be accounts that nobody in particular
	// stands behind: service accounts and other names that begin with "system:", and
	// users that the Vendor does not list. Deny: they neither ask for access, nor
	// approve or arm it, nor are let in.
	// +optional
	// +kubebuilder:default=Deny
	SharedIdentities AccessAction `json:"sharedIdentities,omitempty"`
	// wholeZone says whether a window may reach a whole zone instead of named assets
	// or workloads.
	// +optional
	// +kubebuilder:default=Deny
	WholeZone AccessAction `json:"wholeZone,omitempty"`
	// factors are the methods by which an approver must have authenticated, in the
	// words of RFC 8176: [mfa], or [pwd, otp]. The API server has to attest them in
	// userInfo.extra under zonewarden.io/amr. Asked for Approve only: arming and
	// break-glass work with the identity provider unreachable.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=8
	Factors []Factor `json:"factors,omitempty"`
	// relayPods: what the pods of grant: Relay may use. Their image is the operator's own.
	// +optional
	RelayPods *RelayPodRules `json:"relayPods,omitempty"`
	// sessionPods: what the pods of grant: SessionPod are. Without it none is granted.
	// +optional
	SessionPods *SessionPodRules `json:"sessionPods,omitempty"`
	// clock: when the site's time is trusted.
	// +optional
	// +kubebuilder:default={}
	Clock ClockRules `json:"clock,omitempty"`
}

// RelayPodRules say what a relay's pod may use.
type RelayPodRules struct {
	// resources of the pod's one container. Not given: 10m and 32Mi requested, 64Mi at most.
	// +optional
	Resources *PodResources `json:"resources,omitempty"`
}

// PodResources are what a pod may use, as in a container's resources.
type PodResources struct {
	// requests: what the scheduler sets aside, {cpu: 50m, memory: 64Mi}.
	// +optional
	// +kubebuilder:validation:MaxProperties=8
	Requests map[string]resource.Quantity `json:"requests,omitempty"`
	// limits: what it never exceeds.
	// +optional
	// +kubebuilder:validation:MaxProperties=8
	Limits map[string]resource.Quantity `json:"limits,omitempty"`
}

// SessionPodRules say what a session pod is: its tools are what the image holds.
type SessionPodRules struct {
	// image with the tools and a shell. It has to be on every node that may run it before
	// a window is approved; by digest, so that it stays what was looked at.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image"`
	// resources of the pod's container. Not given: 50m and 64Mi requested, 500m and 256Mi at most.
	// +optional
	Resources *PodResources `json:"resources,omitempty"`
	// seccompProfile on the nodes, by its path below the kubelet's directory of profiles,
	// in place of the container runtime's own: one that takes scheduling calls away keeps
	// a shell from slowing the process that ends the pod.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	SeccompProfile string `json:"seccompProfile,omitempty"`
}

// JumpHost is a machine that vendors come through.
//
// +kubebuilder:validation:XValidation:rule="has(self.addresses) != has(self.workloads)",message="a jump host is outside the cluster or in it: give either addresses or workloads"
type JumpHost struct {
	// name by which windows refer to it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// addresses that a jump host outside the cluster connects from.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Addresses []JumpHostAddress `json:"addresses,omitempty"`
	// workloads are the pods of a jump host in the cluster.
	// +optional
	Workloads *JumpHostWorkloads `json:"workloads,omitempty"`
	// zone that it is in, for the drawing and for rules between zones.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Zone string `json:"zone,omitempty"`
	// reachable says by what kind of service the jump host reaches a window's relay:
	// ClusterIP where it is a pod; from outside the cluster its address would be hidden.
	// +optional
	// +kubebuilder:default=ClusterIP
	Reachable RelayService `json:"reachable,omitempty"`
	// recorder says where sessions are recorded, for people: "PAM-2, 90 days".
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Recorder string `json:"recorder,omitempty"`
}

// JumpHostAddress is an IP address or a small network.
//
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=43
// +kubebuilder:validation:Pattern=`^([0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?|[0-9a-fA-F:]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*(/[0-9]{1,3})?)$`
// +kubebuilder:validation:XValidation:rule="!self.matches('^[^/]*/[0-9]{1,3}$') || int(self.split('/')[1]) >= (self.contains(':') ? 64 : 24)",message="a jump host's network must not be wider than /24 (IPv6: /64)"
type JumpHostAddress string

// JumpHostWorkloads are the pods of a jump host.
type JumpHostWorkloads struct {
	// namespace of the pods.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace"`
	// selector over their labels.
	// +required
	// +kubebuilder:validation:XValidation:rule="(has(self.matchLabels) && size(self.matchLabels) > 0) || (has(self.matchExpressions) && size(self.matchExpressions) > 0)",message="an empty selector would take in every pod of the namespace; name a label of the jump host"
	Selector metav1.LabelSelector `json:"selector"`
}

// RelayService is the kind of Service by which a jump host reaches a relay.
//
// +kubebuilder:validation:Enum=ClusterIP;NodePort;LoadBalancer
type RelayService string

// The kinds of service.
const (
	RelayClusterIP    RelayService = "ClusterIP"
	RelayNodePort     RelayService = "NodePort"
	RelayLoadBalancer RelayService = "LoadBalancer"
)

// ApprovalRules say how many people must approve a window.
//
// +kubebuilder:validation:XValidation:rule="!has(self.count) || !has(self.safety) || self.safety >= self.count",message="safety must not be lower than count: a safety zone takes no fewer people"
type ApprovalRules struct {
	// count of people, the requester not among them.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3
	Count int32 `json:"count,omitempty"`
	// safety is the count for windows that reach a safety zone.
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=3
	Safety int32 `json:"safety,omitempty"`
}

// BreakGlassRules limit what one person may open alone.
type BreakGlassRules struct {
	// longest is how long such a window may be, extensions included.
	// +optional
	// +kubebuilder:default="4h"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,4}h)?([0-9]{1,4}m)?([0-9]{1,4}s)?$') || duration(self) <= duration('4h')",message="what one person opens alone lasts 4h at most"
	Longest Duration `json:"longest,omitempty"`
}

// AccessAction says what happens to a request.
//
// +kubebuilder:validation:Enum=Deny;Allow
type AccessAction string

// The access actions.
const (
	AccessDeny  AccessAction = "Deny"
	AccessAllow AccessAction = "Allow"
)

// Factor is a method of authentication, in the words of RFC 8176: mfa, otp, hwk.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=32
type Factor string

// ClockRules say when the site's time is trusted.
type ClockRules struct {
	// tolerance is how far the clock may jump without grants being suspended.
	// +optional
	// +kubebuilder:default="2m"
	Tolerance Duration `json:"tolerance,omitempty"`
	// hardwareClock: Good where the nodes have a battery-backed clock that keeps the
	// time through a power cut. Unknown: after a boot time is untrusted until the
	// kernel says that it is synchronised.
	// +optional
	// +kubebuilder:default=Unknown
	HardwareClock HardwareClock `json:"hardwareClock,omitempty"`
	// acknowledged: a person has looked at the time after a boot.
	// +optional
	Acknowledged *ClockAcknowledgement `json:"acknowledged,omitempty"`
}

// HardwareClock says whether the nodes' clocks outlive a power cut.
//
// +kubebuilder:validation:Enum=Unknown;Good
type HardwareClock string

// What is known of the nodes' clocks.
const (
	HardwareClockUnknown HardwareClock = "Unknown"
	HardwareClockGood    HardwareClock = "Good"
)

// ClockAcknowledgement is somebody's word that the time is right. It is good for
// one boot.
type ClockAcknowledgement struct {
	// bootID of the node that the operator runs on: status.clock.bootID.
	// +required
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:Pattern=`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`
	BootID string `json:"bootID"`
	// by whom: who writes this, as the API server authenticates them.
	// +required
	By Username `json:"by"`
	// saw is what both clocks of that node read, as status.clock.run states it, when that
	// person compared the node's clock with a watch.
	// +required
	Saw ClockReading `json:"saw"`
}

// ClockReading is one look at both clocks of a node. The time alone would not do: a clock
// that was set back shows the same time twice.
type ClockReading struct {
	// wall is the time of day.
	// +required
	Wall metav1.Time `json:"wall"`
	// sinceBoot is how long the node had been up.
	// +required
	SinceBoot Uptime `json:"sinceBoot"`
}

// Uptime is how long a node has been up, in hours, minutes and seconds: 17520h0m9s.
//
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=17
// +kubebuilder:validation:Pattern=`^([0-9]{1,6}h)?([0-9]{1,4}m)?([0-9]{1,4}s)?$`
type Uptime string

// SiteClock is the clock that the site's time is taken from: that of the node that the
// operator runs on. It changes when that clock jumps, the node boots or the operator
// moves, and is what a person copies into spec.access.clock.acknowledged.
type SiteClock struct {
	// bootID of the node.
	// +optional
	BootID string `json:"bootID,omitempty"`
	// node that the operator runs on.
	// +optional
	Node string `json:"node,omitempty"`
	// run is the first look at the clock since it last jumped, or since the first look
	// in this boot: acknowledged.saw.
	// +optional
	Run ClockReading `json:"run,omitzero"`
}
