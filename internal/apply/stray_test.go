// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
)

// TestWhatOthersAddedGoes: server-side apply leaves it standing.
func TestWhatOthersAddedGoes(t *testing.T) {
	annotate := func(key string) func(*unstructured.Unstructured) {
		return func(u *unstructured.Unstructured) {
			annotations := u.GetAnnotations()
			annotations[key] = "x"
			u.SetAnnotations(annotations)
		}
	}
	tests := []struct {
		name  string
		adds  func(*unstructured.Unstructured)
		patch []string
	}{
		{name: "nothing"},
		{name: "an annotation that is theirs", adds: annotate("example.com/note")},
		{
			name:  "rules for the other direction",
			adds:  func(u *unstructured.Unstructured) { put(u, []any{map[string]any{}}, "spec", "egress") },
			patch: []string{`[{"op":"test","path":"/metadata/resourceVersion","value":"8"},{"op":"add","path":"/spec","value":{"podSelector":{"matchLabels":{"variant":"1"}}}}]`},
		},
		{
			name:  "a second list of rules",
			adds:  func(u *unstructured.Unstructured) { put(u, []any{map[string]any{}}, "specs") },
			patch: []string{`[{"op":"test","path":"/metadata/resourceVersion","value":"8"},{"op":"remove","path":"/specs"}]`},
		},
		{
			name: "an owner, with whom it would go",
			adds: func(u *unstructured.Unstructured) {
				u.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: "gone", UID: "gone"}})
			},
			patch: []string{`[{"op":"test","path":"/metadata/resourceVersion","value":"8"},{"op":"remove","path":"/metadata/ownerReferences"}]`},
		},
		{
			name:  "a release that nobody announced",
			adds:  annotate(v1alpha1.AnnotationRelease),
			patch: []string{`[{"op":"test","path":"/metadata/resourceVersion","value":"8"},{"op":"remove","path":"/metadata/annotations/zonewarden.io~1release"}]`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t)
			s.adds = tt.adds
			r := s.carry(&apply.Plan{Floors: create(floor("a", 1))}, nil)
			if diff := cmp.Diff(tt.patch, s.patches); diff != "" {
				t.Errorf("patches (-want +have)\n%s", diff)
			}
			want := "8"
			if tt.patch != nil {
				want = "9"
			}
			if err := r.Err(); err != nil || r.Outcomes[0].Version != want {
				t.Errorf("failed %v, outcomes %v", err, r.Outcomes)
			}
		})
	}
}

// TestWhatCannotBeTakenOutFails, and is tried again.
func TestWhatCannotBeTakenOutFails(t *testing.T) {
	s := newServer(t)
	s.adds = func(u *unstructured.Unstructured) { put(u, []any{map[string]any{}}, "specs") }
	s.fails["patch zone-a"] = errRefused
	r := s.carry(&apply.Plan{Floors: create(floor("a", 1))}, nil)
	s.wantFailed(r, zoneRef("a"), errRefused)
	if r.Err() == nil {
		t.Error("it is not tried again")
	}
}

// TestNothingKeepsWhatIsRemoved: our objects carry no finalizers, so others may not either.
func TestNothingKeepsWhatIsRemoved(t *testing.T) {
	tests := []struct {
		name       string
		finalizers []string
		standing   bool
		another    bool
		want       []string
	}{
		{name: "it is gone", want: []string{"delete conduit-c"}},
		{name: "a finalizer", standing: true, finalizers: []string{"example.com/stay"}, want: []string{"delete conduit-c", "patch conduit-c"}},
		{name: "another by its name", standing: true, another: true, finalizers: []string{"example.com/stay"}, want: []string{"delete conduit-c"}},
		{name: "it goes by itself", standing: true, want: []string{"delete conduit-c"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t)
			s.finalizers = tt.finalizers
			if tt.standing {
				s.live["conduit-c"] = map[string]string{}
			}
			asked := remove(allow("c", 1))
			if tt.another {
				asked.UID = "before"
			}
			if err := s.carry(&apply.Plan{Removals: list(asked)}, nil).Err(); err != nil {
				t.Error(err)
			}
			s.wantWrites(tt.want...)
			if len(tt.want) > 1 && s.patches[0] != `{"metadata":{"finalizers":null}}` {
				t.Errorf("patched by %s", s.patches[0])
			}
		})
	}
}

func put(u *unstructured.Unstructured, value any, path ...string) {
	if err := unstructured.SetNestedField(u.Object, value, path...); err != nil {
		panic(err)
	}
}
