// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/output"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/reach"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Explanation is why something passes or does not.
type Explanation struct {
	Kind string `json:"kind"`
	Site string `json:"site"`
	From string `json:"from"`
	To   string `json:"to"`
	// FromIn and ToIn say where the ends are.
	FromIn string `json:"fromIn"`
	ToIn   string `json:"toIn"`
	Port   string `json:"port"`
	// AtPod says that a pod is at either end, without which this cluster has no say.
	AtPod bool `json:"atPod"`
	// Passes says that by what is declared this cluster lets it pass, or that it is declared
	// where it has no say.
	Passes bool `json:"passes"`
	// PassesNow is what the policies say that stand; left out where that is not known, or no
	// pod is at either end.
	PassesNow *bool `json:"passesNow,omitempty"`
	// By is what lets it pass.
	By []Reason `json:"by"`
	// Denied are the ends at which what is not declared is denied.
	Denied     []string            `json:"denied"`
	EnforcedBy v1alpha1.EnforcedBy `json:"enforcedBy,omitempty"`
	Device     string              `json:"device,omitempty"`
	// Standing is what the policies say that stand in the cluster.
	Standing *Standing `json:"standing,omitempty"`
	// Declare is what would have to be declared to let it pass, and Findings what would be
	// said of that.
	Declare  string             `json:"declare,omitempty"`
	Findings []v1alpha1.Finding `json:"findings,omitempty"`
	Unseen   []string           `json:"unseen"`
}

// Reason is one declaration that lets it pass.
type Reason struct {
	// Declaration as kind/name, and the rule in it.
	Declaration string `json:"declaration"`
	Rule        string `json:"rule,omitempty"`
	What        string `json:"what"`
	// File and Line, where it was read from manifests.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	// Objects that carry it out.
	Objects []string `json:"objects,omitempty"`
}

// ExplainCommand is the command explain.
func ExplainCommand(s *connect.Session) *cobra.Command {
	var format output.Format
	var files []string
	var sites connect.Sites
	cmd := &cobra.Command{
		Use:   "explain SRC DST PORT[/TCP|UDP|SCTP]",
		Short: "Why something passes or not: which conduit, rule and object decides",
		Long: `Says whether SRC may open a connection to DST at a port, which declaration decides, and
what would have to be declared. SRC and DST are NAMESPACE/POD, NAMESPACE/WORKLOAD, an
asset by tag or name, an address, "outside", "(dns)" or "(api-server)". Name the pods behind
a Service and their port: at its own address there is nobody.

On a cluster it also asks the policies that stand, those of others and of open access
windows included. Where they are known the exit code is what they say, and the first line
says so where that is not what is declared.

Exit codes:
  0  it passes
  1  not known: SRC, DST or PORT say nothing, or the site could not be read
  2  it does not pass`,
		Example: `  kubectl zonewarden explain ww-historian/historian-0 ww-filtration/opcua 4840
  kubectl zonewarden explain 10.9.1.20 PLC_F03 502/TCP -f sites/ww-17`,
		Args: cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(files) > 0 && sites.Several() {
				return errors.New("-f, --contexts: give one of them")
			}
			return sites.Read(s, &format, func(at *connect.Session) (any, func(), error) {
				e, err := explainAt(cmd.Context(), at, files, args)
				if err != nil {
					return nil, nil, err
				}
				return e, func() { e.text(s.Out) }, e.end()
			})
		},
	}
	plant.AddFiles(cmd, &files, "by these manifests, instead of a cluster")
	sites.AddFlags(cmd, s)
	format.AddFlag(cmd)
	return cmd
}

func explainAt(ctx context.Context, s *connect.Session, files, args []string) (*Explanation, error) {
	p, err := plant.Read(ctx, s, files)
	if err != nil {
		return nil, err
	}
	return explainOf(p, args)
}

// explainOf answers SRC, DST and PORT of a site.
func explainOf(p *plant.Plant, args []string) (*Explanation, error) {
	v := viewOf(p)
	from, err := find(p, v, args[0])
	if err != nil {
		return nil, err
	}
	to, err := find(p, v, args[1])
	if err != nil {
		return nil, err
	}
	transport, port, err := parsePort(args[2])
	if err != nil {
		return nil, err
	}
	return explain(p, v, from, to.servedTo(v, from, transport, port), transport, port)
}

// parsePort reads "502" or "502/UDP".
func parsePort(text string) (protocol.Transport, uint16, error) {
	number, name, _ := strings.Cut(text, "/")
	port, err := strconv.ParseUint(number, 10, 16)
	if err != nil || port == 0 {
		return "", 0, fmt.Errorf("%q is no port: write 502, or 502/UDP", text)
	}
	transport := protocol.Transport(strings.ToUpper(name))
	switch transport {
	case "":
		transport = protocol.TCP
	case protocol.TCP, protocol.UDP, protocol.SCTP:
	default:
		return "", 0, fmt.Errorf("%q is no transport: write TCP, UDP or SCTP", name)
	}
	return transport, uint16(port), nil
}

func explain(p *plant.Plant, v *reach.View, from, to party, transport protocol.Transport, port uint16) (*Explanation, error) {
	pair := reach.Pair{From: from.place, To: to.place}
	e := &Explanation{
		Kind: "Explanation", Site: p.SiteName(), From: from.name, To: to.name, FromIn: from.in(v), ToIn: to.in(v),
		Port: fmt.Sprintf("%d/%s", port, transport), Passes: wayOn(v, pair).Has(transport, port), AtPod: v.AtPod(pair),
		By: []Reason{}, Denied: []string{}, Unseen: append([]string{}, p.Unseen...),
	}
	for _, end := range []party{from, to} {
		if v.Denied[end.place] {
			e.Denied = append(e.Denied, end.name)
		}
	}
	for _, a := range v.Allowed(pair) {
		if a.Ports.Has(transport, port) {
			e.By = append(e.By, reasonOf(p, v, pair, a, transport, port))
			e.EnforcedBy, e.Device = v.EnforcedBy(pair, a)
		}
	}
	if p.Live {
		e.Standing = standing(p, from, to, transport, port)
		e.PassesNow = e.now()
	}
	if len(e.By) == 0 {
		return e, e.propose(p, v, from, to, transport, port)
	}
	return e, nil
}

// reasonOf finds the rule, the place and the objects of what lets something pass.
func reasonOf(p *plant.Plant, v *reach.View, pair reach.Pair, a reach.Allowance, transport protocol.Transport, port uint16) Reason {
	ref := topology.ObjectRef{Kind: topology.KindConduit, Name: a.By}
	out := Reason{What: a.What(reach.Some(protocol.PortRange{Transport: transport, First: port, Last: port}))}
	switch {
	case a.Conduit != nil:
		i := slices.IndexFunc(a.Conduit.Flows, func(f topology.ResolvedFlow) bool { return reach.Some(f.Ports...).Has(transport, port) })
		out.Rule = fmt.Sprintf("spec.flows[%d]", i)
	case a.By == reach.ByPlatform:
		ref, out.Rule = topology.ObjectRef{Kind: topology.KindZone, Name: v.Zones[pair.From].Name}, "spec.platformServices"
	default:
		ref, out.Rule = topology.ObjectRef{Kind: topology.KindZone, Name: v.Zones[pair.From].Name}, "spec.internalTraffic"
	}
	out.Declaration = ref.String()
	if p.Files != nil {
		if d := p.Files.Find(v1alpha1.GroupVersion.Group, ref.Kind, ref.Name); d != nil {
			out.File, out.Line = d.File, d.LineOf(out.Rule)
		}
	}
	for _, o := range p.Compile().Objects {
		if o.Source == ref && v.AtPod(pair) {
			out.Objects = append(out.Objects, objectName(o.GVK.Kind, o.Namespace, o.Name))
		}
	}
	return out
}

func objectName(kind, namespace, name string) string {
	if namespace == "" {
		return kind + "/" + name
	}
	return kind + "/" + namespace + "/" + name
}
