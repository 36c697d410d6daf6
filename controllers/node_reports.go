// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/evidence"
	"github.com/zonewarden/zonewarden/internal/topology"
)

const (
	// reportCounts is how long a report counts after it arrived. Agents renew
	// theirs every 15 seconds.
	reportCounts = time.Minute
	// reportsSettle is how long changes of reports gather before a pass: the nodes
	// find out about one change within moments of each other.
	reportsSettle = time.Second
)

// stripReport keeps what a judgement is made of. What is left of two reports that
// differ in their times and counts alone is equal, so they bring no pass; and a
// report of a plant where all is well is short.
func stripReport(in any) (any, error) {
	r, ok := in.(*v1alpha1.NodeReport)
	if !ok {
		return in, nil
	}
	r.ManagedFields = nil
	r.Status.RenewTime = metav1.MicroTime{}
	r.Status.PolicyAgentMessage, r.Status.FlowTableMessage = "", ""
	r.Status.EndedFlows, r.Status.LastEnded = 0, nil
	for i := range r.Status.Zones {
		z := &r.Status.Zones[i]
		z.ProbedAt = metav1.Time{}
		if z.Result == v1alpha1.ProbeVerified {
			z.Message, z.MustPass, z.MustNotPass = "", "", ""
		}
	}
	return r, nil
}

// arrivals remembers when each report last changed, by the operator's own clock.
// The first sight of a report counts as its arrival: after a start nobody is taken
// for silent who may just not have had time to speak.
type arrivals struct {
	clock clock.PassiveClock
	mu    sync.Mutex
	last  map[string]arrival
}

type arrival struct {
	version string
	at      time.Time
}

// note takes down a version of a report. It returns true when the report did not
// count before.
func (a *arrivals) note(r client.Object) (revived bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock.Now()
	last, known := a.last[r.GetName()]
	if known && last.version == r.GetResourceVersion() {
		return false
	}
	if a.last == nil {
		a.last = map[string]arrival{}
	}
	a.last[r.GetName()] = arrival{version: r.GetResourceVersion(), at: now}
	return !known || now.Sub(last.at) >= reportCounts
}

func (a *arrivals) forget(r client.Object) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.last, r.GetName())
}

// left is how long the report of a node goes on to count; not positive: it does not.
func (a *arrivals) left(node string) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	last, known := a.last[node]
	if !known {
		return 0
	}
	return reportCounts - a.clock.Now().Sub(last.at)
}

// reportChanged passes reports that say something new, and those of nodes that
// were silent. It sees every renewal, which is how arrivals learns of them between
// passes.
func (s *Segmentation) reportChanged() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool {
			s.arrivals.note(e.Object)
			return true
		},
		UpdateFunc: func(e event.UpdateEvent) bool {
			revived := s.arrivals.note(e.ObjectNew)
			before, ok1 := e.ObjectOld.(*v1alpha1.NodeReport)
			after, ok2 := e.ObjectNew.(*v1alpha1.NodeReport)
			return revived || !ok1 || !ok2 || !equality.Semantic.DeepEqual(before.Status, after.Status)
		},
		DeleteFunc: func(e event.DeleteEvent) bool {
			s.arrivals.forget(e.Object)
			return true
		},
	}
}

// reported is what the nodes of the cluster report now.
type reported struct {
	nodes []evidence.Node
	// next is how long it takes until the first of them is silent; 0: none reports.
	next time.Duration
}

// fetchReports reads the reports from the cache. One of a node that is gone counts
// for nothing.
func (s *Segmentation) fetchReports(ctx context.Context, nodes []topology.Node) (reported, error) {
	var list v1alpha1.NodeReportList
	if err := s.cache.List(ctx, &list, shared); err != nil {
		return reported{}, fmt.Errorf("listing node reports: %w", err)
	}
	byNode := make(map[string]*v1alpha1.NodeReportStatus, len(list.Items))
	for i := range list.Items {
		s.arrivals.note(&list.Items[i])
		byNode[list.Items[i].Name] = &list.Items[i].Status
	}
	out := reported{nodes: make([]evidence.Node, 0, len(nodes))}
	for _, n := range nodes {
		node := evidence.Node{Name: n.Name}
		if left := s.arrivals.left(n.Name); byNode[n.Name] != nil && left > 0 {
			node.Report = byNode[n.Name]
			if out.next == 0 || left < out.next {
				out.next = left
			}
		}
		out.nodes = append(out.nodes, node)
	}
	return out, nil
}

// orSooner is d, or the time until the first report is silent if that is less.
func (r reported) orSooner(d time.Duration) time.Duration {
	if r.next > 0 && r.next < d {
		return r.next
	}
	return d
}

// verify judges every zone in force.
func (o *outcome) verify(nodes []evidence.Node) {
	o.evidence = evidence.New(nodes)
	asked := map[string]string{}
	for _, z := range o.snapshot.Zones {
		if value := z.Annotations[v1alpha1.AnnotationVerify]; value != "" {
			asked[z.Name] = value
		}
	}
	o.verified = make(map[string]evidence.Judgement, len(o.model.Zones))
	for _, z := range o.model.Zones {
		o.verified[z.Name] = o.evidence.Zone(evidence.Zone{
			Name: z.Name, Workloads: len(z.Workloads) > 0, Enforce: z.Enforce, Asked: asked[z.Name],
		})
	}
}

// verification is the judgement on a zone, in force or not.
func (o *outcome) verification(zone string) evidence.Judgement {
	if j, inForce := o.verified[zone]; inForce {
		return j
	}
	if o.model.Site == nil {
		return evidence.Judgement{
			Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNoSite,
			Message: "there is no usable Site, so nothing is judged",
		}
	}
	return evidence.Judgement{
		Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNotAccepted,
		Message: "not accepted, so there is nothing to verify",
	}
}
