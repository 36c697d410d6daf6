// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// kustomization is the path of a folder's kustomization, "" for a plain folder.
func kustomization(folder string) string {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path
		}
	}
	return ""
}

// kustomize renders a folder, and looks for each object in the file that it came from:
// what is said of it is said there.
func (s *Set) kustomize(folder string) error {
	options := krusty.MakeDefaultOptions()
	options.PluginConfig = types.DisabledPluginConfig()
	rendered, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return fmt.Errorf("rendering %s: %w", folder, err)
	}
	sources := Set{placesOnly: true}
	sources.gather(folder)
	for _, r := range rendered.Resources() {
		content, err := r.Map()
		if err != nil {
			return fmt.Errorf("rendering %s: %w", folder, err)
		}
		d := &Document{File: kustomization(folder), Line: 1, Object: &unstructured.Unstructured{Object: content}}
		was := r.OrgId()
		i := slices.IndexFunc(sources.Documents, func(from *Document) bool {
			return from.Object.GetKind() == was.Kind && from.Object.GetName() == was.Name
		})
		if i >= 0 {
			from := sources.Documents[i]
			d.File, d.Line, d.fields = from.File, from.Line, from.fields
		}
		s.judge(d)
	}
	return nil
}

// gather reads the files that a folder of Kustomize is made of, for places only: what
// cannot be read or found was rendered all the same, or failed before.
func (s *Set) gather(folder string) {
	path := kustomization(folder)
	if path == "" {
		return
	}
	raw, err := os.ReadFile(path) //nolint:gosec // the user names its folder
	if err != nil {
		return
	}
	var list struct{ Resources, Components, Bases []string }
	if err := yaml.Unmarshal(raw, &list); err != nil {
		return
	}
	for _, entry := range slices.Concat(list.Resources, list.Components, list.Bases) {
		inside := filepath.Join(folder, entry)
		switch info, err := os.Stat(inside); {
		case err != nil: // from elsewhere
		case info.IsDir():
			s.gather(inside)
		default:
			_ = s.file(inside)
		}
	}
}
