// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package argocd

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/cache"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/diff"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/health"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync/common"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/utils/kube"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/utils/tracing"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// trackingID is the annotation by which Argo CD 3 knows its own.
const trackingID = "argocd.argoproj.io/tracking-id"

// application is one Application of Argo CD at a site, synced by Argo CD's own engine as
// its controller does: each look compares anew and goes on where the last one stood.
type application struct {
	t       *testing.T
	name    string
	site    *site
	cache   cache.ClusterCache
	kubectl kube.Kubectl
	health  lua.ResourceHealthOverrides
	watcher *watcher
	// outOfSyncOnly is the sync option ApplyOutOfSyncOnly=true.
	outOfSyncOnly bool
	// prune and confirmed are said with a sync.
	prune, confirmed bool
}

func newApplication(t *testing.T, s *site, name string) *application {
	t.Helper()
	a := &application{
		t: t, name: name, site: s, health: checks(t), outOfSyncOnly: true,
		kubectl: &kube.KubectlCmd{Log: logr.Discard(), Tracer: tracing.NopTracer{}},
	}
	a.cache = cache.NewClusterCache(s.account,
		cache.SetLogr(logr.Discard()), cache.SetKubectl(a.kubectl), cache.SetRespectRBAC(cache.RespectRbacStrict),
		cache.SetSettings(cache.Settings{ResourceHealthOverride: a.health, ResourcesFilter: cache.NewNoopSettings()}),
		cache.SetPopulateResourceInfoHandler(func(o *unstructured.Unstructured, _ bool) (any, bool) {
			app, _, tracked := strings.Cut(o.GetAnnotations()[trackingID], ":")
			return app, tracked
		}))
	must(t, a.cache.EnsureSynced())
	t.Cleanup(func() { a.cache.Invalidate() })
	return a
}

func (a *application) isManaged(r *cache.Resource) bool { return r.Info == a.name }

// desired is what Git has, as Argo CD marks it.
func (a *application) desired(git []*unstructured.Unstructured) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for _, o := range git {
		o = o.DeepCopy()
		annotations := o.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		gvk := o.GroupVersionKind()
		annotations[trackingID] = fmt.Sprintf("%s:%s/%s:%s/%s", a.name, gvk.Group, gvk.Kind, o.GetNamespace(), o.GetName())
		o.SetAnnotations(annotations)
		out = append(out, o)
	}
	return out
}

// compare is what Argo CD finds: what belongs together, and whether it differs.
func (a *application) compare(git []*unstructured.Unstructured) (sync.ReconciliationResult, *diff.DiffResultList) {
	a.t.Helper()
	target := a.desired(git)
	live, err := a.cache.GetManagedLiveObjs(target, a.isManaged)
	must(a.t, err)
	found := sync.Reconcile(target, live, "zonewarden-system", a.cache)
	ops, cleanup, err := a.kubectl.ManageServerSideDiffDryRuns(a.site.account)
	must(a.t, err)
	defer cleanup()
	differences, err := diff.DiffArray(found.Target, found.Live, diff.WithLogr(logr.Discard()), diff.WithManager("argocd-controller"), diff.WithGVKParser(a.cache.GetGVKParser()),
		diff.WithServerSideDiff(true), diff.WithServerSideDryRunner(diff.NewK8sServerSideDryRunner(ops)))
	must(a.t, err)
	return found, differences
}

// outcome of an attempt to sync.
type outcome struct {
	phase   common.OperationPhase
	message string
	results []common.ResourceSyncResult
	started metav1.Time
}

// attempt is one attempt of a sync, until it is over.
func (a *application) attempt(git []*unstructured.Unstructured) outcome {
	a.t.Helper()
	at := outcome{phase: common.OperationRunning, started: metav1.Now()}
	for deadline := time.Now().Add(patience); ; {
		at = a.look(git, at)
		if at.phase.Completed() {
			return at
		}
		if time.Now().After(deadline) {
			a.t.Fatalf("the sync does not end: %s", at)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// look compares anew and goes on with a sync where it stood.
func (a *application) look(git []*unstructured.Unstructured, at outcome) outcome {
	a.t.Helper()
	found, differences := a.compare(git)
	c, cleanup, err := sync.NewSyncContext("a-commit", found, a.site.account, a.site.account, a.kubectl, "zonewarden-system",
		sync.WithLogr(logr.Discard()), sync.WithHealthOverride(a.health),
		sync.WithOperationSettings(false, a.prune, false, false), sync.WithPruneConfirmed(a.confirmed),
		sync.WithInitialState(at.phase, at.message, at.results, at.started),
		sync.WithResourceModificationChecker(a.outOfSyncOnly, differences),
		sync.WithServerSideApply(true), sync.WithServerSideApplyManager("argocd-controller"))
	must(a.t, err)
	defer cleanup()
	c.Sync()
	next := outcome{started: at.started}
	next.phase, next.message, next.results = c.GetState()
	return next
}

func (o outcome) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", o.phase, o.message)
	for _, r := range o.results {
		fmt.Fprintf(&b, "\n  wave of %s/%s: %s %s %s", r.ResourceKey.Kind, r.ResourceKey.Name, r.Status, r.HookPhase, r.Message)
	}
	return b.String()
}

// sync attempts until one succeeds, and returns how many it took. Argo CD's retries begin
// five seconds apart; these do not wait.
func (a *application) sync(git []*unstructured.Unstructured) int {
	a.t.Helper()
	a.watcher.expect(git)
	var last outcome
	for n := 1; n <= 5; n++ {
		if last = a.attempt(git); last.phase == common.OperationSucceeded {
			return n
		}
		a.t.Logf("attempt %d: %s", n, last)
	}
	a.t.Fatalf("no attempt succeeds: %s", last)
	return 0
}

// withDefaults compares as Argo CD does without ServerSideDiff, by the three versions that a
// client knows, and returns what it takes for changed.
func (a *application) withDefaults(git []*unstructured.Unstructured) []string {
	a.t.Helper()
	found, _ := a.compare(git)
	differences, err := diff.DiffArray(found.Target, found.Live, diff.WithLogr(logr.Discard()), diff.WithManager("argocd-controller"),
		diff.WithGVKParser(a.cache.GetGVKParser()), diff.WithStructuredMergeDiff(true))
	must(a.t, err)
	var out []string
	for i, d := range differences.Diffs {
		if d.Modified {
			out = append(out, name(found.Target[i], found.Live[i]))
		}
	}
	return out
}

// becomes waits until every object that Git has is in sync and has a health, Healthy but
// for those that are named.
func (a *application) becomes(git []*unstructured.Unstructured, but map[string]health.HealthStatusCode) {
	a.t.Helper()
	eventually(a.t, "the application is in sync and Healthy", func() error {
		found, differences := a.compare(git)
		for i, d := range differences.Diffs {
			if d.Modified {
				return fmt.Errorf("out of sync: %v\nlive %s\nwant %s", name(found.Target[i], found.Live[i]), d.NormalizedLive, d.PredictedLive)
			}
			is, err := health.GetResourceHealth(found.Live[i], a.health)
			if err != nil {
				return err
			}
			want := but[name(found.Live[i])]
			if want == "" {
				want = health.HealthStatusHealthy
			}
			if is != nil && is.Status != want {
				return fmt.Errorf("%s is %s: %s", name(found.Live[i]), is.Status, is.Message)
			}
		}
		return nil
	})
}

// name of the first that is there.
func name(of ...*unstructured.Unstructured) string {
	i := slices.IndexFunc(of, func(o *unstructured.Unstructured) bool { return o != nil })
	return of[i].GetKind() + "/" + of[i].GetName()
}
