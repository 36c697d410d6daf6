// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// findingCase is a site and all that is to be found about one of its objects,
// each finding as "Severity path Reason".
type findingCase struct {
	objects []any
	on      string // "Conduit/c"
	want    []string
	// says must be in one of the messages.
	says string
}

func runFindings(t *testing.T, cases map[string]findingCase) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m := Resolve(snapshot(c.objects...))
			kind, object, _ := strings.Cut(c.on, "/")
			v := verdictOf(t, m, kind, object)
			if diff := cmp.Diff(slices.Sorted(slices.Values(c.want)), brieflyAll(v.Findings), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("findings on %s (-want +got):\n%s\n%v", c.on, diff, v.Findings)
			}
			failed := slices.ContainsFunc(c.want, func(s string) bool { return strings.HasPrefix(s, "Error") })
			usable := kind == KindSite && m.Site != nil
			if v.InForce == failed && !usable {
				t.Errorf("in force: %v, with errors: %v", v.InForce, failed)
			}
			if !slices.ContainsFunc(v.Findings, func(f v1alpha1.Finding) bool { return strings.Contains(f.Message, c.says) }) && c.says != "" {
				t.Errorf("no message says %q: %v", c.says, v.Findings)
			}
		})
	}
}

func brieflyAll(fs []v1alpha1.Finding) []string {
	var out []string
	for _, f := range fs {
		out = append(out, fmt.Sprintf("%s %s %s", f.Severity, f.Path, f.Reason))
	}
	slices.Sort(out)
	return out
}
