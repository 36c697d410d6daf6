// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package argocd

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/health"
	argo "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// checks are those of the generated argocd-cm, by the keys that Argo CD makes of them. None
// asks for further libraries of Lua, as none may in argocd-cm without saying so.
func checks(t *testing.T) lua.ResourceHealthOverrides {
	t.Helper()
	raw, err := os.ReadFile("../../config/argocd/argocd-cm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var configMap corev1.ConfigMap
	if err := yaml.UnmarshalStrict(raw, &configMap); err != nil {
		t.Fatal(err)
	}
	out := lua.ResourceHealthOverrides{}
	for key, script := range configMap.Data {
		of, is := strings.CutPrefix(key, "resource.customizations.health.")
		group, kind, named := strings.Cut(of, "_")
		if !is || !named {
			t.Fatalf("%s is no key for a health check", key)
		}
		out[group+"/"+kind] = argo.ResourceOverride{HealthLua: script}
	}
	return out
}

// judge has Argo CD judge an object of ours, as it is over the wire.
func judge(t *testing.T, by lua.ResourceHealthOverrides, kind string, object any) health.HealthStatus {
	t.Helper()
	raw, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	o := &unstructured.Unstructured{}
	if err := json.Unmarshal(raw, &o.Object); err != nil {
		t.Fatal(err)
	}
	o.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	got, err := health.GetResourceHealth(o, by)
	// Argo CD gives a check one second. It takes two milliseconds, which a machine that builds
	// something else meanwhile may not have at once.
	for tries := 1; err != nil && strings.Contains(err.Error(), context.DeadlineExceeded.Error()) && tries < 5; tries++ {
		got, err = health.GetResourceHealth(o, by)
	}
	if err != nil {
		t.Fatalf("judging %s: %v", kind, err)
	}
	if got == nil {
		t.Fatalf("nothing judges %s", kind)
	}
	return *got
}

// noon of the day that the tests are about.
var noon = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

// state of an object, and what Argo CD is to make of it.
type state struct {
	name       string
	status     any
	is         health.HealthStatusCode
	says       []string
	generation int64
	labels     map[string]string
	deleting   bool
}

func (s state) object() map[string]any {
	meta := metav1.ObjectMeta{Name: "one", Generation: max(s.generation, 1), Labels: s.labels}
	if s.deleting {
		meta.DeletionTimestamp = &metav1.Time{Time: noon}
	}
	o := map[string]any{"metadata": meta}
	if s.status != nil {
		o["status"] = s.status
	}
	return o
}

func runStates(t *testing.T, kind string, states []state) {
	t.Helper()
	by := checks(t)
	for _, s := range states {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			got := judge(t, by, kind, s.object())
			if got.Status != s.is {
				t.Errorf("it is %s (%s), not %s", got.Status, got.Message, s.is)
			}
			if got.Message == "" {
				t.Error("it says nothing")
			}
			for _, word := range s.says {
				if !strings.Contains(got.Message, word) {
					t.Errorf("it says %q, without %q", got.Message, word)
				}
			}
		})
	}
}

// said is a condition of generation 1.
func said(kind string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: 1}
}

// yes and no are conditions that say nothing but their reason.
func yes(kind, reason string) metav1.Condition {
	return said(kind, metav1.ConditionTrue, reason, "yes")
}

func no(kind, reason string) metav1.Condition { return said(kind, metav1.ConditionFalse, reason, "no") }

// of is a status of generation 1. The later of two conditions of one type counts.
func of(conditions ...metav1.Condition) v1alpha1.Status {
	s := v1alpha1.Status{ObservedGeneration: 1}
	at := map[string]int{}
	for _, c := range conditions {
		if i, is := at[c.Type]; is {
			s.Conditions[i] = c
			continue
		}
		at[c.Type] = len(s.Conditions)
		s.Conditions = append(s.Conditions, c)
	}
	return s
}

// accepted is what everything in force says, before what is given here.
func accepted(more ...metav1.Condition) v1alpha1.Status {
	return of(append([]metav1.Condition{
		yes(v1alpha1.ConditionAccepted, v1alpha1.ReasonAccepted), yes(v1alpha1.ConditionResolvedRefs, v1alpha1.ReasonResolved),
	}, more...)...)
}

// written is what a zone, a conduit or the Site in force says.
func written(more ...metav1.Condition) v1alpha1.Status {
	return accepted(append([]metav1.Condition{yes(v1alpha1.ConditionProgrammed, v1alpha1.ReasonProgrammed)}, more...)...)
}

// everyKind are the states of every kind that the operator accepts.
func everyKind() []state {
	old := accepted()
	stale := accepted()
	stale.ObservedGeneration = 2
	return []state{
		{name: "new", is: health.HealthStatusProgressing, says: []string{"not looked"}},
		{name: "no conditions", status: of(), is: health.HealthStatusProgressing},
		{name: "an older version was accepted", status: old, generation: 2, is: health.HealthStatusProgressing, says: []string{"this version"}},
		{name: "conditions of an older version", status: stale, generation: 2, is: health.HealthStatusProgressing},
		{
			name: "refused", status: accepted(no(v1alpha1.ConditionAccepted, v1alpha1.ReasonInvalid)),
			is: health.HealthStatusDegraded, says: []string{"Invalid: no"},
		},
		{
			name: "waits for somebody to approve it", status: accepted(no(v1alpha1.ConditionAccepted, v1alpha1.ReasonAwaitingApproval)),
			is: health.HealthStatusSuspended, says: []string{"AwaitingApproval: no"},
		},
		{
			name: "was denied", status: accepted(no(v1alpha1.ConditionAccepted, v1alpha1.ReasonOpeningDenied)),
			is: health.HealthStatusSuspended, says: []string{"OpeningDenied: no"},
		},
		{
			name: "names what is not there", status: accepted(no(v1alpha1.ConditionResolvedRefs, v1alpha1.ReasonZoneNotFound)),
			is: health.HealthStatusDegraded, says: []string{"ZoneNotFound: no"},
		},
		{name: "going", status: accepted(), deleting: true, is: health.HealthStatusProgressing},
	}
}

// written ones are not as they should be for one of these.
func notWritten() []state {
	var out []state
	for _, reason := range []string{
		v1alpha1.ReasonNoSite, v1alpha1.ReasonMassDisappearance, v1alpha1.ReasonBackendUnavailable, v1alpha1.ReasonNotAccepted,
		v1alpha1.ReasonWriteFailed, v1alpha1.ReasonForeignObject, v1alpha1.ReasonInvalidPolicy, v1alpha1.ReasonBackendCannot,
		v1alpha1.ReasonObjectTooLarge, v1alpha1.ReasonBudgetExceeded, "SomethingOfALaterVersion",
	} {
		out = append(out, state{
			name: reason, status: accepted(no(v1alpha1.ConditionProgrammed, reason)), is: health.HealthStatusDegraded, says: []string{reason + ": no"},
		})
	}
	return append(out,
		state{name: "accepted only", status: accepted(), is: health.HealthStatusProgressing},
		state{
			name: "waits for others", status: accepted(no(v1alpha1.ConditionProgrammed, v1alpha1.ReasonPending)),
			is: health.HealthStatusProgressing, says: []string{"Pending: no"},
		},
	)
}
