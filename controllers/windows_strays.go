// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// sweeps is how often what bears a window's labels is looked through. The passes over the
// zones leave such objects alone, so one that no open window owns would stand for good.
const sweeps = time.Minute

// sweep removes what bears a window's labels and is of no window that is open: left by a
// crash, or forged.
func (w *Windows) sweep(ctx context.Context, p *windowPass) {
	if now := w.clock.Now(); p.assumed || !w.swept.IsZero() && now.Sub(w.swept).Abs() < sweeps {
		return
	}
	open := map[string]types.UID{}
	for _, m := range p.matters {
		if m.decision.Grant != nil {
			open[m.window.Name] = m.window.UID
		}
	}
	removed, err := w.grants.Sweep(ctx, open)
	if len(removed) > 0 {
		log.FromContext(ctx).Info("removed what bears a window's labels and is of none that is open", "objects", removed)
	}
	if err != nil {
		p.errs = append(p.errs, fmt.Errorf("looking through what bears a window's labels: %w", err))
		return
	}
	w.swept = w.clock.Now()
}
