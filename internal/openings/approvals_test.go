// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package openings_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/openings"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// approval is bert's, of a conduit as it is.
func approval(t *testing.T, c *v1alpha1.Conduit, edits ...func(*v1alpha1.Approval)) *v1alpha1.Approval {
	t.Helper()
	hash, err := openings.HashConduit(c)
	if err != nil {
		t.Fatal(err)
	}
	a := &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Name: "bert", UID: types.UID("uid")},
		Spec: v1alpha1.ApprovalSpec{
			Of:        v1alpha1.ApprovedObject{Kind: v1alpha1.ApprovedConduit, Name: c.Name, UID: string(c.UID), Generation: c.Generation, SpecHash: hash},
			Requester: "ada", Approver: "bert", Decision: v1alpha1.DecisionApprove,
		},
	}
	for _, edit := range edits {
		edit(a)
	}
	return a
}

func by(name string) func(*v1alpha1.Approval) {
	return func(a *v1alpha1.Approval) { a.Name, a.Spec.Approver = name, v1alpha1.Username(name) }
}

func denied(a *v1alpha1.Approval) { a.Spec.Decision = v1alpha1.DecisionDeny }

// approvals are decisions on a new conduit, and what comes of them.
var approvals = map[string]struct {
	count string // how many the Site wants
	site  func(*v1alpha1.Site)
	of    func(*v1alpha1.Conduit) // what becomes of the conduit afterwards
	given [][]func(*v1alpha1.Approval)
	// want is the finding, "" for a conduit that comes into force, and why approvals do not
	// count.
	want       string
	objections []string
}{
	"nobody":         {want: "it opens room -> cell https 443/TCP; written by ada, it waits for 1 more to approve HASH"},
	"nobody of none": {site: func(s *v1alpha1.Site) { s.Spec.Openings.Approvals = 0 }, want: waits},
	"one":            {given: [][]func(*v1alpha1.Approval){{}}},
	"one of two": {
		count: "2", given: [][]func(*v1alpha1.Approval){{}},
		want: "it opens room -> cell https 443/TCP; written by ada, approved by bert, it waits for 1 more to approve HASH",
	},
	"two": {count: "2", given: [][]func(*v1alpha1.Approval){{}, {by("cora")}}},
	"one person twice": {
		count: "2", given: [][]func(*v1alpha1.Approval){{}, {by("Bert")}},
		want: "it opens room -> cell https 443/TCP; written by ada, approved by Bert, it waits for 1 more to approve HASH",
	},
	"denied":              {given: [][]func(*v1alpha1.Approval){{denied}}, want: "it opens room -> cell https 443/TCP, and bert denied it"},
	"approved and denied": {given: [][]func(*v1alpha1.Approval){{}, {by("cora"), denied}}, want: "it opens room -> cell https 443/TCP, and cora denied it"},
	"by its author": {
		given: [][]func(*v1alpha1.Approval){{by("Ada")}}, want: waits,
		objections: []string{"Ada SelfApproval: spec.approver: nobody approves what they wrote themselves"},
	},
	"before it was changed": {
		given: [][]func(*v1alpha1.Approval){{}}, of: func(c *v1alpha1.Conduit) { c.Generation++ }, want: waits,
		objections: []string{"bert OtherGeneration: spec.of.generation: it is about the object as it was before"},
	},
	"of other words": {
		given: [][]func(*v1alpha1.Approval){{}}, of: func(c *v1alpha1.Conduit) { c.Spec.Why.Need = "another" }, want: waits,
		objections: []string{"bert OtherSpec: spec.of.specHash: the object declares something else; its hash is HASH"},
	},
	"of one that was deleted": {
		given: [][]func(*v1alpha1.Approval){{}}, of: func(c *v1alpha1.Conduit) { c.UID = "another" }, want: waits,
		objections: []string{"bert OtherUID: spec.of.uid: it is about another object of the same name"},
	},
	"of one that says another author": {
		given: [][]func(*v1alpha1.Approval){{}}, of: func(c *v1alpha1.Conduit) { c.Annotations[v1alpha1.AnnotationAuthor] = "dan" },
		want:       "it opens room -> cell https 443/TCP; written by dan, it waits for 1 more to approve HASH",
		objections: []string{"bert OtherRequester: spec.requester: it is not who wrote the object (annotation zonewarden.io/author)"},
	},
	"of one in force that somebody wrote again": {
		given: [][]func(*v1alpha1.Approval){{}}, of: func(c *v1alpha1.Conduit) {
			c.Annotations[v1alpha1.AnnotationAuthor] = "bert"
			c.Status.LastGood = &v1alpha1.ConduitLastGood{Generation: c.Generation, Spec: *c.Spec.DeepCopy()}
		},
	},
	"of one that says no author": {
		given: [][]func(*v1alpha1.Approval){{}}, of: func(c *v1alpha1.Conduit) { c.Annotations = nil },
		want:       "it opens room -> cell https 443/TCP, and says not who wrote it: change its spec in the same request as the annotation zonewarden.io/author, which has to be your user name",
		objections: []string{"bert OtherRequester: spec.requester: it is not who wrote the object (annotation zonewarden.io/author)"},
	},
	"without the factor that the Site wants": {
		given: [][]func(*v1alpha1.Approval){{}, {by("cora"), func(a *v1alpha1.Approval) { a.Spec.Factors = []v1alpha1.Factor{"otp"} }}},
		count: "2", site: func(s *v1alpha1.Site) { s.Spec.Access.Factors = []v1alpha1.Factor{"otp"} },
		want:       "it opens room -> cell https 443/TCP; written by ada, approved by cora, it waits for 1 more to approve HASH",
		objections: []string{"bert FactorMissing: spec.factors: the approver did not prove who they are as the Site asks"},
	},
	"of another kind": {
		given: [][]func(*v1alpha1.Approval){{func(a *v1alpha1.Approval) { a.Spec.Of.Kind = v1alpha1.ApprovedZone }}}, want: waits,
		objections: []string{"bert ApprovedObjectNotFound: spec.of.name: there is no Zone by that name"},
	},
	"of a window": {given: [][]func(*v1alpha1.Approval){{func(a *v1alpha1.Approval) { a.Spec.Of.Kind = v1alpha1.ApprovedWindow }}}, want: waits},
	"while it is being deleted": {
		given: [][]func(*v1alpha1.Approval){{func(a *v1alpha1.Approval) { a.DeletionTimestamp = &metav1.Time{} }}}, want: waits,
		objections: []string{"bert ApprovalDeleted: metadata.deletionTimestamp: it is being deleted"},
	},
	"that arms": {
		given: [][]func(*v1alpha1.Approval){{func(a *v1alpha1.Approval) { a.Spec.Decision = v1alpha1.DecisionArm }}}, want: waits,
		objections: []string{"bert UnknownVerdict: spec.decision: it is neither Approve nor Deny"},
	},
}

const waits = "it opens room -> cell https 443/TCP; written by ada, it waits for 1 more to approve HASH"

func TestApprovals(t *testing.T) {
	t.Parallel()
	for name, tt := range approvals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var replace []string
			if tt.count != "" {
				replace = []string{"COUNT", tt.count}
			}
			s := written(stands(t), read(t, conduit("new", "room", "cell"), replace...))
			c := s.Conduits[len(s.Conduits)-1]
			var given []*v1alpha1.Approval
			for _, edits := range tt.given {
				given = append(given, approval(t, c, edits...))
			}
			if tt.of != nil {
				tt.of(c)
			}
			if tt.site != nil {
				tt.site(s.Site)
			}
			hash, err := openings.HashConduit(c)
			if err != nil {
				t.Fatal(err)
			}
			ref := topology.ObjectRef{Kind: topology.KindConduit, Name: "new"}
			j := openings.Judge(s, given)
			s.Held = j.Held()
			got := strings.ReplaceAll(s.Held[ref].Message, hash, "HASH")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("what is said (-want +got)\n%s", diff)
			}
			if accepted := topology.Resolve(s).Verdicts[ref].Accepted(); accepted != (tt.want == "") {
				t.Errorf("accepted: %t", accepted)
			}
			var objections []string
			for _, name := range slices.Sorted(maps.Keys(j.Objections)) {
				if o := j.Objections[name]; o != nil {
					objections = append(objections, fmt.Sprintf("%s %s: %s", name, o.Reason, strings.ReplaceAll(o.Message, hash, "HASH")))
				}
			}
			if diff := cmp.Diff(tt.objections, objections); diff != "" {
				t.Errorf("objections (-want +got)\n%s", diff)
			}
			inForce := c.Status.LastGood != nil // then nobody has to approve it
			if got := len(j.Approved[ref]); (got > 0) != (tt.want == "" && !inForce) {
				t.Errorf("%d approved it", got)
			}
		})
	}
}

// TestHashes: they differ with what is declared, and with nothing else.
func TestHashes(t *testing.T) {
	t.Parallel()
	s := read(t, "")
	a, err := openings.HashAsset(s.Assets[0])
	if err != nil {
		t.Fatal(err)
	}
	s.Assets[0].Annotations, s.Assets[0].ResourceVersion = map[string]string{"a": "b"}, "7"
	if again, err := openings.HashAsset(s.Assets[0]); err != nil || again != a {
		t.Errorf("with an annotation it is %s %v, before it was %s", again, err, a)
	}
	s.Assets[0].Labels = map[string]string{"at": "room"}
	if again, err := openings.HashAsset(s.Assets[0]); err != nil || again == a {
		t.Errorf("with another label it is %s %v", again, err)
	}
	c := s.Conduits[0]
	first, err := openings.HashConduit(c)
	if err != nil {
		t.Fatal(err)
	}
	c.Name = "another"
	if again, err := openings.HashConduit(c); err != nil || again == first {
		t.Errorf("under another name it is %s %v", again, err)
	}
	// As `kubectl get zone cell -o json | jq -cjS '{kind, name: .metadata.name, spec}' | sha256sum`
	// has it: encoding/json sorts the keys of maps.
	var spec map[string]any
	text, err := json.Marshal(s.Zones[1].Spec)
	if err != nil || json.Unmarshal(text, &spec) != nil {
		t.Fatal(err)
	}
	text, err = json.Marshal(map[string]any{"kind": "Zone", "name": "cell", "spec": spec})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("sha256:%x", sha256.Sum256(text))
	if z, err := openings.HashZone(s.Zones[1]); err != nil || z != want {
		t.Errorf("a zone's is %s %v, not %s", z, err, want)
	}
}
