// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package sbom_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/hack/release/sbom"
)

func module(name, version string) cdx.Component {
	return cdx.Component{BOMRef: name + "@" + version, Type: cdx.ComponentTypeLibrary, Name: name, Version: version}
}

// program is the bill of one, as Bill gives it.
func program(ref string, modules ...cdx.Component) *cdx.BOM {
	return &cdx.BOM{
		SerialNumber: "urn:uuid:by-chance",
		Metadata: &cdx.Metadata{
			Timestamp: "2026-11-28T13:35:35Z",
			Component: &cdx.Component{BOMRef: ref, Type: cdx.ComponentTypeApplication, Name: ref},
			Tools: &cdx.ToolsChoice{Tools: &[]cdx.Tool{{ //nolint:staticcheck // SA1019: as cyclonedx-gomod writes it
				Vendor: "CycloneDX", Name: "cyclonedx-gomod", Version: "v1", Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: ref}},
			}}},
		},
		Components: &modules,
	}
}

var whole = cdx.Component{BOMRef: "whole", Type: cdx.ComponentTypeContainer, Name: "whole"}

func merged(t *testing.T, bills ...*cdx.BOM) string {
	t.Helper()
	all, err := sbom.Merge(whole, bills...)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "bill.json")
	if err := sbom.Write(to, all); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func read(t *testing.T, raw string) *cdx.BOM {
	t.Helper()
	out := new(cdx.BOM)
	if err := cdx.NewBOMDecoder(strings.NewReader(raw), cdx.BOMFileFormatJSON).Decode(out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestABillNamesEachModuleOnceAndWhoHasIt(t *testing.T) {
	t.Parallel()
	got := read(t, merged(t,
		program("linux/arm64/b", module("x", "v1"), module("std", "go1.26")),
		program("linux/amd64/a", module("y", "v2"), module("x", "v1")),
	))
	var names []string
	for _, c := range *got.Components {
		names = append(names, c.BOMRef)
		if licences := c.Licenses; (licences != nil) != (c.Name == "std") || licences != nil && (*licences)[0].License.ID != "BSD-3-Clause" {
			t.Errorf("licences of %s: %+v", c.Name, licences)
		}
	}
	if diff := cmp.Diff([]string{"linux/amd64/a", "linux/arm64/b", "std@go1.26", "x@v1", "y@v2"}, names); diff != "" {
		t.Errorf("components (-want +got):\n%s", diff)
	}
	depend := map[string][]string{}
	for _, d := range *got.Dependencies {
		depend[d.Ref] = *d.Dependencies
	}
	if diff := cmp.Diff(map[string][]string{
		"whole":         {"linux/amd64/a", "linux/arm64/b"},
		"linux/amd64/a": {"x@v1", "y@v2"},
		"linux/arm64/b": {"std@go1.26", "x@v1"},
	}, depend); diff != "" {
		t.Errorf("dependencies (-want +got):\n%s", diff)
	}
	if c := *got.Compositions; len(c) != 1 || c[0].Aggregate != cdx.CompositionAggregateComplete || len(*c[0].Dependencies) != 3 {
		t.Errorf("compositions: %+v", c)
	}
}

func TestABillHasNothingOfItsMaking(t *testing.T) {
	t.Parallel()
	a, b := program("a", module("x", "v1"), module("y", "v1")), program("b", module("y", "v1"))
	one := merged(t, a, b)
	if strings.Contains(one, "serialNumber") || strings.Contains(one, "timestamp") {
		t.Errorf("it has a number or a time:\n%s", one)
	}
	slices.Reverse(*a.Components)
	(*a.Metadata.Tools.Tools)[0].Hashes = nil
	if diff := cmp.Diff(one, merged(t, b, a)); diff != "" {
		t.Errorf("the order of programs and modules, or the file of the tool, changes it:\n%s", diff)
	}
	tool := (*read(t, one).Metadata.Tools.Components)[0]
	if tool.Name != "cyclonedx-gomod" || tool.Version != "v1" || tool.Hashes != nil {
		t.Errorf("the tool: %+v", tool)
	}
}

func TestProgramsMayNotContradictEachOther(t *testing.T) {
	t.Parallel()
	other := module("x", "v1")
	other.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: "aa"}}
	if _, err := sbom.Merge(whole, program("a", module("x", "v1")), program("b", other)); err == nil || !strings.Contains(err.Error(), "x@v1") {
		t.Errorf("two contents of one module: %v", err)
	}
}
