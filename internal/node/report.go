// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/flows"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
)

const (
	// renewEvery is how often a report that says nothing new is written. The operator
	// takes a node for silent after a minute.
	renewEvery = 15 * time.Second
	// writesWithin bounds one write, so that the next one is not late.
	writesWithin = 10 * time.Second
	// mostEnded flows that a report lists.
	mostEnded = 16
	// owner of the fields of a report.
	owner = client.FieldOwner("zonewarden-node")
)

// report is what the agent has to say, collected by its loops.
type report struct {
	mu     sync.Mutex
	status v1alpha1.NodeReportStatus
}

// table is the name of the table of flows, "" before one was opened.
func (r *report) table() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.status.FlowTable)
}

// setTable notes where flows are, and returns whether that is news.
func (r *report) setTable(t flows.Table, err error) bool {
	table, message := v1alpha1.FlowTableNone, ""
	if err != nil {
		message = cut(err.Error(), 512)
	} else {
		table = v1alpha1.FlowTable(t.Name())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	news := r.status.FlowTable != table || r.status.FlowTableMessage != message
	r.status.FlowTable, r.status.FlowTableMessage = table, message
	return news
}

// setProbes notes what packets showed, and returns whether that is news.
func (r *report) setProbes(zones []v1alpha1.NodeZoneReport, agent v1alpha1.PolicyAgentState, message string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.status.DeepCopy()
	r.status.Zones = zones[:min(len(zones), 500)]
	r.status.PolicyAgent, r.status.PolicyAgentMessage = agent, cut(message, 512)
	r.status.Verified, r.status.Failed = 0, 0
	for _, z := range r.status.Zones {
		switch z.Result {
		case v1alpha1.ProbeVerified:
			r.status.Verified++
		case v1alpha1.ProbeLeaking, v1alpha1.ProbeCut:
			r.status.Failed++
		case v1alpha1.ProbeUnknown:
		}
	}
	return !equality.Semantic.DeepEqual(withoutTimes(*before), withoutTimes(r.status))
}

// withoutTimes leaves out what differs from probe to probe although it says the same.
func withoutTimes(s v1alpha1.NodeReportStatus) v1alpha1.NodeReportStatus {
	s.RenewTime = metav1.MicroTime{}
	s.Zones = slices.Clone(s.Zones)
	for i := range s.Zones {
		s.Zones[i].ProbedAt = metav1.Time{}
		if s.Zones[i].Result == v1alpha1.ProbeVerified {
			s.Zones[i].MustPass, s.Zones[i].MustNotPass = "", ""
		}
	}
	return s
}

// ended notes flows that were ended, newest first.
func (r *report) ended(over []flows.Flow, closedBy map[flows.Flow]string, rules *verdict.Rules, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.EndedFlows += int64(len(over))
	var list []v1alpha1.EndedFlow
	for _, f := range over[:min(len(over), mostEnded)] {
		list = append(list, v1alpha1.EndedFlow{
			Time: metav1.NewTime(at), Source: nameAt(rules, f.Source), Destination: nameAt(rules, f.Destination),
			Port: portOf(f), Closed: cut(closedBy[f], 317),
		})
	}
	list = append(list, r.status.LastEnded...)
	r.status.LastEnded = list[:min(len(list), mostEnded)]
}

// setOutside notes flows with addresses that nothing declares, and returns whether that
// is news.
func (r *report) setOutside(list []v1alpha1.OutsideFlow, more bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	news := more != r.status.MoreOutsideFlows || !slices.Equal(list, r.status.OutsideFlows)
	r.status.OutsideFlows, r.status.MoreOutsideFlows = list, more
	return news
}

// now is the report as it is to be written.
func (r *report) now(at time.Time) v1alpha1.NodeReportStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := *r.status.DeepCopy()
	s.RenewTime = metav1.NewMicroTime(at)
	if s.PolicyAgent == "" {
		s.PolicyAgent = v1alpha1.PolicyAgentUnknown
	}
	return s
}

// keepReporting writes the report when it says something new, and at each interval,
// until the context ends.
func (a *Agent) keepReporting(ctx context.Context) error {
	tick := a.clock.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C():
		case <-a.due:
		}
		if err := a.writeReport(ctx); err != nil && ctx.Err() == nil {
			a.log.Error(err, "writing the report; it is tried again")
		}
	}
}

func (a *Agent) writeReport(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, writesWithin)
	defer cancel()
	var node corev1.Node
	if err := a.cache.Get(ctx, client.ObjectKey{Name: a.Node}, &node); err != nil {
		return fmt.Errorf("reading node %s: %w", a.Node, err)
	}
	status, err := runtime.DefaultUnstructuredConverter.ToUnstructured(new(a.report.now(a.clock.Now())))
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	o := &unstructured.Unstructured{Object: map[string]any{"status": status}}
	o.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("NodeReport"))
	o.SetName(a.Node)
	// The report goes with its node.
	o.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID}})
	if err := a.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), owner, client.ForceOwnership); err != nil {
		return fmt.Errorf("applying NodeReport %s: %w", a.Node, err)
	}
	return nil
}

// nameAt is a pod by namespace and name, or the address.
func nameAt(rules *verdict.Rules, a netip.Addr) string {
	if p, ok := rules.PodAt(a); ok {
		return p.Namespace + "/" + p.Name
	}
	return a.String()
}

func portOf(f flows.Flow) string { return fmt.Sprintf("%d/%s", f.Port, f.Transport) }

// cut keeps the beginning of a text that is too long for its field.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:most-3] + "..."
}
