// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/evidence"
	"github.com/zonewarden/zonewarden/internal/exposure"
	"github.com/zonewarden/zonewarden/internal/guard"
	"github.com/zonewarden/zonewarden/internal/openings"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/budget"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// pass is the one thing in the queue: the whole site.
var pass = reconcile.Request{NamespacedName: types.NamespacedName{Name: topology.SiteName}}

// asksAgain is how soon the API server is asked again what it serves, while
// definitions come or go.
const asksAgain = time.Second

// looksAgain is how soon a name that was taken is looked at again: nothing tells
// when somebody else's object goes.
const looksAgain = 30 * time.Second

// Segmentation keeps the policy objects of the site equal to its zones and conduits.
type Segmentation struct {
	client    client.Client
	live      client.Reader
	cache     cache.Cache
	discovery discovery.DiscoveryInterface
	recorder  events.EventRecorder
	clock     clock.PassiveClock

	controller controller.Controller
	watched    watchedKinds
	backend    backendChoice
	compiler   *policy.Compiler
	memory     topology.Memory
	statuses   statusMemory
	arrivals   arrivals
	timekeeper *timekeeper
	trail      *trail
	// inForce are told what each pass finds.
	inForce       []*inForce
	impersonators impersonators
	carried       carriedConduits
	guard         guardMemory
	writer        *apply.Writer

	// known are the digests last seen or written, to tell edits by others from
	// changes of our own.
	mu    sync.Mutex
	known map[apply.Key]string
	// made is when conduits were made, by UID.
	made map[types.UID]time.Time
	// lastWrite of a policy object.
	lastWrite time.Time
	// observed are the policy objects that the last pass saw, by UID.
	observed map[types.UID]apply.Observed
	// desired are the digests that the last pass wants.
	desired map[apply.Key]string
	drift   driftRecord
	// refused is what the last pass saw Cilium refuse.
	refused map[apply.Key]string

	watcher exposure.Watcher
	// unwanted are objects that were read past the cache, by UID.
	unwanted map[types.UID]*unstructured.Unstructured
}

// +kubebuilder:rbac:groups=zonewarden.io,resources=sites;zones;conduits;assets;nodereports,verbs=get;list;watch
// +kubebuilder:rbac:groups=zonewarden.io,resources=sites/status;zones/status;conduits/status;assets/status,verbs=get;patch
// +kubebuilder:rbac:groups=cilium.io,resources=ciliumclusterwidenetworkpolicies;ciliumcidrgroups,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=cilium.io,resources=ciliumnetworkpolicies,verbs=get;list;watch
// +kubebuilder:rbac:groups=policy.networking.k8s.io,resources=adminnetworkpolicies;baselineadminnetworkpolicies,verbs=get;list;watch
// +kubebuilder:rbac:groups=policy.networking.k8s.io,resources=clusternetworkpolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=networking.k8s.io,resources=ingresses,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=namespaces;pods;nodes;services,verbs=get;list;watch
// +kubebuilder:rbac:groups=apiextensions.k8s.io,resources=customresourcedefinitions,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile is one pass over the site.
func (s *Segmentation) Reconcile(ctx context.Context, _ reconcile.Request) (ctrl.Result, error) {
	start := s.clock.Now()
	outcome, reports, err := s.look(ctx)
	if err != nil {
		return ctrl.Result{}, err
	}
	if err := s.holdForAssets(ctx, outcome); err != nil {
		return ctrl.Result{}, err
	}
	publish(outcome, s.inForce)
	if outcome.model.Site != nil && outcome.backend.usable() && outcome.held == "" {
		if err := s.carryOut(ctx, outcome); err != nil {
			return ctrl.Result{}, err
		}
	}
	observePass(outcome, s.clock.Since(start))
	statusErr := s.writeStatuses(ctx, outcome)
	if err := errors.Join(outcome.result.Err(), statusErr); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: reports.orSooner(s.untilNextLook(outcome))}, nil
}

// look reads everything that a pass is made of, and resolves it.
func (s *Segmentation) look(ctx context.Context) (*outcome, reported, error) {
	snapshot, err := s.fetch(ctx)
	if err != nil {
		return nil, reported{}, fmt.Errorf("fetching the site: %w", err)
	}
	reports, err := s.fetchReports(ctx, snapshot.Nodes)
	if err != nil {
		return nil, reported{}, fmt.Errorf("fetching what the nodes report: %w", err)
	}
	approvals, err := s.fetchApprovals(ctx)
	if err != nil {
		return nil, reported{}, fmt.Errorf("fetching what people approved: %w", err)
	}
	opened := openings.Judge(*snapshot, approvals)
	snapshot.Held = opened.Held()
	model := s.memory.Resolve(*snapshot)
	choice, err := s.chooseBackend(ctx, snapshot.Site)
	if err != nil {
		return nil, reported{}, fmt.Errorf("choosing the backend: %w", err)
	}
	choice.settings.Restrain(model.Site)
	outcome := newOutcome(snapshot, model, choice)
	outcome.openings, outcome.approvals = opened, approvals
	outcome.verify(reports.nodes)
	outcome.time, outcome.trail = s.timekeeper.said(), s.trail.intact()
	outcome.impersonation = s.findImpersonators(ctx, snapshot.Site)
	if outcome.admission, err = s.fetchGuard(ctx); err != nil {
		return nil, reported{}, fmt.Errorf("fetching the guard: %w", err)
	}
	return outcome, reports, nil
}

// untilNextLook is the time to the next pass when no event brings one.
func (s *Segmentation) untilNextLook(o *outcome) time.Duration {
	switch {
	case o.backend.unsettled:
		return asksAgain
	case len(o.result.Failed) > 0:
		return looksAgain
	}
	return s.untilTomorrow(o.snapshot.Site)
}

// outcome is what one pass found and did; the statuses are made from it.
type outcome struct {
	snapshot *topology.Snapshot
	model    *topology.Model
	backend  choice
	set      policy.Set
	plan     *apply.Plan
	result   *apply.Result
	drift    driftRecord
	// held says why nothing at all is written in this pass, "" when it is.
	held       string
	heldDigest string
	// assetDefinition is what the assets of this pass were defined by.
	assetDefinition types.UID
	// conduits in force by name, and how many join each zone.
	conduits map[string]*topology.Conduit
	joining  map[string]int
	// admission is what of the guard at admission is not as it was shipped.
	admission guard.Differences
	// budget is what fits into Cilium's policy maps, withheld what is not carried out
	// because it does not fit.
	budget   budget.Judgement
	withheld map[topology.ObjectRef]bool
	// evidence is what the nodes report, verified what it says of each zone in force.
	evidence *evidence.Evidence
	verified map[string]evidence.Judgement
	// exposure is what of others stands around the zones, nil when nobody looked.
	exposure *exposure.Report
	// time is what is said of the site's clock, nil before the first look.
	time *siteTime
	// impersonation is who may act as any approver.
	impersonation []v1alpha1.Finding
	// trail is whether the audit trail is intact, nil before the first look.
	trail *evidence.Judgement
	// openings says which declarations wait for somebody to approve them, by approvals of
	// zones, conduits and assets.
	openings  openings.Judgement
	approvals []*v1alpha1.Approval
	// refused are our objects that Cilium does not take, with what it says.
	refused map[topology.ObjectRef]string
}

func newOutcome(s *topology.Snapshot, m *topology.Model, c choice) *outcome {
	o := &outcome{
		snapshot: s, model: m, backend: c, plan: &apply.Plan{}, result: &apply.Result{},
		conduits: map[string]*topology.Conduit{}, joining: map[string]int{},
	}
	for _, d := range m.Conduits {
		o.conduits[d.Name] = d
		joined := map[string]bool{d.Initiator.Zone.Name: true}
		for _, r := range d.Responders {
			joined[r.Zone.Name] = true
		}
		for zone := range joined {
			o.joining[zone]++
		}
	}
	return o
}

// carryOut plans what is owed and writes it.
func (s *Segmentation) carryOut(ctx context.Context, o *outcome) error {
	o.set = s.compiler.Compile(o.model)
	observed, err := s.observe(ctx)
	if err != nil {
		return fmt.Errorf("observing policy objects: %w", err)
	}
	o.keepWithinBudget(observed.ours, s.carried)
	input := apply.Input{
		Desired:   o.set.Objects,
		Observed:  observed.ours,
		Declared:  apply.Declarations(o.model, o.withheld),
		Confirmed: o.snapshot.Site.Annotations[v1alpha1.AnnotationConfirmPrune],
		Known:     s.known,
		Made:      s.conduitsMade(o.snapshot.Conduits, observed.ours),
	}
	if conduitVanished(input) {
		// Looked up live, and only now: a cached answer could be older than the
		// deletion that we are about to believe.
		if input.ConduitCRD, err = s.definition(ctx, "conduits"); err != nil {
			return fmt.Errorf("looking at the definition of Conduit: %w", err)
		}
	}
	o.plan = apply.NewPlan(input)
	s.want(o.set.Objects)
	o.refuse(observed.refused)
	if n := o.plan.Writes(); n > 0 {
		log.FromContext(ctx).Info("writing policy objects", "writes", n)
	}
	o.result = s.writer.Carry(ctx, o.plan, apply.Joins(o.model))
	s.carried = o.carriedOut(s.carried)
	s.remember(observed.ours, o.set.Objects)
	standing := o.result.Standing()
	await(ctx, len(standing), func(ctx context.Context, i int) bool {
		return s.cacheShows(ctx, standing[i])
	})
	s.mu.Lock()
	o.drift = s.drift
	s.mu.Unlock()
	return s.lookAround(ctx, o, observed)
}

// refuse notes which of the objects that are wanted Cilium does not take. Its word
// stands until it has another: one that is written anew is not yet taken.
func (o *outcome) refuse(refused map[apply.Key]string) {
	o.refused = map[topology.ObjectRef]string{}
	if len(refused) == 0 {
		return
	}
	for _, object := range o.set.Objects {
		if why := refused[apply.KeyOf(object)]; why != "" {
			o.refused[object.Source] = fmt.Sprintf("Cilium does not take %s: %s", apply.KeyOf(object), why)
		}
	}
}

// conduitsMade is when those conduits were made that are there or for which something
// stands, as far as this operator has seen them.
func (s *Segmentation) conduitsMade(there []*v1alpha1.Conduit, ours []apply.Observed) map[types.UID]time.Time {
	made := map[types.UID]time.Time{}
	for _, o := range ours {
		if at, seen := s.made[o.SourceUID]; seen {
			made[o.SourceUID] = at
		}
	}
	for _, c := range there {
		made[c.UID] = c.CreationTimestamp.Time
	}
	s.made = made
	return made
}

func conduitVanished(in apply.Input) bool {
	for _, o := range in.Observed {
		if d, ok := in.Declared[o.Source]; o.Source.Kind == topology.KindConduit && (!ok || d.UID != o.SourceUID) {
			return true
		}
	}
	return false
}

// untilTomorrow is the time to the next midnight of the site: dates have to be
// looked at once a day. They only ever warn, so a clock that lies costs nothing.
func (s *Segmentation) untilTomorrow(site *v1alpha1.Site) time.Duration {
	zone := time.UTC
	if site != nil {
		if z, err := time.LoadLocation(site.Spec.TimeZone); err == nil {
			zone = z
		}
	}
	now := s.clock.Now().In(zone)
	next := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 1, 0, zone)
	return next.Sub(now)
}
