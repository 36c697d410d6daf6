// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

// ErrNotJudged is the answer of an engine that is known not to model the question.
var ErrNotJudged = errors.New("not judged by this engine")

// Endpoint is one end of a flow: a pod ("namespace/name"), an IP address, or Host,
// the node that the pod is on.
type Endpoint = policytest.Endpoint

// Host is where kubelet probes come from.
const Host = policytest.Host

// Health is the endpoint on the pods' node by which Cilium looks at its own datapath.
const Health Endpoint = "health"

// World is the cluster that objects are judged in. It must not change while an
// engine uses it.
type World struct {
	// Namespaces and their labels, by name.
	Namespaces map[string]map[string]string
	Pods       []Pod
	// Entities says which addresses are not just outside the cluster.
	Entities map[netip.Addr][]Entity
	// HostPasses lets the pod's own node in whatever policies say, as the definition
	// of NetworkPolicy does and as Cilium's option allow-localhost: always does.
	// Without it the node needs a rule.
	HostPasses bool
}

// Pod is a pod on the pod network.
type Pod struct {
	Namespace, Name string
	Labels          map[string]string
	// Ports that its containers have names for.
	Ports []NamedPort
	// Addresses of the pod; an Endpoint that is one of them is the pod.
	Addresses []netip.Addr
}

// Endpoint is the pod as an end of a flow.
func (p Pod) Endpoint() Endpoint { return Endpoint(p.Namespace + "/" + p.Name) }

// NamedPort is a container port with a name.
type NamedPort struct {
	Name      string
	Transport protocol.Transport
	Port      uint16
}

// Entity is what Cilium knows about an address beside networks.
type Entity string

// The entities. One address can be several.
const (
	// EntityHost is an address of the node that the pods are on.
	EntityHost Entity = "host"
	// EntityRemoteNode is an address of another node.
	EntityRemoteNode Entity = "remote-node"
	// EntityAPIServer is an address of the Kubernetes API, on a node or outside.
	EntityAPIServer Entity = "kube-apiserver"
)

// Flow is the first packet of a connection.
type Flow struct {
	From, To  Endpoint
	Transport protocol.Transport
	Port      uint16
}

func (f Flow) String() string {
	return fmt.Sprintf("%s to %s at %d/%s", f.From, f.To, f.Port, f.Transport)
}

// Engine judges flows by the objects that it was given.
type Engine interface {
	// Egress says whether the flow leaves its source. What is not a pod is not held.
	Egress(Flow) (bool, error)
	// Ingress says whether the flow enters its destination.
	Ingress(Flow) (bool, error)
}

// Directions asks an engine about both ends of a flow. It passes when both do.
func Directions(e Engine, f Flow) (out, in bool, err error) {
	out, errOut := e.Egress(f)
	in, errIn := e.Ingress(f)
	return out, in, errors.Join(errOut, errIn)
}
