// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"fmt"
	"time"
)

// How far ahead the schedule is tried: years, and renewals.
const (
	aheadYears    = 5
	aheadRenewals = 6
)

// foresee finds now what would be found when a certificate runs out: that no window opens
// between its renewal and its end, in any of the years ahead.
func (m *matter) foresee(c *cert) {
	if m.rules.refused != "" || c.refused != nil {
		return
	}
	end := m.now.Add(c.lifetime)
	if c.Secret.Leaf != nil {
		end = c.Secret.Leaf.NotAfter
	}
	last := m.now.AddDate(aheadYears, 0, 0)
	for range aheadRenewals {
		from := later(m.now, end.Add(-c.renew))
		if from.After(last) {
			return
		}
		if opens, found := m.rules.opening(c.Certificate, from); !found || !opens.Before(end) && m.now.Before(end) {
			m.find(c.object, "spec.renewBefore", ReasonNoWindowInTime,
				fmt.Sprintf("none from %s to %s", from.UTC().Format(time.RFC3339), end.UTC().Format(time.RFC3339)))
			return
		}
		end = from.Add(c.lifetime)
	}
}
