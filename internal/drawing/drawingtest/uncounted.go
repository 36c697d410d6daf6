// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package drawingtest

import (
	"strings"
	"testing"
)

// Uncounted says of PodsUnseen, written as a graph, that pods are not known of each of the 7
// zones that take them in; the zone of devices has none.
func Uncounted(tb testing.TB, out string) {
	tb.Helper()
	if n := strings.Count(out, "pods not known, "); n != 7 {
		tb.Errorf("it is said %d times in\n%s", n, out)
	}
	if n := strings.Count(out, "0 pods, 2 devices"); n != 1 || strings.Count(out, " pods, ") != 1 {
		tb.Errorf("pods are counted in\n%s", out)
	}
	if !strings.Contains(out, "open windows not known") {
		tb.Error("windows that nobody saw are counted")
	}
}
