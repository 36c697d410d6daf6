// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package openings_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/openings"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// act is an edit of the panel's labels, or a decision on the panel as it then is, and what has
// become of it when the operator has looked: whether it waits, and what of the decisions
// does not count.
type act struct {
	label      string
	by         string
	decision   v1alpha1.ApprovalDecision
	spec       bool
	waits      bool
	objections string
}

const (
	ofOther = " OtherSpec"
	spent   = " ApprovalSpent"
	older   = " OtherGeneration"
)

// returning are labels that come back, without another generation.
var returning = map[string][]act{
	"what let them in is asked again": {
		{label: "cell", waits: true},
		{by: "bert"},
		{label: "nowhere", objections: "bert" + ofOther},
		{label: "cell", waits: true, objections: "bert" + spent},
		{by: "cora", objections: "bert" + spent},
		{label: "cell", objections: "bert" + spent},
		{label: "nowhere", objections: "bert" + ofOther + ", cora" + ofOther},
		{label: "cell", waits: true, objections: "bert" + spent + ", cora" + spent},
	},
	"one that came when they were in force is, too": {
		{label: "cell", waits: true},
		{by: "bert"},
		{by: "cora"},
		{label: "nowhere", objections: "bert" + ofOther + ", cora" + ofOther},
		{label: "cell", waits: true, objections: "bert" + spent + ", cora" + spent},
	},
	"and one that never let them in": {
		{label: "cell", waits: true},
		{by: "Ada", waits: true, objections: "Ada SelfApproval"},
		{label: "elsewhere", objections: "Ada" + ofOther},
		{label: "cell", waits: true, objections: "Ada" + spent},
	},
	"but not where no others came into force": {
		{label: "cell", waits: true},
		{by: "Ada", waits: true, objections: "Ada SelfApproval"},
		{label: "nowhere", objections: "Ada" + ofOther},
		{label: "cell", waits: true, objections: "Ada SelfApproval"},
	},
	"labels that were never taken back are not": {
		{label: "cell", waits: true},
		{by: "bert"},
		{by: "cora"},
	},
	"a denial stays": {
		{label: "cell", waits: true},
		{by: "bert", decision: v1alpha1.DecisionDeny, waits: true},
		{label: "elsewhere", objections: "bert" + ofOther},
		{label: "cell", waits: true},
		{by: "cora", waits: true},
	},
	"another generation begins anew": {
		{label: "cell", waits: true},
		{by: "bert"},
		{label: "nowhere", objections: "bert" + ofOther},
		{spec: true, objections: "bert" + older},
		{label: "cell", waits: true, objections: "bert" + older},
		{by: "cora", objections: "bert" + older},
	},
}

func TestLabelsThatComeBackAreAskedAgain(t *testing.T) {
	t.Parallel()
	for name, acts := range returning {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stands(t, "PANEL", "nowhere")
			panel := s.Assets[1]
			var given []*v1alpha1.Approval
			for i, do := range acts {
				switch {
				case do.label != "":
					panel.Labels = map[string]string{"at": do.label}
				case do.spec:
					panel.Generation++
					panel.Spec.Vendor = "Somebody"
				default:
					given = append(given, ofAsset(t, panel, do.by, do.decision))
				}
				waits, objections := looked(s, given)
				if waits != do.waits {
					t.Errorf("after act %d it waits: %t", i, waits)
				}
				if diff := cmp.Diff(do.objections, objections); diff != "" {
					t.Errorf("after act %d (-want +got)\n%s", i, diff)
				}
			}
		})
	}
}

// looked is a pass of the operator: whether the panel waits, and which decisions do not count.
func looked(s topology.Snapshot, given []*v1alpha1.Approval) (waits bool, objections string) {
	j := openings.Judge(s, given)
	for _, a := range given {
		if o := j.Objections[a.Name]; o != nil {
			if objections != "" {
				objections += ", "
			}
			objections += a.Name + " " + o.Reason
		}
	}
	s.Held = j.Held()
	_, waits = s.Held[topology.ObjectRef{Kind: topology.KindAsset, Name: "panel"}]
	accept(s, given...)
	return waits, objections
}

// ofAsset is somebody's decision on an asset as it is; none says to approve it.
func ofAsset(t *testing.T, a *v1alpha1.Asset, who string, decision v1alpha1.ApprovalDecision) *v1alpha1.Approval {
	t.Helper()
	hash, err := openings.HashAsset(a)
	if err != nil {
		t.Fatal(err)
	}
	if decision == "" {
		decision = v1alpha1.DecisionApprove
	}
	return &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Name: who, UID: types.UID("uid-of-" + who)},
		Spec: v1alpha1.ApprovalSpec{
			Of:        v1alpha1.ApprovedObject{Kind: v1alpha1.ApprovedAsset, Name: a.Name, UID: string(a.UID), Generation: a.Generation, SpecHash: hash},
			Requester: "ada", Approver: v1alpha1.Username(who), Decision: decision,
		},
	}
}

// TestMoreSpentThanAreKept: when the list is full no approval of the generation lets in what
// differs, and what is in force rests on its own still.
func TestMoreSpentThanAreKept(t *testing.T) {
	t.Parallel()
	s := stands(t, "PANEL", "nowhere")
	panel := s.Assets[1]
	var given []*v1alpha1.Approval
	for n := range 33 {
		panel.Labels = map[string]string{"at": "cell", "n": fmt.Sprint(n)}
		given = append(given, ofAsset(t, panel, fmt.Sprintf("bert-%d", n), ""))
	}
	if waits, _ := looked(s, given); waits {
		t.Fatal("it was approved, and waits")
	}
	if got := len(panel.Status.LastGood.Spent); got != 32 {
		t.Fatalf("%d are spent, want as many as there may be", got)
	}
	last := given[32].Name
	if o := openings.Judge(s, given).Objections[last]; o != nil {
		t.Errorf("what is in force rests on %s, which does not count: %v", last, o)
	}
	for n := range 32 {
		panel.Labels = map[string]string{"at": "cell", "n": fmt.Sprint(n)}
		given = append(given, ofAsset(t, panel, fmt.Sprintf("cora-%d", n), ""))
		if j := openings.Judge(s, given); len(j.Approved) > 0 {
			t.Errorf("labels %d came back, by %v", n, j.Approved)
		}
	}
}

// TestSpent: the same in any order, because a status that is as it was is not written, and only
// those of this asset in this generation.
func TestSpent(t *testing.T) {
	t.Parallel()
	s := stands(t, "PANEL", "cell")
	panel := s.Assets[1]
	a, b := ofAsset(t, panel, "bert", ""), ofAsset(t, panel, "cora", "")
	panel.Labels = map[string]string{"at": "nowhere"}
	want := []types.UID{"uid-of-bert", "uid-of-cora"}
	for _, given := range [][]*v1alpha1.Approval{{a, b}, {b, a}} {
		if diff := cmp.Diff(want, openings.Spent(panel, given)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	panel.Status.LastGood.Spent = want
	panel.Generation++
	if got := openings.Spent(panel, []*v1alpha1.Approval{a, b}); len(got) > 0 {
		t.Errorf("%v are spent of another generation", got)
	}
	panel.Generation--
	panel.Status.LastGood.Spent = nil
	other := a.DeepCopy()
	other.Spec.Of.UID, other.UID = "another", "other"
	older := a.DeepCopy()
	older.Spec.Of.Generation, older.UID = 7, "older"
	zone := a.DeepCopy()
	zone.Spec.Of.Kind, zone.UID = v1alpha1.ApprovedZone, "zone"
	if got := openings.Spent(panel, []*v1alpha1.Approval{other, older, zone}); len(got) > 0 {
		t.Errorf("%v are of something else", got)
	}
}
