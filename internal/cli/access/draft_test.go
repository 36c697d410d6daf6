// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/when"
)

func named(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }

// works is a plant on a Saturday at 14:30.
func works(t *testing.T) plant {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	selects := func(name, cell string) v1alpha1.Zone {
		return v1alpha1.Zone{ObjectMeta: named(name), Spec: v1alpha1.ZoneSpec{Members: v1alpha1.ZoneMembers{
			Assets: &v1alpha1.AssetMembers{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"cell": cell}}},
		}}}
	}
	device := func(name, tag, zone, cell string) v1alpha1.Asset {
		return v1alpha1.Asset{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"cell": cell}},
			Spec:       v1alpha1.AssetSpec{Tag: tag}, Status: v1alpha1.AssetStatus{Zone: zone},
		}
	}
	return plant{
		me:    connect.User{Name: "planner-1"},
		clock: when.Clock{Now: time.Date(2026, 11, 28, 14, 30, 27, 0, zone), Zone: zone},
		site: &v1alpha1.Site{Spec: v1alpha1.SiteSpec{Access: v1alpha1.SiteAccess{
			JumpHosts: []v1alpha1.JumpHost{{Name: "jump-1"}},
		}}},
		vendors: []v1alpha1.Vendor{{ObjectMeta: named("acme"), Spec: v1alpha1.VendorSpec{People: []v1alpha1.VendorPerson{
			{User: "tech-1@acme.example"}, {User: "tech-1@other.example"}, {User: "tech-2@acme.example"}, {User: "planner-1"},
		}}}},
		zones: []v1alpha1.Zone{selects("pumps", "p"), selects("dosing", "d"), selects("dosing-new", "d"), {ObjectMeta: named("pods")}},
		assets: []v1alpha1.Asset{
			device("drive-a", "=A03+M01-TA_01A", "pumps", ""), device("drive-b", "=A03+M01-TA_01B", "pumps", ""),
			device("comma", "PU-1, left", "pumps", ""), device("new", "NEW", "", "p"), device("two", "TWO", "", "d"), device("lost", "LOST", "", ""),
			device("upper", "Same", "pumps", ""), device("lower", "same", "pumps", ""), device("=a", "a", "pumps", ""), device("b", "=a", "pumps", ""),
		},
		vendorsKnown: true, assetsKnown: true, zonesKnown: true,
	}
}

// base is a request in which nothing is missing.
func base() request {
	return request{
		vendor: "acme", people: []string{"tech-2"}, reason: "r", from: "tomorrow 08:00", span: "4h",
		reach: []string{"drive-a"}, flows: []string{"modbus-tcp"}, grant: "Relay", activation: "Automatic", maxSessions: 16,
	}
}

var modbus = []v1alpha1.Flow{{Protocol: "modbus-tcp"}}

func pumps(names ...string) []v1alpha1.Reach {
	return []v1alpha1.Reach{{Zone: "pumps", Assets: names, Flows: modbus}}
}

// change is another request than base, and what differs in the window.
type change struct {
	change func(*request)
	want   func(*v1alpha1.VendorAccessWindow)
}

var changes = map[string]change{
	"as it is": {func(*request) {}, func(*v1alpha1.VendorAccessWindow) {}},
	"named": {
		func(r *request) { r.name, r.through, r.order, r.permit, r.replaces = "w", "jump-1", "WO", "PTW", "old" },
		func(w *v1alpha1.VendorAccessWindow) {
			w.Name, w.Spec.Work.Order, w.Spec.Work.Permit, w.Spec.Replaces = "w", "WO", "PTW", "old"
		},
	},
	"options": {
		func(r *request) {
			r.grant, r.activation, r.attended, r.maxSessions, r.idle, r.roles = "sourceaddress", "when-armed", true, 2, "90m", []string{"n/c"}
		},
		func(w *v1alpha1.VendorAccessWindow) {
			w.Spec.Grant, w.Spec.Activation, w.Spec.Attended, w.Spec.MaxSessions = "SourceAddress", "WhenArmed", "Required", 2
			w.Spec.IdleTimeout = new(v1alpha1.Duration("1h30m"))
			w.Spec.Kubernetes = &v1alpha1.KubernetesRights{Roles: []v1alpha1.WindowRole{{Namespace: "n", Role: "c"}}, Credential: v1alpha1.CredentialNone}
		},
	},
	"yourself": {
		func(r *request) { r.people = nil },
		func(w *v1alpha1.VendorAccessWindow) { w.Spec.People = []v1alpha1.NamedUser{"planner-1"} },
	},
	"one person twice": {
		func(r *request) { r.people = []string{"TECH-2", "tech-2@acme.example"} },
		func(*v1alpha1.VendorAccessWindow) {},
	},
	"to, and latest": {
		func(r *request) { r.span, r.to, r.latest = "", "12:00", "14:00" },
		func(w *v1alpha1.VendorAccessWindow) { w.Spec.LatestEnd = new(v1alpha1.Moment("2026-11-29T14:00")) },
	},
	"latest is the end": {
		func(r *request) { r.latest = "12:00" },
		func(w *v1alpha1.VendorAccessWindow) { w.Spec.LatestEnd = new(v1alpha1.Moment("2026-11-29T12:00")) },
	},
	"over midnight": {
		func(r *request) { r.from, r.span, r.to, r.latest = "22:00", "", "06:00", "08:00" },
		func(w *v1alpha1.VendorAccessWindow) {
			w.Name = "acme-2026-11-28"
			w.Spec.Start, w.Spec.End, w.Spec.LatestEnd = new(v1alpha1.Moment("2026-11-28T22:00")), new(v1alpha1.Moment("2026-11-29T06:00")), new(v1alpha1.Moment("2026-11-29T08:00"))
		},
	},
	"four hours where clocks go forward": {
		func(r *request) { r.from = "2027-03-28 00:00" },
		func(w *v1alpha1.VendorAccessWindow) {
			w.Name = "acme-2027-03-28"
			w.Spec.Start, w.Spec.End = new(v1alpha1.Moment("2027-03-28T00:00+01:00")), new(v1alpha1.Moment("2027-03-28T05:00+02:00"))
		},
	},
	"break-glass, now": {
		func(r *request) { r.from, r.breakGlass = "", true },
		func(w *v1alpha1.VendorAccessWindow) {
			w.Name, w.Spec.BreakGlass = "acme-2026-11-28", true
			w.Spec.Start, w.Spec.End = new(v1alpha1.Moment("2026-11-28T14:30")), new(v1alpha1.Moment("2026-11-28T18:30"))
		},
	},
	"recurring": {
		func(r *request) {
			r.from, r.span, r.schedule, r.duration, r.lastDay = "", "", "0 8 * * MON", "2h", "2027-06-28"
		},
		func(w *v1alpha1.VendorAccessWindow) {
			w.Name, w.Spec.Start, w.Spec.End = "acme-2026-11-28", nil, nil
			w.Spec.Recurring = &v1alpha1.Recurrence{Schedule: "0 8 * * MON", Duration: "2h", LastDay: "2027-06-28"}
		},
	},
	"by tags": {
		func(r *request) { r.reach = []string{"=A03+M01-TA_01A", "=a03+m01-ta_01b"} },
		func(w *v1alpha1.VendorAccessWindow) { w.Spec.Reach = pumps("drive-a", "drive-b") },
	},
	"a list": {
		func(r *request) { r.reach = []string{"drive-a, =A03+M01-TA_01B,drive-a"} },
		func(w *v1alpha1.VendorAccessWindow) { w.Spec.Reach = pumps("drive-a", "drive-b") },
	},
	"a tag with a comma": {
		func(r *request) { r.reach = []string{"PU-1, left"} },
		func(w *v1alpha1.VendorAccessWindow) { w.Spec.Reach = pumps("comma") },
	},
	"exact letters": {
		func(r *request) { r.reach = []string{"same"} },
		func(w *v1alpha1.VendorAccessWindow) { w.Spec.Reach = pumps("lower") },
	},
	"by its labels": {
		func(r *request) { r.reach = []string{"NEW"} },
		func(w *v1alpha1.VendorAccessWindow) { w.Spec.Reach = pumps("new") },
	},
	"of two zones": {
		func(r *request) { r.reach, r.zone = []string{"TWO"}, "dosing" },
		func(w *v1alpha1.VendorAccessWindow) {
			w.Spec.Reach = []v1alpha1.Reach{{Zone: "dosing", Assets: []string{"two"}, Flows: modbus}}
		},
	},
	"pods": {
		func(r *request) { r.reach, r.zone, r.workloads = nil, "pods", "app=a,tier in (b)" },
		func(w *v1alpha1.VendorAccessWindow) {
			w.Spec.Reach = []v1alpha1.Reach{{Zone: "pods", Flows: modbus, Workloads: &metav1.LabelSelector{
				MatchLabels:      map[string]string{"app": "a"},
				MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "tier", Operator: "In", Values: []string{"b"}}},
			}}}
		},
	},
	"whole zone": {
		func(r *request) { r.reach, r.zone, r.wholeZone = nil, "pods", true },
		func(w *v1alpha1.VendorAccessWindow) {
			w.Spec.Reach = []v1alpha1.Reach{{Zone: "pods", WholeZone: true, Flows: modbus}}
		},
	},
}

func TestWindow(t *testing.T) {
	t.Parallel()
	for name, tt := range changes {
		r := base()
		tt.change(&r)
		got, err := r.window(works(t))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := &v1alpha1.VendorAccessWindow{ObjectMeta: named("acme-2026-11-29"), Spec: v1alpha1.VendorAccessWindowSpec{
			Requester: "planner-1", Vendor: "acme", People: []v1alpha1.NamedUser{"tech-2@acme.example"}, Work: v1alpha1.Work{Reason: "r"},
			Start: new(v1alpha1.Moment("2026-11-29T08:00")), End: new(v1alpha1.Moment("2026-11-29T12:00")), Through: "jump-1",
			Reach: pumps("drive-a"), Grant: "Relay", Activation: "Automatic", Attended: "NotRequired", MaxSessions: 16,
		}}
		tt.want(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatIsNotAskedFor(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*request){
		"--vendor is needed":                            func(r *request) { r.vendor = "" },
		`--vendor: there is no Vendor "x"`:              func(r *request) { r.vendor = "x" },
		"--reason is needed":                            func(r *request) { r.reason = "  " },
		"--max-sessions: ":                              func(r *request) { r.maxSessions = 65 },
		`--person: "x" is not of acme`:                  func(r *request) { r.people = []string{"x"} },
		`--person: "tech-1" may mean tech-1@acme`:       func(r *request) { r.people = []string{"tech-1"} },
		"--from is needed":                              func(r *request) { r.from = "" },
		"--from: ":                                      func(r *request) { r.from = "soon" },
		"--for or --to is needed":                       func(r *request) { r.span = "" },
		"--to, --for: give one":                         func(r *request) { r.to = "12:00" },
		"--to: ":                                        func(r *request) { r.span, r.to = "", "+2h" },
		"--for: ":                                       func(r *request) { r.span = "4" },
		"--latest: ":                                    func(r *request) { r.latest = "2026-11-29 11:59" },
		"--latest: \"+2h\" may count from now":          func(r *request) { r.latest = "+2h" },
		"does not go with --schedule":                   func(r *request) { r.schedule = "0 8 * * MON" },
		"--duration is needed":                          func(r *request) { r.from, r.span, r.schedule = "", "", "0 8 * * MON" },
		"--last-day is needed":                          func(r *request) { r.from, r.span, r.schedule, r.duration = "", "", "0 8 * * MON", "1h" },
		"--schedule is needed":                          func(r *request) { r.from, r.span, r.duration = "", "", "1h" },
		"--duration: ":                                  func(r *request) { r.from, r.span, r.schedule, r.duration, r.lastDay = "", "", "s", "1d", "2027-06-28" },
		"--last-day: ":                                  func(r *request) { r.from, r.span, r.schedule, r.duration, r.lastDay = "", "", "s", "1h", "28.6.2027" },
		`--through: the Site has no jump host "x"`:      func(r *request) { r.through = "x" },
		"--reach is needed":                             func(r *request) { r.reach = nil },
		`--reach: no asset has the tag or the name "x"`: func(r *request) { r.reach = []string{"x"} },
		`--reach: no asset has the tag or the name "y"`: func(r *request) { r.reach = []string{"drive-a,y"} },
		`--reach: "=a" may mean asset =a or b`:          func(r *request) { r.reach = []string{"=a"} },
		`--reach: "SAME" may mean asset upper or lower`: func(r *request) { r.reach = []string{"SAME"} },
		"--reach: asset lost is in no zone":             func(r *request) { r.reach = []string{"lost"} },
		"--zone is needed: asset two may be in dosing or dosing-new":    func(r *request) { r.reach = []string{"two"} },
		"--zone: asset drive-a is in pumps, and not in dosing":          func(r *request) { r.zone = "dosing" },
		`--zone: there is no Zone "x"`:                                  func(r *request) { r.zone = "x" },
		"--zone: say what of it is reached":                             func(r *request) { r.reach, r.zone = nil, "pods" },
		"--zone is needed with --workloads":                             func(r *request) { r.workloads = "app=a" },
		"--workloads: ":                                                 func(r *request) { r.zone, r.reach, r.workloads = "pods", nil, "app=a=b" },
		"--flow is needed":                                              func(r *request) { r.flows = nil },
		"--flow: no protocol \"modbus\" is known: is modbus-tcp meant?": func(r *request) { r.flows = []string{"modbus"} },
		`--grant: "ssh" is none of Relay, SessionPod, SourceAddress`:    func(r *request) { r.grant = "ssh" },
		`--activation: "later" is none of`:                              func(r *request) { r.activation = "later" },
		"--idle: ":                                                      func(r *request) { r.idle = "1d" },
		`--role: "c" is not NAMESPACE/CLUSTERROLE`:                      func(r *request) { r.roles = []string{"c"} },
	} {
		r := base()
		change(&r)
		if w, err := r.window(works(t)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, %v, want a refusal with %q", w, err, says)
		}
	}
}

func TestJumpHosts(t *testing.T) {
	t.Parallel()
	p := works(t)
	p.site.Spec.Access.JumpHosts = []v1alpha1.JumpHost{{Name: "a"}, {Name: "b"}}
	if _, err := base().window(p); err == nil || !strings.Contains(err.Error(), "--through is needed: one of a, b") {
		t.Errorf("with two: %v", err)
	}
	p.site.Spec.Access.JumpHosts = nil
	if _, err := base().window(p); err == nil || !strings.Contains(err.Error(), "--through: the Site has no jump host") {
		t.Errorf("with none: %v", err)
	}
}

func TestNamesFit(t *testing.T) {
	t.Parallel()
	if got := shorten(strings.Repeat("a", 50)+"--"+strings.Repeat("b", 20), "-2026-11-29"); len(got) > mostName || strings.Contains(got, "--") {
		t.Errorf("%q", got)
	}
	for words, want := range map[string]string{
		"everything": "everything", "person A.B@x.example": "person-a.b-x.example", "zone z": "zone-z", "person <x>": "person-x",
	} {
		if got := objectName(words); got != want {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
}

func TestFlow(t *testing.T) {
	t.Parallel()
	n := func(p int32) *int32 { return &p }
	for text, want := range map[string]v1alpha1.Flow{
		"modbus-tcp":          {Protocol: "modbus-tcp"},
		"modbus-tcp:1502":     {Protocol: "modbus-tcp", Port: n(1502)},
		"modbus-tcp:1502/tcp": {Protocol: "modbus-tcp", Port: n(1502), Transport: "TCP"},
		"iec104":              {Protocol: "iec104"},
		"2222/tcp":            {Port: n(2222), Transport: "TCP"},
		"5000-5010/UDP":       {Port: n(5000), EndPort: n(5010), Transport: "UDP"},
	} {
		if got, err := flow(text); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, says := range map[string]string{
		"": "is neither", "2222": "is neither", "modbus-tcp:": "is neither", "/tcp": "is neither", "2222/": "is neither",
		"2222/tcp/udp": "is neither", "modbus tcp": "is neither", "MODBUS-TCP": "is neither",
		"0/tcp": "from 1 to 65535", "65536/tcp": "from 1 to 65535", "10-5/tcp": "ends before it begins",
		"22/icmp": "a transport is", "qqqqqqqqqq": "write its port",
	} {
		if got, err := flow(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %+v, %v, want %q", text, got, err, says)
		}
	}
}

func TestHolds(t *testing.T) {
	t.Parallel()
	window := func(name string, phase v1alpha1.WindowPhase, vendor, zone string, people ...v1alpha1.NamedUser) v1alpha1.VendorAccessWindow {
		return v1alpha1.VendorAccessWindow{
			ObjectMeta: named(name),
			Spec:       v1alpha1.VendorAccessWindowSpec{Vendor: vendor, People: people, Reach: []v1alpha1.Reach{{Zone: zone}}},
			Status:     v1alpha1.VendorAccessWindowStatus{Phase: phase},
		}
	}
	windows := []v1alpha1.VendorAccessWindow{
		window("a", v1alpha1.WindowActive, "acme", "cell", "p1"), window("b", v1alpha1.WindowApproved, "acme", "other", "P1"),
		window("c", "", "blue", "part", "p2"), window("d", v1alpha1.WindowExpired, "acme", "cell", "p1"),
	}
	parent := map[string]string{"part": "cell", "cell": "area", "x": "y", "y": "x"}
	for name, tt := range map[string]struct {
		lock v1alpha1.AccessLockSpec
		want held
	}{
		"everything": {v1alpha1.AccessLockSpec{Everything: true}, held{open: []string{"a"}, waiting: []string{"b", "c"}}},
		"vendor":     {v1alpha1.AccessLockSpec{Vendor: "acme"}, held{open: []string{"a"}, waiting: []string{"b"}}},
		"person":     {v1alpha1.AccessLockSpec{Person: "p1"}, held{open: []string{"a"}, waiting: []string{"b"}}},
		"zone":       {v1alpha1.AccessLockSpec{Zone: "cell"}, held{open: []string{"a"}, waiting: []string{"c"}}},
		"a whole":    {v1alpha1.AccessLockSpec{Zone: "area"}, held{open: []string{"a"}, waiting: []string{"c"}}},
		"a part":     {v1alpha1.AccessLockSpec{Zone: "part"}, held{waiting: []string{"c"}}},
		"nobody":     {v1alpha1.AccessLockSpec{Zone: "x"}, held{}},
	} {
		if diff := cmp.Diff(tt.want, holds(tt.lock, windows, parent), cmp.AllowUnexported(held{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := within("x", parent); len(got) != 2 {
		t.Errorf("parents in a circle: %v", got)
	}
}
