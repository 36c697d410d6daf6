// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"github.com/zonewarden/zonewarden/internal/cli/plant"
	"github.com/zonewarden/zonewarden/internal/drawing"
)

// What of the sheet is made of what, by the names that package plant has for it. Policies,
// certificates and vendors are not in it: a drawing counts none of them.
var (
	countsPods    = []string{"namespaces", "pods"}
	givesFindings = []string{"namespaces", "pods", "nodes", "services"}
	showsWindows  = []string{"access windows"}
)

// leaveOut takes from what is drawn all that was made without what its reader may not list,
// so that the sheet says that it is not known: it is approved and hung up without what the
// terminal said.
func leaveOut(out *drawing.Plant, p *plant.Plant) {
	out.PodsUnseen = p.Unlisted(countsPods...)
	if p.Unlisted(givesFindings...) {
		out.Findings = nil
	}
	if p.Unlisted(showsWindows...) {
		out.Windows = nil
	}
}
