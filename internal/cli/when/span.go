// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package when

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

var spanForm = regexp.MustCompile(`^([0-9]{1,4}h)?([0-9]{1,4}m)?([0-9]{1,4}s)?$`)

// Span reads how long: 4h, 90m, 1h30m.
func Span(text string) (time.Duration, error) {
	if strings.HasSuffix(text, "d") {
		return 0, fmt.Errorf("%q is not how long: a day has 23 to 25 hours where clocks are turned, so write hours", text)
	}
	span, err := time.ParseDuration(text)
	if err != nil || !spanForm.MatchString(text) || span <= 0 {
		return 0, fmt.Errorf("%q is not how long: write 4h, 90m or 1h30m", text)
	}
	return span, nil
}

// Length writes a span as the API server takes it.
func Length(span time.Duration) v1alpha1.Duration {
	text := span.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return v1alpha1.Duration(text)
}

// Moments writes instants of one window, "" for the zero time. They are local where that
// says the same; all of them have an offset where one is read twice, or where clocks are
// turned between them, so that everybody counts the same hours.
func Moments(zone *time.Location, at ...time.Time) []v1alpha1.Moment {
	offset, seen := false, map[int]bool{}
	for _, t := range at {
		if t.IsZero() {
			continue
		}
		t = t.In(zone)
		_, seconds := t.Zone()
		seen[seconds] = true
		first, last, err := instants(t.Format(local), zone)
		offset = offset || err != nil || !first.Equal(last)
	}
	return moments(zone, offset || len(seen) > 1, at)
}

// Absolute writes instants with their offsets, for whoever does not know the Site's zone.
func Absolute(zone *time.Location, at ...time.Time) []v1alpha1.Moment { return moments(zone, true, at) }

func moments(zone *time.Location, offset bool, at []time.Time) []v1alpha1.Moment {
	out := make([]v1alpha1.Moment, len(at))
	for i, t := range at {
		if !t.IsZero() {
			out[i] = v1alpha1.Moment(write(t.In(zone), offset))
		}
	}
	return out
}

func write(t time.Time, offset bool) string {
	layout := "2006-01-02T15:04"
	if t.Second() != 0 {
		layout += ":05"
	}
	if offset {
		layout += "Z07:00"
	}
	return t.Format(layout)
}

// Show writes an instant for people, by the zone that it is in.
func Show(t time.Time) string { return t.Format("Mon 2006-01-02 15:04 MST") }
