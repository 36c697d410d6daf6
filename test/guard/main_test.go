// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/config/admission"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

// patience is the deadline of every wait. What is waited for takes seconds, but for the
// next minute of a CronJob.
const patience = 90 * time.Second

// site is the plant that is attacked. It stands for the whole run.
var site *cluster

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctrl.SetLogger(logr.Discard())
	var err error
	if site, err = startCluster(context.Background(), controlplane.Options{ControllerManager: true}, "../../config/crd"); err == nil {
		defer site.stop()
		err = site.build(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building the plant:", err)
		return 1
	}
	return m.Run()
}

// cluster is a control plane and those who call it.
type cluster struct {
	plane   *controlplane.ControlPlane
	callers map[name]*caller
}

// startCluster starts a control plane that serves Cilium's kinds, a few others and more.
// Nodes are held to their own objects, as everywhere.
func startCluster(ctx context.Context, o controlplane.Options, more ...string) (*cluster, error) {
	cilium, err := controlplane.CiliumCRDs()
	if err != nil {
		return nil, err
	}
	o.CRDPaths = append([]string{cilium, "testdata/crds"}, more...)
	o.APIServerArgs = map[string][]string{
		"authorization-mode":       {"Node,RBAC"},
		"enable-admission-plugins": {"NodeRestriction"},
	}
	plane, err := controlplane.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	c := &cluster{plane: plane}
	if c.callers, err = makeCallers(plane); err != nil {
		return nil, errors.Join(err, plane.Stop())
	}
	return c, nil
}

func (c *cluster) stop() {
	if err := c.plane.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stopping the control plane:", err)
	}
}

// build makes the plant, the guard around it, and what the operator writes.
func (c *cluster) build(ctx context.Context) error {
	if err := errors.Join(c.buildPlant(ctx), c.raiseGuard(ctx), c.awaitGuard(ctx)); err != nil {
		return err
	}
	for _, o := range append(manifests("testdata/own-objects.yaml"), manifests("testdata/windows.yaml")...) {
		if err := applyAs(o, "zonewarden")(ctx, c.callers[operator]); err != nil {
			return fmt.Errorf("the operator applies %s: %w", o.GetName(), err)
		}
	}
	return nil
}

// buildPlant makes namespaces, roles, accounts, declarations and workloads.
func (c *cluster) buildPlant(ctx context.Context) error {
	if err := c.apply(ctx, manifests("testdata/namespaces.yaml")...); err != nil {
		return err
	}
	if err := c.apply(ctx, object("v1", "Namespace", "zonewarden-system")); err != nil {
		return err
	}
	roles, err := kustomized("../../config/rbac")
	if err != nil {
		return err
	}
	room, err := kustomized("../../config/access")
	if err != nil {
		return err
	}
	for _, objects := range [][]*unstructured.Unstructured{roles, room, manifests("testdata/accounts.yaml"), manifests("testdata/plant.yaml")} {
		if err := c.apply(ctx, objects...); err != nil {
			return err
		}
	}
	// What the operator remembers of the last edit that it accepted.
	lastGood := `{"status":{"workloads":0,"assets":0,"conduits":0,"lastGood":{"generation":1,"spec":{"purdue":"L2","type":"Control",
		"slTarget":{"all":2},"owner":"OT","members":{"workloads":[{"namespaceSelector":{"matchLabels":{"plant.example/line":"3"}}}]}}}}}`
	return merge(zonewarden, "Zone", "packing", lastGood, "status")(ctx, c.callers[administrator])
}

// raiseGuard installs config/admission and waits until every policy acts.
func (c *cluster) raiseGuard(ctx context.Context) error {
	if err := c.apply(ctx, append(guardObjects(), parse(lookout)...)...); err != nil {
		return err
	}
	return c.refused(ctx, "the last policy acts", administrator,
		create("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: lookout, namespace: default}"))
}

// lookout is a policy that is made last. The API server takes policies up together, once
// a second, and each kind in the order in which it was made: when this one acts, all do.
const lookout = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: lookout}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps], resourceNames: [lookout]}]}
  validations: [{expression: "false"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: lookout}
spec: {policyName: lookout, validationActions: [Deny]}`

// awaitGuard waits until the policies know the Site and the Zones.
func (c *cluster) awaitGuard(ctx context.Context) error {
	return errors.Join(
		c.refused(ctx, "the Site's scope is known", landlord, merge("v1", "Namespace", "cell-1", `{"metadata":{"labels":{"plant.example/kind":"lab"}}}`)),
		c.refused(ctx, "the Zones are known", landlord, merge("v1", "Namespace", "cell-1", `{"metadata":{"labels":{"plant.example/zone":"canary"}}}`)))
}

// refused waits until the guard refuses a request, which is not stored before.
func (c *cluster) refused(ctx context.Context, what string, as name, try request) error {
	return c.becomes(ctx, refusedByGuard, what, as, try)
}

func (c *cluster) becomes(ctx context.Context, want outcome, what string, as name, try request) error {
	return c.eventually(what, func() error {
		if err := try(ctx, c.callers[as].dryRun()); outcomeOf(err) != want {
			return fmt.Errorf("%s, want it %s: %w", outcomeOf(err), want, err)
		}
		return nil
	})
}

// apply applies manifests as the cluster's administrator.
func (c *cluster) apply(ctx context.Context, objects ...*unstructured.Unstructured) error {
	for _, o := range objects {
		if err := applyAs(o, "test")(ctx, c.callers[administrator]); err != nil {
			return fmt.Errorf("applying %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

// eventually polls until check is content.
func (c *cluster) eventually(what string, check func() error) error {
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waiting until %s: %w", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// gone waits until an object does not exist.
func (c *cluster) gone(ctx context.Context, apiVersion, kind, path string) error {
	return c.eventually(path+" is gone", func() error {
		err := c.callers[administrator].Get(ctx, key(path), object(apiVersion, kind, path))
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is there: %w", err)
	})
}

func guardObjects() []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for _, raw := range admission.Manifests() {
		out = append(out, parse(string(raw))...)
	}
	return out
}

// kustomized is what `kubectl apply -k` sends of a folder.
func kustomized(folder string) ([]*unstructured.Unstructured, error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, fmt.Errorf("rendering %s: %w", folder, err)
	}
	raw, err := resources.AsYaml()
	if err != nil {
		return nil, fmt.Errorf("rendering %s: %w", folder, err)
	}
	return parse(string(raw)), nil
}

func manifests(file string) []*unstructured.Unstructured {
	raw, err := os.ReadFile(file)
	if err != nil {
		panic(err) // a file of this package
	}
	return parse(string(raw))
}

// ofKind is the first object of a kind in a file of this package.
func ofKind(kind, file string) *unstructured.Unstructured {
	for _, o := range manifests(file) {
		if o.GetKind() == kind {
			return o
		}
	}
	panic(fmt.Sprintf("no %s in %s", kind, file))
}

// parse reads YAML documents, which are constants of these tests.
func parse(documents string) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for doc := range strings.SplitSeq(documents, "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(doc), &o.Object); err != nil {
			panic(fmt.Sprintf("%v in\n%s", err, doc))
		}
		out = append(out, o)
	}
	return out
}

func key(path string) client.ObjectKey {
	namespace, name, namespaced := strings.Cut(path, "/")
	if !namespaced {
		return client.ObjectKey{Name: path}
	}
	return client.ObjectKey{Namespace: namespace, Name: name}
}

// object is one with its name only. The path is NAMESPACE/NAME, or NAME.
func object(apiVersion, kind, path string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetAPIVersion(apiVersion)
	o.SetKind(kind)
	o.SetNamespace(key(path).Namespace)
	o.SetName(key(path).Name)
	return o
}
