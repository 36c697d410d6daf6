// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"errors"
	"fmt"
	"time"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/when"
)

// times fills in when the window is, and says on which day it begins.
func (r request) times(p plant, spec *v1alpha1.VendorAccessWindowSpec) (time.Time, error) {
	if r.schedule != "" || r.duration != "" || r.lastDay != "" {
		return p.clock.Now, r.recurring(spec)
	}
	start, err := r.start(p.clock)
	if err != nil {
		return start, err
	}
	end, err := r.end(p.clock, start)
	if err != nil {
		return start, err
	}
	var latest time.Time
	if r.latest != "" {
		// The end itself is as late as may be.
		if latest, err = p.clock.End(r.latest, end.Add(-1)); err != nil {
			return start, fmt.Errorf("--latest: %w", err)
		}
	}
	written := when.Moments(p.clock.Zone, start, end, latest)
	if p.absolute {
		written = when.Absolute(p.clock.Zone, start, end, latest)
	}
	spec.Start, spec.End = &written[0], &written[1]
	if r.latest != "" {
		spec.LatestEnd = &written[2]
	}
	return start, nil
}

func (r request) start(c when.Clock) (time.Time, error) {
	from := r.from
	if from == "" && r.breakGlass {
		from = "now"
	}
	if from == "" {
		return time.Time{}, errors.New("--from is needed: when do they come?")
	}
	start, err := c.Start(from)
	if err != nil {
		return start, fmt.Errorf("--from: %w", err)
	}
	return start, nil
}

func (r request) end(c when.Clock, start time.Time) (time.Time, error) {
	switch {
	case r.to != "" && r.span != "":
		return start, errors.New("--to, --for: give one of them")
	case r.span != "":
		span, err := when.Span(r.span)
		if err != nil {
			return start, fmt.Errorf("--for: %w", err)
		}
		return start.Add(span), nil
	case r.to != "":
		end, err := c.End(r.to, start)
		if err != nil {
			return end, fmt.Errorf("--to: %w", err)
		}
		return end, nil
	}
	return start, errors.New("--for or --to is needed: a window ends")
}

func (r request) recurring(spec *v1alpha1.VendorAccessWindowSpec) error {
	for flag, value := range map[string]string{"--from": r.from, "--to": r.to, "--for": r.span, "--latest": r.latest} {
		if value != "" {
			return fmt.Errorf("%s does not go with --schedule, --duration and --last-day", flag)
		}
	}
	for _, f := range []struct{ flag, value, what string }{
		{"--schedule", r.schedule, `when does it come again? "0 8 * * MON"`},
		{"--duration", r.duration, "how long each time?"},
		{"--last-day", r.lastDay, "until when? 2027-06-28"},
	} {
		if f.value == "" {
			return fmt.Errorf("%s is needed: %s", f.flag, f.what)
		}
	}
	span, err := when.Span(r.duration)
	if err != nil {
		return fmt.Errorf("--duration: %w", err)
	}
	if _, err := time.Parse(time.DateOnly, r.lastDay); err != nil {
		return fmt.Errorf("--last-day: %q is not a day: write 2027-06-28", r.lastDay)
	}
	spec.Recurring = &v1alpha1.Recurrence{Schedule: r.schedule, Duration: when.Length(span), LastDay: v1alpha1.Date(r.lastDay)}
	return nil
}
