// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/cli/complete"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/decision"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
)

// locking is what the flags of lock say.
type locking struct {
	vendor, person, zone, name, reason string
	all, yes                           bool
	wait                               time.Duration
}

func lockCommand(s *connect.Session) *cobra.Command {
	var l locking
	var sites connect.Sites
	cmd := &cobra.Command{
		Use:   "lock (--vendor NAME | --person USER | --zone NAME | --all) --reason TEXT",
		Short: "The kill switch: end what is open, and let nobody in until it is unlocked",
		Args:  cobra.NoArgs, DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return lock(cmd.Context(), s, &sites, l) },
	}
	sites.AddFlags(cmd, s)
	flags := cmd.Flags()
	flags.StringVar(&l.vendor, "vendor", "", "all windows of a vendor")
	flags.StringVar(&l.person, "person", "", "all windows that let this user in")
	flags.StringVar(&l.zone, "zone", "", "all windows that reach into a zone, or a part of it")
	flags.BoolVar(&l.all, "all", false, "all windows")
	flags.StringVar(&l.reason, "reason", "", "why, for the record")
	flags.StringVar(&l.name, "name", "", "name of the lock; not given: what it locks")
	flags.BoolVarP(&l.yes, "yes", "y", false, "do not ask")
	flags.DurationVar(&l.wait, "wait", 10*time.Second, "how long to wait until what was open has ended; 0s does not wait")
	for flag, read := range map[string]complete.Read{
		"vendor": vendors, "person": people, "zone": zones,
	} {
		_ = cmd.RegisterFlagCompletionFunc(flag, complete.Flag(s, read))
	}
	return cmd
}

// object is the lock that is asked for.
func (l locking) object(me connect.User) (*v1alpha1.AccessLock, error) {
	given := 0
	for _, set := range []bool{l.vendor != "", l.person != "", l.zone != "", l.all} {
		if set {
			given++
		}
	}
	if given != 1 {
		return nil, errors.New("--vendor, --person, --zone, --all: give one of them")
	}
	if strings.TrimSpace(l.reason) == "" {
		return nil, errors.New("--reason is needed: why?")
	}
	o := &v1alpha1.AccessLock{
		ObjectMeta: metav1.ObjectMeta{Name: l.name},
		Spec: v1alpha1.AccessLockSpec{
			Vendor: l.vendor, Person: v1alpha1.Username(l.person), Zone: l.zone, Everything: l.all,
			Reason: l.reason, By: v1alpha1.Username(me.Name),
		},
	}
	if o.Name == "" {
		o.Name = objectName(roster.What(o.Spec))
	}
	return o, nil
}

var notInNames = regexp.MustCompile(`[^a-z0-9.]+`)

// objectName makes a name of words.
func objectName(words string) string {
	return strings.Trim(notInNames.ReplaceAllString(strings.ToLower(words), "-"), "-.")
}

// lock asks once for all sites, and locks each: one that cannot be reached keeps none of
// the others open.
func lock(ctx context.Context, s *connect.Session, sites *connect.Sites, l locking) error {
	var all []pending
	unread := sites.Each(s, func(at *connect.Session) error {
		p, err := prepare(ctx, at, l)
		if err == nil {
			all = append(all, p)
		}
		return err
	})
	if len(all) == 0 {
		return unread
	}
	if !l.yes {
		if err := decision.Confirm(s, toLock(sites, all)); err != nil {
			return err
		}
	}
	locked := 0
	err := sites.Each(s, func(at *connect.Session) error {
		i := slices.IndexFunc(all, func(p pending) bool { return p.session.Context() == at.Context() })
		if i < 0 {
			return nil // said below
		}
		locked++
		return all[i].carryOut(ctx, l.wait)
	})
	if unread != nil && locked > 0 {
		fmt.Fprintf(s.Out, "NOT locked where nothing could be read\n")
	}
	return errors.Join(unread, err)
}

// pending is a lock of one site that is not there yet.
type pending struct {
	session *connect.Session
	client  client.Client
	object  *v1alpha1.AccessLock
	held    held
}

func prepare(ctx context.Context, s *connect.Session, l locking) (pending, error) {
	c, err := s.Client()
	if err != nil {
		return pending{}, err
	}
	me, err := s.Me(ctx)
	if err != nil {
		return pending{}, err
	}
	o, err := l.object(me)
	if err != nil {
		return pending{}, err
	}
	h, err := heldBy(ctx, c, o.Spec)
	return pending{s, c, o, h}, err
}

// toLock is what is asked before anything is locked.
func toLock(sites *connect.Sites, all []pending) string {
	var out []string
	for _, p := range all {
		what := "Lock " + roster.What(p.object.Spec)
		if sites.Several() {
			what = p.session.Context() + ": lock " + roster.What(p.object.Spec)
		}
		out = append(out, p.held.saying(what))
	}
	return strings.Join(out, "\n") + " Go on, as " + string(all[0].object.Spec.By) + "?"
}

func (p pending) carryOut(ctx context.Context, patience time.Duration) error {
	err := p.session.Create(ctx, p.object, false)
	if apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("--name: there is a lock %q already: see access locks", p.object.Name)
	}
	if err != nil {
		return fmt.Errorf("locking: %w", err)
	}
	fmt.Fprintf(p.session.Out, "locked: %s, as %s. Unlock: access unlock %s\n", roster.What(p.object.Spec), p.object.Name, p.object.Name)
	return awaitEnds(ctx, p.session, p.client, p.held.open, patience)
}

// held are the windows that a lock means.
type held struct{ open, waiting []string }

func (h held) saying(what string) string {
	return fmt.Sprintf("%s: this ends %d windows%s and keeps %d closed%s.", what,
		len(h.open), parenthesis(h.open), len(h.waiting), parenthesis(h.waiting))
}

func parenthesis(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}

func heldBy(ctx context.Context, c client.Client, l v1alpha1.AccessLockSpec) (held, error) {
	var windows v1alpha1.VendorAccessWindowList
	var zones v1alpha1.ZoneList
	if err := c.List(ctx, &windows); err != nil {
		return held{}, fmt.Errorf("reading windows: %w", err)
	}
	if l.Zone != "" {
		if err := c.List(ctx, &zones); err != nil {
			return held{}, fmt.Errorf("--zone: reading zones: %w", err)
		}
	}
	return holds(l, windows.Items, parents(zones.Items)), nil
}

func parents(zones []v1alpha1.Zone) map[string]string {
	out := map[string]string{}
	for _, z := range zones {
		out[z.Name] = z.Spec.Parent
	}
	return out
}

// holds says which windows a lock means, as the operator decides it.
func holds(l v1alpha1.AccessLockSpec, windows []v1alpha1.VendorAccessWindow, parent map[string]string) held {
	var h held
	lock := access.Lock{Vendor: l.Vendor, Person: string(l.Person), Zone: l.Zone, Everything: l.Everything}
	for i := range windows {
		w := &windows[i]
		switch {
		case !access.Holds(lock, factsOf(w, parent)) || !notOver(w.Status.Phase):
		case open(w.Status.Phase):
			h.open = append(h.open, w.Name)
		default:
			h.waiting = append(h.waiting, w.Name)
		}
	}
	return h
}

// factsOf are those of a window that a lock asks for.
func factsOf(w *v1alpha1.VendorAccessWindow, parent map[string]string) access.Facts {
	f := access.Facts{
		Window: access.Window{Vendor: w.Spec.Vendor, People: names(w.Spec.People)},
		Zones:  map[string]access.Zone{},
	}
	for _, r := range w.Spec.Reach {
		f.Window.Reach = append(f.Window.Reach, access.Reach{Zone: r.Zone})
		f.Zones[r.Zone] = access.Zone{Within: within(r.Zone, parent)}
	}
	return f
}

// within are the zones that a zone is a part of. Parents in a circle end it.
func within(zone string, parent map[string]string) []string {
	var out []string
	for whole := parent[zone]; whole != "" && !slices.Contains(out, whole); whole = parent[whole] {
		out = append(out, whole)
	}
	return out
}

// awaitEnds waits until what was open is not any more.
func awaitEnds(ctx context.Context, s *connect.Session, c client.Client, names []string, patience time.Duration) error {
	if len(names) == 0 || patience <= 0 {
		return nil
	}
	var left []string
	err := wait.PollUntilContextTimeout(ctx, decision.Interval, patience, true, func(ctx context.Context) (bool, error) {
		left = nil
		for _, name := range names {
			w := &v1alpha1.VendorAccessWindow{}
			err := c.Get(ctx, client.ObjectKey{Name: name}, w)
			if client.IgnoreNotFound(err) != nil {
				return false, err
			}
			if err == nil && open(w.Status.Phase) {
				left = append(left, name)
			}
		}
		return len(left) == 0, nil
	})
	if err != nil {
		return exit.With(exit.Unknown, "the lock stands, and after %s these are still open: %s. See: access list", patience, strings.Join(left, ", "))
	}
	fmt.Fprintf(s.Out, "ended: %s\n", strings.Join(names, ", "))
	return nil
}
