// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

const (
	conduitsPerZone = 10
	podsPerZone     = 20
)

func zoneName(i int) string           { return fmt.Sprintf("zone-%04d", i) }
func conduitName(from, to int) string { return fmt.Sprintf("c-%04d-%04d", from, to) }

// createPlant creates zones in a ring, each with conduits to the next ten.
func createPlant(b *testing.B, c client.Client, zones int) {
	b.Helper()
	create := func(o client.Object) error { return c.Create(context.Background(), o) }
	check(b, create(&v1alpha1.Site{
		ObjectMeta: metav1.ObjectMeta{Name: "site"},
		Spec: v1alpha1.SiteSpec{ID: "scale", Scope: v1alpha1.Scope{
			NamespaceSelector: metav1.LabelSelector{MatchLabels: map[string]string{"ot": "yes"}},
		}},
	}))
	var g errgroup.Group
	g.SetLimit(8)
	for i := range zones {
		g.Go(func() error { return createZone(create, i, zones) })
	}
	check(b, g.Wait())
}

func createZone(create func(client.Object) error, i, zones int) error {
	name := zoneName(i)
	objects := []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"ot": "yes"}}},
		&v1alpha1.Zone{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.ZoneSpec{
			Purdue: v1alpha1.LevelL2, Type: v1alpha1.ZoneTypeControl, Owner: "operations",
			SLTarget:    v1alpha1.SecurityLevels{All: new(v1alpha1.SecurityLevel(1))},
			Enforcement: v1alpha1.EnforcementEnforce,
			Members:     v1alpha1.ZoneMembers{Workloads: []v1alpha1.WorkloadMembers{{Namespaces: []string{name}}}},
		}},
	}
	for k := 1; k <= conduitsPerZone; k++ {
		objects = append(objects, newConduit(i, (i+k)%zones, k))
	}
	for p := range podsPerZone {
		objects = append(objects, &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: fmt.Sprintf("pod-%02d", p), Labels: map[string]string{"app": "a"}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "registry.example/c:1"}}},
		})
	}
	for _, o := range objects {
		if err := create(o); err != nil {
			return fmt.Errorf("creating %T %s: %w", o, o.GetName(), err)
		}
	}
	return nil
}

// newConduit is named after its step, because with ten zones the last step leads
// back to the zone itself.
func newConduit(from, to, step int) *v1alpha1.Conduit {
	c := &v1alpha1.Conduit{
		ObjectMeta: metav1.ObjectMeta{Name: conduitName(from, step)},
		Spec: v1alpha1.ConduitSpec{
			Initiator:  v1alpha1.ConduitEnd{Zone: zoneName(from), Workloads: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "a"}}},
			Responders: []v1alpha1.ConduitEnd{{Zone: zoneName(to)}},
			Flows:      []v1alpha1.Flow{{Protocol: "opcua-tcp", DeclaredMode: v1alpha1.ModeSignAndEncrypt}},
			Why:        v1alpha1.Justification{Need: "process values", RiskOwner: "operations"},
		},
	}
	return c
}

// count counts the policies in the cluster, by metadata only.
func count(b *testing.B, c client.Client) int {
	b.Helper()
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(policy().GroupVersionKind())
	check(b, c.List(context.Background(), list))
	return len(list.Items)
}

// render writes the operator's policies to files as a person would have them.
func render(b *testing.B, c client.Client, dir string) {
	b.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(policy().GroupVersionKind())
	check(b, c.List(context.Background(), list))
	var all bytes.Buffer
	for i := range list.Items {
		o := &list.Items[i]
		o.SetManagedFields(nil)
		o.SetResourceVersion("")
		o.SetUID("")
		unstructured.RemoveNestedField(o.Object, "metadata", "creationTimestamp")
		unstructured.RemoveNestedField(o.Object, "metadata", "generation")
		raw, err := yaml.Marshal(o.Object)
		check(b, err)
		all.WriteString("---\n")
		all.Write(raw)
		if o.GetName() == "conduit-"+conduitName(0, 1) {
			check(b, os.WriteFile(filepath.Join(dir, "conduit.yaml"), raw, 0o600))
		}
	}
	check(b, os.WriteFile(filepath.Join(dir, "all.yaml"), all.Bytes(), 0o600))
}

var portLine = regexp.MustCompile(`port: "\d+"`)

// setPort gives a rendered policy another port.
func setPort(raw []byte, port int) []byte {
	return portLine.ReplaceAll(raw, fmt.Appendf(nil, "port: %q", fmt.Sprint(port)))
}
