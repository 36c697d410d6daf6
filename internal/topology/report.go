// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// report collects the findings about one object.
type report struct {
	findings []v1alpha1.Finding
}

func (r *report) add(s v1alpha1.Severity, path, reason, format string, args ...any) {
	f := v1alpha1.Finding{Severity: s, Path: path, Reason: reason, Message: fmt.Sprintf(format, args...)}
	if !slices.Contains(r.findings, f) {
		r.findings = append(r.findings, f)
	}
}

// error records what keeps the object as declared out of force.
func (r *report) error(path, reason, format string, args ...any) {
	r.add(v1alpha1.SeverityError, path, reason, format, args...)
}

// warn records what changes nothing.
func (r *report) warn(path, reason, format string, args ...any) {
	r.add(v1alpha1.SeverityWarning, path, reason, format, args...)
}

// byRule records a broken segmentation rule with the severity that the Site chose.
func (r *report) byRule(action v1alpha1.RuleAction, path, reason, format string, args ...any) {
	if action == v1alpha1.RuleWarn {
		r.warn(path, reason, format, args...)
		return
	}
	r.error(path, reason, format, args...)
}

func (r *report) failed() bool {
	for _, f := range r.findings {
		if f.Severity == v1alpha1.SeverityError {
			return true
		}
	}
	return false
}
