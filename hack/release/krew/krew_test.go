// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package krew_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/zonewarden/zonewarden/hack/release/krew"
)

// platform has krew's fields, and a manifest with others is refused: krew ignores them.
type platform struct {
	Selector struct {
		MatchLabels map[string]string `yaml:"matchLabels"`
	}
	URI, Sha256, Bin string
}

type plugin struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	Spec       struct {
		Version, Homepage, Description, Caveats string
		ShortDescription                        string `yaml:"shortDescription"`
		Platforms                               []platform
	}
}

func TestAManifestHasWhatKrewAsksFor(t *testing.T) {
	t.Parallel()
	to := filepath.Join(t.TempDir(), "zonewarden.yaml")
	m := krew.Manifest{Version: "v1.2.3", Source: "https://example.com/zonewarden", Archives: []krew.Archive{
		{OS: "linux", Arch: "arm64", URI: "https://example.com/a.tar.gz", SHA256: "aa", Program: "kubectl-zonewarden"},
		{OS: "windows", Arch: "amd64", URI: "https://example.com/b.zip", SHA256: "bb", Program: "kubectl-zonewarden.exe"},
	}}
	if err := krew.Write(to, m); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	var got plugin
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	decoder.KnownFields(true)
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	var want plugin
	want.APIVersion, want.Kind, want.Metadata.Name = "krew.googlecontainertools.github.com/v1alpha2", "Plugin", "zonewarden"
	want.Spec.Version, want.Spec.Homepage = m.Version, m.Source
	want.Spec.ShortDescription = "Zones, conduits and vendor access of an OT site"
	want.Spec.Description, want.Spec.Caveats = got.Spec.Description, got.Spec.Caveats
	for _, a := range m.Archives {
		p := platform{URI: a.URI, Sha256: a.SHA256, Bin: a.Program}
		p.Selector.MatchLabels = map[string]string{"os": a.OS, "arch": a.Arch}
		want.Spec.Platforms = append(want.Spec.Platforms, p)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Spec.Description == "" || got.Spec.Caveats == "" {
		t.Error("it describes nothing")
	}
}
