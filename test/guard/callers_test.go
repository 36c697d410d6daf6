// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"net/http"
	"strings"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/test/controlplane"
)

// name of somebody who calls the API server.
type name string

// Those who try, and those who must not be hindered. Their rights are in
// testdata/accounts.yaml and config/rbac.
const (
	administrator = name("cluster administrator")  // system:masters
	tenant        = name("tenant of cell-1")       // everything, in one namespace in scope
	neighbour     = name("tenant of office")       // everything, in one namespace out of scope
	developer     = name("developer in cell-1")    // Kubernetes' role edit
	author        = name("author for one zone")    // conduits, connect on zone cell-1
	wideAuthor    = name("author for 24 zones")    // conduits, connect on zones z-01 to z-24
	networkEditor = name("network editor")         // every network kind, cluster-wide, no exempt
	argo          = name("Argo CD, never exempt")  // cluster-admin, and in guard.neverExempt
	vendorSA      = name("a vendor's operator")    // pods and services, cluster-wide
	landlord      = name("namespace self-service") // namespaces
	siteAdmin     = name("site administrator")     // the verbs of the guard
	operator      = name("Zonewarden's operator")  // enforce
	node          = name("the node's kubelet")     // system:node:node-1
	agent         = name("Cilium's agent")         // as in Cilium's chart
	agentOperator = name("Cilium's operator")      // as in Cilium's chart
	scheduler     = name("Kubernetes' scheduler")
	nodeKeeper    = name("whoever keeps the nodes")
	certManager   = name("cert-manager")                // as in its chart
	squatter      = name("tenant of zonewarden-access") // everything, in one namespace
	insider       = name("who a window lets in")        // exec into his window's pod
	keeper        = name("garbage collector")
	controllers   = name("a controller manager without accounts for its controllers")
)

// accounts are user names and the groups beside system:authenticated.
var accounts = map[name][]string{
	administrator: {"administrator", "system:masters"},
	tenant:        {"tenant"},
	neighbour:     {"neighbour"},
	developer:     {"developer"},
	author:        {"author"},
	wideAuthor:    {"wide-author"},
	networkEditor: {"network-editor"},
	argo:          serviceAccount("argocd", "argocd-application-controller"),
	vendorSA:      serviceAccount("vendor", "operator"),
	landlord:      {"landlord"},
	siteAdmin:     {"site-administrator"},
	operator:      serviceAccount("zonewarden-system", "zonewarden"),
	node:          {"system:node:node-1", "system:nodes"},
	agent:         serviceAccount("kube-system", "cilium"),
	agentOperator: serviceAccount("kube-system", "cilium-operator"),
	scheduler:     {"system:kube-scheduler"},
	nodeKeeper:    {"node-keeper"},
	certManager:   serviceAccount("cert-manager", "cert-manager"),
	squatter:      {"squatter"},
	insider:       {"tech-1"},
	keeper:        serviceAccount("kube-system", "generic-garbage-collector"),
	controllers:   {"system:kube-controller-manager"},
}

func serviceAccount(namespace, name string) []string {
	return []string{"system:serviceaccount:" + namespace + ":" + name, "system:serviceaccounts", "system:serviceaccounts:" + namespace}
}

// caller is one of them with a connection of his own.
type caller struct {
	client.Client
	http   *http.Client
	server string
	warned *warnings
}

func makeCallers(plane *controlplane.ControlPlane) (map[name]*caller, error) {
	out := map[name]*caller{}
	for who, account := range accounts {
		config, err := plane.AddUser(account[0], account[1:]...)
		if err != nil {
			return nil, err
		}
		if out[who], err = newCaller(config); err != nil {
			return nil, fmt.Errorf("connecting %s: %w", who, err)
		}
	}
	return out, nil
}

func newCaller(config *rest.Config) (*caller, error) {
	warned := &warnings{}
	config.WarningHandler = warned
	connection, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	c, err := client.New(config, client.Options{HTTPClient: connection})
	if err != nil {
		return nil, err
	}
	return &caller{Client: c, http: connection, server: strings.TrimSuffix(config.Host, "/"), warned: warned}, nil
}

// dryRun is the same caller, whose requests go all the way through admission and are
// not stored.
func (c *caller) dryRun() *caller {
	return &caller{Client: client.NewDryRunClient(c.Client), http: c.http, server: c.server, warned: c.warned}
}

// warnings keeps the last one.
type warnings struct{ last string }

// HandleWarningHeader takes what the API server warns about.
func (w *warnings) HandleWarningHeader(_ int, _, text string) { w.last = text }
