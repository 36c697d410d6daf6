// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/opening"
	"github.com/zonewarden/zonewarden/internal/openings"
)

var siteKey = client.ObjectKey{Name: "site"}

// withOpenings has so many approve what opens something, for one test.
func withOpenings(t *testing.T, p *plant, approvals int32) {
	t.Helper()
	set := func(ctx context.Context, o *v1alpha1.Openings) {
		site := &v1alpha1.Site{}
		must(t, p.admin.Get(ctx, siteKey, site))
		site.Spec.Openings = o
		must(t, p.admin.Update(ctx, site))
	}
	set(t.Context(), &v1alpha1.Openings{ApprovedFrom: 3, Approvals: approvals})
	t.Cleanup(func() {
		ctx := context.Background()
		set(ctx, nil)
		must(t, p.admin.DeleteAllOf(ctx, &v1alpha1.Conduit{}))
	})
}

func panel(name string) *v1alpha1.Conduit {
	return &v1alpha1.Conduit{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{v1alpha1.AnnotationAuthor: "engineer-1"}},
		Spec: v1alpha1.ConduitSpec{
			Initiator:  v1alpha1.ConduitEnd{Zone: "supervision"},
			Responders: []v1alpha1.ConduitEnd{{Zone: "cell-dosing"}},
			Flows:      []v1alpha1.Flow{{Protocol: "opcua-tcp"}},
			Why:        v1alpha1.Justification{Need: "Set points", RiskOwner: "Head of operations", IfLost: "Dosing by hand", IfAbused: "Doses wrong", Approval: "CR-2301"},
		},
	}
}

// waits makes a conduit of which one version is in force and the next one waits.
func (p *plant) waits(t *testing.T, name string, edits ...func(*v1alpha1.Conduit)) *v1alpha1.Conduit {
	t.Helper()
	c := panel(name)
	must(t, p.admin.Create(t.Context(), c))
	good := &v1alpha1.ConduitLastGood{Generation: c.Generation, Spec: *c.Spec.DeepCopy(), ApprovedBy: []v1alpha1.Username{"ops-2"}}
	c.Spec.Flows = append(c.Spec.Flows, v1alpha1.Flow{Protocol: "https"})
	must(t, p.admin.Update(t.Context(), c))
	c.Status.LastGood = good
	waiting(&c.Status.Status, c.Generation)
	for _, e := range edits {
		e(c)
	}
	status := c.Status
	must(t, p.admin.Update(t.Context(), c))
	c.Status = status
	must(t, p.admin.Status().Update(t.Context(), c))
	return c
}

// waiting is what the operator says of something that waits.
func waiting(s *v1alpha1.Status, generation int64) {
	s.ObservedGeneration, s.FindingCount = generation, 2
	s.Conditions = []metav1.Condition{opened(generation, metav1.ConditionFalse, v1alpha1.ReasonAwaitingApproval, "it waits for 2 approvals")}
	s.Findings = []v1alpha1.Finding{
		{Severity: v1alpha1.SeverityError, Path: "spec.flows[1]", Reason: v1alpha1.ReasonAwaitingApproval, Message: "https 443/TCP from supervision opens into cell-dosing (SL-T 3)"},
		{Severity: v1alpha1.SeverityWarning, Path: "spec.flows[1].protocol", Reason: v1alpha1.ReasonCleartext, Message: "unprotected"},
	}
}

// decisions on the conduits that there are: nobody collects those on others here.
func (p *plant) decisions(t *testing.T) []v1alpha1.Approval {
	t.Helper()
	var list v1alpha1.ApprovalList
	var conduits v1alpha1.ConduitList
	must(t, p.admin.List(t.Context(), &list))
	must(t, p.admin.List(t.Context(), &conduits))
	return slices.DeleteFunc(list.Items, func(a v1alpha1.Approval) bool {
		return !slices.ContainsFunc(conduits.Items, func(c v1alpha1.Conduit) bool { return string(c.UID) == a.Spec.Of.UID })
	})
}

func hashOf(t *testing.T, c *v1alpha1.Conduit) string {
	t.Helper()
	h, err := openings.HashConduit(c)
	must(t, err)
	return h
}

func TestAnOpeningIsApproved(t *testing.T) {
	p := shared
	withOpenings(t, p, 2)
	c := p.waits(t, "panel-dosing")
	hash := hashOf(t, c)
	shown := []string{
		"conduit    panel-dosing\n", "author     engineer-1\n", "generation 2\n", "spec       " + hash + "\n", "risk owner Head of operations\n",
		"opens      spec.flows[1]: https 443/TCP from supervision opens into cell-dosing (SL-T 3)\n", "decided    by nobody (0 of 2)\n",
		"--- in force: generation 1, approved by ops-2\n+++ declared: generation 2\n@@ ", "   - protocol: opcua-tcp\n+  - protocol: https\n",
	}
	expect(t, p.as(t, "owner-1", "", "approve", "conduit/panel-dosing"), exit.Failed, append(shown, "Approve conduit/panel-dosing, as owner-1? [y/N]", "not confirmed")...)
	expect(t, p.as(t, "owner-1", "n\n", "deny", "conduit/panel-dosing"), exit.Failed, append(shown, "Deny conduit/panel-dosing, as owner-1? [y/N]", "not confirmed")...)
	if n := len(p.decisions(t)); n != 0 {
		t.Fatalf("%d approvals without an answer", n)
	}
	operate(t, p)
	got := p.as(t, "owner-1", "y\n", "approve", "conduit", "panel-dosing", "--reason", "as planned")
	expect(t, got, exit.OK, "Approve of conduit/panel-dosing counts. Not accepted: ", "owner-1", " (AwaitingApproval)\n")
	if strings.Contains(got.out, "unprotected") {
		t.Errorf("it opens what is only doubtful:\n%s", got.out)
	}
	a := p.decisions(t)[0]
	want := v1alpha1.ApprovalSpec{
		Of:        v1alpha1.ApprovedObject{Kind: "Conduit", Name: "panel-dosing", UID: string(c.UID), Generation: 2, SpecHash: hash},
		Requester: "engineer-1", Approver: "owner-1", Decision: "Approve", Reason: "as planned",
	}
	if diff := cmp.Diff(want, a.Spec); diff != "" {
		t.Errorf("the approval (-want +got):\n%s", diff)
	}
	owners := []metav1.OwnerReference{{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Conduit", Name: "panel-dosing", UID: c.UID}}
	if diff := cmp.Diff(owners, a.OwnerReferences); diff != "" {
		t.Errorf("its owners (-want +got):\n%s", diff)
	}
	expect(t, p.as(t, "owner-1", "", "approve", "conduit/panel-dosing", "--yes"), exit.Failed, "you said Approve of conduit/panel-dosing already, by "+a.Name)
	expect(t, p.as(t, "owner-2", "", "approve", "conduits.zonewarden.io/panel-dosing", "--yes", "--hash", hash), exit.OK,
		"decided    approved by owner-1 (1 of 2)\n", "Approve of conduit/panel-dosing counts. It is in force as declared.\n")
	expect(t, p.as(t, "owner-2", "", "approve", "conduit/panel-dosing", "--yes"), exit.Failed, "conduit/panel-dosing waits for no approval: it is in force as declared")
}

func TestAnOpeningIsDenied(t *testing.T) {
	p := shared
	withOpenings(t, p, 2)
	p.waits(t, "panel-dosing")
	operate(t, p)
	expect(t, p.as(t, "owner-1", "y\n", "deny", "cdt/panel-dosing", "--reason", "by the jump host"), exit.OK,
		"Deny of conduit/panel-dosing counts. Not accepted: ", "owner-1 denied it (OpeningDenied)\n")
	if got := p.decisions(t)[0].Spec; got.Decision != v1alpha1.DecisionDeny || got.Reason != "by the jump host" {
		t.Errorf("it is %+v", got)
	}
	expect(t, p.as(t, "viewer-1", "", "waiting"), exit.OK, "denied by owner-1 (0 of 2)")
	// An approval counts, and does not help: a denial of this version is for good.
	expect(t, p.as(t, "owner-2", "", "approve", "conduit/panel-dosing", "--yes"), exit.OK,
		"decided    denied by owner-1 (0 of 2)\n", "Approve of conduit/panel-dosing counts. Not accepted: ", "owner-1 denied it (OpeningDenied)\n")
}

// What cannot be decided on is refused with why, and nothing is written.
func TestOpeningsThatAreNotDecidedOn(t *testing.T) {
	p := shared
	withOpenings(t, p, 1)
	set := func(status metav1.ConditionStatus, reason string) func(*v1alpha1.Conduit) {
		return func(c *v1alpha1.Conduit) {
			c.Status.Conditions = []metav1.Condition{opened(c.Generation, status, reason, "said so")}
		}
	}
	c := p.waits(t, "fine")
	p.waits(t, "accepted", set(metav1.ConditionTrue, v1alpha1.ReasonAccepted))
	p.waits(t, "wrong", set(metav1.ConditionFalse, v1alpha1.ReasonLevelSkip))
	p.waits(t, "unseen", func(c *v1alpha1.Conduit) { c.Status.Conditions = nil })
	p.waits(t, "older", func(c *v1alpha1.Conduit) { c.Status.Conditions[0].ObservedGeneration-- })
	p.waits(t, "nobodys", func(c *v1alpha1.Conduit) { c.Annotations = nil })
	p.waits(t, "mine", func(c *v1alpha1.Conduit) { c.Annotations[v1alpha1.AnnotationAuthor] = "Owner-1" })
	for says, args := range map[string][]string{
		`there is no conduit "nowhere"`:                                                             {"conduit/nowhere"},
		"conduit/accepted waits for no approval: it is in force as declared":                        {"conduit/accepted"},
		"conduit/wrong waits for no approval, it is wrong: said so (LevelSkip)":                     {"conduit/wrong"},
		"the operator has not looked at generation 2 of conduit/unseen yet":                         {"conduit/unseen"},
		"the operator has not looked at generation 2 of conduit/older yet":                          {"conduit/older"},
		"conduit/nobodys does not say who wrote it (annotation zonewarden.io/author)":               {"conduit/nobodys"},
		"you wrote conduit/mine (annotation zonewarden.io/author): somebody else has to":            {"conduit/mine"},
		"--hash: conduit/fine is another than was reviewed: it is " + hashOf(t, c) + ", generation": {"conduit/fine", "--hash", "sha256:" + strings.Repeat("0", 64)},
		"--hash: write sha256: and 64 hexadecimal digits":                                           {"conduit/fine", "--hash", hashOf(t, c)[7:]},
		`"window" is no kind that opens something`:                                                  {"window/fine"},
		"fine: write KIND/NAME, for example conduit/fine":                                           {"fine"},
		"conduit/: which one?":                            {"conduit/"},
		"conduit/fine conduit/mine: one object at a time": {"conduit/fine", "conduit/mine"},
		"accepts between 1 and 2 arg(s), received 0":      {},
	} {
		for _, command := range []string{"approve", "deny"} {
			expect(t, p.as(t, "owner-1", "y\n", append([]string{command, "--yes"}, args...)...), exit.Failed, "error: "+says)
		}
	}
	expect(t, p.as(t, "viewer-1", "", "approve", "conduit/fine", "--yes"), exit.Failed, `cannot create resource "approvals"`)
	if n := p.decisions(t); len(n) != 0 {
		t.Errorf("there are %d approvals: %+v", len(n), n)
	}
}

// What is decided on is what was shown, and not what it has become when y is typed.
func TestAnOpeningThatChangesIsNotDecidedOn(t *testing.T) {
	p := shared
	withOpenings(t, p, 1)
	c := p.waits(t, "panel-dosing")
	change := readerFunc(func(b []byte) (int, error) {
		must(t, p.admin.Get(t.Context(), client.ObjectKeyFromObject(c), c))
		c.Spec.Flows[1].Protocol = "mqtt-tls"
		must(t, p.admin.Update(t.Context(), c))
		return copy(b, "y\n"), nil
	})
	expect(t, p.asReading(t, "owner-1", change, "approve", "conduit/panel-dosing"), exit.Failed, "conduit/panel-dosing was changed while you read, nothing was done: look at generation 3")
	if n := len(p.decisions(t)); n != 0 {
		t.Errorf("%d approvals of what nobody read", n)
	}
}

func TestWhatComesOfADecisionOnAnOpening(t *testing.T) {
	p := shared
	withOpenings(t, p, 1)
	p.waits(t, "panel-dosing")
	path := "conduit/panel-dosing"
	expect(t, p.as(t, "owner-1", "", "approve", path, "--yes", "--wait", "0s"), exit.OK, "stored: Approve of conduit/panel-dosing, as conduit-panel-dosing-")
	expect(t, p.as(t, "owner-2", "", "approve", path, "--yes", "--wait", "300ms"), exit.Unknown,
		"and the operator has not counted it within 300ms: it may be down. See: waiting")
	say := func(status metav1.ConditionStatus, reason string) {
		for _, a := range p.decisions(t) {
			a.Status.Conditions = []metav1.Condition{opened(1, status, reason, "said so")}
			must(t, p.admin.Status().Update(t.Context(), &a))
		}
	}
	// The approval is written when the answer is read: the operator counts it from then on.
	counted := func(status metav1.ConditionStatus, reason string, args ...string) outcome {
		done := make(chan outcome)
		before := len(p.decisions(t))
		go func() { done <- p.as(t, "owner-1", "", args...) }()
		for len(p.decisions(t)) == before {
			select {
			case got := <-done:
				return got
			default:
			}
		}
		say(status, reason)
		return <-done
	}
	say(metav1.ConditionFalse, v1alpha1.ReasonOtherSpec)
	expect(t, counted(metav1.ConditionFalse, v1alpha1.ReasonOtherSpec, "approve", path, "--yes"), exit.Bad, "and it DOES NOT COUNT: said so (OtherSpec)")
	expect(t, counted(metav1.ConditionTrue, v1alpha1.ReasonAccepted, "approve", path, "--yes", "--wait", "2s"), exit.Unknown,
		"Approve of conduit/panel-dosing counts, and what comes of it was not seen in time. See: waiting")
}

// TestWaiting: everything that waits is listed, of all kinds, and nothing else.
func TestWaiting(t *testing.T) {
	p := shared
	expect(t, p.as(t, "viewer-1", "", "waiting"), exit.OK, "nothing waits for an approval\n")
	withOpenings(t, p, 2)
	c := p.waits(t, "panel-dosing")
	p.waits(t, "accepted", func(c *v1alpha1.Conduit) {
		c.Status.Conditions = []metav1.Condition{opened(2, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "")}
	})
	p.waits(t, "wrong", func(c *v1alpha1.Conduit) { c.Status.Conditions[0].Reason = v1alpha1.ReasonLevelSkip })
	asset, zone := p.waitingOthers(t)
	expect(t, p.as(t, "owner-1", "", "approve", "conduit/panel-dosing", "--yes", "--wait", "0s"), exit.OK, "stored")
	for _, a := range p.decisions(t) {
		a.Status.Conditions = []metav1.Condition{opened(1, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "")}
		must(t, p.admin.Status().Update(t.Context(), &a))
	}

	got := p.as(t, "viewer-1", "", "waiting", "-o", "json")
	expect(t, got, exit.OK)
	var l opening.List
	must(t, json.Unmarshal([]byte(got.out), &l))
	zoneHash, err := openings.HashZone(zone)
	must(t, err)
	assetHash, err := openings.HashAsset(asset)
	must(t, err)
	message := "https 443/TCP from supervision opens into cell-dosing (SL-T 3)"
	want := func(kind, name, uid, hash string, generation int64, by ...string) opening.Waiting {
		return opening.Waiting{
			Kind: kind, Name: name, UID: uid, Generation: generation, Hash: hash, Author: "engineer-1", Reason: v1alpha1.ReasonAwaitingApproval, Message: "it waits for 2 approvals",
			Opens: []opening.Opening{{Path: "spec.flows[1]", Message: message}}, ApprovedBy: append([]string{}, by...), DeniedBy: []string{},
		}
	}
	all := opening.List{APIVersion: "cli.zonewarden.io/v1", Kind: "WaitingList", Needed: 2, Waiting: []opening.Waiting{
		want("Zone", zone.Name, string(zone.UID), zoneHash, zone.Generation),
		want("Conduit", c.Name, string(c.UID), hashOf(t, c), 2, "owner-1"),
		want("Asset", asset.Name, string(asset.UID), assetHash, asset.Generation),
	}}
	if diff := cmp.Diff(all, l, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".decided" }, cmp.Ignore())); diff != "" {
		t.Errorf("what waits (-want +got):\n%s", diff)
	}
	y := p.as(t, "viewer-1", "", "waiting", "-o", "yaml")
	asJSON, err := yaml.YAMLToJSON([]byte(y.out))
	must(t, err)
	var again opening.List
	must(t, json.Unmarshal(asJSON, &again))
	if len(again.Waiting) != 3 {
		t.Errorf("as YAML:\n%s", y.out)
	}
	text := p.as(t, "viewer-1", "", "waiting", "-o", "table")
	expect(t, text, exit.OK, "WHAT ", "DECIDED", "conduit/panel-dosing ", "zone/opening ", "asset/opening ", hashOf(t, c), message, "by nobody (0 of 2)", "approved by owner-1 (1 of 2)")
	if strings.Contains(text.out, "accepted") || strings.Contains(text.out, "wrong") {
		t.Errorf("it lists what does not wait:\n%s", text.out)
	}
	// Who may not read all of it is told so, and is not told that nothing waits.
	expect(t, p.as(t, "ops-1", "", "waiting"), exit.OK, "zone/opening ", "asset/opening ", "NOT SEEN: conduits: you may not read them")
	expect(t, p.as(t, "tech-1@acme.example", "", "waiting"), exit.Failed, "error: ")
	f := fleet(t, p, "viewer-1")
	expect(t, f.as(t, "viewer-1", "", "waiting", "--contexts", "ww-17,ww-19"), exit.Failed, "--- ww-17\n", "conduit/panel-dosing", "error: ww-19: ")

	p.completesWaiting(t)
	p.showsOthers(t, asset)
	p.decidedAnew(t, c)
}

// decidedAnew: an approval is of what was declared when it was given, and counts for no other.
func (p *plant) decidedAnew(t *testing.T, c *v1alpha1.Conduit) {
	t.Helper()
	must(t, p.admin.Get(t.Context(), client.ObjectKeyFromObject(c), c))
	c.Spec.Flows[1].Protocol = "mqtt-tls"
	must(t, p.admin.Update(t.Context(), c))
	waiting(&c.Status.Status, c.Generation)
	must(t, p.admin.Status().Update(t.Context(), c))
	got := p.as(t, "viewer-1", "", "waiting")
	expect(t, got, exit.OK, "conduit/panel-dosing ")
	if strings.Contains(got.out, "owner-1") {
		t.Errorf("approved before it was written:\n%s", got.out)
	}
}

func (p *plant) completesWaiting(t *testing.T) {
	t.Helper()
	for line, want := range map[string]string{
		"approve ":              "zone/opening\tby engineer-1\nconduit/panel-dosing\tby engineer-1\nasset/opening\tby engineer-1\n:4\n",
		"deny conduit ":         "panel-dosing\tby engineer-1\n:4\n",
		"deny conduit/x ":       ":4\n",
		"waiting -o ":           "table\njson\nyaml\n:4\n",
		"approve conduit a b c": ":4\n",
	} {
		got := p.as(t, "viewer-1", "", append([]string{"__complete"}, strings.Split(line, " ")...)...)
		if diff := cmp.Diff(want, got.out); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
}

// waitingOthers makes an asset and a zone that wait.
func (p *plant) waitingOthers(t *testing.T) (*v1alpha1.Asset, *v1alpha1.Zone) {
	t.Helper()
	meta := func() metav1.ObjectMeta {
		return metav1.ObjectMeta{Name: "opening", Labels: map[string]string{"cell": "dosing"}, Annotations: map[string]string{v1alpha1.AnnotationAuthor: "engineer-1"}}
	}
	zone := &v1alpha1.Zone{}
	must(t, p.admin.Get(t.Context(), client.ObjectKey{Name: "cell-dosing"}, zone))
	zone.ObjectMeta, zone.Status = meta(), v1alpha1.ZoneStatus{}
	asset := &v1alpha1.Asset{ObjectMeta: meta(), Spec: v1alpha1.AssetSpec{Tag: "=A02+K09-PLC_09", Role: "PLC", Addresses: []v1alpha1.AssetAddress{"10.20.2.99"}}}
	for _, o := range []client.Object{zone, asset} {
		must(t, p.admin.Create(t.Context(), o))
		t.Cleanup(func() { must(t, p.admin.Delete(context.Background(), o)) })
	}
	waiting(&zone.Status.Status, zone.Generation)
	waiting(&asset.Status.Status, asset.Generation)
	asset.Status.LastGood = &v1alpha1.AssetLastGood{Generation: 1, Spec: asset.Spec, Labels: map[string]string{"cell": "pumping"}}
	must(t, p.admin.Status().Update(t.Context(), zone))
	must(t, p.admin.Status().Update(t.Context(), asset))
	return asset, zone
}

// showsOthers: the labels of an asset are shown, of what is not in force yet all is, and
// nothing that somebody wrote steers the terminal.
func (p *plant) showsOthers(t *testing.T, asset *v1alpha1.Asset) {
	t.Helper()
	asset.Status.Findings[0].Message = "opens\x1b[2J\nnothing"
	must(t, p.admin.Status().Update(t.Context(), asset))
	expect(t, p.as(t, "owner-1", "", "approve", "asset/opening"), exit.Failed, "opens      spec.flows[1]: opens?[2J?nothing\n",
		"--- in force: generation 1\n+++ declared: generation 1\n", " labels:\n-  cell: pumping\n+  cell: dosing\n", "not confirmed")
	expect(t, p.as(t, "owner-1", "", "approve", "zone/opening"), exit.Failed, "--- in force: nothing\n+++ declared: generation 1\n", "\n+spec:\n", "not confirmed")
}
