// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// hasRead tells of a replica that its controllers have been told of objects.
var hasRead = regexp.MustCompile(`(?m)^workqueue_adds_total\{.*name="segmentation".*\} [1-9]`)

// TestFromKubectl: what kubectl installed becomes a release while the plant is segmented and
// guarded, is uninstalled and then removed by hand.
func TestFromKubectl(t *testing.T) {
	t.Parallel()
	l := &lifecycle{plant: startPlant(t, cilium)}
	l.use(t, theChart)
	l.follow(t, "From kubectl to the chart", 0, 1)
	l.operator = l.startOperator(t)
	l.follow(t, "Install it", 2, 3)
	l.settled(t, l.operator)
	l.isGuarded(t, "True", "Guarded")
	l.lookout = l.keepWatch(t)
	l.follow(t, "From kubectl to the chart", 1, 2)
	l.lookout.check(t, "taken over")
	l.isGuarded(t, "True", "Guarded")
	second := l.startOperator(t)
	eventually(t, "the second has read the plant, without the lease", func(context.Context) error {
		if m := second.serves(t); !hasRead.MatchString(m) || strings.Contains(m, "\nzonewarden_objects{") {
			return fmt.Errorf("it serves\n%s", m)
		}
		return nil
	})
	must(t, l.operator.Stop(patience))
	began := time.Now()
	l.operator = second
	l.settled(t, second)
	t.Logf("the second replica leads and has looked at everything after %s", time.Since(began).Round(100*time.Millisecond))
	l.lookout.check(t, "led by the second replica")
	l.follow(t, "Uninstall it", 0, 2)
	must(t, l.operator.Stop(patience))
	l.lookout.check(t, "uninstalled")
	l.lookout.stop()

	floors, conduits := l.policies(t, "Zone"), l.policies(t, "Conduit")
	l.follow(t, "Remove it without the operator", 0, 1)
	if left := len(l.policies(t, "Conduit")); len(l.policies(t, "Zone")) > 0 || len(floors) == 0 || left != len(conduits) {
		t.Errorf("of %d floors and %d conduits, %d conduits are left", len(floors), len(conduits), left)
	}
	l.follow(t, "Remove it on purpose", 2, 5)
	l.nothingLeft(t)
}

// TestOnPlainNetworkPolicy: the page holds for it, with the words that it says to write.
func TestOnPlainNetworkPolicy(t *testing.T) {
	t.Parallel()
	l := &lifecycle{plant: startPlant(t, networkPolicy)}
	l.use(t, previousChart(t))
	l.follow(t, "Install it", 0, 2)
	l.operator = l.startOperator(t)
	l.follow(t, "Install it", 2, 3)
	l.settled(t, l.operator)
	l.lookout = l.keepWatch(t)
	l.use(t, theChart)
	l.follow(t, "Upgrade it", 0, 1)
	l.follow(t, "Roll it back", 0, 1)
	l.follow(t, "Upgrade it", 0, 1)
	l.lookout.check(t, "upgraded, rolled back, upgraded")
	l.follow(t, "Remove it on purpose", 1, 2)
	must(t, l.operator.Stop(patience))
	l.lookout.check(t, "uninstalled")
	l.follow(t, "Uninstall it", 2, 3)
	l.operator = l.startOperator(t)
	l.follow(t, "Uninstall it", 3, 4)
	l.settled(t, l.operator)
	l.lookout.check(t, "installed again")
	l.lookout.stop()

	l.follow(t, "Remove it on purpose", 0, 1)
	if n := len(l.policies(t, "Zone")); n > 0 {
		t.Errorf("%d floors stand", n)
	}
	l.follow(t, "Remove it on purpose", 1, 2)
	must(t, l.operator.Stop(patience))
	l.follow(t, "Remove it on purpose", 2, 5)
	l.nothingLeft(t)
}
