// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"time"

	"github.com/zonewarden/zonewarden/internal/closing"
	"github.com/zonewarden/zonewarden/internal/flows"
)

// endFlows keeps the rules and ends the flows of what was closed, until the context ends.
func (a *Agent) endFlows(ctx context.Context) error {
	hunt := &closing.Hunt{}
	a.suspect(ctx, hunt)
	for {
		if !a.awaitChange(ctx, hunt) {
			return nil
		}
		a.sweep(ctx, hunt)
	}
}

// awaitChange returns when flows are to be judged: after a change of the rules, or when
// the hunt says so. It returns false when the context ended.
func (a *Agent) awaitChange(ctx context.Context, hunt *closing.Hunt) bool {
	var again <-chan time.Time
	if d, ok := hunt.Next(a.clock.Now()); ok {
		timer := a.clock.NewTimer(d)
		defer timer.Stop()
		again = timer.C()
	}
	select {
	case <-ctx.Done():
		return false
	case <-again:
		return true
	case <-a.changed:
	}
	before, err := a.renewRules(ctx)
	if err != nil {
		a.log.Error(err, "making rules of policies; those from before go on")
		return ctx.Err() == nil
	}
	for _, rules := range before {
		hunt.Changed(rules, a.clock.Now())
	}
	return true
}

// suspect notes which flows are refused at the start.
func (a *Agent) suspect(ctx context.Context, hunt *closing.Hunt) {
	table, err := a.table()
	if err == nil {
		rules, now := a.rules.Load(), a.clock.Now()
		err = table.Flows(ctx, func(f flows.Flow) bool {
			hunt.Start(f, rules, now)
			return true
		})
	}
	a.report.setTable(table, err)
	if err != nil {
		a.log.Error(err, "reading live flows")
	}
	poke(a.due)
}

// sweep ends every live flow that is to end.
func (a *Agent) sweep(ctx context.Context, hunt *closing.Hunt) {
	table, err := a.table()
	if err == nil {
		err = a.sweepTable(ctx, table, hunt)
	}
	if a.report.setTable(table, err) {
		poke(a.due)
		if err != nil {
			a.log.Error(err, "ending live flows")
		}
	}
}

func (a *Agent) sweepTable(ctx context.Context, table flows.Table, hunt *closing.Hunt) error {
	rules, now := a.rules.Load(), a.clock.Now()
	var over []flows.Flow
	closedBy := map[flows.Flow]string{}
	err := table.Flows(ctx, func(f flows.Flow) bool {
		if name, ends := hunt.Ends(f, rules, now); ends {
			over = append(over, f)
			closedBy[f] = name
		}
		return true
	})
	if err != nil || len(over) == 0 {
		return err
	}
	n, err := table.End(ctx, over)
	flowsEnded.Add(float64(n))
	a.report.ended(over, closedBy, rules, now)
	for _, f := range over {
		a.log.Info("ended a live flow that nothing admits any more",
			"source", nameAt(rules, f.Source), "destination", nameAt(rules, f.Destination), "port", portOf(f), "closed", closedBy[f])
	}
	poke(a.due)
	return err
}
