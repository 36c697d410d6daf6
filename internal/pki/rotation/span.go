// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

var spanForm = regexp.MustCompile(`^([0-9]{1,5}d|([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,4}s)?)$`)

// ParseSpan reads a time span of the API: 400d, 36h, 1h30m. A day is 24 hours. Nothing is
// no span.
func ParseSpan(s string) (time.Duration, error) {
	if s == "" || !spanForm.MatchString(s) {
		return 0, fmt.Errorf("parsing %q: want days, or hours, minutes and seconds: 400d, 1h30m", s)
	}
	var span time.Duration
	if days, isDays := strings.CutSuffix(s, "d"); isDays {
		n, err := strconv.Atoi(days)
		if err != nil {
			return 0, fmt.Errorf("parsing %q: %w", s, err)
		}
		span = time.Duration(n) * day
	} else {
		var err error
		if span, err = time.ParseDuration(s); err != nil {
			return 0, fmt.Errorf("parsing %q: %w", s, err)
		}
	}
	if span <= 0 {
		return 0, fmt.Errorf("parsing %q: a time span is longer than nothing", s)
	}
	return span, nil
}
