// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"slices"
	"strings"
	"time"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
	"github.com/zonewarden/zonewarden/internal/drawing"
)

// windows are the access windows that are open.
func windows(p *plant.Plant, zone *time.Location) []drawing.OpenWindow {
	out := []drawing.OpenWindow{}
	for _, w := range p.Windows {
		if w.Status.Phase != v1alpha1.WindowActive {
			continue
		}
		o := drawing.OpenWindow{Name: w.Name, Vendor: vendor(p, w.Spec.Vendor), People: len(w.Spec.People), JumpHost: w.Spec.Through}
		if w.Status.End != nil {
			o.Until = w.Status.End.In(zone)
		}
		var flows []string
		for _, r := range w.Spec.Reach {
			o.Zones = append(o.Zones, r.Zone)
			o.Reaches = append(o.Reaches, reaches(p, r)...)
			for _, f := range p.Model().Reach("spec.reach", r).Flows {
				flows = append(flows, f.String())
			}
		}
		slices.Sort(o.Zones)
		slices.Sort(flows)
		o.Zones, o.What = slices.Compact(o.Zones), strings.Join(slices.Compact(flows), "; ")
		out = append(out, o)
	}
	return out
}

func vendor(p *plant.Plant, name string) string {
	for _, v := range p.Vendors {
		if v.Name == name && v.Spec.Company != "" {
			return v.Spec.Company
		}
	}
	return name
}

// reaches says what of a zone a window reaches: devices by their tags.
func reaches(p *plant.Plant, r v1alpha1.Reach) []string {
	switch {
	case r.WholeZone:
		return []string{"all of " + r.Zone}
	case r.Workloads != nil:
		return []string{"workloads of " + r.Zone}
	}
	var out []string
	for _, name := range r.Assets {
		tag := name
		for _, a := range p.Assets {
			if a.Name == name && a.Spec.Tag != "" {
				tag = a.Spec.Tag
			}
		}
		out = append(out, tag)
	}
	return out
}
