// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

// crdFolder holds the definitions that controller-gen makes of the types.
const crdFolder = "../../config/crd"

// What TestMain sets up.
var (
	config *rest.Config
	client dynamic.Interface
)

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	c, err := controlplane.Start(context.Background(), controlplane.Options{CRDPaths: []string{crdFolder}})
	if err != nil {
		return 1, err
	}
	defer func() {
		if e := c.Stop(); e != nil {
			code, err = 1, e
		}
	}()
	config = c.Config()
	client, err = dynamic.NewForConfig(config)
	if err != nil {
		return 1, fmt.Errorf("making a client: %w", err)
	}
	return m.Run(), nil
}

// A kind is one of ours with what the tests of all kinds need.
type kind struct {
	name      string // as in the manifests
	resource  string
	namespace string // of its objects; empty: they have none
	shortName string // empty: none
	base      string // the smallest manifest that is accepted
	rules     func() []rule
	status    func() []rule // rules of the status
	updates   func() []rule // rules of what may change once it is stored; nil: none
	columns   []column
	revision  string // a change of spec that is accepted; empty: none is
	defaults  string // what the API server makes of the base manifest's spec

	// sampleStatus is a change that fills the columns which show status; common
	// conditions are added.
	sampleStatus string
}

// kinds returns all of them. Their tests run one after the other: there can be only
// one Site.
func kinds() []kind {
	return append(declaredKinds(), nodeReportKind)
}

// declaredKinds are those that people declare: with a spec, and a status apart
// from it.
func declaredKinds() []kind {
	return []kind{siteKind, zoneKind, conduitKind, assetKind, vendorKind, windowKind, approvalKind, lockKind, certificateKind}
}

// everyRule is all that is said about a kind.
func (k kind) everyRule() []rule {
	all := slices.Concat(k.rules(), k.status())
	if k.updates != nil {
		all = append(all, k.updates()...)
	}
	return all
}

// declared says that k is one of those.
func (k kind) declared() bool { return k.defaults != "" }

func (k kind) client() dynamic.ResourceInterface {
	all := client.Resource(v1alpha1.GroupVersion.WithResource(k.resource))
	if k.namespace != "" {
		return all.Namespace(k.namespace)
	}
	return all
}

// object returns the base manifest with a change; see rule.
func (k kind) object(t *testing.T, change string) *unstructured.Unstructured {
	t.Helper()
	object := map[string]any{}
	if err := yaml.Unmarshal([]byte(k.base), &object); err != nil {
		t.Fatal(err)
	}
	return &unstructured.Unstructured{Object: apply(t, object, change)}
}

// create creates the base object with a change, until the test ends.
func (k kind) create(t *testing.T, change string) *unstructured.Unstructured {
	t.Helper()
	created, err := k.client().Create(t.Context(), k.object(t, change), metav1.CreateOptions{
		FieldValidation: metav1.FieldValidationStrict,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.client().Delete(context.Background(), created.GetName(), metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return created
}
