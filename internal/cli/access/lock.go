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
	flags.StringVar(&l.person, "person", "", "all windows that let this user in: a user name, or its part before the @")
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

// object is the lock that is asked for, in the words of the flags.
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
	return &v1alpha1.AccessLock{
		ObjectMeta: metav1.ObjectMeta{Name: l.name},
		Spec: v1alpha1.AccessLockSpec{
			Vendor: l.vendor, Person: v1alpha1.Username(l.person), Zone: l.zone, Everything: l.all,
			Reason: l.reason, By: v1alpha1.Username(me.Name),
		},
	}, nil
}

var notInNames = regexp.MustCompile(`[^a-z0-9.]+`)

// objectName makes a name of words.
func objectName(words string) string {
	return strings.Trim(notInNames.ReplaceAllString(strings.ToLower(words), "-"), "-.")
}

// lock asks once for all sites, and locks each: one that cannot be reached keeps none of
// the others open.
func lock(ctx context.Context, s *connect.Session, sites *connect.Sites, l locking) error {
	all, unfit := prepareAll(ctx, s, sites, l)
	if len(all) == 0 {
		return unfit
	}
	if !l.yes {
		if err := decision.Confirm(s, toLock(all)); err != nil {
			return err
		}
	}
	var left []string
	err := sites.Each(s, func(at *connect.Session) error {
		i := slices.IndexFunc(all, func(p pending) bool { return p.session.Context() == at.Context() })
		if i < 0 {
			left = append(left, at.Context())
			return nil // said below
		}
		return all[i].carryOut(ctx, l.wait)
	})
	if len(left) > 0 {
		fmt.Fprintf(s.Out, "NOT locked: %s\n", strings.Join(left, ", "))
	}
	return errors.Join(unfit, err)
}

// prepareAll says what is to be known before anything is locked. The error is of the sites
// that are left out: what is out of reach, or has nothing that the lock names.
func prepareAll(ctx context.Context, s *connect.Session, sites *connect.Sites, l locking) ([]pending, error) {
	var all []pending
	unfit := sites.Each(s, func(at *connect.Session) error {
		p, err := prepare(ctx, at, l)
		if err != nil {
			return err
		}
		if sites.Several() {
			p.at = at.Context() + ": "
		}
		p.note(p.notes...)
		all = append(all, p)
		return nil
	})
	return all, unfit
}

// pending is a lock of one site that is not there yet.
type pending struct {
	session *connect.Session
	client  client.Client
	object  *v1alpha1.AccessLock
	held    held
	// at names the site before what is said of it, where there are several.
	at string
	// notes are what is to be known before it is locked.
	notes []string
}

// note says what is not what was expected, and no reason to leave anybody in.
func (p pending) note(notes ...string) {
	for _, n := range notes {
		fmt.Fprintf(p.session.ErrOut, "NOTE: %s%s\n", p.at, n)
	}
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
	k, err := readLockable(ctx, c, o.Spec)
	if err != nil {
		return pending{}, err
	}
	notes, err := k.settle(&o.Spec)
	if err != nil {
		return pending{}, err
	}
	if o.Name == "" {
		o.Name = objectName(roster.What(o.Spec))
	}
	return pending{session: s, client: c, object: o, held: k.held(o.Spec), notes: notes}, nil
}

// toLock is what is asked before anything is locked.
func toLock(all []pending) string {
	var out []string
	for _, p := range all {
		verb := "Lock "
		if p.at != "" {
			verb = p.at + "lock "
		}
		out = append(out, p.held.saying(verb+roster.Printable(roster.What(p.object.Spec))))
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
	fmt.Fprintf(p.session.Out, "%slocked: %s, as %s. Unlock: access unlock %s\n", p.at,
		roster.Printable(roster.What(p.object.Spec)), p.object.Name, p.object.Name)
	if !p.held.some() && !p.held.partly {
		p.note("no window that there is now is held by this lock")
	}
	return awaitEnds(ctx, p.session, p.client, p.held.open, patience)
}

// held are the windows that a lock means.
type held struct {
	open, waiting []string
	// partly says that there may be more, which reach into parts of the zone.
	partly bool
}

func (h held) some() bool { return len(h.open)+len(h.waiting) > 0 }

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
