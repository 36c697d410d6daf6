// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/access/grant"
	"github.com/zonewarden/zonewarden/internal/apply"
)

// windowPod is the pod that a window's sessions run in.
type windowPod struct {
	name    types.NamespacedName
	uid     types.UID
	address string
	node    string
}

// closing is what of one window is to go.
type closing struct {
	name  string
	uid   types.UID
	fuses []fuse
	// occurrence that it was granted for.
	occurrence string
	// due is when that had to be over.
	due time.Time
	// matter is nil for a window that is gone.
	matter *matter
}

// closings are what stands beyond what may: of windows that are over, held or gone, and of
// occurrences that are not the present one. What ended and was taken away by its fuse, before
// we looked, is among them: that it is over is to be proved all the same.
func (p *windowPass) closings() []closing {
	var out []closing
	for _, m := range p.matters {
		c := closing{name: m.window.Name, uid: m.window.UID, due: p.due(m), matter: m}
		for _, f := range p.standing[m.window.UID] {
			if m.decision.Grant == nil || f.occurrence != m.decision.Grant.Occurrence {
				c.fuses, c.occurrence = append(c.fuses, f), f.occurrence
			}
		}
		unseen := false
		if len(c.fuses) == 0 {
			c.occurrence, unseen = m.endedUnseen()
		}
		if len(c.fuses) > 0 || unseen {
			out = append(out, c)
		}
	}
	for uid, fuses := range p.standing {
		if !p.knows(uid) {
			out = append(out, closing{name: fuses[0].window, uid: uid, fuses: fuses, occurrence: fuses[0].occurrence, due: p.clock.Now})
		}
	}
	return out
}

// endedUnseen is the occurrence that the trail has as let in and that is owed its end.
func (m *matter) endedUnseen() (occurrence string, is bool) {
	if !slices.ContainsFunc(m.decision.Records, func(r access.Record) bool { return r.Kind == access.RecordEnded }) {
		return "", false
	}
	for _, r := range m.facts.Trail.Records {
		switch {
		case r.UID != string(m.window.UID):
		case r.Kind == access.RecordOpened:
			occurrence, is = r.Occurrence, true
		case r.Kind == access.RecordClosed && r.Occurrence == occurrence,
			r.Kind == access.RecordEnded && (r.Occurrence == occurrence || r.Occurrence == ""):
			is = false
		}
	}
	return occurrence, is
}

// due is when what stands of a window had to be over: at its end, or when that was seen. By
// a clock that is not trusted no end is past.
func (p *windowPass) due(m *matter) time.Time {
	end := m.decision.End
	if m.decision.Grant == nil && p.clock.MayExpire && !end.IsZero() && end.Before(p.clock.Now) {
		return end
	}
	return p.clock.Now
}

// close takes it away: every session is told at once, before anything is asked of the API
// server.
func (w *Windows) close(ctx context.Context, p *windowPass) {
	closings := p.closings()
	pods := make([]*windowPod, len(closings))
	for i, c := range closings {
		pods[i] = w.sessions.end(c.uid)
	}
	failed := make([]error, len(closings))
	var g errgroup.Group
	g.SetLimit(parallelClosings)
	for i, c := range closings {
		g.Go(func() error {
			failed[i] = w.grants.Close(ctx, c.name, removable(c.fuses))
			return nil
		})
	}
	_ = g.Wait() // each keeps its own error
	for i, c := range closings {
		w.endings.begin(ctx, c.uid, newEnding(c, pods[i], p.clock.Now, p.looked))
		w.closedOne(ctx, p, c, failed[i])
	}
}

// parallelClosings at a time: what lets in must not wait behind others that do.
const parallelClosings = 8

func removable(fuses []fuse) []apply.Fuse {
	out := make([]apply.Fuse, len(fuses))
	for i, f := range fuses {
		out[i] = apply.Fuse{Namespace: f.namespace, Name: f.name, UID: f.uid}
	}
	return out
}

func (w *Windows) closedOne(ctx context.Context, p *windowPass, c closing, err error) {
	if err != nil {
		p.errs = append(p.errs, err)
		if c.matter != nil {
			c.matter.keepUnclosed()
		}
		return
	}
	w.grants.Forget(c.name)
	for _, f := range c.fuses {
		w.closed[f.uid] = true
	}
	delete(w.laid, c.uid)
	log.FromContext(ctx).Info("closed what a window was granted", "window", c.name, "due", c.due)
}

func (p *windowPass) knows(uid types.UID) bool {
	return slices.ContainsFunc(p.windows, func(w *v1alpha1.VendorAccessWindow) bool { return w.UID == uid })
}

// keepUnclosed leaves out that an occurrence is held, as long as something of it stands:
// what stands without a record of its opening ends the window for good.
func (m *matter) keepUnclosed() {
	m.decision.Records = slices.DeleteFunc(m.decision.Records, func(r access.Record) bool {
		return r.Kind == access.RecordClosed
	})
}

// open writes what may stand.
func (w *Windows) open(ctx context.Context, p *windowPass) {
	look := w.podsChanged.Swap(false)
	for _, m := range p.matters {
		g := m.decision.Grant
		if g == nil || p.model == nil || p.site == nil {
			continue
		}
		if err := w.openOne(ctx, p, m, g, look); err != nil {
			m.failed = fmt.Errorf("opening window %s: %w", m.window.Name, err)
			// Somebody else's object, or a namespace that is missing: said in the window's
			// status, and tried again.
			log.FromContext(ctx).Error(m.failed, "a window that may be open is not")
		}
	}
}

// errReachesNothing is said of a window whose targets are pods that are not there now.
var errReachesNothing = errors.New("nothing that spec.reach names has an address now: nothing stands until something has")

func (w *Windows) openOne(ctx context.Context, p *windowPass, m *matter, g *access.Grant, look bool) error {
	key, err := w.trail.sessionKey(ctx)
	if err != nil {
		return err
	}
	input := w.grantInput(p, m, g)
	input.Operator.Key = publicOf(key)
	set := grant.Compile(input)
	m.set = &set
	if len(set.Objects) == 0 {
		m.failed = errReachesNothing
	}
	p.changed = p.changed || w.grants.Differs(m.window.Name, &set)
	w.endings.forget(m.window.UID)
	stands, err := w.grants.Open(ctx, &set, input.Left, look)
	w.lay(m, stands.Fuses)
	m.endpoints(stands)
	if err != nil {
		return err
	}
	pod := stands.Pod
	if pod != nil && pod.Status.PodIP != "" {
		m.pod = &windowPod{
			name: types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}, uid: pod.UID, address: pod.Status.PodIP, node: pod.Spec.NodeName,
		}
	}
	return nil
}

// lay remembers fuses until the cache shows them.
func (w *Windows) lay(m *matter, fuses []apply.Fuse) {
	for _, f := range fuses {
		w.laid[m.window.UID] = append(w.laid[m.window.UID], fuse{
			namespace: f.Namespace, name: f.Name, uid: f.UID, window: m.window.Name, occurrence: m.decision.Grant.Occurrence,
		})
	}
}

// attend sees to it that the pods of what is open know their end.
func (w *Windows) attend(ctx context.Context, p *windowPass) {
	for _, m := range p.matters {
		if m.pod == nil || m.decision.Grant == nil {
			continue
		}
		key, err := w.trail.sessionKey(ctx)
		if err != nil {
			p.errs = append(p.errs, err)
			continue
		}
		w.sessions.keep(ctx, m.window.UID, *m.pod, m.decision.Grant.Until, key)
	}
}

func (w *Windows) grantInput(p *windowPass, m *matter, g *access.Grant) grant.Input {
	return grant.Input{
		Window: m.window, Grant: *g,
		Left: g.Until.Sub(p.clock.Now), Latest: latest(p.site, m.decision, g).Sub(p.clock.Now),
		Access: p.site.Spec.Access, Model: p.model, Pods: p.pods, Backend: p.backend,
		Operator: grant.Operator{Namespace: w.namespace, PodLabels: w.pods.Labels, Image: w.pods.Image, PullSecrets: w.pods.PullSecrets},
	}
}

// latest is how far the occurrence can ever be extended: a pod's own deadline cannot be
// moved. Approvers go no further than latestEnd and the Site's longest.
func latest(site *v1alpha1.Site, d access.Decision, g *access.Grant) time.Time {
	longest := span(&site.Spec.Access.Longest)
	if longest <= 0 {
		return g.Until
	}
	if end := d.Start.Add(longest); end.After(g.Until) {
		return end
	}
	return g.Until
}

// unready says that a pod is granted and does not serve yet.
func (m *matter) unready() bool {
	return m.set != nil && m.set.Pod != nil && m.pod == nil
}

// problems are what package access cannot see of what a window names.
func (w *Windows) problems(ctx context.Context, p *windowPass, m *matter) []access.Problem {
	if p.site == nil || p.model == nil {
		return nil
	}
	roles, err := w.roles(ctx, m.window)
	if err != nil {
		return []access.Problem{{Field: "spec.kubernetes.roles", Message: fmt.Sprintf("the roles cannot be read: %v", err)}}
	}
	out := grant.Check(m.window, p.site, p.model, p.pods, roles)
	if w.pods.Image == "" && m.window.Spec.Grant != v1alpha1.GrantSourceAddress {
		out = append(out, access.Problem{Field: "spec.grant", Message: "the operator does not know its own image, which a window's pod runs: see --session-image"})
	}
	m.images = w.images.verdict(ctx, m.window, p.site)
	// What is open has its image, wherever that is by now.
	if m.images.absent() && len(p.standing[m.window.UID]) == 0 {
		out = append(out, access.Problem{Field: "spec.grant", Message: m.images.message})
	}
	return out
}

// roles that a window names, by name; those that do not exist are left out.
func (w *Windows) roles(ctx context.Context, window *v1alpha1.VendorAccessWindow) (map[string]*rbacv1.ClusterRole, error) {
	out := map[string]*rbacv1.ClusterRole{}
	if window.Spec.Kubernetes == nil {
		return out, nil
	}
	for _, r := range window.Spec.Kubernetes.Roles {
		role := &rbacv1.ClusterRole{}
		err := w.cache.Get(ctx, client.ObjectKey{Name: r.Role}, role)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out[r.Role] = role
	}
	return out, nil
}

// endpoints are where the jump host connects to, as the Service has it now.
func (m *matter) endpoints(stands apply.Stands) {
	if m.set == nil {
		return
	}
	m.where = nil
	for _, e := range m.set.Endpoints {
		m.where = append(m.where, v1alpha1.WindowEndpoint{At: at(stands, e), To: e.To})
	}
}

// at is address, port and transport, "" while there is none.
func at(stands apply.Stands, e grant.Endpoint) string {
	service := stands.Service
	if service == nil {
		return ""
	}
	for _, p := range service.Spec.Ports {
		if p.Port != int32(e.Port) || string(p.Protocol) != string(e.Transport) {
			continue
		}
		switch service.Spec.Type {
		case corev1.ServiceTypeNodePort:
			// The source address is kept, so only the relay's own node answers.
			if stands.Pod == nil {
				return ""
			}
			return endpointText(stands.Pod.Status.HostIP, p.NodePort, p.Protocol)
		case corev1.ServiceTypeLoadBalancer:
			for _, i := range service.Status.LoadBalancer.Ingress {
				if i.IP != "" {
					return endpointText(i.IP, p.Port, p.Protocol)
				}
			}
			return ""
		default:
			return endpointText(service.Spec.ClusterIP, p.Port, p.Protocol)
		}
	}
	return ""
}

func endpointText(address string, port int32, transport corev1.Protocol) string {
	if address == "" || address == corev1.ClusterIPNone {
		return ""
	}
	return fmt.Sprintf("%s/%s", joinHostPort(address, port), transport)
}
