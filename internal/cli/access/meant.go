// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
)

// lockable is what there is that a lock may mean.
type lockable struct {
	windows []v1alpha1.VendorAccessWindow
	vendors []v1alpha1.Vendor
	zones   []v1alpha1.Zone
	// unread is why the vendors or the zones, whichever the lock is about, are not known.
	unread error
}

// readLockable reads what a lock may mean. Without its windows nothing can be said about a lock;
// without the rest less can, and it is no reason to leave anybody in.
func readLockable(ctx context.Context, c client.Client, l v1alpha1.AccessLockSpec) (lockable, error) {
	var windows v1alpha1.VendorAccessWindowList
	if err := c.List(ctx, &windows); err != nil {
		return lockable{}, fmt.Errorf("reading windows: %w", err)
	}
	k := lockable{windows: windows.Items}
	switch {
	case l.Zone != "":
		var zones v1alpha1.ZoneList
		k.unread = c.List(ctx, &zones)
		k.zones = zones.Items
	case l.Vendor != "", l.Person != "":
		var vendors v1alpha1.VendorList
		k.unread = c.List(ctx, &vendors)
		k.vendors = vendors.Items
	}
	return k, nil
}

func (k lockable) held(l v1alpha1.AccessLockSpec) held {
	h := holds(l, k.windows, parents(k.zones))
	h.partly = l.Zone != "" && k.unread != nil
	return h
}

// settle makes the lock name what its flags mean, and says what is to be known of it before
// anything is locked. The operator compares whole names: one that is short or mistyped would
// hold nobody, and look like a lock.
func (k lockable) settle(l *v1alpha1.AccessLockSpec) (notes []string, err error) {
	switch {
	case l.Person != "":
		user, notes, err := k.person(string(l.Person))
		l.Person = v1alpha1.Username(user)
		return notes, err
	case l.Vendor != "":
		return k.exists(*l, "Vendor", l.Vendor, vendorNames(k.vendors))
	case l.Zone != "":
		return k.exists(*l, "Zone", l.Zone, zoneNames(k.zones))
	}
	return nil, nil
}

// person is whom a name means: a user, or the only one with this part before the @, which is
// what `access list` prints. A name that nobody has is taken as it is.
func (k lockable) person(name string) (user string, notes []string, err error) {
	whole, short := k.called(name)
	switch {
	case whole && len(short) > 0:
		return name, []string{fmt.Sprintf("%q is a user's whole name, and is what is locked. NOT locked: %s", name, list(short, ", "))}, nil
	case whole:
		return name, nil, nil
	case len(short) == 1:
		return short[0], nil, nil
	case len(short) > 1:
		return name, nil, fmt.Errorf("--person: %q may mean %s: nothing is locked, give the whole name", name, list(short, " or "))
	}
	return name, []string{k.stranger(name)}, nil
}

// called says whether a user has the name, and which have it before their @. Who is spelled in
// two ways is one user, as for the operator.
func (k lockable) called(name string) (whole bool, short []string) {
	for _, user := range k.users() {
		before, _, _ := strings.Cut(user, "@")
		again := func(other string) bool { return strings.EqualFold(other, user) }
		switch {
		case strings.EqualFold(user, name):
			whole = true
		case strings.EqualFold(before, name) && !slices.ContainsFunc(short, again):
			short = append(short, user)
		}
	}
	slices.Sort(short)
	return whole, short
}

// users are those that vendors list and that windows name. Windows that are over count: the
// view shows them, and somebody may still be in.
func (k lockable) users() []string {
	var out []string
	for _, v := range k.vendors {
		for _, p := range v.Spec.People {
			out = append(out, string(p.User))
		}
	}
	for _, w := range k.windows {
		out = append(out, names(w.Spec.People)...)
	}
	return out
}

// stranger is what is said of a name that nobody has.
func (k lockable) stranger(name string) string {
	const then = "locked is who has exactly this user name"
	if k.unread != nil {
		return fmt.Sprintf("no window names a person %q, and whether a vendor does could not be read (%s): %s", name, reason(k.unread), then)
	}
	return fmt.Sprintf("no vendor and no window names a person %q: %s", name, then)
}

// exists refuses a name that nothing has, as far as that can be read. What was deleted while a
// window that is not over names it can be locked.
func (k lockable) exists(l v1alpha1.AccessLockSpec, kind, name string, there []string) ([]string, error) {
	some := k.held(l).some()
	what, flag := fmt.Sprintf("there is a %s %q", kind, name), "--"+strings.ToLower(kind)
	switch {
	case k.unread != nil && l.Zone != "":
		return []string{fmt.Sprintf("whether %s, and which windows reach into parts of it, could not be read: %s", what, reason(k.unread))}, nil
	case some, slices.Contains(there, name):
		return nil, nil
	case k.unread != nil:
		return []string{fmt.Sprintf("whether %s could not be read: %s", what, reason(k.unread))}, nil //nolint:nilerr // the note says it, and it is no reason to leave anybody in
	case len(there) == 0:
		return nil, fmt.Errorf("%s: there is no %s %q, nor any other: nothing is locked", flag, kind, name)
	}
	return nil, fmt.Errorf("%s: there is no %s %q, there are %s: nothing is locked", flag, kind, name, strings.Join(there, ", "))
}

func list(users []string, between string) string {
	return roster.Printable(strings.Join(users, between))
}

func reason(err error) string { return roster.Printable(connect.Say(err)) }

func vendorNames(vendors []v1alpha1.Vendor) []string {
	var out []string
	for _, v := range vendors {
		out = append(out, v.Name)
	}
	return out
}

func zoneNames(zones []v1alpha1.Zone) []string {
	var out []string
	for _, z := range zones {
		out = append(out, z.Name)
	}
	return out
}
