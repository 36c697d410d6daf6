// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// lockables are two vendors, two zones, and windows of which one is over, and one is of a vendor
// and into a zone that are gone.
func lockables() lockable {
	vendor := func(name string, users ...v1alpha1.NamedUser) v1alpha1.Vendor {
		v := v1alpha1.Vendor{ObjectMeta: named(name)}
		for _, u := range users {
			v.Spec.People = append(v.Spec.People, v1alpha1.VendorPerson{User: u})
		}
		return v
	}
	window := func(phase v1alpha1.WindowPhase, vendor, zone string, people ...v1alpha1.NamedUser) v1alpha1.VendorAccessWindow {
		return v1alpha1.VendorAccessWindow{
			Spec:   v1alpha1.VendorAccessWindowSpec{Vendor: vendor, People: people, Reach: []v1alpha1.Reach{{Zone: zone}}},
			Status: v1alpha1.VendorAccessWindowStatus{Phase: phase},
		}
	}
	return lockable{
		vendors: []v1alpha1.Vendor{
			vendor("acme", "tech-1@acme.example", "twice@acme.example", "local", "local@acme.example"),
			vendor("blue", "Twice@blue.example", "line\n@blue.example"),
		},
		zones: []v1alpha1.Zone{
			{ObjectMeta: named("cell")},
			{ObjectMeta: named("part"), Spec: v1alpha1.ZoneSpec{Parent: "area"}}, // which is gone
		},
		windows: []v1alpha1.VendorAccessWindow{
			window(v1alpha1.WindowActive, "acme", "cell", "TECH-1@acme.example"),
			window(v1alpha1.WindowExpired, "past", "past", "former@past.example"),
			window(v1alpha1.WindowApproved, "gone", "torn-down", "engineer-7@gone.example"),
			window(v1alpha1.WindowActive, "acme", "part", "tech-1@acme.example"),
		},
	}
}

// meaning is what became of the flags of a lock.
type meaning struct {
	lock  v1alpha1.AccessLockSpec
	notes []string
	err   string
}

func (k lockable) meaning(l v1alpha1.AccessLockSpec) meaning {
	m := meaning{lock: l}
	var err error
	if m.notes, err = k.settle(&m.lock); err != nil {
		m.err = err.Error()
	}
	return m
}

func TestWhomALockMeans(t *testing.T) {
	t.Parallel()
	unread := lockables()
	unread.vendors, unread.unread = nil, errors.New("forbidden")
	for name, tt := range map[string]struct {
		of     lockable
		person v1alpha1.Username
		means  v1alpha1.Username
		note   string
		err    string
	}{
		"a whole name":                 {of: lockables(), person: "tech-1@acme.example", means: "tech-1@acme.example"},
		"a whole name, spelled else":   {of: lockables(), person: "Tech-1@Acme.example", means: "Tech-1@Acme.example"},
		"what the view shows":          {of: lockables(), person: "tech-1", means: "tech-1@acme.example"},
		"what the view shows, else":    {of: lockables(), person: "TECH-1", means: "tech-1@acme.example"},
		"only a window has it":         {of: lockables(), person: "engineer-7", means: "engineer-7@gone.example"},
		"only one that is over has it": {of: lockables(), person: "former", means: "former@past.example"},
		"two have it": {
			of: lockables(), person: "twice", means: "twice",
			err: `--person: "twice" may mean Twice@blue.example or twice@acme.example: nothing is locked, give the whole name`,
		},
		"two have it, of one the whole name": {of: lockables(), person: "twice@blue.example", means: "twice@blue.example"},
		"a whole name, and part of another": {
			of: lockables(), person: "local", means: "local",
			note: `"local" is a user's whole name, and is what is locked. NOT locked: local@acme.example`,
		},
		"nobody": {
			of: lockables(), person: "tech-9", means: "tech-9",
			note: `no vendor and no window names a person "tech-9": locked is who has exactly this user name`,
		},
		"another of the same company": {
			of: lockables(), person: "tech-1@acme", means: "tech-1@acme",
			note: `no vendor and no window names a person "tech-1@acme": locked is who has exactly this user name`,
		},
		"vendors unread, in a window": {of: unread, person: "tech-1", means: "TECH-1@acme.example"},
		"vendors unread, nobody": {
			of: unread, person: "twice", means: "twice",
			note: `no window names a person "twice", and whether a vendor does could not be read (forbidden): locked is who has exactly this user name`,
		},
	} {
		want := meaning{lock: v1alpha1.AccessLockSpec{Person: tt.means}, err: tt.err}
		if tt.note != "" {
			want.notes = []string{tt.note}
		}
		got := tt.of.meaning(v1alpha1.AccessLockSpec{Person: tt.person})
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(meaning{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What others named users does not draw lines of its own.
func TestWhoMayBeMeantIsPrintable(t *testing.T) {
	t.Parallel()
	k := lockables()
	k.windows[0].Spec.People = []v1alpha1.NamedUser{"line\n@acme.example"}
	want := `--person: "line\n" may mean line?@acme.example or line?@blue.example: nothing is locked, give the whole name`
	if got := k.meaning(v1alpha1.AccessLockSpec{Person: "line\n"}).err; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
}

func TestALockOfWhatThereIsNot(t *testing.T) {
	t.Parallel()
	unread := lockables()
	unread.vendors, unread.zones, unread.unread = nil, nil, errors.New("forbidden")
	vendor := func(name string) v1alpha1.AccessLockSpec { return v1alpha1.AccessLockSpec{Vendor: name} }
	zone := func(name string) v1alpha1.AccessLockSpec { return v1alpha1.AccessLockSpec{Zone: name} }
	for name, tt := range map[string]struct {
		of   lockable
		lock v1alpha1.AccessLockSpec
		note string
		err  string
	}{
		"everything":                              {of: lockable{}, lock: v1alpha1.AccessLockSpec{Everything: true}},
		"a vendor":                                {of: lockables(), lock: vendor("acme")},
		"a vendor without windows":                {of: lockables(), lock: vendor("blue")},
		"a vendor that is gone, with a window":    {of: lockables(), lock: vendor("gone")},
		"a vendor that is gone, its window over":  {of: lockables(), lock: vendor("past"), err: `--vendor: there is no Vendor "past", there are acme, blue: nothing is locked`},
		"a vendor, mistyped":                      {of: lockables(), lock: vendor("Acme"), err: `--vendor: there is no Vendor "Acme", there are acme, blue: nothing is locked`},
		"a vendor where there is none":            {of: lockable{}, lock: vendor("acme"), err: `--vendor: there is no Vendor "acme", nor any other: nothing is locked`},
		"vendors unread":                          {of: unread, lock: vendor("blue"), note: `whether there is a Vendor "blue" could not be read: forbidden`},
		"vendors unread, and a window names it":   {of: unread, lock: vendor("acme")},
		"a zone":                                  {of: lockables(), lock: zone("cell")},
		"a zone that is gone, with a window":      {of: lockables(), lock: zone("torn-down")},
		"a zone that is gone, a window in a part": {of: lockables(), lock: zone("area")},
		"a zone, mistyped":                        {of: lockables(), lock: zone("cel"), err: `--zone: there is no Zone "cel", there are cell, part: nothing is locked`},
		"zones unread": {
			of: unread, lock: zone("cell"),
			note: `whether there is a Zone "cell", and which windows reach into parts of it, could not be read: forbidden`,
		},
	} {
		want := meaning{lock: tt.lock, err: tt.err}
		if tt.note != "" {
			want.notes = []string{tt.note}
		}
		if diff := cmp.Diff(want, tt.of.meaning(tt.lock), cmp.AllowUnexported(meaning{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
