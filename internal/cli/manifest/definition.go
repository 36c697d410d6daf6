// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/config/crd"
)

// definition is one of our kinds as the API server knows it.
type definition struct {
	structural *schema.Structural
	schema     validation.SchemaValidator
	rules      *cel.Validator
}

// fault is what a definition finds.
type fault struct{ path, message string }

// definitions are made once: compiling their rules takes a moment.
var definitions = sync.OnceValue(func() map[runtimeschema.GroupKind]*definition {
	out := map[runtimeschema.GroupKind]*definition{}
	for _, raw := range crd.Definitions() {
		var d apiextensionsv1.CustomResourceDefinition
		if err := yaml.Unmarshal(raw, &d); err != nil {
			panic(err) // it was compiled in
		}
		made, err := newDefinition(d.Spec.Versions[0].Schema.OpenAPIV3Schema)
		if err != nil {
			panic(fmt.Sprintf("reading the definition of %s: %v", d.Spec.Names.Kind, err)) // likewise
		}
		out[runtimeschema.GroupKind{Group: d.Spec.Group, Kind: d.Spec.Names.Kind}] = made
	}
	return out
})

func newDefinition(v1 *apiextensionsv1.JSONSchemaProps) (*definition, error) {
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v1, &internal, nil); err != nil {
		return nil, err
	}
	structural, err := schema.NewStructural(&internal)
	if err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(&internal)
	if err != nil {
		return nil, err
	}
	return &definition{structural: structural, schema: validator, rules: cel.NewValidator(structural, true, celconfig.PerCallLimit)}, nil
}

func isOurs(u *unstructured.Unstructured) bool {
	return u.GroupVersionKind().Group == v1alpha1.GroupVersion.Group
}

// definitionOf is the definition of an object, nil for kinds of others and versions that
// there are not.
func definitionOf(u *unstructured.Unstructured) *definition {
	if u.GetAPIVersion() != v1alpha1.GroupVersion.String() {
		return nil
	}
	return definitions()[u.GroupVersionKind().GroupKind()]
}

// judge fills in the defaults, and says what the API server would refuse the object for.
func (d *definition) judge(u *unstructured.Unstructured) []fault {
	var out []fault
	unknown := pruning.PruneWithOptions(u.Object, d.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	for _, path := range unknown {
		out = append(out, fault{path, "there is no such field"})
	}
	delete(u.Object, "status") // nobody declares one
	defaulting.PruneNonNullableNullsWithoutDefaults(u.Object, d.structural)
	defaulting.Default(u.Object, d.structural)
	found := validation.ValidateCustomResource(nil, u.Object, d.schema)
	found = append(found, listtype.ValidateListSetsAndMaps(nil, d.structural, u.Object)...)
	if len(found) == 0 {
		broken, _ := d.rules.Validate(context.Background(), nil, d.structural, u.Object, nil, celconfig.RuntimeCELCostBudget)
		found = append(found, broken...)
	}
	for _, e := range found {
		out = append(out, faultOf(e))
	}
	slices.SortStableFunc(out, func(a, b fault) int { return strings.Compare(a.path, b.path) })
	return slices.Compact(out)
}

// faultOf puts what the API server says into a path and a message.
func faultOf(e *field.Error) fault {
	message := e.ErrorBody()
	if "Invalid value: "+e.Detail == message {
		message = e.Detail // a rule's own words
	}
	return fault{strings.TrimPrefix(strings.TrimPrefix(e.Field, "<nil>"), "."), message}
}
