// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"fmt"
	"io"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
)

// text is the screen.
func (e *Explanation) text(out io.Writer) {
	fmt.Fprintf(out, "%s (%s) -> %s (%s)   %s\n", e.From, e.FromIn, e.To, e.ToIn, e.Port)
	fmt.Fprintln(out, e.answer())
	for _, r := range e.By {
		fmt.Fprintf(out, "  by %s %s: %s\n", r.Declaration, r.Rule, r.What)
		if r.File != "" {
			fmt.Fprintf(out, "     declared in %s:%d\n", r.File, r.Line)
		}
		for _, o := range r.Objects {
			fmt.Fprintf(out, "     carried out by %s\n", o)
		}
	}
	switch e.EnforcedBy {
	case v1alpha1.EnforcedByExternal:
		fmt.Fprintf(out, "  %s enforces it\n", e.Device)
	case v1alpha1.EnforcedByNobody:
		fmt.Fprintln(out, "  no firewall is named: nobody enforces it")
	case v1alpha1.EnforcedByCluster:
	}
	e.standingText(out)
	if e.Declare != "" {
		fmt.Fprintf(out, "\nTo let it pass, declare:\n\n%s", e.Declare)
	}
	for _, f := range e.Findings {
		fmt.Fprintf(out, "\n%s: it would be said of that: %s: %s (%s)\n", strings.ToLower(string(f.Severity)), f.Path, f.Message, f.Reason)
	}
	for _, u := range e.Unseen {
		fmt.Fprintf(out, "not seen: %s\n", u)
	}
}

// answer is the line that answers.
func (e *Explanation) answer() string {
	if e.differs() {
		return e.answerNow()
	}
	switch {
	case !e.AtPod && e.Passes:
		return "DECLARED, and no pod is at either end: this cluster neither lets it pass nor stops it"
	case !e.AtPod:
		return "NOT DECLARED, and no pod is at either end: whether it passes is up to what is between them"
	case e.Passes && len(e.By) == 0:
		return "PASSES: neither end is denied anything, and nothing declares it"
	case e.Passes:
		return "PASSES"
	}
	return "DOES NOT PASS: nothing declares it, and what is not declared is denied at " + strings.Join(e.Denied, " and at ")
}

// answerNow is that line where what stands is not what is declared.
func (e *Explanation) answerNow() string {
	switch {
	case !e.Passes:
		return "PASSES NOW, and nothing declares it: what is not declared is to be denied at " + strings.Join(e.Denied, " and at ")
	case len(e.By) == 0:
		return "REFUSED NOW, although neither end is to be denied anything"
	}
	return "REFUSED NOW, although it is declared"
}

func (e *Explanation) standingText(out io.Writer) {
	s := e.Standing
	if s == nil {
		return
	}
	by := ""
	if len(s.By) > 0 {
		by = " by " + strings.Join(s.By, ", ")
	}
	switch {
	case len(s.Unread) > 0:
		fmt.Fprintf(out, "  the policies that stand cannot be read: you may not list %s\n", strings.Join(s.Unread, ", "))
	case s.Answer == verdict.Unknown:
		fmt.Fprintf(out, "  the policies that stand: not clear%s\n", by)
	default:
		fmt.Fprintf(out, "  the policies that stand: %s%s\n", strings.ToLower(string(s.Answer)), by)
	}
	if e.differs() {
		fmt.Fprintln(out, "  WHICH IS NOT WHAT IS DECLARED: see the conditions of the zones (Exposed, Programmed), and access list for open windows")
	}
}
