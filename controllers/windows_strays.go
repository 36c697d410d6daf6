// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/zonewarden/zonewarden/internal/apply"
)

// sweeps is how often what bears a window's labels is looked through. The passes over the
// zones leave such objects alone, so one that no open window owns would stand for good.
const sweeps = time.Minute

// sweep removes what bears a window's labels and is of no window that is open, or was of one
// that reaches less now: left by a crash, or forged.
func (w *Windows) sweep(ctx context.Context, p *windowPass) {
	if now := w.clock.Now(); p.assumed || !p.changed && !w.swept.IsZero() && now.Sub(w.swept).Abs() < sweeps {
		return
	}
	open := map[string]apply.Kept{}
	for _, m := range p.matters {
		if m.decision.Grant == nil {
			continue
		}
		kept := apply.Kept{UID: m.window.UID}
		if m.set != nil && m.failed == nil {
			kept.Objects = apply.ObjectsOf(m.set)
		}
		open[m.window.Name] = kept
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
