// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/output"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
	"github.com/zonewarden/zonewarden/internal/reach"
)

// Blast is how far somebody gets who has taken a workload over, and each that it reaches.
type Blast struct {
	Kind string `json:"kind"`
	Site string `json:"site"`
	From string `json:"from"`
	In   string `json:"in"`
	// Steps are what is reached by one connection, by two, and so on.
	Steps [][]Reached `json:"steps"`
	// Safety are the safety zones that are reached, and after how many steps.
	Safety map[string]int `json:"safety"`
	// NotReached are the zones that are not.
	NotReached []string `json:"notReached"`
	Unseen     []string `json:"unseen"`
}

// Reached is what is reached of one zone in one step.
type Reached struct {
	Zone    string   `json:"zone"`
	Members []string `json:"members"`
	// By are the conduits, and what they let pass.
	By []string `json:"by"`
}

// BlastCommand is the command blast-radius.
func BlastCommand(s *connect.Session) *cobra.Command {
	var format output.Format
	var files []string
	var sites connect.Sites
	cmd := &cobra.Command{
		Use:   "blast-radius WORKLOAD",
		Short: "How far somebody gets who has taken a workload or device over",
		Long: `Follows what may be opened from a pod, workload, device or address, connection by
connection, as if whoever is reached were taken over as well. It is the worst case by
what is declared: a protocol that only reads is no way on, and this does not know it.
Between two devices only what is declared counts: what their network lets pass besides,
a cluster cannot know.`,
		Example: `  kubectl zonewarden blast-radius ww-dmz/jump-host
  kubectl zonewarden blast-radius outside -f sites/ww-17`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(files) > 0 && sites.Several() {
				return errors.New("-f, --contexts: give one of them")
			}
			return sites.Read(s, &format, func(at *connect.Session) (any, func(), error) {
				p, err := plant.Read(cmd.Context(), at, files)
				if err != nil {
					return nil, nil, err
				}
				v := viewOf(p)
				from, err := find(p, v, args[0])
				if err != nil {
					return nil, nil, err
				}
				b := blast(p, v, from)
				return b, func() { b.text(s.Out) }, nil
			})
		},
	}
	plant.AddFiles(cmd, &files, "by these manifests, instead of a cluster")
	sites.AddFlags(cmd, s)
	format.AddFlag(cmd)
	return cmd
}

// blast walks from place to place, the nearest first.
func blast(p *plant.Plant, v *reach.View, from party) Blast {
	out := Blast{
		Kind: "BlastRadius", Site: p.SiteName(), From: from.name, In: from.in(v),
		Steps: [][]Reached{}, Safety: map[string]int{}, NotReached: []string{}, Unseen: append([]string{}, p.Unseen...),
	}
	// Not even the place that it starts at: there may be others there.
	seen := map[int]bool{}
	zones := map[string]bool{v.ZoneName(from.place): true}
	for edge := []int{from.place}; len(edge) > 0; {
		next, step := step(v, from, edge, seen)
		for _, r := range step {
			zones[r.Zone] = true
		}
		for _, i := range next {
			z := v.Zones[i]
			if z != nil && z.Type == v1alpha1.ZoneTypeSafety && out.Safety[z.Name] == 0 {
				out.Safety[z.Name] = len(out.Steps) + 1
			}
		}
		if len(step) > 0 {
			out.Steps = append(out.Steps, step)
		}
		edge = next
	}
	for _, z := range v.Model.Zones {
		if !zones[z.Name] {
			out.NotReached = append(out.NotReached, z.Name)
		}
	}
	return out
}

// group is what is reached of one zone, while it is gathered.
type group struct{ members, by map[string]bool }

func (g *group) take(members, by []string) {
	for _, m := range members {
		g.members[m] = true
	}
	for _, how := range by {
		g.by[how] = true
	}
}

// step finds what is reached from the edge by one connection more, where a first workload
// was taken over.
func step(v *reach.View, first party, edge []int, seen map[int]bool) (next []int, reached []Reached) {
	groups := map[string]*group{}
	for _, from := range edge {
		for to := range v.Places {
			pair, members := reach.Pair{From: from, To: to}, others(v.Places[to], first)
			if len(members) == 0 || wayOn(v, pair).None() || seen[to] && !slices.Contains(next, to) {
				continue
			}
			if !seen[to] {
				seen[to] = true
				next = append(next, to)
			}
			zone := v.ZoneName(to)
			if groups[zone] == nil {
				groups[zone] = &group{map[string]bool{}, map[string]bool{}}
			}
			groups[zone].take(members, ways(v, pair))
		}
	}
	for zone, g := range groups {
		reached = append(reached, Reached{Zone: zone, Members: slices.Sorted(maps.Keys(g.members)), By: slices.Sorted(maps.Keys(g.by))})
	}
	slices.SortFunc(reached, func(a, b Reached) int { return cmp.Compare(a.Zone, b.Zone) })
	return next, reached
}

// others are the members of a place but for the one that was taken over first: its
// neighbours are reached as anybody else is, and nobody reaches itself.
func others(at *reach.Place, first party) []string {
	return slices.DeleteFunc(slices.Clone(at.Members), func(name string) bool { return name == first.name })
}

// wayOn is what passes as far as this cluster says. Between two devices that is what is
// declared: what their network lets pass besides, nobody here knows.
func wayOn(v *reach.View, pair reach.Pair) reach.Ports {
	if v.AtPod(pair) {
		return v.Passes(pair)
	}
	return v.Declared(pair)
}

func ways(v *reach.View, pair reach.Pair) []string {
	var out []string
	for _, a := range v.Allowed(pair) {
		switch a.By {
		case reach.ByZone:
			out = append(out, "traffic within the zone")
		case reach.ByPlatform:
			out = append(out, "platform service "+a.Ports.String())
		default:
			out = append(out, a.By+": "+a.What(a.Ports))
		}
	}
	if v.Undenied(pair) && v.AtPod(pair) {
		out = append(out, "everything: neither end is denied anything")
	}
	return out
}

const fewMembers = 5

func (b Blast) text(out io.Writer) {
	fmt.Fprintf(out, "FROM %s (%s)\n", b.From, b.In)
	for i, step := range b.Steps {
		fmt.Fprintf(out, "%d %s\n", i+1, map[bool]string{true: "connection", false: "connections"}[i == 0])
		for _, r := range step {
			members := strings.Join(r.Members[:min(len(r.Members), fewMembers)], ", ")
			if more := len(r.Members) - fewMembers; more > 0 {
				members += fmt.Sprintf(" and %d more", more)
			}
			fmt.Fprintf(out, "   %s: %s\n", r.Zone, members)
			for _, how := range r.By {
				fmt.Fprintf(out, "      by %s\n", how)
			}
		}
	}
	if len(b.Safety) == 0 {
		fmt.Fprintln(out, "SAFETY: no safety zone is reached")
	}
	for _, zone := range slices.Sorted(maps.Keys(b.Safety)) {
		fmt.Fprintf(out, "SAFETY: %s is REACHED after %d\n", zone, b.Safety[zone])
	}
	if len(b.NotReached) > 0 {
		fmt.Fprintf(out, "NOT REACHED: %s\n", strings.Join(b.NotReached, ", "))
	}
	for _, u := range b.Unseen {
		fmt.Fprintf(out, "not seen: %s\n", u)
	}
}
