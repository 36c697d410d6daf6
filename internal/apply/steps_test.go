// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// rules is a policy of Cilium's with one rule for each word: "a" is for namespace
// a, "a/x" lets x in there, "a@g" the addresses of group g, and "a!" only denies. A
// floor's rules deny.
func rules(name string, part policy.Part, source topology.ObjectRef, words ...string) *policy.Object {
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetGroupVersionKind(apply.GVKClusterwidePolicy)
	u.SetName(name)
	var specs []any
	for _, word := range words {
		namespace, group, named := strings.Cut(word, "@")
		namespace, peer, _ := strings.Cut(namespace, "/")
		namespace, bare := strings.CutSuffix(namespace, "!")
		entry := map[string]any{"fromEndpoints": []any{map[string]any{"matchLabels": map[string]any{"k8s:peer": peer}}}}
		switch {
		case bare:
			entry = map[string]any{"fromEntities": []any{"host"}}
		case named:
			entry = map[string]any{"fromCIDRSet": []any{map[string]any{"cidrGroupRef": "zone-" + group}}}
		}
		deny := part == policy.PartFloor
		specs = append(specs, map[string]any{
			"endpointSelector":  map[string]any{"matchLabels": map[string]any{"k8s:io.kubernetes.pod.namespace": namespace}},
			"enableDefaultDeny": map[string]any{"ingress": deny, "egress": deny},
			"ingress":           []any{entry},
		})
	}
	u.Object["specs"] = specs
	return policy.NewObject(u, part, source, uid, nil)
}

func allows(conduit string, words ...string) *policy.Object {
	return rules("conduit-"+conduit, policy.PartConduit, conduitRef(conduit), words...)
}

func guard(zone string, words ...string) *policy.Object {
	return rules("guard-"+zone, policy.PartGuard, zoneRef(zone), words...)
}

func denies(zone string, words ...string) *policy.Object {
	return rules("zone-"+zone, policy.PartFloor, zoneRef(zone), words...)
}

// carriedOut is a plan that was carried out.
type carriedOut struct {
	store  *store
	result *apply.Result
}

// wants compares the writes in words: each with the namespaces that its rules are
// for, or with its addresses.
func (c carriedOut) wants(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, c.store.contents, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("writes (-want +have)\n%s", diff)
	}
}

// inWordsOf is "name: namespaces", with the peers of each in the words of rules, or
// "name: addresses". A rule of a floor that does not deny has a question mark.
func inWordsOf(u *unstructured.Unstructured) string {
	words := []string{u.GetName() + ":"}
	specs, _, _ := unstructured.NestedSlice(u.Object, "specs")
	for _, s := range specs {
		spec := s.(map[string]any)
		word, _, _ := unstructured.NestedString(spec, "endpointSelector", "matchLabels", "k8s:io.kubernetes.pod.namespace")
		var entry map[string]any
		if ingress, _, _ := unstructured.NestedSlice(spec, "ingress"); len(ingress) > 0 {
			entry = ingress[0].(map[string]any)
		}
		if endpoints, _, _ := unstructured.NestedSlice(entry, "fromEndpoints"); len(endpoints) > 0 {
			if peer, _, _ := unstructured.NestedString(endpoints[0].(map[string]any), "matchLabels", "k8s:peer"); peer != "" {
				word += "/" + peer
			}
		}
		peers, _, _ := unstructured.NestedSlice(entry, "fromCIDRSet")
		for _, p := range peers {
			for _, value := range p.(map[string]any) {
				word += "@" + strings.TrimPrefix(value.(string), "zone-")
			}
		}
		if deny, _, _ := unstructured.NestedBool(spec, "enableDefaultDeny", "ingress"); !deny && strings.HasPrefix(u.GetName(), "zone-") {
			word += "?"
		}
		words = append(words, word)
	}
	addresses, _, _ := unstructured.NestedStringSlice(u.Object, "spec", "externalCIDRs")
	return strings.Join(append(words, addresses...), " ")
}

// change plans and carries out: everything is declared and in force.
func change(t *testing.T, s *store, known map[apply.Key]string, wanted ...*policy.Object) carriedOut {
	t.Helper()
	return changeWith(t, s, logr.Discard(), known, wanted...)
}

func changeWith(t *testing.T, s *store, log logr.Logger, known map[apply.Key]string, wanted ...*policy.Object) carriedOut {
	t.Helper()
	in := apply.Input{Desired: wanted, Known: known, Declared: inForce(), ConduitCRD: serving(), Observed: s.observed()}
	for _, o := range in.Observed {
		in.Declared[o.Source] = apply.Declaration{UID: uid, InForce: true}
	}
	for zone := range s.joins {
		in.Declared[zoneRef(zone)] = apply.Declaration{UID: uid, InForce: true}
	}
	p := apply.NewPlan(in)
	ctx := logr.NewContext(t.Context(), log)
	return carriedOut{s, s.writer().Carry(ctx, p, func(zone string) []topology.ObjectRef { return s.joins[zone] })}
}

func TestOneChangeIsOneWrite(t *testing.T) {
	s := newStore(list(allows("c", "a", "b"), denies("z", "a")))
	s.refuses = func(verb string, _ apply.Key) bool { return verb == "get" }
	change(t, s, nil, allows("c", "b", "x"), denies("z", "a")).wants(t, "conduit-c: b x")
}

func TestSeveralChangesGrowBeforeTheyShrink(t *testing.T) {
	s := newStore(list(group("g", 1), group("h", 2), allows("c", "a"), allows("d", "b"), denies("y", "a", "b"), denies("z", "x")))
	c := change(t, s, nil, group("g", 2), group("h", 1), allows("c", "x"), allows("d", "a"), denies("y", "a"), denies("z", "x", "b"))
	c.wants(t,
		"zone-g: 10.0.1.0/24 10.0.2.0/24", "zone-h: 10.0.2.0/24 10.0.1.0/24",
		"conduit-c: a x", "conduit-d: b a",
		"zone-z: x b", // takes on and lets nobody go: one write
		"zone-y: a",   // lets go and takes nobody on: one write
		"conduit-c: x", "conduit-d: a",
		"zone-g: 10.0.2.0/24", "zone-h: 10.0.1.0/24")
	last := map[apply.Key]string{}
	for _, o := range c.result.Standing() {
		last[o.Key] = o.Digest
	}
	if diff := cmp.Diff(s.digests, last); diff != "" || len(c.result.Outcomes) != 10 {
		t.Errorf("%d outcomes, standing (-want +have)\n%s", len(c.result.Outcomes), diff)
	}
}

func TestWhatIsNewComesBeforeTheOneThatChanges(t *testing.T) {
	s := newStore(list(allows("z", "a", "b")))
	change(t, s, nil, allows("a", "b"), allows("z", "a"), denies("n", "x")).wants(t,
		"conduit-a: b", "conduit-z: a", "zone-n: x")
	s = newStore(list(denies("a", "a", "b")))
	change(t, s, nil, denies("a", "a"), denies("z", "b")).wants(t, "zone-z: b", "zone-a: a")
}

// TestInterruptedRunDoesNotGrow: what an earlier run has left beside the new is
// dropped once, and not carried along twice.
func TestInterruptedRunDoesNotGrow(t *testing.T) {
	s := newStore(list(allows("c", "a", "x"), allows("d", "b", "a")))
	change(t, s, nil, allows("c", "x"), allows("d", "a")).wants(t, "conduit-c: x", "conduit-d: a")
	s = newStore(list(allows("c", "a", "x"), allows("d", "b")))
	change(t, s, nil, allows("c", "x", "y"), allows("d", "a")).wants(t,
		"conduit-c: a x y", "conduit-d: b a", "conduit-c: x y", "conduit-d: a")
	s = newStore(list(allows("c", "a", "x")))
	s.refuses = func(verb string, _ apply.Key) bool { return verb == "get" }
	change(t, s, nil, allows("c", "x")).wants(t, "conduit-c: x")

	s = newStore(list(group("g", 1), allows("c", "a@g")))
	wanted := list(group("g", 2), allows("c", "b@g"))
	s.joins = joined("g", "c")
	s.refuse("apply", "zone-g", 1)
	change(t, s, nil, wanted...)
	s.refuses = func(string, apply.Key) bool { return false }
	change(t, s, nil, wanted...).wants(t, "conduit-c: a@10.0.1.0/24 b@10.0.2.0/24",
		"zone-g: 10.0.1.0/24 10.0.2.0/24", "zone-g: 10.0.2.0/24", "conduit-c: b@g")
}

func TestWhatOthersWroteIsNotCarriedAlong(t *testing.T) {
	foreign := func(manager, subresource, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, Subresource: subresource, Operation: "Update", FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(fields)}
	}
	ours := foreign(apply.FieldManager, "", `{"f:specs":{}}`)
	direct, steps := []string{"conduit-c: x", "conduit-d: b a", "conduit-d: a"}, []string{"conduit-c: evil x", "conduit-d: b a", "conduit-c: x", "conduit-d: a"}
	key := apply.KeyOf(allows("c"))
	tests := []struct {
		name   string
		known  string
		fields []metav1.ManagedFieldsEntry
		want   []string
	}{
		{"put back", allows("c", "x").Digest, nil, direct},
		{"edited while we wanted something new", allows("c", "a").Digest, nil, direct},
		{"as we left it", allows("c", "evil").Digest, []metav1.ManagedFieldsEntry{ours}, steps},
		{"nothing known, ours", "", []metav1.ManagedFieldsEntry{ours, foreign("cilium-agent", "status", `{"f:specs":{}}`)}, steps},
		{"nothing known, another's label", "", []metav1.ManagedFieldsEntry{ours, foreign("argocd", "", `{"f:metadata":{}}`)}, steps},
		{"nothing known, another's rules", "", []metav1.ManagedFieldsEntry{ours, foreign("kubectl-edit", "", `{"f:specs":{}}`)}, direct},
		{"nothing known, another's one rule", "", []metav1.ManagedFieldsEntry{ours, foreign("kubectl-edit", "", `{"f:spec":{}}`)}, direct},
		{"nothing known, unreadable", "", []metav1.ManagedFieldsEntry{foreign("x", "", `[]`)}, direct},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(list(allows("c", "evil"), allows("d", "b"), allows("e", "e")))
			s.fields = map[apply.Key][]metav1.ManagedFieldsEntry{key: tt.fields}
			known := map[apply.Key]string{}
			if tt.known != "" {
				known[key] = tt.known
			}
			// A second change needs steps, so that there is something to carry along.
			c := change(t, s, known, allows("c", "x"), allows("d", "a"), allows("e", "e", "f"))
			c.store.contents = slices.DeleteFunc(c.store.contents, func(w string) bool { return strings.HasPrefix(w, "conduit-e") })
			c.wants(t, tt.want...)
		})
	}
}

// TestRuleInAnotherFieldIsNotOurs: we write a list of rules and never the one.
func TestRuleInAnotherFieldIsNotOurs(t *testing.T) {
	s := newStore(list(allows("c", "evil"), allows("d", "b"), allows("e", "e")))
	s.objects[apply.KeyOf(allows("c"))].Object["spec"] = map[string]any{}
	change(t, s, nil, allows("c", "x"), allows("d", "b", "a"), allows("e", "f")).wants(t,
		"conduit-c: x", "conduit-d: b a", "conduit-e: e f", "conduit-e: f")
}

func TestWhatCannotBeReadIsNotWritten(t *testing.T) {
	taken := allows("c", "a")
	tests := map[string]struct {
		prepare func(*store)
		want    error
	}{
		"refused": {func(s *store) {
			s.refuses = func(verb string, key apply.Key) bool { return verb == "get" && key.Name == "conduit-c" }
		}, errRefused},
		"taken": {func(s *store) { s.foreign = apply.KeyOf(taken) }, apply.ErrForeign},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStore(list(taken, allows("d", "b")))
			tt.prepare(s)
			c := change(t, s, nil, allows("c", "x"), allows("d", "a"))
			c.wants(t, "conduit-d: b a", "conduit-d: a")
			if got := c.result.Failed[conduitRef("c")]; len(got) != 1 || !errors.Is(got[0], tt.want) {
				t.Errorf("failed %v", c.result.Failed)
			}
		})
	}
}

func TestWhatIsTooLargeTogetherChangesAtOnceAndLast(t *testing.T) {
	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprintf("%01000d", i))
	}
	s := newStore(list(denies("a", many...), denies("b", "b", "c")))
	c := change(t, s, nil, denies("a", "a"), denies("b", "b", "d"))
	c.wants(t, "zone-b: c b d", "zone-a: a", "zone-b: b d")
	if len(c.result.Failed) > 0 {
		t.Errorf("failed %v", c.result.Failed)
	}
}

// TestOtherKindsChangeAtOnce: a plain NetworkPolicy is no sum of rules that could
// stand side by side.
func TestOtherKindsChangeAtOnce(t *testing.T) {
	s := newStore(list(allow("c", 1), allow("d", 1), floor("a", 1), floor("b", 1)))
	s.refuses = func(verb string, _ apply.Key) bool { return verb == "get" }
	c := change(t, s, nil, allow("c", 2), allow("d", 2), floor("a", 2), floor("b", 2))
	c.wants(t, "conduit-c:", "conduit-d:", "zone-a:", "zone-b:")
}

// TestLeavingFloorsAreOpenedBeforeTheyGo, but only as what we left there: a floor
// that somebody removed or edited meanwhile is not made anew by that.
func TestLeavingFloorsAreOpenedBeforeTheyGo(t *testing.T) {
	bare := func(zone string) *policy.Object { return denies(zone, "a!") }
	plan := func(s *store) *apply.Plan {
		return apply.NewPlan(apply.Input{Observed: s.observed(), Declared: inForce(zoneRef("y"), zoneRef("z"))})
	}
	carry := func(s *store, p *apply.Plan) []string {
		r := s.writer().Carry(t.Context(), p, func(string) []topology.ObjectRef { return nil })
		if len(r.Failed) > 0 {
			t.Errorf("failed %v", r.Failed)
		}
		return s.log
	}
	const kind = "CiliumClusterwideNetworkPolicy/"
	s := newStore(list(bare("y"), bare("z")))
	want := list("apply "+kind+"zone-y", "apply "+kind+"zone-z", "delete "+kind+"zone-y", "delete "+kind+"zone-z")
	if diff := cmp.Diff(want, carry(s, plan(s))); diff != "" {
		t.Errorf("both go (-want +have)\n%s", diff)
	}
	s = newStore(list(bare("y"), bare("z"), bare("x")))
	p := plan(s)
	delete(s.objects, apply.KeyOf(bare("y")))
	s.fields = map[apply.Key][]metav1.ManagedFieldsEntry{apply.KeyOf(bare("z")): {{
		Manager: "kubectl-edit", FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(`{"f:specs":{}}`),
	}}}
	if diff := cmp.Diff(list("delete "+kind+"zone-z"), carry(s, p)); diff != "" {
		t.Errorf("one has gone, one was edited (-want +have)\n%s", diff)
	}
}

func TestFloorsGoBeforeConduitsOnCiliumOnly(t *testing.T) {
	plan := func(o ...*policy.Object) []string {
		return inWords(apply.NewPlan(apply.Input{Observed: seenAll(o...), Declared: inForce(zoneRef("z"), conduitRef("c"), zoneRef("g"))})).Removals
	}
	if diff := cmp.Diff(list("zone-z replaced", "conduit-c replaced", "zone-g replaced"), plan(group("g", 1), allows("c", "a"), denies("z", "a"))); diff != "" {
		t.Errorf("Cilium (-want +have)\n%s", diff)
	}
	if diff := cmp.Diff(list("conduit-c replaced", "zone-z replaced"), plan(floor("z", 1), allow("c", 1))); diff != "" {
		t.Errorf("NetworkPolicy (-want +have)\n%s", diff)
	}
}

// TestGuardsDenyOldAndNewMeanwhile: they come before everything that allows, and shrink
// after it. What one denies may be what another one has denied.
func TestGuardsDenyOldAndNewMeanwhile(t *testing.T) {
	s := newStore(list(allows("c", "a"), guard("x", "a", "b"), guard("y", "d")))
	change(t, s, nil, allows("c", "e"), guard("x", "a"), guard("y", "b"), guard("z", "f")).wants(t,
		"guard-z: f", "guard-y: d b", "conduit-c: a e", "conduit-c: e", "guard-x: a", "guard-y: b")
	s = newStore(list(guard("x", "a")))
	change(t, s, nil, guard("x", "b")).wants(t, "guard-x: b")
	s = newStore(list(allows("c", "a"), guard("x", "a")))
	change(t, s, nil)
	if diff := cmp.Diff(list("delete CiliumClusterwideNetworkPolicy/conduit-c", "delete CiliumClusterwideNetworkPolicy/guard-x"), s.log); diff != "" {
		t.Errorf("both go (-want +have)\n%s", diff)
	}
}

// TestANewGroupIsNotMetByWhatGoes: an interrupted run has left rules that name a group
// which it had not come to. What goes does not meet its addresses.
func TestANewGroupIsNotMetByWhatGoes(t *testing.T) {
	const kind = "CiliumClusterwideNetworkPolicy/"
	s := newStore(list(allows("c", "a@g", "b")))
	change(t, s, nil, group("g", 1), allows("c", "b"), allows("d", "x@g")).wants(t,
		"conduit-d: x@g", "conduit-c: a b", "zone-g: 10.0.1.0/24", "conduit-c: b")
	s = newStore(list(allows("c", "a@g", "b")))
	change(t, s, nil, group("g", 1))
	want := list("apply "+kind+"conduit-c", "(settled)", "apply CiliumCIDRGroup/zone-g", "(settled)", "delete "+kind+"conduit-c")
	if diff := cmp.Diff(want, s.log); diff != "" {
		t.Errorf("it goes (-want +have)\n%s", diff)
	}
}

// adminGuard is a guard of the admin tier that denies at one port.
func adminGuard(name string, port int64) *policy.Object {
	u := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"tier": "Admin", "priority": port}}}
	u.SetGroupVersionKind(apply.GVKAdminTierPolicy)
	u.SetName("guard-" + name)
	return policy.NewObject(u, policy.PartGuard, zoneRef(name), uid, nil)
}

// TestGuardsBesideOthersOfTheAdminTier: a new one comes first where nothing is judged
// beside it, and last where one changes or goes: which is judged first nobody knows. One
// that somebody took away comes back at once.
func TestGuardsBesideOthersOfTheAdminTier(t *testing.T) {
	const guards, conduit = "apply ClusterNetworkPolicy/guard-", "apply NetworkPolicy/plant/conduit-c"
	tests := []struct {
		name        string
		old, wanted objects
		taken       string
		want        []string
	}{
		{
			"alone",
			objects{adminGuard("x", 1)},
			objects{adminGuard("x", 1), adminGuard("y", 1), plainAllow("c", "a", "q")},
			"",
			list(guards+"y", "(settled)", conduit),
		},
		{
			"one goes",
			objects{adminGuard("x", 1)},
			objects{adminGuard("y", 1), plainAllow("c", "a", "q")},
			"",
			list(conduit, "(settled)", guards+"y", "delete ClusterNetworkPolicy/guard-x"),
		},
		{
			"one changes",
			objects{adminGuard("x", 1)},
			objects{adminGuard("x", 2), adminGuard("y", 1), plainAllow("c", "a", "q")},
			"",
			list(conduit, "(settled)", guards+"x", guards+"y"),
		},
		{
			"taken away",
			objects{adminGuard("x", 1)},
			objects{adminGuard("y", 1), plainAllow("c", "a", "q")},
			"y",
			list(guards+"y", "(settled)", conduit, "(settled)", "delete ClusterNetworkPolicy/guard-x"),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, known := newStore(tt.old), map[apply.Key]string{}
			if tt.taken != "" {
				o := adminGuard(tt.taken, 1)
				known[apply.KeyOf(o)] = o.Digest
			}
			change(t, s, known, tt.wanted...)
			if diff := cmp.Diff(tt.want, s.log); diff != "" {
				t.Errorf("(-want +have)\n%s", diff)
			}
		})
	}
}

// TestGuardsBesideOneHeldOfTheAdminTier: its zone is gone, and which is judged first nobody
// knows, so a new one comes last.
func TestGuardsBesideOneHeldOfTheAdminTier(t *testing.T) {
	s := newStore(objects{adminGuard("x", 1)})
	p := apply.NewPlan(apply.Input{
		Desired: objects{adminGuard("y", 1), plainAllow("c", "a", "q")}, Observed: s.observed(),
		Declared: inForce(zoneRef("y"), conduitRef("c")), ConduitCRD: serving(),
	})
	s.writer().Carry(t.Context(), p, func(string) []topology.ObjectRef { return nil })
	want := list("apply NetworkPolicy/plant/conduit-c", "(settled)", "apply ClusterNetworkPolicy/guard-y")
	if diff := cmp.Diff(want, s.log); diff != "" || len(p.Held) != 1 {
		t.Errorf("held %v (-want +have)\n%s", p.Held, diff)
	}
}

// TestGroupsShrinkBeforeGuardsDo: an interrupted run has left a group with addresses that
// only a guard keeps apart from what an old rule lets in by the group's name.
func TestGroupsShrinkBeforeGuardsDo(t *testing.T) {
	const shrinks, kind, admin = "apply CiliumCIDRGroup/zone-g", "CiliumClusterwideNetworkPolicy/guard-x", "ClusterNetworkPolicy/guard-x"
	tests := []struct {
		name        string
		old, wanted objects
		then        string
	}{
		{"it goes", objects{guard("x", "a", "b")}, nil, "delete " + kind},
		{"it denies less", objects{guard("x", "a", "b")}, objects{guard("x", "a")}, "apply " + kind},
		{"one of the admin tier goes", objects{adminGuard("x", 1)}, nil, "delete " + admin},
		{"one of the admin tier changes", objects{adminGuard("x", 1)}, objects{adminGuard("x", 2)}, "apply " + admin},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stays := denies("z", "a@g")
			s := newStore(append(objects{group("g", 1, 2), stays}, tt.old...))
			change(t, s, nil, append(objects{group("g", 1), stays}, tt.wanted...)...)
			if diff := cmp.Diff(list(shrinks, "(settled)", tt.then), s.log); diff != "" {
				t.Errorf("(-want +have)\n%s", diff)
			}
		})
	}
}

// TestCiliumsGuardsDenyLessLast: those of the admin tier cannot deny old and new meanwhile.
func TestCiliumsGuardsDenyLessLast(t *testing.T) {
	const kind, admin = "CiliumClusterwideNetworkPolicy/guard-", "ClusterNetworkPolicy/guard-"
	tests := []struct {
		name        string
		old, wanted objects
		refused     string
		want        []string
	}{
		{
			"one changes",
			objects{guard("x", "a", "b"), guard("y", "c"), adminGuard("x", 1)},
			objects{guard("x", "a"), adminGuard("x", 2)},
			"",
			list("apply "+admin+"x", "(settled)", "apply "+kind+"x", "delete "+kind+"y"),
		},
		{
			"one goes",
			objects{guard("x", "a", "b"), adminGuard("x", 1)},
			objects{guard("x", "a")},
			"",
			list("delete "+admin+"x", "(settled)", "apply "+kind+"x"),
		},
		{
			"one cannot change",
			objects{guard("x", "a", "b"), guard("y", "c"), adminGuard("z", 1)},
			objects{guard("x", "a"), adminGuard("z", 2)},
			"apply",
			nil,
		},
		{
			"one cannot go",
			objects{guard("x", "a", "b"), guard("y", "c"), adminGuard("z", 1)},
			objects{guard("x", "a")},
			"delete",
			nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(tt.old)
			s.refuses = func(verb string, key apply.Key) bool {
				return verb == tt.refused && key.Kind == policy.KindAdminTierPolicy
			}
			change(t, s, nil, tt.wanted...)
			if diff := cmp.Diff(tt.want, s.log, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +have)\n%s", diff)
			}
		})
	}
}

// TestFloorsThatDenyTheSamePods: an interrupted run has left pods to two floors. What
// one of them allows stays until the other one has let go.
func TestFloorsThatDenyTheSamePods(t *testing.T) {
	s := newStore(list(denies("y", "a/1", "k"), denies("z", "a/2", "m")))
	change(t, s, nil, denies("y", "k"), denies("z", "m")).wants(t,
		"zone-y: a/1? k", "zone-z: a/2? m", "zone-y: k", "zone-z: m")
	s = newStore(list(denies("y", "a/1", "k"), denies("z", "b/2", "m")))
	change(t, s, nil, denies("y", "k"), denies("z", "m")).wants(t, "zone-y: k", "zone-z: m")
}
