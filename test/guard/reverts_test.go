// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// soon is what becomes of an act that the guard cannot refuse, and by when.
const soon = time.Second

// act is what somebody does whom the guard lets pass: the cluster's administrator, or who
// has stolen the operator's own account.
type act struct {
	name string
	as   name
	do   request
	// drifts is how many objects the operator puts back, counts and names: a number, all of
	// its policies, or everything of it; 0 where it only tells of the act.
	drifts int
	// says is the condition that tells of it, where it is not the Site's DriftReverted.
	says said
	// within is by when all of it is done; soon where it is 0.
	within time.Duration
	// because says why it may take longer, or why it is not put back.
	because string
	// undo is done by the cluster's administrator.
	undo request
}

// said is a condition of an object of ours.
type said struct {
	kind, name, condition, reason string
	status                        metav1.ConditionStatus
	text                          string
}

const (
	policies   = -1
	everything = -2
)

const (
	openRules  = `{"specs":[{"endpointSelector":{},"ingress":[{"fromEntities":["all"]}],"egress":[{"toEntities":["all"]}]}]}`
	disowned   = `{"metadata":{"labels":{"app.kubernetes.io/managed-by":null},"annotations":{"zonewarden.io/source-uid":null}},"specs":[{"endpointSelector":{},"ingress":[{"fromEntities":["all"]}]}]}`
	ccnp       = "CiliumClusterwideNetworkPolicy"
	vap        = "ValidatingAdmissionPolicy"
	vapBinding = "ValidatingAdmissionPolicyBinding"
)

// acts that the operator undoes. Its objects are then what they were, field by field.
var undone = []act{
	{name: "edit a floor, so that it allows all", as: administrator, do: merge(ciliumV2, ccnp, "zone-cell-1", openRules), drifts: 1},
	{name: "the same with the operator's stolen account, under its field manager", as: operator, do: applyAs(parse(with(clusterwide, "{name: NAME}",
		"{name: zone-cell-1, labels: {app.kubernetes.io/managed-by: zonewarden, zonewarden.io/kind: Zone, zonewarden.io/name: cell-1}}"))[0], "zonewarden"), drifts: 1},
	{name: "own a floor's rules by force, under another field manager", as: administrator, do: applyAs(parse(with(clusterwide, "NAME", "zone-cell-1"))[0], "mine"), drifts: 1},
	{name: "take our label off a floor, and open it", as: administrator, do: merge(ciliumV2, ccnp, "zone-cell-1",
		`{"metadata":{"labels":{"app.kubernetes.io/managed-by":null}},"specs":[{"endpointSelector":{},"ingress":[{"fromEntities":["all"]}]}]}`), drifts: 1},
	{name: "annotate a floor as released, to have it go with its zone", as: operator, do: merge(ciliumV2, ccnp, "zone-cell-1", `{"metadata":{"annotations":{"zonewarden.io/release":"now"}}}`), drifts: 1},
	{name: "delete a floor", as: administrator, do: remove(ciliumV2, ccnp, "zone-cell-1"), drifts: 1},
	{name: "delete a floor and make an open one by its name, with our labels", as: administrator, do: each(remove(ciliumV2, ccnp, "zone-cell-1"), unlessThere(create(with(clusterwide, "{name: NAME}",
		"{name: zone-cell-1, labels: {app.kubernetes.io/managed-by: zonewarden, zonewarden.io/kind: Zone, zonewarden.io/name: cell-1}}")))), drifts: 1},
	{name: "have a floor collected as garbage, by an owner that does not exist", as: administrator, do: merge(ciliumV2, ccnp, "zone-cell-1",
		`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"gone","uid":"00000000-0000-0000-0000-000000000000"}]}}`), drifts: 1},
	{name: "delete every policy of ours as a collection", as: administrator, do: removeAll(ciliumV2, ccnp, "", ours), drifts: policies},
	{name: "open every port of a conduit", as: administrator, do: merge(ciliumV2, ccnp, "conduit-history", openRules), drifts: 1},
	{name: "delete a conduit's policy", as: operator, do: remove(ciliumV2, ccnp, "conduit-history"), drifts: 1},
	{name: "add the office to a zone's devices (CiliumCIDRGroup)", as: administrator, do: merge(ciliumV2, "CiliumCIDRGroup", "zone-field",
		`{"spec":{"externalCIDRs":["10.20.1.11/32","10.9.0.0/16"]}}`), drifts: 1},
	{name: "delete a zone's devices", as: operator, do: remove(ciliumV2, "CiliumCIDRGroup", "zone-field"), drifts: 1},
	{name: "empty what denies around a zone (layer Datapath)", as: administrator, do: merge(ciliumV2, ccnp, "guard-cell-1",
		`{"specs":[{"endpointSelector":{"matchLabels":{"app":"nothing"}},"ingressDeny":[{"fromEntities":["world"]}]}]}`), drifts: 1},
	{name: "delete what denies around a zone", as: administrator, do: remove(ciliumV2, ccnp, "guard-cell-1"), drifts: 1},
	{
		name: "delete policies and groups of ours together", as: administrator, do: each(removeAll(ciliumV2, ccnp, "", ours), removeAll(ciliumV2, "CiliumCIDRGroup", "", ours)), drifts: everything, within: 3 * time.Second,
		because: "between two kinds the operator waits a second, until the agents have seen the first",
	},
}

// told are acts that the operator tells of, because it must not or cannot undo them.
var told = []act{
	{name: "delete a policy of the guard", as: administrator, do: remove(admissions, vap, "zonewarden-foreign-policies"), says: guardChanged("zonewarden-foreign-policies"), undo: restore(vap, "zonewarden-foreign-policies")},
	{name: "delete a policy of the guard", as: argo, do: remove(admissions, vap, "zonewarden-own-objects"), says: guardChanged("zonewarden-own-objects"), undo: restore(vap, "zonewarden-own-objects")},
	{name: "delete a binding of the guard", as: administrator, do: remove(admissions, vapBinding, "zonewarden-pods"), says: guardChanged("zonewarden-pods"), undo: restore(vapBinding, "zonewarden-pods")},
	{name: "have a binding of the guard only audit", as: administrator, do: merge(admissions, vapBinding, "zonewarden-access", `{"spec":{"validationActions":["Audit"]}}`), says: guardChanged("zonewarden-access"), undo: restore(vapBinding, "zonewarden-access")},
	{name: "have a policy of the guard fail open", as: argo, do: merge(admissions, vap, "zonewarden-templates", `{"spec":{"failurePolicy":"Ignore"}}`), says: guardChanged("zonewarden-templates"), undo: restore(vap, "zonewarden-templates")},
	{name: "spare oneself by a match condition of the guard", as: administrator, do: merge(admissions, vap, "zonewarden-conduits",
		`{"spec":{"matchConditions":[{"name":"not-me","expression":"request.userInfo.username != 'me'"}]}}`), says: guardChanged("zonewarden-conduits"), undo: restore(vap, "zonewarden-conduits")},
	{name: "take the guard's label off a policy of it", as: administrator, do: merge(admissions, vap, "zonewarden-services", `{"metadata":{"labels":{"zonewarden.io/guard":null}}}`), says: guardChanged("zonewarden-services"), undo: restore(vap, "zonewarden-services")},
	{
		name: "turn the guard off in the Site", as: siteAdmin, do: merge(zonewarden, "Site", "site", `{"spec":{"guard":{"layers":[]}}}`),
		says: said{"Site", "site", v1alpha1.ConditionGuarded, v1alpha1.ReasonNoGuard, metav1.ConditionFalse, "one policy of anybody"}, undo: merge(zonewarden, "Site", "site", `{"spec":{"guard":{"layers":["Admission"]}}}`),
	},
	{name: "NetworkPolicy that allows all", as: siteAdmin, do: create(with(allowAll, "NS", "cell-1")), says: exposed("NetworkPolicy/cell-1/allow-all lets"), undo: remove(networking, "NetworkPolicy", "cell-1/allow-all")},
	{name: "CiliumClusterwideNetworkPolicy that allows all", as: administrator, do: create(with(clusterwide, "NAME", "allow-all")), says: exposed(ccnp + "/allow-all lets"), undo: remove(ciliumV2, ccnp, "allow-all")},
	{name: "ClusterNetworkPolicy, Admin tier, Accept", as: administrator, do: create(adminAccept), says: said{"Zone", "cell-1", v1alpha1.ConditionExposed, v1alpha1.ReasonNotUnderstood, metav1.ConditionTrue, "ClusterNetworkPolicy/let-in"}, undo: remove(tiers, "ClusterNetworkPolicy", "let-in")},
	{
		name: "disown a floor, our label and annotation off, and open it", as: administrator, do: merge(ciliumV2, ccnp, "zone-cell-1", disowned),
		says:    said{"Zone", "cell-1", v1alpha1.ConditionProgrammed, v1alpha1.ReasonForeignObject, metav1.ConditionFalse, "zone-cell-1"},
		because: "what is not ours is never overwritten; the layer Datapath holds against it", undo: remove(ciliumV2, ccnp, "zone-cell-1"),
	},
	{
		name: "Zone that swallows others", as: argo, do: create(swallow), says: said{"Zone", "swallow", v1alpha1.ConditionAccepted, v1alpha1.ReasonOverlap, metav1.ConditionFalse, "cell-1"},
		because: "the older zones keep their pods", undo: each(merge(zonewarden, "Zone", "swallow", `{"metadata":{"annotations":{"zonewarden.io/allow-release":"test"}}}`), remove(zonewarden, "Zone", "swallow")),
	},
	{
		name: "pod on the node's network", as: siteAdmin, do: create(pod(onNode)), says: said{"Zone", "cell-1", v1alpha1.ConditionExposed, v1alpha1.ReasonHostNetwork, metav1.ConditionTrue, "cell-1/spoof"},
		within: 5 * time.Second, because: "changes of pods gather for 2 s", undo: remove("v1", "Pod", "cell-1/spoof", client.GracePeriodSeconds(0)),
	},
}

// overridden by the layer Datapath are acts that then open nothing at all.
var overridden = []act{
	{name: "NetworkPolicy that allows all", as: administrator, do: create(with(allowAll, "NS", "cell-1")), undo: remove(networking, "NetworkPolicy", "cell-1/allow-all")},
	{name: "CiliumNetworkPolicy that allows all", as: administrator, do: create("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: allow-all, namespace: cell-1}\n" +
		"spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}], egress: [{toEntities: [all]}]}"), undo: remove(ciliumV2, "CiliumNetworkPolicy", "cell-1/allow-all")},
	{name: "CiliumClusterwideNetworkPolicy that allows all", as: administrator, do: create(with(clusterwide, "NAME", "allow-all")), undo: remove(ciliumV2, ccnp, "allow-all")},
	{
		name: "disown a floor, our label and annotation off, and open it", as: administrator, do: merge(ciliumV2, ccnp, "zone-cell-1", disowned),
		undo: remove(ciliumV2, ccnp, "zone-cell-1"),
	},
}

// unlessThere goes on where the operator was quicker.
func unlessThere(r request) request {
	return func(ctx context.Context, c *caller) error {
		if err := r(ctx, c); !apierrors.IsAlreadyExists(err) {
			return err
		}
		return nil
	}
}

func guardChanged(text string) said {
	return said{"Site", "site", v1alpha1.ConditionGuarded, v1alpha1.ReasonGuardChanged, metav1.ConditionFalse, text}
}

func exposed(text string) said {
	return said{"Zone", "cell-1", v1alpha1.ConditionExposed, v1alpha1.ReasonForeignPolicy, metav1.ConditionTrue, text}
}

// restore applies an object of the guard as it is shipped.
func restore(kind, name string) request {
	for _, o := range guardObjects() {
		if o.GetKind() == kind && o.GetName() == name {
			return each(ignoringAbsence(remove(admissions, kind, name)), applyAs(o, "test"))
		}
	}
	panic(kind + " " + name + " is not shipped")
}

// TestReverts has the real operator on a plant of its own, under the rights of config/rbac,
// and measures what it does about acts that nothing refuses.
func TestReverts(t *testing.T) {
	w := startWatched(t)
	figures := map[string]took{}
	t.Run("told", func(t *testing.T) { testActs(t, w, told, figures) })
	w.setLayers(t, `["Admission","Datapath"]`)
	t.Run("reverted", func(t *testing.T) { testActs(t, w, undone, figures) })
	t.Run("overridden", func(t *testing.T) { testOverridden(t, w) })
	t.Run("kept by a finalizer", func(t *testing.T) { testKept(t, w) })
	t.Logf("%d acts that nothing refuses: %d reverted and reported, %d reported, %d overridden by the layer Datapath\n%s",
		len(undone)+len(told)+len(overridden), len(undone), len(told), len(overridden), actTable(figures))
}

// testKept has a finalizer on the policy of a Conduit that is then deleted: as long as the
// policy stands it lets pass what was closed.
func testKept(t *testing.T, w watched) {
	w.quiet(t)
	w.must(t, merge(ciliumV2, ccnp, "conduit-polling", `{"metadata":{"finalizers":["example.com/stay"]}}`)(t.Context(), w.callers[administrator]))
	before, began := w.standing(t), time.Now()
	w.must(t, remove(zonewarden, "Conduit", "polling")(t.Context(), w.callers[siteAdmin]))
	w.must(t, w.promptly(func() error {
		err := w.callers[administrator].Get(t.Context(), key("conduit-polling"), object(ciliumV2, ccnp, "conduit-polling"))
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("the policy is there: %w", err)
	}))
	after := time.Since(began)
	t.Logf("the policy is gone %s after its Conduit", after.Round(time.Millisecond))
	if most := max(soon, exchanges*w.exchange(t)); after > most {
		t.Errorf("that took %s, more than %s", after, most)
	}
	if len(before) == len(w.standing(t)) {
		t.Error("nothing went")
	}
}
