// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/openings"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// byAda says who wrote an object.
func byAda(o client.Object) {
	o.SetAnnotations(map[string]string{v1alpha1.AnnotationAuthor: "ada"})
}

// decide makes somebody's decision on an object as it is now.
func (w *world) decide(o client.Object, who string, decision v1alpha1.ApprovalDecision) *v1alpha1.Approval {
	w.t.Helper()
	w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(o), o))
	of := v1alpha1.ApprovedObject{Name: o.GetName(), UID: string(o.GetUID()), Generation: o.GetGeneration()}
	var err error
	switch o := o.(type) {
	case *v1alpha1.Zone:
		of.Kind = v1alpha1.ApprovedZone
		of.SpecHash, err = openings.HashZone(o)
	case *v1alpha1.Asset:
		of.Kind = v1alpha1.ApprovedAsset
		of.SpecHash, err = openings.HashAsset(o)
	case *v1alpha1.Conduit:
		of.Kind = v1alpha1.ApprovedConduit
		of.SpecHash, err = openings.HashConduit(o)
	}
	w.must(err)
	a := &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: strings.ToLower(who) + "-",
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: v1alpha1.GroupVersion.String(), Kind: string(of.Kind), Name: of.Name, UID: o.GetUID(),
			}},
		},
		Spec: v1alpha1.ApprovalSpec{
			Of: of, Requester: v1alpha1.Username(o.GetAnnotations()[v1alpha1.AnnotationAuthor]), Approver: v1alpha1.Username(who), Decision: decision,
		},
	}
	w.make(a)
	return a
}

// highCell makes the small plant with a cell of a high target level, and then asks for
// approvals.
func (w *world) highCell() {
	w.t.Helper()
	w.plant()
	z := zone("cell")
	w.change(z, func() { z.Spec.SLTarget.All = new(v1alpha1.SecurityLevel(3)) })
	w.condition(z, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted)
	w.havePolicies(plantPolicies...)
	s := site()
	w.change(s, func() { s.Spec.Openings = &v1alpha1.Openings{ApprovedFrom: 2, Approvals: 1} })
	w.settled()
}

func (w *world) digest(name string) string {
	w.t.Helper()
	p := w.policies()[name]
	if p == nil {
		return "none"
	}
	return fmt.Sprint(p.Object["spec"], p.Object["specs"])
}

const (
	polling  = "CiliumClusterwideNetworkPolicy/conduit-scada-cell"
	cellPLCs = "CiliumCIDRGroup/zone-cell"
)

// TestWhatOpensWaits: the policy of a conduit stays as it is until somebody else than the
// author of its edit has approved it, whatever becomes of the operator.
func TestWhatOpensWaits(t *testing.T) {
	w := newWorld(t)
	o := w.startOperator()
	w.highCell()
	stood := w.digest(polling)

	c := conduit("scada-cell", "", "", "")
	w.change(c, func() {
		byAda(c)
		c.Spec.Flows = append(c.Spec.Flows, v1alpha1.Flow{Protocol: "https"})
	})
	message := w.condition(c, v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonAwaitingApproval)
	hash, err := openings.HashConduit(c)
	w.must(err)
	if want := "the last accepted version stays in force: spec: it opens supervision -> cell https 443/TCP; written by ada, it waits for 1 more to approve " + hash; message != want {
		t.Errorf("it says\n%s\nnot\n%s", message, want)
	}
	w.counted("Conduit", map[string]float64{"waiting": 1})
	own := w.decide(c, "Ada", v1alpha1.DecisionApprove)
	w.condition(own, v1alpha1.ConditionAccepted, metav1.ConditionFalse, "SelfApproval")
	o.stop()
	w.startOperator()
	w.settled()
	if now := w.digest(polling); now != stood {
		t.Fatalf("it was opened:\n%s", cmp.Diff(stood, now))
	}

	given := w.decide(c, "bert", v1alpha1.DecisionApprove)
	w.condition(given, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted)
	w.condition(c, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted)
	w.eventually("it is open", func() error {
		if now := w.digest(polling); !strings.Contains(now, "443") {
			return fmt.Errorf("the policy is %s", now)
		}
		return nil
	})
	w.approvedBy(c, "bert")

	// What opens nothing needs nobody, and says still who let it open what it does.
	w.change(c, func() { c.Spec.Flows = c.Spec.Flows[1:] })
	w.condition(c, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted)
	w.condition(given, v1alpha1.ConditionAccepted, metav1.ConditionFalse, "OtherGeneration")
	w.approvedBy(c, "bert")
}

func (w *world) approvedBy(c *v1alpha1.Conduit, want ...v1alpha1.Username) {
	w.t.Helper()
	w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(c), c))
	if good := c.Status.LastGood; good == nil || good.Generation != c.Generation || !slices.Equal(good.ApprovedBy, want) {
		w.t.Errorf("last good of generation %d is %+v, want it approved by %v", c.Generation, good, want)
	}
}

// counted waits until so many objects of a kind are in these states, by the metrics.
func (w *world) counted(kind string, want map[string]float64) {
	w.t.Helper()
	w.eventually("the objects are counted", func() error {
		families, err := metrics.Registry.Gather()
		w.must(err)
		got := map[string]float64{}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if labels := m.GetLabel(); f.GetName() == "zonewarden_objects" && labels[0].GetValue() == kind {
					got[labels[1].GetValue()] = m.GetGauge().GetValue()
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("zonewarden_objects of %s (-want +got):\n%s", kind, diff)
		}
		return nil
	})
}

// TestWithNothingDeclaredSomebodyCounts: an alert is raised where nobody does.
func TestWithNothingDeclaredSomebodyCounts(t *testing.T) {
	w := newWorld(t)
	w.startOperator()
	w.counted(topology.KindSite, map[string]float64{"accepted": 0})
	w.make(site())
	w.counted(topology.KindSite, map[string]float64{"accepted": 1})
}

// TestWhatClosesDoesNotWait: not even beside what opens, and what was denied opens nothing.
func TestWhatClosesDoesNotWait(t *testing.T) {
	w := newWorld(t)
	w.startOperator()
	w.highCell()
	c := conduit("scada-cell", "", "", "")
	w.change(c, func() {
		byAda(c)
		c.Spec.Suspended = true
		c.Spec.Flows = append(c.Spec.Flows, v1alpha1.Flow{Protocol: "https"})
	})
	w.eventually("it is closed", func() error {
		if now := w.digest(polling); now != "none" {
			return fmt.Errorf("its policy is %s", now)
		}
		return nil
	})
	w.change(c, func() { c.Spec.Suspended = false })
	w.condition(c, v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonAwaitingApproval)

	another := conduit("another", "supervision", "cell", "https")
	byAda(another)
	outwards := conduit("outwards", "cell", "supervision", "https")
	w.make(another, outwards)
	w.condition(outwards, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted)
	w.condition(another, v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonAwaitingApproval)
	w.decide(another, "bert", v1alpha1.DecisionDeny)
	message := w.condition(another, v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonOpeningDenied)
	if want := "opens and denies nothing: spec: it opens supervision -> cell https 443/TCP, and bert denied it"; message != want {
		t.Errorf("it says %q, not %q", message, want)
	}
	w.counted("Conduit", map[string]float64{"accepted": 1, "waiting": 1, "refused": 1})
	w.settled()
	if now := w.digest("CiliumClusterwideNetworkPolicy/conduit-another"); now != "none" {
		t.Errorf("it has a policy: %s", now)
	}
}

// TestDevicesWait: an asset that is labelled into a zone takes part in its conduits, although
// its labels are no part of its generation. When it is labelled out of it, and into it again,
// somebody is asked again.
func TestDevicesWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.startOperator()
	w.highCell()
	panel := asset("panel", "nowhere", "10.20.9.1")
	w.make(panel)
	w.condition(panel, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted)
	stood := w.digest(cellPLCs)

	w.labelled(panel, "cell")
	w.condition(panel, v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonAwaitingApproval)
	w.settled()
	if now := w.digest(cellPLCs); now != stood {
		t.Fatalf("it is in the cell: %s", now)
	}
	first := w.decide(panel, "bert", v1alpha1.DecisionApprove)
	w.inCell(panel, true)
	w.condition(first, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted)

	w.labelled(panel, "nowhere")
	w.inCell(panel, false)
	w.condition(first, v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonOtherSpec)

	w.labelled(panel, "cell")
	w.condition(first, v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonApprovalSpent)
	w.condition(panel, v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonAwaitingApproval)
	w.settled()
	if now := w.digest(cellPLCs); now != stood {
		t.Fatalf("it is in the cell again: %s", now)
	}
	if panel.Generation != 1 || !slices.Equal(panel.Status.LastGood.Spent, []types.UID{first.UID}) {
		t.Errorf("generation %d, spent %v, want %s of the first", panel.Generation, panel.Status.LastGood.Spent, first.UID)
	}
	w.decide(panel, "bert", v1alpha1.DecisionApprove)
	w.inCell(panel, true)

	w.quiet(o)
	w.change(panel, func() { panel.Annotations["note"] = "another pass" })
	w.quietAfter(o, map[string]int{})
}

// labelled is what ada does with an asset.
func (w *world) labelled(a *v1alpha1.Asset, zone string) {
	w.t.Helper()
	w.change(a, func() {
		byAda(a)
		a.Labels = map[string]string{"zone": zone}
	})
}

// inCell waits until an asset is accepted, and among the cell's devices, or not.
func (w *world) inCell(a *v1alpha1.Asset, want bool) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("it is in the cell: %t", want), func() error {
		if now := w.digest(cellPLCs); strings.Contains(now, string(a.Spec.Addresses[0])) != want {
			return fmt.Errorf("the cell has %s", now)
		}
		return nil
	})
	w.condition(a, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted)
}
