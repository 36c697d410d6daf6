// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var (
	flowsEnded = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "zonewarden_node_flows_ended_total",
		Help: "Live flows that were ended because nothing admits them any more.",
	})
	probes = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "zonewarden_node_probes_total",
		Help: "Probes of zones on this node by result: Verified, Leaking, Cut or Unknown.",
	}, []string{"result"})
)

func init() {
	metrics.Registry.MustRegister(flowsEnded, probes)
}
