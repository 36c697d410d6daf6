// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package grant_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access/grant"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

const patience = time.Minute

// server is a control plane with the namespaces of the site, as config/default has them.
type server struct {
	admin, operator client.Client
}

// serve starts it. The operator has the rights of config and no others.
func serve(t *testing.T) *server {
	t.Helper()
	ctrl.SetLogger(logr.Discard())
	cilium, err := controlplane.CiliumCRDs()
	must(t, err)
	plane, err := controlplane.Start(t.Context(), controlplane.Options{CRDPaths: []string{cilium}, ControllerManager: true})
	must(t, err)
	t.Cleanup(func() { must(t, plane.Stop()) })
	s := &server{}
	s.admin, err = client.New(plane.Config(), client.Options{Scheme: clientgoscheme.Scheme})
	must(t, err)
	account, err := plane.AddUser("system:serviceaccount:zonewarden-system:zonewarden", "system:serviceaccounts", "system:serviceaccounts:zonewarden-system")
	must(t, err)
	s.operator, err = client.New(account, client.Options{Scheme: clientgoscheme.Scheme})
	must(t, err)
	for _, ns := range []string{"zonewarden-system", "scada", "pumping", "pam", "lab"} {
		s.apply(t, document(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+ns+", labels: {pod-security.kubernetes.io/enforce: restricted}}"))
	}
	for _, folder := range []string{"access", "rbac"} {
		resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "../../../config/"+folder)
		must(t, err)
		for _, r := range resources.Resources() {
			raw, err := r.AsYAML()
			must(t, err)
			s.apply(t, document(t, string(raw)))
		}
	}
	role := safeRoles()["acme-look"].DeepCopy()
	role.SetGroupVersionKind(rbacv1.SchemeGroupVersion.WithKind("ClusterRole"))
	s.apply(t, role)
	s.eventually(t, "the granter's role is filled", func(ctx context.Context) error {
		var granter rbacv1.ClusterRole
		if err := s.admin.Get(ctx, client.ObjectKey{Name: "zonewarden-window-granter"}, &granter); err != nil {
			return err
		}
		if len(granter.Rules) == 0 {
			return errors.New("it has no rules")
		}
		return nil
	})
	return s
}

func document(t *testing.T, doc string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	must(t, yaml.Unmarshal([]byte(doc), &u.Object))
	return u
}

func (s *server) apply(t *testing.T, o client.Object) {
	t.Helper()
	_, err := send(t.Context(), s.admin, o)
	must(t, err)
}

// send applies an object, as the writer does. Unknown fields are refused.
func send(ctx context.Context, c client.Client, o any, opts ...client.ApplyOption) (*unstructured.Unstructured, error) {
	raw, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal(raw, &u.Object); err != nil {
		return nil, err
	}
	delete(u.Object, "status")
	opts = append(opts, client.FieldOwner("test"), client.ForceOwnership)
	return u, client.WithFieldValidation(c, "Strict").Apply(ctx, client.ApplyConfigurationFromUnstructured(u), opts...)
}

func (s *server) eventually(t *testing.T, what string, check func(context.Context) error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		t.Fatalf("waiting until %s: %v", what, last)
	}
}

// make writes a set: the fuses, and then, unless it is a dry run, what they own.
func (s *server) make(t *testing.T, set grant.Set, opts ...client.ApplyOption) []*unstructured.Unstructured {
	t.Helper()
	var made []*unstructured.Unstructured
	fuses := map[string]*unstructured.Unstructured{}
	for _, f := range set.Fuses {
		u, err := send(t.Context(), s.operator, f.Manifest)
		if err != nil {
			t.Fatalf("the fuse in %s: %v", f.Namespace, err)
		}
		fuses[f.Namespace] = u
		made = append(made, u)
	}
	for _, o := range set.Objects {
		o.Own(fuses[o.Namespace].GetUID())
		u, err := send(t.Context(), s.operator, o.Manifest, opts...)
		if err != nil {
			t.Errorf("%s %s/%s: %v", o.GVK.Kind, o.Namespace, o.Name, err)
			continue
		}
		made = append(made, u)
	}
	return made
}

// gone waits until nothing of a set is there.
func (s *server) gone(t *testing.T, made []*unstructured.Unstructured) {
	t.Helper()
	for _, u := range made {
		s.eventually(t, fmt.Sprintf("%s %s/%s is gone", u.GetKind(), u.GetNamespace(), u.GetName()), func(ctx context.Context) error {
			err := s.admin.Get(ctx, client.ObjectKeyFromObject(u), u.DeepCopy())
			if apierrors.IsNotFound(err) {
				return nil
			}
			return fmt.Errorf("it is there: %w", err)
		})
	}
}

// TestServerTakesThem writes every object of every case with the operator's own rights, in
// namespaces in which PodSecurity holds pods to restricted, and sees each go with its fuse.
// What stands behind it is etcd, kube-apiserver and kube-controller-manager: no operator.
func TestServerTakesThem(t *testing.T) {
	t.Parallel()
	s, p := serve(t), load(t)
	n := 0
	for name, w := range cases() {
		for backend, b := range backends {
			in := p.input(w, b)
			in.Window = w.DeepCopy()
			in.Window.Name = name + "-" + backend
			in.Left = 2 * time.Second
			set := grant.Compile(in)
			began := time.Now()
			made := s.make(t, set)
			n += len(made)
			// What is a fuse and was made is found dead by the controllers alone.
			s.gone(t, made)
			t.Logf("%s: %d objects stood for %s of %s", in.Window.Name, len(made), time.Since(began).Round(10*time.Millisecond), in.Left)
		}
	}
	if n < 70 {
		t.Errorf("only %d objects were made", n)
	}
	t.Logf("%d objects", n)
	s.checkRefusals(t, p)
}

// checkRefusals: what the operator has no right to make is not made.
func (s *server) checkRefusals(t *testing.T, p plant) {
	t.Helper()
	w := window(v1alpha1.GrantRelay, "jumphost-1", assets(named("modbus-tcp"), "drive-01a"))
	w.Spec.Kubernetes = &v1alpha1.KubernetesRights{Roles: []v1alpha1.WindowRole{{Namespace: "scada", Role: "admin"}}}
	set := grant.Compile(p.input(w, v1alpha1.BackendNetwork))
	i := slices.IndexFunc(set.Objects, func(o *grant.Object) bool { return o.GVK.Kind == "RoleBinding" })
	if _, err := send(t.Context(), s.operator, set.Objects[i].Manifest, client.DryRunAll); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "attempting to grant RBAC permissions not currently held") {
		t.Errorf("a role that is not for vendors is bound: %v", err)
	}
	for _, doc := range []string{
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: scada}\nspec: {containers: [{name: c, image: i}]}",
		"apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: scada}",
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r, namespace: scada}\nrules: []",
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r, namespace: zonewarden-access}\nrules: [{apiGroups: [apps], resources: [deployments], verbs: [get]}]",
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: zonewarden-access}\nspec: {containers: [{name: c, image: i}]}",
	} {
		if _, err := send(t.Context(), s.operator, document(t, doc), client.DryRunAll); !apierrors.IsForbidden(err) {
			t.Errorf("it may be made: %v\n%s", err, doc)
		}
	}
}
