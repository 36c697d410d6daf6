// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policytest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// withDefaults fills in the defaults of the kind's CRD, as the API server does.
func withDefaults(asJSON []byte, kind string) ([]byte, error) {
	schema, err := schemaOf(kind)
	if err != nil {
		return nil, err
	}
	var value map[string]any
	if err := json.Unmarshal(asJSON, &value); err != nil {
		return nil, err
	}
	fill(value, schema)
	return json.Marshal(value)
}

// schemaOf reads the schema of a kind from the generated CRD.
func schemaOf(kind string) (map[string]any, error) {
	folder, err := definitions()
	if err != nil {
		return nil, err
	}
	name := "zonewarden.io_" + strings.ToLower(kind) + "s.yaml"
	raw, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return nil, err
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema map[string]any `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(raw, &crd); err != nil {
		return nil, err
	}
	if len(crd.Spec.Versions) != 1 {
		return nil, fmt.Errorf("%s has %d versions", name, len(crd.Spec.Versions))
	}
	return crd.Spec.Versions[0].Schema.OpenAPIV3Schema, nil
}

// fill sets missing properties to their defaults, top down, so that the default
// of an object is filled in turn.
func fill(value any, schema map[string]any) {
	switch v := value.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		for name, p := range properties {
			property, _ := p.(map[string]any)
			if def, ok := property["default"]; ok && v[name] == nil {
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

// clone keeps one document's defaults from being another's.
func clone(value any) any {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		panic(err)
	}
	return out
}

// definitions is config/crd of the nearest folder above that has one: a test may be in
// a module of its own.
func definitions() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		folder := filepath.Join(dir, "config", "crd")
		_, err := os.Stat(folder)
		if err == nil {
			return folder, nil
		}
		if up := filepath.Dir(dir); errors.Is(err, fs.ErrNotExist) && up != dir {
			dir = up
			continue
		}
		return "", fmt.Errorf("no config/crd above %s: %w", dir, err)
	}
}
