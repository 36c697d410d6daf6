// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package sbom

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// Merge makes one bill of several. Its subject is what is delivered, which depends on the
// programs, and each of them on its modules. What the modules depend on among themselves a
// program does not say, and neither does the bill.
func Merge(subject cdx.Component, bills ...*cdx.BOM) (*cdx.BOM, error) {
	subject.Licenses = license("Apache-2.0")
	modules := map[string]cdx.Component{}
	var programs []cdx.Component
	var depend []cdx.Dependency
	for _, bill := range bills {
		program := *bill.Metadata.Component
		programs = append(programs, program)
		var refs []string
		for _, module := range *bill.Components {
			module = known(module)
			if before, twice := modules[module.BOMRef]; twice && !reflect.DeepEqual(before, module) {
				return nil, fmt.Errorf("%s says something else of %s than the programs before it", program.BOMRef, module.BOMRef)
			}
			modules[module.BOMRef] = module
			refs = append(refs, module.BOMRef)
		}
		slices.Sort(refs)
		depend = append(depend, cdx.Dependency{Ref: program.BOMRef, Dependencies: &refs})
	}
	byRef(programs)
	whole := cdx.Dependency{Ref: subject.BOMRef, Dependencies: refsOf(programs)}
	libraries := make([]cdx.Component, 0, len(modules))
	for _, module := range modules {
		libraries = append(libraries, module)
	}
	byRef(libraries)
	slices.SortFunc(depend, func(a, b cdx.Dependency) int { return strings.Compare(a.Ref, b.Ref) })

	complete := []cdx.BOMReference{cdx.BOMReference(subject.BOMRef)}
	for _, program := range programs {
		complete = append(complete, cdx.BOMReference(program.BOMRef))
	}
	all := cdx.NewBOM()
	all.Metadata = &cdx.Metadata{Component: &subject, Tools: tools(bills)}
	all.Components = new(append(programs, libraries...))
	all.Dependencies = new(append([]cdx.Dependency{whole}, depend...))
	all.Compositions = &[]cdx.Composition{{Aggregate: cdx.CompositionAggregateComplete, Dependencies: &complete}}
	return all, nil
}

// known adds what cyclonedx-gomod cannot find: the standard library is in no cache of modules.
func known(module cdx.Component) cdx.Component {
	if module.Name == "std" {
		module.Licenses = license("BSD-3-Clause")
	}
	return module
}

// tools names what read the programs, without digests of itself, which differ by the machine
// that it was built for.
func tools(bills []*cdx.BOM) *cdx.ToolsChoice {
	for _, bill := range bills {
		if t := bill.Metadata.Tools; t != nil && t.Tools != nil && len(*t.Tools) > 0 {
			first := (*t.Tools)[0]
			return &cdx.ToolsChoice{Components: &[]cdx.Component{{
				Type: cdx.ComponentTypeApplication, Group: first.Vendor, Name: first.Name, Version: first.Version,
			}}}
		}
	}
	return nil
}

func byRef(components []cdx.Component) {
	slices.SortFunc(components, func(a, b cdx.Component) int { return strings.Compare(a.BOMRef, b.BOMRef) })
}

func refsOf(components []cdx.Component) *[]string {
	var out []string
	for _, c := range components {
		out = append(out, c.BOMRef)
	}
	return &out
}
