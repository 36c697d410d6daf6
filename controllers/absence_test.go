// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// Absence is never a reason to prune, except where it cannot be a mistake.

func TestDeletedConduitCloses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.startOperator()
	w.plant()
	w.make(conduit("other", "cell", "supervision", "opcua-tcp"))
	w.havePolicies(append(slices.Clone(plantPolicies), "CiliumClusterwideNetworkPolicy/conduit-other")...)
	w.must(w.Delete(w.ctx(), conduit("other", "", "", "")))
	w.havePolicies(plantPolicies...)
	// Also the last one, and also when the operator learns of it only afterwards.
	o.stop()
	w.must(w.Delete(w.ctx(), conduit("scada-cell", "", "", "")))
	w.startOperator()
	w.havePolicies("CiliumCIDRGroup/zone-cell", "CiliumClusterwideNetworkPolicy/zone-cell", "CiliumClusterwideNetworkPolicy/zone-supervision")
}

func TestDeletedZoneKeepsItsFloorUnlessReleased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startOperator()
	w.make(namespace("supervision"), namespace("cell"), site(), zone("supervision"), zone("cell"))
	both := []string{"CiliumClusterwideNetworkPolicy/zone-cell", "CiliumClusterwideNetworkPolicy/zone-supervision"}
	w.havePolicies(both...)

	w.must(w.Delete(w.ctx(), zone("cell")))
	w.condition(site(), v1alpha1.ConditionPruneHeld, metav1.ConditionTrue, v1alpha1.ReasonOrphaned)
	w.havePolicies(both...)

	z := zone("supervision")
	w.change(z, func() { z.Annotations = map[string]string{v1alpha1.AnnotationAllowRelease: "moved to another site"} })
	w.eventually("the floor carries the release", func() error {
		if got := w.policy("zone-supervision").GetAnnotations()[v1alpha1.AnnotationRelease]; got != string(z.UID) {
			return fmt.Errorf("release: %q", got)
		}
		return nil
	})
	w.must(w.Delete(w.ctx(), z))
	w.havePolicies("CiliumClusterwideNetworkPolicy/zone-cell")

	// What is held goes when an administrator names exactly that.
	s := site()
	w.condition(s, v1alpha1.ConditionPruneHeld, metav1.ConditionTrue, v1alpha1.ReasonOrphaned)
	if s.Status.Held.Count != 1 || !slices.Equal(s.Status.Held.Names, both[:1]) {
		t.Errorf("held: %+v", s.Status.Held)
	}
	digest := s.Status.Held.Digest
	w.change(s, func() { s.Annotations = map[string]string{v1alpha1.AnnotationConfirmPrune: digest} })
	w.havePolicies()
	w.condition(s, v1alpha1.ConditionPruneHeld, metav1.ConditionFalse, v1alpha1.ReasonNothingHeld)
}

func TestMassDisappearanceHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.startOperator()
	w.plant()
	w.moreConduits(12)
	w.settled()
	w.quiet(o)
	before := slices.Sorted(maps.Keys(w.policies()))
	o.stop()
	w.must(w.DeleteAllOf(w.ctx(), &v1alpha1.Conduit{}))
	again := w.startOperator()
	s := site()
	w.condition(s, v1alpha1.ConditionPruneHeld, metav1.ConditionTrue, v1alpha1.ReasonMassDisappearance)
	w.quiet(again)
	w.havePolicies(before...)
	if s.Status.Held.Count != 13 {
		t.Errorf("held: %+v", s.Status.Held)
	}
}

func TestDeletedSiteLeavesEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.startOperator()
	w.plant()
	w.havePolicies(plantPolicies...)
	w.must(w.Delete(w.ctx(), site()))
	w.condition(zone("cell"), v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonNoSite)
	w.must(w.Delete(w.ctx(), conduit("scada-cell", "", "", "")))
	w.quiet(o)
	w.havePolicies(plantPolicies...)
}

func TestVanishedAssetsHoldEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.startOperator()
	w.plant()
	w.make(asset("plc-2", "cell", "10.20.1.12"))
	w.settled()
	w.eventually("both assets are counted", func() error {
		s := site()
		w.must(w.Get(w.ctx(), client.ObjectKeyFromObject(s), s))
		if s.Status.Assets != 2 {
			return fmt.Errorf("assets: %d", s.Status.Assets)
		}
		return nil
	})
	w.quiet(o)
	o.stop()
	before := w.policies()["CiliumCIDRGroup/zone-cell"].GetResourceVersion()
	w.must(w.DeleteAllOf(w.ctx(), &v1alpha1.Asset{}))
	again := w.startOperator()
	s := site()
	w.condition(s, v1alpha1.ConditionPruneHeld, metav1.ConditionTrue, v1alpha1.ReasonMassDisappearance)
	w.quiet(again)
	if got := w.policies()["CiliumCIDRGroup/zone-cell"].GetResourceVersion(); got != before {
		t.Error("the devices were taken out of their zone")
	}
	digest := s.Status.Held.Digest
	w.change(s, func() { s.Annotations = map[string]string{v1alpha1.AnnotationConfirmPrune: digest} })
	w.condition(s, v1alpha1.ConditionPruneHeld, metav1.ConditionFalse, v1alpha1.ReasonNothingHeld)
	if got := w.policies()["CiliumCIDRGroup/zone-cell"].GetResourceVersion(); got == before {
		t.Error("the confirmed change was not made")
	}
}

// TestDeletedDefinitionsNeitherOpenNorCut deletes our CRDs under a running
// operator, which deletes every object past admission, and brings them back.
func TestDeletedDefinitionsNeitherOpenNorCut(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"conduits", "zones", "assets", "sites"} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			o := w.startOperator()
			w.plant()
			w.havePolicies(plantPolicies...)
			w.settled()
			w.quiet(o)
			before := w.specs()

			crd := &apiextensionsv1.CustomResourceDefinition{ObjectMeta: objectMeta(kind + ".zonewarden.io")}
			w.must(w.Delete(w.ctx(), crd))
			w.eventually("the definition is gone", func() error {
				return wantGone(w.Get(w.ctx(), client.ObjectKeyFromObject(crd), crd))
			})
			w.quiet(o)
			w.sameSpecs(before)

			_, err := envtest.InstallCRDs(w.plane.Config(), envtest.CRDInstallOptions{Paths: []string{"../config/crd"}, MaxTime: patience})
			w.must(err)
			w.quiet(o)
			w.sameSpecs(before)
			o.stop()
			again := w.startOperator()
			w.quiet(again)
			w.sameSpecs(before)
			if kind == "conduits" {
				w.goesAfterItsReturn(again)
			}
		})
	}
}

// goesAfterItsReturn: a conduit that is declared again under the new definition is one
// like any other, and its deletion no mistake, although what stands for it is older.
func (w *world) goesAfterItsReturn(o *operator) {
	w.t.Helper()
	c := conduit("scada-cell", "supervision", "cell", "opcua-tcp")
	older := w.policy("conduit-scada-cell").GetUID()
	w.make(c)
	w.settled()
	w.quiet(o)
	if w.policy("conduit-scada-cell").GetUID() != older {
		w.t.Error("the policy was made anew")
	}
	w.must(w.Delete(w.ctx(), c))
	w.havePolicies(slices.DeleteFunc(slices.Clone(plantPolicies), func(p string) bool { return strings.HasSuffix(p, "/conduit-scada-cell") })...)
}

// specs are the specs of all our policy objects, by key.
func (w *world) specs() map[string]string {
	out := map[string]string{}
	for key, p := range w.policies() {
		out[key] = fmt.Sprint(p.Object["spec"], p.Object["specs"])
	}
	return out
}

func (w *world) sameSpecs(want map[string]string) {
	w.t.Helper()
	have := w.specs()
	if !maps.Equal(want, have) {
		w.t.Errorf("policies changed:\nwant %v\nhave %v", want, have)
	}
}

func TestFailModes(t *testing.T) {
	t.Parallel()
	for mode, closes := range map[v1alpha1.FailMode]bool{v1alpha1.FailModeClosed: true, v1alpha1.FailModeLastKnown: false} {
		t.Run(string(mode), func(t *testing.T) {
			w := newWorld(t)
			w.guarded() // the garbage collector has to get past it
			o := w.startOperator()
			w.plant()
			w.havePolicies(append(slices.Clone(plantPolicies), "CiliumClusterwideNetworkPolicy/zone-deleted")...)
			s := site()
			w.change(s, func() { s.Spec.FailMode = mode })
			w.condition(s, v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)
			w.eventually("the owner is as the fail mode says", func() error {
				if got := len(w.policy("conduit-scada-cell").GetOwnerReferences()) == 1; got != closes {
					return fmt.Errorf("owned: %v", got)
				}
				return nil
			})
			o.stop()
			w.must(w.Delete(w.ctx(), conduit("scada-cell", "", "", "")))
			if closes {
				w.havePolicies("CiliumCIDRGroup/zone-cell", "CiliumClusterwideNetworkPolicy/zone-cell",
					"CiliumClusterwideNetworkPolicy/zone-deleted", "CiliumClusterwideNetworkPolicy/zone-supervision")
				return
			}
			w.stays("conduit-scada-cell")
		})
	}
}

// stays checks that the garbage collector leaves a policy alone: it waits until
// the collector has dealt with something that was deleted later.
func (w *world) stays(name string) {
	w.t.Helper()
	owner := namespaceMap("owner")
	w.make(owner)
	dependent := namespaceMap("dependent")
	dependent.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID}}
	w.make(dependent)
	w.must(w.Delete(w.ctx(), owner))
	w.eventually("the garbage collector has worked", func() error {
		return wantGone(w.Get(w.ctx(), client.ObjectKeyFromObject(dependent), dependent))
	})
	w.policy(name)
}
