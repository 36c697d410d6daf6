// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/controllers"
	"github.com/zonewarden/zonewarden/internal/session"
	"github.com/zonewarden/zonewarden/internal/session/boot"
	"github.com/zonewarden/zonewarden/internal/session/until"
)

// accessWorld is a plant with vendors: a cell with a drive, and a node on which the pods
// of windows run.
type accessWorld struct {
	*world
	node *node
}

func newAccessWorld(t *testing.T) *accessWorld {
	t.Helper()
	w := newWorld(t)
	w.make(&corev1.Namespace{ObjectMeta: objectMeta(v1alpha1.NamespaceAccess)}, namespace("cell-1"))
	a := &accessWorld{world: w}
	a.emptyAccess()
	t.Cleanup(a.emptyAccess)
	s := site()
	s.Spec.Access.JumpHosts = []v1alpha1.JumpHost{{Name: "jumphost-1", Addresses: []v1alpha1.JumpHostAddress{"10.30.5.10"}}}
	s.Spec.Access.Clock.HardwareClock = v1alpha1.HardwareClockGood
	w.make(s, zone("cell-1", devices("cell-1")),
		&v1alpha1.Asset{
			ObjectMeta: metav1.ObjectMeta{Name: "drive", Labels: map[string]string{"zone": "cell-1"}},
			Spec:       v1alpha1.AssetSpec{Tag: "DRV-1", Role: "Drive", Addresses: []v1alpha1.AssetAddress{"10.20.0.7"}},
		},
		&v1alpha1.Vendor{ObjectMeta: objectMeta("acme"), Spec: v1alpha1.VendorSpec{
			Company: "Acme", People: []v1alpha1.VendorPerson{{User: "tech-1@acme.example", Name: "A. Technician"}}, ContractEnd: "2099-12-31", Zones: []string{"cell-1"},
		}})
	a.node = startNode(t, w)
	return a
}

// emptyAccess removes what these tests make beside the plant, the trail included.
func (a *accessWorld) emptyAccess() {
	a.t.Helper()
	for _, o := range []client.Object{&v1alpha1.VendorAccessWindow{}, &v1alpha1.Approval{}, &v1alpha1.AccessLock{}, &v1alpha1.Vendor{}} {
		a.must(client.IgnoreNotFound(a.DeleteAllOf(a.ctx(), o)))
	}
	for _, namespace := range []string{v1alpha1.NamespaceAccess, "cell-1"} {
		a.must(a.DeleteAllOf(a.ctx(), &corev1.Pod{}, client.InNamespace(namespace), client.GracePeriodSeconds(0)))
		a.must(a.DeleteAllOf(a.ctx(), &batchv1.Job{}, client.InNamespace(namespace), client.PropagationPolicy(metav1.DeletePropagationBackground)))
	}
	for _, o := range []client.Object{&corev1.ConfigMap{}, &corev1.Secret{}} {
		a.must(a.DeleteAllOf(a.ctx(), o, client.InNamespace(here.Namespace)))
	}
}

// startAll starts the operator with all that it does.
func (w *world) startAll() *operator {
	w.t.Helper()
	return w.run(w.plane.Config(), func(mgr ctrl.Manager) error {
		return controllers.Setup(mgr, here, controllers.Options{Pods: controllers.PodSource{
			Image: "zonewarden", Labels: map[string]string{"app.kubernetes.io/name": "zonewarden"},
		}})
	})
}

// request asks for a window that begins now.
func (a *accessWorld) request(name string, lasts time.Duration, edits ...func(*v1alpha1.VendorAccessWindowSpec)) *v1alpha1.VendorAccessWindow {
	a.t.Helper()
	w := windowOf(name, lasts)
	for _, e := range edits {
		e(&w.Spec)
	}
	a.make(w)
	return w
}

func windowOf(name string, lasts time.Duration) *v1alpha1.VendorAccessWindow {
	now := time.Now().UTC()
	start, end := instant(now.Add(-time.Second)), instant(now.Add(lasts))
	port := int32(502)
	return &v1alpha1.VendorAccessWindow{ObjectMeta: objectMeta(name), Spec: v1alpha1.VendorAccessWindowSpec{
		Requester: "planner@plant.example", Vendor: "acme", People: []v1alpha1.NamedUser{"tech-1@acme.example"},
		Work: v1alpha1.Work{Reason: "drive trips"}, Start: &start, End: &end, Through: "jumphost-1",
		Reach: []v1alpha1.Reach{{Zone: "cell-1", Assets: []string{"drive"}, Flows: []v1alpha1.Flow{{Port: &port, Transport: "TCP"}}}},
	}}
}

func instant(t time.Time) v1alpha1.Moment { return v1alpha1.Moment(t.Format("2006-01-02T15:04:05Z")) }

// decide decides on a window as somebody; no admission policy is in the way here.
func (a *accessWorld) decide(w *v1alpha1.VendorAccessWindow, by string, what v1alpha1.ApprovalDecision, until ...time.Time) *v1alpha1.Approval {
	a.t.Helper()
	d := &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-%s-%d", w.Name, strings.ToLower(string(what)), time.Now().UnixNano()), OwnerReferences: []metav1.OwnerReference{{
			APIVersion: v1alpha1.GroupVersion.String(), Kind: "VendorAccessWindow", Name: w.Name, UID: w.UID,
		}}},
		Spec: v1alpha1.ApprovalSpec{
			Of:        v1alpha1.ApprovedObject{Kind: v1alpha1.ApprovedWindow, Name: w.Name, UID: string(w.UID), Generation: w.Generation},
			Requester: w.Spec.Requester, Approver: v1alpha1.Username(by), Decision: what,
		},
	}
	for _, u := range until {
		d.Spec.Until = new(instant(u.UTC()))
	}
	a.make(d)
	return d
}

// becomes waits until a window is in a phase, and returns it.
func (a *accessWorld) becomes(w *v1alpha1.VendorAccessWindow, phase v1alpha1.WindowPhase) *v1alpha1.VendorAccessWindow {
	a.t.Helper()
	live := &v1alpha1.VendorAccessWindow{}
	a.eventually(fmt.Sprintf("window %s is %s", w.Name, phase), func() error {
		a.must(a.Get(a.ctx(), client.ObjectKeyFromObject(w), live))
		if live.Status.Phase != phase {
			return fmt.Errorf("it is %s (%s): %+v", live.Status.Phase, live.Status.Reason, live.Status.Conditions)
		}
		return nil
	})
	return live
}

// opened waits until a window is open and its pod knows its end.
func (a *accessWorld) opened(w *v1alpha1.VendorAccessWindow) *v1alpha1.VendorAccessWindow {
	a.t.Helper()
	return a.says(w, v1alpha1.ConditionEndsWithoutAPIServer, metav1.ConditionTrue)
}

// says waits until a window has a condition.
func (a *accessWorld) says(w *v1alpha1.VendorAccessWindow, kind string, status metav1.ConditionStatus) *v1alpha1.VendorAccessWindow {
	a.t.Helper()
	live := &v1alpha1.VendorAccessWindow{}
	a.eventually(fmt.Sprintf("window %s says %s=%s", w.Name, kind, status), func() error {
		a.must(a.Get(a.ctx(), client.ObjectKeyFromObject(w), live))
		if c := meta.FindStatusCondition(live.Status.Conditions, kind); c == nil || c.Status != status {
			return fmt.Errorf("phase %s (%s), findings %+v, conditions %+v", live.Status.Phase, live.Status.Reason, live.Status.Findings, live.Status.Conditions)
		}
		return nil
	})
	return live
}

// standing are the objects of a window, by kind and name.
func (a *accessWorld) standing(window string) []string {
	a.t.Helper()
	var out []string
	for _, list := range []client.ObjectList{
		&batchv1.JobList{}, &corev1.PodList{}, &corev1.ServiceList{}, &rbacv1.RoleBindingList{}, &rbacv1.RoleList{}, &corev1.SecretList{}, &corev1.ServiceAccountList{},
	} {
		a.must(a.List(a.ctx(), list, client.MatchingLabels{v1alpha1.LabelKind: "VendorAccessWindow", v1alpha1.LabelName: window}))
		a.must(meta.EachListItem(list, func(o runtime.Object) error {
			m, err := meta.Accessor(o)
			a.must(err)
			out = append(out, fmt.Sprintf("%T %s/%s", o, m.GetNamespace(), m.GetName()))
			return nil
		}))
	}
	for _, kind := range []string{"CiliumNetworkPolicy"} {
		list := policyList(kind)
		a.must(a.List(a.ctx(), list, client.MatchingLabels{v1alpha1.LabelKind: "VendorAccessWindow", v1alpha1.LabelName: window}))
		for _, o := range list.Items {
			out = append(out, fmt.Sprintf("%s %s/%s", kind, o.GetNamespace(), o.GetName()))
		}
	}
	slices.Sort(out)
	return out
}

// node stands in for a kubelet where there is none: it gives each pod of a window an
// address on the loopback, and runs what the pod would, the real first process.
type node struct {
	w    *world
	mu   sync.Mutex
	runs map[string]*podRun
	// silent is a node whose kubelet does nothing more. What runs on it runs on.
	silent atomic.Bool
	// deaf are pods that nothing can be told: connections to them break.
	deaf atomic.Bool
	// more processes than one are in each pod.
	more atomic.Int64
}

// addresses that pods of all nodes have had.
var addresses atomic.Uint32

type podRun struct {
	cancel context.CancelFunc
	done   chan struct{}
}

func startNode(t *testing.T, w *world) *node {
	t.Helper()
	n := &node{w: w, runs: map[string]*podRun{}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			n.look(ctx)
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		n.mu.Lock()
		defer n.mu.Unlock()
		for _, r := range n.runs {
			r.cancel()
			<-r.done
		}
	})
	return n
}

// look starts pods that are new and ends those that are to go.
func (n *node) look(ctx context.Context) {
	if n.silent.Load() {
		return
	}
	var pods corev1.PodList
	if n.w.List(ctx, &pods, client.InNamespace(v1alpha1.NamespaceAccess)) != nil {
		return
	}
	n.endGone(pods.Items)
	for i := range pods.Items {
		p := &pods.Items[i]
		n.mu.Lock()
		run := n.runs[string(p.UID)]
		n.mu.Unlock()
		switch {
		case p.DeletionTimestamp != nil || run == nil && p.Status.Phase != corev1.PodPending:
			if run != nil {
				run.cancel()
				<-run.done
			}
			_ = n.w.Delete(ctx, p, client.GracePeriodSeconds(0), client.Preconditions{UID: &p.UID})
		case run == nil:
			n.start(ctx, p)
		case p.Status.Phase == corev1.PodRunning && !n.lives(string(p.UID)):
			before := p.DeepCopy()
			p.Status.Phase = corev1.PodSucceeded
			_ = n.w.Status().Patch(ctx, p, client.MergeFrom(before)) // it may be gone
		}
	}
}

// endGone ends what runs without a pod: one that no node was chosen for is gone at once.
func (n *node) endGone(pods []corev1.Pod) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for uid, run := range n.runs {
		if !slices.ContainsFunc(pods, func(p corev1.Pod) bool { return string(p.UID) == uid }) {
			run.cancel()
		}
	}
}

func (n *node) start(ctx context.Context, p *corev1.Pod) {
	var flags struct{ Window, Operator string }
	for _, e := range p.Spec.Containers[0].Env {
		if e.Name == "ZONEWARDEN_SESSION" {
			_ = json.Unmarshal([]byte(e.Value), &flags)
		}
	}
	key, err := base64.StdEncoding.DecodeString(flags.Operator)
	if err != nil || len(key) != ed25519.PublicKeySize {
		n.w.t.Errorf("pod %s has no operator's key", p.Name)
		return
	}
	// Of this process, so that tests of two do not meet.
	id := os.Getpid()
	address := fmt.Sprintf("127.%d.%d.%d", 1+id%250, 1+id/250%250, 1+addresses.Add(1)%250)
	var lc net.ListenConfig
	control, err := lc.Listen(ctx, "tcp", address+":7702")
	if err != nil {
		if ctx.Err() == nil {
			n.w.t.Errorf("running pod %s: %v", p.Name, err)
		}
		return
	}
	run := &podRun{done: make(chan struct{})}
	runCtx, cancel := context.WithCancel(context.Background())
	run.cancel = cancel
	uid := string(p.UID)
	go func() {
		defer close(run.done)
		_ = session.Run(runCtx, session.Config{
			Operator: key, Window: flags.Window, Pod: uid, Start: boot.Now(), First: time.Minute, Control: &hearing{Listener: control, deaf: &n.deaf},
			Status: func() until.Status { return until.Status{Processes: 1 + int(n.more.Load())} },
		}, func(ctx context.Context) error { <-ctx.Done(); return nil })
	}()
	n.mu.Lock()
	n.runs[uid] = run
	n.mu.Unlock()
	before := p.DeepCopy()
	p.Status.Phase, p.Status.PodIP, p.Status.PodIPs = corev1.PodRunning, address, []corev1.PodIP{{IP: address}}
	// It may be gone: the operator makes another.
	if err := n.w.Status().Patch(ctx, p, client.MergeFrom(before)); client.IgnoreNotFound(err) != nil && ctx.Err() == nil {
		n.w.t.Errorf("saying that pod %s runs: %v", p.Name, err)
	}
}

// hearing is a pod's listener.
type hearing struct {
	net.Listener
	deaf *atomic.Bool
}

func (h *hearing) Accept() (net.Conn, error) {
	for {
		conn, err := h.Listener.Accept()
		if err != nil || !h.deaf.Load() {
			return conn, err
		}
		_ = conn.Close()
	}
}

// lives says whether the first process of a window's pod does.
func (n *node) lives(uid string) bool {
	n.mu.Lock()
	run := n.runs[uid]
	n.mu.Unlock()
	if run == nil {
		return false
	}
	select {
	case <-run.done:
		return false
	default:
		return true
	}
}

func policyList(kind string) *unstructured.UnstructuredList {
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion("cilium.io/v2")
	list.SetKind(kind + "List")
	return list
}
