// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package argocd

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/health"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// constants are the values of a file's constants with a prefix.
func constants(t *testing.T, prefix string, files ...string) []string {
	t.Helper()
	var out []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), "../../"+name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		before := len(out)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, is := n.(*ast.ValueSpec)
			if !is || !strings.HasPrefix(spec.Names[0].Name, prefix) || len(spec.Values) == 0 {
				return true
			}
			if literal, is := spec.Values[0].(*ast.BasicLit); is {
				value, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, value)
			}
			return true
		})
		if len(out) == before {
			t.Fatalf("%s has no constant %s*", name, prefix)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// own are the conditions that a kind can have, and of those that are about the object itself
// the reasons for which False is well. With any other reason False is not. The conditions
// with the reason "*" are told of, or judged by more than their value.
var own = map[string]map[string][]string{
	"Site": {
		v1alpha1.ConditionAccepted: nil, v1alpha1.ConditionResolvedRefs: nil, v1alpha1.ConditionProgrammed: nil,
		v1alpha1.ConditionGuarded: {v1alpha1.ReasonNoGuard}, v1alpha1.ConditionWithinBudget: nil,
		v1alpha1.ConditionPruneHeld: told, v1alpha1.ConditionExposed: told, v1alpha1.ConditionSessionsMayLinger: told,
		v1alpha1.ConditionDrift: told, v1alpha1.ConditionClockTrusted: told, v1alpha1.ConditionAuditIntact: told,
	},
	"Zone": {
		v1alpha1.ConditionAccepted: nil, v1alpha1.ConditionResolvedRefs: nil, v1alpha1.ConditionEnforcementVerified: nil,
		v1alpha1.ConditionProgrammed: {v1alpha1.ReasonDevicesOnly}, v1alpha1.ConditionExposed: told,
	},
	"Conduit": {
		v1alpha1.ConditionAccepted: nil, v1alpha1.ConditionResolvedRefs: nil,
		v1alpha1.ConditionProgrammed: {v1alpha1.ReasonNoEnforcementPoint, v1alpha1.ReasonSuspended},
		v1alpha1.ConditionBlocked:    told, v1alpha1.ConditionSessionsMayLinger: told,
	},
	"Asset":      {v1alpha1.ConditionAccepted: nil, v1alpha1.ConditionResolvedRefs: nil},
	"Vendor":     {v1alpha1.ConditionAccepted: nil},
	"Approval":   {v1alpha1.ConditionAccepted: nil},
	"AccessLock": {v1alpha1.ConditionAccepted: nil},
	"VendorAccessWindow": {
		v1alpha1.ConditionAccepted: nil, v1alpha1.ConditionResolvedRefs: nil, "Approved": told, "Armed": told, "Active": told, "ReviewOwed": told,
		v1alpha1.ConditionClockTrusted: told, v1alpha1.ConditionImagesPresent: told, v1alpha1.ConditionTerminated: told,
		v1alpha1.ConditionEndsWithoutOperator: told, v1alpha1.ConditionEndsWithoutAPIServer: told,
	},
	"WorkloadCertificate": {
		v1alpha1.ConditionAccepted: nil, v1alpha1.ConditionReady: nil, v1alpha1.ConditionServed: told, v1alpha1.ConditionDeferred: told,
		v1alpha1.ConditionPeersTrust: told, v1alpha1.ConditionExpiring: told,
	},
}

var told = []string{"*"}

// good is the status of a kind where all is well.
func good(kind string) v1alpha1.Status {
	switch kind {
	case "WorkloadCertificate":
		return held()
	case "VendorAccessWindow":
		return decided().Status
	}
	return written()
}

// TestEveryReasonHasAHealth: each condition of each kind, True and False with each reason,
// makes a health that Argo CD knows, with words. What is False and about the object itself
// is not Healthy, and says why.
func TestEveryReasonHasAHealth(t *testing.T) {
	t.Parallel()
	by := checks(t)
	reasons := constants(t, "Reason", "api/v1alpha1/conditions.go", "internal/access/reasons.go", "internal/pki/rotation/reasons.go")
	known := []health.HealthStatusCode{health.HealthStatusHealthy, health.HealthStatusProgressing, health.HealthStatusSuspended, health.HealthStatusDegraded}
	for kind, conditions := range own {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for condition, well := range conditions {
				for _, value := range []metav1.ConditionStatus{metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown} {
					with := reasons
					if value == metav1.ConditionUnknown {
						with = []string{"OfALaterVersion"}
					}
					for _, reason := range with {
						got := judge(t, by, kind, map[string]any{
							"metadata": metav1.ObjectMeta{Name: "one", Generation: 1},
							"status":   changed(kind, said(condition, value, reason, "because")),
						})
						if !slices.Contains(known, got.Status) || got.Message == "" {
							t.Fatalf("%s=%s/%s: %+v", condition, value, reason, got)
						}
						if value != metav1.ConditionFalse || slices.Equal(well, told) || slices.Contains(well, reason) {
							continue
						}
						if got.Status == health.HealthStatusHealthy || !strings.Contains(got.Message, reason+": because") {
							t.Errorf("%s=False/%s: %+v", condition, reason, got)
						}
					}
				}
			}
		})
	}
}

// TestEveryConditionIsOnSomeKind: one that the API gets anew is to be thought about here.
func TestEveryConditionIsOnSomeKind(t *testing.T) {
	t.Parallel()
	for _, condition := range constants(t, "Condition", "api/v1alpha1/conditions.go") {
		on := false
		for _, conditions := range own {
			_, is := conditions[condition]
			on = on || is
		}
		if !on {
			t.Errorf("%s is judged on no kind", condition)
		}
	}
}

// changed is the good status of a kind with one condition changed.
func changed(kind string, c metav1.Condition) map[string]any {
	s := good(kind)
	out := map[string]any{"observedGeneration": 1, "conditions": of(append(s.Conditions, c)...).Conditions}
	if kind == "VendorAccessWindow" {
		out["phase"] = v1alpha1.WindowActive
	}
	return out
}
