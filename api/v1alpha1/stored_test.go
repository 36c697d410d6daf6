// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestDefaults checks what the API server adds to the smallest manifest.
func TestDefaults(t *testing.T) {
	for _, k := range declaredKinds() {
		t.Run(k.name, func(t *testing.T) {
			object := k.read(t, k.create(t, "").GetName())
			if diff := cmp.Diff(parse(t, k.defaults), plain(t, object.Object["spec"])); diff != "" {
				t.Errorf("spec (-want +got):\n%s", diff)
			}
			if status, ok := object.Object["status"]; ok {
				t.Errorf("status %v, want none", status)
			}
		})
	}
}

// filling is what defaults make of a change of the base manifest.
type filling struct {
	name   string
	kind   kind
	change string
	want   string // the change read back
}

// TestNestedDefaults checks what is added to a part of the manifest that is there.
func TestNestedDefaults(t *testing.T) {
	const (
		dns       = "{namespace: kube-system, podLabels: {k8s-app: kube-dns}, port: 53}"
		apiServer = "{port: 6443}"
		entries   = ", policyMapEntries: 16384"
		levels    = "largestLevelStep: 1, cleartextWarnFrom: 2, cleartextRefuseFrom: 3"
	)
	tests := []filling{
		{"platform without anything", siteKind, "spec.platform: {}", "spec.platform: {dns: " + dns + ", apiServer: " + apiServer + entries + "}"},
		{"platform without DNS", siteKind, "spec.platform: {apiServer: {port: 443}}", "spec.platform: {dns: " + dns + ", apiServer: {port: 443}" + entries + "}"},
		{"DNS without anything", siteKind, "spec.platform: {dns: {}}", "spec.platform: {dns: " + dns + ", apiServer: " + apiServer + entries + "}"},
		{"DNS without a value, as templates leave it", siteKind, "spec.platform: {dns: , apiServer: }", "spec.platform: {dns: " + dns + ", apiServer: " + apiServer + entries + "}"},
		{
			"DNS on another port", siteKind, "spec.platform.dns: {port: 5353}",
			"spec.platform.dns: {namespace: kube-system, podLabels: {k8s-app: kube-dns}, port: 5353}",
		},
		{
			"DNS with its own labels keeps none of ours", siteKind, "spec.platform.dns: {podLabels: {dns: mine}}",
			"spec.platform.dns: {namespace: kube-system, podLabels: {dns: mine}, port: 53}",
		},
		{
			"rules with one of them", siteKind, "spec.rules: {adminProtocols: Warn}",
			"spec.rules: {adminProtocols: Warn, directITToOT: Refuse, personToPerson: Refuse, obsoleteAssets: Refuse, " + levels + "}",
		},
		{"platform services without anything", zoneKind, "spec.platformServices: {}", "spec.platformServices: {dns: Allow, apiServer: Deny}"},
		{"platform services with one", zoneKind, "spec.platformServices: {apiServer: Allow}", "spec.platformServices: {dns: Allow, apiServer: Allow}"},
		{"platform services without the other", zoneKind, "spec.platformServices: {dns: Deny}", "spec.platformServices: {dns: Deny, apiServer: Deny}"},
		{"a guard without anything", siteKind, "spec.guard: {}", "spec.guard: {layers: [Admission], hostNetwork: Deny, secondInterfaces: Deny}"},
		{"no guard", siteKind, "spec.guard: {layers: []}", "spec.guard: {layers: [], hostNetwork: Deny, secondInterfaces: Deny}"},
		{"a guard without a value, as templates leave it", siteKind, "spec.guard: {layers: }", "spec.guard: {layers: [Admission], hostNetwork: Deny, secondInterfaces: Deny}"},
		{"a reach gets nothing", windowKind, "spec.reach: [{zone: cell-1, assets: [plc-1], flows: [{protocol: dnp3}]}]", "spec.reach: [{zone: cell-1, assets: [plc-1], flows: [{protocol: dnp3}]}]"},
		{"a flow gets nothing", conduitKind, "spec.flows: [{protocol: dnp3}]", "spec.flows: [{protocol: dnp3}]"},
		{"a lifecycle without anything", assetKind, "spec.lifecycle: {}", "spec.lifecycle: {status: Supported}"},
		{
			"a lifecycle with a day", assetKind, "spec.lifecycle: {endOfSupport: 2027-06-30}",
			`spec.lifecycle: {status: Supported, endOfSupport: "2027-06-30"}`,
		},
	}
	for _, test := range slices.Concat(tests, accessFillings, certificateFillings) {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.kind.client().Create(t.Context(), test.kind.object(t, test.change), strictCreate)
			if err != nil {
				t.Fatal(err)
			}
			want := apply(t, got.DeepCopy().Object, test.want)
			if diff := cmp.Diff(plain(t, want), plain(t, got.Object)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestStatusIsItsOwn checks that who writes spec cannot write status, and the
// other way round.
func TestStatusIsItsOwn(t *testing.T) {
	const somethingElse = `metadata.labels: {written: with-status}
status.observedGeneration: 7`
	for _, k := range declaredKinds() {
		t.Run(k.name, func(t *testing.T) {
			object := k.create(t, somethingElse)
			if status, ok := object.Object["status"]; ok {
				t.Errorf("created with status %v, want none", status)
			}
			spec := plain(t, object.Object["spec"])

			object.Object = apply(t, object.Object, somethingElse)
			object.Object["spec"] = k.object(t, k.revision).Object["spec"]
			object, err := k.client().UpdateStatus(t.Context(), object, metav1.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(spec, plain(t, object.Object["spec"])); diff != "" || object.GetGeneration() != 1 {
				t.Errorf("an update of status changed spec, generation %d (-want +got):\n%s", object.GetGeneration(), diff)
			}
			status := plain(t, object.Object["status"])

			object.Object = apply(t, object.Object, "status.observedGeneration: 8\n"+k.revision)
			object, err = k.client().Update(t.Context(), object, metav1.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(status, plain(t, object.Object["status"])); diff != "" {
				t.Errorf("an update of spec changed status (-want +got):\n%s", diff)
			}
			want := int64(2)
			if k.revision == "" {
				want = 1
			}
			if got := object.GetGeneration(); got != want {
				t.Errorf("generation %d after an update of spec, want %d", got, want)
			}
		})
	}
}

// TestUpdates checks that an object once valid can be written again, and that
// doing so with what is there already is no change.
func TestUpdates(t *testing.T) {
	for _, k := range declaredKinds() {
		t.Run(k.name, func(t *testing.T) {
			object := k.create(t, k.longName())
			steps := []struct {
				name, change string
				generation   int64
			}{
				{"the same", "", 1},
				{"a label", "metadata.labels: {a: b}", 1},
				{"an annotation", "metadata.annotations: {zonewarden.io/confirm-prune: abc}", 1},
				{"another spec", k.revision, 2},
				{"the same once more", k.revision, 2},
				{"nothing but the first manifest", k.longName(), 3},
			}
			if k.revision == "" {
				steps = steps[:3]
			}
			for _, step := range steps {
				next := k.typed(t, object)
				if step.name == "nothing but the first manifest" {
					next.Object["spec"] = k.object(t, "").Object["spec"]
				}
				next.Object = apply(t, next.Object, step.change)
				updated, err := k.client().Update(t.Context(), next, metav1.UpdateOptions{FieldValidation: metav1.FieldValidationStrict})
				if err != nil {
					t.Fatalf("%s: %v", step.name, err)
				}
				if got := updated.GetGeneration(); got != step.generation {
					t.Errorf("%s: generation %d, want %d", step.name, got, step.generation)
				}
				object = updated
			}
		})
	}
}

// TestInvalidUpdates checks that expressions hold for updates as well, of what can be
// updated.
func TestInvalidUpdates(t *testing.T) {
	for _, k := range declaredKinds() {
		if k.revision == "" {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			stored := k.create(t, "")
			expressions := k.expressions(t)
			for _, r := range k.rules() {
				expressed := slices.ContainsFunc(expressions, func(e apiextensionsv1.ValidationRule) bool {
					return r.refused != "" && strings.HasSuffix(r.because[0], ": "+e.Message)
				})
				if !expressed || strings.Contains(r.refused, "metadata.name") {
					continue
				}
				object := k.object(t, r.refused)
				object.SetResourceVersion(stored.GetResourceVersion())
				_, err := k.client().Update(t.Context(), object, strictUpdate)
				checkRefusal(t, r, err)
			}
		})
	}
}

// TestKeptSpec checks that the operator can keep the spec that it accepted, as the
// API server hands it out, next to a later one.
func TestKeptSpec(t *testing.T) {
	for _, k := range []kind{zoneKind, conduitKind, assetKind} {
		t.Run(k.name, func(t *testing.T) {
			object := k.create(t, "")
			kept := object.DeepCopy().Object["spec"]
			object.Object["status"] = map[string]any{"lastGood": map[string]any{"generation": int64(1), "spec": kept}}
			object, err := k.client().UpdateStatus(t.Context(), k.typed(t, object), metav1.UpdateOptions{FieldValidation: metav1.FieldValidationStrict})
			if err != nil {
				t.Fatal(err)
			}
			object.Object = apply(t, object.Object, k.revision)
			object, err = k.client().Update(t.Context(), object, metav1.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			status, _ := plain(t, object.Object["status"]).(map[string]any)
			want := map[string]any{"generation": 1.0, "spec": plain(t, kept)}
			if diff := cmp.Diff(want, status["lastGood"]); diff != "" {
				t.Errorf("lastGood (-want +got):\n%s", diff)
			}
		})
	}
}

// longName is a change that gives the object the longest name it can have.
func (k kind) longName() string {
	if k.name == siteKind.name {
		return "metadata.name: site"
	}
	return "metadata.name: " + strings.Repeat("n", 63)
}
