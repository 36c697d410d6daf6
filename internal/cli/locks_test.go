// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
)

// guardUser may lock, and read nothing but windows.
const guardUser = "night-guard"

func withGuard(t *testing.T, p *plant) {
	t.Helper()
	group := []string{v1alpha1.GroupVersion.Group}
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: guardUser}, Rules: []rbacv1.PolicyRule{
		{APIGroups: group, Resources: []string{"vendoraccesswindows"}, Verbs: []string{"get", "list"}},
		{APIGroups: group, Resources: []string{"accesslocks"}, Verbs: []string{"create", "lock"}},
	}}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: guardUser},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: guardUser},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: guardUser}},
	}
	must(t, p.admin.Create(t.Context(), role))
	must(t, p.admin.Create(t.Context(), binding))
	t.Cleanup(func() {
		must(t, p.admin.Delete(context.Background(), binding))
		must(t, p.admin.Delete(context.Background(), role))
	})
}

// locked are what the locks that there are name, by their names.
func (p *plant) locked(t *testing.T) map[string]string {
	t.Helper()
	var list v1alpha1.AccessLockList
	must(t, p.admin.List(t.Context(), &list))
	out := map[string]string{}
	for _, l := range list.Items {
		out[l.Name] = l.Spec.Vendor + string(l.Spec.Person) + l.Spec.Zone
	}
	return out
}

const heldNone = "no window that there is now is held by this lock"

// TestALockHoldsWhomTheViewShows: `access list` shows the part of a name before the @, and the
// operator compares whole names.
func TestALockHoldsWhomTheViewShows(t *testing.T) {
	p := shared
	fresh(t, p)
	p.setNow(monday)
	operate(t, p)
	p.asked(t, "seen")
	expect(t, p.as(t, "ops-1", "", "access", "approve", "seen", "--yes"), exit.OK, "Active")
	got := p.as(t, "shift-1", "", "access", "lock", "--person", "tech-1", "--reason", "left the firm", "--yes")
	expect(t, got, exit.OK, "locked: person tech-1@acme.example, as person-tech-1-acme.example. Unlock: access unlock person-tech-1-acme.example\n", "ended: seen\n")
	if got.err != "" {
		t.Errorf("it says of a lock that holds: %s", got.err)
	}
	if diff := cmp.Diff(map[string]string{"person-tech-1-acme.example": "tech-1@acme.example"}, p.locked(t)); diff != "" {
		t.Errorf("locked (-want +got):\n%s", diff)
	}
}

// unheld are locks of what nobody knows, or what does not exist, and all that is on stderr.
var unheld = map[string]struct {
	as   string
	args []string
	code exit.Code
	says string // all that is on stderr
	lock map[string]string
}{
	"nobody": {
		as: "shift-1", args: []string{"--person", "tech-9"}, lock: map[string]string{"person-tech-9": "tech-9"},
		says: `NOTE: no vendor and no window names a person "tech-9": locked is who has exactly this user name` + "\nNOTE: " + heldNone + "\n",
	},
	"somebody without a window": {
		as: "shift-1", args: []string{"--person", "engineer-7"}, lock: map[string]string{"person-engineer-7-blue.example": "engineer-7@blue.example"},
		says: "NOTE: " + heldNone + "\n",
	},
	"one of two": {
		as: "shift-1", args: []string{"--person", "tech-2"}, code: exit.Failed,
		says: `error: --person: "tech-2" may mean tech-2@acme.example or tech-2@twin.example: nothing is locked, give the whole name` + "\n",
	},
	"a vendor, mistyped": {
		as: "shift-1", args: []string{"--vendor", "acme"}, code: exit.Failed,
		says: `error: --vendor: there is no Vendor "acme", there are acme-drives, blue-control, twin: nothing is locked` + "\n",
	},
	"a zone, mistyped": {
		as: "shift-1", args: []string{"--zone", "cell-pump"}, code: exit.Failed,
		says: `error: --zone: there is no Zone "cell-pump", there are cell-dosing, cell-filtration, cell-pumping, dmz, enterprise, safety-chlorine, site-historian, supervision: nothing is locked` + "\n",
	},
	"vendors unread, a person of a window": {
		as: guardUser, args: []string{"--person", "tech-1"}, lock: map[string]string{"person-tech-1-acme.example": "tech-1@acme.example"},
	},
	"vendors unread, a vendor": {
		as: guardUser, args: []string{"--vendor", "acme"}, lock: map[string]string{"vendor-acme": "acme"},
		says: `NOTE: whether there is a Vendor "acme" could not be read: vendors.zonewarden.io is forbidden: User "night-guard" cannot list resource "vendors" in API group "zonewarden.io" at the cluster scope` +
			"\nNOTE: " + heldNone + "\n",
	},
	"zones unread, a zone": { // windows into its parts may be held
		as: guardUser, args: []string{"--zone", "cell"}, lock: map[string]string{"zone-cell": "cell"},
		says: `NOTE: whether there is a Zone "cell", and which windows reach into parts of it, could not be read: zones.zonewarden.io is forbidden: User "night-guard" cannot list resource "zones" in API group "zonewarden.io" at the cluster scope` + "\n",
	},
}

// TestALockSaysWhatItDoesNotHold: a person whom nobody knows is locked all the same, and what
// does not exist is not.
func TestALockSaysWhatItDoesNotHold(t *testing.T) {
	p := shared
	withGuard(t, p)
	twin := &v1alpha1.Vendor{ObjectMeta: metav1.ObjectMeta{Name: "twin"}, Spec: v1alpha1.VendorSpec{
		Company: "Twin", ContractEnd: "2028-12-31", People: []v1alpha1.VendorPerson{{User: "tech-2@twin.example", Name: "T"}},
	}}
	must(t, p.admin.Create(t.Context(), twin))
	t.Cleanup(func() { must(t, p.admin.Delete(context.Background(), twin)) })
	for name, tt := range unheld {
		t.Run(name, func(t *testing.T) {
			fresh(t, p)
			p.setNow(monday)
			p.asked(t, "unheld")
			user, line := tt.as, append([]string{"access", "lock", "--reason", "r", "--yes", "--wait=0s"}, tt.args...)
			if user == guardUser {
				user, line = "admin", append(line, "--as", guardUser)
			}
			got := p.as(t, user, "", line...)
			if diff := cmp.Diff(tt.says, got.err); diff != "" || got.code != tt.code {
				t.Errorf("exit %d, it says (-want +got):\n%s", got.code, diff)
			}
			if tt.lock == nil {
				tt.lock = map[string]string{}
			}
			if diff := cmp.Diff(tt.lock, p.locked(t)); diff != "" {
				t.Errorf("locked (-want +got):\n%s", diff)
			}
		})
	}
}

// TestALockMeansWhoIsAtEachSite: a name is looked up at each, and what is said of it names the
// site. At ww-20 nothing but windows may be read.
func TestALockMeansWhoIsAtEachSite(t *testing.T) {
	fresh(t, shared)
	withGuard(t, shared)
	shared.setNow(monday)
	p := fleet(t, shared, "admin")
	config, err := clientcmd.LoadFromFile(p.kubeconfigs["admin"])
	must(t, err)
	there := config.Contexts["ww-17"].DeepCopy()
	config.AuthInfos[guardUser] = config.AuthInfos[there.AuthInfo].DeepCopy()
	config.AuthInfos[guardUser].Impersonate = guardUser
	there.AuthInfo = guardUser
	config.Contexts["ww-20"] = there
	must(t, clientcmd.WriteToFile(*config, p.kubeconfigs["admin"]))

	lock := []string{"access", "lock", "--person", "engineer-7", "--reason", "r", "--wait=0s", "--contexts", "ww-19,ww-17,ww-20"}
	expect(t, p.as(t, "admin", "n\n", lock...), exit.Failed,
		"ww-17: lock person engineer-7@blue.example: this ends 0 windows", "ww-20: lock person engineer-7: this ends 0 windows", "not confirmed")
	got := p.as(t, "admin", "", append(lock, "--yes")...)
	expect(t, got, exit.Failed, "ww-17: locked: person engineer-7@blue.example, as person-engineer-7-blue.example.", "ww-20: locked: person engineer-7, as person-engineer-7.",
		"NOTE: ww-17: "+heldNone, `NOTE: ww-20: no window names a person "engineer-7", and whether a vendor does could not be read (`, "NOTE: ww-20: "+heldNone,
		"NOT locked: ww-19\n", "error: ww-19: ")
	if strings.Contains(got.err, `NOTE: ww-17: no window names`) {
		t.Errorf("it says of whom a vendor lists: %s", got.err)
	}
	if diff := cmp.Diff(map[string]string{"person-engineer-7": "engineer-7", "person-engineer-7-blue.example": "engineer-7@blue.example"}, p.locked(t)); diff != "" {
		t.Errorf("locked (-want +got):\n%s", diff)
	}
}
