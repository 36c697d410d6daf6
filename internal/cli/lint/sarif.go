// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/owenrumney/go-sarif/v3/pkg/report"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/buildinfo"
)

// home is where a reader of a report learns what the tool is.
const home = "https://github.com/zonewarden/zonewarden"

// printSARIF prints findings as SARIF 2.1.0 (OASIS), which code review shows at the lines.
func printSARIF(out io.Writer, findings []Finding) error {
	version := buildinfo.Version()
	run := sarif.NewRunWithInformationURI("zonewarden", home)
	run.Tool.Driver.Version = &version
	for _, f := range findings {
		run.AddRule(f.Reason).WithHelpURI(home + "/blob/main/docs/runbook.md#" + f.Reason)
		level := "warning"
		if f.Severity == v1alpha1.SeverityError {
			level = "error"
		}
		text := f.Message
		if f.Object != "" {
			text = fmt.Sprintf("%s %s: %s", f.Object, f.Path, f.Message)
		}
		at := sarif.NewPhysicalLocation().
			WithArtifactLocation(sarif.NewSimpleArtifactLocation(filepath.ToSlash(f.File))).
			WithRegion(sarif.NewRegion().WithStartLine(f.Line))
		run.CreateResultForRule(f.Reason).WithLevel(level).WithMessage(sarif.NewTextMessage(text)).
			AddLocation(sarif.NewLocationWithPhysicalLocation(at))
	}
	r := report.NewV210Report()
	r.AddRun(run)
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	_, err = fmt.Fprintln(out, string(raw))
	return err
}
