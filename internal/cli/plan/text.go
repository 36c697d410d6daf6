// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/change"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// few is how many of a list the screen names.
const few = 4

// text is the screen.
func (f *Forecast) text(out io.Writer, details bool) {
	t := &screen{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0), details}
	backend := string(f.Backend)
	if backend == "" {
		backend = "no backend"
	}
	t.line("PLAN", "%s   %s   %s", f.Site, backend, counted(len(f.Objects), "object differs", "objects differ"))
	for _, o := range f.Objects {
		t.line("", "%s %s is %s", strings.ToLower(o.Kind), o.Name, o.Verb)
	}
	t.flows("OPENS", "+", f.Opens)
	t.flows("CLOSES", "-", f.Closes)
	t.line("IN USE", "not known: a plan does not see traffic yet")
	t.denials("NEW DENY", f.Denied, "keep", "lose everything else")
	t.denials("RELEASED", f.Released, "had", "now open and get everything")
	if len(f.Safety) == 0 {
		t.line("SAFETY", "no safety zone is touched")
	} else {
		t.line("SAFETY", "TOUCHED: %s", strings.Join(f.Safety, ", "))
	}
	t.waiting(f.Waiting)
	t.notByUs(f)
	t.list("WRITES", "in order", len(f.Writes), func(i int) string { return f.Writes[i].Verb + " " + f.Writes[i].Object })
	if len(f.Held) > 0 {
		t.line("HELD", "%s stay: deleting what they stand for was not announced (annotation %s)", strings.Join(f.Held, ", "), v1alpha1.AnnotationAllowRelease)
	}
	t.restarts(f.Restarts)
	if f.Budget.Limit > 0 {
		t.line("MAP", "fullest in zone %s: %d of %d entries", f.Budget.Zone, f.Budget.Entries, f.Budget.Limit)
	}
	t.findings(f)
	t.workloads(f.Workloads)
	for _, u := range f.Unseen {
		t.line("UNSEEN", "%s", u)
	}
	for _, a := range f.Assumed {
		t.line("ASSUMED", "%s", a)
	}
	t.line("VERDICT", "%s", f.verdict())
	_ = t.Flush()
}

// verdict is the last line.
func (f *Forecast) verdict() string {
	switch n := f.errors(); {
	case n > 0:
		return fmt.Sprintf("%s would not be taken as declared: exit 1", counted(n, "object", "objects"))
	case f.Empty():
		return "nothing would change: exit 0"
	case len(f.Opens)+len(f.Closes)+len(f.Denied)+len(f.Released) == 0 && len(f.Workloads) > 0:
		return "changes by workloads, which are not in this plan: exit 2"
	case len(f.Opens)+len(f.Closes)+len(f.Denied)+len(f.Released) == 0:
		return "nothing would pass or be denied that is not now: exit 2, because objects differ"
	}
	if n := len(f.Waiting); n > 0 {
		return fmt.Sprintf("changes, and of %s comes into force what somebody else has approved: exit 2", counted(n, "object", "objects"))
	}
	return "changes: exit 2"
}

// errors counts the objects that the API server or the operator would not take.
func (f *Forecast) errors() int {
	wrong := map[string]bool{}
	for _, r := range f.Refused {
		wrong[r.File+r.Object] = true
	}
	for _, found := range f.Findings {
		if found.Severity == v1alpha1.SeverityError {
			wrong[found.Object.String()] = true
		}
	}
	return len(wrong)
}

// screen is a page of lines with a word in front.
type screen struct {
	*tabwriter.Writer
	details bool
}

func (t *screen) line(head, format string, args ...any) {
	fmt.Fprintf(t, "%s\t"+format+"\n", append([]any{head}, args...)...)
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// waiting are the changes that open nothing before somebody has approved them. Hashes are
// never shortened: they are what is compared.
func (t *screen) waiting(list []Waiting) {
	for i, w := range list {
		word := ""
		if i == 0 {
			word = fmt.Sprintf("APPROVE %d", len(list))
		}
		author := w.Author
		if author == "" {
			author = "its author (annotation " + v1alpha1.AnnotationAuthor + " is needed)"
		}
		t.line(word, "%s/%s waits for %s by somebody else than %s", strings.ToLower(w.Kind), w.Name, counted(w.Approvals, "approval", "approvals"), author)
		t.line("", "  %s", w.Hash)
	}
}

func (t *screen) flows(head, sign string, flows []change.Flow) {
	if len(flows) == 0 {
		t.line(head, "nothing")
		return
	}
	var pairs, whats int
	for _, f := range flows {
		pairs, whats = max(pairs, len(f.From.Zone+" -> "+f.To.Zone)), max(whats, len(f.What))
	}
	whats = min(whats, widest)
	for i, f := range flows {
		word := fmt.Sprintf("%s %d", head, len(flows))
		if i > 0 {
			word = ""
		}
		t.line(word, "%s %-*s  %-*s  %s%s", sign, pairs, f.From.Zone+" -> "+f.To.Zone, whats, f.What, byWhom(f), notes(f))
		t.line("", "    %s -> %s", t.names(f.From.Members), t.names(f.To.Members))
	}
}

// widest column of what passes, after which the rest moves.
const widest = 32

// names are those of members, a few of them without details.
func (t *screen) names(list []string) string {
	if t.details || len(list) <= few {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:few-1], ", "), len(list)-few+1)
}

// byWhom names what lets a flow pass, and who answers for it.
func byWhom(f change.Flow) string {
	switch f.By {
	case "internal":
		return "traffic within the zone"
	case "platform":
		return "platform service"
	}
	owner := ""
	if f.RiskOwner != "" {
		owner = ", owner " + f.RiskOwner
	}
	return "conduit " + f.By + owner
}

// notes say what is particular about a flow.
func notes(f change.Flow) string {
	var out []string
	if f.Because != "conduit "+f.By+" is new" && f.Because != "" {
		out = append(out, f.Because)
	}
	switch f.EnforcedBy {
	case v1alpha1.EnforcedByExternal:
		out = append(out, "ENFORCED BY "+f.Device)
	case v1alpha1.EnforcedByNobody:
		out = append(out, "ENFORCED BY NOBODY")
	case v1alpha1.EnforcedByCluster:
	}
	if f.NothingDenied {
		out = append(out, "nothing is denied at either end")
	}
	if f.PolicyStays {
		out = append(out, "ITS POLICY STAYS AS IT IS until that is mended")
	}
	if f.StillPasses != "" {
		out = append(out, f.StillPasses+" still passes")
	}
	if len(out) == 0 {
		return ""
	}
	return "   (" + strings.Join(out, "; ") + ")"
}

func (t *screen) denials(head string, list []change.Denial, verb, rest string) {
	for i, d := range list {
		word := head
		if i > 0 {
			word = ""
		}
		where := "zone " + d.Zone
		if d.Zone == "" {
			where = "no zone"
		}
		pods := t.names(d.Pods)
		if d.Expected {
			pods = "nobody yet: " + pods
		}
		t.line(word, "%s: %s", where, pods)
		for _, p := range d.Passes {
			t.line("", "    %s %s", verb, p)
		}
		t.line("", "    %s", rest)
	}
}

func (t *screen) notByUs(f *Forecast) {
	total := f.Flows.Cluster + f.Flows.External + f.Flows.Nobody
	owed := 0
	for _, r := range f.Firewall {
		if r.Change != "keep" {
			owed++
		}
	}
	text := fmt.Sprintf("%d of %s, %d of them by nobody", f.Flows.External+f.Flows.Nobody, counted(int(total), "declared flow", "declared flows"), f.Flows.Nobody)
	if owed > 0 {
		text += "; " + counted(owed, "rule", "rules") + " to change at firewalls (plan --firewall)"
	}
	t.line("NOT BY US", "%s", text)
}

func (t *screen) list(head, how string, n int, item func(int) string) {
	if n == 0 {
		t.line(head, "0")
		return
	}
	shown := n
	if !t.details {
		shown = min(n, 2*few)
	}
	t.line(head, "%d, %s:", n, how)
	for i := range shown {
		t.line("", "    %s", item(i))
	}
	if shown < n {
		t.line("", "    and %d more (--details)", n-shown)
	}
}

func (t *screen) restarts(list []Restart) {
	n := 0
	for _, r := range list {
		if r.Policy == v1alpha1.RestartRestart {
			n++
		}
	}
	t.line("RESTARTS", "%d, for trust of %s that changes", n, counted(len(list), "certificate", "certificates"))
	for _, r := range list {
		text := r.Certificate + ":"
		if len(r.Gains) > 0 {
			text += " trusts " + strings.Join(r.Gains, ", ")
		}
		if len(r.Loses) > 0 {
			text += " no longer trusts " + strings.Join(r.Loses, ", ")
		}
		if r.Policy == v1alpha1.RestartRestart {
			text += fmt.Sprintf("; %s restarts in a maintenance window %s", r.Workload, strings.Join(r.Windows, ", "))
		}
		t.line("", "    %s", strings.TrimSpace(text))
	}
}

func (t *screen) findings(f *Forecast) {
	for _, r := range f.Refused {
		t.line("REFUSED", "%s:%d: %s %s %s", r.File, r.Line, r.Object, r.Path, r.Message)
	}
	for _, found := range f.Findings {
		head := "WARNING"
		if found.Severity == v1alpha1.SeverityError {
			head = "ERROR"
		}
		kept := ""
		if found.Kept && found.Severity == v1alpha1.SeverityError {
			kept = " (it stays as it was last accepted)"
		}
		t.line(head, "%s %s: %s: %s%s", nameOf(found.Object), found.Path, found.Reason, found.Message, kept)
	}
}

// workloads are those of which the plan does not say what they change: it is made of the pods
// that are there, labelled as they are.
func (t *screen) workloads(list []string) {
	if len(list) == 0 {
		return
	}
	are := "is"
	if len(list) > 1 {
		are = "are"
	}
	t.line(fmt.Sprintf("WORKLOADS %d", len(list)), "%s %s new or labelled otherwise: what that changes is not in this plan (compare matrix -f)", t.names(list), are)
}

func nameOf(ref topology.ObjectRef) string { return strings.ToLower(ref.Kind) + " " + ref.Name }

// firewallText is the table of rules for firewalls outside the cluster.
func (f *Forecast) firewallText(out io.Writer) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "CHANGE\tDEVICE\tFROM\tTO\tPORTS\tCONDUIT\tNOTE")
	for _, r := range f.Firewall {
		note := ""
		if r.Nodes != "" {
			note = r.Nodes + " pods, seen with their nodes' addresses"
		}
		device := r.Device
		if device == "" {
			device = "(nobody)"
		}
		if r.Nodes != "" && r.Device == "" {
			device = "(any on the way)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Change, device, strings.Join(r.From, " "), strings.Join(r.To, " "), r.Ports, r.Conduit, note)
	}
	_ = t.Flush()
}
