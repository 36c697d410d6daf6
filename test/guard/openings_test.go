// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Policies about what opens something.
const (
	byOpenings       = "zonewarden-openings"
	byOpeningsSite   = "zonewarden-openings-site"
	byOpeningsStatus = "zonewarden-openings-status"
)

// Those who write what opens something, and those who approve it. Their rights are in
// testdata/openings.yaml and config/rbac.
const (
	engineer       = name("engineer with every ordinary right")    // connect, and no other verb of ours
	applier        = name("GitOps account with the verbs")         // approve by name of the verb, not by *
	hub            = name("a hub's user, never exempt")            // the same, and no account of Kubernetes
	security       = name("approver of openings")                  // approve
	windowApprover = name("approver of vendors")                   // approve on windows
	ownerOfCell1   = name("owner of cell-1")                       // approve on zones/cell-1
	statusClerk    = name("who may write statuses")                // every status, and no verb
	securityByOTP  = name("approver of openings, who used an otp") // as an API server attests it
)

var openingsAccounts = map[name][]string{
	engineer: {"engineer"}, applier: serviceAccount("gitops", "applier"), hub: {"hub"}, security: {"security"},
	windowApprover: {"window-approver"}, ownerOfCell1: {"owner-of-cell-1"},
	statusClerk: {"status-clerk"},
}

// userOf is the name by which the API server knows somebody.
func userOf(who name) string {
	if account, ok := openingsAccounts[who]; ok {
		return account[0]
	}
	return accounts[who][0]
}

const authorAnnotation = "zonewarden.io/author"

// written is a manifest with its author.
func written(by name, manifest string) string {
	return annotated(manifest, authorAnnotation, userOf(by))
}

// annotated gives a manifest an annotation more.
func annotated(manifest, key, value string) string {
	o := parse(manifest)[0]
	all := o.GetAnnotations()
	if all == nil {
		all = map[string]string{}
	}
	all[key] = value
	o.SetAnnotations(all)
	raw, err := yaml.Marshal(o.Object)
	if err != nil {
		panic(err) // made of constants
	}
	return string(raw)
}

// widerConduit is conduitOf with one port more.
func widerConduit(name string) string {
	return strings.Replace(conduitOf(name, "historian", "cell-1"), "[{port: 9000, transport: TCP}]", "[{port: 9000, transport: TCP}, {port: 9001, transport: TCP}]", 1)
}

// settles has the operator say that an object is in force as it stands, as it writes it.
func settles(kind, of string) request {
	return asOperator(kind, of, func(o *unstructured.Unstructured) map[string]any {
		good := map[string]any{"generation": o.GetGeneration(), "spec": o.Object["spec"]}
		if kind == "Asset" {
			good["labels"] = o.GetLabels()
		}
		return good
	})
}

// asOperator writes what is in force of an object.
func asOperator(kind, of string, lastGood func(*unstructured.Unstructured) map[string]any) request {
	return func(ctx context.Context, _ *caller) error {
		c, o := site.callers[operator], object(zonewarden, kind, of)
		if err := site.callers[administrator].Get(ctx, key(of), o); err != nil {
			return err
		}
		raw, err := json.Marshal(map[string]any{"status": map[string]any{"lastGood": lastGood(o)}})
		if err != nil {
			return err
		}
		return merge(zonewarden, kind, of, string(raw), "status")(ctx, c)
	}
}

// change is a merge patch of a spec, with its author.
func change(by name, spec string) string {
	return fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}},"spec":%s}`, authorAnnotation, userOf(by), spec)
}

// annotate is a merge patch of one annotation; null removes it.
func annotate(key, value string) string {
	if value != "null" {
		value = fmt.Sprintf("%q", value)
	}
	return fmt.Sprintf(`{"metadata":{"annotations":{%q:%s}}}`, key, value)
}

// zoneOf is a zone of nothing.
func zoneOf(name string, enforcement string) string {
	return fmt.Sprintf(`
apiVersion: zonewarden.io/v1alpha1
kind: Zone
metadata: {name: %s}
spec: {purdue: L2, type: Control, slTarget: {all: 3}, owner: OT, enforcement: %s, members: {workloads: [{namespaces: [%[1]s]}]}}`, name, enforcement)
}

func assetOf(name string) string {
	return fmt.Sprintf(`
apiVersion: zonewarden.io/v1alpha1
kind: Asset
metadata: {name: %s, labels: {plant.example/zone: historian}}
spec: {tag: "=A1-PLC2", addresses: [10.20.1.12], role: PLC}`, name)
}

// opening is what approve sends: by security on what the engineer wrote.
const opening = `
apiVersion: zonewarden.io/v1alpha1
kind: Approval
metadata:
  name: APPROVAL
  ownerReferences: [{apiVersion: zonewarden.io/v1alpha1, kind: KIND, name: OBJECT, uid: UID}]
spec:
  of: {kind: KIND, name: OBJECT, uid: UID, generation: 1, specHash: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
  requester: engineer
  approver: APPROVER
  decision: Approve
`

// approve writes an approval of what is there in somebody's own name. The words replace others
// of the manifest.
func approve(by name, kind, of, approval string, words ...string) request {
	return func(ctx context.Context, c *caller) error {
		o := object(zonewarden, kind, of)
		if err := site.callers[administrator].Get(ctx, key(of), o); err != nil {
			return err
		}
		return c.Create(ctx, parse(with(with(opening, words...),
			"APPROVAL", approval, "KIND", kind, "OBJECT", of, "UID", string(o.GetUID()), "APPROVER", userOf(by)))[0])
	}
}

// TestOpenings attacks a Site that has openings, and does what must go on there. It gives the
// Site back as it was.
func TestOpenings(t *testing.T) {
	prepareOpenings(t)
	t.Run("attacks", tryOpenings)
	t.Run("settings", tryOpeningsSettings)
	t.Run("routines", doOpenings)
	t.Run("without openings", leaveOpenings)
}

// openingsOn is what TestOpenings does to the Site.
const openingsOn = `{"spec":{"openings":{"approvedFrom":3},"guard":{"neverExempt":["system:serviceaccount:argocd:argocd-application-controller","hub"]}}}`

// toBeOpened is what is tried on. The zone announced may go; history was there before
// the Site had openings, and has no author.
var toBeOpened = []string{
	written(engineer, conduitOf("opened", "historian", "cell-1")), written(engineer, assetOf("plc-2")),
	annotated(written(engineer, zoneOf("announced", "Enforce")), "zonewarden.io/allow-release", "scrapped"), written(engineer, zoneOf("watched", "Observe")),
	written(engineer, conduitOf("settled", "historian", "cell-1")), written(engineer, zoneOf("settled", "Observe")), written(engineer, assetOf("plc-3")),
	written(engineer, conduitOf("waiting", "historian", "cell-1")), written(engineer, assetOf("plc-4")), written(engineer, assetOf("plc-5")),
}

// areInForce are those of toBeOpened of which the operator has said something: settled and plc-3
// are in force, the others are not as they stand.
var areInForce = each(
	settles("Conduit", "settled"), settles("Zone", "settled"), settles("Asset", "plc-3"),
	settles("Conduit", "waiting"), merge(zonewarden, "Conduit", "waiting", `{"spec":{"flows":[{"port":9000,"transport":"TCP"},{"port":9001,"transport":"TCP"}]}}`),
	settles("Asset", "plc-4"), merge(zonewarden, "Asset", "plc-4", moreCells),
	// As an operator of before labels were kept left it.
	asOperator("Asset", "plc-5", func(o *unstructured.Unstructured) map[string]any {
		return map[string]any{"generation": o.GetGeneration(), "spec": o.Object["spec"]}
	}),
)

func prepareOpenings(t *testing.T) {
	t.Helper()
	for who, account := range openingsAccounts {
		config, err := site.plane.AddUser(account[0], account[1:]...)
		if err != nil {
			t.Fatal(err)
		}
		if site.callers[who], err = newCaller(config); err != nil {
			t.Fatal(err)
		}
	}
	c, err := attested("security", "otp")
	if err != nil {
		t.Fatal(err)
	}
	site.callers[securityByOTP] = c
	if err := site.apply(t.Context(), manifests("testdata/openings.yaml")...); err != nil {
		t.Fatal(err)
	}
	before := mustFindOpenings(t)
	admin := site.callers[administrator]
	for _, o := range toBeOpened {
		if err := create(o)(t.Context(), admin); err != nil {
			t.Fatal(err)
		}
	}
	if err := areInForce(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { endOpenings(t, before) })
	if err := merge(zonewarden, "Site", "site", openingsOn)(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
	if err := site.refused(t.Context(), "the Site's openings are known", administrator, create(conduitOf("try", "historian", "cell-1"))); err != nil {
		t.Fatal(err)
	}
}

// endOpenings gives the Site back as it was before.
func endOpenings(t *testing.T, before []string) {
	t.Helper()
	ctx, admin := context.Background(), site.callers[administrator]
	for _, r := range []request{
		merge(zonewarden, "Site", "site", `{"spec":{"openings":null,"guard":{"neverExempt":["system:serviceaccount:argocd:argocd-application-controller"]}}}`),
		tidy("Site", "site"), tidy("Zone", "cell-1"), tidy("Conduit", "history"), tidy("Asset", "plc-1"),
		remove(zonewarden, "Conduit", "opened"), remove(zonewarden, "Asset", "plc-2"), remove(zonewarden, "Zone", "announced"), remove(zonewarden, "Zone", "watched"),
		remove(zonewarden, "Conduit", "settled"), remove(zonewarden, "Zone", "settled"), remove(zonewarden, "Asset", "plc-3"),
		remove(zonewarden, "Conduit", "waiting"), remove(zonewarden, "Asset", "plc-4"), remove(zonewarden, "Asset", "plc-5"),
	} {
		if err := r(ctx, admin); err != nil {
			t.Errorf("cleaning up: %v", err)
		}
	}
	if err := site.becomes(ctx, accepted, "the Site has no openings", administrator, create(conduitOf("try", "historian", "cell-1"))); err != nil {
		t.Error(err)
	}
	after, err := site.openings(ctx)
	if err != nil {
		t.Error(err)
	}
	if got, want := strings.Join(after, "\n"), strings.Join(before, "\n"); got != want {
		t.Errorf("what is open changed from\n%s\nto\n%s", want, got)
	}
}

// tidy takes off what the tables here put on.
func tidy(kind, of string) request {
	return merge(zonewarden, kind, of, `{"metadata":{"labels":{"team":null},"annotations":{"note":null,"argocd.argoproj.io/tracking-id":null,"zonewarden.io/verify":null,"`+authorAnnotation+`":null}}}`)
}

func tryOpenings(t *testing.T) {
	n := 0
	for _, a := range attacksOnOpenings {
		t.Run(a.heading, func(t *testing.T) {
			for _, a := range a.table {
				n++
				t.Run(a.name+", as "+string(a.as), func(t *testing.T) { tryAccessAttack(t, a) })
			}
		})
	}
	if n < 50 {
		t.Errorf("only %d attacks", n)
	}
	t.Logf("%d attempts\n%s", n, attackTable(attacksOnOpenings))
}

func doOpenings(t *testing.T) {
	for _, r := range routinesOfOpenings {
		t.Run(r.name+", as "+string(r.as), func(t *testing.T) {
			if err := r.do(t.Context(), site.callers[r.as]); err != nil {
				t.Errorf("%s: %v", accessOutcome(err), err)
			}
			finishRoutine(t, r)
		})
	}
	t.Logf("%d routines\n%s", len(routinesOfOpenings), tableOf(routinesOfOpenings))
}

// openingsSettings are what a Site may say that bears on approvals of what opens something.
var openingsSettings = []struct {
	name, site string // a merge patch of the Site's spec
	as         name
	try        request
	want       outcome
	by         string
}{
	{"sharedIdentities: Allow, a program approves still nothing", `{"access":{"sharedIdentities":"Allow"}}`, applier, approve(applier, "Conduit", "opened", "try"), refusedByGuard, byLimits},
	{"sharedIdentities: Allow, a hub's user neither", `{}`, hub, approve(hub, "Conduit", "opened", "try"), refusedByGuard, byLimits},
	{"sharedIdentities: Deny, a person approves", `{"access":{"sharedIdentities":"Deny"}}`, security, approve(security, "Conduit", "opened", "try"), accepted, ""},
	{"factors: [otp], approving without", `{"access":{"factors":["otp"]}}`, security, approve(security, "Zone", "cell-1", "try"), refusedByGuard, byLimits},
	{"factors: [otp], denying without", `{}`, security, approve(security, "Zone", "cell-1", "try", "decision: Approve", "decision: Deny"), accepted, ""},
	{"factors: [otp], approving with", `{}`, securityByOTP, approve(security, "Zone", "cell-1", "try", "decision:", "factors: [otp]\n  decision:"), accepted, ""},
	{"factors: none", `{"access":{"factors":null}}`, security, approve(security, "Asset", "plc-1", "try"), accepted, ""},
	{"guard.neverExempt without the hub, who counts as a person then", `{"guard":{"neverExempt":null}}`, hub, approve(hub, "Conduit", "opened", "try"), accepted, ""},
	{"guard.neverExempt with it", `{"guard":{"neverExempt":["system:serviceaccount:argocd:argocd-application-controller","hub"]}}`, hub, approve(hub, "Conduit", "opened", "try"), refusedByGuard, byLimits},
}

// tryOpeningsSettings stores no request.
func tryOpeningsSettings(t *testing.T) {
	for _, s := range openingsSettings {
		t.Run(s.name, func(t *testing.T) {
			if err := merge(zonewarden, "Site", "site", `{"spec":`+s.site+`}`)(t.Context(), site.callers[administrator]); err != nil {
				t.Fatal(err)
			}
			err := site.eventually(s.name, func() error {
				err := s.try(t.Context(), site.callers[s.as].dryRun())
				if got := accessOutcome(err); got != s.want || s.by != "" && policyOf(err) != s.by {
					return fmt.Errorf("%s, want it %s %s: %w", got, s.want, s.by, err)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// leaveOpenings: a Site without openings asks nobody who wrote what.
func leaveOpenings(t *testing.T) {
	if err := merge(zonewarden, "Site", "site", `{"spec":{"openings":null}}`)(t.Context(), site.callers[siteAdmin]); err != nil {
		t.Fatal(err)
	}
	if err := site.becomes(t.Context(), accepted, "the Site has no openings", argo, create(conduitOf("try", "historian", "cell-1"))); err != nil {
		t.Fatal(err)
	}
	for what, do := range map[string]request{
		"a Zone":                    create(zoneOf("try", "Observe")),
		"an Asset":                  create(assetOf("try")),
		"a Conduit by another name": create(written(engineer, conduitOf("try", "historian", "cell-1"))),
		"a change of a Conduit":     merge(zonewarden, "Conduit", "opened", `{"spec":{"flows":[{"port":9001,"transport":"TCP"}]}}`),
		"another author":            merge(zonewarden, "Conduit", "opened", annotate(authorAnnotation, "nobody")),
		"another zone of an Asset":  merge(zonewarden, "Asset", "plc-2", `{"metadata":{"labels":{"plant.example/zone":"cell-1"}}}`),
		"a zone into Observe":       merge(zonewarden, "Zone", "cell-1", `{"spec":{"enforcement":"Observe"}}`),
		"the release of a zone":     merge(zonewarden, "Zone", "cell-1", annotate("zonewarden.io/allow-release", "scrapped")),
		"a zone deleted":            remove(zonewarden, "Zone", "announced"),
		"a change of the Site":      merge(zonewarden, "Site", "site", `{"spec":{"title":"ww-17"}}`),
		"a prune confirmed":         merge(zonewarden, "Site", "site", annotate("zonewarden.io/confirm-prune", "sha256:0")),
		"openings":                  merge(zonewarden, "Site", "site", `{"spec":{"openings":{"approvedFrom":1}}}`),
		"a Conduit deleted":         remove(zonewarden, "Conduit", "opened"),
	} {
		if err := do(t.Context(), site.callers[argo].dryRun()); err != nil {
			t.Errorf("%s, as %s: %v", what, argo, err)
		}
	}
}
