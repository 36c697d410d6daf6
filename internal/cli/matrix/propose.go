// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/manifest"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/reach"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// propose says what would have to be declared, and what would be said of that.
func (e *Explanation) propose(p *plant.Plant, v *reach.View, from, to party, transport protocol.Transport, port uint16) error {
	for _, end := range []party{from, to} {
		switch {
		case v.Zones[end.place] != nil:
		case v.Places[end.place].Kind == reach.Platform:
			e.Declare = proposeService(v, from, end)
			return nil
		case v.Places[end.place].Kind == reach.Pods:
			e.Declare = fmt.Sprintf("# %s is in no zone: first let the members of a Zone take in its namespace.\n", end.name)
			return nil
		default:
			e.Declare = fmt.Sprintf("# %s is in no zone: first declare an Asset with its address, and a Zone whose members.assets takes it in.\n", end.name)
			return nil
		}
	}
	name := proposedName(p, v.Zones[from.place].Name+"-"+v.Zones[to.place].Name)
	doc := map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": topology.KindConduit, "metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"initiator": endOf(p, v, from), "responders": []any{endOf(p, v, to)}, "data": "Both",
			"flows": []any{flowOf(transport, port)},
			"why":   map[string]any{"need": "?", "ifLost": "?", "ifAbused": "?", "riskOwner": "?", "approval": "?"},
		},
	}
	raw, err := yaml.Marshal(doc)
	if err != nil {
		return fmt.Errorf("writing a conduit: %w", err)
	}
	e.Declare = string(raw)
	set, err := manifest.Read(strings.NewReader(e.Declare), "-")
	if err != nil {
		return err
	}
	declared, err := plant.FromFiles("", set, p.Now)
	if err != nil {
		return err
	}
	if verdict := p.With(declared, false).Model().Verdicts[topology.ObjectRef{Kind: topology.KindConduit, Name: name}]; verdict != nil {
		e.Findings = verdict.Findings
	}
	return nil
}

// proposedName is one that no conduit has.
func proposedName(p *plant.Plant, name string) string {
	const longest = 60
	name = strings.TrimRight(name[:min(len(name), longest)], "-")
	for n, try := 2, name; ; n++ {
		if !slices.ContainsFunc(p.Conduits, func(c *v1alpha1.Conduit) bool { return c.Name == try }) {
			return try
		}
		try = fmt.Sprintf("%s-%d", name, n)
	}
}

// endOf is an end that is no wider than it has to be: a workload by its label, one asset.
func endOf(p *plant.Plant, v *reach.View, w party) map[string]any {
	out := map[string]any{"zone": v.Zones[w.place].Name}
	if v.Places[w.place].Kind == reach.Devices {
		for _, a := range v.Zones[w.place].Assets {
			for _, n := range a.Addresses {
				if len(w.addresses) > 0 && n.Contains(w.addresses[0]) {
					out["assets"] = map[string]any{"names": []any{a.Name}}
				}
			}
		}
		return out
	}
	for _, pod := range p.Pods {
		if pod.Namespace+"/"+pod.Name != w.name {
			continue
		}
		for _, key := range []string{"app.kubernetes.io/name", "app"} {
			if value := pod.Labels[key]; value != "" {
				out["workloads"] = map[string]any{"matchLabels": map[string]any{key: value}}
				break
			}
		}
	}
	return out
}

// flowOf names the protocol whose only port this is, or else the port.
func flowOf(transport protocol.Transport, port uint16) map[string]any {
	asked := protocol.PortRange{Transport: transport, First: port, Last: port}
	for _, known := range protocol.ByRange(asked) {
		if slices.Contains(known.Ports, asked) && !known.PortChosenBySite {
			return map[string]any{"protocol": known.Key}
		}
	}
	return map[string]any{"port": int64(port), "transport": string(transport)}
}
