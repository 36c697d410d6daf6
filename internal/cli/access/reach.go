// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// reached is what of which zones is reached, and how.
func (r request) reached(p plant) ([]v1alpha1.Reach, error) {
	flows, err := r.flowList()
	if err != nil {
		return nil, err
	}
	if err := r.zoneKnown(p); err != nil {
		return nil, err
	}
	out, err := r.devices(p, flows)
	if err != nil {
		return nil, err
	}
	if r.workloads != "" {
		s, err := selector(r.workloads)
		if err != nil {
			return nil, err
		}
		out = append(out, v1alpha1.Reach{Zone: r.zone, Workloads: s, Flows: flows})
	}
	if r.wholeZone {
		out = append(out, v1alpha1.Reach{Zone: r.zone, WholeZone: true, Flows: flows})
	}
	if len(out) == 0 {
		return nil, errors.New("--reach is needed, or --zone with --workloads: what is reached?")
	}
	return out, nil
}

func (r request) zoneKnown(p plant) error {
	switch {
	case r.zone == "" && (r.workloads != "" || r.wholeZone):
		return errors.New("--zone is needed with --workloads and --whole-zone: of which zone?")
	case r.zone != "" && r.workloads == "" && !r.wholeZone && len(r.reach) == 0:
		return errors.New("--zone: say what of it is reached, by --workloads, --reach or --whole-zone")
	case r.zone != "" && p.zonesKnown && !slices.ContainsFunc(p.zones, func(z v1alpha1.Zone) bool { return z.Name == r.zone }):
		return fmt.Errorf("--zone: there is no Zone %q", r.zone)
	}
	return nil
}

// devices are put together by their zones, in the order in which they were named.
func (r request) devices(p plant, flows []v1alpha1.Flow) ([]v1alpha1.Reach, error) {
	var out []v1alpha1.Reach
	for _, text := range r.reach {
		named, err := r.assets(p, text)
		if err != nil {
			return nil, err
		}
		for _, a := range named {
			zone, err := r.zoneOf(p, a)
			if err != nil {
				return nil, err
			}
			i := slices.IndexFunc(out, func(o v1alpha1.Reach) bool { return o.Zone == zone })
			if i < 0 {
				i, out = len(out), append(out, v1alpha1.Reach{Zone: zone, Flows: flows})
			}
			if !slices.Contains(out[i].Assets, a.Name) {
				out[i].Assets = append(out[i].Assets, a.Name)
			}
		}
	}
	return out, nil
}

// assets are what a text names: one by its tag, which may hold commas, or several.
func (r request) assets(p plant, text string) ([]v1alpha1.Asset, error) {
	if !p.assetsKnown {
		if r.zone == "" {
			return nil, errors.New("--zone is needed with --reach, because you may not read assets")
		}
		return []v1alpha1.Asset{{ObjectMeta: metav1.ObjectMeta{Name: text}}}, nil
	}
	if a, err := asset(p.assets, text); err == nil || !strings.Contains(text, ",") {
		return []v1alpha1.Asset{a}, err
	}
	var out []v1alpha1.Asset
	for part := range strings.SplitSeq(text, ",") {
		a, err := asset(p.assets, strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// asset finds one by its plant tag or its name; by its tag in other letters where no other
// is meant.
func asset(assets []v1alpha1.Asset, text string) (v1alpha1.Asset, error) {
	for _, is := range []func(v1alpha1.Asset) bool{
		func(a v1alpha1.Asset) bool { return a.Spec.Tag == text || a.Name == text },
		func(a v1alpha1.Asset) bool { return strings.EqualFold(a.Spec.Tag, text) },
	} {
		var found []v1alpha1.Asset
		for _, a := range assets {
			if is(a) {
				found = append(found, a)
			}
		}
		switch len(found) {
		case 0:
			continue
		case 1:
			return found[0], nil
		}
		return v1alpha1.Asset{}, fmt.Errorf("--reach: %q may mean asset %s or %s: write its name", text, found[0].Name, found[1].Name)
	}
	return v1alpha1.Asset{}, fmt.Errorf("--reach: no asset has the tag or the name %q", text)
}

// zoneOf is the zone of an asset: the one that the operator says, or else the one that
// selects it.
func (r request) zoneOf(p plant, a v1alpha1.Asset) (string, error) {
	zone := a.Status.Zone
	if zone == "" {
		zone = r.zone
	}
	if zone == "" {
		selecting, err := selecting(p.zones, a)
		if err != nil {
			return "", err
		}
		switch len(selecting) {
		case 0:
			return "", fmt.Errorf("--reach: asset %s is in no zone", a.Name)
		case 1:
			zone = selecting[0]
		default:
			return "", fmt.Errorf("--zone is needed: asset %s may be in %s", a.Name, strings.Join(selecting, " or "))
		}
	}
	if r.zone != "" && zone != r.zone {
		return "", fmt.Errorf("--zone: asset %s is in %s, and not in %s", a.Name, zone, r.zone)
	}
	return zone, nil
}

func selecting(zones []v1alpha1.Zone, a v1alpha1.Asset) ([]string, error) {
	var out []string
	for _, z := range zones {
		if z.Spec.Members.Assets == nil || z.Spec.Members.Assets.Selector == nil {
			continue
		}
		s, err := metav1.LabelSelectorAsSelector(z.Spec.Members.Assets.Selector)
		if err != nil {
			return nil, fmt.Errorf("reading zone %s: %w", z.Name, err)
		}
		if !s.Empty() && s.Matches(labels.Set(a.Labels)) {
			out = append(out, z.Name)
		}
	}
	return out, nil
}
