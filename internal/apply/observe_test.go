// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
)

// stored is the object as the API server hands it out, with what others and the
// server itself have put on it.
func stored(t *testing.T, o *policy.Object) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(o.JSON()); err != nil {
		t.Fatal(err)
	}
	u.SetUID("live")
	u.SetResourceVersion("42")
	u.SetCreationTimestamp(metav1.NewTime(start))
	u.SetGeneration(3)
	u.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "kubectl", Operation: metav1.ManagedFieldsOperationUpdate}})
	set(t, u, "true", "metadata", "labels", "argocd.argoproj.io/instance")
	set(t, u, "2", "metadata", "annotations", "deployment.kubernetes.io/revision")
	set(t, u, "all is well", "status", "conditions")
	return u
}

func set(t *testing.T, u *unstructured.Unstructured, value string, path ...string) {
	t.Helper()
	if err := unstructured.SetNestedField(u.Object, value, path...); err != nil {
		t.Fatal(err)
	}
}

func strip(t *testing.T, in any) *unstructured.Unstructured {
	t.Helper()
	out, err := apply.Strip(in)
	if err != nil {
		t.Fatal(err)
	}
	return out.(*unstructured.Unstructured)
}

func observe(t *testing.T, u *unstructured.Unstructured) apply.Observed {
	t.Helper()
	o, err := apply.Observe(strip(t, u))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// stamped has everything that an object of ours can carry.
func stamped() *policy.Object {
	m := networkPolicy("conduit-c", 1)
	m.Annotations = map[string]string{v1alpha1.AnnotationRelease: uid}
	owner := &metav1.OwnerReference{APIVersion: "zonewarden.io/v1alpha1", Kind: "Conduit", Name: "c", UID: uid}
	return policy.NewObject(m, policy.PartConduit, conduitRef("c"), uid, owner)
}

func TestObserveReadsWhatWasWritten(t *testing.T) {
	for _, o := range []*policy.Object{floor("a", 1), group("a", 1), allow("c", 1), stamped()} {
		want := seen(o)
		want.UID, want.ResourceVersion = "live", "42"
		if diff := cmp.Diff(want, observe(t, stored(t, o))); diff != "" {
			t.Errorf("%s: (-want +have)\n%s", want.Key, diff)
		}
	}
}

func TestStripDropsAndKeeps(t *testing.T) {
	in := stored(t, stamped())
	before := in.DeepCopy()
	once := strip(t, in)
	if diff := cmp.Diff(before, in); diff != "" {
		t.Errorf("it changed what it was given: %s", diff)
	}
	if diff := cmp.Diff(once.DeepCopy(), strip(t, once)); diff != "" {
		t.Errorf("a second time: %s", diff)
	}
	for _, path := range [][]string{{"spec"}, {"status"}, {"metadata", "managedFields"}, {"metadata", "annotations", "deployment.kubernetes.io/revision"}} {
		if _, there, _ := unstructured.NestedFieldNoCopy(once.Object, path...); there {
			t.Errorf("%v is still there", path)
		}
	}
	going := metav1.NewTime(start.Add(time.Hour))
	in.SetDeletionTimestamp(&going)
	if got := strip(t, in).GetDeletionTimestamp(); got == nil || !got.Equal(&going) {
		t.Errorf("it is being deleted: %v", got)
	}
}

func TestObservedDigest(t *testing.T) {
	o := stamped()
	tests := []struct {
		name  string
		path  []string
		value string
		same  bool
	}{
		{"spec", []string{"spec", "podSelector", "matchLabels", "variant"}, "2", false},
		{"a field added to the spec", []string{"spec", "podSelector", "matchLabels", "app"}, "hmi", false},
		{"specs", []string{"specs"}, "another", false},
		{"owner", []string{"metadata", "ownerReferences"}, "another", false},
		{"label managed-by", []string{"metadata", "labels", v1alpha1.LabelManagedBy}, "helm", false},
		{"label of the kind", []string{"metadata", "labels", v1alpha1.LabelKind}, "Zone", false},
		{"label of the name", []string{"metadata", "labels", v1alpha1.LabelName}, "d", false},
		{"annotation of the source", []string{"metadata", "annotations", v1alpha1.AnnotationSourceUID}, "uid-2", false},
		{"annotation of the release", []string{"metadata", "annotations", v1alpha1.AnnotationRelease}, "uid-2", false},
		{"foreign label", []string{"metadata", "labels", "team"}, "it", true},
		{"foreign annotation", []string{"metadata", "annotations", "note"}, "hands off", true},
		{"status", []string{"status"}, "well", true},
		{"resourceVersion", []string{"metadata", "resourceVersion"}, "43", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := stored(t, o)
			set(t, u, tt.value, tt.path...)
			if got := observe(t, u).Digest == o.Digest; got != tt.same {
				t.Errorf("same digest: %t, want %t", got, tt.same)
			}
		})
	}
	for _, gone := range [][]string{{"spec"}, {"metadata", "labels", v1alpha1.LabelKind}, {"metadata", "ownerReferences"}} {
		u := stored(t, o)
		unstructured.RemoveNestedField(u.Object, gone...)
		if observe(t, u).Digest == o.Digest {
			t.Errorf("%v is gone, and the digest is the same", gone)
		}
	}
}

// TestNobodyElseCanSayTheDigest: an object in the cluster cannot carry the
// annotation by which an object in the cache says its digest.
func TestNobodyElseCanSayTheDigest(t *testing.T) {
	u := stored(t, stamped())
	for key, value := range strip(t, u).GetAnnotations() {
		if _, live := u.GetAnnotations()[key]; live {
			continue
		}
		if len(validation.IsQualifiedName(key)) == 0 {
			t.Errorf("the API server takes %s: %s", key, value)
		}
	}
}

func TestObserveWantsStripped(t *testing.T) {
	if o, err := apply.Observe(stored(t, stamped())); err == nil {
		t.Errorf("observed %+v", o)
	}
	if out, err := apply.Strip(networkPolicy("zone-a", 1)); err == nil {
		t.Errorf("stripped %+v", out)
	}
}

func TestKeys(t *testing.T) {
	for want, o := range map[string]*policy.Object{
		"NetworkPolicy/plant/zone-a": floor("a", 1),
		"CiliumCIDRGroup/zone-a":     group("a", 1),
	} {
		if got := apply.KeyOf(o).String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for _, kind := range []string{"CiliumClusterwideNetworkPolicy", "CiliumCIDRGroup", "NetworkPolicy", "Nothing"} {
		if gvk := apply.GVKOf(kind); gvk.Kind != kind || (gvk.Version == "") != (kind == "Nothing") {
			t.Errorf("%s is %s", kind, gvk)
		}
	}
}
