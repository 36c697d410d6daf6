// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/config/admission"
	"github.com/zonewarden/zonewarden/internal/cli"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

const (
	config = "../../config"
	// system is the operator's namespace.
	system = "zonewarden-system"
)

// roles of the users, from config/rbac.
var roles = map[string]string{
	"planner-1":           "zonewarden-access-requester",
	"ops-1":               "zonewarden-access-approver",
	"ops-2":               "zonewarden-access-approver",
	"shift-1":             "zonewarden-shift",
	"shift-2":             "zonewarden-break-glass",
	"viewer-1":            "zonewarden-viewer",
	"tech-1@acme.example": "zonewarden-vendor",
	"auditor-1":           "zonewarden-auditor",
	"engineer-1":          "zonewarden-planner",
	"owner-1":             "zonewarden-opening-approver",
	"owner-2":             "zonewarden-opening-approver",
}

// plant is the water works on a real API server, with the guard and real users.
type plant struct {
	plane       *controlplane.ControlPlane
	admin       client.Client
	kubeconfigs map[string]string

	mu  sync.Mutex
	now time.Time
	// operator is there while a test asks for one.
	operator *operator
}

// shared is one for all tests: they keep to windows of their own.
var shared *plant

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctrl.SetLogger(logr.Discard())
	p, err := start(context.Background())
	if err == nil {
		shared = p
		defer func() {
			if err := p.plane.Stop(); err != nil {
				fmt.Fprintln(os.Stderr, "stopping the control plane:", err)
			}
		}()
		return m.Run()
	}
	fmt.Fprintln(os.Stderr, "starting the plant:", err)
	if p != nil {
		_ = p.plane.Stop()
	}
	return 1
}

func start(ctx context.Context) (*plant, error) {
	plane, err := controlplane.Start(ctx, controlplane.Options{CRDPaths: []string{filepath.Join(config, "crd")}})
	if err != nil {
		return nil, err
	}
	p := &plant{plane: plane, kubeconfigs: map[string]string{}}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return p, err
		}
	}
	if p.admin, err = client.New(plane.Config(), client.Options{Scheme: scheme}); err != nil {
		return p, err
	}
	for _, step := range []func(context.Context) error{p.addRoles, p.addUsers, p.addWorks, p.addGuard, p.addTrail} {
		if err := step(ctx); err != nil {
			return p, err
		}
	}
	return p, nil
}

// send creates what YAML documents hold, if it is one of the kinds.
func (p *plant) send(ctx context.Context, raw []byte, kinds ...string) error {
	for doc := range strings.SplitSeq(string(raw), "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(doc), &o.Object); err != nil {
			return err
		}
		if len(kinds) > 0 && !strings.Contains(strings.Join(kinds, " "), o.GetKind()) {
			continue
		}
		if err := p.admin.Create(ctx, o); err != nil {
			return fmt.Errorf("%s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

func (p *plant) addRoles(ctx context.Context) error {
	if err := p.admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: system}}); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(config, "rbac", "*_role.yaml"))
	if err != nil {
		return err
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err == nil {
			err = p.send(ctx, raw, "ClusterRole", "Role")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *plant) addUsers(ctx context.Context) error {
	for user, role := range roles {
		path, err := p.plane.UserKubeconfig(user)
		if err != nil {
			return err
		}
		p.kubeconfigs[user] = path
		if role == "" {
			continue
		}
		name := strings.ReplaceAll(user, "@", "-at-")
		if err := p.admin.Create(ctx, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
		}); err != nil {
			return err
		}
	}
	if err := p.admin.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: "auditor-1"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "zonewarden-auditor"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: "auditor-1"}},
	}); err != nil {
		return err
	}
	path, err := p.plane.Kubeconfig()
	p.kubeconfigs["admin"] = path
	return err
}

// addWorks sends the sample of vendor access. Its Site wants a second factor, which client
// certificates cannot attest.
func (p *plant) addWorks(ctx context.Context) error {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(config, "samples", "vendor-access"))
	if err != nil {
		return err
	}
	for _, r := range resources.Resources() {
		raw, err := r.AsYAML()
		if err == nil {
			err = p.send(ctx, raw, "Site", "Zone", "Asset", "Vendor")
		}
		if err != nil {
			return err
		}
	}
	site := &v1alpha1.Site{}
	if err := p.admin.Get(ctx, client.ObjectKey{Name: "site"}, site); err != nil {
		return err
	}
	site.Spec.Access.Factors = nil
	if err := p.admin.Update(ctx, site); err != nil {
		return err
	}
	site.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionClockTrusted, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonClockSynchronised,
		LastTransitionTime: metav1.Now(),
	}}
	if err := p.admin.Status().Update(ctx, site); err != nil {
		return err
	}
	return p.placeAssets(ctx)
}

func (p *plant) placeAssets(ctx context.Context) error {
	var assets v1alpha1.AssetList
	if err := p.admin.List(ctx, &assets); err != nil {
		return err
	}
	for i := range assets.Items {
		a := &assets.Items[i]
		a.Status.Zone = a.Labels["plant.example/zone"]
		if err := p.admin.Status().Update(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// addGuard sends the admission policies for vendor access, and waits until they hold.
func (p *plant) addGuard(ctx context.Context) error {
	for _, raw := range admission.Manifests() {
		for _, of := range []string{"zonewarden-approval", "zonewarden-window-limits", "zonewarden-windows", "zonewarden-locks"} {
			if strings.Contains(string(raw), "\n  name: "+of) {
				if err := p.send(ctx, raw); err != nil {
					return err
				}
				break
			}
		}
	}
	foreign := &v1alpha1.AccessLock{ObjectMeta: metav1.ObjectMeta{Name: "probe"}, Spec: v1alpha1.AccessLockSpec{Everything: true, Reason: "probe", By: "somebody else"}}
	window := &v1alpha1.VendorAccessWindow{ObjectMeta: metav1.ObjectMeta{Name: "probe"}, Spec: v1alpha1.VendorAccessWindowSpec{
		Requester: "admin", Vendor: "v", People: []v1alpha1.NamedUser{"p"}, Work: v1alpha1.Work{Reason: "probe"}, Through: "j",
		Start: new(v1alpha1.Moment("2026-11-23T00:00")), End: new(v1alpha1.Moment("2026-11-23T23:00")),
		Reach: []v1alpha1.Reach{{Zone: "z", Assets: []string{"a"}, Flows: []v1alpha1.Flow{{Protocol: "ssh"}}}},
	}}
	approval := &v1alpha1.Approval{ObjectMeta: metav1.ObjectMeta{Name: "probe"}, Spec: v1alpha1.ApprovalSpec{
		Of:        v1alpha1.ApprovedObject{Kind: "VendorAccessWindow", Name: "w", UID: "00000000-0000-0000-0000-000000000000", Generation: 1},
		Requester: "a", Approver: "b", Decision: v1alpha1.DecisionApprove,
	}}
	for _, o := range []client.Object{foreign, window, approval} {
		err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
			err := p.admin.Create(ctx, o.DeepCopyObject().(client.Object), client.DryRunAll)
			if apierrors.IsForbidden(err) {
				return true, nil
			}
			return false, err
		})
		if err != nil {
			return fmt.Errorf("waiting for the guard by a %T: %w", o, err)
		}
	}
	return nil
}

func (p *plant) setNow(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = at
}

func (p *plant) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// outcome is what a command line left.
type outcome struct {
	out, err string
	code     exit.Code
}

// as runs a command line in process, as a user.
func (p *plant) as(t *testing.T, user, input string, args ...string) outcome {
	t.Helper()
	return p.asReading(t, user, strings.NewReader(input), args...)
}

func (p *plant) asReading(t *testing.T, user string, input io.Reader, args ...string) outcome {
	t.Helper()
	var out, errOut bytes.Buffer
	streams := genericiooptions.IOStreams{In: input, Out: &out, ErrOut: &errOut}
	args = append([]string{}, args...)
	if len(args) > 0 && args[0] == "__complete" {
		args = append([]string{"__complete", "--kubeconfig", p.kubeconfigs[user]}, args[1:]...)
	} else {
		args = append(args, "--kubeconfig", p.kubeconfigs[user])
	}
	code := cli.Run(t.Context(), streams, p.clock, args)
	return outcome{out.String(), errOut.String(), code}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	must(t, err)
	return string(raw)
}

// golden compares with a file of testdata, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.MkdirAll("testdata", 0o750))
		must(t, os.WriteFile(path, []byte(got), 0o600))
		return
	}
	if diff := cmp.Diff(read(t, path), got); diff != "" {
		t.Errorf("%s (-golden +got; -update writes it):\n%s", path, diff)
	}
}
