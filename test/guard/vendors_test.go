// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// Policies about vendor access.
const (
	byWindows      = "zonewarden-windows"
	byWindowLimits = "zonewarden-window-limits"
	byApprovals    = "zonewarden-approvals"
	byLimits       = "zonewarden-approval-limits"
	byLocks        = "zonewarden-locks"
	byWindowStatus = "zonewarden-window-status"
	byClock        = "zonewarden-clock"
)

// refusedByDefinition is an answer of the definition's own rules.
var refusedByDefinition = outcome("refused by the definition")

// Those who have to do with vendor access. Their rights are in testdata/vendors.yaml and
// config/rbac.
const (
	planner       = name("planner")                           // asks
	approver      = name("approver")                          // decides
	shift         = name("shift")                             // arms, ends, locks
	foreman       = name("foreman, who has all three roles")  // asks, decides, arms
	night         = name("night shift")                       // break-glass
	technician    = name("the vendor's technician")           // asks for himself
	smallApprover = name("approver of the window small")      // by name
	clerk         = name("clerk with every ordinary right")   // no verb of ours
	desk          = name("service account of a service desk") // decides, arms, locks
)

var accessAccounts = map[name][]string{
	planner: {"planner"}, approver: {"approver"}, shift: {"shift"}, foreman: {"foreman"}, night: {"night"},
	technician: {"tech-1"}, smallApprover: {"small-approver"}, clerk: {"clerk"},
	desk: serviceAccount("vendor", "desk"),
}

// TestWindows attacks what people ask for, decide and lock, and does what they must be able
// to do. It runs before the tests that change the Site.
func TestWindows(t *testing.T) {
	prepareAccess(t)
	t.Run("attacks", tryAccessAttacks)
	t.Run("settings", tryAccessSettings)
	t.Run("routines", doAccessRoutines)
}

// prepareAccess makes accounts, a vendor, a lock, and windows with decisions on them.
func prepareAccess(t *testing.T) {
	t.Helper()
	for who, account := range accessAccounts {
		config, err := site.plane.AddUser(account[0], account[1:]...)
		if err != nil {
			t.Fatal(err)
		}
		if site.callers[who], err = newCaller(config); err != nil {
			t.Fatal(err)
		}
	}
	if err := site.apply(t.Context(), manifests("testdata/vendors.yaml")...); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		as name
		do request
	}{
		{planner, each(create(window("pump-01a", "planner")), create(window("small", "planner")))},
		{approver, each(decide("pump-01a", "approved"), decide("pump-01a", "revoked", "Approve", "Revoke"))},
		{shift, create(lock("acme-out"))},
	} {
		if err := step.do(t.Context(), site.callers[step.as]); err != nil {
			t.Fatalf("preparing as %s: %v", step.as, err)
		}
	}
	t.Cleanup(func() {
		ctx := context.Background()
		for _, r := range []request{
			remove(zonewarden, "VendorAccessWindow", "pump-01a"), remove(zonewarden, "VendorAccessWindow", "small"),
			remove(zonewarden, "AccessLock", "acme-out"), remove(zonewarden, "Vendor", "acme"),
		} {
			if err := r(ctx, site.callers[administrator]); err != nil {
				t.Errorf("cleaning up: %v", err)
			}
		}
		if err := errors.Join(site.gone(ctx, zonewarden, "Approval", "approved"), site.gone(ctx, zonewarden, "Approval", "revoked")); err != nil {
			t.Errorf("approvals go with their window: %v", err)
		}
	})
}

// window asks for access in somebody's name. The words replace others of the manifest.
func window(name, requester string, words ...string) string {
	return with(fmt.Sprintf(`
apiVersion: zonewarden.io/v1alpha1
kind: VendorAccessWindow
metadata: {name: %s}
spec:
  requester: %s
  vendor: acme
  people: [tech-1]
  work: {order: WO-48213, reason: overcurrent trips}
  start: "2026-11-23T08:00"
  end: "2026-11-23T12:00"
  through: jumphost-1
  reach: [{zone: cell-1, assets: [drive-pump-01a], flows: [{protocol: modbus-tcp}]}]`, name, requester), words...)
}

// lock shuts a vendor out, in the name of the shift.
func lock(name string, words ...string) string {
	return with(fmt.Sprintf(`
apiVersion: zonewarden.io/v1alpha1
kind: AccessLock
metadata: {name: %s}
spec: {vendor: acme, reason: strange traffic, by: shift}`, name), words...)
}

// decision is what decide sends: by the approver on the window of the planner, let in.
const decision = `
apiVersion: zonewarden.io/v1alpha1
kind: Approval
metadata:
  name: NAME
  ownerReferences: [{apiVersion: zonewarden.io/v1alpha1, kind: VendorAccessWindow, name: WINDOW, uid: UID}]
spec:
  of: {kind: VendorAccessWindow, name: WINDOW, uid: UID, generation: 1}
  requester: planner
  approver: approver
  decision: Approve
`

// noSuchUID belongs to nothing.
const noSuchUID = "5b0ac8a4-4d1a-4c2a-9f0b-0f2d3c4b5a69"

// decide writes an approval of a window as it is now. The words replace others of the
// manifest.
func decide(window, name string, words ...string) request {
	return decideOn(window, window, name, words...)
}

// decideOn takes the UID of another window.
func decideOn(window, uidOf, name string, words ...string) request {
	return func(ctx context.Context, c *caller) error {
		uid := noSuchUID
		if uidOf != "" {
			o := object(zonewarden, "VendorAccessWindow", uidOf)
			if err := site.callers[administrator].Get(ctx, key(uidOf), o); err != nil {
				return err
			}
			uid = string(o.GetUID())
		}
		return c.Create(ctx, parse(with(with(decision, words...), "NAME", name, "WINDOW", window, "UID", uid))[0])
	}
}

// accessOutcome is outcomeOf for kinds whose definitions refuse as well.
func accessOutcome(err error) outcome {
	if got := outcomeOf(err); got != failed || !apierrors.IsInvalid(err) {
		return got
	}
	return refusedByDefinition
}

func tryAccessAttacks(t *testing.T) {
	n := 0
	for _, a := range attacksOnAccess {
		t.Run(a.heading, func(t *testing.T) {
			for _, a := range a.table {
				n++
				t.Run(a.name+", as "+string(a.as), func(t *testing.T) { tryAccessAttack(t, a) })
			}
		})
	}
	if n < 20 {
		t.Errorf("only %d attacks", n)
	}
	t.Logf("%d attempts\n%s", n, attackTable(attacksOnAccess))
}

func tryAccessAttack(t *testing.T, a attack) {
	t.Helper()
	err := a.do(t.Context(), site.callers[a.as])
	got := accessOutcome(err)
	if a.undo != nil {
		if undone := a.undo(t.Context(), site.callers[administrator]); undone != nil && got == accepted {
			t.Errorf("undoing it: %v", undone)
		}
	}
	if got != a.want {
		t.Errorf("%s, want it %s: %v", got, a.want, err)
		return
	}
	switch got {
	case refusedByGuard:
		if p := policyOf(err); !slices.Contains(strings.Split(a.by, "|"), p) {
			t.Errorf("refused by %s, want %s: %v", p, a.by, err)
		}
		fallthrough
	case refusedByDefinition:
		if a.says == "" || !strings.Contains(sentence(err), a.says) {
			t.Errorf("the refusal does not say %q: %v", a.says, err)
		}
	case accepted:
		if a.because == "" {
			t.Error("nothing says why that is harmless")
		}
	case refusedByRBAC, failed:
	}
}

// attested is somebody who has authenticated by certain factors, as an API server with
// structured authentication would say it.
func attested(user string, factors ...string) (*caller, error) {
	config := site.plane.Config()
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Extra: map[string][]string{"zonewarden.io/amr": factors}}
	return newCaller(config)
}

// owned gives the first document of a manifest an owner that does not exist.
func owned(manifest string) string {
	o := parse(manifest)[0]
	o.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "mine", UID: noSuchUID}})
	raw, err := yaml.Marshal(o.Object)
	if err != nil {
		panic(err) // made of constants
	}
	return string(raw)
}
