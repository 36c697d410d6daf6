// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/when"
)

// plant is what a request is made from, as far as the user may read it.
type plant struct {
	me    connect.User
	clock when.Clock
	// absolute times are written with their offset.
	absolute bool
	// site is nil for who may not read it.
	site    *v1alpha1.Site
	vendors []v1alpha1.Vendor
	assets  []v1alpha1.Asset
	zones   []v1alpha1.Zone

	vendorsKnown, assetsKnown, zonesKnown bool
}

var (
	grants = []v1alpha1.Grant{v1alpha1.GrantRelay, v1alpha1.GrantSessionPod, v1alpha1.GrantSourceAddress}

	activations = []v1alpha1.Activation{v1alpha1.ActivationAutomatic, v1alpha1.ActivationWhenArmed}
)

// window is what is asked for. Nothing is guessed that could mean two things.
func (r request) window(p plant) (*v1alpha1.VendorAccessWindow, error) {
	w := &v1alpha1.VendorAccessWindow{Spec: v1alpha1.VendorAccessWindowSpec{
		Requester: v1alpha1.Username(p.me.Name), Vendor: r.vendor,
		Work:       v1alpha1.Work{Order: r.order, Permit: r.permit, Reason: strings.TrimSpace(r.reason)},
		BreakGlass: r.breakGlass, MaxSessions: r.maxSessions, Replaces: r.replaces,
		Attended: v1alpha1.AttendanceNotRequired,
	}}
	if r.attended {
		w.Spec.Attended = v1alpha1.AttendanceRequired
	}
	day := p.clock.Now
	for _, step := range []func() error{
		func() error { return r.needed() },
		func() (err error) { w.Spec.People, err = r.persons(p); return err },
		func() (err error) { day, err = r.times(p, &w.Spec); return err },
		func() (err error) { w.Spec.Through, err = r.jumpHost(p); return err },
		func() (err error) { w.Spec.Reach, err = r.reached(p); return err },
		func() error { return r.how(&w.Spec) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	w.Name = r.name
	if w.Name == "" {
		w.Name = shorten(r.vendor, "-"+day.In(p.clock.Zone).Format(time.DateOnly))
	}
	return w, nil
}

// mostName is how long a window's name may be.
const mostName = 63

func shorten(name, suffix string) string {
	return strings.TrimRight(name[:min(len(name), mostName-len(suffix))], "-") + suffix
}

func (r request) needed() error {
	switch {
	case r.vendor == "":
		return errors.New("--vendor is needed: whose people come?")
	case strings.TrimSpace(r.reason) == "":
		return errors.New("--reason is needed: why do they come?")
	case r.maxSessions < 1 || r.maxSessions > 64:
		return errors.New("--max-sessions: write a number from 1 to 64")
	}
	return nil
}

// persons are those that were named, as the vendor lists them, or the user who asks.
func (r request) persons(p plant) ([]v1alpha1.NamedUser, error) {
	i := slices.IndexFunc(p.vendors, func(v v1alpha1.Vendor) bool { return v.Name == r.vendor })
	if i < 0 && p.vendorsKnown {
		return nil, fmt.Errorf("--vendor: there is no Vendor %q", r.vendor)
	}
	named := r.people
	if len(named) == 0 {
		named = []string{p.me.Name}
	}
	var out []v1alpha1.NamedUser
	for _, name := range named {
		user := v1alpha1.NamedUser(name)
		if i >= 0 {
			var err error
			if user, err = person(p.vendors[i], name); err != nil {
				return nil, err
			}
		}
		if !slices.Contains(out, user) {
			out = append(out, user)
		}
	}
	return out, nil
}

// person is one of a vendor's people: by user name, or by its part before the @.
func person(v v1alpha1.Vendor, name string) (v1alpha1.NamedUser, error) {
	var found []string
	var all []string
	for _, p := range v.Spec.People {
		user := string(p.User)
		if user == name {
			return p.User, nil
		}
		all = append(all, user)
		if before, _, _ := strings.Cut(user, "@"); strings.EqualFold(before, name) || strings.EqualFold(user, name) {
			found = append(found, user)
		}
	}
	switch len(found) {
	case 1:
		return v1alpha1.NamedUser(found[0]), nil
	case 0:
		return "", fmt.Errorf("--person: %q is not of %s, which lists %s", name, v.Name, strings.Join(all, ", "))
	}
	return "", fmt.Errorf("--person: %q may mean %s", name, strings.Join(found, " or "))
}

func (r request) jumpHost(p plant) (string, error) {
	if p.site == nil {
		if r.through == "" {
			return "", errors.New("--through is needed, because you may not read the Site's jump hosts")
		}
		return r.through, nil
	}
	var names []string
	for _, j := range p.site.Spec.Access.JumpHosts {
		names = append(names, j.Name)
	}
	switch {
	case len(names) == 0:
		return "", errors.New("--through: the Site has no jump host (spec.access.jumpHosts), so that nobody can be let in")
	case r.through == "" && len(names) == 1:
		return names[0], nil
	case r.through == "":
		return "", fmt.Errorf("--through is needed: one of %s", strings.Join(names, ", "))
	case !slices.Contains(names, r.through):
		return "", fmt.Errorf("--through: the Site has no jump host %q, it has %s", r.through, strings.Join(names, ", "))
	}
	return r.through, nil
}

// how fills in by what means they come.
func (r request) how(spec *v1alpha1.VendorAccessWindowSpec) error {
	var err error
	if spec.Grant, err = oneOf("--grant", r.grant, grants); err != nil {
		return err
	}
	if spec.Activation, err = oneOf("--activation", r.activation, activations); err != nil {
		return err
	}
	if r.idle != "" {
		span, err := when.Span(r.idle)
		if err != nil {
			return fmt.Errorf("--idle: %w", err)
		}
		idle := when.Length(span)
		spec.IdleTimeout = &idle
	}
	for _, text := range r.roles {
		namespace, role, both := strings.Cut(text, "/")
		if !both || namespace == "" || role == "" {
			return fmt.Errorf("--role: %q is not NAMESPACE/CLUSTERROLE", text)
		}
		if spec.Kubernetes == nil {
			spec.Kubernetes = &v1alpha1.KubernetesRights{Credential: v1alpha1.CredentialNone}
		}
		spec.Kubernetes.Roles = append(spec.Kubernetes.Roles, v1alpha1.WindowRole{Namespace: namespace, Role: role})
	}
	return nil
}

// oneOf finds a value of an enumeration, however it is spelled: when-armed is WhenArmed.
func oneOf[T ~string](flag, text string, values []T) (T, error) {
	for _, v := range values {
		if strings.EqualFold(string(v), strings.ReplaceAll(text, "-", "")) {
			return v, nil
		}
	}
	return "", fmt.Errorf("%s: %q is none of %s", flag, text, strings.Join(names(values), ", "))
}

func names[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// selector reads labels of pods.
func selector(text string) (*metav1.LabelSelector, error) {
	s, err := metav1.ParseToLabelSelector(text)
	if err != nil {
		return nil, fmt.Errorf("--workloads: %w", err)
	}
	if len(s.MatchLabels)+len(s.MatchExpressions) == 0 {
		return nil, errors.New("--workloads: an empty selector would reach every pod of the zone: name a label")
	}
	return s, nil
}
