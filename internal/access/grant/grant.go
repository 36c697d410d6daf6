// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"crypto/ed25519"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Input is what a grant's objects are made of.
type Input struct {
	// Window as it is in the cluster.
	Window *v1alpha1.VendorAccessWindow
	// Grant is what access.Decide lets in.
	Grant access.Grant
	// Left is the time to Grant.Until: the fuse. With nothing left nothing is made.
	Left time.Duration
	// Latest is the time to the latest end that approvers may extend to: the pod's own
	// deadline, which cannot be made later. Less than Left counts as Left.
	Latest time.Duration
	// Access are the Site's rules for vendor access.
	Access v1alpha1.SiteAccess
	Model  *topology.Model
	// Pods of the cluster, for targets that are pods.
	Pods []topology.Pod
	// Backend is Cilium or KubernetesNetworkPolicy; with any other nothing is made.
	Backend  v1alpha1.Backend
	Operator Operator
}

// Operator is who makes the objects.
type Operator struct {
	// Namespace and PodLabels of the operator's own pods: only they reach the port at
	// which a pod is told its end.
	Namespace string
	PodLabels map[string]string
	// Image holds /zonewarden-session.
	Image string
	// PullSecrets are the names of the Secrets that the operator's own image is pulled with:
	// a kubelet gives it to nobody else without them.
	PullSecrets []string
	// Key that the operator signs an end with.
	Key ed25519.PublicKey
}

// Set is all that a grant consists of.
type Set struct {
	// Fuses, one in each namespace that is touched, sorted by it.
	Fuses []*Object
	// Objects, each owned by the fuse of its namespace. Policies come first: a pod has
	// nothing to reach before they are there.
	Objects []*Object
	// Pod is the relay or the session pod, which is among Objects as well. Nil without one.
	Pod *Object
	// Endpoints of a relay, by service port.
	Endpoints []Endpoint
	// EndsWithoutOperator says that the operator is not needed to end everything in time,
	// EndsWithoutAPIServer that the API server is not either. WhyNot has the reasons.
	EndsWithoutOperator, EndsWithoutAPIServer     bool
	WhyNotWithoutOperator, WhyNotWithoutAPIServer string
}

// Endpoint is one service port of a relay and where it leads.
type Endpoint struct {
	// Port of the Service and its transport.
	Port      uint16
	Transport protocol.Transport
	// Listen is the port of the pod.
	Listen uint16
	// To is the target in words: "PU-101A-VFD 10.1.2.3:502".
	To string
}

// Object is one object of a grant.
type Object struct {
	GVK             schema.GroupVersionKind
	Namespace, Name string
	// Manifest with TypeMeta, without status. Its owner is missing until Own.
	Manifest policy.Manifest
	// Digest over what is declared; see the package documentation.
	Digest string
}

// Own makes the fuse of the object's namespace, whose UID only the cluster knows, the
// object's owner.
func (o *Object) Own(fuse types.UID) {
	owner := fuseReference(o.Manifest.GetLabels()[v1alpha1.LabelName], fuse)
	o.Manifest.SetOwnerReferences([]metav1.OwnerReference{owner})
}
