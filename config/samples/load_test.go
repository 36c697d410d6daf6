// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package samples

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// schemas are the CRDs' schemas, by kind, twice: to fill in defaults from and to
// validate against. The rules in CEL are not among what is validated here.
type schemas map[string]struct {
	raw   map[string]any
	typed *spec.Schema
}

func loadSchemas(t *testing.T) schemas {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "crd", "zonewarden.io_*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no CRDs found: %v", err)
	}
	out := schemas{}
	for _, path := range paths {
		var crd struct {
			Spec struct {
				Names    struct{ Kind string }
				Versions []struct {
					Schema struct{ OpenAPIV3Schema json.RawMessage }
				}
			}
		}
		if err := yaml.Unmarshal(read(t, path), &crd); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		s := out[crd.Spec.Names.Kind]
		data := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
		if err := errors.Join(json.Unmarshal(data, &s.raw), json.Unmarshal(data, &s.typed)); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out[crd.Spec.Names.Kind] = s
	}
	return out
}

// fill sets missing properties to their defaults, from the top down, so that the
// default of an object is filled in turn.
func fill(value any, schema map[string]any) {
	switch v := value.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		for name, p := range properties {
			property, _ := p.(map[string]any)
			def, has := property["default"]
			if _, set := v[name]; !set && has {
				v[name] = clone(def)
			}
			if v[name] != nil {
				fill(v[name], property)
			}
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		for _, item := range v {
			fill(item, items)
		}
	}
}

// clone keeps a default from being shared by the objects that it is filled into.
func clone(value any) any {
	m, ok := value.(map[string]any)
	if !ok {
		return value
	}
	out := maps.Clone(m)
	for k, v := range out {
		out[k] = clone(v)
	}
	return out
}

// plant is a set of manifests as the API server would hand them on.
type plant struct {
	schemas  schemas
	created  metav1.Time
	snapshot topology.Snapshot
	refs     []topology.ObjectRef
}

// today is the day on which the samples are judged.
var today = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

// created is when they were.
var created = metav1.NewTime(today.Add(-48 * time.Hour))

func waterWorks(t *testing.T, s schemas) *plant {
	t.Helper()
	p := &plant{schemas: s, created: created}
	p.snapshot.Now = today
	var list struct{ Resources []string }
	if err := yaml.Unmarshal(read(t, "water-works/kustomization.yaml"), &list); err != nil {
		t.Fatalf("kustomization.yaml: %v", err)
	}
	for _, name := range list.Resources {
		p.load(t, filepath.Join("water-works", name))
	}
	return p
}

// load adds the objects of a file.
func (p *plant) load(t *testing.T, path string) {
	t.Helper()
	for i, doc := range documents(t, path) {
		if err := p.add(doc); err != nil {
			t.Fatalf("%s, document %d: %v", path, i+1, err)
		}
	}
}

func (p *plant) add(doc []byte) error {
	var head struct {
		metav1.TypeMeta
		Metadata metav1.ObjectMeta
	}
	if err := json.Unmarshal(doc, &head); err != nil {
		return err
	}
	switch head.APIVersion + " " + head.Kind {
	case "v1 Namespace":
		return p.addNamespace(doc)
	case "apps/v1 Deployment":
		return p.addDeployment(doc)
	default:
		ref := topology.ObjectRef{Kind: head.Kind, Name: head.Metadata.Name}
		if head.APIVersion != v1alpha1.GroupVersion.String() {
			return fmt.Errorf("%s is of %s", ref, head.APIVersion)
		}
		if err := p.addOurs(ref, doc); err != nil {
			return fmt.Errorf("%s: %w", ref, err)
		}
		p.refs = append(p.refs, ref)
		return nil
	}
}

func (p *plant) addNamespace(doc []byte) error {
	var ns corev1.Namespace
	if err := strict(doc, &ns); err != nil {
		return err
	}
	labels := map[string]string{corev1.LabelMetadataName: ns.Name}
	maps.Copy(labels, ns.Labels)
	p.snapshot.Namespaces = append(p.snapshot.Namespaces, topology.Namespace{Name: ns.Name, Labels: labels})
	return nil
}

// addDeployment adds the pods that the Deployment would make.
func (p *plant) addDeployment(doc []byte) error {
	var d appsv1.Deployment
	if err := strict(doc, &d); err != nil {
		return err
	}
	for i := range *d.Spec.Replicas {
		p.snapshot.Pods = append(p.snapshot.Pods, topology.Pod{
			Namespace: d.Namespace, Name: fmt.Sprintf("%s-%d", d.Name, i), Labels: d.Spec.Template.Labels,
		})
	}
	return nil
}

func (p *plant) addOurs(ref topology.ObjectRef, doc []byte) error {
	schema, ok := p.schemas[ref.Kind]
	if !ok {
		return errors.New("there is no such kind")
	}
	var value map[string]any
	if err := json.Unmarshal(doc, &value); err != nil {
		return err
	}
	fill(value, schema.raw)
	result := validate.NewSchemaValidator(schema.typed, nil, "", strfmt.Default).Validate(value)
	if err := errors.Join(result.Errors...); err != nil {
		return err
	}
	defaulted, err := json.Marshal(value)
	if err != nil {
		return err
	}
	switch ref.Kind {
	case topology.KindSite:
		p.snapshot.Site = &v1alpha1.Site{}
		return decode(p, defaulted, p.snapshot.Site)
	case topology.KindZone:
		p.snapshot.Zones = append(p.snapshot.Zones, &v1alpha1.Zone{})
		return decode(p, defaulted, p.snapshot.Zones[len(p.snapshot.Zones)-1])
	case topology.KindAsset:
		p.snapshot.Assets = append(p.snapshot.Assets, &v1alpha1.Asset{})
		return decode(p, defaulted, p.snapshot.Assets[len(p.snapshot.Assets)-1])
	default:
		p.snapshot.Conduits = append(p.snapshot.Conduits, &v1alpha1.Conduit{})
		return decode(p, defaulted, p.snapshot.Conduits[len(p.snapshot.Conduits)-1])
	}
}

func decode(p *plant, doc []byte, into metav1.Object) error {
	if err := strict(doc, into); err != nil {
		return err
	}
	into.SetUID(types.UID(fmt.Sprintf("%T/%s", into, into.GetName())))
	into.SetGeneration(1)
	into.SetCreationTimestamp(p.created)
	return nil
}

// strict decodes and refuses fields that the type does not have.
func strict(doc []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one object in the document")
	}
	return nil
}

// documents are the YAML documents of a file, as JSON.
func documents(t *testing.T, path string) [][]byte {
	t.Helper()
	var out [][]byte
	for i, part := range strings.Split(string(read(t, path)), "\n---\n") {
		doc, err := yaml.YAMLToJSONStrict([]byte(part))
		if err != nil {
			t.Fatalf("%s, document %d: %v", path, i+1, err)
		}
		out = append(out, doc)
	}
	return out
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
