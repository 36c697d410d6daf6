// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// The people of these tests.
const (
	planner    = "planner@plant.example"
	shift      = "shift-1@plant.example"
	owner      = "owner@plant.example"
	technician = "tech-1@acme.example"
)

// accessRules are what the Site of the water works says of vendor access on the stage: its
// machines keep the time themselves.
const accessRules = `
jumpHosts: [{name: jumphost-1, addresses: [10.30.5.10]}]
sessionPods: {image: "` + stage.Image + `"}
clock: {hardwareClock: Good}`

const vendor = `
apiVersion: zonewarden.io/v1alpha1
kind: Vendor
metadata: {name: acme-drives}
spec:
  company: Acme Drives Service
  people: [{user: ` + technician + `, name: A. Technician}]
  contractEnd: "2099-12-31"
  zones: [cell-pumping, cell-filtration]`

// accessPlant is the water works with a jump host, a vendor, and a node with real pods.
type accessPlant struct {
	*waterWorks
	jump, drive *stage.Host
	// people by name, each with the rights of the roles that they have.
	people map[string]client.Client
}

// withAccess is the plant with a node that runs pods, made ready to let vendors in.
func withAccess(t *testing.T) *accessPlant {
	t.Helper()
	w := plant(t)
	startKubelet(t, w.Stage)
	return withVendors(t, w)
}

// withVendors makes the plant ready to let vendors in. Layers are those of the guard.
func withVendors(t *testing.T, w *waterWorks, layers ...string) *accessPlant {
	t.Helper()
	site, acme := w.object("Site", "site"), stage.Parse(t, vendor)[0]
	must(t, unstructured.SetNestedField(site.Object, stage.Parse(t, accessRules)[0].Object, "spec", "access"))
	if len(layers) > 0 {
		must(t, unstructured.SetNestedStringSlice(site.Object, layers, "spec", "guard", "layers"))
		t.Cleanup(func() { w.Apply(t, w.object("Site", "site")) })
	}
	w.Apply(t, site, acme)
	w.settled()
	t.Cleanup(func() { w.Remove(t, acme) })
	a := &accessPlant{
		waterWorks: w, drive: w.host("drive-pump-01a"), jump: w.Device(t, "jumphost-1", "10.30.5.10"), people: map[string]client.Client{},
	}
	must(t, a.drive.Serve(stage.TCP(502), stage.UDP(502)))
	for name, role := range map[string]string{planner: "zonewarden-access-requester", shift: "zonewarden-shift", owner: "zonewarden-access-approver"} {
		a.person(name, role)
	}
	t.Cleanup(a.removeWindows)
	stage.Until(t, settles, "the site's time is trusted", func() bool {
		var site v1alpha1.Site
		must(t, w.Get(w.ctx(), client.ObjectKey{Name: "site"}, &site))
		return meta.IsStatusConditionTrue(site.Status.Conditions, v1alpha1.ConditionClockTrusted)
	})
	return a
}

// person makes somebody with a role.
func (a *accessPlant) person(name, role string) {
	a.t.Helper()
	config, err := a.ControlPlane.AddUser(name)
	must(a.t, err)
	a.Apply(a.t, stage.Parse(a.t, fmt.Sprintf(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: %[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %[1]s}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[2]q}]`, role, name))...)
	scheme := runtime.NewScheme()
	must(a.t, v1alpha1.AddToScheme(scheme))
	a.people[name], err = client.New(config, client.Options{Scheme: scheme})
	must(a.t, err)
	stage.Until(a.t, settles, name+" may what "+role+" may", func() bool {
		err = a.people[name].Get(a.ctx(), client.ObjectKey{Name: "nobody-asked-for-it"}, &v1alpha1.VendorAccessWindow{})
		return client.IgnoreNotFound(err) == nil
	}, func() string { return fmt.Sprint(err) })
}

// removeWindows leaves no window and no lock behind.
func (a *accessPlant) removeWindows() {
	a.t.Helper()
	must(a.t, a.DeleteAllOf(a.ctx(), &v1alpha1.AccessLock{}), a.DeleteAllOf(a.ctx(), &v1alpha1.VendorAccessWindow{}))
	stage.Until(a.t, settles, "no window's pod is left", func() bool {
		var pods corev1.PodList
		must(a.t, a.List(a.ctx(), &pods, client.InNamespace(v1alpha1.NamespaceAccess)))
		return len(pods.Items) == 0
	})
}

// request asks for a window of the drive that is open from now on for as long as that.
func (a *accessPlant) request(name string, lasts time.Duration, edit ...func(*v1alpha1.VendorAccessWindow)) *v1alpha1.VendorAccessWindow {
	a.t.Helper()
	w := newWindow(name, lasts)
	for _, e := range edit {
		e(w)
	}
	must(a.t, a.people[planner].Create(a.ctx(), w))
	return w
}

// newWindow is what the planner asks for.
func newWindow(name string, lasts time.Duration) *v1alpha1.VendorAccessWindow {
	now := time.Now().UTC()
	start, end := instant(now.Add(-time.Minute)), instant(now.Add(lasts))
	port := int32(502)
	return &v1alpha1.VendorAccessWindow{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.VendorAccessWindowSpec{
			Requester: planner, Vendor: "acme-drives", People: []v1alpha1.NamedUser{technician},
			Work: v1alpha1.Work{Reason: "drive trips on overload"}, Start: &start, End: &end, Through: "jumphost-1",
			Reach: []v1alpha1.Reach{{Zone: "cell-pumping", Assets: []string{"drive-pump-01a"}, Flows: []v1alpha1.Flow{
				{Port: &port, Transport: "TCP"}, {Port: &port, Transport: "UDP"},
			}}},
		},
	}
}

func instant(t time.Time) v1alpha1.Moment { return v1alpha1.Moment(t.Format("2006-01-02T15:04:05Z")) }

// decide decides on a window as somebody.
func (a *accessPlant) decide(as string, w *v1alpha1.VendorAccessWindow, what v1alpha1.ApprovalDecision) {
	a.t.Helper()
	d := &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{GenerateName: w.Name + "-", OwnerReferences: []metav1.OwnerReference{{
			APIVersion: v1alpha1.GroupVersion.String(), Kind: "VendorAccessWindow", Name: w.Name, UID: w.UID,
		}}},
		Spec: v1alpha1.ApprovalSpec{
			Of:        v1alpha1.ApprovedObject{Kind: v1alpha1.ApprovedWindow, Name: w.Name, UID: string(w.UID), Generation: w.Generation},
			Requester: w.Spec.Requester, Approver: v1alpha1.Username(as), Decision: what,
		},
	}
	must(a.t, a.people[as].Create(a.ctx(), d))
}

// now reads a window as it is.
func (a *accessPlant) now(w *v1alpha1.VendorAccessWindow) *v1alpha1.VendorAccessWindow {
	a.t.Helper()
	live := &v1alpha1.VendorAccessWindow{}
	must(a.t, a.Get(a.ctx(), client.ObjectKeyFromObject(w), live))
	return live
}

// becomes waits for a phase.
func (a *accessPlant) becomes(w *v1alpha1.VendorAccessWindow, phase v1alpha1.WindowPhase) *v1alpha1.VendorAccessWindow {
	a.t.Helper()
	live := w
	stage.Until(a.t, settles, fmt.Sprintf("window %s is %s", w.Name, phase), func() bool {
		live = a.now(w)
		return live.Status.Phase == phase
	}, func() string { return fmt.Sprintf("%+v", live.Status) })
	return live
}

// opened waits until a window's pod knows its end and a kubelet runs it, and returns the pod.
func (a *accessPlant) opened(w *v1alpha1.VendorAccessWindow) *corev1.Pod {
	a.t.Helper()
	a.isOpen(w)
	pod := &corev1.Pod{}
	// The operator may have told the pod its end before the kubelet has said what runs in it.
	stage.Until(a.t, settles, "the kubelet says what runs in the pod of "+w.Name, func() bool {
		must(a.t, a.Get(a.ctx(), client.ObjectKey{Namespace: v1alpha1.NamespaceAccess, Name: "window-" + w.Name}, pod))
		return len(pod.Status.ContainerStatuses) > 0 && !slices.ContainsFunc(pod.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool {
			return c.ContainerID == ""
		})
	}, func() string { return fmt.Sprintf("%+v", pod.Status) })
	return pod
}

// isOpen waits until a window's pod knows its end, whoever runs it.
func (a *accessPlant) isOpen(w *v1alpha1.VendorAccessWindow) {
	a.t.Helper()
	var live *v1alpha1.VendorAccessWindow
	stage.Until(a.t, 2*settles, fmt.Sprintf("window %s is open and ends without us", w.Name), func() bool {
		live = a.now(w)
		return live.Status.Phase == v1alpha1.WindowActive && meta.IsStatusConditionTrue(live.Status.Conditions, v1alpha1.ConditionEndsWithoutAPIServer)
	}, func() string { return fmt.Sprintf("%+v", live.Status) })
}

// streams opens one of each transport through a window's relay.
func (a *accessPlant) streams(pod *corev1.Pod) []*stage.Stream {
	a.t.Helper()
	var out []*stage.Stream
	for i, port := range []stage.Port{stage.TCP(502), stage.UDP(502)} {
		at := netip.AddrPortFrom(netip.MustParseAddr(pod.Status.PodIP), uint16(firstRelayPort+i))
		s, err := stage.OpenAt(a.jump, at, a.drive, port, accessBeat)
		must(a.t, err)
		a.t.Cleanup(s.Close)
		out = append(out, s)
	}
	return out
}

// accessBeat is coarser than a stream's usual one: many streams are open at a time, and their
// machine has two cores.
const accessBeat = 10 * time.Millisecond

// firstRelayPort is where a relay begins to listen.
const firstRelayPort = 20000

// quietAfter waits until nothing has passed for a while, and returns when the last packet did.
func (a *accessPlant) quietAfter(streams []*stage.Stream, patience time.Duration) time.Time {
	a.t.Helper()
	stage.Until(a.t, patience, "nothing passes any more", func() bool {
		for _, s := range streams {
			if !s.Quiet(quietFor) {
				return false
			}
		}
		return true
	})
	var last time.Time
	for _, s := range streams {
		for _, d := range []time.Time{s.Up.Last(), s.Down.Last()} {
			if d.After(last) {
				last = d
			}
		}
	}
	return last
}

// quietFor is how long a stream that beats every few milliseconds is silent when it is over.
const quietFor = 700 * time.Millisecond
