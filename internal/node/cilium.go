// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/flows"
)

// answersWithin is what the Cilium agent gets to answer: a busy edge node is slow.
const answersWithin = 3 * time.Second

// policyAgent asks the node's policy agent whether it is there. What it enforced last
// stays when it is not, but what changes from then on does not arrive, and no probe can
// see that. Only Cilium's can be asked.
func (a *Agent) policyAgent(ctx context.Context) (v1alpha1.PolicyAgentState, string) {
	if a.report.table() != flows.NameCilium {
		return v1alpha1.PolicyAgentUnknown, "only Cilium's agent can be asked"
	}
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://cilium/v1/healthz", nil)
	if err != nil {
		return v1alpha1.PolicyAgentUnknown, err.Error()
	}
	request.Header.Set("brief", "true")
	c := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", a.CiliumSocket)
		},
	}}
	response, err := c.Do(request)
	if err != nil {
		return v1alpha1.PolicyAgentDown, "the Cilium agent does not answer at " + a.CiliumSocket
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return v1alpha1.PolicyAgentDown, fmt.Sprintf("the Cilium agent answers %s", response.Status)
	}
	return v1alpha1.PolicyAgentUp, ""
}
