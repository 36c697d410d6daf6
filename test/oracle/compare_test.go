// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/admintier"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/policy/networkpolicy"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle"
	"github.com/zonewarden/zonewarden/test/oracle/declared"
	"github.com/zonewarden/zonewarden/test/oracle/plant"
)

// judged is one backend with the engines that judge its objects.
type judged struct {
	name     string
	backend  policy.Backend
	onCilium bool
	engines  []string
}

const (
	ciliumOnCilium = "Cilium on Cilium's objects"
	ciliumOnOther  = "Cilium on NetworkPolicy"
	cyclonusOn     = "cyclonus on NetworkPolicy"
	// ciliumOnBoth is while the backend changes.
	ciliumOnBoth = "Cilium on both"
)

var backends = []judged{
	{"cilium", cilium.Backend{}, true, []string{ciliumOnCilium}},
	{"networkpolicy", networkpolicy.Backend{}, false, []string{ciliumOnOther, cyclonusOn}},
}

// compile makes the backend's objects. On Cilium those of the guard are among them, in
// the layers that the Site asks for.
func (b judged) compile(m *topology.Model) policy.Set {
	c := policy.NewCompiler(b.backend)
	if b.onCilium {
		c.WithAdminTier(admintier.Guard{})
	}
	return c.Compile(m)
}

// loader is an engine that takes objects.
type loader interface {
	oracle.Engine
	Apply(object []byte) error
}

func newEngine(name string, p plant.Plant) (engine loader, closeEngine func(), err error) {
	switch name {
	case cyclonusOn:
		c, err := oracle.NewCyclonus(p.OtherWorld())
		return c, func() {}, err
	case ciliumOnOther:
		c, err := oracle.NewCilium(p.OtherWorld())
		return c, c.Close, err
	case ciliumOnBoth:
		w := p.World()
		w.HostPasses = true // as NetworkPolicy has it
		c, err := oracle.NewCilium(w)
		return c, c.Close, err
	default:
		c, err := oracle.NewCilium(p.World())
		return c, c.Close, err
	}
}

// disagreement is where an engine does not say what is declared.
type disagreement struct {
	engine  string
	flow    oracle.Flow
	ingress bool
	want    declared.Verdict
	got     bool
	// wrong is what is wrong besides flows: a model that cannot be, or an object that
	// the engine refuses.
	wrong string
	why   string
}

func (d *disagreement) String() string {
	if d.wrong != "" {
		return strings.TrimSpace(d.engine + " " + d.wrong)
	}
	end := "at its source"
	if d.ingress {
		end = "at its destination"
	}
	return fmt.Sprintf("%s: %s passes %s: %t by %s; declared is must %t, may %t (%s)",
		d.engine, d.flow, end, d.got, d.why, d.want.Must, d.want.May, d.want.Cause)
}

// questions are the flows that are asked about: every pair of ends, one of which is a
// pod, at every port.
type questions struct {
	ends  []oracle.Endpoint
	ports []plant.Port
}

func everything(p plant.Plant) questions {
	return questions{ends: p.Endpoints(), ports: p.PortEdges(topology.Resolve(p.Snapshot))}
}

// compare asks every engine about every flow and returns the first disagreement, nil
// for none.
func compare(p plant.Plant, q questions, count *tally) (*disagreement, error) {
	m := topology.Resolve(p.Snapshot)
	for _, b := range backends {
		set := b.compile(m)
		judge, unsound := read(p, m, set, b)
		if unsound != nil {
			return unsound, nil
		}
		for _, name := range b.engines {
			if d, err := compareEngine(name, b, p, set, judge, q, count); d != nil || err != nil {
				return d, err
			}
		}
	}
	return nil, nil
}

// read reads the declarations, and says where what is in force cannot be.
func read(p plant.Plant, m *topology.Model, set policy.Set, b judged) (*declared.Judge, *disagreement) {
	judge, err := declared.New(p, m, set, b.onCilium)
	if err == nil {
		err = judge.Check(p, m)
	}
	if err != nil {
		return nil, &disagreement{wrong: "the model: " + err.Error()}
	}
	return judge, nil
}

func compareEngine(name string, b judged, p plant.Plant, set policy.Set, judge *declared.Judge, q questions, count *tally) (*disagreement, error) {
	engine, closeEngine, err := newEngine(name, p)
	if err != nil {
		return nil, err
	}
	defer closeEngine()
	for _, o := range set.Objects {
		if err := engine.Apply(o.JSON()); err != nil {
			return &disagreement{engine: name, wrong: fmt.Sprintf("refuses an object of %s: %v\n%s", o.Source, err, o.JSON())}, nil
		}
	}
	count.guards(name, set)
	ask, err := abstaining(name, engine, raw(set))
	if err != nil {
		return nil, err
	}
	for _, f := range q.flows() {
		if f.To == oracle.Host && !b.onCilium {
			continue // whether a pod reaches its node is for each CNI to say
		}
		if d, err := compareFlow(name, ask, judge, f, count); d != nil || err != nil {
			return d, err
		}
	}
	return nil, nil
}

// flows are those between two ends of which one is a pod.
func (q questions) flows() []oracle.Flow {
	var out []oracle.Flow
	for _, from := range q.ends {
		for _, to := range q.ends {
			if from == to || !isPod(from) && !isPod(to) {
				continue
			}
			for _, port := range q.ports {
				out = append(out, oracle.Flow{From: from, To: to, Transport: port.Transport, Port: port.Number})
			}
		}
	}
	return out
}

// raw are the objects as they go over the wire.
func raw(set policy.Set) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, o := range set.Objects {
			if !yield(o.JSON()) {
				return
			}
		}
	}
}

func isPod(e oracle.Endpoint) bool { return strings.Contains(string(e), "/") }

func compareFlow(name string, engine oracle.Engine, judge *declared.Judge, f oracle.Flow, count *tally) (*disagreement, error) {
	both := true
	for _, ingress := range []bool{false, true} {
		at, ask, expect := f.From, engine.Egress, judge.Egress
		if ingress {
			at, ask, expect = f.To, engine.Ingress, judge.Ingress
		}
		want, err := expect(f)
		if err != nil {
			return nil, err
		}
		got, err := ask(f)
		if errors.Is(err, oracle.ErrNotJudged) {
			both = false
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", name, f, err)
		}
		if got && !want.May || !got && want.Must {
			return &disagreement{engine: name, flow: f, ingress: ingress, want: want, got: got, why: reason(engine, f, ingress)}, nil
		}
		if isPod(at) {
			count.end(name, want, got)
		}
	}
	count.verdict(name, both)
	return nil, nil
}

func reason(engine oracle.Engine, f oracle.Flow, ingress bool) string {
	if b, ok := engine.(blindfolded); ok {
		engine = b.Engine
	}
	c, ok := engine.(*oracle.Cilium)
	switch {
	case !ok:
		return "its policies"
	case ingress:
		return c.Why(f.To, f.From, f, true)
	default:
		return c.Why(f.From, f.To, f, false)
	}
}

// minimise drops what a disagreement does not need, so that a person reads what is
// left: any disagreement about the same flow counts.
func minimise(p plant.Plant, d *disagreement) (plant.Plant, *disagreement) {
	var q questions
	if d.wrong == "" {
		q.ends = []oracle.Endpoint{d.flow.From, d.flow.To}
		q.ports = []plant.Port{{Transport: d.flow.Transport, Number: d.flow.Port}}
	}
	for changed := true; changed; {
		changed = false
		for _, smaller := range withoutOne(p) {
			found, err := compare(smaller, q, nil)
			if err == nil && found != nil && (found.wrong == "") == (d.wrong == "") {
				p, d, changed = smaller, found, true
				break
			}
		}
	}
	return p, d
}

// withoutOne are the plants that one object less makes.
func withoutOne(p plant.Plant) []plant.Plant {
	var out []plant.Plant
	add := func(n int, drop func(q *plant.Plant, i int)) {
		for i := range n {
			q := p
			drop(&q, i)
			out = append(out, q)
		}
	}
	add(len(p.Conduits), func(q *plant.Plant, i int) { q.Conduits = without(q.Conduits, i) })
	add(len(p.Zones), func(q *plant.Plant, i int) { q.Zones = without(q.Zones, i) })
	add(len(p.Assets), func(q *plant.Plant, i int) { q.Assets = without(q.Assets, i) })
	add(len(p.Pods), func(q *plant.Plant, i int) { q.Pods = without(q.Pods, i) })
	add(len(p.Nodes), func(q *plant.Plant, i int) { q.Nodes = without(q.Nodes, i) })
	for i, ns := range p.Namespaces {
		if !slices.ContainsFunc(p.Pods, func(pod topology.Pod) bool { return pod.Namespace == ns.Name }) {
			q := p
			q.Namespaces = without(q.Namespaces, i)
			out = append(out, q)
		}
	}
	return out
}

func without[T any](list []T, i int) []T { return slices.Delete(slices.Clone(list), i, i+1) }
