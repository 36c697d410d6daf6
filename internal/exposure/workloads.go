// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// workloads finds the pods that policies do not hold.
func (s *surroundings) workloads(out *Report) {
	for i := range s.Snapshot.Pods {
		p := &s.Snapshot.Pods[i]
		if !p.HostNetwork && !p.FurtherInterfaces && len(p.HostPorts) == 0 {
			continue
		}
		if z, concerned := s.concerns(p); concerned {
			reportPod(out, z, p)
		}
	}
}

func reportPod(out *Report, z *topology.Zone, p *topology.Pod) {
	name := p.Namespace + "/" + p.Name
	if p.HostNetwork {
		out.add(z, v1alpha1.ReasonHostNetwork, name)
	}
	if p.FurtherInterfaces {
		out.add(z, v1alpha1.ReasonSecondInterface, name)
	}
	// On the node's network every port of the pod is the node's.
	if len(p.HostPorts) > 0 && !p.HostNetwork {
		out.add(z, v1alpha1.ReasonHostPort, name+" "+strings.Join(p.HostPorts, ","))
	}
}
